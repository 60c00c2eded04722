package server_test

import (
	"fmt"
	"testing"

	"parley/signaling/server"
	"parley/signaling/wire"
)

// rule makes people who have not chosen be asked, or not be called at all.
func rule(r wire.Rule) option { return config(func(c *server.Config) { c.Strangers = r }) }

// requests are who waits, and who has said yes.
func (p *peer) requests() (open, accepted string) {
	p.t.Helper()
	l := body[wire.RequestList](p, p.do(wire.KindRequests, "", nil))
	for _, r := range l.Open {
		open += r.Person.Name + " "
	}
	for _, a := range l.Accepted {
		accepted += a.Name + " "
	}
	return open, accepted
}

func (p *peer) outcomes() string {
	p.t.Helper()
	s := ""
	for _, e := range body[wire.History](p, p.do(wire.KindHistory, "", wire.HistoryQuery{})).Entries {
		s += fmt.Sprintf("%s %s %v, ", e.Other.Name, e.Outcome, e.Outgoing)
	}
	return s
}

// sees is how somebody is seen in a fresh list.
func (p *peer) sees(name string) string {
	p.t.Helper()
	l := body[wire.PresenceList](p, p.do(wire.KindWatch, "", wire.Watch{Names: []string{name}}))
	return states(l.People)
}

// Whoever is blocked is told just what they would be told by somebody who is
// not there, and the other notices nothing.
func TestBlocked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bob, ada := r.signIn(t, "Bob"), r.signIn(t, "Ada")
	r.signIn(t, "Gone").bye()
	ada.do(wire.KindContactAdd, "", wire.Contact{Name: "Bob"})
	ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})
	once := bob.link(1)

	bob.refused(wire.CodeSelf, wire.KindBlockAdd, "", wire.Contact{Name: "Bob"})
	bob.refused(wire.CodeNobody, wire.KindBlockAdd, "", wire.Contact{Name: "Zoe"})
	bob.refused(wire.CodeNobody, wire.KindBlockDel, "", wire.Contact{Name: "Ada"})
	for range 2 {
		bob.do(wire.KindBlockAdd, "", wire.Contact{Name: "ada"})
	}
	ada.presence("Bob", wire.Offline)
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Busy})
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Available})

	away := ada.refused(wire.CodeAway, wire.KindInvite, "c1", inviteTo("Gone"))
	blocked := ada.refused(wire.CodeAway, wire.KindInvite, "c2", inviteTo("Bob"))
	if away.Message != "Gone is not online." || blocked.Message != "Bob is not online." || away.RetryMS != blocked.RetryMS {
		t.Errorf("away is %+v, blocked is %+v", away, blocked)
	}
	ada.refused(wire.CodeAway, wire.KindInvite, "c3", byLink(once)) // twice: the use is given back
	ada.refused(wire.CodeAway, wire.KindInvite, "c4", byLink(once))
	if got := ada.outcomes(); got != "Bob unreached true, Bob unreached true, Bob unreached true, Gone unreached true, " {
		t.Errorf("the log of who is blocked: %s", got)
	}
	if got := ada.sees("Bob"); got != "[Bob offline]" {
		t.Errorf("who is blocked sees %s", got)
	}
	if l := body[wire.ContactList](ada, ada.do(wire.KindContacts, "", nil)); states(l.People) != "[Bob offline]" {
		t.Errorf("contacts %+v", l)
	}
	everybody := body[wire.PresenceList](ada, ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})).People
	last := everybody[len(everybody)-1].Person.Name
	if before := everybody[len(everybody)-2].Person.Name; before != "Bob" || last != "Gone" {
		t.Errorf("the list of everybody ends with %s, %s", before, last) // not among those who are there
	}
	second := r.signIn(t, "Ada") // another device, and one that comes back
	if got := second.sees("Bob"); got != "[Bob offline]" {
		t.Errorf("a new device of who is blocked sees %s", got)
	}
	second.cut()
	second.resume()
	second.presence("Bob", wire.Offline)
	second.bye()

	if got := bob.outcomes(); got != "" {
		t.Errorf("the log of who blocked: %s", got)
	}
	if open, _ := bob.requests(); open != "" {
		t.Errorf("requests of who blocked: %s", open)
	}
	bob.refused(wire.CodeBlocked, wire.KindInvite, "c5", inviteTo("Ada"))
	list := body[wire.BlockList](bob, bob.do(wire.KindBlocks, "", nil))
	if len(list.People) != 1 || list.People[0].Person.Name != "Ada" || list.People[0].SinceMS <= 0 {
		t.Errorf("blocked are %+v", list)
	}
	if got := bob.sees("Ada"); got != "[Ada available]" {
		t.Errorf("who blocked sees %s", got)
	}

	bob.do(wire.KindBlockDel, "", wire.Contact{Name: "Ada"})
	ada.presence("Bob", wire.Available)
	ada.do(wire.KindInvite, "c6", inviteTo("Bob"))
	if e := bob.want(wire.KindInvite); e.Call != "c6" { // and none before it
		t.Errorf("rang %s", e.Call)
	}
}

