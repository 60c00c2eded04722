package server_test

import (
	"crypto/ed25519"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/wire"
)

// A whole call: three answers for the invitation, candidates both ways, a
// renegotiation, and the end.
func TestCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})

	inv := body[wire.Invited](ada, ada.do(wire.KindInvite, "c1", inviteTo("bob")))
	if inv.Person.Name != "Bob" || inv.Devices != 1 {
		t.Errorf("invited %+v", inv)
	}
	e := bob.want(wire.KindInvite)
	if e.From == nil || e.From.Name != "Ada" || e.Call != "c1" || e.TTLms <= 0 || e.TTLms > wire.RingFor.Milliseconds() {
		t.Errorf("invitation %+v", e)
	}
	if got := body[wire.Invite](bob, e); got.Offer != offer || !got.Media.Video {
		t.Errorf("invitation %+v", got)
	}
	ada.do(wire.KindCandidates, "c1", candidates("a1", "a2"))
	if got := body[wire.Candidates](bob, bob.want(wire.KindCandidates)); len(got.Candidates) != 2 {
		t.Errorf("candidates %+v", got)
	}
	bob.do(wire.KindRinging, "c1", nil)
	if e := ada.want(wire.KindRinging); e.Call != "c1" || e.From.Name != "Bob" {
		t.Errorf("ringing %+v", e)
	}
	bob.do(wire.KindAnswer, "c1", wire.Answer{Answer: answer, Media: wire.Media{Audio: true}})
	if got := body[wire.Answer](ada, ada.want(wire.KindAnswer)); got.Answer != answer || got.Media.Video {
		t.Errorf("answer %+v", got)
	}
	ada.presence("Bob", wire.InCall)
	bob.do(wire.KindCandidates, "c1", candidates("b1"))
	ada.want(wire.KindCandidates)
	ada.do(wire.KindNegotiate, "c1", wire.Negotiate{Description: offer, Generation: 1, Restart: true})
	if got := body[wire.Negotiate](bob, bob.want(wire.KindNegotiate)); !got.Restart || got.Generation != 1 {
		t.Errorf("negotiate %+v", got)
	}
	bob.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	if got := body[wire.Reason](ada, ada.want(wire.KindHangup)); got.Reason != wire.EndHangup {
		t.Errorf("hangup %+v", got)
	}
	ada.presence("Bob", wire.Available)
	ada.refused(wire.CodeNoCall, wire.KindCandidates, "c1", candidates("late"))

	for _, p := range []*peer{ada, bob} {
		h := body[wire.History](p, p.do(wire.KindHistory, "", wire.HistoryQuery{}))
		if len(h.Entries) != 1 || h.More {
			t.Fatalf("history of %s: %+v", p.ready.Me.Name, h)
		}
		l := h.Entries[0]
		if l.Call != "c1" || l.Outcome != wire.Answered || l.Outgoing != (p == ada) || !l.Video || l.Unix == 0 {
			t.Errorf("history of %s: %+v", p.ready.Me.Name, l)
		}
	}
}

func (p *peer) lastOutcome() wire.Outcome {
	p.t.Helper()
	h := body[wire.History](p, p.do(wire.KindHistory, "", wire.HistoryQuery{Limit: 1}))
	if len(h.Entries) == 0 {
		return ""
	}
	return h.Entries[0].Outcome
}

func (p *peer) wantOutcome(o wire.Outcome) {
	p.t.Helper()
	if got := p.lastOutcome(); got != o {
		p.t.Errorf("call log of %s says %q, want %q", p.ready.Me.Name, got, o)
	}
}

func TestNobodyAwaySelf(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.refused(wire.CodeNobody, wire.KindInvite, "c1", inviteTo("Zoe"))
	ada.refused(wire.CodeSelf, wire.KindInvite, "c2", inviteTo("ADA"))
	bob.bye()
	e := ada.refused(wire.CodeAway, wire.KindInvite, "c3", inviteTo("Bob"))
	if e.Message != "Bob is not online." {
		t.Errorf("away: %q", e.Message)
	}
	ada.wantOutcome(wire.Unreached)
	r.signIn(t, "Bob").wantOutcome(wire.Missed)
}

func TestBusy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob, cy := r.signIn(t, "Ada"), r.signIn(t, "Bob"), r.signIn(t, "Cy")
	busy := func(call string) {
		t.Helper()
		ada.do(wire.KindInvite, call, inviteTo("Bob"))
		if got := body[wire.Reject](ada, ada.want(wire.KindReject)); got.Reason != wire.RejectBusy {
			t.Errorf("reject %+v", got)
		}
		ada.wantOutcome(wire.WasBusy)
		bob.wantOutcome(wire.Missed)
	}
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Busy})
	busy("c1")
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Available})
	connect(cy, bob, "c2")
	busy("c3")
}

