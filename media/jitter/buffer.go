package jitter

import (
	"time"

	"github.com/pion/rtp"

	"parley/media"
)

// Idle is the wait that Pop returns when nothing but a Push can change
// anything.
const Idle = time.Hour

const (
	ringSize  = 2048 // packets held at most: 3 MB; power of two, over maxDropout
	clockRate = 90000
)

// Config sets up a Buffer.
type Config struct {
	MinDelay time.Duration // least delay beyond the fastest frame
	MaxDelay time.Duration // most delay that jitter may cause, without lip sync
}

// Default returns what a call uses: 10 ms to 1 s.
func Default() Config { return Config{MinDelay: 10 * time.Millisecond, MaxDelay: time.Second} }

type slotState uint8

const (
	slotEmpty  slotState = iota
	slotData             // part of a frame
	slotFiller           // padding only: a probe for bandwidth
	slotBad              // its descriptor could not be read
)

type slot struct {
	seq     int64
	state   slotState
	marker  bool
	timed   bool // the frame that begins here is known to playout
	ts      int64
	arrived time.Time
	desc    VP8
	data    []byte
}

// Buffer orders, repairs and times the frames of one remote VP8 picture.
//
// A frame goes out when it is whole, when everything that it depends on has
// gone out before it, and when its time has come. A frame with a packet
// missing holds up those after it while the packet is asked for (Missing);
// when that takes too long, a key frame is asked for too (NeedKey), and
// whichever comes first ends the wait. Frames that can never be decoded are
// dropped, never handed out.
//
// It holds at most 2048 packets. Not safe for concurrent use.
type Buffer struct {
	seq     Sequence
	clock   Timestamp
	wall    ClockMap
	playout playout
	nack    nackList
	jitter  Interarrival
	stats   Stats

	ring    []slot
	next    int64 // first packet that was neither handed out nor given up
	begun   bool
	ssrc    uint32
	epoch   time.Time
	firstTS int64

	settled bool  // next is final: nothing before it is taken any more
	dropTS  int64 // timestamp of the frame last counted as dropped
	heard   time.Time
	emitted bool  // something has been handed out since the start or a reset
	broken  bool  // what went before is lost: only a key frame can be decoded
	prev    VP8   // of the last frame handed out
	prevTS  int64 // its timestamp
	tl0     int   // TL0PICIDX last handed out, -1 when not known

	keyAsked time.Time
	out      []byte
}

// New returns an empty buffer.
func New(c Config) *Buffer {
	return &Buffer{
		wall:    NewClockMap(clockRate),
		playout: newPlayout(c.MinDelay, c.MaxDelay),
		ring:    make([]slot, ringSize),
		broken:  true,
		tl0:     -1,
	}
}

// SetRTT sets the round-trip time, which paces requests. The default is 0.
func (b *Buffer) SetRTT(rtt time.Duration) { b.nack.rtt = min(max(rtt, 0), time.Second) }

// SetExtraDelay delays the picture by d more, for lip sync.
func (b *Buffer) SetExtraDelay(d time.Duration) {
	b.playout.extra = min(max(d, 0), time.Second)
}

// SenderReport takes the times of an RTCP sender report of this stream; with
// it, frames carry the sender's wall clock.
func (b *Buffer) SenderReport(ntp uint64, rtpTime uint32) { b.wall.Report(ntp, rtpTime) }

// RequireKey says that the decoder lost its footing: nothing but a key frame
// is handed out from here on, and one is asked for.
func (b *Buffer) RequireKey() { b.broken = true }

// Stats returns the counters.
func (b *Buffer) Stats() Stats {
	s := b.stats
	s.Jitter = b.jitter.Seconds()
	s.JitterBufferTargetDelay = b.playout.target() + b.playout.extra
	return s
}

// Delay returns how long after the fastest possible moment frames are shown
// now: jitter and lip sync together.
func (b *Buffer) Delay() time.Duration { return b.playout.current }

func (b *Buffer) slot(seq int64) *slot { return &b.ring[seq&(ringSize-1)] }

