package jitter

import "time"

const (
	playoutWindow   = 10 * time.Second // the fastest frame is looked for in it
	playoutBucket   = 2 * time.Millisecond
	playoutQuantile = 0.95
	playoutForget   = 0.99 // 100 frames: about three seconds
	playoutMargin   = 5 * time.Millisecond
	// How fast the delay follows its target, per second of video: slower than
	// 1.3 or faster than 1.1 times the speed is seen.
	playoutRise = 0.3
	playoutFall = 0.1
	// A difference beyond this is a new timeline, not jitter.
	playoutJump = time.Second
)

// playout decides when frames are shown: as long after the fastest frame as
// makes 95 of 100 come in time.
type playout struct {
	arrivals *Arrivals
	lateness *Histogram
	min, max time.Duration
	extra    time.Duration // lip sync

	begun   bool
	epoch   time.Time
	offset  time.Duration // what is shown at epoch+offset+t has media time t
	moved   time.Time
	current time.Duration // offset beyond the fastest frame, for statistics
}

func newPlayout(minDelay, maxDelay time.Duration) playout {
	return playout{
		arrivals: NewArrivals(playoutWindow, 512),
		lateness: NewHistogram(playoutBucket, int(maxDelay/playoutBucket)+1, playoutForget),
		min:      minDelay,
		max:      maxDelay,
	}
}

// target is the wanted delay beyond the fastest frame, without lip sync.
func (p *playout) target() time.Duration {
	if p.lateness.Count() == 0 {
		return p.min
	}
	return min(max(p.lateness.Quantile(playoutQuantile)+playoutMargin, p.min), p.max)
}

// restart begins a new timeline; what is known of the path is kept.
func (p *playout) restart() {
	p.arrivals.Reset()
	p.begun = false
}

// frame takes a frame that became whole at now.
func (p *playout) frame(now time.Time, mediaTime time.Duration) {
	p.lateness.Add(p.arrivals.Add(now, mediaTime))
	if !p.begun {
		p.epoch = now
	}
	fastest := p.arrivals.Fastest(mediaTime).Sub(p.epoch) - mediaTime
	want := fastest + p.target() + p.extra
	diff := want - p.offset
	switch {
	case !p.begun, diff.Abs() > playoutJump:
		p.begun = true
		p.offset = want
	default:
		dt := float64(now.Sub(p.moved))
		diff = min(diff, time.Duration(dt*playoutRise))
		p.offset += max(diff, -time.Duration(dt*playoutFall))
	}
	p.moved = now
	p.current = p.offset - fastest
}

// due is when to show the frame with the given media time.
func (p *playout) due(mediaTime time.Duration) time.Time {
	return p.epoch.Add(p.offset + mediaTime)
}
