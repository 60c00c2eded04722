package voice

import (
	"time"

	"parley/media/jitter"
)

const (
	mendMost   = 100 * time.Millisecond // for what comes later still nobody waits
	mendForget = 0.95                   // of the last 20 that were lost
	mendFor    = 10 * time.Second       // without loss, there is no reason to wait
)

// mends remembers how late what was lost is there with a later packet: as a whole,
// or as repair data. To wait for it costs a packet's length or two, and only
// while packets are lost.
type mends struct {
	late *jitter.Histogram
	left int64 // Pulls for which it is remembered
}

func newMends() mends {
	return mends{late: jitter.NewHistogram(latenessBucket, int(mendMost/latenessBucket)+1, mendForget)}
}

func (m *mends) add(late time.Duration) {
	if late >= mendMost {
		return
	}
	m.late.Add(late)
	m.left = int64(mendFor.Seconds() * 100)
}

// pulled is called once for each Pull.
func (m *mends) pulled() { m.left = max(m.left-1, 0) }

// wait is the delay at which the share q of them is in time.
func (m *mends) wait(q float64) time.Duration {
	if m.left == 0 {
		return 0
	}
	return m.late.Quantile(q)
}
