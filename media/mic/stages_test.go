package mic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"parley/media"
)

const block = media.BlockSamples

// sine appends seconds of hz with amplitude (full scale 32768).
func sine(to []float32, hz, amplitude, seconds float64) []float32 {
	n := len(to)
	for i := range int(seconds*100) * block {
		to = append(to, float32(amplitude*math.Sin(2*math.Pi*hz*float64(n+i)/rate)))
	}
	return to
}

// through sends whole blocks through f.
func through(in []float32, f func([]float32)) []float32 {
	out := append([]float32(nil), in...)
	for i := 0; i+block <= len(out); i += block {
		f(out[i : i+block])
	}
	return out
}

func rms(v []float32) float64 { return math.Sqrt(meanPower(v)) * 32768 }

func TestHighPass(t *testing.T) {
	for _, c := range []struct{ hz, least, most float64 }{
		{0.01, -1000, -60}, {20, -26, -22}, {50, -9, -8}, {80, -3.1, -2.9}, {160, -0.4, -0.1}, {1000, -0.01, 0.01}, {15000, -0.01, 0.01},
	} {
		t.Run(fmt.Sprint(c.hz, " Hz"), func(t *testing.T) {
			h := newHighPass(cutHz)
			in := sine(nil, c.hz, 10000, 2)
			if c.hz < 1 {
				for i := range in {
					in[i] = 10000
				}
			}
			out := through(in, h.process)
			if db := 20 * math.Log10(max(rms(out[rate:]), 1e-9)/rms(in[rate:])); db < c.least || db > c.most {
				t.Errorf("%.2f dB, want %v to %v", db, c.least, c.most)
			}
		})
	}
}

func TestLimiter(t *testing.T) {
	click := make([]float32, rate)
	click[20000], click[20001] = 32767, -32768
	grows := sine(nil, 300, 1, 3)
	for i := range grows {
		grows[i] *= 60000 * float32(i) / float32(len(grows))
	}
	r := rand.New(rand.NewPCG(1, 2))
	hiss := make([]float32, 2*rate)
	for i := range hiss {
		hiss[i] = float32(r.NormFloat64() * 40000)
	}
	for name, in := range map[string][]float32{
		"silence": make([]float32, rate), "quiet": sine(nil, 500, 20000, 1), "loud": sine(nil, 500, 60000, 1),
		"a click": click, "louder and louder": grows, "hiss": hiss,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLimiter()
			out := through(in, func(b []float32) { l.process(b) })
			top, loudest := 0.0, 0.0
			for i := range in {
				loudest = max(loudest, math.Abs(float64(in[i])))
				top = max(top, math.Abs(float64(out[i])))
			}
			if top > ceiling+0.01 {
				t.Errorf("a sample of %.1f, want at most %.1f", top, ceiling)
			}
			if loudest <= ceiling {
				for i := lookAhead; i < len(in); i++ {
					if out[i] != in[i-lookAhead] {
						t.Fatalf("sample %d is %v, was %v: it was quiet enough", i, out[i], in[i-lookAhead])
					}
				}
			}
		})
	}
}

// A peak turns down what is around it, and half a second later nothing is left
// of that.
func TestLimiterComesBack(t *testing.T) {
	l := newLimiter()
	in := sine(nil, 500, 20000, 4)
	for i := rate; i < rate+200; i++ {
		in[i] *= 3
	}
	out := through(in, func(b []float32) { l.process(b) })
	at := func(i int) float64 { // gain around sample i
		return rms(out[i+lookAhead:i+lookAhead+960]) / rms(in[i:i+960])
	}
	if g := at(rate - 2000); math.Abs(g-1) > 0.001 {
		t.Errorf("before the peak the gain is %.3f", g)
	}
	if g := at(rate + 200); g > 0.7 {
		t.Errorf("right after the peak the gain is %.3f", g)
	}
	if g := at(rate + rate/2); g < 0.99 {
		t.Errorf("half a second later the gain is %.3f", g)
	}
	for i := 3 * rate; i < 4*rate; i++ {
		if out[i] != in[i-lookAhead] {
			t.Fatalf("two seconds later sample %d is %v, was %v", i, out[i], in[i-lookAhead])
		}
	}
}

