package server

import (
	"context"
	"encoding/json"
	"time"

	"parley/signaling/room"
	"parley/signaling/wire"
)

// Message implements hop.Events.
func (c *cluster) Message(from string, b []byte) {
	var n note
	if err := json.Unmarshal(b, &n); err != nil {
		c.srv.log.Error("message of another node", "node", from, "err", err)
		return
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	if c.leads {
		if n.Op == "exported" || n.Reign == c.reign {
			c.toLeader(time.Now(), from, n)
		}
		return
	}
	if from == c.leader {
		c.fromLeader(time.Now(), n)
	}
}

// toLeader takes what a follower's sessions do.
func (c *cluster) toLeader(now time.Time, from string, n note) {
	srv := c.srv
	if n.Op != "sync" && n.Op != "part" && !c.following[from] {
		return // it is told to say all anew
	}
	if n.Device != nil {
		n.Session = n.Device.Session
	}
	switch n.Op {
	case "part", "sync":
		if n.Flag {
			c.parts[from] = nil
		}
		c.parts[from] = append(c.parts[from], n.Members...)
		if n.Op == "sync" {
			ms := c.parts[from]
			delete(c.parts, from)
			c.synced(now, from, ms)
		}
	case "connect":
		c.own(from, *n.Device)
		srv.applyLocked(srv.room.Connect(now, *n.Device), nil)
		c.mark(now, n.Session)
	case "disconnect":
		srv.applyLocked(srv.room.Disconnect(now, *n.Device), nil)
	case "leave":
		if c.owner[n.Session] == from {
			c.forget(now, n.Session, n.Flag)
		}
	case "busy":
		srv.applyLocked(srv.room.SetBusy(now, n.Device.Person.ID, n.Flag), nil)
	case "call":
		c.call(now, from, n)
	case "block":
		srv.blockedLocked(*n.Block)
		_ = c.send(from, note{Op: "reply", Req: n.Req}) // else its session is told
	case "tell":
		srv.tellLocked(n.Device.Person.ID, n.Device.Session)
	case "undelivered":
		c.undelivered(n)
	case "take":
		c.take(now, from, n)
	case "exported":
		if m := c.moving[n.Session]; m != nil {
			m.done(c, n.Moved)
		}
	}
}

func (c *cluster) own(node string, d room.Device) {
	delete(c.parted, d.Session)
	c.owner[d.Session], c.devices[d.Session] = node, d
}

// synced takes all sessions of a node.
func (c *cluster) synced(now time.Time, from string, ms []member) {
	srv := c.srv
	c.following[from] = true
	has := map[string]bool{}
	var gaps []string
	for _, m := range ms {
		has[m.Device.Session] = true
		if c.missed[m.Device.Session] {
			gaps = append(gaps, m.Device.Session)
			delete(c.missed, m.Device.Session)
		}
	}
	for id, o := range c.owner {
		if o == from && !has[id] {
			c.forget(now, id, false)
		}
	}
	here := srv.room.Here()
	_ = c.send(from, note{Op: "synced", Here: here[:min(len(here), perNote)], Gaps: gaps})
	for i := perNote; i < len(here); i += perNote {
		_ = c.send(from, note{Op: "presence", Here: here[i:min(len(here), i+perNote)]})
	}
	for _, m := range ms {
		c.own(from, m.Device)
		c.enter(now, m)
	}
	for _, m := range ms {
		c.mark(now, m.Device.Session)
	}
}

// enter brings a session into the room, with the calls that it is in.
func (c *cluster) enter(now time.Time, m member) {
	srv := c.srv
	srv.applyLocked(srv.room.Connect(now, m.Device), nil)
	for _, h := range m.Held {
		if !h.Answered {
			continue
		}
		if srv.room.Knows(h.Call) {
			c.trail(now, m.Device, h)
			continue
		}
		e, err := wire.New(wire.KindStanding, wire.Standing{Peer: h.Peer.Key, Caller: h.Caller, Media: h.Media, AgeMS: h.Age.Milliseconds()})
		if err != nil {
			continue
		}
		e.Call = h.Call
		ds, _ := srv.room.Handle(now, m.Device, e) // refused: the ends do not agree, so it is none
		srv.applyLocked(ds, nil)
		c.trail(now, m.Device, h)
		for _, id := range srv.room.Sessions(h.Call) {
			c.mark(now, id)
		}
	}
	if !m.Linked {
		srv.applyLocked(srv.room.Disconnect(now, m.Device), nil)
	}
	if m.Busy {
		srv.applyLocked(srv.room.SetBusy(now, m.Device.Person.ID, true), nil)
	}
}

// trail passes on what a session sent about a call while the leader before did
// not know the other end.
func (c *cluster) trail(now time.Time, d room.Device, h room.Held) {
	for _, e := range h.Trail {
		ds, _ := c.srv.room.Handle(now, d, e) // refused: the call is over, which its end is told
		c.srv.applyLocked(ds, nil)
	}
}

// mark tells a session's node which calls the session is in.
func (c *cluster) mark(now time.Time, id string) {
	node, ok := c.owner[id]
	if !ok || !c.following[node] {
		return
	}
	d := c.devices[id]
	in, setup := c.srv.room.InCall(d)
	_ = c.send(node, note{Op: "mark", Session: id, Flag: in, Setup: setup, Held: c.srv.room.Held(now, d)}) // else it is told all anew
}

// call carries out a call message of another node's session; the reply goes
// out in its place, as in replyLocked.
func (c *cluster) call(now time.Time, from string, n note) {
	srv, e := c.srv, *n.Env
	var ds []room.Decision
	var werr *wire.Error
	var invited *wire.Invited
	if n.Callee != nil {
		invited, ds, werr = srv.inviteLocked(*n.Device, *n.Callee, e, n.Flag)
	} else {
		ds, werr = srv.room.Handle(now, *n.Device, e)
	}
	var own, others []room.Decision
	for _, d := range ds {
		if dl, ok := d.(room.Deliver); ok && dl.Session == n.Session {
			own = append(own, d)
		} else {
			others = append(others, d)
		}
	}
	err := srv.tryLocked(others, nil)
	if werr == nil && err != nil && relayed(e.Kind) {
		werr = srv.notTakenLocked(*n.Device, e)
	}
	_ = c.send(from, note{Op: "reply", Req: n.Req, Err: werr, Invited: invited}) // else its session is told
	srv.applyLocked(own, nil)
	c.mark(now, n.Session)
	for _, id := range srv.room.Sessions(e.Call) {
		if id != n.Session {
			c.mark(now, id)
		}
	}
}

// undelivered tells the others of a call that a message did not get through.
func (c *cluster) undelivered(n note) {
	if n.Env == nil || !relayed(n.Env.Kind) {
		return
	}
	e, err := wire.New(wire.KindError, wire.Errorf(wire.CodeAway, "The other device does not take messages just now."))
	if err != nil {
		return
	}
	e.Call = n.Env.Call
	for _, id := range c.srv.room.Sessions(e.Call) {
		if id != n.Session {
			_ = c.srv.deliverLocked(id, e) // an error about an error
		}
	}
}

// fromLeader carries out what the leader decided.
func (c *cluster) fromLeader(now time.Time, n note) {
	srv := c.srv
	s := srv.sessions[n.Session]
	switch n.Op {
	case "synced":
		c.doubt(now, n.Here)
		for _, p := range n.Here {
			srv.bus.Publish(p)
		}
		for _, id := range n.Gaps {
			if s := srv.sessions[id]; s != nil {
				s.miss()
			}
		}
	case "again":
		if n.Reign == c.reign {
			c.failPending()
			c.sync()
		}
	case "presence":
		for _, p := range n.Here {
			c.publish(p)
		}
	case "block":
		srv.maskLocked(*n.Block)
	case "deliver":
		if s == nil || s.Deliver(*n.Env) != nil {
			_ = c.send(c.leader, note{Op: "undelivered", Reign: c.reign, Session: n.Session, Env: &wire.Envelope{Kind: n.Env.Kind, Call: n.Env.Call}})
		}
	case "mark":
		if s != nil {
			s.held, s.inCall = n.Held, n.Flag
			if s.setup.Swap(n.Setup) != n.Setup {
				s.poke()
			}
		}
	case "reply":
		if p := c.pending[n.Req]; p != nil {
			delete(c.pending, n.Req)
			if n.Err != nil {
				p.done <- n.Err
				return
			}
			var body any
			if n.Invited != nil {
				body = n.Invited
			}
			srv.answer(p.s, p.e, body, nil) // here: what follows from it comes next
			p.done <- nil
		}
	case "export":
		c.export(c.leader, n)
	case "taken":
		c.taken(n)
	}
}

// elsewhere has a call message carried out by the leader; false: this node is
// the leader. The error is for the session; without one it has been answered.
func (srv *Server) elsewhere(ctx context.Context, s *session, e wire.Envelope, callee *wire.Person, unseen bool) (bool, error) {
	d := s.device()
	return srv.request(ctx, note{Op: "call", Device: &d, Env: &e, Callee: callee, Flag: unseen}, &pending{s: s, e: e})
}

// request sends a request to the leader and waits for its answer.
func (srv *Server) request(ctx context.Context, n note, p *pending) (bool, error) {
	c := srv.cluster
	if c == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, remoteWithin)
	defer cancel()
	p.done = make(chan error, 1)
	for {
		srv.mu.Lock()
		if c.leads {
			srv.mu.Unlock()
			return false, nil
		}
		sent, id, changed := false, uint64(0), c.changed
		if c.attached {
			c.requests++
			id = c.requests
			n.Req, n.Reign = id, c.reign
			if sent = c.send(c.leader, n) == nil; sent {
				c.pending[id] = p
			}
		}
		srv.mu.Unlock()
		if !sent {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return true, restarting()
			}
		}
		select {
		case err := <-p.done:
			return true, err
		case <-ctx.Done():
		}
		srv.mu.Lock()
		_, waits := c.pending[id]
		delete(c.pending, id)
		srv.mu.Unlock()
		if waits {
			return true, restarting()
		}
		return true, <-p.done
	}
}