func TestDecline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
	bob.want(wire.KindInvite)
	bob.do(wire.KindReject, "c1", wire.Reject{Reason: wire.RejectDeclined, Message: "in a meeting"})
	if got := body[wire.Reject](ada, ada.want(wire.KindReject)); got.Reason != wire.RejectDeclined || got.Message != "in a meeting" {
		t.Errorf("reject %+v", got)
	}
	ada.wantOutcome(wire.Declined)
	bob.wantOutcome(wire.Declined)
	bob.refused(wire.CodeNoCall, wire.KindAnswer, "c1", wire.Answer{Answer: answer})
}

func TestCancelWhileRinging(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
	bob.want(wire.KindInvite)
	ada.do(wire.KindCancel, "c1", wire.Reason{Reason: wire.EndCancelled})
	if got := body[wire.Reason](bob, bob.want(wire.KindCancel)); got.Reason != wire.EndCancelled {
		t.Errorf("cancel %+v", got)
	}
	bob.refused(wire.CodeNoCall, wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	ada.wantOutcome(wire.Cancelled)
	bob.wantOutcome(wire.Missed)
}

// Both call each other: the second invitation is told which call to answer.
func TestGlare(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
	// Bob has not read the invitation yet; it is there before the error.
	bob.request(wire.KindInvite, "c2", inviteTo("Ada"))
	bob.want(wire.KindInvite)
	e := bob.next()
	if werr := bob.isError(e, wire.CodeGlare); werr.Call != "c1" || e.Call != "c2" {
		t.Errorf("glare %+v of call %s", werr, e.Call)
	}
	bob.do(wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	ada.want(wire.KindAnswer)
	ada.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	bob.want(wire.KindHangup)
	for _, p := range []*peer{ada, bob} {
		if h := body[wire.History](p, p.do(wire.KindHistory, "", wire.HistoryQuery{})); len(h.Entries) != 1 {
			t.Errorf("two people called each other and had %d calls", len(h.Entries))
		}
	}
}

func TestManyDevices(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	desk, laptop := r.signIn(t, "Bob"), r.signIn(t, "Bob")
	if inv := body[wire.Invited](ada, ada.do(wire.KindInvite, "c1", inviteTo("Bob"))); inv.Devices != 2 {
		t.Errorf("invited %+v", inv)
	}
	ada.do(wire.KindCandidates, "c1", candidates("a1"))
	phone := r.signIn(t, "Bob") // while it rings
	for _, p := range []*peer{desk, laptop, phone} {
		p.want(wire.KindInvite)
		if c := body[wire.Candidates](p, p.want(wire.KindCandidates)); c.Candidates[0].Candidate != "a1" {
			t.Errorf("candidates %+v", c)
		}
		p.do(wire.KindRinging, "c1", nil)
	}
	ada.want(wire.KindRinging) // once
	desk.do(wire.KindReject, "c1", wire.Reject{Reason: wire.RejectFailed})
	laptop.do(wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	ada.want(wire.KindAnswer)
	if got := body[wire.Taken](phone, phone.want(wire.KindTaken)); got.Declined {
		t.Errorf("taken %+v", got)
	}
	phone.refused(wire.CodeNotYours, wire.KindAnswer, "c1", wire.Answer{Answer: answer})
	ada.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	laptop.want(wire.KindHangup)

	// One device says no for all.
	ada.do(wire.KindInvite, "c2", inviteTo("Bob"))
	for _, p := range []*peer{desk, laptop, phone} {
		p.want(wire.KindInvite)
	}
	phone.do(wire.KindReject, "c2", wire.Reject{Reason: wire.RejectDeclined})
	for _, p := range []*peer{desk, laptop} {
		if got := body[wire.Taken](p, p.want(wire.KindTaken)); !got.Declined {
			t.Errorf("taken %+v", got)
		}
	}
	ada.want(wire.KindReject)
}

func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
		start := time.Now()
		ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
		bob.want(wire.KindInvite)
		live := bob.background()
		if got := body[wire.Reason](ada, ada.want(wire.KindCancel)); got.Reason != wire.EndNoAnswer {
			t.Errorf("cancel %+v", got)
		}
		if took := time.Since(start); took != wire.RingFor {
			t.Errorf("it rang for %v", took)
		}
		if e := <-live; e.Kind != wire.KindCancel {
			t.Errorf("bob got %s", e.Kind)
		}
		ada.wantOutcome(wire.Missed)
		bob.wantOutcome(wire.Missed)
		r.stop()
	})
}

// background answers pings until another message comes, and returns it.
func (p *peer) background() <-chan wire.Envelope {
	ch := make(chan wire.Envelope, 1)
	go func() { ch <- p.next() }()
	return ch
}

