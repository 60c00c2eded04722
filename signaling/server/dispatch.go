package server

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"parley/signaling/store"
	"parley/signaling/wire"
)

const (
	storeWithin  = 5 * time.Second // one request's time with the store
	ackCost      = 0.25            // of a message, for the rate limit
	floodAfter   = 200             // refused in a row: the connection is closed
	storageAgain = 5 * time.Second // when to try again after CodeStorage
)

// message takes one message of the client.
func (c *conn) message(ctx context.Context, b []byte) {
	if !utf8.Valid(b) {
		c.srv.m.malformed.Inc()
		c.close(websocket.CloseInvalidFramePayloadData, "not UTF-8") // RFC 6455 section 8.1
		return
	}
	e, err := wire.Decode(b)
	if err != nil {
		c.confused(e, err)
		return
	}
	c.srv.m.message("in", e.Kind)
	s := c.session()
	if s == nil {
		aside(func() { c.beforeReady(ctx, e) })
		return
	}
	s.handle.Lock()
	defer s.handle.Unlock()
	s.mu.Lock()
	mine := s.conn == c
	s.mu.Unlock()
	if !mine {
		return // another connection has the session; this one is being closed
	}
	c.inSession(ctx, s, e)
}

// confused answers what could not be understood. The connection is kept, up
// to a limit: a client that sends nothing else is not one.
func (c *conn) confused(e wire.Envelope, err error) {
	c.srv.m.malformed.Inc()
	c.fail(e, wire.AsError(err))
	if c.malformed++; c.malformed >= c.srv.cfg.Limits.Malformed {
		c.srv.m.limits.WithLabelValues("malformed").Inc()
		c.close(wire.CloseProtocol, "too many malformed messages")
	}
}

// fail answers a message with an error. In a session the answer is numbered:
// it is not lost with the connection.
func (c *conn) fail(e wire.Envelope, werr *wire.Error) {
	re, err := wire.New(wire.KindError, werr)
	if err != nil {
		c.log.Load().Error("error cannot be sent", "err", err)
		return
	}
	re.ID, re.Call = e.ID, e.Call
	if s := c.session(); s != nil {
		s.tell(re)
		return
	}
	c.send(re)
}

// inSession carries out one message of a session. The caller holds s.handle.
func (c *conn) inSession(ctx context.Context, s *session, e wire.Envelope) {
	if err := s.acked(e.Ack); err != nil {
		c.confused(e, err)
		return
	}
	cost := 1.0
	if e.Kind == wire.KindAck || e.Kind == wire.KindPong {
		cost = ackCost
	}
	wait, ok := s.pace.take(time.Now(), cost)
	if !ok && cost < 1 {
		return // an ack or pong has done what it is for
	}
	fresh, err := s.take(e.Seq)
	if err != nil {
		c.confused(e, err)
		return
	}
	if !fresh {
		c.poke() // the acknowledgement may have been lost
		return
	}
	if !ok {
		c.srv.m.limits.WithLabelValues("messages").Inc()
		werr := wire.Errorf(wire.CodeSlowDown, "Too many messages at once.")
		werr.RetryMS = max(1, wait.Milliseconds())
		c.fail(e, werr)
		if s.refused++; s.refused >= floodAfter {
			c.close(wire.CloseRate, "flooding")
		}
		return
	}
	s.refused = 0
	c.request(ctx, s, e)
	c.poke()
}

// request carries out a message and answers it.
func (c *conn) request(ctx context.Context, s *session, e wire.Envelope) {
	switch e.Kind {
	case wire.KindAck, wire.KindPong:
		return
	case wire.KindBye:
		c.srv.bye(s)
		c.close(websocket.CloseNormalClosure, "bye")
		return
	}
	if e.ID != "" {
		if stored, ok := s.replies[e.ID]; ok {
			s.tell(stored)
			return
		}
	}
	if err := s.may(e); err != nil {
		c.srv.answer(s, e, nil, err)
		return
	}
	if c.srv.call(s, e) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	aside(func() {
		body, err := c.srv.ask(ctx, s, c, e)
		c.srv.answer(s, e, body, err)
	})
}

