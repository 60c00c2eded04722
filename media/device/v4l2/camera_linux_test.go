package v4l2

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parley/media"
	"parley/media/device"
)

// grey is a picture of one luma in YUYV.
func grey(w, h int, y byte) []byte {
	return bytes.Repeat([]byte{y, 128, y, 128}, w*h/2)
}

// photo is a picture of one grey in JPEG.
func photo(tb testing.TB, w, h int, y byte) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = y
	}
	img.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestLifeOfACamera(t *testing.T) {
	k := newFake(t, YUYV)
	c := k.started(Mode{YUYV, 64, 48, Interval{1, 60}})
	if got := c.Format(); got != (device.VideoFormat{Width: 64, Height: 48, FPS: 30}) { // what the driver made of 60
		t.Errorf("format %+v", got)
	}
	if !k.on || k.rate != (Interval{1, 30}) || len(k.lent) != depth {
		t.Errorf("on %v, rate %v, %d buffers", k.on, k.rate, len(k.lent))
	}
	k.shots = []shot{{data: grey(64, 48, 90), flags: flagTimeMonotonic, at: 99970 * time.Millisecond}}
	f := next(t, c)
	if f.Width != 64 || f.Height != 48 || f.Y[f.YStride*20+20] != 90 || f.PTS != 9970*time.Millisecond {
		t.Errorf("%dx%d, luma %d, at %v", f.Width, f.Height, f.Y[f.YStride*20+20], f.PTS)
	}
	f.Release()
	if len(k.lent) != depth {
		t.Errorf("the camera has %d buffers to fill", len(k.lent))
	}
	if err := c.Close(); err != nil || k.on || k.closed != 1 {
		t.Errorf("%v, on %v, closed %d times", err, k.on, k.closed)
	}
	if err := c.Close(); err != nil || k.closed != 1 {
		t.Errorf("again: %v, closed %d times", err, k.closed)
	}
}

// Whoever waits is never far from being able to close.
func TestACameraThatStopsDelivering(t *testing.T) {
	k := newFake(t, YUYV)
	c := k.started(Mode{YUYV, 64, 48, Interval{}})
	defer c.Close()
	for range 3 {
		if f, err := c.Next(); f != nil || err != nil {
			t.Fatalf("%v, %v", f, err)
		}
	}
	if slices.Max(k.waits) > 50*time.Millisecond {
		t.Errorf("waited %v", k.waits)
	}
}

func TestACameraThatVanishes(t *testing.T) {
	k := newFake(t, YUYV)
	c := k.started(Mode{YUYV, 64, 48, Interval{}})
	k.take(grey(64, 48, 90))
	next(t, c).Release()
	k.gone = true
	if _, err := c.Next(); !errors.Is(err, unix.ENODEV) {
		t.Error(err)
	}
	if err := c.Close(); err != nil || k.closed != 1 {
		t.Errorf("%v, closed %d times", err, k.closed)
	}
}

func TestADamagedPictureIsPassedOver(t *testing.T) {
	const w, h = 64, 48
	good := photo(t, w, h, 120)
	for _, c := range []struct {
		name string
		mode Mode
		good []byte
		bad  shot
	}{
		{"marked by the driver", Mode{YUYV, w, h, Interval{}}, grey(w, h, 90), shot{data: grey(w, h, 90), flags: flagError}},
		{"empty", Mode{YUYV, w, h, Interval{}}, grey(w, h, 90), shot{}},
		{"short", Mode{YUYV, w, h, Interval{}}, grey(w, h, 90), shot{data: grey(w, h, 90)[:w*h]}},
		{"short by a byte", Mode{NV12, w, h, Interval{}}, make([]byte, w*h*3/2), shot{data: make([]byte, w*h*3/2-1)}},
		{"half a JPEG", Mode{MJPEG, w, h, Interval{}}, good, shot{data: good[:len(good)/2]}},
		{"no JPEG", Mode{MJPEG, w, h, Interval{}}, good, shot{data: grey(w, h, 90)}},
		{"empty, of JPEG", Mode{MJPEG, w, h, Interval{}}, good, shot{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newFake(t, c.mode.Format)
			cam := k.started(c.mode)
			defer cam.Close()
			for range 2 * depth { // no buffer is lost over it
				k.shots = []shot{c.bad}
				if f, err := cam.Next(); !errors.Is(err, media.ErrCorrupt) {
					t.Fatalf("%v, %v", f, err)
				}
				k.take(c.good)
				f := next(t, cam)
				if f.Width != w || f.Height != h {
					t.Errorf("%dx%d", f.Width, f.Height)
				}
				f.Release()
			}
			if len(k.lent) != depth {
				t.Errorf("the camera has %d buffers to fill", len(k.lent))
			}
		})
	}
}

// A JPEG says how large it is; it may change, and be odd or upright.
func TestACameraThatChangesItsSize(t *testing.T) {
	k := newFake(t, MJPEG)
	c := k.started(Mode{MJPEG, 640, 480, Interval{}})
	defer c.Close()
	for _, s := range [][2]int{{640, 480}, {320, 240}, {641, 479}, {90, 160}, {640, 480}} {
		k.take(photo(t, s[0], s[1], 120))
		f := next(t, c)
		if f.Width != s[0] || f.Height != s[1] {
			t.Errorf("%dx%d, want %v", f.Width, f.Height, s)
		}
		if got, want := f.Y[(s[1]-1)*f.YStride+s[0]-1], byte(119); got < want-2 || got > want+2 { // 16 + 120·219/255
			t.Errorf("%v: luma %d in the corner", s, got)
		}
		f.Release()
	}
}

