package device

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/media"
)

// fake is all backends of a computer.
type fake struct {
	mu     sync.Mutex
	lists  map[Kind][]Info
	opened []Selector
	err    error
	hang   bool
	closed int
}

func (f *fake) List(_ context.Context, k Kind) ([]Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.lists[k]), nil
}

func (f *fake) set(k Kind, list ...Info) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists[k] = list
}

func (f *fake) open(ctx context.Context, sel Selector) error {
	f.mu.Lock()
	f.opened = append(f.opened, sel)
	err, hang := f.err, f.hang
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f *fake) last() Selector {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened[len(f.opened)-1]
}

func (f *fake) OpenVideo(ctx context.Context, _ Kind, sel Selector, _ VideoFormat) (VideoSource, error) {
	return nil, f.open(ctx, sel)
}

func (f *fake) OpenAudio(ctx context.Context, sel Selector) (AudioSource, error) {
	return nil, f.open(ctx, sel)
}

func (f *fake) OpenSpeaker(ctx context.Context, sel Selector, pull Pull) (SpeakerOut, error) {
	var b [media.BlockSamples]int16
	pull(b[:])
	return quiet{}, f.open(ctx, sel)
}

// quiet is a speaker that is closed.
type quiet struct{ SpeakerOut }

func (quiet) Close() error { return nil }

func (f *fake) Close() error { f.closed++; return nil }

func newFake() *fake {
	return &fake{lists: map[Kind][]Info{
		Camera: {
			{ID: "testcard", Name: "Test card", Kind: Camera, Virtual: true},
			{ID: "cam0", Name: "Camera", Path: "/dev/video0", Kind: Camera, Default: true},
			{ID: "cam1", Name: "Camera", Path: "/dev/video2", Kind: Camera},
		},
		Microphone: {{ID: "mic", Name: "Mic", Kind: Microphone, Default: true}},
		Speaker:    {{ID: "spk", Name: "Speakers", Kind: Speaker, Default: true}},
		Screen:     {{ID: "X11Screen0", Name: "Screen 1", Kind: Screen, Default: true}},
	}}
}

