package peer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"parley/media"
	"parley/signaling/wire"
)

func TestClassify(t *testing.T) {
	addr := netip.MustParseAddr
	host := end{typ: webrtc.ICECandidateTypeHost, addr: addr("192.168.1.2")}
	srflx := end{typ: webrtc.ICECandidateTypeSrflx, addr: addr("198.51.100.2")}
	relay := func(p string) end {
		return end{typ: webrtc.ICECandidateTypeRelay, addr: addr("203.0.113.1"), relay: p}
	}
	prflx := func(a string) end { return end{typ: webrtc.ICECandidateTypePrflx, addr: addr(a)} }
	for _, c := range []struct {
		local, remote end
		want          Path
	}{
		{host, host, PathHost},
		{host, srflx, PathSrflx},
		{srflx, host, PathSrflx},
		{end{typ: webrtc.ICECandidateTypeSrflx, addr: addr("198.51.100.2"), own: true}, host, PathHost},
		{host, prflx("192.168.1.9"), PathHost},
		{host, prflx("127.0.0.1"), PathHost},
		{host, prflx("fd00::1"), PathHost},
		{host, end{typ: webrtc.ICECandidateTypePrflx, addr: addr("10.99.0.3"), mapped: true}, PathSrflx},
		{host, prflx("198.51.100.9"), PathSrflx},
		{prflx("198.51.100.9"), host, PathSrflx},
		{relay("udp"), host, PathRelayUDP},
		{relay("tcp"), srflx, PathRelayTCP},
		{relay("tls"), relay(""), PathRelayTLS},
		{relay("dtls"), host, PathRelayTLS},
		{relay(""), host, PathRelayUDP},
		{host, relay(""), PathRelayUDP},
	} {
		if got := classify(c.local, c.remote); got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.local, c.remote, got, c.want)
		}
	}
}

func TestAddressesOfTranslators(t *testing.T) {
	var a addrs
	for _, c := range []string{
		"candidate:1 1 udp 2130706431 192.168.2.2 40000 typ host ufrag u",
		"candidate:2 1 udp 1694498815 10.99.0.2 40001 typ srflx raddr 0.0.0.0 rport 40001",
		"candidate:3 1 udp 2130706431 10.99.0.3 40000 typ host",
		"candidate:4 1 udp 1694498815 10.99.0.3 40001 typ srflx raddr 0.0.0.0 rport 40001", // no translator
		"candidate:5 1 udp 16777215 10.99.0.1 50000 typ relay raddr 0.0.0.0 rport 40001",
		"candidate:6 1 udp 2130706431 4a5b.local 40000 typ host",
		"candidate:7 1 udp", "", "candidate:8 1 udp 1 nonsense 1 typ srflx",
	} {
		a.add(wire.Candidate{Candidate: c})
	}
	for addr, want := range map[string]bool{
		"10.99.0.2": true, "10.99.0.3": false, "10.99.0.1": false, "192.168.2.2": false, "192.0.2.7": false,
	} {
		if got := a.mapped(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is a translator's: %v, want %v", addr, got, want)
		}
	}
	if a.mapped(netip.Addr{}) {
		t.Error("no address is a translator's")
	}
	for i := range 2 * maxAddrs {
		a.add(wire.Candidate{Candidate: fmt.Sprintf("candidate:9 1 udp 1 10.1.%d.%d 9 typ srflx", i/256, i%256)})
	}
	if len(a.srflx) > maxAddrs {
		t.Errorf("%d addresses are kept", len(a.srflx))
	}
}

func TestVP8PayloadsComeTogetherAgain(t *testing.T) {
	for _, size := range []int{1, maxPayload - vp8Descriptor, maxPayload - vp8Descriptor + 1, 50_000} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i * 7)
		}
		parts := vp8Payloads(nil, data, 0x7abc)
		var whole []byte
		smallest, largest := math.MaxInt, 0
		for i, b := range parts {
			b = b[rtxHeader:]
			if len(b) > maxPayload {
				t.Errorf("%d bytes: payload of %d, limit %d", size, len(b), maxPayload)
			}
			smallest, largest = min(smallest, len(b)), max(largest, len(b))
			var p codecs.VP8Packet
			rest, err := p.Unmarshal(b)
			if err != nil {
				t.Fatal(err)
			}
			if p.PictureID != 0x7abc || p.I != 1 || (p.S == 1) != (i == 0) || p.PID != 0 {
				t.Errorf("%d bytes, part %d: %+v", size, i, p)
			}
			whole = append(whole, rest...)
		}
		if !bytes.Equal(whole, data) {
			t.Errorf("%d bytes came back different", size)
		}
		if largest-smallest > 1 {
			t.Errorf("%d bytes: parts of %d and %d bytes", size, smallest, largest)
		}
	}
	if vp8Payloads(nil, nil, 1) != nil {
		t.Error("an empty picture gives packets")
	}
}

