package jitter

import (
	"slices"
	"time"
)

const (
	nackInterval = 20 * time.Millisecond // and never before the answer to the last one can be here
	nackTries    = 10
	nackMaxAge   = 1500 * time.Millisecond
	nackMax      = maxDropout // packets asked for at a time
)

// missing is a packet that others overtook.
type missing struct {
	seq   int64
	since time.Time
	sent  time.Time
	tries int
}

// nackList is what is missing, in order of sequence.
type nackList struct {
	list []missing
	rtt  time.Duration
	out  []uint16
}

// resend is how long to wait for the answer to a request.
func (l *nackList) resend() time.Duration { return max(nackInterval, l.rtt) }

// add notes from..to (exclusive) as missing since now. When there are too
// many, the oldest are given up.
func (l *nackList) add(from, to int64, now time.Time) {
	from = max(from, to-nackMax)
	if over := len(l.list) + int(to-from) - nackMax; over > 0 {
		l.list = slices.Delete(l.list, 0, min(over, len(l.list)))
	}
	for s := from; s < to; s++ {
		l.list = append(l.list, missing{seq: s, since: now})
	}
}

func (l *nackList) find(seq int64) (int, bool) {
	return slices.BinarySearchFunc(l.list, seq, func(m missing, s int64) int { return int(m.seq - s) })
}

// arrived removes seq. It reports whether seq was missing and whether it had
// been asked for.
func (l *nackList) arrived(seq int64) (was, asked bool) {
	i, ok := l.find(seq)
	if !ok {
		return false, false
	}
	asked = l.list[i].tries > 0
	l.list = slices.Delete(l.list, i, i+1)
	return true, asked
}

// forget drops everything before seq: nobody waits for it any more.
func (l *nackList) forget(seq int64) {
	i, _ := l.find(seq)
	l.list = slices.Delete(l.list, 0, i)
}

// expire gives up what was asked for too often or is too old.
func (l *nackList) expire(now time.Time) {
	l.list = slices.DeleteFunc(l.list, func(m missing) bool {
		return now.Sub(m.since) > nackMaxAge || m.tries >= nackTries && now.Sub(m.sent) >= l.resend()
	})
}

// due returns what to ask for now. The slice is valid until the next call.
func (l *nackList) due(now time.Time) []uint16 {
	l.out = l.out[:0]
	for i := range l.list {
		m := &l.list[i]
		if m.tries == nackTries || m.tries > 0 && now.Sub(m.sent) < l.resend() {
			continue
		}
		m.tries, m.sent = m.tries+1, now
		l.out = append(l.out, uint16(m.seq))
	}
	return l.out
}

// next returns how long until due or expire has something to do.
func (l *nackList) next(now time.Time) time.Duration {
	wait := Idle
	for _, m := range l.list {
		w := time.Duration(0)
		if m.tries > 0 {
			w = m.sent.Add(l.resend()).Sub(now)
		}
		wait = min(wait, w, m.since.Add(nackMaxAge+time.Millisecond).Sub(now))
	}
	return wait
}
