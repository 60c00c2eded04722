package codectest

import (
	"math"
	"math/rand/v2"

	"parley/media"
)

// Voice is seconds of something like a voice: a glottal buzz whose pitch and
// formants move, in syllables with short pauses. It is the same in every run.
// Interleaved samples at 48 kHz.
func Voice(seconds float64, channels int) []int16 {
	n := int(seconds * media.SampleRate)
	out := make([]int16, 0, n*channels)
	var phase, y1, y2 float64
	r := rand.New(rand.NewPCG(5, 6))
	for i := range n {
		t := float64(i) / media.SampleRate
		pitch := 230 + 40*math.Sin(2*math.Pi*0.7*t)
		phase += pitch / media.SampleRate
		phase -= math.Floor(phase)
		level := max(0, math.Sin(2*math.Pi*2.5*t)+0.3)
		x := level * (1 - 2*phase + 0.05*r.NormFloat64())
		// One moving resonance.
		f := 700 + 300*math.Sin(2*math.Pi*1.1*t)
		c, q := 2*0.98*math.Cos(2*math.Pi*f/media.SampleRate), 0.98*0.98
		y := 0.03*x + c*y1 - q*y2
		y1, y2 = y, y1
		s := int16(max(-32000, min(32000, 9000*y)))
		for range channels {
			out = append(out, s)
		}
	}
	return out
}

// snr compares a signal with a delayed copy of it, in dB, at the delay up to
// maxDelay samples that suits it best.
func snr(in, out []int16, maxDelay int) float64 {
	best := math.Inf(-1)
	for delay := 0; delay <= maxDelay; delay++ {
		var sig, noise float64
		for i := 0; i+delay < len(out) && i < len(in); i += 3 {
			s, d := float64(in[i]), float64(in[i])-float64(out[i+delay])
			sig += s * s
			noise += d * d
		}
		best = max(best, 10*math.Log10(sig/(noise+1)))
	}
	return best
}

func power(pcm []int16) float64 {
	var p float64
	for _, s := range pcm {
		p += float64(s) * float64(s)
	}
	return 10 * math.Log10(p/float64(max(1, len(pcm)))/(32768*32768)+1e-12)
}