// connectLocked and its like tell whoever decides what a session does.
func (srv *Server) connectLocked(now time.Time, s *session) {
	if !srv.opLocked(s, "connect", false) {
		if c := srv.cluster; c != nil {
			delete(c.owner, s.id)
		}
		srv.applyLocked(srv.room.Connect(now, s.device()), s)
	}
}

func (srv *Server) disconnectLocked(now time.Time, s *session) {
	if !srv.opLocked(s, "disconnect", false) {
		srv.applyLocked(srv.room.Disconnect(now, s.device()), s)
	}
}

func (srv *Server) leaveLocked(now time.Time, s *session, bye bool) {
	if !srv.opLocked(s, "leave", bye) {
		srv.applyLocked(srv.room.Leave(now, s.device(), bye), nil)
	}
}

func (srv *Server) busyLocked(now time.Time, s *session, busy bool) {
	s.busy = busy
	if !srv.opLocked(s, "busy", busy) {
		srv.applyLocked(srv.room.SetBusy(now, s.person.ID, busy), s)
	}
}

// opLocked tells the leader; false: this node is it. What cannot be told now
// is told with all else when there is a leader.
func (srv *Server) opLocked(s *session, op string, flag bool) bool {
	c := srv.cluster
	if !c.follows() {
		return false
	}
	if c.attached {
		d := s.device()
		_ = c.send(c.leader, note{Op: op, Reign: c.reign, Device: &d, Flag: flag})
	}
	return true
}

