package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

const (
	queueLen         = 16                     // unnumbered messages waiting for a connection
	closeWait        = time.Second            // for the client's half of the closing handshake
	presenceEvery    = 100 * time.Millisecond // changes within it travel together
	ackWithin        = 100 * time.Millisecond // most acknowledgements ride on what is sent meanwhile
	ackBehind        = 16                     // messages that are acknowledged at once
	peoplePerMessage = 200                    // at most 300 bytes each: below wire.MaxMessage
)

// conn is one WebSocket. Its reader is a goroutine of its own; a writer is there
// only while there is something to write, because a goroutine that waits costs
// 4 kB and more.
//
//	reader ── dispatch ──> session, room ── push ──> ring ──┐
//	reader ── send ─────────────────────────────> queue ────┼── writer ──> network
//	bus ── Publish ──> watcher ─────────────────────────────┘
type conn struct {
	// static
	srv  *Server
	ws   *websocket.Conn
	addr string // addressKey
	host string // as the client wrote it
	name string // what sign-in signatures cover, as welcome said
	tls  bool

	log   atomic.Pointer[slog.Logger] // names the session once there is one
	heard atomic.Int64                // when the client last sent anything: UnixNano

	// owned by the reader
	nonce     []byte
	tries     int // names refused
	waits     int // times that a device asked whether it is let in
	malformed int
	counted   bool // among the unauthenticated of addr

	writers sync.WaitGroup // of one at most

	// owned by the writer; sent and acked are set before sess is
	pinged   time.Time
	presence time.Time // when presence was last sent
	sent     uint64    // cursor into sess.out
	acked    uint64    // last number acknowledged to the client
	ackDue   time.Time // when the next has to be; zero: not noticed yet

	mu      sync.Mutex
	queue   [][]byte // unnumbered messages, whole
	sess    *session // nil before ready
	closing *closing
	writing bool        // a writer is there, or was the last one
	again   bool        // it has something to look at
	timer   *time.Timer // wakes a writer; nil before the first
	done    bool        // the reader has ended
}

type closing struct {
	code   int
	reason string
}

// poke lets a writer look for something to write.
func (c *conn) poke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pokeLocked()
}

func (c *conn) pokeLocked() {
	c.again = true
	if !c.writing && !c.done {
		c.writing = true
		c.writers.Go(c.write)
	}
}

// send queues an unnumbered message. A client that lets the queue fill up is
// disconnected.
func (c *conn) send(e wire.Envelope) {
	b, err := wire.Encode(e)
	if err != nil {
		c.log.Load().Error("message cannot be sent", "kind", e.Kind, "err", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) >= queueLen {
		c.srv.m.drops.WithLabelValues("queue").Inc()
		c.closeLocked(wire.CloseSlow, "not reading")
		return
	}
	c.queue = append(c.queue, b)
	c.srv.m.message("out", e.Kind)
	c.pokeLocked()
}

// sendBody is send for a message of the service's own.
func (c *conn) sendBody(kind wire.Kind, id string, body any) {
	e, err := wire.New(kind, body)
	if err != nil {
		c.log.Load().Error("message cannot be sent", "kind", kind, "err", err)
		return
	}
	e.ID = id
	c.send(e)
}

// close ends the connection after what is queued was written.
func (c *conn) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(code, reason)
}

func (c *conn) closeLocked(code int, reason string) {
	if c.closing == nil {
		c.closing = &closing{code: code, reason: reason}
		c.srv.m.closes.WithLabelValues(strconv.Itoa(code)).Inc()
		c.pokeLocked()
	}
}

// closed reports whether the connection is to end.
func (c *conn) closed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil || c.done
}

// run serves the connection to its end.
func (c *conn) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { c.ws.NetConn().Close() })
	defer stop()
	c.pinged = time.Now()
	c.read(ctx)
	c.mu.Lock()
	c.done = true
	s := c.sess
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.ws.Close() // a writer that is stuck ends
	c.writers.Wait()
	if s != nil {
		c.srv.lost(s, c)
	}
}

