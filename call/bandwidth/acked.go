package bandwidth

import (
	"math"
	"time"
)

// acked is how many bits a second arrive. A new sample counts for less the
// further it is from what is known, except upwards: links get slower at once.
type acked struct {
	rate    float64 // bit/s; 0: not known yet
	spread  float64
	start   time.Duration // of the window, receiver's clock
	bytes   int
	running bool
}

const (
	ackedFirst  = 200 * time.Millisecond
	ackedWindow = 150 * time.Millisecond
)

func (a *acked) add(at time.Duration, size int, appLimited bool) {
	if a.running && (at < a.start-time.Second || at-a.start > time.Second) {
		// Nothing came for a second: the window says nothing.
		a.running, a.bytes = false, 0
	}
	if !a.running {
		a.running, a.start = true, at
	}
	window := ackedWindow
	if a.rate == 0 {
		window = ackedFirst
	}
	span := at - a.start
	if span < window {
		a.bytes += size
		return
	}
	sample := float64(a.bytes*8) / span.Seconds()
	a.start, a.bytes = at, size
	if a.rate == 0 {
		a.rate, a.spread = sample, 50
		return
	}
	// A sample that is low because little was sent says little.
	scale := 10.0
	if sample < a.rate && appLimited {
		scale = 20
	}
	off := scale * math.Abs(a.rate-sample) / max(a.rate, 1)
	v := off * off
	pred := a.spread + 5
	a.rate = (v*a.rate + pred*sample) / (v + pred)
	a.spread = v * pred / (v + pred)
}
