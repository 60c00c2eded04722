package voice

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// steady is a source of one value.
type steady int16

func (s steady) Pull(out []int16) {
	for i := range out {
		out[i] = int16(s)
	}
}

// wave is an endless sine.
type wave struct {
	hz, amplitude float64
	at            int64
}

func (w *wave) Pull(out []int16) {
	for i := range out {
		out[i] = sine(w.hz, w.amplitude)(w.at)
		w.at++
	}
}

func TestMixerAddsAndLeavesOneAlone(t *testing.T) {
	m := NewMixer()
	out := make([]int16, 480)
	m.Pull(out)
	if slices.Max(out) != 0 {
		t.Error("sound without a source")
	}
	a := m.Add(&wave{hz: 440, amplitude: 32767})
	want := make([]int16, 480)
	(&wave{hz: 440, amplitude: 32767}).Pull(want)
	m.Pull(out)
	if !slices.Equal(out, want) {
		t.Error("one source at full level was changed")
	}
	m.Remove(a)
	m.Remove(a)
	m.Add(steady(1000))
	m.Add(steady(-250))
	m.Pull(out)
	if out[0] != 750 || out[479] != 750 {
		t.Errorf("1000 and -250 make %d", out[0])
	}
}

func TestMixerTakesAnyLength(t *testing.T) {
	m := NewMixer()
	m.Add(&wave{hz: 440, amplitude: 10000})
	var got []int16
	for _, n := range []int{1, 479, 441, 1024, 7, 960} {
		out := make([]int16, n)
		m.Pull(out)
		got = append(got, out...)
	}
	want := make([]int16, len(got))
	(&wave{hz: 440, amplitude: 10000}).Pull(want)
	if !slices.Equal(got, want) {
		t.Error("sound is lost or repeated between pulls of odd lengths")
	}
}

func TestMixerLimitsWithoutClipping(t *testing.T) {
	m := NewMixer()
	for _, hz := range []float64{200, 201, 203} {
		m.Add(&wave{hz: hz, amplitude: 25000})
	}
	out := make([]int16, 480)
	clipped, worst := 0, 0
	last := int16(0)
	for range 500 {
		m.Pull(out)
		for _, v := range out {
			if v == 32767 || v == -32767 {
				clipped++
			}
			worst = max(worst, int(math.Abs(float64(v)-float64(last))))
			last = v
		}
	}
	// Three waves together rise by 2*pi*200/48000 of 75000 in a sample.
	if worst > 2500 {
		t.Errorf("a step of %d: the limiter clicks", worst)
	}
	if clipped > 500*480/20 {
		t.Errorf("%d of %d samples at full scale: cut, not limited", clipped, 500*480)
	}
	if p := m.Level().Peak(); p < 0.9 {
		t.Errorf("peak %.2f: limited more than needed", p)
	}
}

func TestVolumeMovesWithoutAStep(t *testing.T) {
	m := NewMixer()
	s := m.Add(steady(10000))
	out := make([]int16, 480)
	m.Pull(out)
	s.SetVolume(0.5)
	m.Pull(out)
	if out[0] < 9900 || out[479] > 5050 {
		t.Errorf("from %d to %d within the block", out[0], out[479])
	}
	s.SetVolume(math.NaN())
	m.Pull(out)
	if out[0] != 5000 {
		t.Errorf("%d after the change, want 5000", out[0])
	}
	m.Mute(true)
	m.Pull(out)
	if slices.Max(out) != 0 {
		t.Error("muted, and yet sound")
	}
}

func TestMixerWhileSourcesComeAndGo(t *testing.T) {
	m := NewMixer()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				s := m.Add(steady(10))
				s.SetVolume(0.5)
				m.Remove(s)
			}
		})
	}
	out := make([]int16, 480)
	for range 500 {
		m.Pull(out)
	}
	wg.Wait()
	m.Pull(out)
	if slices.Max(out) != 0 {
		t.Error("sound of removed sources")
	}
}

func TestClip(t *testing.T) {
	c := NewClip([]int16{1, 2, 3}, false)
	out := make([]int16, 5)
	c.Pull(out)
	if !slices.Equal(out, []int16{1, 2, 3, 0, 0}) {
		t.Errorf("heard %v", out)
	}
	select {
	case <-c.Done():
	default:
		t.Error("not done at its end")
	}
	c.Stop()
	l := NewClip([]int16{1, 2, 3}, true)
	l.Pull(out)
	if !slices.Equal(out, []int16{1, 2, 3, 1, 2}) {
		t.Errorf("heard %v of a loop", out)
	}
	l.Stop()
	l.Pull(out)
	if slices.Max(out) != 0 {
		t.Error("a stopped loop is heard")
	}
	e := NewClip(nil, true)
	e.Pull(out)
	<-e.Done()
}

func TestLevelMeter(t *testing.T) {
	var m LevelMeter
	if m.DBov() != -127 || m.Peak() != 0 {
		t.Error("level before any sound")
	}
	block := make([]int16, 480)
	(&wave{hz: 1000, amplitude: 32767}).Pull(block)
	m.Write(block)
	if db := m.DBov(); math.Abs(db+3.01) > 0.05 {
		t.Errorf("full sine is %.2f dBov, want -3.01", db)
	}
	if p := m.Peak(); p < 0.999 {
		t.Errorf("peak %.3f", p)
	}
	clear(block)
	for range 100 {
		m.Write(block)
	}
	if p := 20 * math.Log10(m.Peak()); math.Abs(p+20.2) > 0.5 {
		t.Errorf("peak fell to %.1f dB in a second, want 20 dB", p)
	}
	for range 1000 {
		m.Write(block)
	}
	if m.DBov() != -127 {
		t.Errorf("%.1f dBov after ten seconds of silence", m.DBov())
	}
	m.Write(nil)
}

func TestPeriodFindsThePitch(t *testing.T) {
	for _, hz := range []float64{75, 110, 200, 390} {
		var x [window]int16
		for i := range x {
			x[i] = int16(6000*math.Sin(2*math.Pi*hz*float64(i)/48000) + 3000*math.Sin(4*math.Pi*hz*float64(i)/48000+1))
		}
		lag, alike, _ := period(x[:])
		n := float64(lag) * hz / 48000
		if math.Abs(n-math.Round(n)) > 0.03 || alike < 0.98 {
			t.Errorf("%v Hz: lag %d is %.2f periods, alike %.3f", hz, lag, n, alike)
		}
	}
}

func BenchmarkMixerOfFour(b *testing.B) {
	m := NewMixer()
	for range 4 {
		m.Add(steady(9000))
	}
	out := make([]int16, 480)
	b.ReportAllocs()
	for b.Loop() {
		m.Pull(out)
	}
}
