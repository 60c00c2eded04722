package server

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"parley/signaling/wire"
)

// claim is what a client shows to resume a session that is on another node.
type claim struct {
	Server    string `json:"server"`
	Nonce     []byte `json:"nonce"`
	Token     []byte `json:"token"`
	Signature []byte `json:"signature"`
}

// movedSession is a session on its way to another node.
type movedSession struct {
	Member   member                   `json:"member"`
	Key      []byte                   `json:"key"` // of the device
	Link     string                   `json:"link,omitempty"`
	Host     string                   `json:"host,omitempty"`
	Epoch    uint32                   `json:"epoch"`
	In       uint64                   `json:"in"`
	Last     uint64                   `json:"last"`
	Items    []movedItem              `json:"items,omitempty"`
	Gap      bool                     `json:"gap,omitempty"`
	Token    []byte                   `json:"token"`
	OldToken []byte                   `json:"old_token,omitempty"`
	Replies  map[string]wire.Envelope `json:"replies,omitempty"`
	Order    []string                 `json:"order,omitempty"`
	Everyone bool                     `json:"everyone,omitempty"`
	Watched  []string                 `json:"watched,omitempty"`
	Hidden   map[string]time.Time     `json:"hidden,omitempty"` // people whom the session sees as offline
}

type movedItem struct {
	JSON []byte    `json:"json"`
	TTL  int64     `json:"ttl,omitempty"` // ms
	Kind wire.Kind `json:"kind"`
}

// move is a takeover under way, at the leader: what is for the session
// meanwhile waits here, and follows it.
type move struct {
	id, to string
	req    uint64
	waits  []wire.Envelope
}

func (m *move) keep(e wire.Envelope) error {
	if len(m.waits) >= wire.ReplayMessages {
		return errOverflow
	}
	m.waits = append(m.waits, e)
	return nil
}

// fail ends a move whose session cannot be had.
func (m *move) fail(c *cluster) { m.done(c, nil) }

func (m *move) done(c *cluster, s *movedSession) {
	delete(c.moving, m.id)
	if s != nil {
		if m.to == c.node {
			delete(c.owner, m.id)
		} else {
			c.own(m.to, s.Member.Device)
		}
	}
	n := note{Op: "taken", Req: m.req, Session: m.id, Moved: s}
	if m.to == c.node {
		c.taken(n)
	} else {
		_ = c.send(m.to, n) // a node that is gone has lost it
	}
	for _, e := range m.waits {
		_ = c.srv.deliverLocked(m.id, e) // told as missed
	}
}

// take begins a takeover, at the leader.
func (c *cluster) take(_ time.Time, to string, n note) {
	m := &move{id: n.Session, to: to, req: n.Req}
	from, remote := c.owner[n.Session]
	_, here := c.srv.sessions[n.Session]
	switch {
	case c.moving[n.Session] != nil || !here && !remote || remote && (from == to || !c.following[from]):
		m.fail(c)
		return
	}
	c.moving[n.Session] = m
	if here {
		c.export("", n)
		return
	}
	if c.send(from, note{Op: "export", Session: n.Session, Claim: n.Claim}) != nil {
		m.fail(c)
	}
}

// export gives a session away, if the claim to it is good. It waits for what
// the session's last connection began, so not here.
func (c *cluster) export(leader string, n note) {
	srv := c.srv
	s := srv.sessions[n.Session]
	srv.wg.Go(func() {
		var out *movedSession
		if s != nil && ed25519.Verify(s.key, wire.ResumeTranscript(n.Claim.Server, n.Claim.Nonce, n.Session, n.Claim.Token), n.Claim.Signature) {
			s.handle.Lock()
			defer s.handle.Unlock()
		}
		srv.mu.Lock()
		defer srv.mu.Unlock()
		if s != nil {
			out = srv.giveLocked(s, n.Claim.Token)
		}
		if leader != "" {
			_ = c.send(leader, note{Op: "exported", Session: n.Session, Moved: out}) // a leader that is gone has lost it
		} else if m := c.moving[n.Session]; m != nil {
			m.done(c, out)
		}
	})
}

