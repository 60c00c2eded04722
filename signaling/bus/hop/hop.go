// Package hop carries messages between the nodes of a service over a bus that
// is fast and loses messages without a word, as NATS core does. A message
// arrives once and in order, or both ends learn that it may not have.
//
//	server ── Send(node, message) ──> link: number, keep ──> Bus ──> link of the other node ──> Events.Message
//	                                   └── again after Retry, until acknowledged
//	Bus: a beat of each node ──> who is there, who leads ──> Events.View
//
// Each direction between two nodes is a stream with numbers from 1,
// acknowledged cumulatively. A stream ends when the other node is not heard
// for Dead, when it does not know the stream (it was started anew, or had
// given this node up), or when more waits than Limit: Events.Reset then tells
// what had not been acknowledged, and a new stream begins with the next
// message.
package hop

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Bus brings bytes to whoever subscribed, or loses them. Publish must not
// wait; functions given to Subscribe must not be called after cancel returned.
type Bus interface {
	Publish(subject string, b []byte) error
	Subscribe(subject string, f func(b []byte)) (cancel func(), err error)
}

// Events is told what happens, from one goroutine. Its methods may call Send.
type Events interface {
	// View tells who is there, this node included, in the order in which they
	// lead: those that are not leaving, the oldest first.
	View(nodes []Node)
	// Message brings the next message of a node.
	Message(from string, b []byte)
	// Reset tells that these messages may not have reached the node, nor
	// anything that it has sent since.
	Reset(node string, lost [][]byte)
}

// Node is one node as the others see it.
type Node struct {
	ID      string `json:"id"`
	Since   int64  `json:"since"` // order of age
	Leaving bool   `json:"leaving,omitempty"`
	Reign   string `json:"reign,omitempty"` // as set by SetReign
}

// Config has the times and limits. The zero value is not usable; see Default.
type Config struct {
	Node  string        // names this node and this start of it; letters and digits
	Beat  time.Duration // how often a node says that it is there
	Dead  time.Duration // without a beat for so long it is not
	Retry time.Duration // what is not acknowledged is sent again after it
	Limit int           // messages kept for one node
}

// Default returns the usual times.
func Default(node string) Config {
	return Config{Node: node, Beat: 250 * time.Millisecond, Dead: 2 * time.Second, Retry: 50 * time.Millisecond, Limit: 16384}
}

// window is how many messages are on their way to a node at once: an unpaced
// burst is what the bus loses most of.
const window = 128

// backlog is how many messages may wait for Events.Message; more are not
// acknowledged and so come again.
const backlog = 4096

// ErrNoNode says that the node is not there.
var ErrNoNode = errors.New("no such node")

// Counts are for metrics.
type Counts struct {
	Nodes                               int
	Sent, Received, Resent, Drops, Lost uint64 // Drops: twice, out of order or too many; Lost: with a stream that ended
}

// Mesh is this node's end of the hops to all others.
type Mesh struct {
	cfg    Config
	bus    Bus
	events Events

	mu     sync.Mutex
	self   Node
	nodes  map[string]*peer
	queue  []event
	counts Counts
	closed bool

	wake   chan struct{}
	quit   chan struct{}
	wg     sync.WaitGroup
	cancel []func()
}

type event struct {
	kind  byte // m, v, r
	node  string
	b     []byte
	lost  [][]byte
	nodes []Node
}

// peer is another node.
type peer struct {
	Node
	heard time.Time

	// what goes there
	stream string
	out    [][]byte // not acknowledged; the first has number first
	first  uint64
	flying int // of out, sent
	sent   time.Time
	wait   time.Duration

	// what comes from there
	from   string // its stream
	before string // the one that ended last
	in     uint64 // last number taken
	ackDue bool
}

// frame is what travels: a line of JSON and the message.
type frame struct {
	From   string `json:"f"`
	Stream string `json:"s,omitempty"` // of what is sent
	Seq    uint64 `json:"n,omitempty"` // 0: no message
	First  uint64 `json:"b,omitempty"` // everything before it was acknowledged
	Of     string `json:"o,omitempty"` // the stream that is acknowledged
	Ack    uint64 `json:"a,omitempty"`
	Unseen bool   `json:"u,omitempty"` // the stream Of is not known here
}

