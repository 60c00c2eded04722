package virtual

import "math"

// resampler converts a stream of mono samples between two rates with a
// windowed sinc of 32 taps, whose cut-off lies below both Nyquist rates; at
// equal rates it copies.
type resampler struct {
	same  bool
	step  float64 // input samples per output sample
	pos   float64 // of the next output, in in
	in    []float32
	taps  int // half the kernel, in input samples
	table []float32
}

const (
	resamplePhases = 256
	resampleHalf   = 16 // zero crossings to each side
)

func newResampler(from, to int) *resampler {
	if from == to {
		return &resampler{same: true, step: 1}
	}
	r := &resampler{step: float64(from) / float64(to)}
	cut := min(1, 1/r.step) * 0.94 // in parts of the input's Nyquist rate
	r.taps = int(math.Ceil(resampleHalf / cut))
	n := 2 * r.taps
	r.table = make([]float32, (resamplePhases+1)*n)
	for p := range resamplePhases + 1 {
		row := r.table[p*n : (p+1)*n]
		var sum float64
		for k := range row {
			x := float64(k-r.taps+1) - float64(p)/resamplePhases
			v := cut
			if x != 0 {
				v = math.Sin(math.Pi*x*cut) / (math.Pi * x)
			}
			w := x / float64(r.taps)
			if math.Abs(w) < 1 { // Blackman
				v *= 0.42 + 0.5*math.Cos(math.Pi*w) + 0.08*math.Cos(2*math.Pi*w)
			} else {
				v = 0
			}
			row[k] = float32(v)
			sum += v
		}
		for k := range row {
			row[k] = float32(float64(row[k]) / sum)
		}
	}
	r.in = make([]float32, r.taps-1) // silence before the beginning
	r.pos = float64(r.taps - 1)
	return r
}

// push appends input.
func (r *resampler) push(in []float32) {
	// Forget what no kernel reaches any more.
	old := int(r.pos)
	if !r.same {
		old -= r.taps - 1
	}
	if old > 0 {
		old = min(old, len(r.in))
		r.in = append(r.in[:0], r.in[old:]...)
		r.pos -= float64(old)
	}
	r.in = append(r.in, in...)
}

// next returns the next output sample, or false when it needs more input.
func (r *resampler) next() (float32, bool) {
	i := int(r.pos)
	if r.same {
		if i >= len(r.in) {
			return 0, false
		}
		r.pos++
		return r.in[i], true
	}
	if i+r.taps >= len(r.in) {
		return 0, false
	}
	n := 2 * r.taps
	phase := (r.pos - float64(i)) * resamplePhases
	p := int(phase)
	k := float32(phase - float64(p))
	a, b := r.table[p*n:(p+1)*n], r.table[(p+1)*n:(p+2)*n]
	x := r.in[i-r.taps+1 : i+r.taps+1]
	var s, t float32
	for j, v := range x {
		s += v * a[j]
		t += v * b[j]
	}
	r.pos += r.step
	return s + (t-s)*k, true
}
