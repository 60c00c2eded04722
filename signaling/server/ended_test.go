package server_test

import (
	"crypto/ed25519"
	"testing"
	"time"

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
	for _, err := range []error{st.Disable(t.Context(), "Ada", time.Now()), st.Delete(t.Context(), "Cy", time.Now()), st.Disable(t.Context(), "Dan", time.Now())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*peer{ada, cy} {
		p.isError(p.next(), wire.CodeDisabled)
		if code := p.closed(); code != wire.CloseForbidden {
			t.Errorf("close code %d", code)
		}
	}
	bob.want(wire.KindHangup)
	dan.isError(dan.resume(), wire.CodeResumeFailed)

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