// Start joins the others on the bus. Close must be called in the end.
func Start(cfg Config, bus Bus, events Events) (*Mesh, error) {
	m := &Mesh{cfg: cfg, bus: bus, events: events, self: Node{ID: cfg.Node, Since: time.Now().UnixNano()},
		nodes: map[string]*peer{}, wake: make(chan struct{}, 1), quit: make(chan struct{})}
	for subject, f := range map[string]func([]byte){"beat": m.beat, "to." + cfg.Node: m.frame} {
		cancel, err := bus.Subscribe(subject, f)
		if err != nil {
			m.unsubscribe()
			return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
		}
		m.cancel = append(m.cancel, cancel)
	}
	m.mu.Lock()
	m.viewLocked()
	m.sayLocked()
	m.mu.Unlock()
	m.wg.Go(m.run)
	return m, nil
}

func (m *Mesh) unsubscribe() {
	for _, f := range m.cancel {
		f()
	}
}

// Close leaves the others. What was not acknowledged is lost.
func (m *Mesh) Close() {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return
	}
	m.closed = true
	m.mu.Unlock()
	m.unsubscribe()
	close(m.quit)
	m.wg.Wait()
}

// SetReign tells the others that this node leads, under a name that no other
// reign has; "": it does not.
func (m *Mesh) SetReign(reign string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.self.Reign != reign {
		m.self.Reign = reign
		m.viewLocked()
		m.sayLocked()
	}
}

// Leave tells the others that this node will be gone soon.
func (m *Mesh) Leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.self.Leaving {
		m.self.Leaving = true
		m.viewLocked()
		m.sayLocked()
	}
}

// Counts returns what happened so far.
func (m *Mesh) Counts() Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.counts
	c.Nodes = len(m.nodes) + 1
	return c
}

// Send keeps a message for a node until it has arrived. It does not wait.
func (m *Mesh) Send(node string, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.nodes[node]
	if p == nil || m.closed {
		return ErrNoNode
	}
	if len(p.out) >= m.cfg.Limit {
		m.resetLocked(p)
		return fmt.Errorf("node %s does not take its messages", node)
	}
	p.out = append(p.out, b)
	m.flyLocked(p)
	return nil
}

// flyLocked sends what the window has room for.
func (m *Mesh) flyLocked(p *peer) {
	for p.flying < min(len(p.out), window) {
		if p.flying == 0 {
			p.sent = time.Now()
		}
		m.putLocked(p, p.flying)
		p.flying++
		m.counts.Sent++
	}
}

func (m *Mesh) putLocked(p *peer, i int) {
	if p.stream == "" {
		p.stream = rand.Text()[:10]
	}
	m.writeLocked(p, frame{Stream: p.stream, Seq: p.first + uint64(i), First: p.first, Of: p.from, Ack: p.in}, p.out[i])
	p.ackDue = false
}

func (m *Mesh) writeLocked(p *peer, f frame, b []byte) {
	f.From = m.cfg.Node
	head, err := json.Marshal(f)
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	// An error is as a loss: it is sent again.
	_ = m.bus.Publish("to."+p.ID, append(append(head, '\n'), b...))
}

// frame takes what a node sent.
func (m *Mesh) frame(raw []byte) {
	head, b, _ := bytes.Cut(raw, []byte{'\n'})
	var f frame
	if json.Unmarshal(head, &f) != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.nodes[f.From]
	if p == nil { // its beat comes first
		m.counts.Drops++
		return
	}
	if f.Of != "" && f.Of == p.stream {
		m.ackedLocked(p, f)
	}
	if f.Seq == 0 {
		return
	}
	switch {
	case p.before != "" && f.Stream == p.before:
		m.counts.Drops++ // came late
		return
	case f.Stream != p.from && f.Seq == 1:
		p.before, p.from, p.in = p.from, f.Stream, 0
	case f.Stream != p.from:
		m.counts.Drops++
		if f.First > 1 { // else its beginning was lost, and comes again
			m.writeLocked(p, frame{Of: f.Stream, Unseen: true}, nil)
		}
		return
	}
	p.ackDue = true
	m.poke()
	if f.Seq != p.in+1 || len(m.queue) >= backlog {
		m.counts.Drops++
		return
	}
	p.in++
	m.counts.Received++
	m.queue = append(m.queue, event{kind: 'm', node: p.ID, b: bytes.Clone(b)})
}

