package server_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"parley/signaling/server"
	"parley/signaling/store"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a service on loopback, or on pipes in memory for tests that move the
// clock (testing/synctest).
type rig struct {
	t      testing.TB
	srv    *server.Server
	store  store.Store
	addr   string
	dialer websocket.Dialer
	stop   func()
}

type option func(*server.Config, *store.Store)

func config(f func(*server.Config)) option { return func(c *server.Config, _ *store.Store) { f(c) } }

func newRig(t testing.TB, opts ...option) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := serve(t, l, opts...)
	r.dialer.HandshakeTimeout = 5 * time.Second
	return r
}

// newPipeRig is for use in a synctest bubble: no socket, so time can pass.
func newPipeRig(t testing.TB, opts ...option) *rig {
	t.Helper()
	l := &pipes{accept: make(chan net.Conn), done: make(chan struct{})}
	r := serve(t, l, opts...)
	r.dialer.NetDialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }
	return r
}

func serve(t testing.TB, l net.Listener, opts ...option) *rig {
	t.Helper()
	cfg := server.Default()
	cfg.DrainFor = 0
	cfg.Limits.InvitesPerMinute, cfg.Limits.InvitesPerPair = 1000, 1000
	var st store.Store
	for _, o := range opts {
		o(&cfg, &st)
	}
	if st == nil {
		mem, err := store.Open(context.Background(), ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		st = mem
	}
	log := slog.New(slog.DiscardHandler)
	if _, ok := t.(*testing.T); ok {
		log = slog.New(slog.NewTextHandler(logTo{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	srv, err := server.New(cfg, st, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := srv.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, srv: srv, store: st, addr: l.Addr().String()}
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(r.stop)
	return r
}

type logTo struct{ t testing.TB }

func (l logTo) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// pipes is a listener whose connections are net.Pipe with a buffer towards the
// reader, as a socket has one.
type pipes struct {
	accept chan net.Conn
	done   chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe:1" }

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	a, b := net.Pipe()
	select {
	case p.accept <- b:
		return a, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// peer is a raw client: it does what a test says and nothing by itself.
type peer struct {
	t       testing.TB
	r       *rig
	ws      *websocket.Conn
	key     ed25519.PrivateKey
	welcome wire.Welcome
	ready   wire.Ready
	token   []byte
	in      uint64 // last number received
	out     uint64 // last number sent
	ids     int
}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// dial connects and takes welcome.
func (r *rig) dial(t testing.TB) *peer {
	t.Helper()
	p := &peer{t: t, r: r}
	p.connect()
	return p
}

func (p *peer) connect() {
	p.t.Helper()
	d := p.r.dialer
	d.Subprotocols = []string{wire.Subprotocol}
	ws, _, err := d.Dial("ws://"+p.r.addr+wire.Path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.ws = ws
	p.t.Cleanup(func() { ws.Close() })
	p.welcome = body[wire.Welcome](p, p.want(wire.KindWelcome))
}

// signIn connects and signs in with the name, and a key that belongs to it.
func (r *rig) signIn(t testing.TB, name string) *peer {
	t.Helper()
	p := r.dial(t)
	p.hello(keyOf(name), name)
	p.ready = body[wire.Ready](p, p.want(wire.KindReady))
	p.token = p.ready.Token
	return p
}

func (p *peer) hello(key ed25519.PrivateKey, name string) {
	p.t.Helper()
	p.key = key
	p.send(wire.Envelope{Kind: wire.KindHello, ID: "hello"}, wire.Hello{
		Key:       key.Public().(ed25519.PublicKey),
		Signature: ed25519.Sign(key, wire.HelloTranscript(p.welcome.Server, p.welcome.Nonce)),
		Name:      name,
		Client:    "test",
	})
}

// resume connects anew and takes the session up.
func (p *peer) resume() wire.Envelope {
	p.t.Helper()
	p.connect()
	return p.resumeHere()
}

func (p *peer) resumeHere() wire.Envelope {
	p.t.Helper()
	p.send(wire.Envelope{Kind: wire.KindResume, Ack: p.in}, wire.Resume{
		Session:   p.ready.Session,
		Token:     p.token,
		Signature: ed25519.Sign(p.key, wire.ResumeTranscript(p.welcome.Server, p.welcome.Nonce, p.ready.Session, p.token)),
	})
	e := p.next()
	if e.Kind == wire.KindResumed {
		p.token = body[wire.Resumed](p, e).Token
	}
	return e
}

func (p *peer) send(e wire.Envelope, b any) {
	p.t.Helper()
	if b != nil {
		raw, err := json.Marshal(b)
		if err != nil {
			p.t.Fatal(err)
		}
		e.Body = raw
	}
	raw, err := json.Marshal(e)
	if err != nil {
		p.t.Fatal(err)
	}
	p.raw(string(raw))
}

func (p *peer) raw(s string) {
	p.t.Helper()
	if err := p.ws.WriteMessage(websocket.TextMessage, []byte(s)); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// request sends a numbered request and returns its id.
func (p *peer) request(kind wire.Kind, call string, b any) string {
	p.t.Helper()
	p.ids++
	p.out++
	id := fmt.Sprint("r", p.ids)
	p.send(wire.Envelope{Kind: kind, ID: id, Seq: p.out, Ack: p.in, Call: call}, b)
	return id
}

// ask sends a request and returns the reply, which must be the next message
// that is not presence.
func (p *peer) ask(kind wire.Kind, call string, b any) wire.Envelope {
	p.t.Helper()
	id := p.request(kind, call, b)
	e := p.next()
	if e.ID != id {
		p.t.Fatalf("%s %s: got %s %s %s", kind, id, e.Kind, e.ID, e.Body)
	}
	return e
}

// do is ask for requests that must succeed.
func (p *peer) do(kind wire.Kind, call string, b any) wire.Envelope {
	p.t.Helper()
	e := p.ask(kind, call, b)
	if e.Kind != wire.KindOK {
		p.t.Fatalf("%s: %s %s", kind, e.Kind, e.Body)
	}
	return e
}

// refused is ask for requests that must fail with the code.
func (p *peer) refused(code wire.Code, kind wire.Kind, call string, b any) wire.Error {
	p.t.Helper()
	return p.isError(p.ask(kind, call, b), code)
}

func (p *peer) isError(e wire.Envelope, code wire.Code) wire.Error {
	p.t.Helper()
	if e.Kind != wire.KindError {
		p.t.Fatalf("got %s %s, want error %s", e.Kind, e.Body, code)
	}
	werr := body[wire.Error](p, e)
	if werr.Code != code || len(werr.Message) < 10 || !strings.HasSuffix(werr.Message, ".") {
		p.t.Fatalf("error %s %q, want %s and a sentence", werr.Code, werr.Message, code)
	}
	return werr
}

// read returns the next message, whatever it is.
func (p *peer) read() (wire.Envelope, error) {
	p.ws.SetReadDeadline(time.Now().Add(5 * time.Minute)) // a fault, not a measure: in bubbles hours cost nothing
	_, b, err := p.ws.ReadMessage()
	if err != nil {
		return wire.Envelope{}, err
	}
	e, err := wire.Decode(b)
	if err != nil {
		p.t.Errorf("the service sent %s: %v", b, err)
		return e, err
	}
	if e.Seq != 0 {
		if e.Seq != p.in+1 {
			p.t.Errorf("message number %d after %d: %s", e.Seq, p.in, b)
		}
		p.in = e.Seq
	}
	return e, nil
}

// next returns the next message that is not ack, ping or presence; it answers
// pings.
func (p *peer) next() wire.Envelope {
	p.t.Helper()
	for {
		e, err := p.read()
		if err != nil {
			p.t.Fatalf("read: %v", err)
		}
		switch e.Kind {
		case wire.KindPing:
			p.send(wire.Envelope{Kind: wire.KindPong, Ack: p.in}, nil)
		case wire.KindAck, wire.KindPresence:
		default:
			return e
		}
	}
}

func (p *peer) want(kind wire.Kind) wire.Envelope {
	p.t.Helper()
	e := p.next()
	if e.Kind != kind {
		p.t.Fatalf("got %s %s, want %s", e.Kind, e.Body, kind)
	}
	return e
}

// presence waits until somebody is seen in a state.
func (p *peer) presence(name string, state wire.PresenceState) {
	p.t.Helper()
	for {
		e, err := p.read()
		if err != nil {
			p.t.Fatalf("waiting for %s to be %s: %v", name, state, err)
		}
		if e.Kind == wire.KindPing {
			p.send(wire.Envelope{Kind: wire.KindPong, Ack: p.in}, nil)
		}
		if e.Kind != wire.KindPresence {
			continue
		}
		for _, q := range body[wire.PresenceList](p, e).People {
			if q.Person.Name == name && q.State == state {
				return
			}
		}
	}
}

// closed reads to the end and returns the close code.
func (p *peer) closed() int {
	p.t.Helper()
	for {
		_, err := p.read()
		var ce *websocket.CloseError
		if errors.As(err, &ce) {
			return ce.Code
		}
		if err != nil {
			p.t.Fatalf("closed without a code: %v", err)
		}
	}
}

// cut breaks the link as a dead network does for the client, with no close
// frame.
func (p *peer) cut() { p.ws.NetConn().Close() }

func (p *peer) bye() {
	p.t.Helper()
	p.send(wire.Envelope{Kind: wire.KindBye}, nil)
	if code := p.closed(); code != websocket.CloseNormalClosure {
		p.t.Fatalf("bye: close code %d", code)
	}
}

func body[T any](p *peer, e wire.Envelope) T {
	p.t.Helper()
	v, err := wire.Body[T](e)
	if err != nil {
		p.t.Fatalf("%s %s: %v", e.Kind, e.Body, err)
	}
	return v
}

var (
	offer  = wire.Description{Type: "offer", SDP: "v=0 offer"}
	answer = wire.Description{Type: "answer", SDP: "v=0 answer"}
)

func inviteTo(name string) wire.Invite {
	return wire.Invite{To: name, Media: wire.Media{Audio: true, Video: true}, Offer: offer}
}

func candidates(lines ...string) wire.Candidates {
	var c wire.Candidates
	for _, l := range lines {
		c.Candidates = append(c.Candidates, wire.Candidate{Candidate: l})
	}
	return c
}

// connect makes an answered call between two peers.
func connect(caller, callee *peer, call string) {
	caller.t.Helper()
	caller.do(wire.KindInvite, call, inviteTo(callee.ready.Me.Name))
	callee.want(wire.KindInvite)
	callee.do(wire.KindAnswer, call, wire.Answer{Answer: answer})
	caller.want(wire.KindAnswer)
}

func (r *rig) get(t testing.TB, path string) (int, string, http.Header) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Get("http://" + r.addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}
