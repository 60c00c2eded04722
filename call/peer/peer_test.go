package peer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"parley/call/calltest"
	"parley/media"
	"parley/signaling/wire"
)

func TestMediaAndDataBothWays(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	sides := []*Peer{p.caller, p.callee}
	var heard []*listener
	for _, s := range sides {
		heard = append(heard, listen(s.RemoteAudio()), listen(s.RemoteVideo()))
	}
	for _, s := range sides {
		defer talk(s)()
	}
	for _, l := range heard {
		l.more(t, 20)
	}
	for i, s := range sides {
		other := sides[1-i]
		<-s.DataChannel().Ready()
		<-other.DataChannel().Ready()
		if err := s.DataChannel().Send([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if got := string(<-other.DataChannel().Messages()); got != "hello" {
			t.Errorf("data channel brought %q", got)
		}
	}
	for _, s := range sides {
		st := await(t, s, "path", func(s State) bool { return s.Path != PathNone })
		if st.Path != PathHost {
			t.Errorf("path %q, want host", st.Path)
		}
	}
	if c := sides[0].RemoteVideo().Codec(); c != media.VP8 {
		t.Errorf("video is %v", c)
	}

	// Statistics are there and tell of both directions.
	deadline := time.After(patience)
	for {
		st := p.caller.Stats(time.Now())
		if complete(st) == nil {
			break
		}
		select {
		case <-deadline:
			t.Fatalf("statistics: %v", complete(st))
		case <-time.After(20 * time.Millisecond):
		}
	}
	if got := p.caller.State().RTT; got <= 0 {
		t.Errorf("round trip %v", got)
	}
}

// complete says which statistic is missing.
func complete(s Stats) error {
	if s.Pair == nil || s.Pair.BytesSent == 0 || s.Pair.BytesReceived == 0 || s.Pair.CurrentRoundTripTime <= 0 {
		return fmt.Errorf("candidate pair %+v", s.Pair)
	}
	for _, k := range []Kind{Audio, Video} {
		in, out, rem := s.InboundRTP[k], s.OutboundRTP[k], s.RemoteRTP[k]
		switch {
		case in == nil || in.PacketsReceived == 0 || in.BytesReceived == 0 || in.SSRC == 0:
			return fmt.Errorf("%v inbound %+v", k, in)
		case out == nil || out.PacketsSent == 0 || out.BytesSent == 0 || out.FramesSent == 0:
			return fmt.Errorf("%v outbound %+v", k, out)
		case rem == nil || rem.RoundTripTime <= 0:
			return fmt.Errorf("%v remote inbound %+v", k, rem)
		}
	}
	return nil
}

func TestNothingIsRevealedBeforeTrickle(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	ctx := context.Background()
	offer, err := p.caller.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(offer.SDP, "a=candidate:") {
		t.Error("the offer carries addresses")
	}
	p.caller.Trickle()
	answer, err := p.callee.Accept(ctx, offer)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(answer.SDP, "a=candidate:") {
		t.Error("the prepared answer carries addresses")
	}
	// The caller's candidates are here; the callee neither answers nor tries them.
	for {
		p.callee.neg.Lock()
		held := len(p.callee.neg.in.held)
		p.callee.neg.Unlock()
		if held > 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if m := p.toCaller.messages(); len(m) != 0 {
		t.Errorf("the callee sent %v before accepting", m)
	}
	if passed, _ := n.Packets(); passed != 0 {
		t.Errorf("%d packets travelled before the callee accepted", passed)
	}
	if c := p.callee.State().Conn; c != ConnNew {
		t.Errorf("state %v while it rings", c)
	}
	p.callee.Trickle()
	if err := p.caller.Answered(ctx, answer); err != nil {
		t.Fatal(err)
	}
	p.both(ConnConnected)
}

func TestBothOfferAtOnce(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	l := listen(p.caller.RemoteAudio())
	defer talk(p.callee)()

	p.toCallee.hold(true)
	p.toCaller.hold(true)
	p.caller.Restart()
	p.callee.Restart()
	await(t, p.caller, "restart", func(s State) bool { return s.Restarts == 1 })
	await(t, p.callee, "restart", func(s State) bool { return s.Restarts == 1 })
	p.toCallee.hold(false)
	p.toCaller.hold(false)
	p.both(ConnConnected)
	l.more(t, 10)
	if g := p.caller.Stats(time.Now()).Candidates.Glares + p.callee.Stats(time.Now()).Candidates.Glares; g == 0 {
		t.Error("the offers did not cross: the test shows nothing")
	}
}

func TestOutageIsMended(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	l := listen(p.caller.RemoteVideo())
	defer talk(p.callee)()
	l.more(t, 10)

	n.SetDown(true)
	await(t, p.caller, "loss noticed", func(s State) bool { return s.Conn != ConnConnected })
	await(t, p.caller, "restart", func(s State) bool { return s.Restarts > 0 })
	if s := p.caller.State(); !s.Ever {
		t.Error("the state forgets that it was connected")
	}
	n.SetDown(false)
	p.both(ConnConnected)
	l.more(t, 10)
	// Chat goes on over the new path.
	if err := p.caller.DataChannel().Send([]byte("back")); err != nil {
		t.Fatal(err)
	}
	if got := string(<-p.callee.DataChannel().Messages()); got != "back" {
		t.Errorf("data channel brought %q", got)
	}
}

func TestShortOutageNeedsNoRestart(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	n.SetDown(true)
	await(t, p.caller, "loss noticed", func(s State) bool { return s.Conn == ConnDisconnected })
	p.caller.ServiceBack() // before the path is, which is about to be
	n.SetDown(false)
	p.both(ConnConnected)
	if a, b := p.caller.State().Restarts, p.callee.State().Restarts; a+b > 0 {
		t.Errorf("%d restarts of a path that was only away", a+b)
	}
}

func TestServiceBackBeforeThePath(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	n.SetDown(true)
	await(t, p.caller, "a try without a network", func(s State) bool { return s.Restarts == 1 && s.Conn == ConnConnecting })
	p.caller.ServiceBack()
	await(t, p.caller, "a new try", func(s State) bool { return s.Restarts == 2 })
	n.SetDown(false)
	p.both(ConnConnected)
}

func TestOutageLongerThanFailed(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	n.SetDown(true)
	await(t, p.caller, "failed", func(s State) bool { return s.Conn == ConnFailed })
	n.SetDown(false)
	p.both(ConnConnected)
}

func TestOutageOfNetworkAndService(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	n.SetDown(true)
	p.toCallee.hold(true)
	p.toCaller.hold(true)
	await(t, p.caller, "several tries", func(s State) bool { return s.Restarts >= 2 })
	await(t, p.callee, "a try", func(s State) bool { return s.Restarts >= 1 })
	n.SetDown(false)
	p.toCallee.hold(false)
	p.toCaller.hold(false)
	p.both(ConnConnected)
}

func TestOtherAddress(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	l := listen(p.callee.RemoteAudio())
	defer talk(p.caller)()
	l.more(t, 5)
	a.Move()
	p.caller.NetworkChanged()
	await(t, p.caller, "restart", func(s State) bool { return s.Restarts > 0 })
	p.both(ConnConnected)
	l.more(t, 10)
	if s := p.caller.State(); s.Restarts != 1 {
		t.Errorf("%d restarts, want one", s.Restarts)
	}
}

func TestNetworkChangeLeavesAGoodPathAlone(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	p.caller.NetworkChanged()
	l := listen(p.callee.RemoteAudio())
	defer talk(p.caller)()
	l.more(t, 10)
	if s := p.caller.State(); s.Restarts != 0 || s.Conn != ConnConnected {
		t.Errorf("%+v", s)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		a, b calltest.NAT
		opts []pairOption
		want Path
	}{
		{"cone to cone", calltest.Cone, calltest.Cone, nil, PathSrflx},
		{"port restricted to cone", calltest.PortRestricted, calltest.Cone, nil, PathSrflx},
		{"symmetric to symmetric", calltest.Symmetric, calltest.Symmetric, nil, PathRelayUDP},
		{"symmetric to port restricted", calltest.Symmetric, calltest.PortRestricted, nil, PathRelayUDP},
		{"port restricted to symmetric", calltest.PortRestricted, calltest.Symmetric, nil, PathRelayUDP},
		{"relay only", calltest.Direct, calltest.Cone, []pairOption{relayOnly}, PathRelayUDP},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := calltest.NewNetwork(t, calltest.Options{Delay: time.Millisecond})
			a, b := n.Host(c.a), n.Host(c.b)
			n.Start()
			opts := append([]pairOption{servers(n.Relay())}, c.opts...)
			p := newPair(t, a.Net(), b.Net(), opts...)
			p.connect()
			for _, s := range []*Peer{p.caller, p.callee} {
				st := await(t, s, "path", func(s State) bool { return s.Path != PathNone })
				if st.Path != c.want {
					t.Errorf("path %q, want %q", st.Path, c.want)
				}
			}
			if len(c.opts) == 0 {
				return
			}
			for _, h := range []*calltest.Host{a, b} {
				for _, m := range append(p.toCallee.messages(), p.toCaller.messages()...) {
					if text := fmt.Sprintf("%+v", m); strings.Contains(text, h.Addr().String()+" ") ||
						strings.Contains(text, h.Outside().String()+" ") {
						t.Errorf("%v is revealed in %s", h.Addr(), text)
					}
				}
			}
		})
	}
}

func TestCandidatesBeforeTheirDescription(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	ctx := context.Background()
	offer, err := p.caller.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.caller.Trickle()
	p.callee.Trickle()
	for { // the caller's candidates reach the callee first
		p.callee.neg.Lock()
		held := len(p.callee.neg.in.held)
		p.callee.neg.Unlock()
		if held > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	answer, err := p.callee.Accept(ctx, offer)
	if err != nil {
		t.Fatal(err)
	}
	for len(p.toCaller.messages()) == 0 { // and the callee's the caller
		time.Sleep(time.Millisecond)
	}
	if err := p.caller.Answered(ctx, answer); err != nil {
		t.Fatal(err)
	}
	p.both(ConnConnected)
}

func TestKeyFrameRequestReachesTheSender(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	l := listen(p.callee.RemoteVideo())
	stop := talk(p.caller)
	l.more(t, 10)
	stop()
	select { // what the connection itself asked for
	case <-p.caller.KeyRequests():
	default:
	}
	if err := p.callee.RemoteVideo().RequestKey(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.caller.KeyRequests():
	case <-time.After(patience):
		t.Fatal("the request did not arrive")
	}
}

func TestLostPacketsComeAgain(t *testing.T) {
	t.Parallel()
	n, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	l := listen(p.callee.RemoteVideo())
	stop := talk(p.caller)
	l.more(t, 20)
	n.SetLoss(0.2)
	l.more(t, 100)
	n.SetLoss(0)
	l.more(t, 5)
	stop()
	missing := l.missing()
	if len(missing) == 0 {
		t.Fatal("nothing was lost: the test shows nothing")
	}
	// No other packet comes any more: the retransmitted ones must not wait for
	// one. Asked for every 20 ms, as the jitter buffer does.
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		still := l.missing()
		if len(still) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d packets did not come again", len(still), len(missing))
		}
		if err := p.callee.RemoteVideo().SendNACK(still); err != nil {
			t.Fatal(err)
		}
	}
}

