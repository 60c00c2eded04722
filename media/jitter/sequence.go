package jitter

import "time"

// Limits within which a sequence number is taken as the same run of packets
// (MAX_DROPOUT and MAX_MISORDER of RFC 3550, appendix A.1, both wider: a
// second of 4 Mbit/s video is 400 packets).
const (
	maxDropout  = 1024
	maxMisorder = 1024
)

// Sequence extends 16-bit RTP sequence numbers to 64 bits, so that they can be
// compared across wrap-around. The zero value is ready.
type Sequence struct {
	highest int64
	next    uint16 // what a sender that began anew would send after the odd packet
	started bool
	odd     bool
}

// Extend returns the extended number of seq. It refuses (ok false) a number
// that is more than 1024 away from the highest so far, unless two such packets
// follow each other: then the sender began anew, or a long outage is over,
// and reset is true; everything known by earlier numbers is void.
func (s *Sequence) Extend(seq uint16) (ext int64, reset, ok bool) {
	if !s.started {
		s.started = true
		s.highest = 1<<16 + int64(seq) // room for packets sent earlier that arrive later
		return s.highest, false, true
	}
	d := int64(int16(seq - uint16(s.highest)))
	if d > maxDropout || d < -maxMisorder {
		if !s.odd || seq != s.next {
			s.odd, s.next = true, seq+1
			return 0, false, false
		}
		s.odd = false
		s.highest = (s.highest>>16+2)<<16 | int64(seq)
		return s.highest, true, true
	}
	s.odd = false
	ext = s.highest + d
	s.highest = max(s.highest, ext)
	return ext, false, true
}

// Highest returns the highest extended number so far, 0 before the first.
func (s *Sequence) Highest() int64 { return s.highest }

// Timestamp extends 32-bit RTP timestamps to 64 bits. Each is taken as the
// nearest to the one before. The zero value is ready.
type Timestamp struct {
	last    int64
	started bool
}

// Extend returns the extended timestamp of ts.
func (t *Timestamp) Extend(ts uint32) int64 {
	if !t.started {
		t.started = true
		t.last = 1<<32 + int64(ts)
		return t.last
	}
	t.last += int64(int32(ts - uint32(t.last)))
	return t.last
}

// maxTicks is a year: what is more is no time that anybody meant, and a year is
// small enough to be added up.
const maxTicks = 365 * 24 * time.Hour

// Ticks is how long n ticks of a clock of rate Hz take, within a year. The
// product with the nanoseconds of a second would not fit into 64 bits after a
// day of 90 kHz.
func Ticks(n, rate int64) time.Duration {
	most := int64(maxTicks/time.Second) * rate
	n = min(max(n, -most), most)
	return time.Duration(n/rate)*time.Second + time.Duration(n%rate)*time.Second/time.Duration(rate)
}