func TestRTPClock(t *testing.T) {
	c := rtpClock{rate: 90000, offset: math.MaxUint32 - 90}
	if got := c.at(time.Millisecond); got != math.MaxUint32 {
		t.Errorf("1 ms: %d", got)
	}
	if got := c.at(2 * time.Millisecond); got != 89 {
		t.Errorf("2 ms: %d, want the wrapped 89", got)
	}
	// 100 hours: no overflow on the way.
	if got, want := c.at(100*time.Hour), uint32((int64(100*3600*90000)+math.MaxUint32-90)&math.MaxUint32); got != want {
		t.Errorf("100 h: %d, want %d", got, want)
	}
}

func TestAudioTimestampsFollowOneAnother(t *testing.T) {
	c := rtpClock{rate: 48000}
	unit := func(pts time.Duration) media.Unit {
		return media.Unit{Codec: media.Opus, PTS: pts, Dur: 20 * time.Millisecond}
	}
	ms := time.Millisecond
	for _, s := range []struct {
		pts  time.Duration
		want uint32
		gap  bool
	}{
		{0, 0, true},
		{20*ms + 300*time.Microsecond, 960, false},
		{39 * ms, 1920, false},
		{60 * ms, 2880, false},
		{200 * ms, 9600, true}, // silence before it
		{220 * ms, 10560, false},
		{246 * ms, 11808, true}, // the clocks drifted apart: follow the capture
	} {
		if ts, gap := c.stamp(unit(s.pts), true); ts != s.want || gap != s.gap {
			t.Errorf("%v: %d (gap %v), want %d (gap %v)", s.pts, ts, gap, s.want, s.gap)
		}
	}
}

func TestNTP(t *testing.T) {
	at := time.Date(2025, 3, 4, 5, 6, 7, 123456789, time.UTC)
	if d := fromNTP(toNTP(at)).Sub(at).Abs(); d > 2*time.Nanosecond {
		t.Errorf("off by %v", d)
	}
	if toNTP(time.Unix(0, 0))>>32 != ntpEpoch {
		t.Error("1970 is not 2208988800 s after 1900")
	}
}

func TestSplitCandidates(t *testing.T) {
	const sdp = "v=0\r\na=candidate:session-level\r\nm=audio 9 RTP 0\r\na=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\na=mid:0\r\n" +
		"a=ice-ufrag:abcd\r\nm=video 9 RTP 0\r\na=mid:v\r\na=candidate:2 1 udp 1 10.0.0.2 2 typ host\r\na=end-of-candidates\r\na=last"
	rest, list := splitCandidates(sdp)
	if want := "v=0\r\nm=audio 9 RTP 0\r\na=mid:0\r\na=ice-ufrag:abcd\r\nm=video 9 RTP 0\r\na=mid:v\r\na=last"; rest != want {
		t.Errorf("left %q", rest)
	}
	if len(list) != 3 {
		t.Fatalf("%d candidates", len(list))
	}
	if list[0].SDPMid != nil || *list[1].SDPMid != "0" || *list[2].SDPMid != "v" || *list[2].SDPMLineIndex != 1 {
		t.Errorf("%+v", list)
	}
	if u := ufragOf(sdp); u != "abcd" {
		t.Errorf("ufrag %q", u)
	}
}

func TestRolesStay(t *testing.T) {
	const sdp = "v=0\r\nm=audio\r\na=setup:active\r\na=mid:0\r\nm=video\na=setup:active"
	if got := setupOf(sdp); got != "active" {
		t.Errorf("role %q", got)
	}
	if got, want := withSetup(sdp, otherSetup("active")), strings.ReplaceAll(sdp, "active", "passive"); got != want {
		t.Errorf("%q", got)
	}
	if got := withSetup(sdp, otherSetup("actpass")); got != sdp {
		t.Errorf("%q was changed although no role is settled", got)
	}
}