// missing lists the sequence numbers between the first and the last that
// never came; the test sends too few for the numbers to wrap.
func (l *listener) missing() []uint16 {
	l.mu.Lock()
	defer l.mu.Unlock()
	have := map[uint16]bool{}
	first, last := l.got[0], l.got[0]
	for _, s := range l.got {
		have[s] = true
		if int16(s-last) > 0 {
			last = s
		}
		if int16(s-first) < 0 {
			first = s
		}
	}
	var out []uint16
	for s := first; s != last; s++ {
		if !have[s] {
			out = append(out, s)
		}
	}
	return out
}

func TestSenderReportsAgree(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	la, lv := listen(p.callee.RemoteAudio()), listen(p.callee.RemoteVideo())
	stop := talk(p.caller)
	defer func() { stop() }()
	la.more(t, 5)
	lv.more(t, 5)
	deadline := time.Now().Add(patience)
	for {
		_, ok1 := p.callee.RemoteAudio().SenderReport()
		_, ok2 := p.callee.RemoteVideo().SenderReport()
		if ok1 && ok2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no sender reports")
		}
		time.Sleep(time.Millisecond)
	}
	// talk gives both kinds the same PTS: captured at the same wall-clock time.
	capture := func(r *Remote, l *listener) time.Time {
		sr, _ := r.SenderReport()
		l.mu.Lock()
		defer l.mu.Unlock()
		d := int32(l.last.Timestamp - sr.RTP)
		return sr.NTP.Add(time.Duration(d) * time.Second / time.Duration(r.ClockRate()))
	}
	stop()
	stop = func() {}
	// The last of both were captured together.
	for {
		d := capture(p.callee.RemoteAudio(), la).Sub(capture(p.callee.RemoteVideo(), lv))
		if d.Abs() <= audioSnap+time.Millisecond {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("sound and picture of one moment are %v apart", d)
		}
		time.Sleep(time.Millisecond) // the last packets are on their way
	}
}

