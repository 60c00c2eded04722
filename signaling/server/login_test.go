package server_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/signaling/server"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// gate is a provider's stand-in: tests end its logins in the store.
type gate struct {
	st    store.Store
	ended func(ref string)
	away  error
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "page ", r.URL.Path) }
func (g *gate) SlowDown(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusTooManyRequests)
}

func (g *gate) Begin(ctx context.Context, key []byte, name, client string) (wire.Login, error) {
	id := store.NewCode(15)
	now := time.Now()
	err := g.st.BeginLogin(ctx, store.Login{Ref: store.LoginRef(id), Device: key, Name: name, Client: client, Code: "KTQ-482", Expires: now.Add(10 * time.Minute)}, now)
	return g.login(id, 10*time.Minute), err
}

func (g *gate) login(id string, left time.Duration) wire.Login {
	return wire.Login{ID: id, URL: "https://calls.example.org/login/" + id, Code: "KTQ-482", ExpiresMS: left.Milliseconds()}
}

func (g *gate) Again(ctx context.Context, id string) (wire.Login, error) {
	l, err := g.st.Login(ctx, store.LoginRef(id), time.Now())
	return g.login(id, time.Until(l.Expires)), err
}

func (g *gate) Run(ctx context.Context) { <-ctx.Done() }
func (g *gate) Ready() error            { return g.away }

func withGate(g *gate, change ...func(*server.Config)) option {
	return config(func(c *server.Config) {
		c.Login = func(st store.Store, _ *slog.Logger, ended func(string)) (server.Login, error) {
			g.st, g.ended = st, ended
			return g, nil
		}
		for _, f := range change {
			f(c)
		}
	})
}

// loggedIn says hello with a login.
func (p *peer) loggedIn(key ed25519.PrivateKey, name, login string) wire.Envelope {
	p.t.Helper()
	p.key = key
	p.send(wire.Envelope{Kind: wire.KindHello, ID: "hello"}, wire.Hello{
		Key:       key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(key, wire.HelloTranscript(p.welcome.Server, p.welcome.Nonce)),
		Name:      name, Client: "test", Login: login,
	})
	return p.next()
}

func (p *peer) asksLogin(e wire.Envelope) wire.Login {
	p.t.Helper()
	werr := p.isError(e, wire.CodeLoginNeeded)
	if werr.Login == nil || werr.Login.ID == "" || werr.Login.URL == "" || werr.Login.Code == "" {
		p.t.Fatalf("no login in %s", e.Body)
	}
	return *werr.Login
}

// A login takes almost its ten minutes, the connection stays, and is told when
// it has ended, here or on another node; no other key can use it.
func TestLogin(t *testing.T) {
	for _, here := range []bool{true, false} {
		t.Run(fmt.Sprint("here ", here), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{}
				r := newPipeRig(t, withGate(g))
				defer r.stop()
				p := r.dial(t)
				l := p.asksLogin(p.loggedIn(keyOf("Ada"), "Ada", ""))
				time.Sleep(9 * time.Minute)
				if again := p.asksLogin(p.loggedIn(keyOf("Ada"), "Ada", l.ID)); again.ID != l.ID || again.ExpiresMS > l.ExpiresMS-9*60_000 {
					t.Errorf("in between: %+v, at first %+v", again, l)
				}
				ref := store.LoginRef(l.ID)
				if err := r.store.EndLogin(t.Context(), ref, store.Subject{Issuer: "i", Subject: "s", Name: "Ada Lovelace"}, ""); err != nil {
					t.Fatal(err)
				}
				if here {
					g.ended(ref)
				}
				if told := body[wire.Login](p, p.want(wire.KindLogin)); told.ID != l.ID {
					t.Errorf("told of %+v", told)
				}
				thief := r.dial(t)
				if werr := thief.isError(thief.loggedIn(keyOf("Mallory"), "Mallory", l.ID), wire.CodeLoginFailed); werr.Login.Reason != wire.LoginExpired {
					t.Errorf("another key with it: %+v", werr.Login)
				}
				if werr := p.isError(p.loggedIn(keyOf("Ada"), "", l.ID), wire.CodeNameNeeded); werr.Login == nil || werr.Login.Name != "Ada Lovelace" {
					t.Errorf("no name is proposed: %+v", werr)
				}
				if e := p.loggedIn(keyOf("Ada"), "Ada", l.ID); e.Kind != wire.KindReady {
					t.Fatalf("%s %s", e.Kind, e.Body)
				}
				r.signIn(t, "Ada") // is known: needs none
			})
		})
	}
}

// A login that is over leaves the connection for another one, a few times.
func TestLoginFails(t *testing.T) {
	t.Parallel()
	g := &gate{}
	r := newRig(t, withGate(g))
	p := r.dial(t)
	for n := range 2 {
		l := p.asksLogin(p.loggedIn(keyOf("Ada"), "Ada", ""))
		if err := r.store.EndLogin(t.Context(), store.LoginRef(l.ID), store.Subject{}, wire.LoginNotAllowed); err != nil {
			t.Fatal(err)
		}
		g.ended(store.LoginRef(l.ID))
		p.want(wire.KindLogin)
		if werr := p.isError(p.loggedIn(keyOf("Ada"), "Ada", l.ID), wire.CodeLoginFailed); werr.Login == nil || werr.Login.Reason != wire.LoginNotAllowed {
			t.Errorf("%d: %+v", n, werr)
		}
	}
	p.asksLogin(p.loggedIn(keyOf("Ada"), "Ada", "")) // the fifth answer
	if code := p.closed(); code != wire.CloseRate {
		t.Errorf("close code %d", code)
	}
}

// Nobody comes, and nobody waits for ever.
func TestLoginForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t, withGate(&gate{}))
		defer r.stop()
		p := r.dial(t)
		l := p.asksLogin(p.loggedIn(keyOf("Ada"), "Ada", ""))
		time.Sleep(9 * time.Minute)
		if code := p.closed(); code != wire.CloseNoHello {
			t.Errorf("close code %d", code)
		}
		p.connect()
		if werr := p.isError(p.loggedIn(keyOf("Ada"), "Ada", l.ID), wire.CodeLoginFailed); werr.Login.Reason != wire.LoginExpired {
			t.Errorf("%+v", werr.Login)
		}
	})
}

func TestLoginLimits(t *testing.T) {
	t.Parallel()
	r := newRig(t, withGate(&gate{away: errors.New("away")}, func(c *server.Config) { c.Limits.LoginsPerMinute = 2 }))
	for n := range 2 {
		p := r.dial(t)
		p.asksLogin(p.loggedIn(keyOf(fmt.Sprint(n)), "Ada", ""))
	}
	p := r.dial(t)
	if werr := p.isError(p.loggedIn(keyOf("2"), "Ada", ""), wire.CodeSlowDown); werr.RetryMS <= 0 {
		t.Errorf("%+v", werr)
	}
	if code := p.closed(); code != wire.CloseRate {
		t.Errorf("close code %d", code)
	}
	status, text, _ := r.get(t, "/login/x")
	if status != http.StatusOK || text != "page /login/x" {
		t.Errorf("page: %d %q", status, text)
	}
	for range 20 {
		status, _, _ = r.get(t, "/login/x")
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("after 20 pages in a moment: %d", status)
	}
	if status, text, _ = r.get(t, "/readyz"); status != http.StatusOK || !strings.HasPrefix(text, "ok\n") || !strings.Contains(text, "provider is away") {
		t.Errorf("readyz: %d %q", status, text)
	}
}

// Without a provider there are no such pages.
func TestNoLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if status, _, _ := r.get(t, "/login/x"); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}
