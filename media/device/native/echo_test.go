package native

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"testing"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/device/internal/pulsetest"
	"parley/media/device/sound"
	"parley/media/device/virtual"
	"parley/media/mic"
	"parley/media/mic/room"
)

// What a real speaker plays comes back into a real microphone 60 ms later and
// 12 dB down, through PulseAudio, and does not come out of the microphone's
// path. The speaker is closed and opened again in between.
func TestEchoThroughPulseAudio(t *testing.T) {
	if m := mic.Missing(); m != "" {
		t.Skipf("built without %s: run .ci/wasm", m)
	}
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	pa := pulsetest.Start(t, []string{"desk"}, []string{"table_mic"})
	pa.Ctl(t, "load-module", "module-loopback", "source=desk.monitor", "sink=table_mic_talk", "latency_msec=60", "remix=no")
	log := slog.New(slog.DiscardHandler)
	clock := device.NewClock()
	snd := sound.New(sound.Config{Clock: clock}, log)
	catalog := device.New(device.Config{
		Clock: clock, Capture: New(Config{Clock: clock, Sound: snd}, log), Sound: snd, Virtual: virtual.NewSpeakers(clock),
	}, log)
	kit := mic.NewKit(nil)
	defer func() {
		if err := kit.Close(); err != nil {
			t.Error(err)
		}
		if err := catalog.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	voice := room.Voice(1, 20)
	at := 0
	play := func(out []int16) {
		for i := range out {
			out[i] = int16(8000 * min(max(voice[(at+i)%len(voice)], -1), 1))
		}
		at += len(out)
	}
	m, err := catalog.OpenMicrophone(ctx, "table_mic")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	reader := catalog.Reference().NewReader()
	chain := kit.NewChain(reader)
	defer chain.Close()
	steady := 0
	for _, round := range []string{"the first speaker", "it is opened again", "and again"} {
		moved := reader.Moved()
		spk, err := catalog.OpenSpeaker(ctx, "desk", play)
		if err != nil {
			t.Fatal(err)
		}
		var losses []float64 // of each second in which it speaks
		var in, out, all float64
		for n := range 900 {
			p, err := m.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			before := power(p.Samples)
			p = chain.Process(p, mic.All())
			in, out = in+before, out+power(p.Samples)
			if n%100 < 99 {
				continue
			}
			if n > 300 && level(in/100) > -50 {
				all += in
				losses = append(losses, 10*math.Log10(in/(out+1)))
			}
			in, out = 0, 0
		}
		if err := spk.Close(); err != nil {
			t.Error(err)
		}
		if len(losses) == 0 {
			t.Fatalf("%s: the microphone heard nothing of it", round)
		}
		slices.Sort(losses)
		loss, gaps := losses[len(losses)/2], reader.Moved()-moved-1 // the opening itself
		t.Logf("%s: the echo has %.0f dBFS and comes out %.0f dB lower (%.0f); %d gaps", round, level(all/float64(100*len(losses))), loss, losses, gaps)
		switch {
		case gaps > 1:
			// PulseAudio does not keep up with what else this machine does: its
			// sink and its loopback skip, and the echo with them.
		case loss < 20:
			t.Errorf("%s: the echo is %.1f dB lower, want 20", round, loss)
		default:
			steady++
		}
	}
	if steady == 0 && !t.Failed() {
		t.Skip("this machine is too busy for PulseAudio: it played gaps in every round")
	}
}

// level is the mean in dBFS of the power of one block.
func level(power float64) float64 {
	return 10 * math.Log10(power/media.BlockSamples/(1<<30)+1e-13)
}

func power(s []int16) (sum float64) {
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return sum
}
