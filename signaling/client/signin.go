package client

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/net/idna"

	"parley/signaling/wire"
)

const signInWithin = 10 * time.Second

// signIn waits for welcome, takes the session up again or says hello. The
// error wraps the *wire.Error of a refused hello.
func (c *Client) signIn(ctx context.Context, ws *websocket.Conn) error {
	if err := ws.SetReadDeadline(time.Now().Add(signInWithin)); err != nil {
		return err
	}
	release := context.AfterFunc(ctx, func() {
		_ = ws.NetConn().SetReadDeadline(time.Unix(1, 0)) // fails when closed: so does Read
	})
	defer release()

	w, err := c.welcome(ws)
	if err != nil {
		return err
	}
	ok, err := c.resume(ws, w)
	if err == nil && !ok {
		err = c.hello(ws, w)
		for l := loginOf(err); l != nil; l = loginOf(err) {
			if err = c.awaitLogin(ctx, ws, *l, err); err == nil {
				err = c.hello(ws, w)
			}
		}
	}
	if err != nil {
		return err
	}
	if !release() {
		return ctx.Err()
	}
	return ws.SetReadDeadline(time.Time{})
}

// welcome takes the service's first message.
func (c *Client) welcome(ws *websocket.Conn) (wire.Welcome, error) {
	e, err := receive(ws)
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("no welcome: %w", err)
	}
	if e.Kind == wire.KindError {
		return wire.Welcome{}, refusal(e)
	}
	if e.Kind != wire.KindWelcome {
		return wire.Welcome{}, fmt.Errorf("the service began with %.32q instead of welcome", e.Kind)
	}
	w, err := wire.Body[wire.Welcome](e)
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("welcome: %w", err)
	}
	if !sameService(c.base.Hostname(), w.Server) {
		return wire.Welcome{}, &DialError{Problem: OtherService, Host: c.base.Host, Detail: w.Server}
	}
	return w, nil
}

// greet says hello with the device's key and takes the answer. The error wraps
// the *wire.Error of a refusal.
func (c *Client) greet(ws *websocket.Conn, w wire.Welcome, h wire.Hello) (wire.Ready, error) {
	h.Key = c.cfg.Key.Public().(ed25519.PublicKey)
	h.Signature = ed25519.Sign(c.cfg.Key, wire.HelloTranscript(w.Server, w.Nonce))
	h.Client = c.cfg.ClientVersion
	e, err := wire.New(wire.KindHello, h)
	if err != nil {
		return wire.Ready{}, err
	}
	if err := send(ws, e); err != nil {
		return wire.Ready{}, err
	}
	if e, err = receive(ws); err != nil {
		return wire.Ready{}, fmt.Errorf("hello: %w", err)
	}
	switch e.Kind {
	case wire.KindError:
		return wire.Ready{}, fmt.Errorf("hello: %w", refusal(e))
	case wire.KindReady:
	default:
		return wire.Ready{}, fmt.Errorf("the service answered hello with %.32q", e.Kind)
	}
	r, err := wire.Body[wire.Ready](e)
	if err != nil {
		return r, fmt.Errorf("ready: %w", err)
	}
	return r, nil
}

