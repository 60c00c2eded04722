package server_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"parley/signaling/bus/hop"
	"parley/signaling/server"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// air is a bus between nodes in one process that can lose messages and be
// split.
type air struct {
	mu   sync.Mutex
	subs map[*antenna]map[string]func([]byte)
	loss float64
}

// antenna is one node's end of it.
type antenna struct {
	air  *air
	side int // nodes on different sides do not hear each other
	in   chan func()
}

func (a *antenna) Publish(subject string, b []byte) error {
	a.air.mu.Lock()
	defer a.air.mu.Unlock()
	for other, fs := range a.air.subs {
		f := fs[subject]
		if f == nil || other.side != a.side || subject != "beat" && rand.Float64() < a.air.loss {
			continue
		}
		select {
		case other.in <- func() { f(b) }:
		default: // lost
		}
	}
	return nil
}

func (a *antenna) Subscribe(subject string, f func([]byte)) (func(), error) {
	a.air.mu.Lock()
	defer a.air.mu.Unlock()
	if a.air.subs[a] == nil {
		a.air.subs[a] = map[string]func([]byte){}
	}
	a.air.subs[a][subject] = f
	return func() {
		a.air.mu.Lock()
		defer a.air.mu.Unlock()
		delete(a.air.subs[a], subject)
	}, nil
}

func (a *air) split(side int, n *antenna) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n.side = side
}

// shared is a store that outlives nodes.
type shared struct{ store.Store }

func (shared) Close() error { return nil }

type nodes struct {
	*air
	rigs []*rig
	ants []*antenna
}

// newNodes starts nodes one after the other: the first leads. They take each
// other for gone so late that a busy machine does not part them.
func newNodes(t *testing.T, n int, loss float64, opts ...option) *nodes {
	t.Helper()
	return nodesThatPart(t, 10*time.Second, n, loss, opts...)
}

// nodesThatPart are nodes that take each other for gone after dead.
func nodesThatPart(t *testing.T, dead time.Duration, n int, loss float64, opts ...option) *nodes {
	t.Helper()
	st, err := store.Open(t.Context(), ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	ns := &nodes{air: &air{subs: map[*antenna]map[string]func([]byte){}, loss: loss}}
	for i := range n {
		a := &antenna{air: ns.air, in: make(chan func(), 1024)}
		end := make(chan struct{})
		go func() {
			for {
				select {
				case f := <-a.in:
					f()
				case <-end:
					return
				}
			}
		}()
		t.Cleanup(func() { close(end) })
		cl := &server.Cluster{Node: fmt.Sprint("n", i), Ready: func() error { return nil }}
		cl.Join = func(e hop.Events) (server.Hop, error) {
			cfg := hop.Default(cl.Node)
			cfg.Beat, cfg.Dead, cfg.Retry = 20*time.Millisecond, dead, 10*time.Millisecond
			return hop.Start(cfg, a, e)
		}
		r := newRig(t, append([]option{func(c *server.Config, s *store.Store) { c.Cluster, *s = cl, shared{st} }}, opts...)...)
		ns.rigs, ns.ants = append(ns.rigs, r), append(ns.ants, a)
	}
	return ns
}

func TestCallBetweenNodes(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			ns := newNodes(t, 3, loss)
			ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
			ada.presenceOf(t, "Bob")
			connect(ada, bob, "call")
			ada.presence("Bob", wire.InCall)
			const n = 50
			for i := range n {
				ada.request(wire.KindNegotiate, "call", wire.Negotiate{Description: offer, Generation: i})
				if e := ada.want(wire.KindOK); e.Call != "call" {
					t.Fatalf("%+v", e)
				}
			}
			for i := range n {
				if g := body[wire.Negotiate](bob, bob.want(wire.KindNegotiate)).Generation; g != i {
					t.Fatalf("generation %d in place of %d", g, i)
				}
			}
			bob.do(wire.KindHangup, "call", wire.Reason{Reason: wire.EndHangup})
			ada.want(wire.KindHangup)
			ada.presence("Bob", wire.Available)
		})
	}
}

// What follows from a request comes after its reply, also across nodes.
func TestBusyAcrossNodes(t *testing.T) {
	ns := newNodes(t, 3, 0)
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
	ada.presenceOf(t, "Bob")
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Busy})
	ada.presence("Bob", wire.Busy)
	ada.do(wire.KindInvite, "c", inviteTo("Bob"))
	if r := body[wire.Reject](ada, ada.want(wire.KindReject)); r.Reason != wire.RejectBusy {
		t.Errorf("reason %s", r.Reason)
	}
	ada.refused(wire.CodeNoCall, wire.KindHangup, "c", wire.Reason{Reason: wire.EndHangup})
}

// presenceOf watches everyone and waits until somebody is available.
func (p *peer) presenceOf(t *testing.T, name string) {
	t.Helper()
	p.request(wire.KindWatch, "", wire.Watch{Everyone: true})
	e := p.want(wire.KindOK)
	for _, q := range body[wire.PresenceList](p, e).People {
		if q.Person.Name == name && q.State == wire.Available {
			return
		}
	}
	p.presence(name, wire.Available)
}

