package peer

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"parley/media"
)

// What is allocated on the way of a packet, each with a benchmark:
//
//	Track.WriteUnit   the unit's data, once: it is kept for retransmission
//	sender            nothing; pion's interceptors and SRTP their own (BenchmarkPackets)
//	retransmissions   nothing: they lie ready behind the data
//	Remote.ReadRTP    a slab for a dozen packets: the jitter buffer keeps them
//	feedback          what pion's parser makes of a report, 20 times a second

// wire is the end of a sender: it sets an extension as pion's numbering does.
type onWire struct{ n int }

var number = []byte{0, 0}

func (w *onWire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.n++
	return len(payload), h.SetExtension(1, number)
}

func (w *onWire) Write(b []byte) (int, error) { return len(b), nil }

func benchTrack(k Kind) (*Track, *sender) {
	s := newSender()
	s.setLive(true)
	t := newTrack(k, s, func() {})
	t.stream = &onWire{}
	if k == Video {
		t.past.ssrc, t.past.pt = 77, 97
	}
	return t, s
}

func (s *sender) flush() {
	for {
		p, ok := s.popSound()
		if !ok {
			if p, ok = s.popPaced(); !ok {
				return
			}
		}
		s.write(p, 0)
	}
}

func videoUnit() media.Unit {
	return media.Unit{Codec: media.VP8, Data: make([]byte, 8000), Key: true, Dur: 33 * time.Millisecond}
}

func audioUnit() media.Unit {
	return media.Unit{Codec: media.Opus, Data: make([]byte, 80), Key: true, Dur: 20 * time.Millisecond}
}

func TestAllocationsPerUnit(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		unit media.Unit
	}{{Audio, audioUnit()}, {Video, videoUnit()}} {
		tr, s := benchTrack(c.kind)
		u := c.unit
		got := testing.AllocsPerRun(2000, func() {
			u.PTS += u.Dur
			if err := tr.WriteUnit(u); err != nil {
				t.Fatal(err)
			}
			s.flush()
		})
		if got > 1 {
			t.Errorf("%v: %v allocations per unit, want its data alone", c.kind, got)
		}
	}
}

func TestAllocationsPerRetransmission(t *testing.T) {
	tr, s := benchTrack(Video)
	u := videoUnit()
	nack := &rtcp.TransportLayerNack{Nacks: []rtcp.NackPair{{}}}
	now := time.Now()
	write := func() {
		u.PTS += u.Dur
		if err := tr.WriteUnit(u); err != nil {
			t.Fatal(err)
		}
		s.flush()
	}
	write()
	if got := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		nack.Nacks[0].PacketID = tr.seq - 1
		tr.resend(nack, now, 0)
		if p, ok := s.popPaced(); ok {
			s.write(p, 0)
		}
		if p, ok := tr.repeat(); ok {
			s.write(p, 1)
		}
	}); got != 0 {
		t.Errorf("%v allocations per retransmission and one of a probe", got)
	}
	if tr.n.resent < 1000 {
		t.Errorf("%d were sent again", tr.n.resent)
	}
}

// incomingPacket is one as Chromium sends it.
func incomingPacket(tb testing.TB) []byte {
	h := rtp.Header{Version: 2, SSRC: 5, PayloadType: 96, SequenceNumber: 1}
	for id := range uint8(2) {
		if err := h.SetExtension(id+1, []byte{0, id}); err != nil {
			tb.Fatal(err)
		}
	}
	b, err := (&rtp.Packet{Header: h, Payload: make([]byte, 1100)}).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestSlabKeepsPacketsApart(t *testing.T) {
	raw := incomingPacket(t)
	var s slab
	var got []*rtp.Packet
	for i := range 100 {
		binary.BigEndian.PutUint16(raw[2:], uint16(i))
		raw[len(raw)-1] = byte(i)
		n := copy(s.room(), raw)
		if i%7 == 3 { // in between come some that are none
			if _, err := s.packet(5); err == nil {
				t.Fatal("five bytes are a packet")
			}
			n = copy(s.room(), raw)
		}
		p, err := s.packet(n)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	for i, p := range got {
		if int(p.SequenceNumber) != i || int(p.Payload[len(p.Payload)-1]) != i || len(p.Payload) != 1100 || p.GetExtension(2)[1] != 1 {
			t.Fatalf("packet %d is %d, ends in %d", i, p.SequenceNumber, p.Payload[len(p.Payload)-1])
		}
	}
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := s.packet(copy(s.room(), raw)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 { // AllocsPerRun rounds down
		t.Errorf("%v allocations per packet", n)
	}
}

func benchmarkWrite(b *testing.B, k Kind, u media.Unit) {
	tr, s := benchTrack(k)
	b.SetBytes(int64(len(u.Data)))
	b.ReportAllocs()
	for b.Loop() {
		u.PTS += u.Dur
		if err := tr.WriteUnit(u); err != nil {
			b.Fatal(err)
		}
		s.flush()
	}
}

func BenchmarkWriteVideo(b *testing.B) { benchmarkWrite(b, Video, videoUnit()) }
func BenchmarkWriteAudio(b *testing.B) { benchmarkWrite(b, Audio, audioUnit()) }

// BenchmarkRead is what ReadRTP adds to pion's Read.
func BenchmarkRead(b *testing.B) {
	raw := incomingPacket(b)
	var s slab
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.packet(copy(s.room(), raw)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReport is a report of the other side on 50 ms of 1.5 Mbit/s.
func BenchmarkReport(b *testing.B) {
	f := newFlow(make(chan struct{}, 1))
	now := time.Now()
	var seq uint16
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		raw := tccReport(b, seq, 8)
		b.StartTimer()
		for range 8 {
			f.record(seq, 1200, now)
			seq++
		}
		now = now.Add(50 * time.Millisecond)
		eachFeedback(raw, func(fb *rtcp.TransportLayerCC) { f.feedback(now, fb) })
	}
}

// tccReport says that n packets from base on came 5 ms apart.
func tccReport(tb testing.TB, base uint16, n int) []byte {
	fb := &rtcp.TransportLayerCC{
		BaseSequenceNumber: base, PacketStatusCount: uint16(n), ReferenceTime: uint32(base),
		PacketChunks: []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{
			PacketStatusSymbol: rtcp.TypeTCCPacketReceivedSmallDelta, RunLength: uint16(n),
		}},
	}
	for range n {
		fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedSmallDelta, Delta: 5000})
	}
	size := fb.MarshalSize()
	fb.Header = rtcp.Header{
		Padding: size%4 != 0, Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16((size+3)/4 - 1),
	}
	raw, err := fb.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// BenchmarkPackets is one packet of sound from WriteUnit at one end to ReadRTP
// at the other, over loopback: with what pion, SRTP and the socket allocate.
func BenchmarkPackets(b *testing.B) {
	p := newPair(b, &loNet{}, &loNet{})
	p.connect()
	u := audioUnit()
	b.ReportAllocs()
	for b.Loop() {
		u.PTS += u.Dur
		if err := p.caller.AudioTrack().WriteUnit(u); err != nil {
			b.Fatal(err)
		}
		if _, _, err := p.callee.RemoteAudio().ReadRTP(); err != nil {
			b.Fatal(err)
		}
	}
}
