package room

import (
	"math"
	"math/cmplx"
)

// convolve returns x through the answer h, late by delay samples, of the length
// of x: by overlap-add of Fourier transforms.
func convolve(x, h []float64, delay int) []float64 {
	n := 1
	for n < 4*len(h) {
		n *= 2
	}
	step := n - len(h) + 1
	tw := twiddles(n)
	hf := make([]complex128, n)
	for i, v := range h {
		hf[i] = complex(v, 0)
	}
	fft(hf, tw)
	out := make([]float64, len(x))
	buf := make([]complex128, n)
	for at := 0; at < len(x); at += step {
		clear(buf)
		for i := range min(step, len(x)-at) {
			buf[i] = complex(x[at+i], 0)
		}
		fft(buf, tw)
		for i := range buf {
			buf[i] = cmplx.Conj(buf[i] * hf[i]) // the inverse is the transform of the conjugate
		}
		fft(buf, tw)
		for i := range buf {
			if j := at + i + delay; j < len(out) {
				out[j] += real(buf[i]) / float64(n)
			}
		}
	}
	return out
}

func twiddles(n int) []complex128 {
	w := make([]complex128, n/2)
	for i := range w {
		w[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/float64(n))
	}
	return w
}

// fft is in place, of a length that is a power of 2.
func fft(a, w []complex128) {
	n := len(a)
	for i, j := 1, 0; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for size := 2; size <= n; size *= 2 {
		for at := 0; at < n; at += size {
			for k := range size / 2 {
				u, v := a[at+k], a[at+k+size/2]*w[k*(n/size)]
				a[at+k], a[at+k+size/2] = u+v, u-v
			}
		}
	}
}
