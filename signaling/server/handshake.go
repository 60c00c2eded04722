package server

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// maxWaits is how often one connection may ask whether its device is let in:
// twice as often as it should in wire.PlaceFor.
const maxWaits = 2 * int(wire.PlaceFor/time.Second)

// welcome sends the nonce that hello and resume sign.
func (c *conn) welcome() {
	c.nonce = make([]byte, wire.NonceLen)
	rand.Read(c.nonce) // never fails: crypto/rand ends the program instead
	c.name = c.srv.name(c.host)
	c.sendBody(wire.KindWelcome, "", wire.Welcome{
		Server:      c.name,
		Version:     c.srv.cfg.Version,
		Nonce:       c.nonce,
		MaxMessage:  wire.MaxMessage,
		PingMS:      wire.PingEvery.Milliseconds(),
		Directory:   c.srv.cfg.Directory,
		LinkPattern: c.srv.linkPrefix(c.host, c.tls),
		Newest:      c.srv.cfg.Newest,
	})
}

// beforeReady takes the first messages of a connection.
func (c *conn) beforeReady(ctx context.Context, e wire.Envelope) {
	var err error
	switch e.Kind {
	case wire.KindHello:
		err = c.hello(ctx, e)
	case wire.KindResume:
		err = c.resume(ctx, e)
	default:
		c.fail(e, wire.Errorf(wire.CodeHelloFirst, "Sign in before anything else."))
		c.close(wire.CloseProtocol, "hello first")
		return
	}
	if err == nil {
		return
	}
	werr := c.srv.explain("sign_in", err)
	c.srv.m.signIns.WithLabelValues(string(werr.Code)).Inc()
	c.fail(e, werr)
	switch werr.Code {
	case wire.CodeNameTaken, wire.CodeNameNeeded, wire.CodeBadName, wire.CodeInviteNeeded, wire.CodeInviteBad,
		wire.CodeLoginNeeded, wire.CodeLoginFailed:
		if werr.Code == wire.CodeInviteBad {
			c.srv.failed.take(time.Now(), c.addr)
		}
		// The key is proven (or the name never possible): another name may be
		// tried here, with time for a person to think of one.
		if c.tries++; c.tries >= c.srv.cfg.Limits.NameTries {
			c.srv.m.limits.WithLabelValues("name_tries").Inc()
			c.close(wire.CloseRate, "too many names tried")
			return
		}
		c.ws.SetReadDeadline(time.Now().Add(c.srv.cfg.Limits.NameWithin))
		if werr.Code == wire.CodeLoginNeeded {
			c.awaitLogin(*werr.Login)
		}
	case wire.CodeJoinWait:
		// It asks each second, for as long as the place is open.
		if c.waits++; c.waits > maxWaits {
			c.close(wire.CloseNoHello, "nobody lets the device in")
			return
		}
		c.ws.SetReadDeadline(time.Now().Add(c.srv.cfg.Limits.HelloWithin))
	case wire.CodePlaceUnknown:
		c.srv.failed.take(time.Now(), c.addr)
		c.close(wire.CloseBadHello, "no such place")
	case wire.CodeDisabled, wire.CodeDeleted, wire.CodeDeviceRemoved:
		c.close(wire.CloseForbidden, string(werr.Code))
	case wire.CodeResumeFailed:
		c.ws.SetReadDeadline(time.Now().Add(c.srv.cfg.Limits.HelloWithin))
	case wire.CodeStorage:
		c.close(wire.CloseStorage, "storage")
	case wire.CodeTooMany, wire.CodeSlowDown, wire.CodeDraining, wire.CodeInternal:
		c.close(wire.CloseRate, string(werr.Code))
	case wire.CodeMalformed:
		c.srv.failed.take(time.Now(), c.addr)
		c.close(wire.CloseProtocol, "malformed")
	default:
		c.srv.failed.take(time.Now(), c.addr)
		c.close(wire.CloseBadHello, string(werr.Code))
	}
}

