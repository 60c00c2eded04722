package server_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/wire"
)

// What is sent while a link is cut arrives after resume, once and in order.
func TestResumeReplays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	bob.cut()
	for i := range 8 {
		c := candidates(fmt.Sprint(i))
		ada.do(wire.KindCandidates, "c1", c)
	}
	e := bob.resume()
	if e.Kind != wire.KindResumed || e.Epoch != 1 || e.Seq != 0 || e.Ack != bob.out {
		t.Fatalf("resumed %+v", e)
	}
	for i := range 8 {
		e := bob.want(wire.KindCandidates)
		if c := body[wire.Candidates](bob, e); c.Candidates[0].Candidate != fmt.Sprint(i) || e.Epoch != 1 {
			t.Errorf("message %d: %+v", i, e)
		}
	}
}

// What was acknowledged does not come again; what was received but not
// acknowledged on the wire is acknowledged by resume itself.
func TestResumeDoesNotRepeat(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	ada.do(wire.KindCandidates, "c1", candidates("seen"))
	bob.want(wire.KindCandidates)
	bob.resume()
	ada.do(wire.KindCandidates, "c1", candidates("new"))
	if c := body[wire.Candidates](bob, bob.want(wire.KindCandidates)); c.Candidates[0].Candidate != "new" {
		t.Errorf("got %+v", c)
	}
}

// A request whose reply was lost is sent again, by number or by id, and is
// carried out once.
func TestRepeatedRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	bob := r.signIn(t, "Bob")
	id := ada.request(wire.KindLinkCreate, "", wire.LinkCreate{})
	first := ada.want(wire.KindOK)

	// The same number: the reply is in the ring as long as it is not
	// acknowledged, so nothing more is said.
	ada.send(wire.Envelope{Kind: wire.KindLinkCreate, ID: id, Seq: ada.out}, wire.LinkCreate{})
	// The same id with another number: the stored reply.
	ada.out++
	ada.send(wire.Envelope{Kind: wire.KindLinkCreate, ID: id, Seq: ada.out}, wire.LinkCreate{})
	second := ada.want(wire.KindOK)
	if !bytes.Equal(first.Body, second.Body) || second.ID != id {
		t.Errorf("first %s, then %s", first.Body, second.Body)
	}

	for range 2 { // one call, whatever the number of invitations
		ada.send(wire.Envelope{Kind: wire.KindInvite, ID: "inv", Call: "c1"}, inviteTo("Bob"))
		ada.want(wire.KindOK)
	}
	bob.want(wire.KindInvite)
	ada.do(wire.KindCancel, "c1", wire.Reason{Reason: wire.EndCancelled})
	bob.want(wire.KindCancel)
}

// An error that another try may not get is not stored.
func TestRepeatAfterRetryableError(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	r.signIn(t, "Bob").bye()
	ada.send(wire.Envelope{Kind: wire.KindInvite, ID: "inv", Call: "c1"}, inviteTo("Bob"))
	ada.isError(ada.next(), wire.CodeAway)
	r.signIn(t, "Bob")
	ada.send(wire.Envelope{Kind: wire.KindInvite, ID: "inv", Call: "c1"}, inviteTo("Bob"))
	ada.want(wire.KindOK)
}

func TestResumeTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	first := ada.token
	old := ada.ws

	// The link is cut again before resumed arrives: the old token still fits.
	ada.resume()
	second := ada.token
	ada.token = first
	if e := ada.resume(); e.Kind != wire.KindResumed || e.Epoch != 2 {
		t.Fatalf("resume with the token before: %+v", e)
	}
	if bytes.Equal(ada.token, second) || bytes.Equal(ada.token, first) {
		t.Error("a token was given twice")
	}
	ada.do(wire.KindContacts, "", nil) // shows that it has the new one
	good := ada.token
	for name, token := range map[string][]byte{"first": first, "second": second} {
		ada.token = token
		ada.connect()
		e := ada.resumeHere()
		ada.isError(e, wire.CodeResumeFailed)
		if name == "first" {
			continue
		}
		ada.hello(ada.key, "") // on the same connection
		ada.want(wire.KindReady)
	}
	_ = good

	lost := &peer{t: t, r: r, ws: old}
	if code := lost.closed(); code != wire.CloseReplaced || !wire.Final(code) {
		t.Errorf("the connection that was replaced: close code %d", code)
	}
}

// A stolen token is of no use without the device's key.
func TestStolenToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	thief := &peer{t: t, r: r, key: keyOf("thief"), ready: ada.ready, token: ada.token}
	thief.connect()
	thief.isError(thief.resumeHere(), wire.CodeBadSignature)
	if code := thief.closed(); code != wire.CloseBadHello {
		t.Errorf("close code %d", code)
	}
	ada.do(wire.KindContacts, "", nil)
}

