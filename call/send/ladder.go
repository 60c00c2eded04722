package send

import "math"

// Rung is one step of the ladder: the picture that a bit rate is enough for.
type Rung struct {
	Bitrate       int // bit/s from which it is used
	Width, Height int // of a 16:9 picture; others get the same area
	FPS           float64
}

// rungs is the ladder of media.md, found by looking at VP8 at these rates: a
// sharp small picture is better to look at than a large one in blocks.
var rungs = [...]Rung{
	{0, 320, 180, 10},
	{120_000, 320, 180, 15},
	{250_000, 480, 270, 15},
	{350_000, 480, 270, 24},
	{450_000, 640, 360, 30},
	{900_000, 960, 540, 30},
	{1_600_000, 1280, 720, 30},
	{3_000_000, 1920, 1080, 30},
}

// rungFor is the index of the highest rung that bitrate reaches.
func rungFor(bitrate int) int {
	best := 0
	for i, r := range rungs {
		if bitrate >= r.Bitrate {
			best = i
		}
	}
	return best
}

// Fit is the size in which a source of w by h is sent on rung r: the area of
// the rung, the shape of the source, even sides, never larger than the source.
func (r Rung) Fit(w, h int) (int, int) {
	if w <= 0 || h <= 0 {
		return r.Width, r.Height
	}
	scale := math.Sqrt(float64(r.Width*r.Height) / float64(w*h))
	if scale >= 1 {
		return max(w, 2), max(h, 2) // a box for the encoder, which takes none narrower
	}
	return even(float64(w) * scale), even(float64(h) * scale)
}

// even is the nearest even number, at least 2: I420 halves both sides.
func even(v float64) int { return max(2, 2*int(math.Round(v/2))) }