// aside runs f on another goroutine and waits. What asks the store needs a deep
// stack, which would be the reader's as long as the connection lasts.
func aside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// ask carries out the requests that are not about a call.
func (srv *Server) ask(ctx context.Context, s *session, c *conn, e wire.Envelope) (any, error) {
	switch e.Kind {
	case wire.KindWatch:
		return with(e, func(w wire.Watch) (any, error) { return srv.watch(ctx, s, e, w) })
	case wire.KindUnwatch:
		return with(e, func(w wire.Watch) (any, error) { return nil, srv.unwatch(ctx, s, w) })
	case wire.KindStatus:
		return with(e, func(st wire.Status) (any, error) { return nil, srv.status(s, st) })
	case wire.KindContacts:
		return srv.contacts(ctx, s)
	case wire.KindContactAdd:
		return with(e, func(k wire.Contact) (any, error) { return srv.contactAdd(ctx, s, k) })
	case wire.KindContactDel:
		return with(e, func(k wire.Contact) (any, error) { return nil, srv.contactDel(ctx, s, k) })
	case wire.KindBlocks:
		return srv.blocks(ctx, s)
	case wire.KindBlockAdd:
		return with(e, func(k wire.Contact) (any, error) { return nil, srv.block(ctx, s, e, k, true) })
	case wire.KindBlockDel:
		return with(e, func(k wire.Contact) (any, error) { return nil, srv.block(ctx, s, e, k, false) })
	case wire.KindStrangers:
		return with(e, func(r wire.Strangers) (any, error) { return srv.strangers(ctx, s, r) })
	case wire.KindRequests:
		return srv.requests(ctx, s)
	case wire.KindRequestAnswer:
		return with(e, func(a wire.RequestAnswer) (any, error) { return nil, srv.requestAnswer(ctx, s, a) })
	case wire.KindHistory:
		return with(e, func(q wire.HistoryQuery) (any, error) { return srv.history(ctx, s, q) })
	case wire.KindLinkCreate:
		return with(e, func(l wire.LinkCreate) (any, error) { return srv.linkCreate(ctx, s, c, l) })
	case wire.KindLinkLook:
		return with(e, func(l wire.LinkRef) (any, error) { return srv.linkLook(ctx, c, l) })
	case wire.KindLinkDel:
		return with(e, func(l wire.LinkRef) (any, error) { return nil, srv.linkDel(ctx, s, l) })
	case wire.KindAccountDelete:
		return srv.accountDelete(ctx, s, c, e)
	case wire.KindICE:
		return srv.ice(s), nil
	case wire.KindDevices:
		return srv.devices(ctx, s)
	case wire.KindPlaceOpen:
		return with(e, func(p wire.Place) (any, error) { return nil, srv.placeOpen(ctx, s, p) })
	case wire.KindPlaceLook:
		return with(e, func(p wire.Place) (any, error) { return srv.placeLook(ctx, s, p) })
	case wire.KindPlaceClose:
		return with(e, func(p wire.Place) (any, error) { return nil, srv.store.ClosePlace(ctx, s.person.ID, p.Place) })
	case wire.KindDeviceAdmit:
		return with(e, func(a wire.Admit) (any, error) { return srv.deviceAdmit(ctx, s, a) })
	case wire.KindDeviceRemove:
		return with(e, func(r wire.Remove) (any, error) { return srv.deviceRemove(ctx, s, r) })
	case wire.KindInvite:
		return nil, srv.invite(ctx, s, e)
	}
	return nil, wire.Errorf(wire.CodeUnknownKind, "This service does not know what the client asks for (%.32q).", e.Kind)
}

// with reads a body for a request.
func with[T any](e wire.Envelope, f func(T) (any, error)) (any, error) {
	b, err := wire.Body[T](e)
	if err != nil {
		return nil, err
	}
	return f(b)
}

// errAnswered says that the reply has been sent already, in its place among
// the messages of a call.
var errAnswered = errors.New("answered")

// answer sends the reply to a request: ok only if it has an id, an error
// always. Replies that another try would not change are kept for a repeat.
func (srv *Server) answer(s *session, e wire.Envelope, body any, err error) {
	if errors.Is(err, errAnswered) {
		return
	}
	kind := wire.KindOK
	keep := e.ID != ""
	if err != nil {
		werr := srv.explain(string(e.Kind), err)
		kind, body = wire.KindError, werr
		keep = keep && !werr.Code.Retry()
		if werr.Code == wire.CodeMalformed {
			srv.m.malformed.Inc()
		}
	} else if e.ID == "" {
		return
	}
	re, err := wire.New(kind, body)
	if err != nil {
		srv.log.Error("reply cannot be sent", "kind", e.Kind, "err", err)
		return
	}
	re.ID, re.Call = e.ID, e.Call
	if keep && changes(e.Kind) {
		s.keep(e.ID, re)
	}
	s.tell(re)
}

// changes reports whether carrying a request out twice would differ from once.
// The others are carried out again: their replies may be long.
func changes(k wire.Kind) bool {
	switch k {
	case wire.KindWatch, wire.KindContacts, wire.KindBlocks, wire.KindHistory, wire.KindLinkLook, wire.KindICE, wire.KindDevices, wire.KindPlaceLook:
		return false
	}
	return true
}

// explain turns an error into what the client is told. What is the service's
// own fault is logged here, and its details stay here.
func (srv *Server) explain(operation string, err error) *wire.Error {
	var werr *wire.Error
	switch {
	case errors.As(err, &werr):
		return werr
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		srv.m.storeErrors.WithLabelValues(operation).Inc()
		srv.log.Error("storage", "operation", operation, "err", err)
		werr = wire.Errorf(wire.CodeStorage, "The service cannot save anything just now. Calls still work; please try this again later.")
		werr.RetryMS = storageAgain.Milliseconds()
		return werr
	}
	var f *wire.FieldError
	if errors.As(err, &f) {
		return wire.Errorf(wire.CodeMalformed, "The field %s %s.", f.Field, f.Reason)
	}
	srv.log.Error("internal", "operation", operation, "err", err)
	return wire.Errorf(wire.CodeInternal, "Something went wrong in the service. Please try again.")
}