func TestGain(t *testing.T) {
	const second = 100 // blocks
	type act struct {
		blocks int
		db     float64 // of the sound
		voice  float32
		frozen bool
	}
	for name, c := range map[string]struct {
		acts []act
		want float64 // gain at the end, dB
		by   float64
	}{
		"a quiet voice":                 {[]act{{20 * second, -30, 1, false}}, 12, 0.1},
		"a loud voice":                  {[]act{{20 * second, -10, 1, false}}, -8, 0.1},
		"at most 24 dB":                 {[]act{{20 * second, -50, 1, false}}, 24, 0.01},
		"at most 3 dB a second":         {[]act{{2*second + believe - 1, -50, 1, false}}, 6, 0.01},
		"too quiet to be anything":      {[]act{{20 * second, -70, 1, false}}, 0, 0},
		"noise":                         {[]act{{20 * second, -40, 0.2, false}}, 0, 0},
		"only the far end":              {[]act{{20 * second, -40, 1, true}}, 0, 0},
		"a word is not believed":        {[]act{{believe - 1, -40, 1, false}}, 0, 0},
		"a pause holds":                 {[]act{{20 * second, -30, 1, false}, {60 * second, -80, 0, false}}, 12, 0.1},
		"another, louder, takes over":   {[]act{{20 * second, -30, 1, false}, {20 * second, -14, 1, false}}, -4, 0.1},
		"the far end speaks in between": {[]act{{20 * second, -30, 1, false}, {20 * second, -14, 1, true}}, 12, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			var g gain
			for _, a := range c.acts {
				tone := sine(nil, 500, math.Sqrt2*32768*math.Pow(10, a.db/20), 0.01)
				for range a.blocks {
					b := append([]float32(nil), tone...)
					before := g.db
					g.process(b, a.voice, a.frozen)
					if d := math.Abs(g.db - before); d > dbPerBlock+1e-9 {
						t.Fatalf("moved by %.3f dB in 10 ms", d)
					}
				}
			}
			if math.Abs(g.db-c.want) > c.by {
				t.Errorf("the gain is %.2f dB, want %.2f", g.db, c.want)
			}
		})
	}
}

// The gain is where it says it is, without a step.
func TestGainIsSmooth(t *testing.T) {
	var g gain
	in := sine(nil, 500, 300, 10)
	out := through(in, func(b []float32) { g.process(b, 1, false) })
	want := math.Pow(10, g.db/20)
	if got := rms(out[len(out)-rate/10:]) / rms(in[len(in)-rate/10:]); math.Abs(got/want-1) > 0.05 {
		t.Errorf("gain %.3f, want %.3f", got, want)
	}
	for i := 1; i < len(out); i++ {
		if d := math.Abs(float64(out[i] - out[i-1])); d > 2*math.Pi*500/rate*300*want*1.02 {
			t.Fatalf("a step of %.0f at %d", d, i)
		}
	}
}

func TestFar(t *testing.T) {
	loud, silent := make([]int16, block), make([]int16, block)
	for i := range loud {
		loud[i] = int16(5000 * math.Sin(float64(i)/10))
	}
	for name, c := range map[string]struct {
		speaker       []int16
		playing       bool
		before, after float64
		cancelling    bool
		want          bool
	}{
		"echo that is cancelled":         {loud, true, 1e-3, 1e-5, true, true},
		"a voice at this end as well":    {loud, true, 1e-3, 8e-4, true, false},
		"a silent speaker":               {silent, true, 1e-3, 1e-5, true, false},
		"no speaker":                     {loud, false, 1e-3, 1e-5, true, false},
		"nobody can tell":                {loud, true, 1e-3, 1e-3, false, true},
		"nobody can tell, nobody speaks": {silent, true, 1e-3, 1e-3, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var f far
			for range 100 {
				f.note(c.speaker, c.playing, c.before, c.after)
			}
			if got := f.alone(c.cancelling); got != c.want {
				t.Errorf("only the far end: %v", got)
			}
			for range echoAfter {
				f.note(silent, true, c.before, c.after)
			}
			if f.alone(c.cancelling) {
				t.Error("still, half a second after the speaker fell silent")
			}
		})
	}
}

// The far end's first words are held down by 12 dB without a step; after 2.5 s
// of its speech, and while it is silent, nothing is.
func TestGuard(t *testing.T) {
	var g guard
	last := float32(1)
	gainOf := func(speaks, echoes bool) float32 {
		b := make([]float32, block)
		for i := range b {
			b[i] = 1
		}
		g.process(b, speaks, echoes)
		for i, v := range b {
			if d := v - last; d > 0.01 || d < -0.01 {
				t.Fatalf("a step of %v at sample %d", d, i)
			}
			last = v
		}
		return b[block-1]
	}
	if got := gainOf(false, false); got != 1 {
		t.Errorf("before the far end speaks: %v", got)
	}
	for n := range learnFor {
		if got := gainOf(true, true); got > 0.251 {
			t.Fatalf("while it speaks for the first time, after %d blocks: %v", n, got)
		}
		if n == 100 {
			if got := gainOf(false, false); got < 0.999 {
				t.Errorf("in a pause: %v", got)
			}
		}
	}
	gainOf(true, true)
	if got := gainOf(true, true); got != 1 || g.down != 0 {
		t.Errorf("after it has spoken for 2.5 s: %v", got)
	}
}
