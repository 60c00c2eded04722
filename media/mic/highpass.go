package mic

import "math"

// highPass takes out what lies under every voice: rumble, mains hum, a DC
// offset. A Butterworth filter of second order (transposed direct form II), in
// float64 because its poles lie close to 1.
type highPass struct {
	b0, b1, b2, a1, a2 float64
	s1, s2             float64
}

// cutHz: a low male voice begins at 85 Hz.
const cutHz = 80

func newHighPass(hz float64) *highPass {
	k := math.Tan(math.Pi * hz / rate)
	n := 1 / (1 + math.Sqrt2*k + k*k)
	return &highPass{b0: n, b1: -2 * n, b2: n, a1: 2 * (k*k - 1) * n, a2: (1 - math.Sqrt2*k + k*k) * n}
}

func (h *highPass) process(block []float32) {
	s1, s2 := h.s1, h.s2
	for i, x := range block {
		in := float64(x)
		out := h.b0*in + s1
		s1 = h.b1*in - h.a1*out + s2
		s2 = h.b2*in - h.a2*out
		block[i] = float32(out)
	}
	// After a voice comes silence, and numbers too small for the fast path of
	// the processor.
	if math.Abs(s1)+math.Abs(s2) < 1e-12 {
		s1, s2 = 0, 0
	}
	h.s1, h.s2 = s1, s2
}

func (h *highPass) reset() { h.s1, h.s2 = 0, 0 }
