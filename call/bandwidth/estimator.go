package bandwidth

import (
	"math"
	"time"
)

// Config bounds an Estimator; all in bit/s.
type Config struct {
	Start int // to begin with
	Min   int // never less
	Max   int // what is wanted at most
}

// Estimator follows how much a path carries. Times must not go back.
type Estimator struct {
	cfg    Config
	target float64

	trend  trend
	acked  acked
	aimd   aimd
	lossy  lossy
	prober prober

	rtt     time.Duration
	heard   time.Time // last feedback
	sentAt  time.Time // last packet
	carried int       // bytes that have arrived, until that is no bound any more
	flying  int       // bytes on their way
	sent    window    // what was sent
	silent  bool      // feedback is overdue
	tried   time.Time // when something was sent all the same
	lowered time.Time // when the delay told to send less
	from    float64   // than this
	resumed time.Time // when feedback came again
}

// New returns an estimator for a path of which nothing is known.
func New(c Config) *Estimator {
	e := &Estimator{cfg: c, trend: newTrend(), lossy: newLossy()}
	e.aimd.rate = float64(c.Start)
	e.settle()
	return e
}

// SetBounds changes how much is wanted, and the least.
func (e *Estimator) SetBounds(lo, hi int) {
	e.cfg.Min, e.cfg.Max = lo, hi
	e.settle()
}

// SetRTT tells of a round trip, which feedback does not show.
func (e *Estimator) SetRTT(rtt time.Duration) {
	if rtt > 0 {
		e.rtt = rtt
	}
}

// Target is what may be sent in all, bit/s.
func (e *Estimator) Target() int { return int(e.target) }

// Loss is the share of packets lost lately, 0 to 1.
func (e *Estimator) Loss() float64 { return e.lossy.share }

// Received is what arrives, bit/s; 0 while unknown.
func (e *Estimator) Received() int { return int(e.acked.rate) }

// Usage says for the log what the delay shows: normal, over, under, silent.
func (e *Estimator) Usage() string {
	if e.silent {
		return "silent"
	}
	return [...]string{normal: "normal", overuse: "over", underuse: "under"}[e.trend.state]
}

// settle makes the target from its parts.
func (e *Estimator) settle() {
	lo, hi := float64(e.cfg.Min), float64(e.cfg.Max)
	e.aimd.rate = min(max(e.aimd.rate, lo), hi)
	e.target = min(max(min(e.aimd.rate, e.lossy.bound), lo), hi)
}

// Sent counts a packet that leaves; repeats of the path's own packets count
// like others.
func (e *Estimator) Sent(now time.Time, size int) {
	if !e.silent && (e.flying == 0 || now.Sub(e.sentAt) > time.Second) {
		e.heard = now // silence is counted from the first packet that could be answered
	}
	e.sentAt = now
	e.flying += size
	e.sent.add(now, size)
}

// Gone takes bytes off what is on its way: told of, or never to be told of.
func (e *Estimator) Gone(size int) { e.flying = max(0, e.flying-size) }

const (
	queueMost = 250 * time.Millisecond // that may lie in the path's queues
	firstMost = 12_000                 // bytes, before anything is known: the window that TCP begins with (RFC 6928), about
	overdue   = time.Second            // feedback comes every 50 ms
)

// Room reports whether more may be put on the way: a path that does not tell
// of what it got is either full or broken.
func (e *Estimator) Room() bool {
	return float64(e.flying) < e.most()
}

// most is how many bytes may be on their way.
func (e *Estimator) most() float64 {
	most := max(e.target*(e.rtt+queueMost).Seconds()/8, firstMost)
	// What is known of the path at first is what it has carried (slow start).
	return min(most, firstMost+float64(e.carried))
}

