package jitter

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

const (
	ms      = time.Millisecond
	frame30 = time.Second / 30
)

// sender makes the packets of a VP8 stream whose frames carry their number.
type sender struct {
	seq       uint16
	ts        uint32
	pid       uint16
	frame     int
	layers    bool // temporal layers 0,2,1,2
	tl0       uint8
	noPID     bool
	droppable bool // the next frame is not referenced
}

// next returns the packets of the next frame, n of them.
func (s *sender) next(key bool, n int) []*rtp.Packet {
	var packets []*rtp.Packet
	for i := range n {
		head := byte(0x80)
		if s.noPID && !s.layers {
			head = 0
		}
		if i == 0 {
			head |= 0x10
		}
		if s.droppable {
			head |= 0x20
		}
		b := []byte{head}
		switch {
		case s.layers:
			tid := []byte{0, 2, 1, 2}[s.frame%4]
			if key {
				tid = 0
			}
			if tid == 0 && i == 0 {
				s.tl0++
			}
			y := byte(0)
			if tid > 0 {
				y = 0x20
			}
			b = append(b, 0xe0, 0x80|byte(s.pid>>8), byte(s.pid), s.tl0, tid<<6|y)
		case !s.noPID:
			b = append(b, 0x80, 0x80|byte(s.pid>>8), byte(s.pid))
		}
		if i == 0 {
			b = append(b, frameHead(key, 320, 180)...)
			b = binary.BigEndian.AppendUint32(b, uint32(s.frame))
		} else {
			b = append(b, byte(i))
		}
		packets = append(packets, &rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: s.seq, Timestamp: s.ts, SSRC: 7, Marker: i == n-1},
			Payload: b,
		})
		s.seq++
	}
	s.ts += clockRate / 30
	s.pid = (s.pid + 1) & 0x7fff
	s.frame++
	return packets
}

func (s *sender) filler() *rtp.Packet {
	p := &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: s.seq, Timestamp: s.ts, SSRC: 7}}
	s.seq++
	return p
}

func frameHead(key bool, w, h int) []byte {
	if !key {
		return []byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	}
	return []byte{0, 0, 0, 0x9d, 0x01, 0x2a, byte(w), byte(w >> 8), byte(h), byte(h >> 8)}
}

// number reads back which frame a popped one is, and checks its shape.
func number(t *testing.T, data []byte) int {
	t.Helper()
	if len(data) < 14 {
		t.Fatalf("a frame of %d octets came out", len(data))
	}
	for i, c := range data[14:] {
		if int(c) != i+1 {
			t.Fatalf("octet %d behind the first packet is %d: packets are mixed up", i, c)
		}
	}
	return int(binary.BigEndian.Uint32(data[10:]))
}

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// popAll takes whatever is due at now.
func popAll(t *testing.T, b *Buffer, now time.Time) (frames []int) {
	t.Helper()
	for {
		u, wait, ok := b.Pop(now)
		if !ok {
			if wait <= 0 {
				t.Fatalf("Pop asks to be called again after %v", wait)
			}
			return frames
		}
		frames = append(frames, number(t, u.Data))
	}
}

func push(b *Buffer, now time.Time, packets ...*rtp.Packet) {
	for _, p := range packets {
		b.Push(p, now)
	}
}

func TestFramesComeOutWholeAndInOrder(t *testing.T) {
	tests := []struct {
		name  string
		first uint16
		order func(p []*rtp.Packet) []*rtp.Packet
	}{
		{"in order", 100, func(p []*rtp.Packet) []*rtp.Packet { return p }},
		{"sequence wraps", 65533, func(p []*rtp.Packet) []*rtp.Packet { return p }},
		{"reversed", 100, func(p []*rtp.Packet) []*rtp.Packet { slices.Reverse(p); return p }},
		{"reversed across the wrap", 65533, func(p []*rtp.Packet) []*rtp.Packet { slices.Reverse(p); return p }},
		{"each twice", 100, func(p []*rtp.Packet) []*rtp.Packet { return append(p, p...) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &sender{seq: tt.first, ts: 0xffffff00, pid: 0x7ffe}
			var p []*rtp.Packet
			p = append(p, s.next(true, 3)...)
			p = append(p, s.next(false, 2)...)
			p = append(p, s.filler())
			p = append(p, s.next(false, 1)...)
			b := New(Default())
			push(b, start, tt.order(p)...)
			got := popAll(t, b, start.Add(time.Second))
			if !slices.Equal(got, []int{0, 1, 2}) {
				t.Fatalf("frames %v, want 0, 1, 2", got)
			}
			if st := b.Stats(); st.PacketsLost != 0 || st.FramesDropped != 0 || st.FramesReceived != 3 || st.Packets != 0 {
				t.Fatalf("stats %+v", st)
			}
		})
	}
}

