package peer

import "time"

// mender decides when ICE is restarted. Pure: time is an argument.
//
//	Connected     only if the own address of the path is gone
//	Disconnected  after Mend if a relay may be gone; at once if the network has
//	              just changed; a direct path not at all: when an outage is over
//	              it is there again within a second, and a restart in between
//	              would have closed its sockets and found less, because an
//	              address that translators give is not found without a network
//	Connecting    if the network changed: what was gathered is stale
//	Failed        at once, again and again
//
// The polite side leaves the first try to the other for Polite, so that two
// restarts seldom cross; an address that is gone only its owner knows, and no
// one waits. Between two tries there are 2, 4, 8, 8 … s.
type mender struct {
	timing Timing
	polite bool

	asked   bool      // by Restart, or because the path's own address is gone
	changed time.Time // the network changed, and no restart since
	last    time.Time // the last try
	tries   int       // since Connected
}

const (
	mendGap    = 500 * time.Millisecond // between any two tries
	mendBack   = 2 * time.Second
	mendBackTo = 8 * time.Second
	// changedFor is how long a change of network is taken for the cause of
	// what happens after it.
	changedFor = 5 * time.Second
)

// view is what the mender looks at.
type view struct {
	conn    Conn
	since   time.Time // of conn
	pending time.Time // own offer waits for its answer since then; zero: none
	first   bool      // the first exchange is complete
	dead    bool      // restarting cannot help
	relayed bool      // the path led through a relay
}

// next says whether to restart now and otherwise when to ask again (0: not
// before something changes).
func (m *mender) next(v view, now time.Time) (restart bool, wait time.Duration) {
	if v.dead || !v.first || v.conn == ConnNew || v.conn == ConnClosed {
		return false, 0
	}
	if v.conn == ConnConnected {
		m.tries = 0
	}
	changed := !m.changed.IsZero() && now.Sub(m.changed) < changedFor
	due, ok := m.due(v, changed)
	if !ok {
		return false, 0
	}
	urgent := m.asked || changed
	if !v.pending.IsZero() && !urgent {
		// The other side has our offer, or the service will bring it.
		if t := v.pending.Add(m.timing.Answer); t.After(due) {
			due = t
		}
	}
	if !m.last.IsZero() {
		gap := mendGap
		if !urgent && m.tries > 0 {
			gap = min(mendBack<<min(m.tries-1, 8), mendBackTo)
		}
		if t := m.last.Add(gap); t.After(due) {
			due = t
		}
	}
	if left := due.Sub(now); left > 0 {
		return false, left
	}
	m.asked, m.changed, m.last = false, time.Time{}, now
	m.tries++
	return true, 0
}

func (m *mender) due(v view, changed bool) (time.Time, bool) {
	if m.asked {
		return time.Time{}, true
	}
	var d time.Duration
	switch v.conn {
	case ConnConnecting:
		return time.Time{}, changed
	case ConnDisconnected:
		switch {
		case changed:
		case v.relayed:
			d = m.timing.Mend
		default:
			return time.Time{}, false
		}
	case ConnFailed:
	default:
		return time.Time{}, false
	}
	if m.polite && m.tries == 0 {
		d += m.timing.Polite
	}
	return v.since.Add(d), true
}