// A device that vanishes while it is rung, and its caller.
func TestVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
		ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
		bob.want(wire.KindInvite)
		bob.cut()
		if got := body[wire.Reason](ada, ada.want(wire.KindCancel)); got.Reason != wire.EndUnreachable {
			t.Errorf("cancel %+v", got)
		}
		ada.wantOutcome(wire.Unreached)
		ada.refused(wire.CodeAway, wire.KindInvite, "c2", inviteTo("Bob"))

		if e := bob.resume(); e.Kind != wire.KindResumed {
			t.Fatalf("resume: %s %s", e.Kind, e.Body)
		}
		bob.want(wire.KindCancel)
		ada.do(wire.KindInvite, "c3", inviteTo("Bob"))
		bob.want(wire.KindInvite)
		ada.cut()
		if got := body[wire.Reason](bob, bob.want(wire.KindCancel)); got.Reason != wire.EndUnreachable {
			t.Errorf("cancel %+v", got)
		}
		bob.wantOutcome(wire.Missed)
		r.stop()
	})
}

// A call that stands outlives the link of one side for two minutes, because
// its media does not need the service.
func TestCallOutlivesLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
		connect(ada, bob, "c1")
		bob.cut()
		live := ada.background()
		time.Sleep(100 * time.Second)
		if e := bob.resume(); e.Kind != wire.KindResumed {
			t.Fatalf("resume after 100 s in a call: %s %s", e.Kind, e.Body)
		}
		bob.do(wire.KindNegotiate, "c1", wire.Negotiate{Description: offer, Generation: 1, Restart: true})
		if e := <-live; e.Kind != wire.KindNegotiate {
			t.Fatalf("ada got %s", e.Kind)
		}
		start := time.Now()
		bob.cut()
		if got := body[wire.Reason](ada, ada.want(wire.KindHangup)); got.Reason != wire.EndUnreachable {
			t.Errorf("hangup %+v", got)
		}
		if took := time.Since(start); took != wire.ReplayForInCall {
			t.Errorf("the call ended %v after the link", took)
		}
		ada.wantOutcome(wire.Answered)
		r.stop()
	})
}

// A device that starts anew takes its standing call along.
func TestNewSessionTakesCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	other := r.signIn(t, "Bob")
	other.refused(wire.CodeNotYours, wire.KindNegotiate, "c1", wire.Negotiate{Description: offer})
	ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})
	bob.cut()
	r.waitFor(t, `parley_sessions{state="waiting"} 1`)
	other.do(wire.KindNegotiate, "c1", wire.Negotiate{Description: offer})
	ada.want(wire.KindNegotiate)
	ada.do(wire.KindCandidates, "c1", candidates("a1"))
	other.want(wire.KindCandidates)
}

// Somebody whose program crashed in a call can call the same person again.
func TestCallAgainAfterCrash(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	ada.cut()
	r.waitFor(t, `parley_sessions{state="waiting"} 1`)
	again := r.signIn(t, "Ada")
	again.do(wire.KindInvite, "c2", inviteTo("Bob"))
	bob.want(wire.KindHangup)
	bob.want(wire.KindInvite)
}

func TestCandidateLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	for range wire.MaxCandidates / 8 {
		ada.do(wire.KindCandidates, "c1", candidates("1", "2", "3", "4", "5", "6", "7", "8"))
	}
	ada.refused(wire.CodeTooMany, wire.KindCandidates, "c1", candidates("one more"))
	next := candidates("of the next generation")
	next.Generation = 1
	ada.do(wire.KindCandidates, "c1", next)
}

func TestInviteLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Limits.InvitesPerMinute = 2 }))
	ada := r.signIn(t, "Ada")
	r.signIn(t, "Bob")
	for range 2 {
		ada.refused(wire.CodeNobody, wire.KindInvite, "c", inviteTo("Zoe"))
	}
	if e := ada.refused(wire.CodeSlowDown, wire.KindInvite, "c", inviteTo("Bob")); e.RetryMS <= 0 || e.RetryMS > 60_000 {
		t.Errorf("try again in %d ms", e.RetryMS)
	}
}

// Two clients tell a service that was started anew of their call, and go on
// through it.
func TestCallFromBeforeTheService(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a, b := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	key := func(name string) []byte { return keyOf(name).Public().(ed25519.PublicKey) }
	a.do(wire.KindStanding, "X", wire.Standing{Peer: key("Bob"), Caller: true, AgeMS: 1000})
	b.do(wire.KindStanding, "X", wire.Standing{Peer: key("Ada"), AgeMS: 1000})
	a.do(wire.KindNegotiate, "X", wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "v=0\r\n"}, Generation: 1})
	if e := b.want(wire.KindNegotiate); e.Call != "X" || e.From == nil || e.From.Name != "Ada" {
		t.Errorf("%+v", e)
	}
	b.do(wire.KindHangup, "X", wire.Reason{Reason: wire.EndHangup})
	a.want(wire.KindHangup)
}