func FuzzSplitCandidates(f *testing.F) {
	f.Add("m=audio\na=mid:0\na=candidate:1 1 udp 1 10.0.0.1 1 typ host\r\n")
	f.Add("a=candidate:\r\nm=")
	f.Add("\n\n\r\na=end-of-candidates")
	f.Fuzz(func(t *testing.T, sdp string) {
		rest, list := splitCandidates(sdp)
		if again, more := splitCandidates(rest); again != rest || len(more) != 0 {
			t.Error("candidates are left")
		}
		if len(rest) > len(sdp) || (len(list) == 0 && !strings.Contains(sdp, "a=end-of-candidates") && rest != sdp) {
			t.Error("the description changed")
		}
		ufragOf(sdp)
		hideRelated(sdp)
	})
}

func TestHideRelated(t *testing.T) {
	got := hideRelated("candidate:1 1 udp 99 203.0.113.1 5000 typ relay raddr 192.168.1.7 rport 40000 generation 0")
	want := "candidate:1 1 udp 99 203.0.113.1 5000 typ relay raddr 0.0.0.0 rport 0 generation 0"
	if got != want {
		t.Errorf("%q", got)
	}
}

func cands(gen int, ufrag string, lines ...string) wire.Candidates {
	c := wire.Candidates{Generation: gen}
	for _, l := range lines {
		w := wire.Candidate{Candidate: l}
		if ufrag != "" {
			w.Ufrag = &ufrag
		}
		c.Candidates = append(c.Candidates, w)
	}
	return c
}

func lines(list []wire.Candidate) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Candidate)
	}
	return strings.Join(out, " ")
}

func TestInboxMatchesCandidatesToDescriptions(t *testing.T) {
	in := inbox{open: true}
	if got := in.add(cands(0, "u0", "a")); got != nil {
		t.Errorf("applied before the description: %v", lines(got))
	}
	if got := lines(in.applied(0, "u0")); got != "a" {
		t.Errorf("held back %q", got)
	}
	if got := lines(in.add(cands(0, "u0", "b"))); got != "b" {
		t.Errorf("got %q", got)
	}
	if got := in.add(cands(1, "u1", "c")); got != nil {
		t.Error("of a description that is not here yet")
	}
	if got := lines(in.applied(1, "u1")); got != "c" {
		t.Errorf("got %q", got)
	}
	if got := in.add(cands(0, "u0", "late")); got != nil || in.dropped != 1 {
		t.Error("a stale candidate was applied")
	}
	// An offer given up in a glare had the same number and other credentials.
	if got := in.add(cands(1, "other", "x")); got != nil || in.dropped != 2 {
		t.Error("a candidate of other credentials was applied")
	}
	if got := lines(in.add(cands(1, "", "browser", "", "bad\r\nline", strings.Repeat("y", 5000)))); got != "browser" {
		t.Errorf("got %q", got)
	}
}

func TestInboxIsBounded(t *testing.T) {
	in := inbox{}
	for range 1000 {
		in.add(cands(0, "u", "a"))
	}
	if len(in.held) > maxHeld {
		t.Errorf("%d batches are held", len(in.held))
	}
	in.openGate()
	if n := len(in.applied(0, "u")); n != maxHeld {
		t.Errorf("%d applied", n)
	}
	n := 0
	for range 1000 {
		n += len(in.add(cands(0, "u", "a")))
	}
	if n += maxHeld; n != wire.MaxCandidates {
		t.Errorf("%d candidates of one generation applied, limit %d", n, wire.MaxCandidates)
	}
}

func TestInboxPunches(t *testing.T) {
	host := wire.Candidate{Candidate: "candidate:1 1 udp 1 192.168.1.2 1000 typ host"}
	srflx := wire.Candidate{Candidate: "candidate:2 1 udp 1 198.51.100.7 1000 typ srflx raddr 192.168.1.2 rport 1000"}
	in := inbox{open: true, punching: true}
	in.applied(0, "u")
	if got := in.add(wire.Candidates{Candidates: []wire.Candidate{host, srflx}}); len(got) != 1 || got[0] != host {
		t.Fatalf("the answering side tries %v before its own addresses have arrived", got)
	}
	if got := in.punch(1); got != nil {
		t.Fatalf("another generation let %v go", got)
	}
	if got := in.punch(0); len(got) != 1 || got[0] != srflx {
		t.Fatalf("then it tries %v", got)
	}
	if got := in.add(wire.Candidates{Candidates: []wire.Candidate{srflx}}); len(got) != 1 {
		t.Fatal("one that comes later waits")
	}
	in.punching = true
	in.add(wire.Candidates{Candidates: []wire.Candidate{srflx}})
	in.applied(1, "v")
	if got := in.punch(1); got != nil {
		t.Fatalf("%v of credentials that are gone", got)
	}
}

