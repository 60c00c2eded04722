package native

import (
	"errors"
	"image"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"

	"parley/media"
	"parley/media/device"
)

func mode(w, h int, fps float32, f frame.Format) prop.Media {
	return prop.Media{Video: prop.Video{Width: w, Height: h, FrameRate: fps, FrameFormat: f}}
}

func TestTheBestModeIsChosen(t *testing.T) {
	usb2 := []prop.Media{ // a usual UVC camera
		mode(640, 480, 30, frame.FormatYUYV), mode(640, 360, 30, frame.FormatYUYV), mode(320, 240, 30, frame.FormatYUYV),
		mode(1280, 720, 10, frame.FormatYUYV), mode(1920, 1080, 5, frame.FormatYUYV),
		mode(640, 480, 30, frame.FormatMJPEG), mode(640, 360, 30, frame.FormatMJPEG),
		mode(1280, 720, 30, frame.FormatMJPEG), mode(1280, 720, 60, frame.FormatMJPEG), mode(1920, 1080, 30, frame.FormatMJPEG),
	}
	for _, c := range []struct {
		modes []prop.Media
		want  device.VideoFormat
		best  prop.Media
	}{
		{usb2, device.VideoFormat{Width: 1280, Height: 720, FPS: 30}, mode(1280, 720, 30, frame.FormatMJPEG)},
		{usb2, device.VideoFormat{Width: 640, Height: 360, FPS: 30}, mode(640, 360, 30, frame.FormatYUYV)},
		{usb2, device.VideoFormat{Width: 1280, Height: 720, FPS: 10}, mode(1280, 720, 10, frame.FormatYUYV)},
		{usb2, device.VideoFormat{Width: 3840, Height: 2160, FPS: 30}, mode(1920, 1080, 30, frame.FormatMJPEG)},
		{usb2, device.VideoFormat{Width: 320, Height: 180, FPS: 15}, mode(320, 240, 30, frame.FormatYUYV)},
		{
			[]prop.Media{mode(1280, 720, 0, frame.FormatYUY2), mode(640, 480, 0, frame.FormatYUY2)}, // Windows tells no rate
			device.VideoFormat{Width: 1280, Height: 720, FPS: 30}, mode(1280, 720, 0, frame.FormatYUY2),
		},
		{
			[]prop.Media{mode(640, 480, 30, frame.FormatZ16), mode(424, 240, 30, frame.FormatYUYV)}, // a depth camera
			device.VideoFormat{Width: 640, Height: 480, FPS: 30}, mode(424, 240, 30, frame.FormatYUYV),
		},
	} {
		for range 3 {
			slices.Reverse(c.modes) // the order of a Go map says nothing
			if got := rank(c.modes, c.want); len(got) == 0 || got[0] != c.best {
				t.Errorf("for %+v %+v was chosen, want %+v", c.want, got[0].Video, c.best.Video)
			}
		}
	}
	if got := rank([]prop.Media{mode(0, 0, 30, frame.FormatI420), mode(9, 9, 9, frame.FormatZ16)}, device.VideoFormat{Width: 1, Height: 1, FPS: 1}); len(got) != 0 {
		t.Errorf("unusable modes were chosen: %v", got)
	}
}