// read takes messages until the connection ends.
func (c *conn) read(ctx context.Context) {
	heard := func() { c.heard.Store(time.Now().UnixNano()) }
	heard()
	answer := c.ws.PingHandler()
	c.ws.SetPingHandler(func(s string) error { heard(); return answer(s) })
	c.ws.SetPongHandler(func(string) error { heard(); return nil })
	c.ws.SetReadLimit(wire.MaxBeforeHello)
	c.ws.SetReadDeadline(time.Now().Add(c.srv.cfg.Limits.HelloWithin))
	c.welcome()
	for {
		kind, b, err := c.ws.ReadMessage()
		if err != nil {
			c.readError(err)
			return
		}
		heard()
		if c.closed() {
			continue // until the client has closed, too
		}
		if kind != websocket.TextMessage {
			c.close(websocket.CloseUnsupportedData, "text messages only")
			continue
		}
		c.message(ctx, b)
	}
}

// readError notes why the reader ended, where that is for the service to say.
func (c *conn) readError(err error) {
	var timeout net.Error
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		// gorilla has written close 1009 (message too big).
		c.srv.m.limits.WithLabelValues("message_size").Inc()
		c.srv.m.closes.WithLabelValues("1009").Inc()
		c.ws.SetReadDeadline(time.Now().Add(closeWait))
	case errors.As(err, &timeout) && timeout.Timeout() && c.session() == nil && !c.closed():
		c.srv.m.limits.WithLabelValues("hello").Inc()
		c.close(wire.CloseNoHello, "no hello")
	default:
		c.log.Load().Debug("connection ended", "err", err)
		return
	}
	c.drain()
}

// drain lets the client read the close frame: closing a socket with unread
// input resets it, and a reset can overtake what was written. It ends when the
// client has closed, or after closeWait.
func (c *conn) drain() {
	nc := c.ws.NetConn()
	nc.SetReadDeadline(time.Now().Add(closeWait))
	b := make([]byte, 4096)
	for {
		if _, err := nc.Read(b); err != nil {
			return
		}
	}
}

func (c *conn) session() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sess
}

// write sends what is queued, pings, and ends dead connections, until there is
// nothing to do for a while.
func (c *conn) write() {
	for {
		c.mu.Lock()
		c.again = false
		c.mu.Unlock()
		for {
			b, end, ok := c.next(time.Now())
			if end != nil {
				c.writeClose(*end)
				return
			}
			if !ok {
				break
			}
			c.ws.SetWriteDeadline(time.Now().Add(c.srv.cfg.Limits.WriteWithin))
			if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
				c.log.Load().Debug("write", "err", err)
				var timeout net.Error
				if errors.As(err, &timeout) && timeout.Timeout() {
					c.close(wire.CloseSlow, "not reading") // nobody hears it; it is counted
				}
				c.ws.Close() // ends the reader
				return
			}
		}
		if c.rest(c.wait(time.Now())) {
			return
		}
	}
}

// rest reports that the writer can go, and has another come after d.
func (c *conn) rest(d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.done:
		return true
	case c.again:
		return false
	case c.timer == nil:
		c.timer = time.AfterFunc(d, c.poke)
	default:
		c.timer.Reset(d)
	}
	c.writing = false
	return true
}

// writeClose sends the close frame and gives the client closeWait to answer.
func (c *conn) writeClose(end closing) {
	deadline := time.Now().Add(closeWait)
	msg := websocket.FormatCloseMessage(end.code, end.reason)
	if err := c.ws.WriteControl(websocket.CloseMessage, msg, deadline); err != nil {
		c.ws.Close()
		return
	}
	c.ws.NetConn().SetReadDeadline(deadline)
}

func (c *conn) pingEvery(s *session) time.Duration {
	if s.setup.Load() {
		return wire.PingEverySetup
	}
	return wire.PingEvery
}

// wait is how long the writer can sleep if nothing wakes it.
func (c *conn) wait(now time.Time) time.Duration {
	s := c.session()
	if s == nil {
		return time.Hour
	}
	every := c.pingEvery(s)
	heard := time.Unix(0, c.heard.Load())
	d := min(c.pinged.Add(every).Sub(now), heard.Add(2*every).Sub(now))
	if s.watcher.Pending() {
		d = min(d, c.presence.Add(presenceEvery).Sub(now))
	}
	if !c.ackDue.IsZero() {
		d = min(d, c.ackDue.Sub(now))
	}
	return max(d, time.Millisecond)
}