func TestUnitSaysWhatAndWhen(t *testing.T) {
	s := &sender{ts: 90000}
	b := New(Default())
	b.SenderReport(uint64(3900000000)<<32|1<<31, 90000)
	push(b, start, s.next(true, 2)...)
	u, _, ok := b.Pop(start.Add(20 * ms))
	if !ok || !u.Key || u.PTS != 0 {
		t.Fatalf("first unit %v key %v at %v", ok, u.Key, u.PTS)
	}
	if want := time.Unix(3900000000-2208988800, 5e8); !u.NTP.Equal(want) {
		t.Fatalf("captured at %v, want %v", u.NTP, want)
	}
	push(b, start.Add(frame30), s.next(false, 1)...)
	u, _, ok = b.Pop(start.Add(100 * ms))
	if !ok || u.Key || u.PTS.Round(ms) != 33*ms || u.Dur.Round(ms) != 33*ms {
		t.Fatalf("second unit %v key %v at %v for %v", ok, u.Key, u.PTS, u.Dur)
	}
}

func TestLostPacketIsAskedForAndMended(t *testing.T) {
	s := &sender{}
	b := New(Default())
	b.SetRTT(50 * ms)
	push(b, start, s.next(true, 2)...)
	popAll(t, b, start.Add(30*ms))
	lost := s.next(false, 3)
	now := start.Add(frame30)
	push(b, now, lost[0], lost[2])
	if got := b.Missing(now); !slices.Equal(got, []uint16{3}) {
		t.Fatalf("asked for %v at once, want 3", got)
	}
	if got := b.Missing(now.Add(20 * ms)); len(got) != 0 {
		t.Fatalf("asked for %v again before an answer can be here", got)
	}
	if got := b.Missing(now.Add(50 * ms)); !slices.Equal(got, []uint16{3}) {
		t.Fatalf("asked for %v after a round trip, want 3 again", got)
	}
	push(b, now.Add(40*ms), s.next(false, 1)...)
	if got := popAll(t, b, now.Add(55*ms)); len(got) != 0 {
		t.Fatalf("frames %v came out around the hole", got)
	}
	if b.NeedKey(now.Add(55 * ms)) {
		t.Fatal("asked for a key frame while the retransmission may still come")
	}
	push(b, now.Add(60*ms), lost[1])
	if got := popAll(t, b, now.Add(100*ms)); !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("frames %v after the mend, want 1, 2", got)
	}
	if st := b.Stats(); st.PacketsRecovered != 1 || st.PacketsLost != 0 || st.NACKCount != 2 {
		t.Fatalf("stats %+v", st)
	}
}