func TestCameraNames(t *testing.T) {
	for in, want := range map[string]string{
		"HD Pro Webcam C920":                "HD Pro Webcam C920",
		"Integrated Camera: Integrated C":   "Integrated Camera",
		"UVC Camera (046d:0825)":            "UVC Camera (046d:0825)",
		"  Some  Camera: ":                  "Some Camera",
		"Broken \xff name":                  "Broken name",
		"Camera: another thing, and longer": "Camera: another thing, and longer",
		"":                                  "", // the Catalog shows its path
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	list := []device.Info{{ID: "c", Path: "/dev/video10"}, {ID: "a", Path: "/dev/video2"}, {ID: "b", Path: "/dev/video0"}}
	sortCameras(list)
	if list[0].ID != "b" || list[1].ID != "a" || list[2].ID != "c" {
		t.Errorf("sorted %v", list)
	}
}

func TestTwoCamerasAlike(t *testing.T) {
	found := make(map[string]hardware)
	for _, i := range []device.Info{
		{ID: "b", Path: "/dev/video1", Name: "HD Cam", Kind: device.Camera},
		{ID: "a", Path: "/dev/video2", Name: "HD Cam", Kind: device.Camera},
		{ID: "c", Path: "/dev/video0", Name: "Other", Kind: device.Camera},
	} {
		found[i.ID] = hardware{info: i}
	}
	name(device.Camera, found)
	want := []device.Info{
		{ID: "c", Path: "/dev/video0", Name: "Other", Kind: device.Camera, Default: true},
		{ID: "b", Path: "/dev/video1", Name: "HD Cam", Kind: device.Camera},
		{ID: "a", Path: "/dev/video2", Name: "HD Cam (2)", Kind: device.Camera},
	}
	if got := ordered(device.Camera, found); !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestPicturesBecomeFrames(t *testing.T) {
	const w, h = 32, 16
	ycc := func(r image.YCbCrSubsampleRatio) *image.YCbCr {
		m := image.NewYCbCr(image.Rect(0, 0, w, h), r)
		for i := range m.Y {
			m.Y[i] = 235
		}
		for i := range m.Cb {
			m.Cb[i], m.Cr[i] = 100, 180
		}
		return m
	}
	white := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	var pool media.FramePool
	for _, c := range []struct {
		name    string
		img     image.Image
		raw     bool
		y, u, v byte
	}{
		{"I420 of a sensor", ycc(image.YCbCrSubsampleRatio420), true, 235, 100, 180},
		{"YUYV of a sensor", ycc(image.YCbCrSubsampleRatio422), true, 235, 100, 180},
		{"4:4:4 of a sensor", ycc(image.YCbCrSubsampleRatio444), true, 235, 100, 180},
		{"JPEG 4:2:2, full range", ycc(image.YCbCrSubsampleRatio422), false, 218, 103, 174},
		{"JPEG 4:2:0, full range", ycc(image.YCbCrSubsampleRatio420), false, 218, 103, 174},
		{"screen", white, true, 235, 128, 128},
	} {
		f, err := toFrame(c.img, c.raw, &pool)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		at := (h/2)*f.YStride + w/2
		near := func(a, b byte) bool { return a-b+1 <= 2 }
		if f.Width != w || f.Height != h || !near(f.Y[at], c.y) || !near(f.U[h/4*f.UVStride+w/4], c.u) || !near(f.V[h/4*f.UVStride+w/4], c.v) {
			t.Errorf("%s: %d %d %d, want %d %d %d", c.name, f.Y[at], f.U[h/4*f.UVStride+w/4], f.V[h/4*f.UVStride+w/4], c.y, c.u, c.v)
		}
		f.Release()
	}
	if _, err := toFrame(image.NewGray(image.Rectangle{}), false, &pool); !errors.Is(err, media.ErrCorrupt) {
		t.Errorf("an empty picture: %v", err)
	}
}

func TestWhenADeviceIsLost(t *testing.T) {
	jpeg, timeout := errors.New("invalid JPEG format"), errors.New("read timeout")
	for _, c := range []struct {
		name string
		err  error
		at   time.Duration
		good time.Duration // 0: never
		want bool
	}{
		{"unplugged", syscall.ENODEV, 2 * time.Second, time.Second, true},
		{"closed by the driver", io.EOF, 2 * time.Second, time.Second, true},
		{"a damaged picture", jpeg, 1100 * time.Millisecond, time.Second, false},
		{"damaged pictures only", jpeg, 6 * time.Second, time.Second, true},
		{"slow to start", timeout, 5 * time.Second, 0, false},
		{"does not start", timeout, 10 * time.Second, 0, true},
		{"stopped", timeout, 6 * time.Second, time.Second, true},
		{"temporary", syscall.EAGAIN, 1100 * time.Millisecond, time.Second, false},
	} {
		var h health
		if c.good > 0 {
			h.frame(c.good)
		}
		if got := h.dead(c.err, c.at); got != c.want {
			t.Errorf("%s: lost %v", c.name, got)
		}
	}
}
