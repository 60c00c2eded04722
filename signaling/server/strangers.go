package server

import (
	"context"
	"errors"
	"time"

	"parley/signaling/room"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// reach says how an invitation comes to the callee.
type reach struct {
	stranger bool // the callee does not know who calls
	unseen   bool // the callee has blocked the caller: nothing comes
}

// reach decides whether the caller may ring the callee. The error is what the
// caller is told instead. Whoever is blocked is told what they would be if
// they were not and the callee were away.
func (srv *Server) reach(ctx context.Context, s *session, callee wire.Person, byLink bool, now time.Time) (reach, error) {
	if callee.ID == s.person.ID {
		return reach{}, nil // the room says so
	}
	if wait, ok := srv.pairs.take(now, s.person.ID+" "+callee.ID); !ok {
		srv.m.limits.WithLabelValues("pair").Inc()
		werr := wire.Errorf(wire.CodeSlowDown, "You have called %s several times just now. Please wait a moment.", callee.Name)
		werr.RetryMS = max(1, wait.Milliseconds())
		return reach{}, werr
	}
	if s.link != "" {
		return reach{stranger: true}, nil
	}
	st, err := srv.standing(ctx, s, callee, now)
	if err != nil {
		return reach{}, err
	}
	if st.Blocks {
		return reach{}, wire.Errorf(wire.CodeBlocked, "You have blocked %s. Unblock them first.", callee.Name)
	}
	known := st.Known || st.BlockedKnown
	rule := st.Rule
	if rule == "" {
		rule = srv.rule()
	}
	if known || byLink || rule == wire.RuleRing {
		return reach{stranger: !known, unseen: st.Blocked}, nil
	}
	if rule == wire.RuleRefuse {
		return reach{}, wire.Errorf(wire.CodeKnownOnly, "%s takes calls of people they know and no others.", callee.Name)
	}
	if !st.Blocked {
		if err := srv.askFor(ctx, s, callee, now); err != nil {
			return reach{}, err
		}
	}
	return reach{}, wire.Errorf(wire.CodeRequested, "%s has been asked whether you may call.", callee.Name)
}

// standing is what the store knows of the two, with the calls that are not in
// its log yet: of one that stands, or has just ended.
func (srv *Server) standing(ctx context.Context, s *session, callee wire.Person, now time.Time) (store.Standing, error) {
	st, err := srv.store.Standing(ctx, callee.ID, s.person.ID, now)
	if errors.Is(err, store.ErrNotFound) {
		return st, wire.Errorf(wire.CodeNobody, "Nobody here is called %s.", callee.Name)
	}
	if err != nil || st.Known || st.Blocked {
		return st, err
	}
	srv.mu.Lock()
	if srv.cluster.follows() {
		for _, h := range s.held {
			st.Known = st.Known || h.Peer.ID == callee.ID
		}
	} else {
		st.Known = srv.room.Between(s.person.ID, callee.ID)
	}
	srv.mu.Unlock()
	if st.Known {
		return st, nil
	}
	srv.rec.flush(ctx)
	return srv.store.Standing(ctx, callee.ID, s.person.ID, now)
}

// rule is that of people who have chosen none.
func (srv *Server) rule() wire.Rule {
	switch {
	case srv.cfg.Strangers != "":
		return srv.cfg.Strangers
	case srv.cfg.Directory:
		return wire.RuleRing
	}
	return wire.RuleAsk
}

// askFor puts the caller among the callee's requests.
func (srv *Server) askFor(ctx context.Context, s *session, callee wire.Person, now time.Time) error {
	l := srv.cfg.Limits
	fresh, err := srv.store.Ask(ctx, callee.ID, s.person.ID, l.RequestsOpen, l.RequestsMade, now)
	if errors.Is(err, store.ErrTooMany) {
		srv.m.limits.WithLabelValues("requests").Inc()
		return wire.Errorf(wire.CodeTooMany, "Too many people wait for an answer. Please ask %s for a call link.", callee.Name)
	}
	if fresh {
		srv.m.requests.WithLabelValues("asked").Inc()
		srv.tell(callee, "")
	}
	return err
}

func (srv *Server) requests(ctx context.Context, s *session) (any, error) {
	now := time.Now()
	rs, err := srv.store.Requests(ctx, s.person.ID, now)
	if err != nil {
		return nil, err
	}
	list := wire.RequestList{Open: []wire.Request{}}
	for _, r := range rs {
		list.Open = append(list.Open, wire.Request{Person: r.Person, AgeMS: max(1, now.Sub(r.At).Milliseconds())})
	}
	list.Accepted, err = srv.store.TakeAccepted(ctx, s.person.ID)
	if errors.Is(err, store.ErrUnavailable) {
		err = nil // it is told when the store can be written again
	}
	return list, err
}

func (srv *Server) requestAnswer(ctx context.Context, s *session, a wire.RequestAnswer) error {
	r, err := srv.byName(ctx, a.Name)
	if err != nil {
		return err
	}
	most := srv.cfg.Limits.Contacts
	err = srv.store.AnswerRequest(ctx, s.person.ID, r.Person.ID, a.Accept, most, time.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return wire.Errorf(wire.CodeNobody, "There is no request of %s any more.", r.Person.Name)
	case errors.Is(err, store.ErrTooMany):
		srv.m.limits.WithLabelValues("contacts").Inc()
		return wire.Errorf(wire.CodeTooMany, "You have %d contacts already, which is the most.", most)
	case err != nil:
		return err
	}
	srv.tell(s.person, s.id)
	if !a.Accept {
		srv.m.requests.WithLabelValues("declined").Inc()
		return nil
	}
	srv.m.requests.WithLabelValues("accepted").Inc()
	srv.tell(r.Person, "")
	return nil
}

// strangers sets the person's rule, or only says it.
func (srv *Server) strangers(ctx context.Context, s *session, want wire.Strangers) (any, error) {
	if want.Rule != "" {
		if err := srv.store.SetStrangers(ctx, s.person.ID, want.Rule); err != nil {
			return nil, err
		}
		srv.tell(s.person, s.id)
		return wire.Strangers{Rule: want.Rule, Own: true}, nil
	}
	own, err := srv.store.Strangers(ctx, s.person.ID)
	if err != nil {
		return nil, err
	}
	if own == "" {
		return wire.Strangers{Rule: srv.rule()}, nil
	}
	return wire.Strangers{Rule: own, Own: true}, nil
}

// inviteLocked gives an invitation to the room of this node, which leads.
func (srv *Server) inviteLocked(from room.Device, callee wire.Person, e wire.Envelope, unseen bool) (*wire.Invited, []room.Decision, *wire.Error) {
	if unseen {
		ds, werr := srv.room.Unseen(time.Now(), from, e.Call, callee, e)
		return nil, ds, werr
	}
	return srv.room.Invite(time.Now(), from, e.Call, callee, e)
}

// tell says to all sessions of a person, wherever they are, that something
// about their requests, block list or rule changed; but is the session that knows, or "". Who
// cannot be told asks when they sign in.
func (srv *Server) tell(person wire.Person, but string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	c := srv.cluster
	if !c.follows() {
		srv.tellLocked(person.ID, but)
		return
	}
	if c.attached {
		_ = c.send(c.leader, note{Op: "tell", Reign: c.reign, Device: &room.Device{Person: person, Session: but}})
	}
}

// tellLocked is tell, at the leader.
func (srv *Server) tellLocked(person, but string) {
	for _, id := range srv.room.Devices(person) {
		if id != but {
			_ = srv.deliverLocked(id, wire.Envelope{Kind: wire.KindRequests}) // a session that does not take it is told to look again
		}
	}
}