func TestCloseAtAnyMoment(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	for i := range 12 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			p := newPair(t, a.Net(), b.Net())
			rng := rand.New(rand.NewPCG(uint64(i), 7))
			wait := time.Duration(rng.IntN(40*(i+1))) * time.Millisecond / 4
			time.AfterFunc(wait, func() { _ = p.caller.Close() })
			ctx := context.Background()
			go func() { _, _, _ = p.caller.RemoteAudio().ReadRTP() }()
			offer, err := p.caller.Offer(ctx)
			if err == nil {
				p.caller.Trickle()
				answer, err := p.callee.Accept(ctx, offer)
				if err != nil {
					t.Fatal(err)
				}
				p.callee.Trickle()
				_ = p.caller.Answered(ctx, answer)
			}
			p.caller.Restart()
			<-p.caller.Done()
			if err := p.caller.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if c := p.caller.State().Conn; c != ConnClosed {
				t.Errorf("state %v after Close", c)
			}
			if err := p.caller.AudioTrack().WriteUnit(media.Unit{Codec: media.Opus, Data: []byte{1}}); !errors.Is(err, media.ErrClosed) {
				t.Errorf("writing after Close: %v", err)
			}
			if err := p.caller.DataChannel().Send([]byte("x")); !errors.Is(err, media.ErrClosed) {
				t.Errorf("sending after Close: %v", err)
			}
		})
	}
}