func TestHopelessLossAsksForKeyFrameAtItsPace(t *testing.T) {
	s := &sender{}
	b := New(Default())
	push(b, start, s.next(true, 1)...)
	popAll(t, b, start.Add(30*ms))
	s.next(false, 2) // lost whole
	asked := 0
	var frames []int
	var first time.Duration
	for at := time.Duration(0); at < 900*ms; at += 10 * ms {
		now := start.Add(frame30 + at)
		if at%(30*ms) == 0 {
			push(b, now, s.next(false, 2)...)
		}
		frames = append(frames, popAll(t, b, now)...)
		b.Missing(now)
		if b.NeedKey(now) {
			if asked++; asked == 1 {
				first = at
			}
		}
	}
	if len(frames) != 0 {
		t.Fatalf("frames %v came out although what they depend on is lost", frames)
	}
	if first < repairMin || first > 200*ms || asked < 3 || asked > 5 {
		t.Fatalf("asked for a key frame %d times, first after %v", asked, first)
	}
	now := start.Add(time.Second)
	push(b, now, s.next(true, 4)...)
	push(b, now.Add(frame30), s.next(false, 1)...)
	want := s.frame - 2
	if got := popAll(t, b, now.Add(200*ms)); !slices.Equal(got, []int{want, want + 1}) {
		t.Fatalf("frames %v after the key frame, want %d, %d", got, want, want+1)
	}
	if b.NeedKey(now.Add(300 * ms)) {
		t.Fatal("still asks for a key frame")
	}
}

func TestSecondHalfOfAStreamAsksForKeyFrame(t *testing.T) {
	s := &sender{}
	b := New(Default())
	asked := false
	for i := range 10 {
		now := start.Add(time.Duration(i) * frame30)
		push(b, now, s.next(false, 2)...)
		if got := popAll(t, b, now); len(got) != 0 {
			t.Fatalf("frames %v before any key frame", got)
		}
		asked = asked || b.NeedKey(now)
	}
	if !asked {
		t.Fatal("nobody asked for a key frame")
	}
}

func TestDecoderCanAskForAKeyFrame(t *testing.T) {
	s := &sender{}
	b := New(Default())
	push(b, start, s.next(true, 1)...)
	popAll(t, b, start.Add(frame30))
	b.RequireKey()
	now := start.Add(120 * ms)
	push(b, now, s.next(false, 1)...)
	if got := popAll(t, b, now.Add(20*ms)); len(got) != 0 {
		t.Fatalf("frames %v although the decoder needs a key frame", got)
	}
	if !b.NeedKey(now.Add(20 * ms)) {
		t.Fatal("no key frame asked for")
	}
	push(b, now.Add(60*ms), s.next(true, 1)...)
	if got := popAll(t, b, now.Add(120*ms)); !slices.Equal(got, []int{2}) {
		t.Fatalf("frames %v, want the key frame 2", got)
	}
}

func TestLossOfUnneededFrameStopsNothing(t *testing.T) {
	t.Run("temporal layer", func(t *testing.T) {
		s := &sender{layers: true}
		b := New(Default())
		now := start
		var got []int
		for i := range 12 {
			p := s.next(i == 0, 2)
			if i != 5 && i != 7 { // both of the highest layer
				push(b, now, p...)
			}
			now = now.Add(frame30)
			got = append(got, popAll(t, b, now)...)
			if b.NeedKey(now) {
				t.Fatalf("asked for a key frame after frame %d", i)
			}
		}
		got = append(got, popAll(t, b, now.Add(time.Second))...)
		if !slices.Equal(got, []int{0, 1, 2, 3, 4, 6, 8, 9, 10, 11}) {
			t.Fatalf("frames %v, want all but 5 and 7", got)
		}
	})
	t.Run("not referenced", func(t *testing.T) {
		s := &sender{}
		b := New(Default())
		push(b, start, s.next(true, 1)...)
		s.droppable = true
		cut := s.next(false, 3)
		s.droppable = false
		push(b, start.Add(frame30), cut[0], cut[1])
		push(b, start.Add(2*frame30), s.next(false, 1)...)
		var got []int
		for at := time.Duration(0); at < 3*time.Second; at += 20 * ms {
			got = append(got, popAll(t, b, start.Add(at))...)
			b.Missing(start.Add(at))
		}
		if !slices.Equal(got, []int{0, 2}) {
			t.Fatalf("frames %v, want 0 and 2", got)
		}
	})
}

