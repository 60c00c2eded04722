package server_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/server"
	"parley/signaling/wire"
)

type serverConfig = server.Config

// waitFor reads /metrics until a line is there.
func (r *rig) waitFor(t *testing.T, line string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		_, m, _ := r.get(t, "/metrics")
		if strings.Contains("\n"+m, "\n"+line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %q in\n%s", line, m)
		}
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) {
		c.Name = "calls.example.org"
		c.ICE = func(person, _ string) wire.ICE {
			return wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"turn:h"}, Username: person}}, ExpiresMS: 1000}
		}
	}))
	ada := r.signIn(t, "  Ada ")
	if w := ada.welcome; w.Server != "calls.example.org" || w.MaxMessage != wire.MaxMessage || !w.Directory ||
		w.LinkPattern != "http://"+r.addr+"/j/" {
		t.Errorf("welcome %+v", w)
	}
	if me := ada.ready.Me; me.Name != "Ada" || string(me.Key) != string(ada.key.Public().(ed25519.PublicKey)) {
		t.Errorf("me %+v", me)
	}
	if ice := ada.ready.ICE; len(ice.Servers) != 1 || ice.Servers[0].Username != ada.ready.Me.ID {
		t.Errorf("ice %+v", ice)
	}
	if ice := body[wire.ICE](ada, ada.do(wire.KindICE, "", nil)); ice.ExpiresMS != 1000 {
		t.Errorf("ice %+v", ice)
	}

	again := r.dial(t)
	again.hello(ada.key, "") // the key has a name
	if me := body[wire.Ready](again, again.want(wire.KindReady)).Me; me.ID != ada.ready.Me.ID || me.Name != "Ada" {
		t.Errorf("me without a name: %+v", me)
	}
}

// A taken name leaves the connection as it is, for another try; so does none.
func TestNameTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signIn(t, "Ada")
	p := r.dial(t)
	key := keyOf("somebody else")
	p.hello(key, "aDA")
	if e := p.isError(p.next(), wire.CodeNameTaken); !strings.Contains(e.Message, "aDA") {
		t.Errorf("message %q", e.Message)
	}
	p.hello(key, "")
	p.isError(p.next(), wire.CodeNameNeeded)
	p.hello(key, "a\nb")
	p.isError(p.next(), wire.CodeBadName)
	p.hello(key, "Grace")
	if me := body[wire.Ready](p, p.want(wire.KindReady)).Me; me.Name != "Grace" {
		t.Errorf("me %+v", me)
	}

	p = r.dial(t)
	for range server.Default().Limits.NameTries {
		p.hello(keyOf("a third"), "Ada")
		p.isError(p.next(), wire.CodeNameTaken)
	}
	if code := p.closed(); code != wire.CloseRate {
		t.Errorf("close code %d after too many names", code)
	}
}

func TestBadSignature(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, sign := range map[string]func(p *peer) []byte{
		"of another nonce":   func(p *peer) []byte { return wire.HelloTranscript(p.welcome.Server, make([]byte, 32)) },
		"for another server": func(p *peer) []byte { return wire.HelloTranscript("evil.example.org", p.welcome.Nonce) },
	} {
		t.Run(name, func(t *testing.T) {
			p := r.dial(t)
			key := keyOf("Ada")
			p.send(wire.Envelope{Kind: wire.KindHello}, wire.Hello{
				Key: key.Public().(ed25519.PublicKey), Signature: ed25519.Sign(key, sign(p)), Name: "Ada"})
			p.isError(p.next(), wire.CodeBadSignature)
			if code := p.closed(); code != wire.CloseBadHello || !wire.Final(code) {
				t.Errorf("close code %d", code)
			}
		})
	}
}

func TestHelloFirst(t *testing.T) {
	t.Parallel()
	p := newRig(t).dial(t)
	p.send(wire.Envelope{Kind: wire.KindContacts, ID: "x"}, nil)
	p.isError(p.next(), wire.CodeHelloFirst)
	if code := p.closed(); code != wire.CloseProtocol {
		t.Errorf("close code %d", code)
	}
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		start := time.Now()
		p := r.dial(t)
		if code := p.closed(); code != wire.CloseNoHello || time.Since(start) != wire.HelloWithin {
			t.Errorf("no hello: close code %d after %v", code, time.Since(start))
		}

		// Signed in, and then no sign of life: two ping intervals.
		p = r.signIn(t, "Ada")
		start = time.Now()
		if code := p.closed(); code != wire.CloseDead || time.Since(start) != 2*wire.PingEvery {
			t.Errorf("idle: close code %d after %v", code, time.Since(start))
		}

		// While a call is set up, half of it.
		p = r.signIn(t, "Ada")
		bob := r.signIn(t, "Bob")
		p.do(wire.KindInvite, "c1", inviteTo("Bob"))
		start = time.Now()
		if code := p.closed(); code != wire.CloseDead || time.Since(start) != 2*wire.PingEverySetup {
			t.Errorf("ringing: close code %d after %v", code, time.Since(start))
		}
		bob.cut()
		r.stop()
	})
}

