package v4l2

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func discrete(w, h uint32) frameSizes {
	return frameSizes{kind: kindDiscrete, sizes: sizeRange{minWidth: w, maxWidth: h}}
}

func every(num, den uint32) frameIntervals {
	return frameIntervals{kind: kindDiscrete, intervals: intervalRange{min: Interval{num, den}}}
}

func TestModes(t *testing.T) {
	const stepwise = 3
	z16 := Format('Z' | '1'<<8 | '6'<<16 | ' '<<24)
	for _, c := range []struct {
		name      string
		formats   []Format
		sizes     []frameSizes
		intervals []frameIntervals
		want      []Mode
	}{
		{
			"a list", []Format{z16, YUYV, MJPEG}, []frameSizes{discrete(640, 480), discrete(1280, 720)}, []frameIntervals{every(1, 30), every(2, 15)},
			[]Mode{
				{YUYV, 640, 480, Interval{1, 30}}, {YUYV, 640, 480, Interval{2, 15}}, {YUYV, 1280, 720, Interval{1, 30}}, {YUYV, 1280, 720, Interval{2, 15}},
				{MJPEG, 640, 480, Interval{1, 30}}, {MJPEG, 640, 480, Interval{2, 15}}, {MJPEG, 1280, 720, Interval{1, 30}}, {MJPEG, 1280, 720, Interval{2, 15}},
			},
		},
		{
			"ranges", []Format{NV12},
			[]frameSizes{{kind: stepwise, sizes: sizeRange{64, 648, 8, 64, 480, 4}}},
			[]frameIntervals{{kind: stepwise, intervals: intervalRange{Interval{1, 30}, Interval{1, 20}, Interval{1, 1}}}},
			func() (all []Mode) {
				for _, s := range [][2]int{{320, 180}, {320, 240}, {424, 240}, {640, 360}, {640, 480}, {240, 320}, {240, 424}, {648, 480}} {
					for _, i := range []Interval{{1, 30}, {1, 25}, {1, 24}, {1, 20}} {
						all = append(all, Mode{NV12, s[0], s[1], i})
					}
				}
				return all
			}(),
		},
		{"sizes alone", []Format{YU12}, []frameSizes{discrete(352, 288)}, nil, []Mode{{YU12, 352, 288, Interval{}}}},
		{"nonsense", []Format{YU12}, []frameSizes{discrete(0, 288), discrete(352, 1<<20), discrete(352, 288)}, []frameIntervals{every(0, 0), every(1, 1<<30)},
			[]Mode{{YU12, 352, 288, Interval{}}, {YU12, 352, 288, Interval{}}}},
		{"nothing of use", []Format{z16}, []frameSizes{discrete(640, 480)}, nil, nil},
	} {
		k := newFake(t, c.formats...)
		k.sizes, k.intervals = c.sizes, c.intervals
		if got := modes(k); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%v, want\n%v", c.name, got, c.want)
		}
	}
	// A driver that tells nothing is tried with what is usual.
	got := modes(newFake(t, YUYV))
	if !slices.Contains(got, Mode{YUYV, 1280, 720, Interval{}}) || !slices.Contains(got, Mode{YUYV, 640, 480, Interval{}}) {
		t.Errorf("%v", got)
	}
}

// endless answers every index.
type endless struct{ *fake }

func (k endless) ioctl(request uintptr, arg unsafe.Pointer) error {
	switch request {
	case reqEnumFormats:
		(*formatDesc)(arg).pixelFormat = YUYV
	default:
		return errors.New("not asked")
	}
	return nil
}

func TestADriverThatNeverEnds(t *testing.T) {
	if got := formats(endless{newFake(t)}); len(got) != maxEntries {
		t.Errorf("%d formats", len(got))
	}
}

func TestWhatIsACamera(t *testing.T) {
	for _, c := range []struct {
		name             string
		caps, deviceCaps uint32
		ok               bool
	}{
		{"camera", capCapture | capStreaming, 0, true},
		{"output", 2 | capStreaming, 0, false},
		{"reads only", capCapture, 0, false},
	} {
		k := newFake(t, YUYV)
		k.caps = c.caps
		if name, err := card(k); (err == nil) != c.ok || c.ok && name != "Fake Cam" {
			t.Errorf("%s: %q, %v", c.name, name, err)
		}
	}
	meta := newFake(t) // the second node of a UVC camera: the device captures, this node does not
	meta.caps = capCapture | capStreaming | capDeviceCaps
	if _, err := card(meta); !errors.Is(err, errNoCamera) {
		t.Error(err)
	}
	gone := newFake(t)
	gone.gone = true
	if _, err := card(gone); !errors.Is(err, unix.ENODEV) {
		t.Error(err)
	}
}

func TestFind(t *testing.T) {
	dev := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{"v4l/by-id", "v4l/by-path"} {
		must(os.MkdirAll(filepath.Join(dev, d), 0o755))
	}
	for _, n := range []string{"video0", "video1", "video2", "video3", "video4"} {
		must(os.WriteFile(filepath.Join(dev, n), nil, 0o600))
	}
	must(os.Symlink("../../video0", filepath.Join(dev, "v4l/by-id/usb-046d_HD-video-index0")))
	must(os.Symlink("../../video1", filepath.Join(dev, "v4l/by-id/usb-046d_HD-video-index1"))) // metadata
	must(os.Symlink("../../video0", filepath.Join(dev, "v4l/by-path/pci-0-usb-video-index0")))
	must(os.Symlink("../../video2", filepath.Join(dev, "v4l/by-path/pci-1-usb-video-index0")))
	must(os.Symlink("../../video9", filepath.Join(dev, "v4l/by-path/pci-9-usb-video-index0"))) // unplugged a moment ago
	names := map[string]string{"video0": "HD Pro", "video2": "Other", "video3": "Third"}
	got := find(dev, func(path string) (string, bool) {
		name, ok := names[filepath.Base(path)]
		return name, ok
	})
	want := []Node{
		{"usb-046d_HD-video-index0", filepath.Join(dev, "video0"), "HD Pro"},
		{"pci-1-usb-video-index0", filepath.Join(dev, "video2"), "Other"},
		{"video3", filepath.Join(dev, "video3"), "Third"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	// What is there and no camera is left out, what is not there as well.
	for _, path := range []string{"/dev/null", filepath.Join(dev, "video8")} {
		if name, ok := probe(path); ok {
			t.Errorf("%s is a camera called %q", path, name)
		}
	}
}