// Blocking ends the call of the two.
func TestBlockingEndsTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	phone := r.signIn(t, "Bob")
	for _, p := range []*peer{bob, phone} {
		p.do(wire.KindWatch, "", wire.Watch{}) // signed in
	}

	ada.do(wire.KindInvite, "c1", inviteTo("Bob"))
	bob.want(wire.KindInvite)
	phone.want(wire.KindInvite)
	id := bob.request(wire.KindBlockAdd, "", wire.Contact{Name: "Ada"})
	if r := body[wire.Reject](ada, ada.want(wire.KindReject)); r.Reason != wire.RejectDeclined {
		t.Errorf("a call that rings ends with %s", r.Reason)
	}
	bob.want(wire.KindTaken)
	phone.want(wire.KindTaken)
	phone.want(wire.KindRequests)
	if e := bob.want(wire.KindOK); e.ID != id {
		t.Errorf("%+v", e)
	}
	bob.do(wire.KindBlockDel, "", wire.Contact{Name: "Ada"})
	phone.want(wire.KindRequests)
	phone.do(wire.KindStrangers, "", wire.Strangers{Rule: wire.RuleRing})
	bob.want(wire.KindRequests) // so that every device shows the same

	ada.do(wire.KindInvite, "c2", inviteTo("Bob"))
	bob.want(wire.KindInvite)
	bob.do(wire.KindAnswer, "c2", wire.Answer{Answer: answer})
	ada.want(wire.KindAnswer)
	bob.request(wire.KindBlockAdd, "", wire.Contact{Name: "Ada"})
	for _, p := range []*peer{ada, bob} {
		if r := body[wire.Reason](p, p.want(wire.KindHangup)); r.Reason != wire.EndHangup {
			t.Errorf("a call that stands ends with %s", r.Reason)
		}
	}
	bob.want(wire.KindOK)
}

// A stranger does not ring where people are asked first: they are told so, and
// may call once it is allowed.
func TestAStrangerAsks(t *testing.T) {
	t.Parallel()
	r := newRig(t, rule(wire.RuleAsk))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	ada.refused(wire.CodeRequested, wire.KindInvite, "c1", inviteTo("Bob"))
	bob.want(wire.KindRequests)
	for i := range 2 { // asking again does nothing
		ada.refused(wire.CodeRequested, wire.KindInvite, fmt.Sprint("again", i), inviteTo("Bob"))
	}
	if open, accepted := bob.requests(); open != "Ada " || accepted != "" {
		t.Errorf("requests %q, %q", open, accepted)
	}
	if got := ada.outcomes() + bob.outcomes(); got != "" {
		t.Errorf("logs have %s", got)
	}
	bob.refused(wire.CodeNobody, wire.KindRequestAnswer, "", wire.RequestAnswer{Name: "Zoe", Accept: true})
	bob.do(wire.KindRequestAnswer, "", wire.RequestAnswer{Name: "Ada", Accept: true})
	bob.refused(wire.CodeNobody, wire.KindRequestAnswer, "", wire.RequestAnswer{Name: "Ada", Accept: true})
	ada.want(wire.KindRequests)
	if _, accepted := ada.requests(); accepted != "Bob " {
		t.Errorf("accepted by %q", accepted)
	}
	if _, accepted := ada.requests(); accepted != "" {
		t.Errorf("told twice: accepted by %q", accepted)
	}
	ada.do(wire.KindInvite, "c2", inviteTo("Bob"))
	if e := bob.want(wire.KindInvite); e.Stranger {
		t.Error("a contact rings as a stranger")
	}
	ada.do(wire.KindCancel, "c2", wire.Reason{Reason: wire.EndCancelled})
	bob.want(wire.KindCancel)
	bob.do(wire.KindInvite, "c3", inviteTo("Ada"))
	ada.want(wire.KindInvite)
}