func TestOtherSideCloses(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	if err := p.callee.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, p.caller, "closed", func(s State) bool { return s.Conn == ConnClosed })
}

func TestLoopbackAlone(t *testing.T) {
	t.Parallel()
	p := newPair(t, &loNet{}, &loNet{})
	p.connect()
	st := await(t, p.caller, "path", func(s State) bool { return s.Path != PathNone })
	if st.Path != PathHost {
		t.Errorf("path %q", st.Path)
	}
}

func TestWrongOrder(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	ctx := context.Background()
	if _, err := p.callee.Accept(ctx, wire.Description{Type: "answer"}); !errors.Is(err, ErrOrder) {
		t.Errorf("accepting an answer: %v", err)
	}
	if _, err := p.callee.Accept(ctx, wire.Description{Type: "offer", SDP: "nonsense"}); err == nil {
		t.Error("nonsense was accepted")
	}
	if _, err := p.caller.Offer(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := p.caller.Offer(ctx); !errors.Is(err, ErrOrder) {
		t.Errorf("offering twice: %v", err)
	}
	if err := p.caller.HandleNegotiate(ctx, wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "x"}}); !errors.Is(err, ErrOrder) {
		t.Errorf("offer before the answer: %v", err)
	}
	if err := p.caller.AudioTrack().WriteUnit(media.Unit{Codec: media.VP8}); err == nil {
		t.Error("a picture on the audio track")
	}
}