func TestOutboxHoldsUntilTrickle(t *testing.T) {
	var o outbox
	o.init(false)
	o.begin(false)
	o.add(&wire.Candidate{Candidate: "a"})
	if _, ok := o.take(); ok {
		t.Fatal("sent before the description")
	}
	o.commit(0, "u0")
	if _, ok := o.take(); ok {
		t.Fatal("sent before Trickle")
	}
	o.openGate()
	b, ok := o.take()
	if !ok || lines(b.Candidates) != "a" || *b.Candidates[0].Ufrag != "u0" || b.End {
		t.Fatalf("%+v", b)
	}
	o.add(nil)
	if b, ok := o.take(); !ok || !b.End || len(b.Candidates) != 0 {
		t.Fatalf("no end: %+v", b)
	}
	if _, ok := o.take(); ok {
		t.Fatal("the end twice")
	}
	// A restart: what was not sent is of credentials that are gone.
	o.add(&wire.Candidate{Candidate: "old"})
	o.begin(true)
	o.add(&wire.Candidate{Candidate: "new"})
	o.commit(1, "u1")
	b, ok = o.take()
	if !ok || lines(b.Candidates) != "new" || b.Generation != 1 || *b.Candidates[0].Ufrag != "u1" {
		t.Fatalf("%+v", b)
	}
	o.back(b) // the signaler did not take it
	if again, ok := o.take(); !ok || lines(again.Candidates) != "new" {
		t.Fatalf("%+v", again)
	}
	for range 200 {
		o.add(&wire.Candidate{Candidate: "x"})
	}
	if b, _ = o.take(); len(b.Candidates) != wire.MaxCandidates-1 || o.dropped == 0 {
		t.Errorf("%d candidates sent, %d dropped", len(b.Candidates), o.dropped)
	}
}

func TestICEServersLeavesOutWhatCannotWork(t *testing.T) {
	got := iceServers(wire.ICE{Servers: []wire.ICEServer{
		{URLs: []string{"stun:example.org:3478", "nonsense", "http://example.org"}},
		{URLs: []string{"turn:example.org?transport=tcp"}},
		{URLs: []string{"turns:example.org:443"}, Username: "u", Credential: "c"},
	}}, slog.New(slog.DiscardHandler))
	if len(got) != 2 || len(got[0].URLs) != 1 || got[1].Username != "u" {
		t.Errorf("%+v", got)
	}
}

func TestQueueDropsOldSoundAndWholePictures(t *testing.T) {
	s := newSender()
	s.setLive(true)
	audio := func(n byte) []packet { return []packet{{payload: []byte{n}}} }
	for i := range byte(maxAudioPackets + 10) {
		if !s.enqueue(Audio, audio(i)) {
			t.Fatal("sound was refused")
		}
	}
	if p, _ := s.popSound(); p.payload[0] != 10 || s.aged != 10 {
		t.Errorf("the oldest packet is %d, %d were dropped", p.payload[0], s.aged)
	}
	picture := []packet{{payload: make([]byte, maxVideoBytes/2)}, {payload: make([]byte, maxVideoBytes/4)}}
	if !s.enqueue(Video, picture) || s.enqueue(Video, picture) {
		t.Error("the second picture does not fit and must be refused whole")
	}
	if p, ok := s.popPaced(); !ok || len(p.payload) != maxVideoBytes/2 {
		t.Error("the picture did not stay whole")
	}
	s.setLive(false)
	if _, ok := s.popPaced(); ok || s.bytes != 0 {
		t.Error("packets of a lost path are still there")
	}
}