// A no is not told, and somebody who is not there is asked as well.
func TestARequestIsDeclined(t *testing.T) {
	t.Parallel()
	r := newRig(t, rule(wire.RuleAsk))
	r.signIn(t, "Bob").bye()
	ada := r.signIn(t, "Ada")
	ada.refused(wire.CodeRequested, wire.KindInvite, "c1", inviteTo("Bob"))
	bob := r.signIn(t, "Bob")
	phone := r.signIn(t, "Bob")
	phone.do(wire.KindWatch, "", wire.Watch{})
	bob.do(wire.KindRequestAnswer, "", wire.RequestAnswer{Name: "Ada"})
	phone.want(wire.KindRequests)
	ada.refused(wire.CodeRequested, wire.KindInvite, "c2", inviteTo("Bob"))
	if open, _ := bob.requests(); open != "" {
		t.Errorf("after a no %q", open)
	}
	if _, accepted := ada.requests(); accepted != "" {
		t.Errorf("after a no accepted by %q", accepted)
	}
	// Who is blocked is not told either, not even by the way they are asked.
	bob.do(wire.KindBlockAdd, "", wire.Contact{Name: "Ada"})
	ada.refused(wire.CodeRequested, wire.KindInvite, "c3", inviteTo("Bob"))
	if open, _ := bob.requests(); open != "" {
		t.Errorf("who is blocked asks: %q", open)
	}
}

// Whom a person has called, asked or given a link is no stranger to them.
func TestWhoIsNoStranger(t *testing.T) {
	t.Parallel()
	r := newRig(t, rule(wire.RuleAsk))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")

	code := bob.link(0)
	ada.do(wire.KindInvite, "c1", byLink(code)) // rings, but as a stranger
	if e := bob.want(wire.KindInvite); !e.Stranger {
		t.Error("a call by link is not marked as a stranger's")
	}
	ada.do(wire.KindCancel, "c1", wire.Reason{Reason: wire.EndCancelled})
	bob.want(wire.KindCancel)
	ada.refused(wire.CodeRequested, wire.KindInvite, "c2", inviteTo("Bob")) // which was no talk
	bob.want(wire.KindRequests)
	bob.do(wire.KindInvite, "c3", inviteTo("Ada")) // but whoever asks can be called
	ada.want(wire.KindInvite)
	id := ada.request(wire.KindInvite, "c4", inviteTo("Bob")) // crosses it
	if e := ada.next(); e.ID != id {
		t.Errorf("%+v", e)
	} else if werr := ada.isError(e, wire.CodeGlare); werr.Call != "c3" {
		t.Errorf("%+v", werr)
	}
	bob.do(wire.KindCancel, "c3", wire.Reason{Reason: wire.EndCancelled})
	ada.want(wire.KindCancel)
	ada.do(wire.KindInvite, "c5", inviteTo("Bob")) // Bob has called her
	if e := bob.want(wire.KindInvite); e.Stranger {
		t.Error("whom one has called rings as a stranger")
	}

	grace := r.guest(t, "Grace", code)
	bob.do(wire.KindReject, "c5", wire.Reject{Reason: wire.RejectDeclined})
	grace.do(wire.KindInvite, "c6", byLink(code))
	if e := bob.want(wire.KindInvite); !e.Stranger {
		t.Error("a guest does not ring as a stranger")
	}
	cy := r.signIn(t, "Cy")
	cy.send(wire.Envelope{Kind: wire.KindInvite, ID: "x", Seq: 1, Call: "c7", Stranger: true}, inviteTo("Ada"))
	cy.isError(cy.next(), wire.CodeRequested)
}

// Each person chooses, and who has not chosen has the operator's rule.
func TestTheRuleForStrangers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		opt  option
		want wire.Rule
	}{
		"with a directory": {config(func(*server.Config) {}), wire.RuleRing},
		"without one":      {config(func(c *server.Config) { c.Directory = false }), wire.RuleAsk},
		"the operator's":   {rule(wire.RuleRefuse), wire.RuleRefuse},
	} {
		r := newRig(t, c.opt)
		bob, ada := r.signIn(t, "Bob"), r.signIn(t, "Ada")
		if got := body[wire.Strangers](bob, bob.do(wire.KindStrangers, "", wire.Strangers{})); got != (wire.Strangers{Rule: c.want}) {
			t.Errorf("%s: %+v", name, got)
		}
		if e := bob.ask(wire.KindStrangers, "", wire.Strangers{Rule: "perhaps"}); e.Kind != wire.KindError {
			t.Errorf("%s: a rule that is none: %s", name, e.Kind)
		}
		for i, own := range []struct {
			rule wire.Rule
			code wire.Code
		}{{wire.RuleRefuse, wire.CodeKnownOnly}, {wire.RuleAsk, wire.CodeRequested}, {wire.RuleRing, ""}} {
			if got := body[wire.Strangers](bob, bob.do(wire.KindStrangers, "", wire.Strangers{Rule: own.rule})); got != (wire.Strangers{Rule: own.rule, Own: true}) {
				t.Errorf("%s: %+v", name, got)
			}
			call := fmt.Sprint("c", i)
			if own.code != "" {
				ada.refused(own.code, wire.KindInvite, call, inviteTo("Bob"))
				if own.rule == wire.RuleAsk {
					bob.want(wire.KindRequests)
				}
				continue
			}
			ada.do(wire.KindInvite, call, inviteTo("Bob"))
			if e := bob.want(wire.KindInvite); !e.Stranger {
				t.Errorf("%s: a stranger rings as somebody known", name)
			}
		}
	}
}

