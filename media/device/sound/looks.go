package sound

import "time"

const (
	lookAfter  = 10 * time.Second // for a better backend, at first and for a person who opens a device
	lookSeldom = 10 * time.Minute
)

// looks paces the looks for a better backend than the one in use. Each one that
// fails costs memory that never comes back: libpulse's context, which miniaudio
// (0.11.24 of malgo) forgets when there is no server, 21 kB (measured with the
// address sanitiser), and 144 bytes of its log. Every ten seconds, as long as
// the program is open on a computer without PulseAudio, that was 7 MB an hour.
type looks struct {
	last  time.Time // zero: not yet, or it was found
	pause time.Duration
}

// due reports whether to look at now; asked: somebody waits for a device.
func (l *looks) due(now time.Time, asked bool) bool {
	pause := l.pause
	if asked {
		pause = lookAfter
	}
	return l.last.IsZero() || now.Sub(l.last) >= pause
}

// failed notes that it was not there at now.
func (l *looks) failed(now time.Time) {
	l.last, l.pause = now, min(max(2*l.pause, lookAfter), lookSeldom)
}

// found notes that the best one is in use.
func (l *looks) found() { *l = looks{} }
