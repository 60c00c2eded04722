package server

import (
	"context"
	"errors"
	"slices"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func (srv *Server) byName(ctx context.Context, name string) (store.Record, error) {
	r, err := srv.store.ByName(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return r, wire.Errorf(wire.CodeNobody, "Nobody here is called %s.", name)
	}
	return r, err
}

// watch begins to tell a session who is there. The reply has as many people as
// fit into one message; the rest follow as presence. It is sent here, under
// the lock, so that no later change can overtake it.
func (srv *Server) watch(ctx context.Context, s *session, e wire.Envelope, w wire.Watch) (any, error) {
	var known []store.Record
	if w.Everyone {
		if !srv.cfg.Directory {
			return nil, wire.Errorf(wire.CodeNoDirectory, "This service has no list of people.")
		}
		rs, err := srv.store.People(ctx, srv.cfg.Limits.Directory)
		if err != nil {
			return nil, err
		}
		known = rs
	}
	var ids []string
	for _, n := range w.Names {
		r, err := srv.store.ByName(ctx, n)
		if errors.Is(err, store.ErrNotFound) {
			continue // not in the reply: that is the answer
		}
		if err != nil {
			return nil, err
		}
		known = append(known, r)
		ids = append(ids, r.Person.ID)
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if _, watched := srv.bus.Watching(s.watcher); len(watched)+len(ids) > srv.cfg.Limits.Watched {
		ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(watched, id) })
		if len(watched)+len(ids) > srv.cfg.Limits.Watched {
			srv.m.limits.WithLabelValues("watched").Inc()
			return nil, wire.Errorf(wire.CodeTooMany, "More than %d people cannot be watched.", srv.cfg.Limits.Watched)
		}
	}
	srv.bus.Watch(s.watcher, w.Everyone, ids...)
	people := s.masked(srv.snapshotLocked(known, w.Everyone))
	n := min(len(people), peoplePerMessage)
	srv.answer(s, e, wire.PresenceList{People: people[:n]}, nil)
	s.watcher.Put(people[n:]...)
	return nil, errAnswered
}

// snapshotLocked joins what the store knows with who is there: those who are,
// first; with everyone, also those whom the store's page did not have.
func (srv *Server) snapshotLocked(known []store.Record, everyone bool) []wire.Presence {
	now := time.Now()
	var people []wire.Presence
	listed := map[string]bool{}
	if everyone {
		for _, p := range srv.hereLocked() {
			if len(people) == srv.cfg.Limits.Directory {
				break
			}
			listed[p.Person.ID] = true
			people = append(people, p)
		}
	}
	for _, r := range known {
		if listed[r.Person.ID] || everyone && len(people) >= srv.cfg.Limits.Directory {
			continue
		}
		listed[r.Person.ID] = true
		people = append(people, srv.presenceLocked(now, r))
	}
	return people
}

// presenceLocked is what one person is seen to be.
func (srv *Server) presenceLocked(now time.Time, r store.Record) wire.Presence {
	p := wire.Presence{Person: r.Person, State: srv.stateLocked(r.Person.ID)}
	if p.State == wire.Offline {
		p.SeenMS = max(1, now.Sub(r.Seen).Milliseconds())
	}
	return p
}

// refreshLocked sends a resumed session what it watches once more: presence is
// not kept while there is no connection.
func (srv *Server) refreshLocked(s *session) {
	everyone, ids := srv.bus.Watching(s.watcher)
	if everyone {
		s.watcher.Put(srv.hereLocked()...)
	}
	if !everyone && len(ids) == 0 {
		return
	}
	// The offline ones are in the store, which must not be asked under the lock.
	srv.rec.do("refresh", func(ctx context.Context) error {
		var known []store.Record
		if everyone {
			rs, err := srv.store.People(ctx, srv.cfg.Limits.Directory)
			if err != nil {
				return err
			}
			known = rs
		}
		for _, id := range ids {
			r, err := srv.store.ByID(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			known = append(known, r)
		}
		srv.mu.Lock()
		defer srv.mu.Unlock()
		for _, r := range known {
			s.watcher.Put(srv.presenceLocked(time.Now(), r))
		}
		return nil
	})
}

// unwatch ends what watch began.
func (srv *Server) unwatch(ctx context.Context, s *session, w wire.Watch) error {
	var ids []string
	for _, n := range w.Names {
		r, err := srv.store.ByName(ctx, n)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		ids = append(ids, r.Person.ID)
	}
	srv.bus.Unwatch(s.watcher, w.Everyone, ids...)
	return nil
}

// status notes whether the person wants to be called.
func (srv *Server) status(s *session, st wire.Status) error {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.busyLocked(time.Now(), s, st.State == wire.Busy)
	return nil
}

func (srv *Server) contacts(ctx context.Context, s *session) (any, error) {
	rs, err := srv.store.Contacts(ctx, s.person.ID)
	if err != nil {
		return nil, err
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	return wire.ContactList{People: s.watcher.Mask(srv.snapshotLocked(rs, false))}, nil
}

func (srv *Server) contactAdd(ctx context.Context, s *session, c wire.Contact) (any, error) {
	r, err := srv.byName(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	me := s.person.ID
	if r.Person.ID == me {
		return nil, wire.Errorf(wire.CodeSelf, "This is your own name.")
	}
	err = srv.store.AddContact(ctx, me, r.Person.ID, srv.cfg.Limits.Contacts)
	if errors.Is(err, store.ErrNotFound) { // deleted meanwhile
		return nil, wire.Errorf(wire.CodeNobody, "Nobody here is called %s.", c.Name)
	}
	if errors.Is(err, store.ErrTooMany) {
		srv.m.limits.WithLabelValues("contacts").Inc()
		return nil, wire.Errorf(wire.CodeTooMany, "You have %d contacts already, which is the most.", srv.cfg.Limits.Contacts)
	}
	return r.Person, err
}

func (srv *Server) contactDel(ctx context.Context, s *session, c wire.Contact) error {
	r, err := srv.byName(ctx, c.Name)
	if err != nil {
		return err
	}
	err = srv.store.DelContact(ctx, s.person.ID, r.Person.ID)
	if errors.Is(err, store.ErrNotFound) {
		return wire.Errorf(wire.CodeNobody, "%s is not among your contacts.", r.Person.Name)
	}
	return err
}

// history shows calls that have ended, the one that ended just now included.
func (srv *Server) history(ctx context.Context, s *session, q wire.HistoryQuery) (any, error) {
	srv.rec.flush(ctx)
	limit := q.Limit
	if limit == 0 {
		limit = 50
	}
	es, more, err := srv.store.History(ctx, s.person.ID, q.Before, limit)
	if err != nil {
		return nil, err
	}
	if es == nil {
		es = []wire.LogEntry{}
	}
	return wire.History{Entries: es, More: more}, nil
}

// ice asks the provider, if there is one.
func (srv *Server) ice(s *session) wire.ICE {
	var i wire.ICE
	if srv.cfg.ICE != nil {
		i = srv.cfg.ICE(s.person.ID, s.payer())
	}
	if i.Servers == nil {
		i.Servers = []wire.ICEServer{} // an empty list, not null
	}
	return i
}