// hello proves the key, claims the name and begins a session.
func (c *conn) hello(ctx context.Context, e wire.Envelope) error {
	h, err := wire.Body[wire.Hello](e)
	if err != nil {
		return err
	}
	if !ed25519.Verify(h.Key, wire.HelloTranscript(c.name, c.nonce), h.Signature) {
		return wire.Errorf(wire.CodeBadSignature, "The device could not prove its key.")
	}
	name := ""
	if h.Name != "" {
		if name, err = wire.CleanName(h.Name); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	var who wire.Person
	var host string
	var joined *wire.Joined
	switch {
	case h.Join != nil:
		who, joined, err = c.join(ctx, h)
	case h.Link != "":
		who, host, err = c.srv.guest(ctx, c.addr, h, name)
	case c.srv.login != nil:
		who, err = c.claimLogin(ctx, h, name)
	case c.srv.cfg.InviteOnly:
		who, err = c.srv.store.ClaimInvited(ctx, h.Key, name, h.Invite, time.Now())
	default:
		who, err = c.srv.store.Claim(ctx, h.Key, name, time.Now())
	}
	switch {
	case errors.Is(err, store.ErrNameTaken):
		return errNameTaken(name)
	case errors.Is(err, store.ErrInvite) && h.Invite == "":
		return wire.Errorf(wire.CodeInviteNeeded, "New people need an invitation here. Please ask whoever runs the service for one.")
	case errors.Is(err, store.ErrInvite):
		return wire.Errorf(wire.CodeInviteBad, "This invitation is not known, used up or expired. Please ask for a new one.")
	case errors.Is(err, store.ErrDisabled):
		return errDisabled()
	case errors.Is(err, store.ErrDeleted):
		return errDeleted()
	case errors.Is(err, store.ErrRemoved):
		return errRemoved()
	case errors.Is(err, store.ErrNoName):
		return errNoName()
	case err != nil:
		return err
	}
	s := newSession(c.srv, who, h.Key)
	s.link, s.host = h.Link, host
	ready := wire.Ready{Joined: joined}
	if s.link == "" {
		if ready.Devices, err = c.srv.store.DeviceList(ctx, who.ID); err != nil {
			return err
		}
	}
	if err := c.srv.begin(ctx, s, c, e.ID, ready); err != nil {
		return err
	}
	if s.link == "" && !s.main() {
		c.srv.rec.do("device_seen", func(ctx context.Context) error { return c.srv.store.DeviceSeen(ctx, s.key, time.Now()) })
	}
	c.srv.m.signIns.WithLabelValues("ok").Inc()
	c.log.Load().Info("signed in", "person", who.ID, "client", h.Client)
	return nil
}

func errNameTaken(name string) *wire.Error {
	return wire.Errorf(wire.CodeNameTaken, "The name %s belongs to somebody else here. Please choose another one.", name)
}

func errNoName() *wire.Error { return wire.Errorf(wire.CodeNameNeeded, "Please choose a name.") }

// resume takes a session over from a connection that was lost.
func (c *conn) resume(ctx context.Context, e wire.Envelope) error {
	r, err := wire.Body[wire.Resume](e)
	if err != nil {
		return err
	}
	lost := wire.Errorf(wire.CodeResumeFailed, "The session is over. Sign in again.")
	s := c.srv.session(r.Session)
	if s == nil && c.srv.fetch(ctx, c, r) == nil {
		s = c.srv.session(r.Session)
	}
	if s == nil {
		c.srv.m.resumes.WithLabelValues("unknown").Inc()
		return lost
	}
	if !ed25519.Verify(s.key, wire.ResumeTranscript(c.name, c.nonce, r.Session, r.Token), r.Signature) {
		c.srv.m.resumes.WithLabelValues("signature").Inc()
		return wire.Errorf(wire.CodeBadSignature, "The device could not prove its key.")
	}
	s.handle.Lock() // what the last connection began is finished
	defer s.handle.Unlock()
	result := c.srv.resume(s, c, r.Token, e)
	c.srv.m.resumes.WithLabelValues(result).Inc()
	if result != "ok" {
		return lost
	}
	s.pace.save(time.Now(), wire.ReplayMessages)
	c.log.Load().Info("resumed")
	return nil
}

// signedIn lifts the limits of those who have not. It runs on the reader.
func (c *conn) signedIn(s *session) {
	c.ws.SetReadDeadline(time.Time{})
	c.ws.SetReadLimit(wire.MaxMessage)
	c.log.Store(c.log.Load().With("session", s.id))
	c.nonce = nil
	c.forget()
}

// forget takes the connection out of the unauthenticated ones.
func (c *conn) forget() {
	c.srv.logins.leave(c)
	if c.counted {
		c.counted = false
		c.srv.pending.leave(c.addr)
	}
}

// tokenFitsLocked compares in constant time. The token before the last one fits
// until the client has sent something after resumed: a link that is cut again
// before resumed arrives must not cost the session.
func (s *session) tokenFitsLocked(token []byte) bool {
	now := subtle.ConstantTimeCompare(token, s.token) == 1
	before := s.oldToken != nil && subtle.ConstantTimeCompare(token, s.oldToken) == 1
	return now || before
}

// attachLocked gives the session a connection. first is the last number that
// the client has; reply goes out before anything else.
func (s *session) attachLocked(c *conn, first uint64, reply wire.Envelope) {
	c.signedIn(s) // before the client hears of it
	old := s.conn
	s.conn, s.lost = c, time.Time{}
	reply.Epoch, reply.Ack = s.epoch, s.in
	c.send(reply)
	if s.gap {
		s.gap = false
		first = s.out.last
		c.send(wire.Envelope{Kind: wire.KindResync, Epoch: s.epoch, Ack: s.in})
	}
	c.mu.Lock()
	c.sess, c.sent, c.acked = s, first, s.in
	c.mu.Unlock()
	c.poke() // what is stored, and from now on pings
	if old != nil {
		old.close(wire.CloseReplaced, "resumed elsewhere")
	}
}
