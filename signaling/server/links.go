package server

import (
	"context"
	"errors"
	"strings"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// linkFor is how long a link lives if its owner does not say.
const linkFor = 7 * 24 * time.Hour

// linkPrefix is what links begin with: the configured address, or the one that
// the client itself used.
func (srv *Server) linkPrefix(host string, tls bool) string {
	switch {
	case srv.cfg.PublicURL != "":
		return strings.TrimSuffix(srv.cfg.PublicURL, "/") + "/j/"
	case tls:
		return "https://" + host + "/j/"
	}
	return "http://" + host + "/j/"
}

func linkError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return wire.Errorf(wire.CodeLinkUnknown, "This link does not exist. Please ask for a new one.")
	case errors.Is(err, store.ErrLinkUsed):
		return wire.Errorf(wire.CodeLinkUsed, "This link has been used. Please ask for a new one.")
	case errors.Is(err, store.ErrLinkExpired):
		return wire.Errorf(wire.CodeLinkExpired, "This link has expired. Please ask for a new one.")
	}
	return err
}

func (srv *Server) linkCreate(ctx context.Context, s *session, c *conn, lc wire.LinkCreate) (any, error) {
	now := time.Now()
	ttl := linkFor
	if lc.TTLms > 0 {
		ttl = time.Duration(lc.TTLms) * time.Millisecond
	}
	l := store.Link{Code: store.NewCode(10), Owner: s.person, Expires: now.Add(ttl), Limited: lc.Uses > 0, Left: lc.Uses}
	err := srv.store.CreateLink(ctx, l, srv.cfg.Limits.Links, now)
	if errors.Is(err, store.ErrTooMany) {
		srv.m.limits.WithLabelValues("links").Inc()
		return nil, wire.Errorf(wire.CodeTooMany, "You have %d links already, which is the most. Delete one first.", srv.cfg.Limits.Links)
	}
	if err != nil {
		return nil, err
	}
	return srv.link(l, c, now), nil
}

func (srv *Server) linkLook(ctx context.Context, c *conn, ref wire.LinkRef) (any, error) {
	now := time.Now()
	l, err := srv.store.Link(ctx, ref.Code, now)
	if err != nil {
		return nil, linkError(err)
	}
	return srv.link(l, c, now), nil
}

func (srv *Server) linkDel(ctx context.Context, s *session, ref wire.LinkRef) error {
	return linkError(srv.store.DelLink(ctx, s.person.ID, ref.Code))
}

func (srv *Server) link(l store.Link, c *conn, now time.Time) wire.Link {
	return wire.Link{Code: l.Code, URL: srv.linkPrefix(c.host, c.tls) + l.Code, Owner: l.Owner,
		ExpiresMS: max(1, l.Expires.Sub(now).Milliseconds()), UsesLeft: l.Left}
}
