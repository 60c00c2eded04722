package server_test

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"parley/signaling/server"
	"parley/signaling/wire"
)

// visit says hello as a guest of the link.
func (p *peer) visit(name, link string) {
	p.t.Helper()
	p.key = keyOf(name + link)
	p.send(wire.Envelope{Kind: wire.KindHello, ID: "hello"}, wire.Hello{
		Key:       p.key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(p.key, wire.HelloTranscript(p.welcome.Server, p.welcome.Nonce)),
		Name:      name, Client: "test", Link: link,
	})
}

// guest signs a guest of the link in.
func (r *rig) guest(t testing.TB, name, link string) *peer {
	t.Helper()
	p := r.dial(t)
	p.visit(name, link)
	p.ready = body[wire.Ready](p, p.want(wire.KindReady))
	p.token = p.ready.Token
	return p
}

func (p *peer) link(uses int) string {
	p.t.Helper()
	return body[wire.Link](p, p.do(wire.KindLinkCreate, "", wire.LinkCreate{Uses: uses})).Code
}

func byLink(code string) wire.Invite {
	inv := inviteTo("x")
	inv.To, inv.Link = "", code
	return inv
}

func TestAGuestCallsTheOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})
	code := ada.link(1)
	bob := r.guest(t, "  Bob ", code)
	if me := bob.ready.Me; !me.Guest || me.Name != "Bob" || me.ID == "" || string(me.Key) != string(bob.key.Public().(ed25519.PublicKey)) {
		t.Fatalf("the guest is %+v", me)
	}
	bob.do(wire.KindInvite, "c1", byLink(code))
	inv := ada.want(wire.KindInvite)
	if inv.From == nil || !inv.From.Guest || inv.From.Name != "Bob" {
		t.Errorf("the invitation is from %+v", inv.From)
	}
	ada.do(wire.KindRinging, "c1", nil)
	bob.want(wire.KindRinging)
	ada.do(wire.KindAnswer, "c1", wire.Answer{Answer: wire.Description{Type: "answer", SDP: "v=0\r\n"}})
	bob.want(wire.KindAnswer)
	bob.do(wire.KindCandidates, "c1", candidates("candidate:1"))
	ada.want(wire.KindCandidates)

	bob.cut() // and comes back as anybody does
	if e := bob.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("resume: %s %s", e.Kind, e.Body)
	}
	bob.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	ada.want(wire.KindHangup)

	// Nothing of it is left.
	h := body[wire.History](ada, ada.do(wire.KindHistory, "", wire.HistoryQuery{}))
	if len(h.Entries) != 0 {
		t.Errorf("history has %+v", h.Entries)
	}
	list := body[wire.PresenceList](ada, ada.do(wire.KindWatch, "", wire.Watch{Everyone: true, Names: []string{"Bob"}}))
	if len(list.People) != 1 || list.People[0].Person.Name != "Ada" {
		t.Errorf("people are %+v", list.People)
	}
	bob.refused(wire.CodeLinkUsed, wire.KindInvite, "c2", byLink(code))
	late := r.dial(t)
	late.visit("Late", code)
	late.isError(late.next(), wire.CodeLinkUsed)
	if c := late.closed(); c != wire.CloseBadHello {
		t.Errorf("closed with %d", c)
	}
	// The name was never taken from those who may claim it.
	r.signIn(t, "Bob")
}

func TestPresenceOfGuestsIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	ada.do(wire.KindWatch, "", wire.Watch{Everyone: true})
	r.guest(t, "Gast", ada.link(0))
	r.signIn(t, "Zoe") // comes after the guest, and so does what is told of her
	for {
		e, err := ada.read()
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != wire.KindPresence {
			continue
		}
		for _, p := range body[wire.PresenceList](ada, e).People {
			if p.Person.Name == "Zoe" {
				return
			}
			if p.Person.Guest || p.Person.Name == "Gast" {
				t.Fatalf("told of %+v", p)
			}
		}
	}
}

func TestWhatAGuestMay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, eve := r.signIn(t, "Ada"), r.signIn(t, "Eve")
	code, other := ada.link(0), eve.link(0)
	g := r.guest(t, "Gast", code)
	for _, c := range []struct {
		kind wire.Kind
		call string
		body any
		want wire.Code // "": ok
	}{
		{wire.KindWatch, "", wire.Watch{Everyone: true}, wire.CodeNotForGuests},
		{wire.KindUnwatch, "", wire.Watch{Everyone: true}, wire.CodeNotForGuests},
		{wire.KindStatus, "", wire.Status{State: wire.Busy}, wire.CodeNotForGuests},
		{wire.KindContacts, "", nil, wire.CodeNotForGuests},
		{wire.KindContactAdd, "", wire.Contact{Name: "Ada"}, wire.CodeNotForGuests},
		{wire.KindContactDel, "", wire.Contact{Name: "Ada"}, wire.CodeNotForGuests},
		{wire.KindHistory, "", wire.HistoryQuery{}, wire.CodeNotForGuests},
		{wire.KindLinkCreate, "", wire.LinkCreate{}, wire.CodeNotForGuests},
		{wire.KindLinkDel, "", wire.LinkRef{Code: code}, wire.CodeNotForGuests},
		{wire.KindLinkLook, "", wire.LinkRef{Code: other}, wire.CodeNotForGuests},
		{wire.KindLinkLook, "", wire.LinkRef{Code: code}, ""},
		{wire.KindICE, "", nil, ""},
		{wire.KindInvite, "a", inviteTo("Ada"), wire.CodeNotForGuests},
		{wire.KindInvite, "b", byLink(other), wire.CodeNotForGuests},
		{wire.KindInvite, "c", byLink(code), ""},
		{wire.KindAnswer, "c", wire.Answer{Answer: wire.Description{Type: "answer", SDP: "v=0\r\n"}}, wire.CodeNotForGuests},
		{wire.KindRinging, "c", nil, wire.CodeNotForGuests},
		{wire.KindReject, "c", wire.Reject{Reason: wire.RejectDeclined}, wire.CodeNotForGuests},
		{wire.KindCandidates, "c", candidates("candidate:1"), ""},
		{wire.KindCancel, "c", wire.Reason{Reason: wire.EndCancelled}, ""},
		{"dance", "", nil, wire.CodeUnknownKind},
	} {
		if c.want == "" {
			g.do(c.kind, c.call, c.body)
		} else {
			g.refused(c.want, c.kind, c.call, c.body)
		}
	}
	eve.do(wire.KindContacts, "", nil) // would have been rung before
}

