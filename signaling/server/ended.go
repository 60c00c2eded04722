package server

import (
	"context"
	"time"

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

// lookForEnded ends the sessions of people who were disabled or deleted.
func (srv *Server) lookForEnded() {
	t := time.NewTicker(endedEvery)
	defer t.Stop()
	for {
		select {
		case <-srv.ctx.Done():
			return
		case now := <-t.C:
			ctx, cancel := context.WithTimeout(srv.ctx, storeWithin)
			ids, err := srv.store.Ended(ctx, now.Add(-endedBack))
			cancel()
			if err != nil {
				if srv.ctx.Err() == nil {
					_ = srv.explain("ended", err) // counts and logs; there is nobody to tell
				}
				continue
			}
			for _, id := range ids {
				srv.end(now, id)
			}
		}
	}
}

// end ends all sessions of a person, with the calls that they are in.
func (srv *Server) end(now time.Time, person string) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for _, s := range srv.byPerson[person] {
		s.mu.Lock()
		c := s.conn
		s.mu.Unlock()
		srv.endLocked(now, s, true)
		srv.log.Info("session ended by the operator", "session", s.id, "person", person)
		if c == nil {
			continue
		}
		if e, err := wire.New(wire.KindError, errDisabled()); err == nil {
			c.send(e)
		}
		c.close(wire.CloseForbidden, "disabled")
	}
}