func TestRetransmissionsHaveNumbersOfTheirOwn(t *testing.T) {
	h := newHistory()
	h.ssrc, h.pt = 77, 97
	for i := range uint16(2000) {
		h.add(&packet{header: rtp.Header{SSRC: 1, PayloadType: 96, SequenceNumber: 65000 + i, Timestamp: 5, Marker: true}, again: binary.BigEndian.AppendUint16(nil, 65000+i)})
	}
	now := time.Unix(1000, 0)
	const last = (65000 + 1999) & 0xffff
	head, payload, ok := h.again(last, now, repairGap)
	if !ok || head.SSRC != 77 || head.PayloadType != 97 || head.Timestamp != 5 || !head.Marker {
		t.Fatalf("%+v", head)
	}
	if want := []byte{last >> 8, last & 0xff}; !bytes.Equal(payload, want) {
		t.Errorf("payload %v, want %v", payload, want)
	}
	if _, _, ok := h.again(last, now.Add(repairGap/2), repairGap); ok {
		t.Error("sent again before the first can have arrived")
	}
	next, _, ok := h.again(last, now.Add(repairGap), repairGap)
	if !ok || next.SequenceNumber != head.SequenceNumber+1 {
		t.Errorf("number %d after %d", next.SequenceNumber, head.SequenceNumber)
	}
	if _, _, ok := h.again(65000, now, repairGap); ok {
		t.Error("a packet long gone was sent")
	}
}

func TestRetransmissionsLeaveRoom(t *testing.T) {
	h := newHistory()
	h.ssrc, h.pt = 77, 97
	now := time.Unix(1000, 0)
	var sent, again int
	for i := range uint16(1000) {
		h.add(&packet{header: rtp.Header{SequenceNumber: i}, payload: make([]byte, 1000), again: make([]byte, 1002)})
		sent += 1000
		for back := range uint16(4) { // each packet is asked for four times
			now = now.Add(repairGap)
			if _, payload, ok := h.again(i-back, now, repairGap); ok {
				again += len(payload) - 2
			}
		}
	}
	least := int(repairLeast * now.Sub(time.Unix(1000, 0)).Seconds())
	if again > sent/3+repairBurst+least || again < sent/3-2000 {
		t.Errorf("%d bytes were repeated of %d that were sent", again, sent)
	}
	for range 100 { // all that may be repeated is, in vain, and nothing new is sent
		now = now.Add(repairGap)
		h.again(999, now, repairGap)
	}
	if _, _, ok := h.again(998, now.Add(time.Second), repairGap); !ok {
		t.Error("the last picture is never completed")
	}
}

func TestAddrsDiffer(t *testing.T) {
	a, b, c := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::1")
	for _, x := range []struct {
		was, now []netip.Addr
		want     bool
	}{
		{nil, nil, false},
		{[]netip.Addr{a, c}, []netip.Addr{c, a}, false},
		{[]netip.Addr{a, a}, []netip.Addr{a}, false},
		{[]netip.Addr{a}, []netip.Addr{b}, true},
		{[]netip.Addr{a}, nil, true},
		{[]netip.Addr{a}, []netip.Addr{a, b}, true},
	} {
		if got := addrsDiffer(x.was, x.now); got != x.want {
			t.Errorf("%v to %v: %v", x.was, x.now, got)
		}
	}
}

func TestWatchNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &moving{addrs: []string{"10.0.0.1"}}
		var changes atomic.Int32
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- watchNetwork(ctx, n, time.Second, func() { changes.Add(1) }) }()
		step := func(addrs ...string) {
			n.set(addrs)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		synctest.Wait()
		step("10.0.0.1")
		step("10.0.0.1", "169.254.0.9", "127.0.0.1") // neither leads anywhere
		if got := changes.Load(); got != 0 {
			t.Errorf("%d changes, want none", got)
		}
		step()
		step("10.0.0.2")
		if got := changes.Load(); got != 2 {
			t.Errorf("%d changes, want away and back", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLocalAddrs(t *testing.T) {
	n := &moving{addrs: []string{"127.0.0.1", "fe80::1", "10.1.1.1", "::ffff:10.2.2.2"}}
	got, err := localAddrs(n)
	want := []netip.Addr{netip.MustParseAddr("10.1.1.1"), netip.MustParseAddr("10.2.2.2")}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if onlyLoopback(n) || !onlyLoopback(&moving{addrs: []string{"127.0.0.1"}}) {
		t.Error("loopback is told from others wrongly")
	}
}

// moving is a machine whose addresses change. Only Interfaces is used.
type moving struct {
	transport.Net
	mu    sync.Mutex
	addrs []string
}

func (m *moving) set(addrs []string) {
	m.mu.Lock()
	m.addrs = addrs
	m.mu.Unlock()
}