// resume reports false when there is nothing to resume, or the service has
// lost it: then hello is next.
func (c *Client) resume(ws *websocket.Conn, w wire.Welcome) (bool, error) {
	c.mu.Lock()
	id, token, received, anew := c.sess.id, slices.Clone(c.sess.token), c.sess.received, c.anew
	c.mu.Unlock()
	if id == "" || anew {
		return false, nil
	}
	e, err := wire.New(wire.KindResume, wire.Resume{Session: id, Token: token,
		Signature: ed25519.Sign(c.cfg.Key, wire.ResumeTranscript(w.Server, w.Nonce, id, token))})
	if err != nil {
		return false, err
	}
	e.Ack = received
	if err := send(ws, e); err != nil {
		return false, err
	}
	if e, err = receive(ws); err != nil {
		return false, fmt.Errorf("resume: %w", err)
	}
	switch e.Kind {
	case wire.KindError:
		err := refusal(e)
		if wire.AsError(err).Code != wire.CodeResumeFailed {
			return false, fmt.Errorf("resume: %w", err)
		}
		c.log.Info("session lost", "session", id)
		return false, nil
	case wire.KindResumed:
	default:
		return false, fmt.Errorf("the service answered resume with %.32q", e.Kind)
	}
	r, err := wire.Body[wire.Resumed](e)
	if err != nil {
		return false, fmt.Errorf("resumed: %w", err)
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.sess.resumed(r.Token, e.Epoch, e.Ack); err != nil {
		c.sess.id = "" // the next attempt says hello
		return false, err
	}
	c.onlineLocked(now, w, r.ICE)
	c.log.Info("session resumed", "session", id, "epoch", e.Epoch)
	return true, nil
}

// hello begins a new session.
func (c *Client) hello(ws *websocket.Conn, w wire.Welcome) error {
	c.mu.Lock()
	name, invite, login := c.name, c.invite, c.login
	c.anew = false
	c.setLocked(func(s *State) { describe(s, w) })
	c.mu.Unlock()
	r, err := c.greet(ws, w, wire.Hello{Name: name, Invite: invite, Login: login})
	if err != nil {
		return err
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	again := c.sess.id != ""
	gone := c.sess.begin(now, r, func(e wire.Envelope) bool { return repeatable(e.Kind) })
	for _, e := range gone {
		if p := c.pending[e.ID]; e.ID != "" && p != nil {
			delete(c.pending, e.ID)
			p.finish(reply{err: ErrSessionLost})
		}
		c.log.Warn("message lost with the session", "kind", e.Kind, "call", e.Call)
	}
	c.lost = c.lost || again
	c.login = ""
	c.setLocked(func(s *State) { s.Me, s.Devices, s.Login = r.Me, r.Devices, wire.Login{} })
	c.onlineLocked(now, w, r.ICE)
	c.lookLocked()
	if again && c.status != nil {
		c.sayStatusLocked()
	}
	c.log.Info("signed in", "session", r.Session, "name", r.Me.Name, "anew", again)
	return nil
}

// onlineLocked is what ready and resumed have in common.
func (c *Client) onlineLocked(now time.Time, w wire.Welcome, ice wire.ICE) {
	c.sess.link(now, time.Duration(w.PingMS)*time.Millisecond)
	c.keepICELocked(now, ice)
	select { // a Kick from before has had its effect
	case <-c.retry:
	default:
	}
	c.setLocked(func(s *State) {
		describe(s, w)
		s.Phase, s.Err, s.NextTry = Online, nil, time.Time{}
	})
	c.tellLostLocked()
}

// sayStatusLocked repeats in a new session what the person said of themselves.
func (c *Client) sayStatusLocked() {
	e := wire.Envelope{Kind: wire.KindStatus, Body: c.status}
	if _, err := c.askLocked(e, &request{then: func(r reply) {
		if r.err != nil {
			c.log.Warn("status is not known to the service", "err", r.err)
		}
	}}); err != nil {
		c.log.Warn("status is not known to the service", "err", err)
	}
}

// sameService refuses a service that calls itself by another public name than
// the one that was dialled: it could pass the signature on and sign in there as
// this person. A service that was given no name says its listener's address,
// and on a local network one machine has many names.
func sameService(dialled, says string) bool {
	if h, _, err := net.SplitHostPort(says); err == nil {
		says = h
	}
	if local(dialled) {
		return true
	}
	if addr, err := netip.ParseAddr(strings.Trim(says, "[]")); err == nil && (addr.IsUnspecified() || local(says)) {
		return true
	}
	if ascii, err := idna.Lookup.ToASCII(says); err == nil {
		says = ascii
	}
	return strings.EqualFold(dialled, strings.Trim(says, "[]"))
}

func describe(s *State, w wire.Welcome) {
	s.Service, s.Version, s.Directory, s.LinkPrefix = w.Server, w.Version, w.Directory, w.LinkPattern
	s.Newest = w.Newest
}

// repeatable reports that a message may be carried out a second time without
// harm, or fails with an error then.
func repeatable(k wire.Kind) bool {
	switch k {
	case wire.KindWatch, wire.KindUnwatch, wire.KindStatus,
		wire.KindBlocks, wire.KindBlockAdd, wire.KindBlockDel, wire.KindStrangers, wire.KindRequests, wire.KindRequestAnswer,
		wire.KindContacts, wire.KindContactAdd, wire.KindContactDel, wire.KindHistory,
		wire.KindLinkLook, wire.KindLinkDel, wire.KindAccountDelete, wire.KindICE,
		wire.KindRinging, wire.KindReject, wire.KindCancel, wire.KindHangup, wire.KindCandidates:
		return true
	}
	return false
}

// receive reads one message.
func receive(ws *websocket.Conn) (wire.Envelope, error) {
	_, b, err := ws.ReadMessage()
	if err != nil {
		return wire.Envelope{}, err
	}
	return wire.Decode(b)
}

// refusal is the *wire.Error in an error message.
func refusal(e wire.Envelope) error {
	w, err := wire.Body[wire.Error](e)
	if err != nil {
		return fmt.Errorf("an error that cannot be read: %w", err)
	}
	return &w
}