// deliverLocked brings a message to a session, wherever it is.
func (srv *Server) deliverLocked(id string, e wire.Envelope) error {
	c := srv.cluster
	if c == nil || srv.sessions[id] != nil {
		return srv.bus.Deliver(id, e)
	}
	node, ok := c.owner[id]
	if !ok {
		return srv.bus.Deliver(id, e)
	}
	if m := c.moving[id]; m != nil {
		return m.keep(e)
	}
	err := c.send(node, note{Op: "deliver", Session: id, Env: &e})
	if err != nil {
		c.missed[id] = true
	}
	return err
}

func (srv *Server) publishLocked(p wire.Presence) {
	if srv.cluster != nil {
		srv.cluster.publish(p)
		return
	}
	srv.bus.Publish(p)
}

func (srv *Server) hereLocked() []wire.Presence {
	c := srv.cluster
	if !c.follows() {
		return srv.room.Here()
	}
	here := make([]wire.Presence, 0, len(c.here))
	for _, p := range c.here {
		here = append(here, p)
	}
	return here
}

func (srv *Server) stateLocked(id string) wire.PresenceState {
	c := srv.cluster
	if !c.follows() {
		return srv.room.State(id)
	}
	if p, ok := c.here[id]; ok {
		return p.State
	}
	return wire.Offline
}

func (srv *Server) inCallLocked(s *session) (inCall, setup bool) {
	if srv.cluster.follows() {
		return s.inCall, s.setup.Load()
	}
	if srv.cluster != nil {
		s.held = srv.room.Held(time.Now(), s.device()) // for the next leader
	}
	return srv.room.InCall(s.device())
}