// held returns the packet seq, nil when it is not there.
func (b *Buffer) held(seq int64) *slot {
	if s := b.slot(seq); s.state != slotEmpty && s.seq == seq {
		return s
	}
	return nil
}

func (b *Buffer) mediaTime(ts int64) time.Duration { return Ticks(ts-b.firstTS, clockRate) }

// Push takes a packet that arrived at now, in any order. The buffer keeps
// p.Payload until its frame has been popped; the caller must not write to it.
// now must not run backwards.
func (b *Buffer) Push(p *rtp.Packet, now time.Time) {
	if b.begun && p.SSRC != b.ssrc {
		b.restart()
		b.seq, b.clock = Sequence{}, Timestamp{}
		b.begun = false
	}
	highest := b.seq.Highest()
	seq, reset, ok := b.seq.Extend(p.SequenceNumber)
	if !ok {
		b.stats.PacketsReceived++
		b.stats.PacketsDiscarded++
		return
	}
	if reset {
		b.restart()
	}
	b.heard = now
	b.stats.PacketsReceived++
	b.stats.BytesReceived += uint64(len(p.Payload))

	if !b.begun || reset {
		if !b.begun {
			b.begun, b.ssrc, b.epoch = true, p.SSRC, now
			b.firstTS = b.clock.Extend(p.Timestamp)
		}
		b.next = seq
	} else if seq > highest+1 {
		b.nack.add(highest+1, seq, now)
		b.stats.PacketsLost += uint64(seq - highest - 1)
	}
	if seq < b.next {
		if b.settled || b.seq.Highest()-seq >= ringSize {
			b.stats.PacketsDiscarded++
			return
		}
		// The very first packets overtook each other.
		b.next = seq
	}
	if b.held(seq) != nil {
		b.stats.PacketsDiscarded++
		return
	}
	if was, asked := b.nack.arrived(seq); was {
		b.stats.PacketsLost--
		if asked {
			b.stats.PacketsRecovered++
		}
	}
	for seq-b.next >= ringSize {
		b.skipTo(b.next + ringSize/4)
		b.broken = true
	}

	s := b.slot(seq)
	*s = slot{seq: seq, ts: b.clock.Extend(p.Timestamp), marker: p.Marker, arrived: now}
	b.stats.Packets++
	if len(p.Payload) == 0 {
		s.state = slotFiller
		return
	}
	desc, data, err := ParseVP8(p.Payload)
	if err != nil {
		b.stats.PacketsMalformed++
		s.state = slotBad
		return
	}
	s.state, s.desc, s.data = slotData, desc, data
	b.jitter.Add(now.Sub(b.epoch), b.mediaTime(s.ts))
	b.time(seq, now)
}

// time tells playout of the frame that the packet seq made whole, if it did.
func (b *Buffer) time(seq int64, now time.Time) {
	first := seq
	for {
		s := b.held(first)
		if s == nil || s.state != slotData || s.ts != b.slot(seq).ts {
			return
		}
		if s.desc.Start {
			break
		}
		first--
	}
	s := b.slot(first)
	if s.timed {
		return
	}
	if f := b.frameAt(first); f.state == frameWhole {
		s.timed = true
		b.stats.FramesReceived++
		b.playout.frame(now, b.mediaTime(s.ts))
	}
}

// restart forgets what is held: the sender began anew.
func (b *Buffer) restart() {
	for i := range b.ring {
		b.ring[i] = slot{}
	}
	b.stats.Packets = 0
	b.nack.list = b.nack.list[:0]
	b.settled, b.emitted, b.broken, b.tl0 = false, false, true, -1
	b.playout.restart()
}

// skipTo gives up everything before seq.
func (b *Buffer) skipTo(seq int64) {
	for ; b.next < seq; b.next++ {
		b.settled = true
		s := b.held(b.next)
		if s == nil {
			continue
		}
		if s.state == slotData && s.ts != b.dropTS {
			b.dropTS = s.ts
			b.stats.FramesDropped++
		}
		b.release(s)
	}
	b.nack.forget(b.next)
}

func (b *Buffer) release(s *slot) {
	*s = slot{}
	b.stats.Packets--
}