func TestLimitsOfStrangers(t *testing.T) {
	t.Parallel()
	r := newRig(t, rule(wire.RuleAsk), config(func(c *server.Config) {
		c.Limits.InvitesPerPair, c.Limits.Blocks, c.Limits.RequestsOpen, c.Limits.RequestsMade = 3, 1, 1, 2
	}))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	for _, n := range []string{"Cy", "Dan"} {
		r.signIn(t, n)
	}
	for i := range 3 {
		ada.refused(wire.CodeRequested, wire.KindInvite, fmt.Sprint("c", i), inviteTo("Bob"))
	}
	if e := ada.refused(wire.CodeSlowDown, wire.KindInvite, "c3", inviteTo("Bob")); e.RetryMS <= 0 || e.RetryMS > 20_000 {
		t.Errorf("try again in %d ms", e.RetryMS)
	}
	cy := r.signIn(t, "Cy")
	cy.refused(wire.CodeTooMany, wire.KindInvite, "c4", inviteTo("Bob")) // one waits for Bob
	ada.refused(wire.CodeRequested, wire.KindInvite, "c5", inviteTo("Cy"))
	ada.refused(wire.CodeTooMany, wire.KindInvite, "c6", inviteTo("Dan")) // Ada has asked two

	bob.want(wire.KindRequests)
	bob.do(wire.KindBlockAdd, "", wire.Contact{Name: "Cy"})
	bob.refused(wire.CodeTooMany, wire.KindBlockAdd, "", wire.Contact{Name: "Dan"})
	for limit, n := range map[string]int{"pair": 1, "requests": 2, "blocks": 1} {
		r.waitFor(t, fmt.Sprintf(`parley_limits_total{limit="%s"} %d`, limit, n))
	}
	r.waitFor(t, `parley_requests_total{what="asked"} 2`)
}

// All of it holds between nodes, too.
func TestStrangersAcrossNodes(t *testing.T) {
	ns := newNodes(t, 3, 0.1)
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
	ada.presenceOf(t, "Bob")
	bob.do(wire.KindStrangers, "", wire.Strangers{Rule: wire.RuleAsk})
	ada.refused(wire.CodeRequested, wire.KindInvite, "c1", inviteTo("Bob"))
	bob.want(wire.KindRequests)
	bob.do(wire.KindRequestAnswer, "", wire.RequestAnswer{Name: "Ada", Accept: true})
	ada.want(wire.KindRequests)
	connect(ada, bob, "c2")
	ada.presence("Bob", wire.InCall)

	bob.request(wire.KindBlockAdd, "", wire.Contact{Name: "Ada"})
	bob.want(wire.KindHangup)
	bob.want(wire.KindOK)
	ada.want(wire.KindHangup)
	ada.presence("Bob", wire.Offline)
	ada.refused(wire.CodeAway, wire.KindInvite, "c3", inviteTo("Bob"))
	ada.cut()
	ada.r = ns.rigs[2] // the node of who blocked
	if e := ada.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("%s %s", e.Kind, e.Body)
	}
	if got := ada.sees("Bob"); got != "[Bob offline]" {
		t.Errorf("after moving to another node: %s", got)
	}
	ns.rigs[0].stop() // another node leads
	for e := ada.ask(wire.KindInvite, "c4", inviteTo("Bob")); ; e = ada.ask(wire.KindInvite, "c4", inviteTo("Bob")) {
		werr := body[wire.Error](ada, e)
		if werr.Code == wire.CodeAway {
			break
		} else if werr.Code != wire.CodeDraining {
			t.Fatalf("under another leader: %s", werr.Code)
		}
	}
	if got := ada.sees("Bob"); got != "[Bob offline]" {
		t.Errorf("under another leader: %s", got)
	}
	bob.do(wire.KindBlockDel, "", wire.Contact{Name: "Ada"})
	ada.presence("Bob", wire.Available)
}
