package server

import (
	"encoding/json"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/bus/hop"
	"parley/signaling/room"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// Cluster is how this node joins others. They are one service: one of them,
// the oldest, leads and has the room with every call and every person; the
// others tell it what their sessions do and carry out what it decides.
// Sessions, their rings and connections stay on their own nodes.
//
//	session on a follower ── op ──> hop ──> leader's room ── deliver, presence, reply ──> hop ──> session
//
// When another node comes to lead, each node tells it of its sessions and of
// the answered calls they are in, as clients do with `standing`; what was
// ringing ends with cancel{unreachable}. So nothing has to be written down,
// and a split heals in the same way.
type Cluster struct {
	Join  func(events hop.Events) (Hop, error)
	Node  string       // as in Hop's configuration
	Ready func() error // why the bus cannot be used, or nil
}

// Hop is the way to the other nodes: hop.Mesh.
type Hop interface {
	Send(node string, b []byte) error
	SetReign(reign string)
	Leave()
	Close()
	Counts() hop.Counts
}

// perNote is how many sessions or people one message between nodes tells of:
// NATS takes 1 MB.
const perNote = 500

// remoteWithin bounds what a session waits for the leader.
const remoteWithin = 5 * time.Second

// cluster is the state of a node among others; guarded by Server.mu.
type cluster struct {
	srv  *Server
	node string
	hop  Hop

	view     []hop.Node
	leads    bool
	leader   string // whom this node follows
	reign    string
	attached bool          // the leader knows this node's sessions
	changed  chan struct{} // closed when attached or leads may have changed
	requests uint64
	pending  map[uint64]*pending

	// of the leader
	following map[string]bool
	owner     map[string]string // by session: its node, if it is not this one
	devices   map[string]room.Device
	parted    map[string]time.Time // sessions of nodes that are not there: when they are over
	missed    map[string]bool      // sessions that were not told something
	moving    map[string]*move
	parts     map[string][]member // by node: what it has told so far

	// what others are seen to be, as the leader told
	here  map[string]wire.Presence
	stale map[string]time.Time // in here, not confirmed by a new leader: offline then
}

// pending is a request to the leader whose answer a session waits for.
type pending struct {
	s    *session
	e    wire.Envelope
	done chan error // capacity 1
}

// member is a session as its node tells the leader.
type member struct {
	Device room.Device `json:"device"`
	Linked bool        `json:"linked"`
	Busy   bool        `json:"busy,omitempty"`
	Held   []room.Held `json:"held,omitempty"`
}

// note is a message between nodes.
type note struct {
	Op      string          `json:"op"`
	Reign   string          `json:"reign,omitempty"`
	Req     uint64          `json:"req,omitempty"`
	Session string          `json:"session,omitempty"`
	Device  *room.Device    `json:"device,omitempty"`
	Flag    bool            `json:"flag,omitempty"` // bye, busy, in a call, not to be noticed
	Block   *blocking       `json:"block,omitempty"`
	Setup   bool            `json:"setup,omitempty"`
	Env     *wire.Envelope  `json:"env,omitempty"`
	Callee  *wire.Person    `json:"callee,omitempty"`
	Invited *wire.Invited   `json:"invited,omitempty"`
	Err     *wire.Error     `json:"err,omitempty"`
	Members []member        `json:"members,omitempty"`
	Here    []wire.Presence `json:"here,omitempty"`
	Held    []room.Held     `json:"held,omitempty"`
	Gaps    []string        `json:"gaps,omitempty"`
	Claim   *claim          `json:"claim,omitempty"`
	Moved   *movedSession   `json:"moved,omitempty"`
}

func (srv *Server) joinCluster(cl *Cluster) error {
	c := &cluster{srv: srv, node: cl.Node, changed: make(chan struct{}), pending: map[uint64]*pending{},
		following: map[string]bool{}, here: map[string]wire.Presence{}, stale: map[string]time.Time{}}
	c.clearLead()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.cluster = c
	h, err := cl.Join(c)
	if err != nil {
		return err
	}
	c.hop = h
	return c.register()
}

// register shows what goes between the nodes.
func (c *cluster) register() error {
	h, reg := c.hop, c.srv.reg
	for _, m := range []struct {
		name, help string
		value      func(hop.Counts) float64
	}{
		{"sent_total", "Messages to other nodes.", func(n hop.Counts) float64 { return float64(n.Sent) }},
		{"received_total", "Messages from other nodes.", func(n hop.Counts) float64 { return float64(n.Received) }},
		{"resends_total", "Messages to other nodes that were sent again.", func(n hop.Counts) float64 { return float64(n.Resent) }},
		{"drops_total", "Messages from other nodes that came twice, out of order or too many at once.", func(n hop.Counts) float64 { return float64(n.Drops) }},
		{"lost_total", "Messages that a node did not acknowledge before it was given up.", func(n hop.Counts) float64 { return float64(n.Lost) }},
	} {
		err := reg.Register(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "parley", Subsystem: "hop", Name: m.name, Help: m.help},
			func() float64 { return m.value(h.Counts()) }))
		if err != nil {
			return err
		}
	}
	return reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "parley", Name: "nodes", Help: "Nodes of the service that are there, this one included."},
		func() float64 { return float64(h.Counts().Nodes) }))
}