func TestWhoIsNoGuest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	code := ada.link(0)
	for _, c := range []struct {
		name, link string
		want       wire.Code
		close      int // 0: another try is possible
	}{
		{"Gast", "nosuchlink", wire.CodeLinkUnknown, wire.CloseBadHello},
		{"Gast", "not a link", wire.CodeMalformed, wire.CloseProtocol},
		{"", code, wire.CodeBadName, 0},
		{"\u202eGast", code, wire.CodeBadName, 0},
		{strings.Repeat("x", wire.MaxName+1), code, wire.CodeBadName, 0},
	} {
		p := r.dial(t)
		p.visit(c.name, c.link)
		p.isError(p.next(), c.want)
		if c.close == 0 {
			p.visit("Gast", code)
			p.want(wire.KindReady)
		} else if got := p.closed(); got != c.close {
			t.Errorf("%q, %q: closed with %d", c.name, c.link, got)
		}
	}
	forged := r.dial(t)
	forged.send(wire.Envelope{Kind: wire.KindHello}, wire.Hello{
		Key: keyOf("x").Public().(ed25519.PublicKey), Signature: make([]byte, 64), Name: "Gast", Link: code,
	})
	forged.isError(forged.next(), wire.CodeBadSignature)
}

func TestLimitsOfGuests(t *testing.T) {
	t.Parallel()
	t.Run("of an address", func(t *testing.T) {
		r := newRig(t, config(func(c *server.Config) { c.Limits.GuestsPerMinute = 2 }))
		code := r.signIn(t, "Ada").link(0)
		r.guest(t, "One", code)
		r.guest(t, "Two", code)
		p := r.dial(t)
		p.visit("Three", code)
		if werr := p.isError(p.next(), wire.CodeSlowDown); werr.RetryMS <= 0 {
			t.Errorf("no time is given: %+v", werr)
		}
		if c := p.closed(); c != wire.CloseRate {
			t.Errorf("closed with %d", c)
		}
		r.signIn(t, "Bob") // people are not meant
	})
	t.Run("of a link", func(t *testing.T) {
		r := newRig(t, config(func(c *server.Config) { c.Limits.GuestsPerLink = 2 }))
		ada := r.signIn(t, "Ada")
		code := ada.link(0)
		r.guest(t, "One", code)
		two := r.guest(t, "Two", code)
		p := r.dial(t)
		p.visit("Three", code)
		p.isError(p.next(), wire.CodeTooMany)
		if c := p.closed(); c != wire.CloseRate {
			t.Errorf("closed with %d", c)
		}
		r.guest(t, "Three", ada.link(0)) // another link has its own
		two.bye()
		r.guest(t, "Three", code)
	})
	t.Run("invitations of a link", func(t *testing.T) {
		r := newRig(t, config(func(c *server.Config) { c.Limits.InvitesPerMinute = 2 }))
		ada := r.signIn(t, "Ada")
		code := ada.link(0)
		for _, name := range []string{"One", "Two"} {
			g := r.guest(t, name, code)
			g.do(wire.KindInvite, "of"+name, byLink(code))
			g.do(wire.KindCancel, "of"+name, wire.Reason{Reason: wire.EndCancelled})
		}
		r.guest(t, "Three", code).refused(wire.CodeSlowDown, wire.KindInvite, "three", byLink(code))
	})
}

// What the guest's program says beyond what this service knows is passed on.
func TestUnknownFieldsOfAGuestArePassedOn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	code := ada.link(0)
	g := r.guest(t, "Gast", code)
	g.do(wire.KindInvite, "c", map[string]any{
		"link": code, "media": map[string]bool{"audio": true}, "later": "mine",
		"offer": map[string]string{"type": "offer", "sdp": "v=0\r\n", "later": "signed"},
	})
	if e := ada.want(wire.KindInvite); strings.Count(string(e.Body), `"later"`) != 2 {
		t.Errorf("arrived: %s", e.Body)
	}
}

// What a guest relays counts for the owner of the link, also after a resume.
func TestAGuestRelaysForTheOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) {
		c.ICE = func(person, payer string) wire.ICE {
			return wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"turn:h"}, Username: person, Credential: payer}}}
		}
	}))
	ada := r.signIn(t, "Ada")
	if s := ada.ready.ICE.Servers[0]; s.Username != ada.ready.Me.ID || s.Credential != ada.ready.Me.ID {
		t.Errorf("the owner has %+v", s)
	}
	bob := r.guest(t, "Bob", ada.link(0))
	bob.cut()
	resumed := body[wire.Resumed](bob, bob.resume())
	asked := body[wire.ICE](bob, bob.do(wire.KindICE, "", nil))
	for _, ice := range []wire.ICE{bob.ready.ICE, resumed.ICE, asked} {
		if s := ice.Servers[0]; s.Username != bob.ready.Me.ID || s.Credential != ada.ready.Me.ID {
			t.Errorf("the guest has %+v", s)
		}
	}
}