func TestMalformedPacketCostsItsFrameOnly(t *testing.T) {
	s := &sender{}
	b := New(Default())
	push(b, start, s.next(true, 1)...)
	bad := s.next(false, 1)
	bad[0].Payload = []byte{0x80, 0x80} // cut in the descriptor
	push(b, start.Add(frame30), bad...)
	if got := popAll(t, b, start.Add(2*frame30)); !slices.Equal(got, []int{0}) {
		t.Fatalf("frames %v", got)
	}
	if !b.NeedKey(start.Add(150 * ms)) {
		t.Fatal("a lost frame did not lead to a request for a key frame")
	}
	push(b, start.Add(200*ms), s.next(true, 1)...)
	if got := popAll(t, b, start.Add(400*ms)); !slices.Equal(got, []int{2}) {
		t.Fatalf("frames %v after the key frame", got)
	}
	if b.Stats().PacketsMalformed != 1 {
		t.Fatalf("stats %+v", b.Stats())
	}
}

func TestSenderThatBeginsAnew(t *testing.T) {
	b := New(Default())
	s := &sender{seq: 100, ts: 1}
	push(b, start, s.next(true, 2)...)
	popAll(t, b, start.Add(frame30))
	t.Run("elsewhere in the numbers", func(t *testing.T) {
		s := &sender{seq: 40000, ts: 1 << 31}
		push(b, start.Add(time.Second), s.next(true, 1)...) // taken for a stray packet
		push(b, start.Add(time.Second), s.next(true, 3)...)
		if got := popAll(t, b, start.Add(2*time.Second)); !slices.Equal(got, []int{1}) {
			t.Fatalf("frames %v, want 1", got)
		}
	})
	t.Run("with another SSRC", func(t *testing.T) {
		s := &sender{seq: 100, ts: 5}
		p := s.next(true, 2)
		for _, q := range p {
			q.SSRC = 8
		}
		push(b, start.Add(3*time.Second), p...)
		if got := popAll(t, b, start.Add(4*time.Second)); !slices.Equal(got, []int{0}) {
			t.Fatalf("frames %v, want 0", got)
		}
	})
}

func TestDelayFollowsJitter(t *testing.T) {
	run := func(b *Buffer, s *sender, from time.Duration, frames int, jitter func() time.Duration) time.Duration {
		type arrival struct {
			at time.Duration
			p  []*rtp.Packet
		}
		var line []arrival
		for i := range frames {
			line = append(line, arrival{from + time.Duration(i)*frame30 + jitter(), s.next(s.frame == 0, 2)})
		}
		slices.SortStableFunc(line, func(a, b arrival) int { return int(a.at - b.at) })
		i := 0
		for at := from; i < len(line); at += ms {
			for i < len(line) && line[i].at <= at {
				push(b, start.Add(at), line[i].p...)
				i++
			}
			popAll(t, b, start.Add(at))
			b.Missing(start.Add(at))
		}
		return b.Delay()
	}
	rng := rand.New(rand.NewPCG(1, 2))
	b, s := New(Default()), &sender{}
	clean := run(b, s, 0, 300, func() time.Duration { return 0 })
	if clean < 5*ms || clean > 15*ms {
		t.Errorf("delay on a clean path %v, want about 10 ms", clean)
	}
	rough := run(b, s, 300*frame30, 300, func() time.Duration { return time.Duration(rng.IntN(100)) * ms })
	if rough < 85*ms || rough > 120*ms {
		t.Errorf("delay with 0-100 ms of jitter %v, want about 100 ms", rough)
	}
	after := run(b, s, 600*frame30, 900, func() time.Duration { return 0 })
	if after > 15*ms {
		t.Errorf("delay %v half a minute after the jitter ended", after)
	}
	b.SetExtraDelay(80 * ms)
	if extra := run(b, s, 1500*frame30, 60, func() time.Duration { return 0 }); extra-after < 78*ms || extra-after > 82*ms {
		t.Errorf("lip sync moved the delay by %v, want 80 ms", extra-after)
	}
}