// Feedback takes what the receiver told, in the order of departure; the packets
// are off the way already (Gone).
func (e *Estimator) Feedback(now time.Time, pkts []Packet) {
	if len(pkts) == 0 {
		return
	}
	if e.silent {
		e.silent = false
		e.trend = newTrend()
		e.lossy = newLossy() // what was lost in an outage says nothing
		e.acked = acked{}
		e.prober.next = now.Add(300 * time.Millisecond)
		e.prober.every = probeEvery
		e.heard, e.resumed = now, now
		return
	}
	e.heard = now
	limited := e.sent.rate(now) < 0.65*e.target
	probed := 0.0
	flew := e.flying
	for _, p := range pkts {
		flew += p.Size
		if p.Departure.Before(e.resumed) {
			continue // what became of it says nothing of the path as it is now
		}
		e.lossy.add(p)
		if !p.Arrived {
			continue
		}
		e.acked.add(p.Arrival, p.Size, limited)
		e.carried = min(e.carried+p.Size, 1<<20)
		e.trend.add(p)
		if p.Cluster != 0 {
			if got, ok := e.prober.arrived(p, e.lossy.share > probeLossy, e.target, float64(e.cfg.Max)); ok {
				probed = got
			}
		}
	}
	was, left := e.target, e.target
	if now.Sub(e.lowered) < time.Second {
		left = e.from // what is lost may have left before the delay told to send less
	}
	left = min(left, e.sent.rate(now))
	if back := e.lossy.update(now, e.target, left, e.rtt); back > 0 {
		e.prober.soon(now)
		if back > e.aimd.rate && e.trend.state == normal {
			e.aimd.found(now, back)
		}
	}
	state := e.trend.state
	if float64(flew) >= e.most() {
		state = overuse // a queue that stands and does not grow has no slope
	}
	e.aimd.update(now, state, e.acked.rate, e.rtt)
	if probed > e.target && state != overuse {
		e.aimd.found(now, probed)
		if probed > e.lossy.bound {
			e.lossy.bound = math.Inf(1)
		}
	}
	if e.lossy.bound < e.aimd.rate {
		// The two must not drift apart: what loss forbids, delay must find anew.
		e.aimd.rate = max(e.lossy.bound, e.aimd.rate*0.98)
	}
	e.settle()
	if e.aimd.cut.Equal(now) {
		if e.target < was {
			e.lowered, e.from = now, was
		}
		// Was it the path, or only a machine that was busy for a moment?
		e.prober.every = probeEvery
		again := later(now.Add(probeCut), e.prober.last.Add(e.probeGap()))
		if e.target < 0.66*was {
			again = now.Add(2 * time.Second)
		}
		if e.prober.next.After(again) || e.target < 0.66*was {
			e.prober.next = again
		}
	}
}

// Tick looks at the clock; a few times a second is enough.
func (e *Estimator) Tick(now time.Time) {
	e.prober.tidy(now, e.rtt)
	if e.flying == 0 || now.Sub(e.heard) <= overdue+2*e.rtt {
		return
	}
	// Whoever is silent is tried again once in a while: what is on its way, or
	// what was told of it, may be lost.
	e.silent = true
	if now.Sub(e.tried) >= overdue {
		e.tried, e.flying = now, 0
	}
}

// probeGap is the least time between two probes: on a slow path five packets
// are a queue of their own.
func (e *Estimator) probeGap() time.Duration {
	cost := probePackets * probeSize * 8 / e.target // seconds
	return max(2*time.Second, time.Duration(probeRest*cost*float64(time.Second)))
}

// Probe returns what should be sent fast now, if anything. busy says that
// there are pictures to send or to repeat.
func (e *Estimator) Probe(now time.Time, busy bool) (Probe, bool) {
	if !busy || e.silent {
		return Probe{}, false
	}
	p := &e.prober
	if !p.started {
		p.started, p.every = true, probeEvery
		p.next = now.Add(2 * time.Second)
		p.want(min(2*e.target, probeMost*float64(e.cfg.Max)), probeFor)
		p.want(min(4*e.target, probeMost*float64(e.cfg.Max)), probeFor)
	}
	if len(p.queue) == 0 && len(p.flying) == 0 && !now.Before(p.next) {
		calm := e.trend.state == normal && e.lossy.ours < lossHigh && now.Sub(e.aimd.cut) > time.Second
		switch {
		case !calm:
			p.next = now.Add(500 * time.Millisecond)
		case now.Sub(p.last) < e.probeGap() && !p.again():
			p.next = p.last.Add(e.probeGap())
		case e.target < 0.98*float64(e.cfg.Max):
			p.want(min(1.5*e.target, probeMost*float64(e.cfg.Max)), probeLater)
			p.next = now.Add(p.every)
			p.every = min(p.every*3/2, probeSeldom)
		default:
			p.next = now.Add(time.Second)
		}
	}
	return p.take(now)
}

// window is how much was sent in the last second, in tenths.
type window struct {
	slot  [10]int
	begun time.Time // of the newest slot
	at    int
	known int // slots before it that say something
}

func (w *window) roll(now time.Time) {
	const tenth = 100 * time.Millisecond
	if w.begun.IsZero() || now.Sub(w.begun) > 2*time.Second {
		*w = window{begun: now}
		return
	}
	for now.Sub(w.begun) >= tenth {
		w.begun = w.begun.Add(tenth)
		w.at = (w.at + 1) % len(w.slot)
		w.slot[w.at] = 0
		w.known = min(w.known+1, len(w.slot)-1)
	}
}

func (w *window) add(now time.Time, size int) {
	w.roll(now)
	w.slot[w.at] += size
}

// rate is bit/s over the last second, or since the first packet.
func (w *window) rate(now time.Time) float64 {
	w.roll(now)
	sum := 0
	for _, s := range w.slot {
		sum += s
	}
	return float64(sum*8*len(w.slot)) / float64(w.known+1)
}