// next returns the next message to write, or how to end: first what has no
// number, then the session's ring, then what is only of use now.
func (c *conn) next(now time.Time) (b []byte, end *closing, ok bool) {
	c.mu.Lock()
	if len(c.queue) > 0 {
		b = c.queue[0]
		if c.queue = c.queue[1:]; len(c.queue) == 0 {
			c.queue = nil
		}
		c.mu.Unlock()
		return b, nil, true
	}
	s := c.sess
	if s != nil && now.UnixNano()-c.heard.Load() >= int64(2*c.pingEvery(s)) {
		c.closeLocked(wire.CloseDead, "no answer to ping")
	}
	end = c.closing
	c.mu.Unlock()
	if s == nil {
		return nil, end, false
	}
	if end == nil || end.code != wire.CloseDead {
		if b, ok := c.numbered(now, s); ok {
			return b, nil, true
		}
	}
	if end != nil {
		return nil, end, false
	}
	b, ok = c.passing(now, s)
	return b, nil, ok
}

// passing returns the next message that need not arrive.
func (c *conn) passing(now time.Time, s *session) ([]byte, bool) {
	at := s.stamp()
	switch {
	case now.Sub(c.pinged) >= c.pingEvery(s):
		c.pinged = now
		c.told(at.in)
		c.srv.m.message("out", wire.KindPing)
		return head(nil, 0, at, 0, []byte(`{"kind":"ping"}`)), true
	case now.Sub(c.presence) >= presenceEvery && s.watcher.Pending():
		c.presence = now
		c.told(at.in)
		list, err := wire.New(wire.KindPresence, s.watcher.Take(peoplePerMessage))
		if err != nil {
			c.log.Load().Error("presence cannot be sent", "err", err)
			return nil, false
		}
		c.srv.m.message("out", wire.KindPresence)
		return head(nil, 0, at, 0, append(append([]byte(`{"kind":"presence","body":`), list.Body...), '}')), true
	case at.in > c.acked && c.ackDue.IsZero() && at.in < c.acked+ackBehind:
		c.ackDue = now.Add(ackWithin)
	case at.in > c.acked && (at.in >= c.acked+ackBehind || !now.Before(c.ackDue)):
		c.told(at.in)
		c.srv.m.message("out", wire.KindAck)
		return head(nil, 0, at, 0, []byte(`{"kind":"ack"}`)), true
	}
	return nil, false
}

// told notes what was acknowledged with a message that is being written.
func (c *conn) told(in uint64) { c.acked, c.ackDue = in, time.Time{} }

// numbered returns the next message of the ring.
func (c *conn) numbered(now time.Time, s *session) ([]byte, bool) {
	s.mu.Lock()
	if s.conn != c {
		s.mu.Unlock()
		return nil, false
	}
	seq, it, ok := s.out.next(c.sent)
	at := stamp{s.epoch, s.in}
	s.mu.Unlock()
	if !ok {
		return nil, false
	}
	c.sent = seq
	c.told(at.in)
	var ttl int64
	if !it.until.IsZero() {
		ttl = max(1, it.until.Sub(now).Milliseconds())
	}
	c.srv.m.message("out", it.kind)
	return head(make([]byte, 0, len(it.json)+64), seq, at, ttl, it.json), true
}

// stamp is what every message of a session says of the session.
type stamp struct {
	epoch uint32
	in    uint64
}

func (s *session) stamp() stamp {
	s.mu.Lock()
	defer s.mu.Unlock()
	return stamp{s.epoch, s.in}
}

// head writes the fields that are known only when a message is sent in front
// of the others. rest is a JSON object that is not empty.
func head(b []byte, seq uint64, at stamp, ttl int64, rest []byte) []byte {
	field := func(name string, v uint64) {
		if v != 0 {
			b = append(b, '"')
			b = append(b, name...)
			b = append(b, '"', ':')
			b = strconv.AppendUint(b, v, 10)
			b = append(b, ',')
		}
	}
	b = append(b, '{')
	field("seq", seq)
	field("epoch", uint64(at.epoch))
	field("ack", at.in)
	field("ttl_ms", uint64(ttl))
	return append(b, rest[1:]...)
}