// TestAnyTroubleEndsWell drives a stream through random loss, duplication and
// reordering with a sender that answers requests, and checks what must hold
// whatever happens: frames in order, each decodable, nothing kept, and the
// stream alive at the end.
func TestAnyTroubleEndsWell(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 99))
			loss, dup, rtt := rng.Float64()*0.3, rng.Float64()*0.1, time.Duration(rng.IntN(150))*ms
			jitter := 1 + rng.IntN(60)
			l := newLink(rng, &sender{seq: uint16(rng.Uint32()), ts: rng.Uint32(), pid: uint16(rng.Uint32()) & 0x7fff, layers: seed%3 == 0, noPID: seed%5 == 1})
			l.trouble = func(at time.Duration) (bool, bool, time.Duration) {
				if at > 9*time.Second {
					return false, false, rtt / 2
				}
				return rng.Float64() < loss, rng.Float64() < dup, rtt/2 + time.Duration(rng.IntN(jitter))*ms
			}
			l.rtt = rtt
			got := l.run(t, 11*time.Second)
			if len(got) < 40 {
				t.Fatalf("only %d of 330 frames came out with %.0f %% loss", len(got), loss*100)
			}
			if last := got[len(got)-1]; last < l.s.frame-12 {
				t.Fatalf("the last frame shown is %d of %d: the stream died", last, l.s.frame)
			}
			t.Logf("loss %2.0f %%, rtt %v, jitter %d ms: %d of %d frames, %d PLI, delay %v", loss*100, rtt, jitter, len(got), l.s.frame, l.b.Stats().PLICount, l.b.Delay().Round(ms))
		})
	}
}

// link is a sender, a path and a Buffer in virtual time.
type link struct {
	rng     *rand.Rand
	s       *sender
	b       *Buffer
	rtt     time.Duration
	trouble func(at time.Duration) (lost, twice bool, delay time.Duration)

	queue []flying
	sent  map[uint16]*rtp.Packet
	keyAt time.Duration // a request arrives then; -1 for none
	keys  map[int]bool
}

type flying struct {
	at time.Duration
	p  *rtp.Packet
}

func newLink(rng *rand.Rand, s *sender) *link {
	b := New(Default())
	return &link{rng: rng, s: s, b: b, sent: map[uint16]*rtp.Packet{}, keyAt: -1, keys: map[int]bool{}}
}

func (l *link) send(at time.Duration, p *rtp.Packet) {
	lost, twice, delay := l.trouble(at)
	if lost {
		return
	}
	l.queue = append(l.queue, flying{at + delay, p})
	if twice {
		l.queue = append(l.queue, flying{at + delay + 3*ms, p})
	}
}

// run returns the numbers of the frames that came out.
func (l *link) run(t *testing.T, d time.Duration) (frames []int) {
	t.Helper()
	l.b.SetRTT(l.rtt)
	nextFrame := time.Duration(0)
	prev, prevKey := -1, false
	for at := time.Duration(0); at < d; at += ms {
		now := start.Add(at)
		if at >= nextFrame {
			nextFrame += frame30
			key := l.s.frame == 0 || l.keyAt >= 0 && at >= l.keyAt
			n := 1 + l.rng.IntN(4)
			if key {
				l.keyAt = -1
				l.keys[l.s.frame] = true
				n = 10
			}
			for _, p := range l.s.next(key, n) {
				l.sent[p.SequenceNumber] = p
				l.send(at, p)
			}
		}
		l.queue = slices.DeleteFunc(l.queue, func(f flying) bool {
			if f.at > at {
				return false
			}
			c := *f.p
			l.b.Push(&c, now)
			return true
		})
		for {
			u, wait, ok := l.b.Pop(now)
			if !ok {
				if wait <= 0 {
					t.Fatalf("Pop asks to be called again after %v", wait)
				}
				break
			}
			n := number(t, u.Data)
			if n <= prev {
				t.Fatalf("frame %d came out after %d", n, prev)
			}
			if u.Key != l.keys[n] {
				t.Fatalf("frame %d: key %v", n, u.Key)
			}
			if n != prev+1 && !u.Key && !l.s.layers {
				t.Fatalf("frame %d came out although %d, on which it depends, had not (after %d, key %v)", n, n-1, prev, prevKey)
			}
			prev, prevKey = n, u.Key
			frames = append(frames, n)
		}
		for _, seq := range l.b.Missing(now) {
			if p := l.sent[seq]; p != nil {
				l.send(at+l.rtt/2, p)
			}
		}
		if l.b.NeedKey(now) && l.keyAt < 0 {
			l.keyAt = at + l.rtt/2
		}
		if st := l.b.Stats(); st.Packets > ringSize {
			t.Fatalf("%d packets held", st.Packets)
		}
	}
	return frames
}