// giveLocked takes a session out of this node; nil: the token does not fit.
func (srv *Server) giveLocked(s *session, token []byte) *movedSession {
	now := time.Now()
	everyone, watched := srv.bus.Watching(s.watcher)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || !s.tokenFitsLocked(token) {
		return nil
	}
	out := &movedSession{Member: member{Device: s.device(), Busy: s.busy, Held: s.held}, Key: s.key, Link: s.link, Host: s.host, Epoch: s.epoch, In: s.in,
		Last: s.out.last, Gap: s.gap, Token: s.token, OldToken: s.oldToken, Replies: s.replies, Order: s.order,
		Everyone: everyone, Watched: watched, Hidden: s.watcher.Hidden()}
	for _, it := range s.out.items {
		m := movedItem{JSON: it.json, Kind: it.kind}
		if !it.until.IsZero() {
			m.TTL = max(1, it.until.Sub(now).Milliseconds())
		}
		out.Items = append(out.Items, m)
	}
	s.over = true
	state := "waiting"
	if s.conn != nil {
		s.conn.close(wire.CloseReplaced, "resumed elsewhere")
		state = "connected"
		s.conn = nil
	}
	s.out.clear()
	srv.removeLocked(s, state)
	return out
}

// taken is the end of a takeover, at the node that asked for it.
func (c *cluster) taken(n note) {
	p := c.pending[n.Req]
	delete(c.pending, n.Req)
	if n.Moved != nil {
		c.srv.receiveLocked(n.Moved)
	}
	if p == nil {
		return // it came too late; the session waits for the client here
	}
	if n.Moved == nil {
		p.done <- errNotHere
		return
	}
	p.done <- nil
}

var errNotHere = errors.New("no node has the session")

// receiveLocked makes a session that was on another node one of this node's.
func (srv *Server) receiveLocked(m *movedSession) {
	now := time.Now()
	s := newSession(srv, m.Member.Device.Person, m.Key)
	s.id, s.link, s.host, s.epoch, s.in, s.gap = m.Member.Device.Session, m.Link, m.Host, m.Epoch, m.In, m.Gap
	s.token, s.oldToken, s.replies, s.order = m.Token, m.OldToken, m.Replies, m.Order
	s.busy, s.held, s.lost = m.Member.Busy, m.Member.Held, now
	s.out.last = m.Last - uint64(len(m.Items))
	for _, it := range m.Items {
		i := item{json: it.JSON, kind: it.Kind}
		if it.TTL > 0 {
			i.until = now.Add(time.Duration(it.TTL) * time.Millisecond)
		}
		s.out.push(i)
	}
	for id, since := range m.Hidden {
		s.watcher.Hide(id, since)
	}
	srv.addLocked(s)
	srv.m.sessions.WithLabelValues("waiting").Inc()
	srv.waiting[s] = struct{}{}
	srv.bus.Watch(s.watcher, m.Everyone, m.Watched...)
	srv.expireAtLocked(now.Add(wire.ReplayFor))
}

// fetch brings a session here from whichever node has it.
func (srv *Server) fetch(ctx context.Context, c *conn, r wire.Resume) error {
	n := note{Op: "take", Session: r.Session, Claim: &claim{Server: c.name, Nonce: c.nonce, Token: r.Token, Signature: r.Signature}}
	p := &pending{done: make(chan error, 1)}
	if remote, err := srv.request(ctx, n, p); remote {
		return err
	}
	cl := srv.cluster
	if cl == nil {
		return errNotHere
	}
	srv.mu.Lock()
	if cl.owner[r.Session] == "" {
		srv.mu.Unlock()
		return errNotHere
	}
	cl.requests++
	n.Req = cl.requests
	cl.pending[n.Req] = p
	cl.take(time.Now(), cl.node, n)
	srv.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, remoteWithin)
	defer cancel()
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// miss tells a session's client that something did not reach it.
func (s *session) miss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out.clear()
	s.gap = true
	if s.conn != nil {
		s.conn.close(wire.CloseSlow, "resync")
	}
}
