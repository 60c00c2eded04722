package native

import (
	"context"
	"errors"
	"image"
	"io"
	"log/slog"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"
	"go.uber.org/goleak"

	"parley/media"
	"parley/media/device"
	"parley/media/device/virtual"
)

// fakeCamera is a driver of mediadevices for tests.
type fakeCamera struct {
	mu      sync.Mutex
	opens   int
	open    bool
	openErr error
	recErr  error
	release chan struct{} // not nil: Open hangs until it is closed
	frames  chan error    // what Read returns
}

func (c *fakeCamera) Open() error {
	if c.release != nil {
		<-c.release
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opens++
	c.open = c.openErr == nil
	return c.openErr
}

func (c *fakeCamera) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = false
	return nil
}

func (c *fakeCamera) isOpen() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.open }

func (c *fakeCamera) Properties() []prop.Media {
	return []prop.Media{mode(64, 48, 30, frame.FormatYUYV), mode(32, 24, 30, frame.FormatYUYV)}
}

func (c *fakeCamera) VideoRecord(m prop.Media) (video.Reader, error) {
	if c.recErr != nil {
		return nil, c.recErr
	}
	return video.ReaderFunc(func() (image.Image, func(), error) {
		if err := <-c.frames; err != nil {
			return nil, nil, err
		}
		return image.NewYCbCr(image.Rect(0, 0, m.Width, m.Height), image.YCbCrSubsampleRatio422), func() {}, nil
	}), nil
}

