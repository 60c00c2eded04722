package codec

import "time"

// thinner leaves out frames of a source that is faster than wanted, evenly:
// of 30 frames/s every third for 20, of 25 ten for 15. A source at or below
// the wanted rate loses nothing, even if its times jitter, because a frame may
// come early by a third of the interval and a late one leaves credit for the
// next.
type thinner struct {
	started bool
	due     time.Duration // capture time at which the next frame is wanted
	last    time.Duration // capture time of the last frame seen
	taken   time.Duration // capture time of the last frame taken
}

// take says whether to encode the frame captured at pts, for at most fps
// frames/s. force takes it in any case.
func (t *thinner) take(pts time.Duration, fps int, force bool) bool {
	interval := time.Second / time.Duration(fps)
	// Another clock, or a pause: begin anew.
	if !t.started || pts < t.last || pts-t.last > time.Second {
		t.started, t.last, t.taken, t.due = true, pts, pts, pts+interval
		return true
	}
	t.last = pts
	// A frame may have been taken a third of an interval early, no more: what
	// is due later than that was planned for a lower rate.
	t.due = min(t.due, t.taken+interval+interval/3)
	if pts < t.due-interval/3 && !force {
		return false
	}
	t.taken = pts
	t.due = max(t.due, pts-interval) + interval
	return true
}
