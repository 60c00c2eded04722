package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// fake is a service over in-memory connections that keeps the delivery
// contract and can be told to misbehave.
type fake struct {
	t       *testing.T
	backlog chan net.Conn
	server  *http.Server
	served  sync.WaitGroup

	mu       sync.Mutex
	sessions map[string]*fakeSession
	last     int
	hellos   int
	resumes  int
	live     map[*fakeLink]bool
	conns    []net.Conn // the server's ends
	taken    map[string]bool
	deaf     bool // reads and says nothing
	noPings  bool
	login    func(h wire.Hello) *wire.Error // asks for one; nil: lets in
	pinged   int                            // WebSocket pings before ready
	noPongs  bool                           // to them
	refuse   func(n int) int                // HTTP status for the n-th attempt; 0: let in
	attempts int
	answer   func(s *fakeSession, e wire.Envelope) *wire.Envelope // reply; nil: none
	welcome  wire.Welcome
	ice      wire.ICE
}

type fakeSession struct {
	id      string
	token   []byte
	me      wire.Person
	in      uint64
	got     []wire.Envelope // numbered ones, in order
	bye     bool
	out     []wire.Envelope // not acknowledged
	seq     uint64
	epoch   uint32
	link    *fakeLink
	replies map[string]wire.Envelope
}

// fakeLink is one connection. Writes are serialized by a channel, because a
// mutex would stop the bubble's time.
type fakeLink struct {
	ws   *websocket.Conn
	lock chan struct{}
}

func (l *fakeLink) write(e wire.Envelope) {
	b, _ := json.Marshal(e)
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	_ = l.ws.SetWriteDeadline(time.Now().Add(time.Second))
	_ = l.ws.WriteMessage(websocket.TextMessage, b)
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, backlog: make(chan net.Conn), sessions: map[string]*fakeSession{}, live: map[*fakeLink]bool{}, taken: map[string]bool{},
		welcome: wire.Welcome{Server: "fake", Version: "1", PingMS: wire.PingEvery.Milliseconds(), Directory: true, LinkPattern: "https://fake/j/"},
		ice:     wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"stun:fake"}}}, ExpiresMS: 300_000}}
	f.server = &http.Server{Handler: f}
	f.served.Go(func() { _ = f.server.Serve(f) })
	t.Cleanup(func() {
		f.server.Close()
		f.cut()
		f.served.Wait()
	})
	return f
}

// Accept, Close and Addr make it a listener.
func (f *fake) Accept() (net.Conn, error) {
	c, ok := <-f.backlog
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (f *fake) Close() error   { close(f.backlog); return nil }
func (f *fake) Addr() net.Addr { return &net.TCPAddr{} }

func (f *fake) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case f.backlog <- theirs:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, theirs)
	return ours, nil
}

// cut breaks every connection.
func (f *fake) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

// forget loses all sessions, as a restart does.
func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions = map[string]*fakeSession{}
}

func (f *fake) count(what *int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *what
}

func (f *fake) saidBye(s *fakeSession) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.bye
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// session is the only one there is.
func (f *fake) session() *fakeSession {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sessions {
		return s
	}
	return nil
}

// push sends a message for the session, now or at its resumption.
func (f *fake) push(s *fakeSession, e wire.Envelope) {
	f.mu.Lock()
	s.seq++
	e.Seq = s.seq
	s.out = append(s.out, e)
	l := s.link
	e.Ack = s.in
	f.mu.Unlock()
	if l != nil {
		l.write(e)
	}
}

// tell sends what is not numbered.
func (f *fake) tell(e wire.Envelope) {
	f.mu.Lock()
	links := []*fakeLink{}
	for l := range f.live {
		links = append(links, l)
	}
	f.mu.Unlock()
	for _, l := range links {
		l.write(e)
	}
}

// closeAll closes every connection with a code.
func (f *fake) closeAll(code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.live {
		_ = l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.attempts++
	status := 0
	if f.refuse != nil {
		status = f.refuse(f.attempts)
	}
	f.mu.Unlock()
	if status != 0 {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		return
	}
	f.served.Add(1)
	defer f.served.Done()
	up := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	ws, err := up.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer ws.Close()
	l := &fakeLink{ws: ws, lock: make(chan struct{}, 1)}
	f.serve(l)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.live, l)
	for _, s := range f.sessions {
		if s.link == l {
			s.link = nil
		}
	}
}

func envelope(kind wire.Kind, body any) wire.Envelope {
	e, err := wire.New(kind, body)
	if err != nil {
		panic(err)
	}
	return e
}

func token() []byte {
	b := make([]byte, wire.TokenLen)
	_, _ = rand.Read(b)
	return b
}

// serve returns when the connection ends, however it does.
func (f *fake) serve(l *fakeLink) {
	nonce := make([]byte, wire.NonceLen)
	_, _ = rand.Read(nonce)
	f.mu.Lock()
	w := f.welcome
	f.mu.Unlock()
	w.Nonce = nonce
	l.write(envelope(wire.KindWelcome, w))
	answer := l.ws.PingHandler()
	l.ws.SetPingHandler(func(text string) error {
		f.mu.Lock()
		f.pinged++
		mute := f.noPongs
		f.mu.Unlock()
		if mute {
			return nil
		}
		return answer(text)
	})
	var s *fakeSession
	for s == nil {
		e, err := receive(l.ws)
		if err != nil {
			return
		}
		switch e.Kind {
		case wire.KindResume:
			s = f.resume(l, e, w)
		case wire.KindHello:
			s = f.hello(l, e, w)
		default:
			f.t.Errorf("%s came before hello", e.Kind)
			return
		}
	}
	stop := make(chan struct{})
	defer close(stop)
	f.served.Go(func() { f.ping(l, stop) })
	for {
		e, err := receive(l.ws)
		if err != nil {
			return
		}
		if err := f.take(s, l, e); err != nil {
			return
		}
	}
}

