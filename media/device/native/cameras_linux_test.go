package native

import (
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"

	"parley/media"
	"parley/media/device"
	"parley/media/device/v4l2"
)

// fakeV4L2 is a camera that takes a picture every 33 ms while it delivers.
type fakeV4L2 struct {
	modes []v4l2.Mode
	start error

	mu      sync.Mutex
	tried   []v4l2.Mode
	on      bool
	silent  bool
	err     error // what Next returns
	closed  int
	started time.Time
}

func (c *fakeV4L2) Modes() []v4l2.Mode { return c.modes }

func (c *fakeV4L2) Start(m v4l2.Mode) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried = append(c.tried, m)
	c.on, c.started = c.start == nil, time.Now()
	return c.start
}

func (c *fakeV4L2) Next() (*media.Frame, error) {
	c.mu.Lock()
	silent, err, start := c.silent, c.err, c.started
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if silent {
		time.Sleep(50 * time.Millisecond) // what v4l2.Camera waits at most
		return nil, nil
	}
	time.Sleep(33 * time.Millisecond)
	f := media.NewFrame(64, 48)
	f.PTS = time.Since(start) - 20*time.Millisecond // taken before it was read
	return f, nil
}

func (c *fakeV4L2) Format() device.VideoFormat {
	return device.VideoFormat{Width: 64, Height: 48, FPS: 29.97}
}

func (c *fakeV4L2) Skipped() uint64 { return 3 }

func (c *fakeV4L2) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.on = false
	c.closed++
	return nil
}

func (c *fakeV4L2) set(fn func()) { c.mu.Lock(); defer c.mu.Unlock(); fn() }

func (c *fakeV4L2) isOn() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.on }

func plugV4L2(t *testing.T, r *Registry, c *fakeV4L2) {
	t.Helper()
	drv, err := r.register(&cameraAdapter{open: func() (v4l2Camera, error) { return c, nil }, log: r.log}, "cam", driver.Camera)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.GetManager().Delete(drv.ID()) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found[device.Camera] = map[string]hardware{"cam": {device.Info{ID: "cam", Name: "Cam", Kind: device.Camera}, drv}}
}

var usbModes = []v4l2.Mode{
	{Format: v4l2.YUYV, Width: 1280, Height: 720, Interval: v4l2.Interval{Num: 1, Den: 10}},
	{Format: v4l2.YUYV, Width: 640, Height: 360, Interval: v4l2.Interval{Num: 1, Den: 30}},
	{Format: v4l2.MJPEG, Width: 1280, Height: 720, Interval: v4l2.Interval{Num: 1, Den: 30}},
}

func TestAV4L2CameraInItsBestMode(t *testing.T) {
	for _, c := range []struct {
		want device.VideoFormat
		mode v4l2.Mode
	}{
		{device.VideoFormat{Width: 1280, Height: 720, FPS: 30}, usbModes[2]},
		{device.VideoFormat{Width: 640, Height: 360, FPS: 30}, usbModes[1]},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := testRegistry(t)
			cam := &fakeV4L2{modes: usbModes}
			plugV4L2(t, r, cam)
			src, err := r.OpenVideo(t.Context(), device.Camera, theCam, c.want)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(cam.tried, []v4l2.Mode{c.mode}) {
				t.Errorf("%+v: tried %v", c.want, cam.tried)
			}
			if got := src.Format(); got != cam.Format() { // what the camera agreed to, not what it was asked for
				t.Errorf("format %+v", got)
			}
			f, err := src.Next(t.Context())
			if err != nil || f.PTS != 13*time.Millisecond {
				t.Errorf("a picture %v, %v; the driver's time is 13 ms", f, err)
			} else {
				f.Release()
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The light goes out when a person says so, whatever the camera does.
func TestClosingAV4L2Camera(t *testing.T) {
	for _, silent := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := testRegistry(t)
			cam := &fakeV4L2{modes: usbModes, silent: silent}
			plugV4L2(t, r, cam)
			src, err := r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second + time.Millisecond)
			start := time.Now()
			src.Close()
			if took := time.Since(start); took > 100*time.Millisecond || cam.isOn() {
				t.Errorf("silent %v: closed after %v, on %v", silent, took, cam.isOn())
			}
			if _, err := src.Next(t.Context()); !errors.Is(err, media.ErrClosed) {
				t.Error(err)
			}
			if err := r.Close(); err != nil || cam.closed != 1 {
				t.Errorf("%v, closed %d times", err, cam.closed)
			}
		})
	}
}

func TestAV4L2CameraIsLost(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(*fakeV4L2)
		after time.Duration // at the latest
	}{
		{"unplugged", func(c *fakeV4L2) { c.err = syscall.ENODEV }, 50 * time.Millisecond},
		{"silent", func(c *fakeV4L2) { c.silent = true }, 5 * time.Second},
		{"every picture damaged", func(c *fakeV4L2) { c.err = media.ErrCorrupt }, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := testRegistry(t)
			cam := &fakeV4L2{modes: usbModes}
			plugV4L2(t, r, cam)
			src, err := r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			cam.set(func() { c.end(cam) })
			start := time.Now()
			for err == nil {
				var f *media.Frame
				if f, err = src.Next(t.Context()); err == nil {
					f.Release()
				}
			}
			if !errors.Is(err, media.ErrSourceLost) || device.ReasonOf(err) != device.Lost || time.Since(start) > c.after {
				t.Errorf("%s: after %v: %v", c.name, time.Since(start), err)
			}
			if cam.isOn() || cam.closed != 1 {
				t.Errorf("%s: on %v, closed %d times", c.name, cam.isOn(), cam.closed)
			}
			src.Close()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAV4L2CameraThatIsBusy(t *testing.T) {
	r := testRegistry(t)
	cam := &fakeV4L2{modes: usbModes, start: syscall.EBUSY}
	plugV4L2(t, r, cam)
	if _, err := r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{}); device.ReasonOf(err) != device.Busy || len(cam.tried) != 1 {
		t.Errorf("%v after %d tries", err, len(cam.tried))
	}
	cam.start = syscall.ENOSPC // too much for its bus: less may be possible
	if _, err := r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{}); err == nil || len(cam.tried) != 1+maxTries {
		t.Errorf("%v after %d tries", err, len(cam.tried))
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestFormatsHaveMediadevicesNames(t *testing.T) {
	for f, want := range map[v4l2.Format]frame.Format{
		v4l2.YUYV: frame.FormatYUYV, v4l2.UYVY: frame.FormatUYVY, v4l2.NV12: frame.FormatNV12, v4l2.NV21: frame.FormatNV21,
		v4l2.YU12: frame.FormatI420, v4l2.MJPEG: frame.FormatMJPEG, 'X': "X\x00\x00\x00",
	} {
		if got := frameFormat(f); got != want {
			t.Errorf("%v is %q, want %q", f, got, want)
		}
	}
}
