package jitter

import "time"

const (
	freezeFrames = 30
	freezePause  = 5 * time.Second
)

// FreezeMeter counts freezes as W3C webrtc-stats defines freezeCount: the time
// between two shown frames reaches max(3*avg, avg+150 ms), avg being that of
// the last 30. Five seconds and more is a pause (pauseCount): a camera that
// was switched off is not a freeze. The zero value is ready.
type FreezeMeter struct {
	last   time.Time
	gaps   [freezeFrames]time.Duration
	n, at  int
	sum    time.Duration
	counts Freezes
}

// Freezes are the counters of a FreezeMeter.
type Freezes struct {
	FreezeCount          uint64
	TotalFreezesDuration time.Duration
	PauseCount           uint64
	TotalPausesDuration  time.Duration
}

// Shown takes the moment at which a frame was shown.
func (m *FreezeMeter) Shown(now time.Time) {
	if m.last.IsZero() {
		m.last = now
		return
	}
	gap := now.Sub(m.last)
	m.last = now
	if gap >= freezePause {
		m.counts.PauseCount++
		m.counts.TotalPausesDuration += gap
		return
	}
	if m.n > 0 {
		avg := m.sum / time.Duration(m.n)
		if gap >= max(3*avg, avg+150*time.Millisecond) {
			m.counts.FreezeCount++
			m.counts.TotalFreezesDuration += gap
		}
	}
	m.sum += gap - m.gaps[m.at]
	m.gaps[m.at] = gap
	m.at = (m.at + 1) % freezeFrames
	m.n = min(m.n+1, freezeFrames)
}

// Counts returns the counters so far.
func (m *FreezeMeter) Counts() Freezes { return m.counts }