func (f *fake) ping(l *fakeLink, stop chan struct{}) {
	tick := time.NewTicker(wire.PingEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		f.mu.Lock()
		quiet := f.deaf || f.noPings
		f.mu.Unlock()
		if !quiet {
			l.write(wire.Envelope{Kind: wire.KindPing})
		}
	}
}

func (f *fake) hello(l *fakeLink, e wire.Envelope, w wire.Welcome) *fakeSession {
	h, err := wire.Body[wire.Hello](e)
	f.mu.Lock()
	f.hellos++
	switch {
	case err != nil || !ed25519.Verify(h.Key, wire.HelloTranscript(w.Server, w.Nonce), h.Signature):
		f.mu.Unlock()
		l.write(envelope(wire.KindError, wire.Errorf(wire.CodeBadSignature, "The key is not proven.")))
		return nil
	case h.Name == "":
		f.mu.Unlock()
		l.write(envelope(wire.KindError, wire.Errorf(wire.CodeNameNeeded, "A name is needed.")))
		return nil
	case f.taken[h.Name]:
		f.mu.Unlock()
		l.write(envelope(wire.KindError, wire.Errorf(wire.CodeNameTaken, "The name belongs to somebody else.")))
		return nil
	}
	if f.login != nil {
		if no := f.login(h); no != nil {
			f.live[l] = true
			f.mu.Unlock()
			l.write(envelope(wire.KindError, no))
			return nil
		}
	}
	f.last++
	s := &fakeSession{id: fmt.Sprintf("s%d", f.last), token: token(), link: l, replies: map[string]wire.Envelope{},
		me: wire.Person{ID: "me", Name: h.Name, Key: h.Key}}
	f.sessions[s.id] = s
	f.live[l] = true
	ready := wire.Ready{Session: s.id, Token: s.token, Me: s.me, ICE: f.ice}
	f.mu.Unlock()
	l.write(envelope(wire.KindReady, ready))
	return s
}

func (f *fake) resume(l *fakeLink, e wire.Envelope, w wire.Welcome) *fakeSession {
	r, err := wire.Body[wire.Resume](e)
	f.mu.Lock()
	f.resumes++
	s := f.sessions[r.Session]
	if err != nil || s == nil || string(s.token) != string(r.Token) ||
		!ed25519.Verify(s.me.Key, wire.ResumeTranscript(w.Server, w.Nonce, r.Session, r.Token), r.Signature) {
		f.mu.Unlock()
		l.write(envelope(wire.KindError, wire.Errorf(wire.CodeResumeFailed, "The session is not known.")))
		return nil
	}
	s.epoch++
	// The fake keeps the token: a client that was cut off before it read the
	// new one must not lose its session for that in these tests.
	done := envelope(wire.KindResumed, wire.Resumed{Token: s.token, ICE: f.ice})
	done.Epoch, done.Ack = s.epoch, s.in
	f.acked(s, e.Ack)
	again := slices.Clone(s.out)
	f.live[l] = true
	l.lock <- struct{}{} // nothing gets in between
	s.link = l
	f.mu.Unlock()
	defer func() { <-l.lock }()
	for _, e := range append([]wire.Envelope{done}, again...) {
		b, _ := json.Marshal(e)
		_ = l.ws.SetWriteDeadline(time.Now().Add(time.Second))
		_ = l.ws.WriteMessage(websocket.TextMessage, b)
	}
	return s
}

func (f *fake) acked(s *fakeSession, n uint64) {
	for len(s.out) > 0 && s.out[0].Seq <= n {
		s.out = s.out[1:]
	}
}

func (f *fake) take(s *fakeSession, l *fakeLink, e wire.Envelope) error {
	f.mu.Lock()
	if f.deaf {
		f.mu.Unlock()
		return nil
	}
	f.acked(s, e.Ack)
	if e.Kind == wire.KindBye {
		s.bye = true
		f.mu.Unlock()
		return l.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	}
	if e.Seq == 0 {
		f.mu.Unlock()
		return nil
	}
	if e.Seq > s.in+1 {
		f.t.Errorf("after message %d came %d", s.in, e.Seq)
	}
	if e.Seq <= s.in {
		f.mu.Unlock()
		return nil
	}
	s.in = e.Seq
	s.got = append(s.got, e)
	answer := f.answer
	f.mu.Unlock()
	var reply *wire.Envelope
	if answer != nil {
		reply = answer(s, e)
	} else if e.ID != "" {
		ok := wire.Envelope{Kind: wire.KindOK}
		switch e.Kind {
		case wire.KindWatch, wire.KindContacts:
			ok = envelope(wire.KindOK, wire.PresenceList{})
		case wire.KindICE:
			ok = envelope(wire.KindOK, f.ice)
		}
		reply = &ok
	}
	if reply == nil {
		f.mu.Lock()
		in := s.in
		f.mu.Unlock()
		l.write(wire.Envelope{Kind: wire.KindAck, Ack: in})
		return nil
	}
	reply.ID = e.ID
	f.push(s, *reply)
	return nil
}

// got returns what the session has been sent, of one kind or of all ("").
func (f *fake) got(s *fakeSession, kind wire.Kind) []wire.Envelope {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []wire.Envelope
	for _, e := range s.got {
		if kind == "" || e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}
