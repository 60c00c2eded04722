package server_test

import (
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/server"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// invited says hello with an invitation.
func (p *peer) invited(name, code string) wire.Envelope {
	p.t.Helper()
	p.key = keyOf(name)
	p.send(wire.Envelope{Kind: wire.KindHello, ID: "hello"}, wire.Hello{
		Key:       p.key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(p.key, wire.HelloTranscript(p.welcome.Server, p.welcome.Nonce)),
		Name:      name, Client: "test", Invite: code,
	})
	return p.next()
}

func TestInvitation(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *server.Config) { c.InviteOnly = true }))
	code, err := r.store.(*store.SQL).Invite(t.Context(), 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p := r.dial(t)
	p.isError(p.invited("Ada", ""), wire.CodeInviteNeeded)
	p.isError(p.invited("Ada", "other"), wire.CodeInviteBad)
	if e := p.invited("Ada", code); e.Kind != wire.KindReady {
		t.Fatalf("with an invitation: %s %s", e.Kind, e.Body)
	}
	p = r.dial(t)
	p.isError(p.invited("Bob", code), wire.CodeInviteBad)
	r.signIn(t, "Ada") // is known: needs none
}

// Whoever is disabled or deleted while signed in, with a connection or
// without, is out within seconds, and so is their call.
func TestDisabled(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	st := r.store.(*store.SQL)
	ada, bob, cy, dan := r.signIn(t, "Ada"), r.signIn(t, "Bob"), r.signIn(t, "Cy"), r.signIn(t, "Dan")
	connect(ada, bob, "c1")
	dan.cut()
	for _, err := range []error{st.Disable(t.Context(), "Ada", time.Now()), st.Delete(t.Context(), "Cy", false, time.Now()), st.Disable(t.Context(), "Dan", time.Now())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for p, why := range map[*peer]wire.Code{ada: wire.CodeDisabled, cy: wire.CodeDisabled} {
		p.isError(p.next(), why)
		if code := p.closed(); code != wire.CloseForbidden {
			t.Errorf("close code %d", code)
		}
	}
	bob.want(wire.KindHangup)
	if e := dan.resume(); e.Kind == wire.KindResumed { // just before his turn
		dan.isError(dan.next(), wire.CodeDisabled)
	} else {
		dan.isError(e, wire.CodeResumeFailed)
	}

	again := r.dial(t)
	again.hello(keyOf("Ada"), "")
	again.isError(again.next(), wire.CodeDisabled)
	if code := again.closed(); code != wire.CloseForbidden {
		t.Errorf("close code %d", code)
	}
	if err := st.Enable(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	if me := r.signIn(t, "Ada").ready.Me; me.ID != ada.ready.Me.ID {
		t.Errorf("enabled: %+v", me)
	}
	bob.do(wire.KindContacts, "", nil)
}

// Who deletes their account is forgotten everywhere and at once: their call
// ends, others see them no more, and with a new key they are somebody new.
func TestAccountDelete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada, second, bob := r.signIn(t, "Ada"), r.signIn(t, "Ada"), r.signIn(t, "Bob")
	bob.do(wire.KindContactAdd, "", wire.Contact{Name: "Ada"})
	ada.do(wire.KindContactAdd, "", wire.Contact{Name: "Bob"})
	link := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{}))
	connect(ada, bob, "c1")
	bob.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	ada.want(wire.KindHangup)
	bob.do(wire.KindWatch, "", wire.Watch{Everyone: true})
	connect(ada, bob, "c2")

	if e := ada.ask(wire.KindAccountDelete, "", nil); e.Kind != wire.KindOK {
		t.Fatalf("%s %s", e.Kind, e.Body)
	}
	if code := ada.closed(); code != websocket.CloseNormalClosure {
		t.Errorf("close code %d", code)
	}
	second.isError(second.next(), wire.CodeDeleted)
	if code := second.closed(); code != wire.CloseForbidden {
		t.Errorf("another session: close code %d", code)
	}
	if e := bob.want(wire.KindHangup); e.Call != "c2" {
		t.Errorf("hangup of %s", e.Call)
	}
	bob.gone(ada.ready.Me.ID)
	if l := body[wire.ContactList](bob, bob.do(wire.KindContacts, "", nil)); len(l.People) != 0 {
		t.Errorf("still a contact: %+v", l)
	}
	if h := body[wire.History](bob, bob.do(wire.KindHistory, "", wire.HistoryQuery{})); len(h.Entries) != 0 {
		t.Errorf("still in the call log: %+v", h)
	}
	bob.refused(wire.CodeLinkUnknown, wire.KindLinkLook, "", wire.LinkRef{Code: link.Code})
	bob.refused(wire.CodeNobody, wire.KindInvite, "c3", inviteTo("Ada"))
	ada.isError(ada.resume(), wire.CodeResumeFailed)
	again := r.dial(t)
	again.hello(keyOf("Ada"), "Ada")
	again.isError(again.next(), wire.CodeDeleted)
	again = r.dial(t)
	again.hello(keyOf("Ada's new key"), "Ada")
	if me := body[wire.Ready](again, again.want(wire.KindReady)).Me; me.ID == ada.ready.Me.ID {
		t.Error("the same person came back")
	}
}

// A guest has no account to delete.
func TestAccountDeleteOfAGuest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada")
	link := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{}))
	g := r.guest(t, "Grace", link.Code)
	g.refused(wire.CodeNotForGuests, wire.KindAccountDelete, "", nil)
	ada.do(wire.KindContacts, "", nil) // is still there
}

// gone reads until a person is told to be gone.
func (p *peer) gone(id string) {
	p.t.Helper()
	for {
		e, err := p.read()
		if err != nil {
			p.t.Fatalf("waiting for %s to be gone: %v", id, err)
		}
		if e.Kind == wire.KindPresence && slices.Contains(body[wire.PresenceList](p, e).Gone, id) {
			return
		}
	}
}
