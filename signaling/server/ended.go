package server

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/store"
	"parley/signaling/wire"
)

const (
	// endedEvery is how often the store is asked who was disabled or deleted:
	// that is done by another process.
	endedEvery = 2 * time.Second
	// endedBack is how far back it is asked: a sign-in that was under way, and
	// clocks of nodes that differ.
	endedBack = time.Minute
)

func errDisabled() *wire.Error {
	return wire.Errorf(wire.CodeDisabled, "This account cannot be used any more. Please ask whoever runs the service.")
}

func errDeleted() *wire.Error {
	return wire.Errorf(wire.CodeDeleted, "This account was deleted by its owner.")
}

// lookForEnded ends the sessions of people who were disabled or deleted, and
// tells who watched the deleted ones.
func (srv *Server) lookForEnded() {
	t := time.NewTicker(endedEvery)
	defer t.Stop()
	told := map[string]time.Time{} // deleted people, and when it was told first; zero: twice
	for {
		select {
		case <-srv.ctx.Done():
			return
		case now := <-t.C:
			ctx, cancel := context.WithTimeout(srv.ctx, storeWithin)
			ids, err := srv.ended(ctx, now, told)
			keys, kerr := srv.store.RemovedDevices(ctx, now.Add(-endedBack))
			err = errors.Join(err, kerr)
			cancel()
			if err != nil && srv.ctx.Err() == nil {
				_ = srv.explain("ended", err) // counts and logs; there is nobody to tell
			}
			maps.DeleteFunc(told, func(id string, _ time.Time) bool { return !slices.Contains(ids, id) })
			srv.endDevices(now, keys)
		}
	}
}

func (srv *Server) ended(ctx context.Context, now time.Time, told map[string]time.Time) ([]string, error) {
	ids, err := srv.store.Ended(ctx, now.Add(-endedBack))
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		_, err := srv.store.ByID(ctx, id)
		if err == nil {
			srv.end(now, id, errDisabled())
			continue
		}
		if !errors.Is(err, store.ErrNotFound) {
			return ids, err
		}
		why := errDeleted()
		if barred, err := srv.store.Barring(ctx, id); err != nil {
			return ids, err
		} else if barred {
			why = errDisabled()
		}
		srv.end(now, id, why)
		// Twice: another node may have said that they are offline after the first time.
		switch first, ok := told[id]; {
		case !ok:
			told[id] = now
			srv.bus.Gone(id)
		case !first.IsZero() && now.Sub(first) > 2*endedEvery:
			told[id] = time.Time{}
			srv.bus.Gone(id)
		}
	}
	return ids, nil
}

// end ends all sessions of a person, with the calls that they are in.
func (srv *Server) end(now time.Time, person string, why *wire.Error) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.byPerson[person] {
		srv.dismissLocked(now, s, why)
	}
}

// dismissLocked ends a session for good, and says why.
func (srv *Server) dismissLocked(now time.Time, s *session, why *wire.Error) {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	srv.endLocked(now, s, true)
	srv.log.Info("session ended", "session", s.id, "person", s.person.ID, "code", why.Code)
	if c == nil {
		return
	}
	if e, err := wire.New(wire.KindError, why); err == nil {
		c.send(e)
	}
	c.close(wire.CloseForbidden, string(why.Code))
}

// accountDelete forgets the person of a session, and ends it with ok; the
// others of this person are told at once here, and within seconds elsewhere.
func (srv *Server) accountDelete(ctx context.Context, s *session, c *conn, e wire.Envelope) (any, error) {
	if !s.main() {
		return nil, errNotMain()
	}
	now, me := time.Now(), s.person.ID
	// Nothing of the call log may come after it.
	srv.rec.flush(ctx)
	if err := srv.store.Leave(ctx, me, now); err != nil && !errors.Is(err, store.ErrNotFound) { // not found: done already
		return nil, err
	}
	srv.bye(s)
	// What is in the session's ring ended with it: the answer goes without a number.
	c.send(wire.Envelope{Kind: wire.KindOK, ID: e.ID})
	c.close(websocket.CloseNormalClosure, string(wire.CodeDeleted))
	srv.end(now, me, errDeleted())
	srv.bus.Gone(me)
	c.log.Load().Info("account deleted", "person", me)
	return nil, errAnswered
}