// TestAnHour runs an hour of 30 frames/s with all counters wrapping.
func TestAnHour(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := &sender{seq: 65000, ts: 1<<32 - 90000*60}
	b := New(Default())
	shown := 0
	frames := int(time.Hour / frame30)
	for i := range frames {
		now := start.Add(time.Duration(i) * frame30)
		p := s.next(i == 0, 2)
		if rng.IntN(50) == 0 {
			p[0], p[1] = p[1], p[0]
		}
		push(b, now.Add(time.Duration(rng.IntN(10))*ms), p...)
		shown += len(popAll(t, b, now.Add(frame30-ms)))
	}
	shown += len(popAll(t, b, start.Add(time.Hour+time.Second)))
	if shown != frames {
		t.Fatalf("%d of %d frames came out", shown, frames)
	}
	if d := b.Delay(); d > 25*ms {
		t.Fatalf("delay %v at the end", d)
	}
}

func TestTenSecondsOfSilence(t *testing.T) {
	s := &sender{}
	b := New(Default())
	push(b, start, s.next(true, 2)...)
	popAll(t, b, start.Add(frame30))
	for range 300 {
		s.next(false, 6)
	}
	now := start.Add(10 * time.Second)
	asked := false
	var got []int
	for i := range 20 {
		push(b, now, s.next(asked && i > 2, 2)...)
		got = append(got, popAll(t, b, now)...)
		b.Missing(now)
		asked = b.NeedKey(now) || asked
		now = now.Add(frame30)
	}
	if len(got) < 10 {
		t.Fatalf("only %v came out after the outage", got)
	}
	if d := b.Delay(); d > 50*ms {
		t.Fatalf("delay %v after the outage", d)
	}
}

func TestFarTimestampDoesNotHoldTheStream(t *testing.T) {
	s := &sender{}
	b := New(Default())
	push(b, start, s.next(true, 1)...)
	popAll(t, b, start.Add(frame30))
	s.ts += 90000 * 3600
	push(b, start.Add(2*frame30), s.next(false, 1)...)
	if got := popAll(t, b, start.Add(2*frame30+100*ms)); !slices.Equal(got, []int{1}) {
		t.Fatalf("frames %v: a jump of the timestamps stopped the picture", got)
	}
}

// A call of two days: the timestamps have wrapped more than three times, and
// their nanoseconds would not fit into 64 bits if they were multiplied first.
func TestTwoDays(t *testing.T) {
	s := &sender{}
	b := New(Default())
	now := start
	var last time.Duration
	for i := range 48 {
		now, s.ts = now.Add(time.Hour), s.ts+3600*clockRate
		push(b, now, s.next(true, 1)...)
		u, _, ok := b.Pop(now.Add(100 * ms))
		if !ok || i > 0 && (u.PTS-last-time.Hour).Abs() > time.Second {
			t.Fatalf("hour %d: a picture %v at %v, the one before was at %v", i, ok, u.PTS, last)
		}
		last = u.PTS
	}
}