// The certificate stays what the first description said, whoever says otherwise.
func TestFingerprintStays(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	p.connect()
	for _, sdp := range []string{"v=0\r\na=fingerprint:sha-256 AB:CD\r\n", "v=0\r\n"} {
		err := p.callee.HandleNegotiate(context.Background(), wire.Negotiate{
			Description: wire.Description{Type: "offer", SDP: sdp}, Generation: 1, Restart: true,
		})
		if !errors.Is(err, ErrFingerprint) {
			t.Errorf("%q: %v, want ErrFingerprint", sdp, err)
		}
	}
}

// What was described is held against the certificate that the encryption used.
func TestCertificateIsTheOneDescribed(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	ctx := context.Background()
	offer, err := p.caller.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.caller.Trickle()
	answer, err := p.callee.Accept(ctx, offer)
	if err != nil {
		t.Fatal(err)
	}
	p.callee.mu.Lock() // as if pion had let another one pass
	p.callee.prints = []string{"sha-256 ab:cd"}
	p.callee.mu.Unlock()
	p.callee.Trickle()
	if err := p.caller.Answered(ctx, answer); err != nil {
		t.Fatal(err)
	}
	s := await(t, p.callee, "refusal", func(s State) bool { return s.Err != nil })
	if s.Conn != ConnFailed || !errors.Is(s.Err, ErrFingerprint) || s.Ever {
		t.Errorf("%+v", s)
	}
}

func TestCertificateThatWasNotAnnounced(t *testing.T) {
	t.Parallel()
	_, a, b := direct(t)
	p := newPair(t, a.Net(), b.Net())
	ctx := context.Background()
	offer, err := p.caller.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.caller.Trickle()
	answer, err := p.callee.Accept(ctx, offer)
	if err != nil {
		t.Fatal(err)
	}
	p.callee.Trickle()
	const mark = "a=fingerprint:sha-256 "
	at := strings.Index(answer.SDP, mark) + len(mark)
	digit := "0"
	if answer.SDP[at] == '0' {
		digit = "1"
	}
	answer.SDP = answer.SDP[:at] + digit + answer.SDP[at+1:]
	if err := p.caller.Answered(ctx, answer); err != nil {
		t.Fatal(err)
	}
	s := await(t, p.caller, "refusal", func(s State) bool { return s.Err != nil })
	if s.Conn != ConnFailed || !errors.Is(s.Err, ErrHandshake) || s.Ever {
		t.Errorf("%+v", s)
	}
	// The side that was refused learns it too.
	await(t, p.callee, "refusal", func(s State) bool { return errors.Is(s.Err, ErrHandshake) && s.Conn == ConnFailed })
}

// TestRelayOverTCP runs over this machine's loopback: the virtual network has
// no TCP.
func TestRelayOverTCP(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key := turn.GenerateAuthKey("u", "test", "c")
	srv, err := turn.NewServer(turn.ServerConfig{
		Realm:       "test",
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) { return a.Username, key, true },
		ListenerConfigs: []turn.ListenerConfig{{
			Listener: l,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
				RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1",
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	ice := wire.ICE{Servers: []wire.ICEServer{{
		URLs: []string{fmt.Sprintf("turn:%v?transport=tcp", l.Addr())}, Username: "u", Credential: "c",
	}}}
	p := newPair(t, nil, nil, servers(ice), relayOnly)
	p.connect()
	st := await(t, p.caller, "path", func(s State) bool { return s.Path != PathNone })
	if st.Path != PathRelayTCP || !st.Path.Relayed() {
		t.Errorf("path %q, want relay-tcp", st.Path)
	}
	sound := listen(p.callee.RemoteAudio())
	stop := talk(p.caller)
	sound.more(t, 10)
	stop()
	if got := p.callee.Stats(time.Now()).Pair; got == nil || got.Path != PathRelayTCP {
		t.Fatalf("the callee's path is %+v, want relay-tcp", got)
	}
	if err := p.caller.Close(); err != nil {
		t.Fatal(err)
	}
	await(t, p.callee, "the end", func(s State) bool { return s.Conn == ConnClosed })
	if got := p.callee.Stats(time.Now()).Pair; got != nil && got.Path != PathRelayTCP {
		t.Errorf("after the other side's end the path was %q", got.Path)
	}
}
