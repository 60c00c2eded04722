package server

import (
	"context"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// guest makes a person for one visit of whoever has a link: with an id of its
// own, not in the store, and so in nobody's list.
// host is the id of the link's owner.
func (srv *Server) guest(ctx context.Context, addr string, h wire.Hello, name string) (who wire.Person, host string, err error) {
	now := time.Now()
	if wait, ok := srv.guests.take(now, addr); !ok {
		srv.m.limits.WithLabelValues("guests").Inc()
		werr := wire.Errorf(wire.CodeSlowDown, "Too many guests from one address. Please wait a moment.")
		werr.RetryMS = max(1, wait.Milliseconds())
		return wire.Person{}, "", werr
	}
	l, err := srv.store.Link(ctx, h.Link, now)
	if err != nil {
		return wire.Person{}, "", linkError(err)
	}
	return wire.Person{ID: "g" + store.NewCode(10), Name: name, Key: h.Key, Guest: true}, l.Owner.ID, nil
}

// admitLocked refuses one more guest of a link that has too many.
func (srv *Server) admitLocked(s *session) error {
	if s.link != "" && srv.visits[s.link] >= srv.cfg.Limits.GuestsPerLink {
		srv.m.limits.WithLabelValues("guests_of_link").Inc()
		return wire.Errorf(wire.CodeTooMany, "Too many guests use this link at the moment. Please try again later.")
	}
	return nil
}

func (srv *Server) countVisitLocked(s *session, n int) {
	if s.link == "" {
		return
	}
	if srv.visits[s.link] += n; srv.visits[s.link] <= 0 {
		delete(srv.visits, s.link)
	}
}

// seen notes when a person was last there; of guests nothing is kept.
func (srv *Server) seen(s *session, now time.Time) {
	if s.link == "" {
		srv.rec.seen(s.person.ID, now)
	}
}

// caller is whose rate of invitations an invitation counts for: the guests of
// a link share one, because a new visit costs nothing.
func (s *session) caller() string {
	if s.link != "" {
		return "link " + s.link
	}
	return s.person.ID
}

// payer is for whom counts what goes through the relay.
func (s *session) payer() string {
	if s.link != "" {
		return s.host
	}
	return s.person.ID
}

// may says whether the session may ask for this. A person may ask for
// anything, a guest for a call to the owner of the link. What cannot be read
// is for the handler to refuse.
func (s *session) may(e wire.Envelope) error {
	if s.link == "" {
		return nil
	}
	no := wire.Errorf(wire.CodeNotForGuests, "A guest can call the owner of the link and nobody else.")
	switch e.Kind {
	case wire.KindICE, wire.KindCancel, wire.KindCandidates, wire.KindNegotiate, wire.KindHangup, wire.KindStanding:
		return nil
	case wire.KindInvite:
		if inv, err := wire.Body[wire.Invite](e); err == nil && inv.Link != s.link {
			return no
		}
		return nil
	case wire.KindLinkLook:
		if ref, err := wire.Body[wire.LinkRef](e); err == nil && ref.Code != s.link {
			return no
		}
		return nil
	case wire.KindWatch, wire.KindUnwatch, wire.KindStatus, wire.KindContacts, wire.KindContactAdd, wire.KindContactDel,
		wire.KindBlocks, wire.KindBlockAdd, wire.KindBlockDel, wire.KindStrangers, wire.KindRequests, wire.KindRequestAnswer,
		wire.KindDevices, wire.KindPlaceOpen, wire.KindPlaceLook, wire.KindPlaceClose, wire.KindDeviceAdmit, wire.KindDeviceRemove,
		wire.KindHistory, wire.KindAccountDelete, wire.KindLinkCreate, wire.KindLinkDel, wire.KindRinging, wire.KindAnswer, wire.KindReject:
		return no
	}
	return nil // unknown: answered as such
}
