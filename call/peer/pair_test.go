package peer

import (
	"context"
	"errors"
	"flag"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/transport/v4"
	"go.uber.org/goleak"

	"parley/call/calltest"
	"parley/media"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) {
	// They wait for each other's timers, not for the processor: with as many at
	// once as there are processors it is 10 s on two of them, this way 4 s.
	_ = flag.Set("test.parallel", "6") // a flag of the command line counts more
	goleak.VerifyTestMain(m)
}

// quick notices and mends a lost path in a tenth of the usual time.
func quick() Timing {
	return Timing{
		Keepalive: 50 * time.Millisecond, Disconnected: 300 * time.Millisecond, Failed: 1500 * time.Millisecond,
		Mend: 100 * time.Millisecond, Polite: 150 * time.Millisecond, Answer: time.Second, Report: 100 * time.Millisecond,
	}
}

// line carries one side's messages to the other in order, like the service.
type line struct {
	mu     sync.Mutex
	cond   *sync.Cond
	queue  []any
	held   bool
	closed bool
	sent   []any
	wg     sync.WaitGroup
}

func newLine() *line {
	l := &line{}
	l.cond = sync.NewCond(&l.mu)
	return l
}

func (l *line) put(m any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, m)
	l.sent = append(l.sent, m)
	l.cond.Broadcast()
	return nil
}

func (l *line) Negotiate(n wire.Negotiate) error   { return l.put(n) }
func (l *line) Candidates(c wire.Candidates) error { return l.put(c) }

// hold keeps messages, or lets them go.
func (l *line) hold(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = on
	l.cond.Broadcast()
}

func (l *line) messages() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]any(nil), l.sent...)
}

func (l *line) deliver(t testing.TB, to *Peer) {
	l.wg.Go(func() {
		for {
			l.mu.Lock()
			for !l.closed && (l.held || len(l.queue) == 0) {
				l.cond.Wait()
			}
			if l.closed {
				l.mu.Unlock()
				return
			}
			m := l.queue[0]
			l.queue = l.queue[1:]
			l.mu.Unlock()
			switch m := m.(type) {
			case wire.Negotiate:
				if err := to.HandleNegotiate(context.Background(), m); err != nil {
					t.Logf("negotiate: %v", err)
				}
			case wire.Candidates:
				to.HandleCandidates(m)
			}
		}
	})
}

func (l *line) close() {
	l.mu.Lock()
	l.closed = true
	l.cond.Broadcast()
	l.mu.Unlock()
	l.wg.Wait()
}

// pair is a caller and a callee.
type pair struct {
	t        testing.TB
	caller   *Peer
	callee   *Peer
	toCallee *line
	toCaller *line
}

type pairOption func(caller, callee *Config)

func relayOnly(a, b *Config) { a.RelayOnly, b.RelayOnly = true, true }

func servers(ice wire.ICE) pairOption { return func(a, b *Config) { a.ICE, b.ICE = ice, ice } }

func newPair(t testing.TB, a, b transport.Net, opts ...pairOption) *pair {
	t.Helper()
	p := openPair(t, a, b, opts...)
	t.Cleanup(p.close)
	return p
}

// openPair is newPair for who closes it before the test ends.
func openPair(t testing.TB, a, b transport.Net, opts ...pairOption) *pair {
	t.Helper()
	p := &pair{t: t, toCallee: newLine(), toCaller: newLine()}
	ca := Config{Signaler: p.toCallee, Timing: quick(), Net: a}
	cb := Config{Signaler: p.toCaller, Timing: quick(), Net: b, Polite: true}
	for _, o := range opts {
		o(&ca, &cb)
	}
	var err error
	if p.caller, err = New(ca); err != nil {
		t.Fatal(err)
	}
	if p.callee, err = New(cb); err != nil {
		t.Fatal(err)
	}
	p.toCallee.deliver(t, p.callee)
	p.toCaller.deliver(t, p.caller)
	return p
}

