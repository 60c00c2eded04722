package bandwidth

import (
	"math"
	"time"
)

// usage is what the delay says of the path.
type usage uint8

const (
	normal usage = iota
	overuse
	underuse
)

const (
	burst       = 5 * time.Millisecond // packets sent within it are one group
	trendWindow = 20                   // groups
	trendSmooth = 0.9
	trendGain   = 4.0
	trendMost   = 60 // groups that count towards the gain
	kUp, kDown  = 0.0087, 0.039
	overuseTime = 10.0 // ms that the slope must stay too steep
)

// group is packets that left together.
type group struct {
	firstSent, lastSent time.Time
	firstAt, lastAt     time.Duration
	size                int
	any                 bool
}

// trend looks whether packets take longer and longer: a queue is filling.
type trend struct {
	cur, prev group

	n        int
	acc      float64 // ms of delay since the beginning
	smoothed float64
	first    time.Duration
	at       [trendWindow]float64 // ms of arrival
	delay    [trendWindow]float64 // ms, smoothed
	filled   int
	next     int

	threshold float64 // ms
	adapted   time.Duration
	overFor   float64 // ms; -1: not over
	overs     int
	was       float64
	state     usage
}

func newTrend() trend { return trend{threshold: 12.5, overFor: -1} }

// add takes a packet that arrived, in the order of departure.
func (t *trend) add(p Packet) {
	switch {
	case !t.cur.any:
		t.cur = begin(p)
		return
	case p.Departure.Before(t.cur.firstSent):
		return // reordered at the sender: no group of its own
	case t.joins(p):
		t.cur.lastSent = later(t.cur.lastSent, p.Departure)
		t.cur.lastAt = max(t.cur.lastAt, p.Arrival)
		t.cur.size += p.Size
		return
	}
	if t.prev.any {
		sent := ms(t.cur.lastSent.Sub(t.prev.lastSent))
		came := ms(t.cur.lastAt - t.prev.lastAt)
		if came-sent > 3000 || came < 0 {
			// A clock that jumped, or a path that changed: begin anew.
			*t = trend{threshold: t.threshold, overFor: -1, cur: begin(p)}
			return
		}
		t.slope(came-sent, sent, t.cur.lastAt)
	}
	t.prev, t.cur = t.cur, begin(p)
}

func begin(p Packet) group {
	return group{firstSent: p.Departure, lastSent: p.Departure, firstAt: p.Arrival, lastAt: p.Arrival, size: p.Size, any: true}
}

// joins reports whether p belongs to the group at hand: sent with it, or
// arriving on its heels after having caught up.
func (t *trend) joins(p Packet) bool {
	if p.Departure.Sub(t.cur.firstSent) <= burst {
		return true
	}
	came := p.Arrival - t.cur.lastAt
	caughtUp := came-p.Departure.Sub(t.cur.lastSent) < 0
	return caughtUp && came <= burst && p.Arrival-t.cur.firstAt < 100*time.Millisecond
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// slope takes by how much the delay changed from one group to the next.
func (t *trend) slope(change, sent float64, at time.Duration) {
	if t.filled == 0 {
		t.first = at
	}
	t.n = min(t.n+1, 1000)
	t.acc += change
	t.smoothed = trendSmooth*t.smoothed + (1-trendSmooth)*t.acc
	t.at[t.next], t.delay[t.next] = ms(at-t.first), t.smoothed
	t.next = (t.next + 1) % trendWindow
	t.filled = min(t.filled+1, trendWindow)
	slope := t.was
	if t.filled == trendWindow {
		if s, ok := t.fit(); ok {
			slope = s
		}
	}
	t.detect(slope, sent, at)
}

// fit is the slope of a straight line through the window, by least squares.
func (t *trend) fit() (float64, bool) {
	var x, y float64
	for i := range trendWindow {
		x += t.at[i]
		y += t.delay[i]
	}
	x, y = x/trendWindow, y/trendWindow
	var up, down float64
	for i := range trendWindow {
		up += (t.at[i] - x) * (t.delay[i] - y)
		down += (t.at[i] - x) * (t.at[i] - x)
	}
	return up / down, down != 0
}

func (t *trend) detect(slope, sent float64, at time.Duration) {
	if t.n < 2 {
		return
	}
	weighed := float64(min(t.n, trendMost)) * slope * trendGain
	switch {
	case weighed > t.threshold:
		if t.overFor < 0 {
			t.overFor = sent / 2
		} else {
			t.overFor += sent
		}
		t.overs++
		if t.overFor > overuseTime && t.overs > 1 && slope >= t.was {
			t.overFor, t.overs, t.state = 0, 0, overuse
		}
	case weighed < -t.threshold:
		t.overFor, t.overs, t.state = -1, 0, underuse
	default:
		t.overFor, t.overs, t.state = -1, 0, normal
	}
	t.was = slope
	t.adapt(weighed, at)
}

// adapt lets the threshold follow the jitter of the path, so that other
// traffic on it does not starve this one.
func (t *trend) adapt(weighed float64, at time.Duration) {
	w := math.Abs(weighed)
	if w > t.threshold+15 { // a sudden change, not jitter
		t.adapted = at
		return
	}
	k := kUp
	if w < t.threshold {
		k = kDown
	}
	dt := min(ms(at-t.adapted), 100)
	t.threshold = min(max(t.threshold+k*(w-t.threshold)*dt, 6), 600)
	t.adapted = at
}
