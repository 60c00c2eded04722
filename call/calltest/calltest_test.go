package calltest

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/signaling/room"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signal is call.Signal; written out, because call's own tests import this
// package.
type signal interface {
	Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error)
	Send(kind wire.Kind, call string, body any) error
	Incoming() <-chan wire.Envelope
	ICE(ctx context.Context) (wire.ICE, error)
	Online() bool
	Subscribe() (<-chan struct{}, func())
}

var _ signal = (*Party)(nil)

func offer(to string) wire.Invite {
	return wire.Invite{To: to, Media: wire.Media{Audio: true}, Offer: wire.Description{Type: "offer", SDP: "v=0\r\n"}}
}

func invite(t *testing.T, p *Party, call string, in wire.Invite) error {
	t.Helper()
	_, err := p.Request(t.Context(), wire.KindInvite, call, in)
	return err
}

func next(t *testing.T, p *Party, want wire.Kind) wire.Envelope {
	t.Helper()
	select {
	case e := <-p.Incoming():
		if e.Kind != want {
			t.Fatalf("%s got %s, want %s", p.Person().Name, e.Kind, want)
		}
		return e
	case <-time.After(time.Minute): // only where something is broken; virtual where time is
		t.Fatalf("%s got no %s", p.Person().Name, want)
	}
	panic("not reached")
}

func code(err error) wire.Code {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestCallGoesItsWay(t *testing.T) {
	s := NewService(t)
	a, b, b2 := s.Join("Ada"), s.Join("Bo"), s.Join("Bo")
	if err := invite(t, a, "c1", offer("bo")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Party{b, b2} {
		if e := next(t, p, wire.KindInvite); e.From == nil || e.From.Name != "Ada" {
			t.Errorf("from %+v", e.From)
		}
	}
	if err := b.Send(wire.KindRinging, "c1", nil); err != nil {
		t.Fatal(err)
	}
	next(t, a, wire.KindRinging)
	answer := wire.Answer{Answer: wire.Description{Type: "answer", SDP: "v=0\r\n"}}
	if _, err := b.Request(t.Context(), wire.KindAnswer, "c1", answer); err != nil {
		t.Fatal(err)
	}
	next(t, a, wire.KindAnswer)
	next(t, b2, wire.KindTaken)
	if _, err := b2.Request(t.Context(), wire.KindAnswer, "c1", answer); code(err) != wire.CodeNotYours {
		t.Errorf("answer on a second device: %v", err)
	}
	if s.Presence("Ada") != wire.InCall {
		t.Errorf("Ada is %s", s.Presence("Ada"))
	}
	if err := a.Send(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup}); err != nil {
		t.Fatal(err)
	}
	next(t, b, wire.KindHangup)
}

func TestGlareNobodyAndLinks(t *testing.T) {
	s := NewService(t)
	a, b := s.Join("Ada"), s.Join("Bo")
	if err := invite(t, a, "c1", offer("Bo")); err != nil {
		t.Fatal(err)
	}
	err := invite(t, b, "c2", offer("Ada"))
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != wire.CodeGlare || e.Call != "c1" {
		t.Errorf("both call: %v", err)
	}
	if err := invite(t, a, "c3", offer("Nobody")); code(err) != wire.CodeNobody {
		t.Errorf("nobody: %v", err)
	}
	by := offer("")
	by.Link = "abc"
	if err := invite(t, b, "c4", by); code(err) != wire.CodeLinkUnknown {
		t.Errorf("unknown link: %v", err)
	}
	c := s.Join("Cy")
	s.AddLink("abc", "Cy")
	if err := invite(t, b, "c4", by); err != nil {
		t.Errorf("link: %v", err)
	}
	next(t, c, wire.KindInvite)
}

func TestNothingIsLostWhileTheLineIsCut(t *testing.T) {
	s := NewService(t)
	a, b := s.Join("Ada"), s.Join("Bo")
	b.SetOnline(false)
	if b.Online() {
		t.Error("still online")
	}
	if err := invite(t, a, "c1", offer("Bo")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		cand := wire.Candidates{Candidates: []wire.Candidate{{Candidate: "candidate:x"}}, Generation: i}
		if err := a.Send(wire.KindCandidates, "c1", cand); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Send(wire.KindRinging, "c1", nil); err != nil {
		t.Fatal(err)
	}
	changed, stop := b.Subscribe()
	defer stop()
	b.SetOnline(true)
	<-changed
	next(t, b, wire.KindInvite)
	for i := range 3 {
		c, err := wire.Body[wire.Candidates](next(t, b, wire.KindCandidates))
		if err != nil || c.Generation != i {
			t.Errorf("candidates %d (%v), want %d", c.Generation, err, i)
		}
	}
	next(t, a, wire.KindRinging)
}

func TestNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewService(t, func(c *room.Config) { c.RingFor = 2 * time.Second })
		a, b := s.Join("Ada"), s.Join("Bo")
		if err := invite(t, a, "c1", offer("Bo")); err != nil {
			t.Fatal(err)
		}
		next(t, b, wire.KindInvite)
		for _, p := range []*Party{a, b} {
			r, err := wire.Body[wire.Reason](next(t, p, wire.KindCancel))
			if err != nil || r.Reason != wire.EndNoAnswer {
				t.Errorf("%+v %v", r, err)
			}
		}
	})
}

func listenUDP(t *testing.T, h *Host) net.PacketConn {
	t.Helper()
	c, err := h.Net().ListenPacket("udp4", net.JoinHostPort(h.Addr().String(), "4000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestNetworkLosesWhatItIsTold(t *testing.T) {
	n := NewNetwork(t, Options{})
	a, b := n.Host(Direct), n.Host(Cone)
	n.Start()
	from, to := listenUDP(t, b), listenUDP(t, a)
	send := func(packets int) (arrived int) {
		passed, dropped := n.Packets()
		for range packets {
			if _, err := from.WriteTo([]byte("x"), to.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		for { // until the network has decided about each
			p, d := n.Packets()
			if p+d-passed-dropped == uint64(packets) {
				return int(p - passed)
			}
			time.Sleep(time.Millisecond)
		}
	}
	if got := send(100); got != 100 {
		t.Errorf("%d of 100 passed", got)
	}
	n.SetLoss(0.5)
	if got := send(400); got < 120 || got > 280 {
		t.Errorf("%d of 400 passed at a loss of 0.5", got)
	}
	n.SetLoss(0)
	a.SetDown(true)
	if got := send(50); got != 0 {
		t.Errorf("%d of 50 reached a host that is cut off", got)
	}
	a.SetDown(false)
	n.SetDown(true)
	if got := send(50); got != 0 {
		t.Errorf("%d of 50 passed an outage", got)
	}
	n.SetDown(false)
	if got := send(50); got != 50 {
		t.Errorf("%d of 50 passed after it", got)
	}
	buf := make([]byte, 10)
	_, src, err := to.ReadFrom(buf)
	if err != nil {
		t.Fatal(err)
	}
	if ipOf(src) != b.Outside() {
		t.Errorf("seen as %v, want the translator's %v", src, b.Outside())
	}
}
