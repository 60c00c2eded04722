package bandwidth

import (
	"math"
	"time"
)

const (
	beta       = 0.85 // of what arrives is sent after the path was too full
	risePerSec = 0.08
	catchUp    = 700 * time.Millisecond // what arrives takes so long to reach what a probe showed
	reaction   = 100 * time.Millisecond // of encoder and feedback, beside the round trip
)

// capacity is what the path was found to carry when it was last full, with
// how much that varies (kbit/s).
type capacity struct {
	est, dev float64
	known    bool
}

func (c *capacity) add(bps float64) {
	k := bps / 1000
	if !c.known {
		*c = capacity{est: k, dev: 0.4, known: true}
		return
	}
	const alpha = 0.05
	c.est = (1-alpha)*c.est + alpha*k
	off := c.est - k
	c.dev = min(max((1-alpha)*c.dev+alpha*off*off/max(c.est, 1), 0.4), 2.5)
}

func (c *capacity) bounds() (lo, hi float64) {
	d := 3 * math.Sqrt(c.dev*c.est)
	return max(0, c.est-d) * 1000, (c.est + d) * 1000
}

// aimd turns what the delay says into a rate: up by a share while nothing is
// known of the path's end, by a packet per round trip near it, down to a share
// of what arrives when it is too full.
type aimd struct {
	rate     float64 // bit/s
	rising   bool
	changed  time.Time
	cut      time.Time
	shown    time.Time // when a probe showed the rate
	showed   float64
	capacity capacity
}

// update takes the detector's word. got is what arrives, bit/s, 0 if unknown.
func (a *aimd) update(now time.Time, u usage, got float64, rtt time.Duration) {
	if a.changed.IsZero() {
		a.changed = now
	}
	switch u {
	case overuse:
		a.down(now, got, rtt)
	case underuse: // the queue drains: wait for it
		a.rising, a.changed = false, now
	case normal:
		if !a.rising {
			a.rising, a.changed = true, now
		}
		a.up(now, got, rtt)
	}
}

func (a *aimd) up(now time.Time, got float64, rtt time.Duration) {
	dt := min(now.Sub(a.changed), time.Second).Seconds()
	a.changed = now
	if _, hi := a.capacity.bounds(); a.capacity.known && got > hi {
		a.capacity = capacity{} // more arrives than the path was thought to carry
	}
	next := a.rate * math.Pow(1+risePerSec, dt)
	if a.capacity.known {
		perFrame := a.rate / 30
		packet := perFrame / math.Ceil(perFrame/(8*1200))
		next = a.rate + max(12_000, packet/(rtt+reaction).Seconds())*dt
	}
	if got > 0 { // what is not used is not known to be there
		next = min(next, max(a.rate, 1.5*got+10_000))
	}
	a.rate = next
}

func (a *aimd) down(now time.Time, got float64, rtt time.Duration) {
	wait := min(max(rtt, 10*time.Millisecond), 200*time.Millisecond)
	if now.Sub(a.cut) < wait && (got == 0 || got > a.rate/2) {
		return
	}
	if now.Sub(a.shown) < catchUp {
		// What arrives is still what was sent before the probe.
		got = max(got, a.showed)
	}
	next := beta * a.rate
	if got > 0 {
		next = beta * got
		if next > a.rate && a.capacity.known {
			next = beta * a.capacity.est * 1000
		}
		if lo, _ := a.capacity.bounds(); a.capacity.known && got < lo {
			a.capacity = capacity{}
		}
		a.capacity.add(got)
	}
	a.rate = min(a.rate, next)
	a.rising, a.changed, a.cut = false, now, now
}

// found takes what a probe has shown.
func (a *aimd) found(now time.Time, bps float64) {
	a.rate, a.changed, a.shown, a.showed = bps, now, now, bps
}
