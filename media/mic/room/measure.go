package room

import "math"

func power(v []float64) (sum float64) {
	for _, x := range v {
		sum += x * x
	}
	return sum
}

func db(ratio float64) float64 { return 10 * math.Log10(ratio) }

// Loss is how much lower the sound is than the microphone's between two times
// of a scene, in dB: the echo loss, as long as the far end speaks alone.
func (s Scene) Loss(r Result, from, to float64) float64 {
	a, b := int(from*rate), min(int(to*rate), len(r.Out))
	return db(power(s.Mic[a:b]) / (power(r.Out[a:b]) + 1e-12))
}

// NearLevel is how much of the person's voice is left while both speak, in dB:
// the share of alone (see NearAlone) in what comes out, by projection, so that
// an echo that is left does not count for it.
func (s Scene) NearLevel(r, alone Result) float64 {
	a, b := BothFrom*rate, BothTo*rate
	near := alone.Out[a:b]
	return 2 * db(dot(r.Out[a:b], near)/power(near))
}

// NearAlone is the scene with a silent speaker: what comes out of it is what
// would be left of the person's voice if nobody else spoke.
func (s Scene) NearAlone() Scene {
	s.Far, s.Mic = make([]float64, len(s.Far)), s.Near
	return s
}

// Pauses is how much lower the sound is where the person does not speak, after
// the first five seconds, in dB.
func (s Scene) Pauses(r Result) float64 {
	var in, out float64
	on := spoken(s.Near)
	for k := 1; k < len(on); k++ {
		// Not the end of a word that comes out later than it went in.
		from, to := on[k-1][1]+rate/10, on[k][0]-rate/20
		if from < 5*rate || to <= from {
			continue
		}
		in += power(s.Mic[from:to])
		out += power(r.Out[from:to])
	}
	return db(in / (out + 1e-12))
}

// SDR is the scale-invariant ratio of a signal to what differs from want in it,
// in dB (Le Roux et al., 2019), from second 5 on.
func SDR(got, want []float64) float64 {
	from := 5 * rate
	lag := align(want[from:len(want)-rate], got[from:])
	w := want[from : len(want)-rate]
	g := got[from+lag : from+lag+len(w)]
	a := dot(g, w) / power(w)
	var rest float64
	for i := range w {
		d := g[i] - a*w[i]
		rest += d * d
	}
	return db(a * a * power(w) / rest)
}

func dot(a, b []float64) (sum float64) {
	for i, v := range b {
		sum += v * a[i]
	}
	return sum
}

// align returns how many samples, up to 40 ms, later in out the signal is found.
func align(signal, out []float64) int {
	best, at := 0.0, 0
	n := min(len(signal), len(out)-1920)
	for lag := range 1920 {
		sum := 0.0
		for i := 0; i < n; i += 7 {
			sum += signal[i] * out[i+lag]
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	return at
}