func (c *cluster) clearLead() {
	c.following, c.owner, c.devices = map[string]bool{}, map[string]string{}, map[string]room.Device{}
	c.parted, c.missed, c.moving = map[string]time.Time{}, map[string]bool{}, map[string]*move{}
	c.parts = map[string][]member{}
}

// follows reports whether another node decides, or is about to.
func (c *cluster) follows() bool { return c != nil && !c.leads }

func (c *cluster) send(node string, n note) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return c.hop.Send(node, b)
}

// View implements hop.Events.
func (c *cluster) View(nodes []hop.Node) {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	c.view = nodes
	now, first := time.Now(), nodes[0]
	switch {
	case first.ID == c.node && !c.leads:
		c.lead(now)
	case first.ID == c.node:
	case c.leads:
		c.yield(now)
		fallthrough
	default:
		if first.ID != c.leader || first.Reign != c.reign {
			c.follow(now, first.ID, first.Reign)
		}
	}
}

// lead makes this node the one that decides.
func (c *cluster) lead(now time.Time) {
	srv := c.srv
	c.failPending()
	c.clearLead()
	c.leads, c.leader, c.reign, c.attached = true, "", store.NewCode(5), false
	srv.room = room.New(srv.cfg.Room)
	srv.log.Info("this node leads", "nodes", len(c.view))
	c.doubt(now, nil)
	for _, s := range srv.sessions {
		c.endRinging(s)
	}
	for _, s := range srv.sessions {
		c.enter(now, c.member(s))
	}
	c.hop.SetReign(c.reign)
	srv.remaskLocked()
	c.tell()
}

// yield ends this node's reign: what it decided goes with its sessions.
func (c *cluster) yield(now time.Time) {
	srv := c.srv
	for _, s := range srv.sessions {
		s.held = srv.room.Held(now, s.device())
	}
	for _, p := range srv.room.Here() {
		c.here[p.Person.ID] = p
	}
	for _, m := range c.moving {
		m.fail(c)
	}
	srv.room = room.New(srv.cfg.Room)
	c.leads = false
	c.clearLead()
	c.hop.SetReign("")
	srv.log.Info("another node leads", "node", c.view[0].ID)
}

// follow tells the new leader of this node's sessions as soon as it reigns.
func (c *cluster) follow(now time.Time, leader, reign string) {
	c.failPending()
	if reign != c.reign && c.attached {
		c.attached = false
	}
	c.leader = leader
	if reign == "" {
		c.attached = false
		c.reign = ""
		return
	}
	if reign != c.reign {
		for _, s := range c.srv.sessions {
			c.endRinging(s)
		}
	}
	c.reign = reign
	c.sync()
}

func (c *cluster) sync() {
	n := note{Op: "part", Reign: c.reign, Flag: true}
	ok := true
	for _, s := range c.srv.sessions {
		n.Members = append(n.Members, c.member(s))
		if len(n.Members) == perNote {
			ok = ok && c.send(c.leader, n) == nil
			n.Members, n.Flag = nil, false
		}
	}
	n.Op = "sync"
	c.attached = ok && c.send(c.leader, n) == nil
	c.srv.remaskLocked()
	c.tell()
}

