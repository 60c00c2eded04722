package native

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/device/sound"
	"parley/media/device/virtual"
)

// labFlag runs TestDevicelab, which needs real camera and sound drivers and
// root: ../shared/lab/devicelab OUT -- ./native.test -test.run Devicelab -test.v -devicelab
var labFlag = flag.Bool("devicelab", false, "use the computer's real cameras and sound")

var labCamera = flag.String("devicelab-camera", "", "read this camera for five seconds: a name or path")

// TestOneCamera says what a real camera delivers, in which mode and at what
// rate:
//
//	go test ./media/device/native -run OneCamera -v -devicelab-camera /dev/video0
func TestOneCamera(t *testing.T) {
	if *labCamera == "" {
		t.Skip("without -devicelab-camera: no real camera is touched")
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	clock := device.NewClock()
	cat := device.New(device.Config{Clock: clock, Capture: New(Config{Clock: clock}, log)}, log)
	defer func() {
		if err := cat.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, size := range [][2]int{{1280, 720}, {640, 360}} {
		cam, err := cat.OpenCamera(ctx, *labCamera, device.VideoFormat{Width: size[0], Height: size[1], FPS: 30})
		if err != nil {
			t.Fatal(err)
		}
		var last, age time.Duration
		n, start := 0, time.Now()
		for time.Since(start) < 5*time.Second {
			f, err := cam.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if f.PTS <= last {
				t.Errorf("a picture of %v after one of %v", f.PTS, last)
			}
			last = f.PTS
			age += clock.Now() - f.PTS
			n++
			f.Release()
		}
		took := time.Since(start)
		start = time.Now()
		cam.Close()
		t.Logf("%q in %+v: %.1f pictures a second, %v old when read, closed in %v",
			cam.Info().Name, cam.Format(), float64(n)/took.Seconds(), age/time.Duration(n), time.Since(start))
	}
}

// TestDevicelab goes through the life of a V4L2 camera and an ALSA card: list,
// capture, a second open, unplugging in the middle, plugging in again.
func TestDevicelab(t *testing.T) {
	if !*labFlag {
		t.Skip("without -devicelab: no real camera is touched")
	}
	const unbind, bind = "/sys/bus/platform/drivers/vivid/unbind", "/sys/bus/platform/drivers/vivid/bind"
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	clock := device.NewClock()
	snd := sound.New(sound.Config{Clock: clock}, log)
	reg := New(Config{Clock: clock, Sound: snd}, log)
	cat := device.New(device.Config{Clock: clock, Capture: reg, Sound: snd, Virtual: virtual.NewSpeakers(clock), OpenTimeout: time.Minute}, log)
	defer func() {
		if err := cat.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	if err := cat.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker, device.Screen} {
		for _, i := range cat.List(k) {
			t.Logf("%-10v %+v", k, i)
		}
	}
	drain(cat)

	cam, err := cat.OpenCamera(ctx, "/dev/video0", device.VideoFormat{Width: 640, Height: 360, FPS: 30})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	var sum [2]uint64
	for n := range 20 {
		f, err := cam.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range f.Y {
			sum[n%2] += uint64(v)
		}
		if n == 0 || n == 19 {
			t.Logf("frame %d: %dx%d at %v", n, f.Width, f.Height, f.PTS)
		}
		if n == 10 {
			var b bytes.Buffer
			fmt.Fprintf(&b, "P5 %d %d 255\n", f.Width, f.Height)
			for y := range f.Height {
				b.Write(f.Y[y*f.YStride : y*f.YStride+f.Width])
			}
			os.WriteFile("frame.pgm", b.Bytes(), 0o644)
		}
		f.Release()
	}
	t.Logf("20 frames in %v from %q in %+v, mean luma sums %v", time.Since(start), cam.Info().Name, cam.Format(), sum)

	if _, err := cat.OpenCamera(ctx, "/dev/video0", device.VideoFormat{}); device.ReasonOf(err) != device.Busy {
		t.Errorf("a second open gave %v, want busy", err)
	} else {
		t.Log(err)
	}
	other := New(Config{Clock: clock}, log) // as another program would
	if _, err := other.List(ctx, device.Camera); err != nil {
		t.Error(err)
	}
	_, err = other.OpenVideo(ctx, device.Camera, device.Selector{Choice: device.ByDevice, Value: cam.Info().ID}, device.VideoFormat{})
	if device.ReasonOf(err) != device.Busy {
		t.Errorf("an open beside it gave %v, want busy", err)
	} else {
		t.Log(err)
	}
	other.Close()

	if err := os.WriteFile(unbind, []byte("vivid.0"), 0); err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	for {
		f, err := cam.Next(ctx)
		if err == nil {
			f.Release()
			continue
		}
		if !errors.Is(err, media.ErrSourceLost) || device.ReasonOf(err) != device.Lost {
			t.Errorf("unplugging gave %v", err)
		}
		t.Logf("after %v: %v", time.Since(start), err)
		break
	}
	cam.Close()
	await(ctx, t, cat, "no camera", func(l []device.Info) bool { return len(l) > 0 && l[0].Virtual })
	t.Logf("list without cameras after %v", time.Since(start))
	if _, err := cat.OpenCamera(ctx, "/dev/video0", device.VideoFormat{}); device.ReasonOf(err) != device.Missing {
		t.Errorf("an unplugged camera gave %v, want missing", err)
	}
	start = time.Now()
	if err := os.WriteFile(bind, []byte("vivid.0"), 0); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, cat, "a camera again", func(l []device.Info) bool { return len(l) > 0 && !l[0].Virtual })
	t.Logf("list with cameras after %v", time.Since(start))
	for range 3 { // and again and again
		cam, err := cat.OpenCamera(ctx, "", device.VideoFormat{Width: 1280, Height: 720})
		if err != nil {
			t.Fatal(err)
		}
		f, err := cam.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("again: %dx%d, %+v", f.Width, f.Height, cam.Format())
		f.Release()
		start := time.Now()
		cam.Close()
		t.Logf("closed in %v", time.Since(start))
	}

	// What is played into hw:0,0 is recorded from hw:0,1.
	phase := 0
	spk, err := cat.OpenSpeaker(ctx, "hw:0,0", func(out []int16) {
		for i := range out {
			out[i] = int16(8000 * sine(phase))
			phase++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	mic, err := cat.OpenMicrophone(ctx, "hw:0,1")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("speaker %+v, microphone %+v", spk.Info(), mic.Info())
	var heard []int16
	for len(heard) < media.SampleRate*3 {
		b, err := mic.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, b.Samples...)
	}
	tail := heard[len(heard)-media.SampleRate:]
	t.Logf("440 Hz: %.3f, 1000 Hz: %.3f of full scale, %d samples lost", virtual.Goertzel(tail, media.SampleRate, 440), virtual.Goertzel(tail, media.SampleRate, 1000), mic.Lost())
	if got := virtual.Goertzel(tail, media.SampleRate, 440); got < 0.1 {
		t.Errorf("the tone was heard at %.4f of full scale, want about 0.24", got)
	}
	for _, c := range []interface{ Close() error }{mic, spk} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func drain(cat *device.Catalog) {
	select {
	case <-cat.Changed():
	default:
	}
}

func await(ctx context.Context, t *testing.T, cat *device.Catalog, what string, is func([]device.Info) bool) {
	t.Helper()
	for !is(cat.List(device.Camera)) {
		select {
		case <-cat.Changed():
		case <-ctx.Done():
			t.Fatalf("never saw %s: %+v", what, cat.List(device.Camera))
		}
	}
}