// A session goes on where another node takes it up, with what it was sent
// meanwhile: from a follower to another, to the leader and back.
func TestTakeover(t *testing.T) {
	ns := newNodes(t, 3, 0.1)
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
	ada.presenceOf(t, "Bob")
	connect(ada, bob, "call")
	g := 0
	for _, to := range []int{1, 0, 2} {
		bob.cut()
		for range 3 {
			g++
			ada.do(wire.KindNegotiate, "call", wire.Negotiate{Description: offer, Generation: g})
		}
		bob.r = ns.rigs[to]
		if e := bob.resume(); e.Kind != wire.KindResumed {
			t.Fatalf("on node %d: %s %s", to, e.Kind, e.Body)
		}
		for i := range 3 {
			if got := body[wire.Negotiate](bob, bob.want(wire.KindNegotiate)).Generation; got != g-2+i {
				t.Fatalf("on node %d: %d in place of %d", to, got, g-2+i)
			}
		}
		bob.do(wire.KindNegotiate, "call", wire.Negotiate{Description: offer})
		ada.want(wire.KindNegotiate)
	}
	stolen := *bob
	stolen.token, stolen.r = make([]byte, wire.TokenLen), ns.rigs[1]
	if e := stolen.resume(); e.Kind != wire.KindError {
		t.Errorf("with a token that is none: %s", e.Kind)
	}
}

// The node that leads ends: calls that stand go on under another one, and what
// rings ends with a word.
func TestLeaderEnds(t *testing.T) {
	ns := newNodes(t, 3, 0)
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
	cy := ns.rigs[1].signIn(t, "Cy")
	ada.presenceOf(t, "Bob")
	connect(ada, bob, "call")
	dan := ns.rigs[2].signIn(t, "Dan")
	cy.presenceOf(t, "Dan")
	cy.do(wire.KindInvite, "rings", inviteTo("Dan"))
	dan.want(wire.KindInvite)
	ns.rigs[0].stop()
	for _, p := range []*peer{cy, dan} {
		if r := body[wire.Reason](p, p.want(wire.KindCancel)); r.Reason != wire.EndUnreachable {
			t.Errorf("reason %s", r.Reason)
		}
	}
	ada.do(wire.KindNegotiate, "call", wire.Negotiate{Description: offer})
	bob.want(wire.KindNegotiate)
	bob.do(wire.KindHangup, "call", wire.Reason{Reason: wire.EndHangup})
	ada.want(wire.KindHangup)
	cy.do(wire.KindInvite, "again", inviteTo("Dan"))
	dan.want(wire.KindInvite)
}

// While the nodes do not hear each other the call stands on both sides; what
// cannot be brought is an error, and healed it goes on.
func TestSplit(t *testing.T) {
	for name, lone := range map[string]int{"a follower": 2, "the leader": 0} {
		t.Run(name, func(t *testing.T) {
			ns := nodesThatPart(t, 500*time.Millisecond, 3, 0)
			ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[lone].signIn(t, "Bob")
			ada.presenceOf(t, "Bob")
			connect(ada, bob, "call")
			ns.split(1, ns.ants[lone])
			// Until the others have noticed, messages wait; then they are refused.
			for {
				e := ada.ask(wire.KindNegotiate, "call", wire.Negotiate{Description: offer})
				if e.Kind == wire.KindError {
					ada.isErrorOf(e, wire.CodeAway, wire.CodeDraining)
					break
				}
				if lone == 0 {
					break // kept for the other end, which has not spoken
				}
				time.Sleep(50 * time.Millisecond) // within the rate limit
			}
			ns.split(0, ns.ants[lone])
			for {
				ada.request(wire.KindNegotiate, "call", wire.Negotiate{Description: offer, Generation: 9})
				e := ada.next()
				if e.Kind == wire.KindOK {
					break
				}
				time.Sleep(50 * time.Millisecond) // within the rate limit; there is no sign of the healing
			}
			// Bob gets it, or is told that he may have missed something.
			e, err := bob.read()
			for err == nil && e.Kind != wire.KindNegotiate {
				e, err = bob.read()
			}
			if err != nil {
				bob.resume()
				bob.want(wire.KindResync)
				ada.request(wire.KindNegotiate, "call", wire.Negotiate{Description: offer})
				bob.want(wire.KindNegotiate)
			}
			// Before the replies may be the errors of what Bob did not get.
			id := ada.request(wire.KindHangup, "call", wire.Reason{Reason: wire.EndHangup})
			for e := ada.next(); e.ID != id; e = ada.next() {
				if e.Kind == wire.KindError {
					ada.isErrorOf(e, wire.CodeAway)
				}
			}
			for bob.next().Kind != wire.KindHangup {
				continue
			}
		})
	}
}

func (p *peer) isErrorOf(e wire.Envelope, codes ...wire.Code) {
	p.t.Helper()
	werr := body[wire.Error](p, e)
	for _, c := range codes {
		if werr.Code == c {
			return
		}
	}
	p.t.Fatalf("error %s, want one of %v", werr.Code, codes)
}

// A node that is restarted waits for clients that are on their way to another
// one: what was sent to them meanwhile arrives there.
func TestDrainWaitsForSessions(t *testing.T) {
	ns := newNodes(t, 3, 0, config(func(c *server.Config) {
		if c.Cluster.Node == "n2" {
			c.DrainFor = time.Minute
		}
	}))
	ada, bob := ns.rigs[1].signIn(t, "Ada"), ns.rigs[2].signIn(t, "Bob")
	ada.presenceOf(t, "Bob")
	connect(ada, bob, "call")
	bob.cut() // the only connection of its node
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = ns.rigs[2].srv.Shutdown(t.Context())
	}()
	ada.do(wire.KindNegotiate, "call", wire.Negotiate{Description: offer, Generation: 7})
	bob.r = ns.rigs[0]
	if e := bob.resume(); e.Kind != wire.KindResumed {
		t.Fatalf("resume elsewhere: %s %s", e.Kind, e.Body)
	}
	if g := body[wire.Negotiate](bob, bob.want(wire.KindNegotiate)).Generation; g != 7 {
		t.Errorf("generation %d", g)
	}
	<-stopped // long before its time is over
}
