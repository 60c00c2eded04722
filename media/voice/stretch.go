package voice

import "math"

// Time stretching by one pitch period at a time (WSOLA): find the lag at which
// the sound repeats itself, cross-fade over one such period, and take one out
// or put one in. Lags are those of a voice, 2.5 to 15 ms.
const (
	minLag = 120
	maxLag = 720
	window = 2 * maxLag // what the search looks at: 15 ms on each side
	coarse = 12         // the first search runs at 4 kHz
)

// period finds the lag at which the second half of x, window samples, best
// repeats the first, how alike the two periods are (1: the same) and the root
// mean square of x.
func period(x []int16) (lag int, alike, rms float64) {
	_ = x[window-1]
	var low [window / coarse]float64
	energy := 0.0
	for i := range low {
		sum := 0.0
		for _, v := range x[i*coarse : (i+1)*coarse] {
			sum += float64(v)
			energy += float64(v) * float64(v)
		}
		low[i] = sum
	}
	rms = math.Sqrt(energy / window)
	const half = maxLag / coarse
	best, at := math.Inf(-1), minLag/coarse
	for l := minLag / coarse; l <= half; l++ {
		var xy, yy float64
		for i := half; i < 2*half; i++ {
			xy += low[i] * low[i-l]
			yy += low[i-l] * low[i-l]
		}
		if c := xy / math.Sqrt(yy+1); c > best {
			best, at = c, l
		}
	}
	best, lag = math.Inf(-1), at*coarse
	for l := max(at*coarse-coarse+1, minLag); l <= min(at*coarse+coarse-1, maxLag); l++ {
		if c := likeness(x[maxLag:], x[maxLag-l:], maxLag); c > best {
			best, lag = c, l
		}
	}
	return lag, likeness(x[maxLag:], x[maxLag-lag:], lag), rms
}

// likeness is the normalised correlation of the first n samples of a and b.
func likeness(a, b []int16, n int) float64 {
	var xy, xx, yy float64
	a, b = a[:n], b[:n]
	for i, v := range a {
		x, y := float64(v), float64(b[i])
		xy += x * y
		xx += x * x
		yy += y * y
	}
	if xx == 0 || yy == 0 {
		return 1 // silence is like silence
	}
	return xy / math.Sqrt(xx*yy)
}

// fade writes the cross-fade from one to the other into dst; dst may be either.
func fade(dst, from, to []int16) {
	n := len(dst)
	from, to = from[:n], to[:n]
	for i := range dst {
		w := float32(i+1) / float32(n+1)
		dst[i] = int16(float32(from[i])*(1-w) + float32(to[i])*w)
	}
}