func (p *pair) close() {
	p.toCallee.close()
	p.toCaller.close()
	for _, x := range []*Peer{p.caller, p.callee} {
		if err := x.Close(); err != nil {
			p.t.Errorf("close: %v", err)
		}
	}
}

// call goes through the exchange as a Session does.
func (p *pair) call() {
	p.t.Helper()
	ctx := context.Background()
	offer, err := p.caller.Offer(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	p.caller.Trickle()
	answer, err := p.callee.Accept(ctx, offer)
	if err != nil {
		p.t.Fatal(err)
	}
	p.callee.Trickle()
	if err := p.caller.Answered(ctx, answer); err != nil {
		p.t.Fatal(err)
	}
}

// connect calls and waits until both sides are connected.
func (p *pair) connect() {
	p.t.Helper()
	p.call()
	p.both(ConnConnected)
}

func (p *pair) both(want Conn) {
	p.t.Helper()
	await(p.t, p.caller, "caller "+want.String(), func(s State) bool { return s.Conn == want })
	await(p.t, p.callee, "callee "+want.String(), func(s State) bool { return s.Conn == want })
}

const patience = 10 * time.Second // only a broken test waits so long

// await waits until the state is as wanted.
func await(t testing.TB, p *Peer, what string, ok func(State) bool) State {
	t.Helper()
	c, cancel := p.Subscribe()
	defer cancel()
	late := time.After(patience)
	for {
		s := p.State()
		if ok(s) {
			return s
		}
		select {
		case <-c:
		case <-late:
			t.Fatalf("no %s: %+v", what, s)
		}
	}
}

// talk writes units of both kinds until the returned function is called.
func talk(p *Peer) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		start := time.Now()
		key := true
		for {
			select {
			case <-done:
				return
			case <-p.KeyRequests():
				key = true
				continue
			case <-tick.C:
			}
			pts := time.Since(start)
			_ = p.AudioTrack().WriteUnit(media.Unit{
				Codec: media.Opus, Data: []byte("sound"), PTS: pts, Dur: 20 * time.Millisecond, Key: true,
			})
			_ = p.VideoTrack().WriteUnit(media.Unit{
				Codec: media.VP8, Data: make([]byte, 3000), PTS: pts, Dur: 20 * time.Millisecond, Key: key,
			})
			key = false
		}
	})
	return func() { close(done); wg.Wait() }
}

// listen counts packets; the count is safe to read at any time.
type listener struct {
	mu   sync.Mutex
	cond *sync.Cond
	n    int
	last *rtp.Packet
	got  []uint16
	wg   sync.WaitGroup
}

func listen(r *Remote) *listener {
	l := &listener{}
	l.cond = sync.NewCond(&l.mu)
	l.wg.Go(func() {
		for {
			p, _, err := r.ReadRTP()
			if errors.Is(err, io.EOF) {
				return
			}
			l.mu.Lock()
			l.n++
			l.last = p
			l.got = append(l.got, p.SequenceNumber)
			l.cond.Broadcast()
			l.mu.Unlock()
		}
	})
	return l
}

// more waits for n more packets than there are now.
func (l *listener) more(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	late := time.AfterFunc(patience, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.n = -1 << 30
		l.cond.Broadcast()
	})
	defer late.Stop()
	want := l.n + n
	for l.n >= 0 && l.n < want {
		l.cond.Wait()
	}
	if l.n < 0 {
		t.Fatal("no packets arrive")
	}
}

// until waits for packet seq and returns how many there are by then.
func (l *listener) until(t *testing.T, seq uint16) int {
	t.Helper()
	for {
		l.mu.Lock()
		n, there := len(l.got), slices.Contains(l.got, seq)
		l.mu.Unlock()
		if there {
			return n
		}
		l.more(t, 1)
	}
}

func direct(t testing.TB) (*calltest.Network, *calltest.Host, *calltest.Host) {
	t.Helper()
	n := calltest.NewNetwork(t, calltest.Options{Delay: time.Millisecond})
	a, b := n.Host(calltest.Direct), n.Host(calltest.Direct)
	n.Start()
	return n, a, b
}
