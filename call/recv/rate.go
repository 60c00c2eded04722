package recv

import "time"

const (
	rateSlots = 10
	rateSlot  = 100 * time.Millisecond
)

// rate counts what came within the last second. The zero value is ready.
type rate struct {
	epoch time.Time
	slots [rateSlots]float64
	last  int64 // slot number
}

func (r *rate) advance(now time.Time) {
	if r.epoch.IsZero() {
		r.epoch = now
	}
	n := int64(now.Sub(r.epoch) / rateSlot)
	for i := min(n-r.last, rateSlots); i > 0; i-- {
		r.slots[(n-i+1)%rateSlots] = 0
	}
	r.last = max(n, r.last)
}

func (r *rate) add(now time.Time, v float64) {
	r.advance(now)
	r.slots[r.last%rateSlots] += v
}

// perSecond returns what came within the last second, scaled up while less
// than a second has been measured.
func (r *rate) perSecond(now time.Time) float64 {
	if r.epoch.IsZero() {
		return 0
	}
	r.advance(now)
	sum := 0.0
	for _, v := range r.slots {
		sum += v
	}
	// The current slot has just begun: on average the window is a little less
	// than a second.
	covered := min(now.Sub(r.epoch), (rateSlots-1)*rateSlot+now.Sub(r.epoch)%rateSlot)
	return sum / max(covered, rateSlot).Seconds()
}