// Pop hands out the next frame whose time has come. Its Data is valid until
// the next Pop. When there is none, ok is false and wait says after how long
// to call Pop, Missing and NeedKey again, if no Push happens before.
func (b *Buffer) Pop(now time.Time) (u media.Unit, wait time.Duration, ok bool) {
	b.nack.expire(now)
	f, wait := b.choose(now)
	if f.state == frameWhole && wait == 0 {
		return b.emit(f, now), 0, true
	}
	if b.needKey(now) {
		wait = min(wait, max(b.keyAsked.Add(b.keyPause(now)).Sub(now), 0))
	} else if b.begun && (b.broken || len(b.nack.list) > 0) {
		// A wait for a retransmission or a key frame may run out.
		wait = min(wait, nackInterval)
	}
	wait = min(wait, b.nack.next(now))
	// Whoever has just been told does not have to be told in the same moment.
	return media.Unit{}, max(wait, time.Millisecond), false
}

// choose finds the next frame, dropping what can never be shown. The frame is
// to be shown when wait is 0.
func (b *Buffer) choose(now time.Time) (f frame, wait time.Duration) {
	for {
		f = b.frameAt(b.next)
		switch f.state {
		case frameWhole:
			if b.broken && !f.key {
				b.skipTo(f.last + 1)
				continue
			}
			return f, max(b.playout.due(b.mediaTime(f.ts)).Sub(now), 0)
		case frameBad:
			b.broken = b.broken || !f.desc.NonReference
			b.skipTo(f.last + 1)
			continue
		case frameOpen:
			return f, Idle
		}
		// A packet is missing. What comes after it may do without.
		if g, ok := b.beyond(f.last); ok {
			due := max(b.playout.due(b.mediaTime(g.ts)).Sub(now), 0)
			if due == 0 || b.broken {
				b.skipTo(g.first)
			}
			return g, due
		}
		if _, asked := b.nack.find(f.last); asked {
			return f, Idle
		}
		// Nobody waits for it any more: the frame is lost.
		b.lose(f)
	}
}

// lose gives up the frame f, of which the packet f.last will never come.
func (b *Buffer) lose(f frame) {
	harmless := f.first < f.last && f.desc.NonReference && b.emitted && b.prev.precedes(f.desc)
	to := f.last + 1
	for to <= b.seq.Highest() {
		if s := b.held(to); s != nil && s.state == slotData && s.desc.Start {
			break
		} else if s == nil {
			if _, asked := b.nack.find(to); asked {
				break
			}
		}
		to++
	}
	if harmless {
		// With the next picture id in place the chain is whole.
		s := b.held(to)
		harmless = s != nil && f.desc.precedes(s.desc)
	}
	b.broken = b.broken || !harmless
	b.skipTo(to)
}

// emit hands out f and everything before it.
func (b *Buffer) emit(f frame, now time.Time) media.Unit {
	b.skipTo(f.first)
	b.out = b.out[:0]
	arrived := now
	for ; b.next <= f.last; b.next++ {
		s := b.slot(b.next)
		b.out = append(b.out, s.data...)
		if s.arrived.Before(arrived) {
			arrived = s.arrived
		}
		b.release(s)
	}
	b.nack.forget(b.next)
	b.stats.JitterBufferDelay += now.Sub(arrived)
	b.stats.JitterBufferEmittedCount++
	u := media.Unit{Codec: media.VP8, Data: b.out, PTS: b.mediaTime(f.ts), Key: f.key}
	if b.emitted && f.ts > b.prevTS {
		u.Dur = b.mediaTime(f.ts) - b.mediaTime(b.prevTS)
	}
	if t, ok := b.wall.Wall(uint32(f.ts)); ok {
		u.NTP = t
	}
	if f.key {
		b.stats.KeyFramesReceived++
		b.broken = false
		b.tl0 = -1
	}
	if f.desc.HasTL0 && (!f.desc.HasTID || f.desc.TID == 0) {
		b.tl0 = int(f.desc.TL0PICIDX)
	}
	b.settled, b.emitted, b.prev, b.prevTS = true, true, f.desc, f.ts
	return u
}
