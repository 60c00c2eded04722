package voice

import (
	"time"

	"parley/media/jitter"
)

// spells remembers the latest packet of every half second. A wireless link
// that stands still now and then delays few packets, but those that it delays
// come together: of all packets they are less than the share that may be too
// late, and yet each time a word is lost. NetEQ does the same; as there, packets
// that were overtaken do not count.
type spells struct {
	worst *jitter.Histogram
	begun bool
	since time.Time
	late  time.Duration
}

// add takes a packet that arrived at now.
func (s *spells) add(now time.Time, late time.Duration) {
	if s.begun && now.Sub(s.since) >= spell {
		s.worst.Add(s.late)
		s.begun = false
	}
	if !s.begun {
		s.begun, s.since, s.late = true, now, 0
	}
	s.late = max(s.late, late)
}