func newCatalog(t *testing.T, f *fake, virtual player) *Catalog {
	c := New(Config{Capture: f, Sound: f, Virtual: virtual, WatchDir: filepath.Join(t.TempDir(), "none")}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { c.Close() })
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogResolvesSelectors(t *testing.T) {
	f, v := newFake(), &fake{lists: map[Kind][]Info{Speaker: {{ID: "null", Name: "Null", Kind: Speaker, Virtual: true}}}}
	c := newCatalog(t, f, v)
	if got := c.List(Camera); len(got) != 3 || got[1].Name != "Camera (2)" || !got[2].Virtual {
		t.Errorf("cameras are %+v", got)
	}
	if got := c.List(Speaker); len(got) != 2 || got[1].ID != "null" {
		t.Errorf("speakers are %+v", got)
	}
	ctx := t.Context()
	video := func(s string) error { _, err := c.OpenCamera(ctx, s, VideoFormat{}); return err }
	mic := func(s string) error { _, err := c.OpenMicrophone(ctx, s); return err }
	spk := func(s string) error { _, err := c.OpenSpeaker(ctx, s, func([]int16) {}); return err }
	for _, tc := range []struct {
		open    func(string) error
		in      string
		backend *fake
		want    Selector
	}{
		{video, "", f, Selector{Choice: ByDevice, Value: "cam0"}},
		{video, "/dev/video2", f, Selector{Choice: ByDevice, Value: "cam1"}},
		{video, "Camera (2)", f, Selector{Choice: ByDevice, Value: "cam1"}},
		{video, "testcard", f, Selector{Choice: TestCard}},
		{video, "Test card", f, Selector{Choice: TestCard}},
		{mic, "", f, Selector{}}, // follows the system's default
		{mic, "Mic", f, Selector{Choice: ByDevice, Value: "mic"}},
		{mic, "alsa_output.pci.monitor", f, Selector{Choice: ByDevice, Value: "alsa_output.pci.monitor"}},
		{mic, "tone:600", f, Selector{Choice: Tone, Hz: 600}},
		{spk, "", f, Selector{}},
		{spk, "null", v, Selector{Choice: Null}},
		{spk, "file:a.wav", v, Selector{Choice: File, Value: "a.wav"}},
	} {
		if err := tc.open(tc.in); err != nil {
			t.Errorf("%q: %v", tc.in, err)
		} else if got := tc.backend.last(); got != tc.want {
			t.Errorf("%q opened %+v, want %+v", tc.in, got, tc.want)
		}
	}
	for _, tc := range []struct {
		open func(string) error
		in   string
		want Reason
	}{
		{video, "Other", Missing},
		{video, "tone", Unsupported},
		{video, "file:a.mp4", Unsupported},
		{mic, "tone:x", Unsupported},
		{spk, "testcard", Unsupported},
	} {
		if err := tc.open(tc.in); ReasonOf(err) != tc.want {
			t.Errorf("%q: %v, want %v", tc.in, err, tc.want)
		}
	}
	if err := video("none"); !errors.Is(err, ErrNone) {
		t.Errorf("none: %v", err)
	}
	f.set(Microphone)
	f.set(Camera, Info{ID: "testcard", Kind: Camera, Virtual: true})
	c.refresh(ctx, Microphone)
	c.refresh(ctx, Camera)
	if err := mic(""); ReasonOf(err) != Missing || err.Error() != "there is no microphone" {
		t.Errorf("without a microphone: %v", err)
	}
	if err := video(""); ReasonOf(err) != Missing {
		t.Errorf("with nothing but a test card: %v", err)
	}
	if err := c.Close(); err != nil || f.closed != 2 || v.closed != 1 {
		t.Errorf("%v; the backends were closed %d and %d times", err, f.closed, v.closed)
	}
}

// A sound system that hangs has not looked the device up: it knows an ID alone.
func TestErrorsNameTheDevice(t *testing.T) {
	f := newFake()
	c := newCatalog(t, f, nil)
	for _, tc := range []struct{ in, said, want string }{
		{"Mic", "mic", "Mic"},
		{"mic", "mic", "Mic"},
		{"Mic", "Mic of the system", "Mic of the system"},
		{"plughw:3", "plughw:3", "plughw:3"}, // not listed
	} {
		cause := errors.New("does not answer")
		f.err = &Error{Kind: Microphone, Name: tc.said, Reason: Broken, Err: cause}
		_, err := c.OpenMicrophone(t.Context(), tc.in)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Name != tc.want || e.Kind != Microphone || e.Reason != Broken || !errors.Is(err, cause) {
			t.Errorf("%q, of which the backend says %q: %v, want the name %q", tc.in, tc.said, err, tc.want)
		}
	}
}

func TestCatalogTellsWhatTheSpeakerPlays(t *testing.T) {
	f := newFake()
	c := newCatalog(t, f, nil)
	ref := c.Reference().NewReader()
	var b [media.BlockSamples]int16
	if ref.Read(b[:]) {
		t.Error("a speaker plays that nobody opened")
	}
	spk, err := c.OpenSpeaker(t.Context(), "", func(out []int16) { out[7] = 7 })
	if err != nil {
		t.Fatal(err)
	}
	heard := false
	for range 3 { // it begins a little behind
		if !ref.Read(b[:]) {
			t.Error("the speaker is not heard")
		}
		heard = heard || slices.Contains(b[:], 7)
	}
	if !heard {
		t.Error("what the speaker played is not in the reference")
	}
	if err := spk.Close(); err != nil {
		t.Fatal(err)
	}
	if ref.Read(b[:]) {
		t.Error("a closed speaker still plays")
	}
}

func TestCatalogDoesNotWaitForADeadDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := newCatalog(t, f, nil)
		f.hang = true
		start := time.Now()
		_, err := c.OpenCamera(t.Context(), "", VideoFormat{})
		if time.Since(start) != 10*time.Second || ReasonOf(err) != Broken {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if _, err := c.OpenMicrophone(ctx, ""); time.Since(start) != time.Second || err == nil {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		c.Close()
	})
}

func TestCatalogPollsSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := newCatalog(t, f, nil)
		<-c.Changed()
		f.set(Speaker, Info{ID: "spk", Name: "Speakers", Kind: Speaker}, Info{ID: "usb", Name: "Headset", Kind: Speaker, Default: true})
		start := time.Now()
		<-c.Changed()
		if d := time.Since(start); d > 2*time.Second || len(c.List(Speaker)) != 2 {
			t.Errorf("after %v: %+v", d, c.List(Speaker))
		}
		time.Sleep(time.Minute)
		select {
		case <-c.Changed():
			t.Error("a change was reported where nothing changed")
		default:
		}
		c.Close()
	})
}

func TestCatalogSeesACameraComeAndGo(t *testing.T) {
	if defaultWatchDir == "" {
		t.Skip("cameras are polled on this system")
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	f := newFake()
	f.set(Camera)
	c := New(Config{Capture: f, Sound: f, WatchDir: dir, Poll: time.Hour}, slog.New(slog.DiscardHandler))
	defer c.Close()
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-c.Changed()
	f.set(Camera, Info{ID: "cam", Name: "Camera", Path: "/dev/video0", Kind: Camera})
	if err := os.WriteFile(filepath.Join(dir, "video0"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-c.Changed()
	if got := c.List(Camera); len(got) != 1 {
		t.Errorf("cameras are %+v", got)
	}
	f.set(Camera)
	if err := os.Remove(filepath.Join(dir, "video0")); err != nil {
		t.Fatal(err)
	}
	<-c.Changed()
	if got := c.List(Camera); len(got) != 0 {
		t.Errorf("cameras are %+v", got)
	}
}
