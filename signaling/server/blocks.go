package server

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// blocking is a change of somebody's block list, as nodes tell each other.
type blocking struct {
	Owner  wire.Person `json:"owner"`
	Other  wire.Person `json:"other"`
	On     bool        `json:"on,omitempty"`
	UnixMS int64       `json:"unix_ms,omitempty"` // since when
	By     string      `json:"by,omitempty"`      // the session that said so
}

func (srv *Server) blocks(ctx context.Context, s *session) (any, error) {
	bs, err := srv.store.Blocks(ctx, s.person.ID)
	if err != nil {
		return nil, err
	}
	list := wire.BlockList{People: []wire.Blocked{}}
	for _, b := range bs {
		list.People = append(list.People, wire.Blocked{Person: b.Other, SinceMS: max(1, time.Since(b.At).Milliseconds())})
	}
	return list, nil
}

// block puts somebody on the person's block list, or takes them off it. It is
// answered once all nodes have been told.
func (srv *Server) block(ctx context.Context, s *session, e wire.Envelope, c wire.Contact, on bool) error {
	r, err := srv.byName(ctx, c.Name)
	if err != nil {
		return err
	}
	b := blocking{Owner: s.person, Other: r.Person, On: on, By: s.id}
	switch {
	case r.Person.ID == s.person.ID:
		return wire.Errorf(wire.CodeSelf, "This is your own name.")
	case on:
		at, err := srv.store.Block(ctx, s.person.ID, r.Person.ID, srv.cfg.Limits.Blocks, time.Now())
		if errors.Is(err, store.ErrTooMany) {
			srv.m.limits.WithLabelValues("blocks").Inc()
			return wire.Errorf(wire.CodeTooMany, "You have blocked %d people already, which is the most.", srv.cfg.Limits.Blocks)
		}
		if err != nil {
			return err
		}
		b.UnixMS = at.UnixMilli()
	default:
		err := srv.store.Unblock(ctx, s.person.ID, r.Person.ID)
		if errors.Is(err, store.ErrNotFound) {
			return wire.Errorf(wire.CodeNobody, "%s is not blocked.", r.Person.Name)
		}
		if err != nil {
			return err
		}
	}
	if remote, err := srv.request(srv.ctx, note{Op: "block", Block: &b}, &pending{s: s, e: e}); remote {
		if err != nil {
			return err
		}
		return errAnswered
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.blockedLocked(b)
	return nil
}

// blockedLocked carries out a change of a block list, at the leader.
func (srv *Server) blockedLocked(b blocking) {
	if b.On {
		srv.applyLocked(srv.room.Part(time.Now(), b.Owner.ID, b.Other.ID), nil)
	}
	srv.tellLocked(b.Owner.ID, b.By)
	srv.maskLocked(b)
	if c := srv.cluster; c != nil {
		for node := range c.following {
			_ = c.send(node, note{Op: "block", Block: &b}) // else it looks by itself
		}
	}
}

// maskLocked has the sessions of this node see what they may.
func (srv *Server) maskLocked(b blocking) {
	srv.blockings.Add(1)
	for _, s := range srv.byPerson[b.Other.ID] {
		p := wire.Presence{Person: b.Owner, State: srv.stateLocked(b.Owner.ID)}
		if b.On {
			s.watcher.Hide(b.Owner.ID, time.UnixMilli(b.UnixMS))
		} else {
			s.watcher.Show(b.Owner.ID)
		}
		if p.State == wire.Offline {
			p.SeenMS = max(1, time.Now().UnixMilli()-b.UnixMS)
			if !b.On {
				continue // since when is not known here; they come as they are
			}
		}
		if everyone, ids := srv.bus.Watching(s.watcher); everyone || slices.Contains(ids, b.Owner.ID) {
			s.watcher.Put(p)
		}
	}
}

// masked is what the session may see of a list: whoever has blocked its person
// also stands where they would if they were not there.
func (s *session) masked(people []wire.Presence) []wire.Presence {
	people = s.watcher.Mask(people)
	if len(s.watcher.Hidden()) > 0 {
		slices.SortStableFunc(people, func(a, b wire.Presence) int { return cmp.Compare(a.SeenMS, b.SeenMS) })
	}
	return people
}

// hide has a new session see those who blocked its person as offline.
func (srv *Server) hide(ctx context.Context, s *session) error {
	if s.link != "" {
		return nil // a guest sees nobody
	}
	bs, err := srv.store.BlockedBy(ctx, s.person.ID)
	for _, b := range bs {
		s.watcher.Hide(b.Owner.ID, b.At)
	}
	return err
}

// maskAgain is how far back this node looks for blocks that it may not have
// been told of: longer than nodes are without each other.
const maskAgain = time.Hour

// remaskLocked looks for blocks that other nodes told of in vain.
func (srv *Server) remaskLocked() {
	srv.rec.do("blocks", func(ctx context.Context) error {
		bs, err := srv.store.BlocksSince(ctx, time.Now().Add(-maskAgain))
		if err != nil {
			return err
		}
		srv.mu.Lock()
		defer srv.mu.Unlock()
		for _, b := range bs {
			srv.maskLocked(blocking{Owner: b.Owner, Other: b.Other, On: true, UnixMS: b.At.UnixMilli()})
		}
		return nil
	})
}
