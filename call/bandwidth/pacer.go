package bandwidth

import "time"

// Quantum is how much may be sent at once: a timer for each packet costs more
// than it smooths.
const Quantum = 5 * time.Millisecond

// Pacer says when the next packet may go. The zero value lets everything
// through until SetRate.
type Pacer struct {
	rate int // bit/s
	next time.Time
}

// SetRate changes the pace, bit/s.
func (p *Pacer) SetRate(bps int) { p.rate = bps }

// Wait is how long the next packet has to wait; 0: it may go.
func (p *Pacer) Wait(now time.Time) time.Duration {
	if p.rate <= 0 || p.next.Sub(now) <= Quantum {
		return 0
	}
	return p.next.Sub(now)
}

// Took counts a packet of so many bytes that went at now.
func (p *Pacer) Took(now time.Time, bytes int) {
	if p.rate <= 0 {
		return
	}
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(float64(bytes*8) / float64(p.rate) * float64(time.Second)))
}