func (c *cluster) tell() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *cluster) member(s *session) member {
	s.mu.Lock()
	defer s.mu.Unlock()
	return member{Device: s.device(), Linked: s.conn != nil, Busy: s.busy, Held: s.held}
}

// endRinging tells a session that what rings is over: the node that knew of it
// leads no more.
func (c *cluster) endRinging(s *session) {
	var stand []room.Held
	for _, h := range s.held {
		if h.Answered {
			stand = append(stand, h)
			continue
		}
		if e, err := wire.New(wire.KindCancel, wire.Reason{Reason: wire.EndUnreachable}); err == nil {
			e.Call, e.From = h.Call, &h.Peer
			_ = s.Deliver(e) // a full ring says resync
		}
	}
	s.held = stand
	s.setup.Store(false)
}

// failPending answers whoever waits for a leader that is none any more.
func (c *cluster) failPending() {
	for id, p := range c.pending {
		delete(c.pending, id)
		p.done <- restarting()
	}
}

func restarting() *wire.Error {
	e := wire.Errorf(wire.CodeDraining, "A part of the service is restarting. Please try again in a moment.")
	e.RetryMS = 1000
	return e
}

// doubt marks those whom a new leader does not tell of; they are offline
// unless it does soon.
func (c *cluster) doubt(now time.Time, sure []wire.Presence) {
	for id := range c.here {
		c.stale[id] = now.Add(c.srv.cfg.Room.Away)
	}
	for _, p := range sure {
		delete(c.stale, p.Person.ID)
		c.here[p.Person.ID] = p
	}
	c.srv.tickAtLocked(now.Add(c.srv.cfg.Room.Away))
}

// tick does what time brings about among nodes.
func (c *cluster) tick(now time.Time) {
	for id, at := range c.stale {
		if now.Before(at) {
			c.srv.tickAtLocked(at)
			continue
		}
		delete(c.stale, id)
		p := c.here[id]
		if c.leads && c.srv.room.State(id) != wire.Offline {
			continue
		}
		p.State, p.SeenMS = wire.Offline, 1
		c.publish(p)
	}
	for id, at := range c.parted {
		if now.Before(at) {
			c.srv.tickAtLocked(at)
			continue
		}
		c.forget(now, id, false)
	}
}

// forget ends a session of another node.
func (c *cluster) forget(now time.Time, id string, bye bool) {
	d := c.devices[id]
	delete(c.parted, id)
	delete(c.owner, id)
	delete(c.devices, id)
	delete(c.missed, id)
	c.srv.applyLocked(c.srv.room.Leave(now, d, bye), nil)
}

// publish brings presence to the watchers of this node and, from the leader,
// of all.
func (c *cluster) publish(p wire.Presence) {
	delete(c.stale, p.Person.ID)
	if p.State == wire.Offline {
		delete(c.here, p.Person.ID)
	} else {
		c.here[p.Person.ID] = p
	}
	c.srv.bus.Publish(p)
	if c.leads {
		for node := range c.following {
			_ = c.send(node, note{Op: "presence", Here: []wire.Presence{p}}) // else it is told all anew
		}
	}
}

// Reset implements hop.Events.
func (c *cluster) Reset(node string, lost [][]byte) {
	srv, now := c.srv, time.Now()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	switch {
	case c.leads:
		for _, b := range lost {
			var n note
			if json.Unmarshal(b, &n) == nil && n.Op == "deliver" {
				c.missed[n.Session] = true
			}
		}
		if !c.following[node] {
			return
		}
		delete(c.following, node)
		for id, m := range c.moving {
			if c.owner[id] == node {
				m.fail(c)
			}
		}
		for id, o := range c.owner {
			if o == node {
				c.parted[id] = now.Add(wire.ReplayForInCall)
				srv.applyLocked(srv.room.Disconnect(now, c.devices[id]), nil)
			}
		}
		srv.tickAtLocked(now.Add(wire.ReplayForInCall))
		_ = c.send(node, note{Op: "again", Reign: c.reign}) // it is gone: it comes by itself
	case node == c.leader && c.attached:
		c.failPending()
		c.sync()
	}
}