func (m *Mesh) ackedLocked(p *peer, f frame) {
	if f.Unseen {
		m.resetLocked(p)
		return
	}
	n := 0
	for n < p.flying && p.first+uint64(n) <= f.Ack {
		p.out[n] = nil
		n++
	}
	if n == 0 {
		return
	}
	p.out, p.first, p.flying = p.out[n:], p.first+uint64(n), p.flying-n
	p.sent, p.wait = time.Now(), m.cfg.Retry
	m.flyLocked(p)
}

// resetLocked ends the stream to a node.
func (m *Mesh) resetLocked(p *peer) {
	m.counts.Lost += uint64(len(p.out))
	m.queue = append(m.queue, event{kind: 'r', node: p.ID, lost: p.out})
	p.stream, p.out, p.first, p.flying, p.wait = "", nil, 1, 0, m.cfg.Retry
	m.poke()
}

// beat takes the sign of life of a node.
func (m *Mesh) beat(b []byte) {
	var n Node
	if json.Unmarshal(b, &n) != nil || n.ID == "" || n.ID == m.cfg.Node {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.nodes[n.ID]
	switch {
	case p == nil:
		p = &peer{Node: n, first: 1, wait: m.cfg.Retry}
		m.nodes[n.ID] = p
		m.viewLocked()
		m.sayLocked() // so that it knows this node at once
	case p.Node != n:
		p.Node = n
		m.viewLocked()
	}
	p.heard = time.Now()
}

func (m *Mesh) sayLocked() {
	b, err := json.Marshal(m.self)
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	_ = m.bus.Publish("beat", b) // the next one comes soon
}

func (m *Mesh) viewLocked() {
	view := []Node{m.self}
	for _, p := range m.nodes {
		view = append(view, p.Node)
	}
	slices.SortFunc(view, func(a, b Node) int {
		if a.Leaving != b.Leaving {
			if a.Leaving {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID))
	})
	m.queue = append(m.queue, event{kind: 'v', nodes: view})
	m.poke()
}

func (m *Mesh) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// run hands events on, and does what time brings about.
func (m *Mesh) run() {
	tick := time.NewTicker(m.cfg.Retry)
	defer tick.Stop()
	var said time.Time
	for {
		select {
		case <-m.quit:
			return
		case <-m.wake:
		case now := <-tick.C:
			m.mu.Lock()
			if now.Sub(said) >= m.cfg.Beat {
				said = now
				m.sayLocked()
			}
			m.timeLocked(now)
			m.mu.Unlock()
		}
		m.mu.Lock()
		events := m.queue
		m.queue = nil
		for _, p := range m.nodes {
			if p.ackDue {
				p.ackDue = false
				m.writeLocked(p, frame{Of: p.from, Ack: p.in}, nil)
			}
		}
		m.mu.Unlock()
		for _, e := range events {
			switch e.kind {
			case 'm':
				m.events.Message(e.node, e.b)
			case 'v':
				m.events.View(e.nodes)
			case 'r':
				m.events.Reset(e.node, e.lost)
			}
		}
	}
}

// timeLocked sends again what was not acknowledged, and gives up nodes that
// are not heard.
func (m *Mesh) timeLocked(now time.Time) {
	for id, p := range m.nodes {
		if now.Sub(p.heard) >= m.cfg.Dead {
			m.resetLocked(p)
			delete(m.nodes, id)
			m.viewLocked()
			continue
		}
		if p.flying == 0 || now.Sub(p.sent) < p.wait {
			continue
		}
		// Half a window: the bus may have lost them because there were many.
		n := min(p.flying, window/2)
		for i := range n {
			m.putLocked(p, i)
		}
		m.counts.Resent += uint64(n)
		p.sent, p.wait = now, min(2*p.wait, m.cfg.Dead/2)
	}
}