// A client that answers pings stays connected for good.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		p := r.signIn(t, "Ada")
		pings := 0
		for start := time.Now(); time.Since(start) < 10*time.Minute; {
			if e, err := p.read(); err != nil {
				t.Fatalf("after %v: %v", time.Since(start), err)
			} else if e.Kind == wire.KindPing {
				pings++
				p.send(wire.Envelope{Kind: wire.KindPong}, nil)
			}
		}
		if pings != 60 {
			t.Errorf("%d pings in ten minutes", pings)
		}
		p.do(wire.KindContacts, "", nil)
		r.stop()
	})
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.signIn(t, "Ada")
	for _, c := range []struct {
		raw  string
		code wire.Code
		id   string
	}{
		{`{`, wire.CodeMalformed, ""},
		{`[]`, wire.CodeMalformed, ""},
		{`{"id":"x1"}`, wire.CodeMalformed, "x1"},
		{`{"kind":"watch","id":"x2"}`, wire.CodeMalformed, "x2"},
		{`{"kind":"watch","id":"x3","body":{"everyone":"yes"}}`, wire.CodeMalformed, "x3"},
		{`{"kind":"status","id":"x4","body":{"state":"asleep"}}`, wire.CodeMalformed, "x4"},
		{`{"kind":"teleport","id":"x5"}`, wire.CodeUnknownKind, "x5"},
		{`{"kind":"invite","id":"x6","body":{"to":"Bob","offer":{"type":"offer","sdp":"x"}}}`, wire.CodeMalformed, "x6"},
		{`{"kind":"contacts","id":"x7","seq":9}`, wire.CodeMalformed, "x7"},
		{`{"kind":"contacts","id":"x8","ack":99}`, wire.CodeMalformed, "x8"},
	} {
		p.raw(c.raw)
		e := p.next()
		if e.ID != c.id {
			t.Errorf("%s: reply to %q", c.raw, e.ID)
		}
		p.isError(e, c.code)
	}
	p.do(wire.KindContacts, "", nil) // the connection is as good as before
	for {
		p.raw(`{`)
		if e, err := p.read(); err != nil {
			if !websocket.IsCloseError(err, wire.CloseProtocol) {
				t.Errorf("after too many: %v", err)
			}
			break
		} else if e.Kind != wire.KindError {
			t.Errorf("got %s", e.Kind)
		}
	}
	r.waitFor(t, `parley_limits_total{limit="malformed"} 1`)
}

func TestOversized(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	before, after := r.dial(t), r.signIn(t, "Ada")
	before.raw(strings.Repeat("x", wire.MaxBeforeHello+1))
	after.raw(strings.Repeat("x", wire.MaxMessage+1))
	for _, p := range []*peer{before, after} {
		if code := p.closed(); code != websocket.CloseMessageTooBig {
			t.Errorf("close code %d", code)
		}
	}
	if e := after.resume(); e.Kind != wire.KindResumed { // the session is as good as before
		t.Errorf("resume: %s", e.Kind)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, c := range map[string]struct {
		kind int
		data string
		code int
	}{
		"binary":    {websocket.BinaryMessage, `{"kind":"contacts"}`, websocket.CloseUnsupportedData},
		"not UTF-8": {websocket.TextMessage, "{\"kind\":\"\xff\"}", websocket.CloseInvalidFramePayloadData},
	} {
		p := r.signIn(t, "Ada")
		p.ws.WriteMessage(c.kind, []byte(c.data))
		if code := p.closed(); code != c.code {
			t.Errorf("%s: close code %d", name, code)
		}
	}
}

func TestSubprotocol(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	d := r.dialer
	d.Subprotocols = []string{"chat"}
	ws, _, err := d.Dial("ws://"+r.addr+wire.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	p := &peer{t: t, r: r, ws: ws}
	if code := p.closed(); code != wire.CloseProtocol {
		t.Errorf("close code %d", code)
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.AllowedOrigins = []string{"https://parley.example.org"} }))
	for origin, status := range map[string]int{
		"":                           http.StatusSwitchingProtocols,
		"http://" + r.addr:           http.StatusSwitchingProtocols,
		"https://parley.example.org": http.StatusSwitchingProtocols,
		"https://evil.example.org":   http.StatusForbidden,
		"null":                       http.StatusForbidden,
	} {
		h := http.Header{}
		if origin != "" {
			h.Set("Origin", origin)
		}
		d := r.dialer
		d.Subprotocols = []string{wire.Subprotocol}
		ws, res, err := d.Dial("ws://"+r.addr+wire.Path, h)
		if err == nil {
			ws.Close()
		}
		if res == nil || res.StatusCode != status {
			t.Errorf("origin %q: %v, want %d", origin, res, status)
		}
	}
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t)
		p := r.signIn(t, "Ada")
		burst := server.Default().Limits.MessageBurst
		for range burst {
			p.do(wire.KindContacts, "", nil)
		}
		if e := p.refused(wire.CodeSlowDown, wire.KindContacts, "", nil); e.RetryMS != 50 {
			t.Errorf("try again in %d ms", e.RetryMS)
		}
		time.Sleep(50 * time.Millisecond)
		p.do(wire.KindContacts, "", nil)
		for {
			p.out++
			p.send(wire.Envelope{Kind: wire.KindContacts, Seq: p.out, Ack: p.in}, nil)
			if _, err := p.read(); err != nil {
				if !websocket.IsCloseError(err, wire.CloseRate) {
					t.Errorf("flooding: %v", err)
				}
				break
			}
		}
		r.stop()
	})
}

