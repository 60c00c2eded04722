package sound

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/media"
	"parley/media/device"
	"parley/media/device/internal/pulsetest"
	"parley/media/device/virtual"
)

func tone(hz float64, seconds int) []int16 {
	s := make([]int16, seconds*media.SampleRate)
	for i := range s {
		s[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/media.SampleRate))
	}
	return s
}

func testLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// level is the amplitude of hz in the middle one of 100 ms pieces: a player that
// was late for once does not spoil it.
func level(s []int16, hz float64) float64 {
	const piece = media.SampleRate / 10
	var all []float64
	for ; len(s) >= piece; s = s[piece:] {
		all = append(all, virtual.Goertzel(s[:piece], media.SampleRate, hz))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// hear reads half a second from src after skipping 300 ms.
func hear(ctx context.Context, t *testing.T, src device.AudioSource) []int16 {
	t.Helper()
	var heard []int16
	for len(heard) < media.SampleRate*8/10 {
		b, err := src.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Samples) != media.BlockSamples || b.Rate != media.SampleRate || b.Channels != 1 {
			t.Fatalf("a block of %d samples at %d Hz, %d channels", len(b.Samples), b.Rate, b.Channels)
		}
		heard = append(heard, b.Samples...)
	}
	return heard[media.SampleRate*3/10:]
}

func TestPulseLife(t *testing.T) {
	pa := pulsetest.Start(t, []string{"desk", "headset"}, []string{"table_mic", "boom"})
	pa.Ctl(t, "set-default-source", "table_mic")
	pa.Ctl(t, "set-default-sink", "desk")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := New(Config{Clock: device.NewClock()}, testLog(t))

	mics, err := s.List(ctx, device.Microphone)
	if err != nil {
		t.Fatal(err)
	}
	want := []device.Info{
		{ID: "table_mic", Name: "table_mic_name", Kind: device.Microphone, Default: true},
		{ID: "boom", Name: "boom_name", Kind: device.Microphone},
	}
	if len(mics) != len(want) || mics[0] != want[0] || mics[1] != want[1] {
		t.Errorf("microphones are %+v, want %+v", mics, want)
	}
	speakers, err := s.List(ctx, device.Speaker)
	if err != nil || len(speakers) != 4 || speakers[0] != (device.Info{ID: "desk", Name: "desk", Kind: device.Speaker, Default: true}) {
		t.Errorf("speakers are %+v, %v", speakers, err)
	}

	// The microphone hears what is spoken into it, by name and as default.
	pa.Play(t, "table_mic_talk", tone(700, 60))
	pa.Play(t, "boom_talk", tone(1100, 60))
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, c := range []struct {
		sel  device.Selector
		name string
		hz   float64
	}{
		{device.Selector{}, "table_mic_name", 700},
		{device.Selector{Choice: device.ByDevice, Value: "boom"}, "boom_name", 1100},
		{device.Selector{Choice: device.ByDevice, Value: "table_mic_talk.monitor"}, "Monitor of table_mic_talk", 700},
	} {
		mic, err := s.OpenMicrophone(ctx, c.sel)
		if err != nil {
			t.Fatal(err)
		}
		heard := hear(ctx, t, mic)
		if got := level(heard, c.hz); math.Abs(got-0.25) > 0.03 {
			t.Errorf("%s hears %.0f Hz at %.3f, want 0.25", c.name, c.hz, got)
		}
		if mic.Info().Name != c.name || mic.Lost() != 0 {
			t.Errorf("opened %+v, %d samples lost, want %s", mic.Info(), mic.Lost(), c.name)
		}
		if err := mic.Close(); err != nil {
			t.Error(err)
		}
		if _, err := mic.Next(ctx); !errors.Is(err, media.ErrClosed) {
			t.Errorf("a closed microphone returns %v", err)
		}
	}

	// What is pulled comes out of the speaker. A gap or two are the sound
	// server's on a busy machine.
	var n atomic.Int64
	wave := tone(500, 1)
	spk, err := s.OpenSpeaker(ctx, device.Selector{Choice: device.ByDevice, Value: "headset"}, func(out []int16) {
		from := n.Add(int64(len(out))) - int64(len(out))
		copy(out, wave[int(from)%len(wave):])
	})
	if err != nil {
		t.Fatal(err)
	}
	played := pa.Record(t, "headset.monitor", media.SampleRate)[media.SampleRate/2:]
	if got := level(played, 500); math.Abs(got-0.25) > 0.1 {
		t.Errorf("the speaker plays 500 Hz at %.3f, want 0.25", got)
	}

	// Unplugging ends both, in words.
	mic, err := s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: "boom"})
	if err != nil {
		t.Fatal(err)
	}
	pa.Unload(t, "source_name=boom")
	pa.Unload(t, "sink_name=headset")
	start := time.Now()
	for {
		if _, err = mic.Next(ctx); err != nil {
			break
		}
	}
	if !errors.Is(err, media.ErrSourceLost) || device.ReasonOf(err) != device.Lost {
		t.Errorf("unplugging the microphone gave %v", err)
	}
	t.Logf("%v after %v", err, time.Since(start))
	select {
	case <-spk.Lost():
		t.Logf("speaker lost after %v", time.Since(start))
	case <-ctx.Done():
		t.Error("unplugging the speaker went unnoticed")
	}
	if err := errors.Join(mic.Close(), spk.Close()); err != nil {
		t.Error(err)
	}
	_, err = s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: "boom"})
	if device.ReasonOf(err) != device.Missing {
		t.Errorf("an unplugged microphone opens with %v, want missing", err)
	}
	t.Log(err)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
