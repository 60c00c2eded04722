package server

import (
	"context"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func newID() string { return store.NewCode(15) }

// begin makes a new session known, rings what rings for its person, and sends
// ready, with what r has of it. Too many sessions: the one that has been
// without a connection for longest goes.
func (srv *Server) begin(ctx context.Context, s *session, c *conn, id string, r wire.Ready) error {
	now := time.Now()
	blockings := srv.blockings.Load()
	if err := srv.hide(ctx, s); err != nil {
		return err
	}
	r.Session, r.Token, r.Me, r.ICE = s.id, s.token, s.person, srv.ice(s)
	ready, err := wire.New(wire.KindReady, r)
	if err != nil {
		return err
	}
	ready.ID = id
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.draining {
		return wire.Errorf(wire.CodeDraining, "The service is restarting.")
	}
	if err := srv.admitLocked(s); err != nil {
		return err
	}
	mine := srv.byPerson[s.person.ID]
	if len(mine) >= srv.cfg.Limits.Sessions {
		var oldest *session
		var since time.Time
		for _, o := range mine {
			o.mu.Lock()
			if o.conn == nil && (oldest == nil || o.lost.Before(since)) {
				oldest, since = o, o.lost
			}
			o.mu.Unlock()
		}
		if oldest == nil {
			srv.m.limits.WithLabelValues("sessions").Inc()
			return wire.Errorf(wire.CodeTooMany, "You are signed in on %d devices already.", len(mine))
		}
		srv.endLocked(now, oldest, false)
	}
	srv.addLocked(s)
	if srv.blockings.Load() != blockings {
		srv.remaskLocked() // somebody was blocked while this session began
	}
	s.mu.Lock()
	s.attachLocked(c, 0, ready)
	s.mu.Unlock()
	srv.connectLocked(now, s)
	srv.m.sessions.WithLabelValues("connected").Inc()
	srv.seen(s, now)
	return nil
}

// session returns a session that is not over, or nil.
func (srv *Server) session(id string) *session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return srv.sessions[id]
}

// resume moves a session to a new connection and returns what came of it, as a
// metric's label. The caller holds s.handle.
func (srv *Server) resume(s *session, c *conn, token []byte, e wire.Envelope) string {
	now := time.Now()
	ice := srv.ice(s)
	srv.mu.Lock()
	defer srv.mu.Unlock()
	s.mu.Lock()
	switch {
	case s.over:
		s.mu.Unlock()
		return "unknown"
	case !s.tokenFitsLocked(token):
		s.mu.Unlock()
		return "token"
	case e.Ack > s.out.last:
		s.mu.Unlock()
		return "ack"
	}
	if !s.gap && !s.out.covers(e.Ack) {
		// The client forgot what it had acknowledged: it is not the client
		// that the session was with. It gets what there is.
		s.gap = true
	}
	s.out.ack(e.Ack)
	if s.gap {
		s.out.restart(e.Ack)
	} else {
		srv.m.replayed.Add(float64(len(s.out.items)))
	}
	s.epoch++
	s.oldToken, s.token = token, newToken()
	resumed, err := wire.New(wire.KindResumed, wire.Resumed{Token: s.token, ICE: ice})
	if err != nil {
		s.mu.Unlock()
		return "internal"
	}
	resumed.ID = e.ID
	if s.conn == nil {
		srv.m.sessions.WithLabelValues("waiting").Dec()
		srv.m.sessions.WithLabelValues("connected").Inc()
		delete(srv.waiting, s)
	}
	s.attachLocked(c, e.Ack, resumed)
	s.mu.Unlock()
	srv.connectLocked(now, s)
	srv.refreshLocked(s)
	return "ok"
}

// lost tells that a session's connection ended.
func (srv *Server) lost(s *session, c *conn) {
	now := time.Now()
	srv.mu.Lock()
	defer srv.mu.Unlock()
	s.mu.Lock()
	if s.over || s.conn != c {
		s.mu.Unlock()
		return
	}
	s.conn, s.lost = nil, now
	s.mu.Unlock()
	srv.m.sessions.WithLabelValues("connected").Dec()
	srv.m.sessions.WithLabelValues("waiting").Inc()
	srv.waiting[s] = struct{}{}
	srv.disconnectLocked(now, s)
	srv.seen(s, now)
	srv.expireAtLocked(now.Add(wire.ReplayFor))
}

// expireLocked ends the sessions whose time to come back is over.
func (srv *Server) expireLocked(now time.Time) {
	if srv.nextExpiry.IsZero() || now.Before(srv.nextExpiry) {
		return
	}
	srv.nextExpiry = time.Time{}
	for s := range srv.waiting {
		s.mu.Lock()
		lost := s.lost
		s.mu.Unlock()
		keep := wire.ReplayFor
		if inCall, _ := srv.inCallLocked(s); inCall {
			keep = wire.ReplayForInCall
		}
		if end := lost.Add(keep); now.Before(end) {
			srv.expireAtLocked(end)
			continue
		}
		srv.endLocked(now, s, false)
	}
}

func (srv *Server) expireAtLocked(t time.Time) {
	if srv.nextExpiry.IsZero() || t.Before(srv.nextExpiry) {
		srv.nextExpiry = t
	}
	srv.tickAtLocked(srv.nextExpiry)
}

// endLocked forgets a session; bye: the client said so.
func (srv *Server) endLocked(now time.Time, s *session, bye bool) {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.over = true
	c := s.conn
	s.conn = nil
	s.out.clear()
	s.mu.Unlock()
	state := "waiting"
	if c != nil {
		state = "connected"
	}
	srv.removeLocked(s, state)
	srv.leaveLocked(now, s, bye)
	srv.seen(s, now)
}

// addLocked makes a session known to this node.
func (srv *Server) addLocked(s *session) {
	srv.sessions[s.id] = s
	srv.countVisitLocked(s, 1)
	mine := srv.byPerson[s.person.ID]
	if mine == nil {
		mine = map[string]*session{}
		srv.byPerson[s.person.ID] = mine
	}
	mine[s.id] = s
	srv.bus.Attach(s.id, s)
}

// removeLocked is the reverse; state is the session's, for metrics.
func (srv *Server) removeLocked(s *session, state string) {
	srv.m.sessions.WithLabelValues(state).Dec()
	delete(srv.sessions, s.id)
	srv.countVisitLocked(s, -1)
	delete(srv.waiting, s)
	if mine := srv.byPerson[s.person.ID]; mine != nil {
		delete(mine, s.id)
		if len(mine) == 0 {
			delete(srv.byPerson, s.person.ID)
		}
	}
	srv.bus.Detach(s.id)
	srv.bus.Drop(s.watcher)
	srv.movedLocked()
}