func FuzzBuffer(f *testing.F) {
	s := &sender{layers: true}
	var seed []byte
	for _, p := range s.next(true, 3) {
		seed = append(seed, byte(len(p.Payload)), byte(p.SequenceNumber), byte(p.Timestamp>>8), 1)
		seed = append(seed, p.Payload...)
	}
	f.Add(seed)
	f.Add(bytes.Repeat([]byte{3, 200, 1, 2, 0x90, 0x80, 0x80}, 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 2048)] // long inputs find nothing more
		b := New(Default())
		now := start
		seq := uint16(0)
		for len(data) >= 4 {
			n := min(int(data[0]), len(data)-4)
			seq += uint16(int8(data[1])) * uint16(data[3]>>4|1)
			now = now.Add(time.Duration(data[3]&0xf) * ms)
			b.Push(&rtp.Packet{
				Header:  rtp.Header{SequenceNumber: seq, Timestamp: uint32(data[2]) * 1500, Marker: data[3]&1 != 0},
				Payload: bytes.Clone(data[4 : 4+n]),
			}, now)
			data = data[4+n:]
			for i := 0; ; i++ {
				u, wait, ok := b.Pop(now)
				if !ok {
					if wait <= 0 {
						t.Fatal("Pop asks to be called again at once")
					}
					break
				}
				if len(u.Data) == 0 {
					t.Fatal("an empty frame came out")
				}
				if i > ringSize {
					t.Fatal("more frames than packets")
				}
			}
			b.Missing(now)
			b.NeedKey(now)
			if st := b.Stats(); st.Packets < 0 || st.Packets > ringSize || len(b.nack.list) > nackMax {
				t.Fatalf("%d packets held, %d missing", st.Packets, len(b.nack.list))
			}
		}
	})
}

// FuzzRecovery hands a buffer packets with any header and payload, then a
// stream as it should be: its pictures come out, whatever was before.
func FuzzRecovery(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 1, 1, 4, 0x10, 1, 2, 3, 0x80, 0, 0x7f, 0xff, 0xff, 0xff, 0, 2, 0x10, 0})
	f.Add([]byte{0xff, 0xff, 0, 0, 0, 0, 0x13, 5, 0x90, 0x80, 0x80, 1, 0, 0, 1, 0x80, 0, 0, 0, 0x13, 5, 0x90, 0x80, 0x80, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 2048)] // long inputs find nothing more
		b := New(Default())
		now := start
		for len(data) >= 8 {
			n := min(int(data[7]), len(data)-8)
			b.Push(&rtp.Packet{
				Header: rtp.Header{
					SequenceNumber: binary.BigEndian.Uint16(data), Timestamp: binary.BigEndian.Uint32(data[2:]),
					SSRC: uint32(data[6] >> 7), Marker: data[6]&1 != 0,
				},
				Payload: bytes.Clone(data[8 : 8+n]),
			}, now)
			now = now.Add(time.Duration(data[6]&0x7e) * ms)
			b.Missing(now)
			b.NeedKey(now)
			for range ringSize + 1 {
				if _, _, ok := b.Pop(now); !ok {
					break
				}
			}
			data = data[8+n:]
		}
		s := &sender{seq: uint16(b.seq.Highest()) + 1, ts: uint32(b.clock.last) + 3000}
		for i := range 120 {
			push(b, now, s.next(i%15 == 0, 2)...)
			b.Missing(now)
			b.NeedKey(now)
			if u, _, ok := b.Pop(now); ok && len(u.Data) > 12 {
				return // not one of the two octets that may have been before
			}
			now = now.Add(frame30)
		}
		t.Fatalf("no picture in four seconds: %+v", b.Stats())
	})
}

func BenchmarkFrame(b *testing.B) {
	s := &sender{}
	buf := New(Default())
	now := start
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		p := s.next(i == 0, 6)
		b.StartTimer()
		push(buf, now, p...)
		now = now.Add(frame30)
		for {
			if _, _, ok := buf.Pop(now); !ok {
				break
			}
		}
	}
}

// BenchmarkHostile is a packet of a sender that leaves out every other one and
// begins a picture with each: the most that a packet costs.
func BenchmarkHostile(b *testing.B) {
	buf := New(Default())
	p := &rtp.Packet{Payload: []byte{0x90, 0x80, 0x80, 1, 0, 0, 0}}
	now := start
	b.ReportAllocs()
	for b.Loop() {
		p.SequenceNumber += 2
		p.Timestamp += 10
		now = now.Add(100 * time.Microsecond)
		buf.Push(p, now)
		buf.Missing(now)
		buf.NeedKey(now)
		for {
			if _, _, ok := buf.Pop(now); !ok {
				break
			}
		}
	}
}
