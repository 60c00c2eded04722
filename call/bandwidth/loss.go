package bandwidth

import (
	"math"
	"slices"
	"time"
)

const (
	lossLow    = 0.02
	lossHigh   = 0.10
	lossLeast  = 30 // packets that make a share
	lossWindow = 250 * time.Millisecond
	lossSure   = 60 // packets that tell whether sending less helped
	lossSettle = 300 * time.Millisecond
	lossForget = 30 * time.Second
	lossDoubt  = 1.5  // standard deviations of a share that are given the benefit of it
	lossOwn    = 0.35 // the most that is believed to be the path's own
)

// lossy bounds the rate by the share of packets that get lost. What is lost
// on a path however little is sent is its own (radio): when much is lost, less
// is sent than arrived, and if as much is lost then, the rate is given back.
type lossy struct {
	bound float64 // bit/s; +Inf: none
	share float64 // of the last window
	ours  float64 // of it, what is not the path's own

	second ledger // of late: the least lost in any of them is the path's own
	floors [5]float64
	filled int
	began  time.Time

	lost, all int
	since     time.Time

	own   float64 // share that the path loses by itself
	ownAt time.Time
	test  trial
}

// ledger counts packets.
type ledger struct{ lost, all int }

func (l ledger) share() float64 { return float64(l.lost) / float64(max(l.all, 1)) }

// floor takes a whole second into account.
func (l *lossy) floor(now time.Time) {
	if l.began.IsZero() {
		l.began = now
	}
	if now.Sub(l.began) < time.Second || l.second.all < lossSure {
		return
	}
	l.floors[l.filled%len(l.floors)] = l.second.share()
	l.filled++
	l.second, l.began = ledger{}, now
	if l.filled >= len(l.floors) {
		if least := slices.Min(l.floors[:]); least > l.own && least <= lossOwn {
			l.own, l.ownAt = least, now
		}
	}
}

// trial looks whether sending less makes less get lost.
type trial struct {
	on        bool
	from      time.Time // packets from then on count
	rate      float64   // before
	share     float64   // lost before, beyond the path's own
	before    ledger    // what showed that
	lost, all int
}

func newLossy() lossy { return lossy{bound: math.Inf(1)} }

// add takes a packet of which was told.
func (l *lossy) add(p Packet) {
	l.all++
	l.second.all++
	if !p.Arrived {
		l.lost++
		l.second.lost++
	}
	if l.test.on && p.Departure.After(l.test.from) {
		l.test.all++
		if !p.Arrived {
			l.test.lost++
		}
	}
}

// update is called at each feedback; rate is the target now, sent the rate at
// which those packets left. It returns a rate to go back to, or 0.
func (l *lossy) update(now time.Time, rate, sent float64, rtt time.Duration) (back float64) {
	if l.since.IsZero() {
		l.since = now
	}
	span := now.Sub(l.since)
	if span < lossWindow || l.all < lossLeast && span < time.Second {
		return 0
	}
	if l.all == 0 {
		l.since = now
		return 0
	}
	l.share = float64(l.lost) / float64(l.all)
	seen := ledger{l.lost, l.all}
	l.lost, l.all, l.since = 0, 0, now
	if l.test.on {
		back = l.judge(now, rate)
	}
	l.floor(now)
	if l.own > 0 && now.Sub(l.ownAt) > lossForget {
		l.own, l.ownAt = 0, now // it is learned anew
		l.filled = 0
	}
	l.ours = max(0, (l.share-l.own)/(1-l.own))
	// Shares of few packets scatter, the more the more is lost.
	low, high := max(lossLow, l.own), max(lossHigh, l.own)+lossDoubt*math.Sqrt(l.share*(1-l.share)/float64(seen.all))
	switch {
	case l.test.on:
	case l.ours > high:
		l.bound = min(rate, 0.95*(1-l.ours)*sent)
		l.test = trial{on: true, from: now.Add(rtt + lossSettle), rate: rate, share: l.ours, before: seen}
	case l.ours > low:
		l.bound = min(l.bound, rate) // no more than now
	case !math.IsInf(l.bound, 1):
		if l.bound = l.bound*(1+2*risePerSec*span.Seconds()) + 1000; l.bound > 1.5*rate {
			l.bound = math.Inf(1)
		}
	}
	return back
}

// judge ends a trial when enough packets have told.
func (l *lossy) judge(now time.Time, rate float64) float64 {
	t := l.test
	// Where sending less helps hardly anything is lost: half of the packets
	// tell the contrary.
	sure := lossSure
	if float64(t.lost) > 0.85*t.share*float64(t.all) {
		sure = lossSure / 2
	}
	if t.all < sure && now.Sub(t.from) < 2*time.Second {
		return 0
	}
	l.test = trial{}
	if t.all < lossLeast {
		return 0
	}
	share := float64(t.lost) / float64(t.all)
	if rate > 0.95*t.rate || share > lossOwn || (share-l.own)/(1-l.own) < 0.5*t.share {
		return 0 // it helped, or did not help enough
	}
	// As little was the rate to blame for what was lost before.
	own := ledger{t.lost + t.before.lost, t.all + t.before.all}.share()
	l.own, l.ownAt, l.bound = min(own, lossOwn), now, math.Inf(1)
	return t.rate
}