// plug makes c a camera of r.
func plug(t *testing.T, r *Registry, c *fakeCamera) {
	t.Helper()
	drv, err := r.register(c, "test;video0", driver.Camera)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { driver.GetManager().Delete(drv.ID()) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found[device.Camera] = map[string]hardware{"cam": {device.Info{ID: "cam", Name: "Cam", Kind: device.Camera}, drv}}
}

func testRegistry(t *testing.T) *Registry {
	return New(Config{Clock: device.NewClock(), Person: func() string { return "Ada" }}, slog.New(slog.NewTextHandler(t.Output(), nil)))
}

var theCam = device.Selector{Choice: device.ByDevice, Value: "cam"}

func TestCaptureLife(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := testRegistry(t)
	cam := &fakeCamera{frames: make(chan error, 10)}
	plug(t, r, cam)
	ctx := t.Context()
	src, err := r.OpenVideo(ctx, device.Camera, theCam, device.VideoFormat{Width: 64, Height: 48})
	if err != nil {
		t.Fatal(err)
	}
	if f := src.Format(); f != (device.VideoFormat{Width: 64, Height: 48, FPS: 30}) {
		t.Errorf("format %+v", f)
	}
	cam.frames <- nil
	f, err := src.Next(ctx)
	if err != nil || f.Width != 64 || f.Height != 48 || f.PTS <= 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	f.Release()

	if _, err := r.OpenVideo(ctx, device.Camera, theCam, device.VideoFormat{}); device.ReasonOf(err) != device.Busy {
		t.Errorf("a second open: %v", err)
	}
	// A damaged picture is passed over, the next one arrives.
	cam.frames <- errors.New("invalid JPEG format")
	cam.frames <- nil
	if f, err = src.Next(ctx); err != nil {
		t.Fatal(err)
	}
	f.Release()
	// Unplugged: an error, the device is let go of at once.
	cam.frames <- syscall.ENODEV
	if _, err = src.Next(ctx); !errors.Is(err, media.ErrSourceLost) || device.ReasonOf(err) != device.Lost {
		t.Errorf("unplugged: %v", err)
	}
	if cam.isOpen() {
		t.Error("a lost camera is still open")
	}
	src.Close()
	if src, err = r.OpenVideo(ctx, device.Camera, theCam, device.VideoFormat{}); err != nil {
		t.Fatalf("opening again: %v", err)
	}
	waiting := make(chan error)
	go func() { _, err := src.Next(ctx); waiting <- err }()
	go func() { cam.frames <- io.EOF }() // what the driver's read returns after all
	src.Close()
	if err := <-waiting; !errors.Is(err, media.ErrClosed) && !errors.Is(err, media.ErrSourceLost) {
		t.Errorf("a waiting Next got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.OpenVideo(ctx, device.Camera, theCam, device.VideoFormat{}); !errors.Is(err, media.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestOpeningFailsInWords(t *testing.T) {
	for _, c := range []struct {
		open, rec error
		want      device.Reason
		opens     int
	}{
		{syscall.EBUSY, nil, device.Busy, 1},
		{syscall.EACCES, nil, device.Denied, 1},
		{syscall.ENOENT, nil, device.Missing, 1},
		{nil, errors.New("Failed to start streaming: device or resource busy"), device.Busy, 1},
		{nil, syscall.EINVAL, device.Unsupported, 3}, // every mode was tried, and no more
	} {
		r := testRegistry(t)
		cam := &fakeCamera{openErr: c.open, recErr: c.rec}
		plug(t, r, cam)
		_, err := r.OpenVideo(t.Context(), device.Camera, theCam, device.VideoFormat{})
		if device.ReasonOf(err) != c.want || cam.opens != c.opens || cam.isOpen() {
			t.Errorf("%v, %v: %v after %d opens, still open: %v", c.open, c.rec, err, cam.opens, cam.isOpen())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAHangingDriverHoldsNobody(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r := testRegistry(t)
	cam := &fakeCamera{release: make(chan struct{}), frames: make(chan error)}
	plug(t, r, cam)
	ctx, cancel := context.WithCancelCause(t.Context())
	got := make(chan error)
	go func() {
		_, err := r.OpenVideo(ctx, device.Camera, theCam, device.VideoFormat{})
		got <- err
	}()
	cancel(nil)
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled opening returned %v", err)
	}
	// While the driver hangs the next one waits, and only as long as it likes.
	ctx2, cancel2 := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel2()
	if _, err := r.OpenVideo(ctx2, device.Camera, theCam, device.VideoFormat{}); device.ReasonOf(err) != device.Busy {
		t.Errorf("behind a hanging driver: %v", err)
	}
	close(cam.release)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if cam.isOpen() {
		t.Error("the camera that nobody wanted any more is open")
	}
}

// Our own devices are drivers of the registry like the real ones.
func TestOwnDevicesAreDrivers(t *testing.T) {
	r := testRegistry(t)
	defer r.Close()
	ctx := t.Context()
	src, err := r.OpenVideo(ctx, device.Camera, device.Selector{Choice: device.TestCard}, device.VideoFormat{Width: 320, Height: 180, FPS: 15})
	if err != nil {
		t.Fatal(err)
	}
	f, err := src.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if code, err := virtual.ReadFrame(f); err != nil || code.Name != "Ada" || f.Width != 320 {
		t.Errorf("%+v, %v, %d wide", code, err, f.Width)
	}
	f.Release()
	if second, err := r.OpenVideo(ctx, device.Camera, device.Selector{Choice: device.TestCard}, device.VideoFormat{}); err != nil {
		t.Errorf("a second test card: %v", err)
	} else {
		second.Close()
	}
	src.Close()
	if _, err := src.Next(ctx); !errors.Is(err, media.ErrClosed) {
		t.Errorf("a closed test card: %v", err)
	}
	if _, err := r.OpenAudio(ctx, device.Selector{Choice: device.File, Value: "/no/such.wav"}); device.ReasonOf(err) != device.Missing {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := r.OpenVideo(ctx, device.Camera, device.Selector{Choice: device.File, Value: "/no/such.y4m"}, device.VideoFormat{}); device.ReasonOf(err) != device.Missing {
		t.Errorf("a missing file: %v", err)
	}

	list, err := r.List(ctx, device.Microphone)
	if err != nil || len(list) != 2 || !list[0].Virtual {
		t.Errorf("microphones %+v, %v", list, err)
	}
	tones := driver.GetManager().Query(func(d driver.Driver) bool { return d.Info().Label == "tone" && r.own[d.ID()] })
	if len(tones) != 1 {
		t.Fatalf("%d tone drivers", len(tones))
	}
	// And work for whoever opens them without us.
	if err := tones[0].Open(); err != nil {
		t.Fatal(err)
	}
	rd, err := tones[0].(driver.AudioRecorder).AudioRecord(tones[0].Properties()[0])
	if err != nil {
		t.Fatal(err)
	}
	chunk, release, err := rd.Read()
	if err != nil {
		t.Fatal(err)
	}
	if got := chunk.(*wave.Int16Interleaved); len(got.Data) != media.BlockSamples || chunk.ChunkInfo().SamplingRate != media.SampleRate {
		t.Errorf("a chunk %+v", chunk.ChunkInfo())
	}
	release()
	tones[0].Close()
	if open := driver.GetManager().Query(func(d driver.Driver) bool { return d.Info().Label == "open:testcard" }); len(open) != 0 {
		t.Errorf("%d closed cards are still registered", len(open))
	}
}

func TestListHasTheTestCard(t *testing.T) {
	r := testRegistry(t)
	defer r.Close()
	list, err := r.List(t.Context(), device.Camera)
	if err != nil || !slices.ContainsFunc(list, func(i device.Info) bool { return i.ID == "testcard" && i.Virtual }) {
		t.Errorf("cameras %+v, %v", list, err)
	}
	cards := driver.GetManager().Query(func(d driver.Driver) bool { return d.Info().Label == "testcard" })
	if len(cards) != 1 {
		t.Fatalf("%d test card drivers", len(cards))
	}
	d := cards[0]
	if err := d.Open(); err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	rd, err := d.(driver.VideoRecorder).VideoRecord(d.Properties()[0])
	if err != nil {
		t.Fatal(err)
	}
	img, release, err := rd.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if code, err := virtual.ReadCode(img); err != nil || code.Name != "Ada" {
		t.Errorf("%+v, %v", code, err)
	}
}