func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		ada := r.signIn(t, "Ada")
		ada.cut()
		time.Sleep(wire.ReplayFor - time.Second)
		if e := ada.resume(); e.Kind != wire.KindResumed {
			t.Fatalf("just in time: %s %s", e.Kind, e.Body)
		}
		ada.cut()
		time.Sleep(wire.ReplayFor + time.Second)
		ada.isError(ada.resume(), wire.CodeResumeFailed)
		ada.cut()
		r.stop()
	})
}

// A client that acknowledges nothing is disconnected, told to resync, and the
// sender hears of it. Others notice nothing.
func TestOverflow(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Limits.MessageBurst = 10000 }))
	ada, bob, cy := r.signIn(t, "Ada"), r.signIn(t, "Bob"), r.signIn(t, "Cy")
	connect(ada, bob, "c1")
	sent := 0
	for ; sent <= wire.ReplayMessages; sent++ {
		n := wire.Negotiate{Description: offer, Generation: sent}
		if e := ada.ask(wire.KindNegotiate, "c1", n); e.Kind == wire.KindError {
			ada.isError(e, wire.CodeAway)
			break
		}
		cy.do(wire.KindContacts, "", nil)
	}
	if sent < wire.ReplayMessages-10 || sent > wire.ReplayMessages {
		t.Errorf("%d messages were kept for a client that acknowledges none", sent)
	}
	if code := bob.closed(); code != wire.CloseSlow || wire.Final(code) {
		t.Errorf("close code %d", code)
	}
	if e := bob.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("resume: %s", e.Kind)
	}
	if e := bob.want(wire.KindResync); e.Seq != 0 {
		t.Errorf("resync %+v", e)
	}
	ada.do(wire.KindNegotiate, "c1", wire.Negotiate{Description: offer, Generation: sent})
	bob.want(wire.KindNegotiate) // with the next number that bob expects
}

// A client that stops reading its socket costs no memory and no time of
// others.
func TestStuckReader(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) {
		c.Limits.MessageBurst = 100000
		c.Limits.WriteWithin = 200 * time.Millisecond
	}))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	big := wire.Negotiate{Description: wire.Description{Type: "offer", SDP: string(bytes.Repeat([]byte("x"), 40<<10))}}
	for range 20 { // 800 kB, more than ring and sockets hold
		if e := ada.ask(wire.KindNegotiate, "c1", big); e.Kind == wire.KindError {
			ada.isError(e, wire.CodeAway)
			r.waitFor(t, `parley_sessions{state="waiting"} 1`)
			return
		}
	}
	t.Error("800 kB were accepted for a client that does not read")
}

// Links cut at random moments of a call's set-up and course: nothing is lost,
// nothing comes twice, in order, both ways.
func TestRandomCuts(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) {
		c.Limits.MessageBurst = 1 << 20
		c.Limits.Unauthenticated = 1 << 20
	}))
	rnd := rand.New(rand.NewPCG(1, 2))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	const messages = 400
	var sent, got [2]int // by ada, by bob; at bob, at ada
	peers := [2]*peer{ada, bob}
	var unacked [2][]wire.Envelope

	transmit := func(i int) {
		p := peers[i]
		p.out++
		e, err := wire.New(wire.KindNegotiate, wire.Negotiate{Description: offer, Generation: sent[i]})
		if err != nil {
			t.Fatal(err)
		}
		e.Call, e.Seq = "c1", p.out
		sent[i]++
		unacked[i] = append(unacked[i], e)
		e.Ack = p.in
		p.send(e, nil)
	}
	acked := func(i int, n uint64) {
		for len(unacked[i]) > 0 && unacked[i][0].Seq <= n {
			unacked[i] = unacked[i][1:]
		}
	}
	take := func(i int) {
		e, err := peers[i].read()
		if err != nil {
			t.Fatal(err)
		}
		acked(i, e.Ack)
		if e.Kind != wire.KindNegotiate {
			return
		}
		if n := body[wire.Negotiate](peers[i], e); n.Generation != got[i] {
			t.Fatalf("message %d instead of %d", n.Generation, got[i])
		}
		got[i]++
	}
	for sent[0] < messages || sent[1] < messages {
		i := rnd.IntN(2)
		switch {
		case rnd.IntN(10) == 0:
			if rnd.IntN(2) == 0 {
				peers[i].cut()
			}
			e := peers[i].resume()
			if e.Kind != wire.KindResumed {
				t.Fatalf("resume: %s %s", e.Kind, e.Body)
			}
			acked(i, e.Ack)
			for _, u := range unacked[i] {
				u.Ack = peers[i].in
				peers[i].send(u, nil)
			}
		case sent[i] < messages && sent[i]-got[1-i] < 50:
			transmit(i)
		case got[i] < sent[1-i]:
			take(i)
		}
	}
	for i := range 2 {
		// What was sent on a link that was cut since may not have arrived yet.
		e := peers[i].resume()
		acked(i, e.Ack)
		for _, u := range unacked[i] {
			peers[i].send(u, nil)
		}
	}
	for i := range 2 {
		for got[i] < messages {
			take(i)
		}
	}
}
