package echo

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/call"
	"parley/call/local"
	"parley/call/local/localtest"
	"parley/media"
	"parley/media/device"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const within = 20 * time.Second

func start(t *testing.T, devices *localtest.Devices, cfg Config) *Call {
	t.Helper()
	m := local.New(local.Config{Devices: devices})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	cfg.Local = m
	cfg.Name = "Test call"
	d := New(cfg)
	c, err := d.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Close()
		cancel()
		<-done
		if _, err := d.Start(); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
	return c
}

func await(t *testing.T, what string, c *Call, ok func(State) bool) State {
	t.Helper()
	changed, stop := c.Subscribe()
	defer stop()
	limit := time.After(within)
	for !ok(c.State()) {
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("waited in vain: %s; %+v", what, c.State())
		}
	}
	return c.State()
}

func TestWhatIsSpokenComesBack(t *testing.T) {
	devices := localtest.WithAll()
	devices.SetTone("mic", 600)
	devices.SetBright("cam", 70)
	c := start(t, devices, Config{
		Length: 1500 * time.Millisecond, Rounds: 1,
		Lines: Lines{Record: "say something", Play: "this is you"},
	})
	await(t, "recording", c, func(s State) bool { return s.Phase == Recording })
	devices.Heard("spk")
	st := await(t, "playing", c, func(s State) bool { return s.Phase == Playing })
	if st.Length != 1500*time.Millisecond {
		t.Errorf("a round of %v", st.Length)
	}
	// From now on the microphone is silent: what is heard is the recording.
	devices.SetTone("mic", 0)
	slot := c.Video()
	select {
	case <-slot.Wake():
	case <-time.After(within):
		t.Fatal("no picture comes back")
	}
	if f, ok := slot.Take(); ok {
		if v := f.Y[f.YStride*(f.Height-5)+3]; v < 60 || v > 80 {
			t.Errorf("a picture of brightness %d, want that of the camera, 70", v)
		}
		f.Release()
	}
	st = await(t, "done", c, func(s State) bool { return s.Phase == Done })
	if !st.Heard || !st.Seen || st.Problem != nil {
		t.Errorf("at the end: %+v", st)
	}
	if got := loudest(devices.Heard("spk"), 600); got < 0.2 {
		t.Errorf("the tone comes back at %.3f of full scale", got)
	}
	<-c.Done()
	chat := c.Session().State().Chat
	for _, line := range []string{"say something", "this is you"} {
		if !slices.ContainsFunc(chat, func(m call.Message) bool { return m.Text == line && !m.Mine }) {
			t.Errorf("chat has no %q: %+v", line, chat)
		}
	}
}

// loudest is the loudest tenth of a second of a tone.
func loudest(sound []int16, hz float64) float64 {
	top := 0.0
	const n = media.SampleRate / 10
	for i := 0; i+n <= len(sound); i += n / 2 {
		top = max(top, localtest.Loudness(sound[i:i+n], hz))
	}
	return top
}

func TestRoundsGoOnUntilHungUp(t *testing.T) {
	devices := localtest.WithAll()
	devices.SetTone("mic", 0)
	c := start(t, devices, Config{Length: 100 * time.Millisecond})
	st := await(t, "a third round", c, func(s State) bool { return s.Round == 3 })
	if st.Heard {
		t.Error("a silent microphone was heard")
	}
	c.Session().Hangup()
	await(t, "the end", c, func(s State) bool { return s.Phase == Done })
	<-c.Done()
}

func TestNoMicrophone(t *testing.T) {
	devices := localtest.WithAll()
	devices.Pull(device.Microphone, "mic")
	c := start(t, devices, Config{Length: 100 * time.Millisecond, Rounds: 1})
	st := await(t, "done", c, func(s State) bool { return s.Phase == Done })
	if st.Heard || st.Problem == nil || st.Problem.Kind != device.Microphone {
		t.Errorf("without a microphone: %+v", st)
	}
}
