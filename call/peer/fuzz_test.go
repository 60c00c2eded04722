package peer

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// FuzzFeedback hands anything as RTCP to a flow that has packets on their way.
func FuzzFeedback(f *testing.F) {
	f.Add(tccReport(f, 100, 8), uint16(100), uint16(20))
	f.Add(tccReport(f, 65530, 20), uint16(65500), uint16(100))
	f.Add(append(tccReport(f, 100, 8), tccReport(f, 0, 200)...), uint16(0), uint16(300))
	lost := tccReport(f, 0, 1)
	binary.BigEndian.PutUint16(lost[countAt:], rememberFB)
	lost = append(lost[:countAt+6], bytes.Repeat([]byte{0x1f, 0xff}, 20)...) // 8191 that did not come
	binary.BigEndian.PutUint16(lost[2:], uint16(len(lost)/4-1))
	f.Add(lost, uint16(0), uint16(9000))
	f.Fuzz(func(t *testing.T, raw []byte, seq, n uint16) {
		fl := newFlow(make(chan struct{}, 1))
		fl.onPath(PathHost, 20*time.Millisecond)
		now := time.Unix(1000, 0)
		for range 3 {
			for range n % 300 {
				fl.record(seq, 1200, now)
				seq++
				now = now.Add(time.Millisecond)
			}
			eachFeedback(raw, func(fb *rtcp.TransportLayerCC) { fl.feedback(now, fb) })
			now = now.Add(lateFB)
			fl.tick(now)
		}
		if len(fl.absent) > rememberFB || len(fl.report) > rememberFB {
			t.Fatalf("%d packets missing, %d in a report", len(fl.absent), len(fl.report))
		}
		if got := fl.est.Target(); got < leastBPS || got > fl.mostLocked() {
			t.Fatalf("target %d", got)
		}
		if v := fl.videoLocked(now); v < 0 || v > fl.wanted {
			t.Fatalf("%d bit/s of pictures", v)
		}
		fl.ask(now, 10_000)
	})
}

// A report that claims a whole round of sequence numbers is refused before it
// costs anything, and what it came with is not handed on.
func TestHugeReportIsRefused(t *testing.T) {
	raw := tccReport(t, 0, 1)
	binary.BigEndian.PutUint16(raw[countAt:], 65535)
	got := 0
	n := testing.AllocsPerRun(100, func() {
		if eachFeedback(raw, func(*rtcp.TransportLayerCC) { got++ }) {
			t.Fatal("it was let through")
		}
	})
	if got != 0 || n != 0 {
		t.Errorf("%d reports, %v allocations", got, n)
	}
	if !eachFeedback(tccReport(t, 0, 8), func(*rtcp.TransportLayerCC) { got++ }) || got != 1 {
		t.Error("a usual report was refused")
	}
}

// FuzzIncoming hands anything as an RTP packet to what reads them.
func FuzzIncoming(f *testing.F) {
	f.Add(incomingPacket(f))
	f.Add([]byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0xbe, 0xde, 0xff, 0xff})
	f.Add([]byte{0xbf, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0xff})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s slab
		good := incomingPacket(t)
		for range 3 {
			n := copy(s.room(), raw)
			if p, err := s.packet(n); err == nil && len(p.Payload) > n {
				t.Fatalf("a payload of %d in a packet of %d", len(p.Payload), n)
			}
			p, err := s.packet(copy(s.room(), good))
			if err != nil || len(p.Payload) != 1100 || len(p.Extensions) != 2 {
				t.Fatalf("the packet behind it: %v", err)
			}
		}
	})
}