func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Limits.Unauthenticated = 2; c.Limits.Sessions = 1 }))
	a, b := r.dial(t), r.dial(t)
	d := r.dialer
	if _, res, err := d.Dial("ws://"+r.addr+wire.Path, nil); err == nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
		t.Errorf("a third connection: %v %v", res, err)
	}
	a.hello(keyOf("Ada"), "Ada")
	a.want(wire.KindReady)
	c := r.dial(t) // a is no longer one of them
	b.hello(keyOf("Ada"), "Ada")
	b.isError(b.next(), wire.CodeTooMany)
	if code := b.closed(); wire.Final(code) {
		t.Errorf("close code %d", code)
	}
	a.cut()
	r.waitFor(t, `parley_sessions{state="waiting"} 1`)
	c.hello(keyOf("Ada"), "Ada") // takes the place of the session without a link
	c.want(wire.KindReady)
}

func TestFailedSignInsBackOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Limits.FailedSignIns = 1 }))
	p := r.dial(t)
	p.send(wire.Envelope{Kind: wire.KindHello}, wire.Hello{Key: keyOf("Ada").Public().(ed25519.PublicKey), Signature: make([]byte, 64)})
	p.isError(p.next(), wire.CodeBadSignature)
	p.closed()
	d := r.dialer
	if _, res, err := d.Dial("ws://"+r.addr+wire.Path, nil); err == nil || res.StatusCode != http.StatusTooManyRequests {
		t.Errorf("after a failed sign-in: %v %v", res, err)
	}
}

// Draining: not ready, clients told, no new ones, and everything ends.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newPipeRig(t, config(func(c *serverConfig) { c.DrainFor = 4 * time.Second }))
		ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
		done := make(chan struct{})
		start := time.Now()
		go func() { r.srv.Shutdown(context.Background()); close(done) }()
		for _, p := range []*peer{ada, bob} {
			if d := body[wire.Drain](p, p.want(wire.KindDrain)); d.AfterMS < 0 || d.AfterMS > 2000 {
				t.Errorf("drain %+v", d)
			}
		}
		ada.refused(wire.CodeDraining, wire.KindInvite, "c1", inviteTo("Bob"))
		d := r.dialer
		if _, res, err := d.Dial("ws://"+r.addr+wire.Path, nil); err == nil || res == nil || res.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a new connection: %v %v", res, err)
		}
		ada.bye()
		if code := bob.closed(); code != wire.CloseDrain || wire.Final(code) {
			t.Errorf("close code %d", code)
		}
		<-done
		if took := time.Since(start); took < 4*time.Second || took > 6*time.Second {
			t.Errorf("it took %v", took)
		}
		r.stop()
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ada := r.signIn(t, "Ada <b>")
	l := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{}))
	if l.URL != "http://"+r.addr+"/j/"+l.Code {
		t.Errorf("link %+v", l)
	}
	for path, c := range map[string]struct {
		status int
		text   string
	}{
		"/":             {200, "Parley service"},
		"/livez":        {200, "ok"},
		"/readyz":       {200, "ok"},
		"/metrics":      {200, `parley_sessions{state="connected"} 1`},
		"/j/" + l.Code:  {200, `href="parley://` + r.addr + "/j/" + l.Code + `"`},
		"/j/nosuchcode": {404, "does not exist"},
		"/j/a%20b":      {404, "incomplete"},
		"/other":        {404, ""},
	} {
		status, text, h := r.get(t, path)
		if status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s", path, status, text)
		}
		if strings.HasPrefix(path, "/j/") {
			if strings.Contains(text, "<b>") || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s: %v\n%s", path, h, text)
			}
		}
	}
	r.store.Close()
	if status, _, _ := r.get(t, "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("ready without a store: %d", status)
	}
}
