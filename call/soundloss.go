package call

import (
	"math"
	"time"

	"parley/call/peer"
)

const (
	// lossSpan is how far back losses look: what a full link drops in a moment
	// is forgotten soon, and of 100 packets a second one lost in 100 is seen.
	lossSpan = 3 * time.Second
	lossTick = 200 * time.Millisecond // as often as the other side reports
	lossRing = int(lossSpan / lossTick)

	// afterOutage is how long reports speak of an outage that is over.
	afterOutage = 2 * time.Second

	// supposedLoss is what repair data in the sound is made for until the other
	// side has reported, and for a while after: a call begins on a link that
	// nobody knows.
	supposedLoss = 0.10
	lossHalf     = 4 * time.Second // in which half of it is forgotten
)

// tally is what the other side says of all that was sent to it.
type tally struct{ lost, came int64 }

// tallyOf adds up sound and picture: they take the same way.
func tallyOf(s [2]*peer.RemoteInboundRTP) (t tally, known bool) {
	for _, r := range s {
		if r != nil {
			t.lost, t.came, known = t.lost+r.PacketsLost, t.came+int64(r.PacketsReceived), true
		}
	}
	return t, known
}

// losses is which share of what is sent does not arrive. Pure: time is an
// argument.
type losses struct {
	ring   [lossRing]tally // of the last ticks
	n      int             // ticks so far
	resume time.Time       // an outage is over and told of
	at     time.Time
	steady float64 // up at once, down slowly
}

// add takes the counts so far, a tick after those before. now is the share of
// the last seconds; lasting is what repair data should be made for.
func (l *losses) add(at time.Time, t tally) (now, lasting float64) {
	if l.at.IsZero() {
		l.at, l.steady = at, supposedLoss
	}
	l.steady *= math.Exp2(-at.Sub(l.at).Seconds() / lossHalf.Seconds())
	l.at = at
	if at.Before(l.resume) {
		return 0, l.steady
	}
	if l.n > 0 {
		before := l.ring[max(0, l.n-lossRing)%lossRing]
		lost, came := max(t.lost-before.lost, 0), max(t.came-before.came, 0)
		if lost > 0 {
			now = float64(lost) / float64(lost+came)
		}
	} else if t.lost > 0 {
		now = float64(t.lost) / float64(max(t.lost+t.came, 1))
	}
	l.ring[l.n%lossRing] = t
	l.n++
	l.steady = max(l.steady, now)
	return now, l.steady
}

// outage notes that there is no path at this time: what was sent into it says
// nothing about the path after it.
func (l *losses) outage(at time.Time) {
	l.n, l.resume = 0, at.Add(afterOutage)
}

// protect tells those who send the sound what gets lost.
func (l *link) protect(now time.Time) {
	if !l.peer.State().Ever {
		return
	}
	if l.peer.State().Conn != peer.ConnConnected {
		l.losses.outage(now)
	}
	t, known := tallyOf(l.peer.Reported())
	if !known {
		return
	}
	lately, lasting := l.losses.add(now, t)
	l.peer.SetSoundLoss(lately)
	l.local.SetAudioLoss(lasting)
}
