package jitter

import "time"

const (
	// Between two requests for a key frame at least this and one round trip.
	keyInterval = 200 * time.Millisecond
	keySilent   = 2 * time.Second
	// How long a retransmission may take before a key frame is asked for, and
	// how long a key frame that has begun to arrive keeps us from asking again.
	repairMin = 100 * time.Millisecond
	repairMax = 600 * time.Millisecond
	keyGrace  = 500 * time.Millisecond
)

// Missing returns the sequence numbers to ask for again now: each at once when
// others overtook it, then every 20 ms or round trip, whichever is longer, ten
// times or one and a half seconds. The slice is valid until the next call.
func (b *Buffer) Missing(now time.Time) []uint16 {
	b.nack.expire(now)
	m := b.nack.due(now)
	if len(m) > 0 {
		b.stats.NACKCount++
	}
	return m
}

// keyPause is the least time between two requests for a key frame. To a sender
// of which nothing is heard any more, few are enough.
func (b *Buffer) keyPause(now time.Time) time.Duration {
	if now.Sub(b.heard) > keySilent {
		return keySilent
	}
	return max(keyInterval, b.nack.rtt)
}

// repairTime is how long a retransmission may take: three requests.
func (b *Buffer) repairTime() time.Duration {
	return min(max(3*b.nack.resend()+nackInterval, repairMin), repairMax)
}

// NeedKey reports whether to ask the sender for a key frame now. It is true at
// most once per 200 ms or round trip, whichever is longer.
func (b *Buffer) NeedKey(now time.Time) bool {
	if !b.needKey(now) || !b.keyAsked.IsZero() && now.Sub(b.keyAsked) < b.keyPause(now) {
		return false
	}
	b.keyAsked = now
	b.stats.PLICount++
	return true
}

func (b *Buffer) needKey(now time.Time) bool {
	if !b.begun || !b.emitted && now.Sub(b.epoch) < repairMin {
		// The first packets of the first key frame may overtake each other.
		return false
	}
	if !b.broken {
		f := b.frameAt(b.next)
		if f.state != frameGap {
			return false
		}
		i, asked := b.nack.find(f.last)
		if asked && now.Sub(b.nack.list[i].since) < b.repairTime() {
			return false
		}
		if _, ok := b.beyond(f.last); ok {
			return false
		}
	}
	return !b.keyArriving(now)
}

// keyArriving reports whether the beginning of a key frame is here and young.
func (b *Buffer) keyArriving(now time.Time) bool {
	for seq := b.seq.Highest(); seq >= b.next; seq-- {
		s := b.held(seq)
		if s == nil || s.state != slotData {
			continue
		}
		if now.Sub(s.arrived) > max(keyGrace, b.keyPause(now)) {
			return false
		}
		if s.desc.Start && IsKeyVP8(s.data) {
			return true
		}
	}
	return false
}