func TestTheNewestPictureIsTaken(t *testing.T) {
	k := newFake(t, YUYV)
	c := k.started(Mode{YUYV, 64, 48, Interval{}})
	defer c.Close()
	k.take(grey(64, 48, 50), grey(64, 48, 60), grey(64, 48, 70))
	f := next(t, c)
	if f.Y[100] != 70 || c.Skipped() != 2 {
		t.Errorf("luma %d, skipped %d", f.Y[100], c.Skipped())
	}
	f.Release()
	if len(k.lent) != depth {
		t.Errorf("the camera has %d buffers to fill", len(k.lent))
	}
}

func TestWhyACameraDoesNotStart(t *testing.T) {
	for _, c := range []struct {
		name    string
		request uintptr
		err     error
		want    device.Reason
	}{
		{"another program streams, says the format", reqSetFormat, unix.EBUSY, device.Busy},
		{"another program streams, say the buffers", reqRequestBuffers, unix.EBUSY, device.Busy},
		{"another program streams, says the rate", reqSetParm, unix.EBUSY, device.Busy},
		{"the mode is not there", reqSetFormat, unix.EINVAL, device.Unsupported},
		{"the bus is full", reqStreamOn, unix.ENOSPC, device.Broken},
		{"the bus fails", reqStreamOn, unix.EIO, device.Broken},
		{"unplugged", reqStreamOn, unix.ENODEV, device.Missing},
		{"not allowed", reqRequestBuffers, unix.EPERM, device.Denied},
	} {
		k := newFake(t, YUYV)
		k.fail[c.request] = c.err
		cam := k.camera()
		err := cam.Start(Mode{YUYV, 64, 48, Interval{1, 30}})
		if got := device.ReasonFor(err); got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		cam.Close()
		if k.closed != 1 || k.on {
			t.Errorf("%s: closed %d times, on %v", c.name, k.closed, k.on)
		}
	}
}

func TestWhatTheDriverAgreesTo(t *testing.T) {
	for _, c := range []struct {
		name  string
		k     func(*fake)
		want  layout
		fps   float64
		fails bool
	}{
		{"as wished", func(*fake) {}, layout{YUYV, 640, 480, 1280, false}, 15, false},
		{"another size", func(k *fake) {
			k.agree = func(p *pixFormat) { p.width, p.height, p.bytesPerLine = 320, 240, 704 }
		}, layout{YUYV, 320, 240, 704, false}, 15, false},
		{"another format", func(k *fake) {
			k.agree = func(p *pixFormat) { p.pixelFormat, p.bytesPerLine = NV12, 0 }
		}, layout{NV12, 640, 480, 640, false}, 15, false},
		{"no row length", func(k *fake) { k.agree = func(p *pixFormat) { p.bytesPerLine = 0 } }, layout{YUYV, 640, 480, 1280, false}, 15, false},
		{"full range", func(k *fake) { k.agree = func(p *pixFormat) { p.quantization = quantFull } }, layout{YUYV, 640, 480, 1280, true}, 15, false},
		{"JPEG's colours, raw", func(k *fake) { k.agree = func(p *pixFormat) { p.colourSpace = colourJPEG } }, layout{YUYV, 640, 480, 1280, true}, 15, false},
		{"one rate", func(k *fake) { k.oneRate = true }, layout{YUYV, 640, 480, 1280, false}, 15, false},
		{"rate not taken", func(k *fake) { k.fail[reqSetParm] = unix.EINVAL }, layout{YUYV, 640, 480, 1280, false}, 15, false},
		{"a format that nobody knows", func(k *fake) { k.agree = func(p *pixFormat) { p.pixelFormat = 'X' } }, layout{}, 0, true},
		{"no size", func(k *fake) { k.agree = func(p *pixFormat) { p.width = 0 } }, layout{}, 0, true},
		{"no buffers", func(k *fake) { k.count = 0 }, layout{}, 0, true},
	} {
		k := newFake(t, YUYV)
		c.k(k)
		cam := k.camera()
		err := cam.Start(Mode{YUYV, 640, 480, Interval{1, 15}})
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (cam.layout != c.want || cam.Format().FPS != c.fps) {
			t.Errorf("%s: %+v, %v", c.name, cam.layout, cam.Format())
		}
		cam.Close()
	}
}

func TestAPictureAllocatesNothing(t *testing.T) {
	for _, m := range []Mode{{YUYV, 64, 48, Interval{}}, {MJPEG, 64, 48, Interval{}}} {
		k := newFake(t, m.Format)
		c := k.started(m)
		data := grey(64, 48, 90)
		if m.Format == MJPEG {
			data = photo(t, 64, 48, 90)
		}
		k.waits = make([]time.Duration, 0, 1000)
		k.lent = append(make([]uint32, 0, 10000), k.lent...)
		shots := make([]shot, 1)
		if n := testing.AllocsPerRun(100, func() {
			shots[0] = shot{data: data, flags: flagTimeMonotonic, at: 99 * time.Second}
			k.shots = shots
			next(t, c).Release()
		}); n != 0 {
			t.Errorf("%v: %v allocations", m.Format, n)
		}
		c.Close()
	}
}

func TestNodesThatAreNone(t *testing.T) {
	if _, err := Open(t.TempDir()+"/video0", device.NewClock()); device.ReasonFor(err) != device.Missing {
		t.Error(err)
	}
	if _, err := Open("/dev/null", device.NewClock()); !errors.Is(err, unix.ENOTTY) {
		t.Error(err)
	}
}
