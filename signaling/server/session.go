package server

import (
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"parley/signaling/bus"
	"parley/signaling/room"
	"parley/signaling/wire"
)

var errOverflow = errors.New("session does not take its messages")

// keptReplies is how many replies a session can give a second time.
const keptReplies = 64

// session is one signed-in device. It outlives its connections: a device that
// comes back in time finds everything that it has not acknowledged.
type session struct {
	// static
	id     string
	person wire.Person
	key    []byte // of the device; that of the person on the main device
	link   string // of a guest, who may call nobody else; "": no guest
	host   string // of a guest: id of the link's owner
	srv    *Server

	watcher *bus.Watcher
	setup   atomic.Bool // a call is being set up: ping faster

	// handle is held while a message of the client is carried out, so that a
	// connection that takes over waits for what the last one began.
	handle  sync.Mutex
	pace    bucket // guarded by handle
	refused int    // messages refused in a row for their rate; guarded by handle
	replies map[string]wire.Envelope
	order   []string // ids of replies, oldest first

	// guarded by Server.mu, for a cluster's leaders
	busy   bool // said so
	inCall bool
	held   []room.Held

	mu       sync.Mutex
	conn     *conn // nil: no connection
	epoch    uint32
	out      ring
	in       uint64 // number of the last message taken from the client
	token    []byte // for the next resume
	oldToken []byte // the one before, until the client has shown that it has the new one
	lost     time.Time
	gap      bool // messages were dropped: a resync is due
	over     bool
}

func newSession(srv *Server, who wire.Person, key []byte) *session {
	s := &session{
		id:     newID(),
		srv:    srv,
		person: who,
		key:    key,
		token:  newToken(),
		pace:   newBucket(srv.cfg.Limits.MessagesPerSecond, srv.cfg.Limits.MessageBurst),
	}
	s.watcher = bus.NewWatcher(s.poke)
	return s
}

func newToken() []byte {
	b := make([]byte, wire.TokenLen)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

func (s *session) device() room.Device {
	return room.Device{Person: s.person, Session: s.id}
}

// poke wakes the connection's writer, if there is one.
func (s *session) poke() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if c != nil {
		c.poke()
	}
}

// Deliver stores a message for the client. If there is no room, the client
// gets a resync instead of everything stored, and its connection is closed.
func (s *session) Deliver(e wire.Envelope) error {
	ttl := e.TTLms
	e.Seq, e.Epoch, e.Ack, e.TTLms = 0, 0, 0, 0
	b, err := wire.Encode(e)
	if err != nil {
		return err
	}
	it := item{json: b, kind: e.Kind}
	if ttl > 0 {
		it.until = time.Now().Add(time.Duration(ttl) * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return bus.ErrNoSession
	}
	if !s.gap && s.out.push(it) {
		if s.conn != nil {
			s.conn.poke()
		}
		return nil
	}
	n := s.out.clear() + 1
	s.gap = true
	s.srv.m.drops.WithLabelValues("replay").Add(float64(n))
	s.srv.log.Warn("session does not take its messages", "session", s.id, "dropped", n)
	if s.conn != nil {
		s.conn.close(wire.CloseSlow, "not reading")
	}
	return errOverflow
}

// tell stores an answer for the client. That the session is over, or does not
// take its messages, needs no more done. An answer that cannot be sent is a
// fault of the service: the client is told so, not left waiting.
func (s *session) tell(e wire.Envelope) {
	err := s.Deliver(e)
	if err == nil || errors.Is(err, bus.ErrNoSession) || errors.Is(err, errOverflow) {
		return
	}
	s.srv.log.Error("answer cannot be sent", "session", s.id, "kind", e.Kind, "err", err)
	re, err := wire.New(wire.KindError, wire.AsError(err))
	if err == nil && e.Kind != wire.KindError {
		re.ID, re.Call = e.ID, e.Call
		_ = s.Deliver(re) // short: what is left are the two cases above
	}
}

// take notes the number of a message from the client. fresh is false if it was
// taken before; an error means that one is missing before it.
func (s *session) take(seq uint64) (fresh bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case seq == 0:
		return true, nil
	case seq <= s.in:
		return false, nil
	case seq != s.in+1:
		return false, wire.Errorf(wire.CodeMalformed, "The message after number %d is missing.", s.in)
	}
	s.in = seq
	return true, nil
}

// acked forgets what the client has.
func (s *session) acked(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oldToken = nil // a message after resumed: the client has the new one
	if !s.out.ack(seq) {
		return wire.Errorf(wire.CodeMalformed, "Message %d was never sent.", seq)
	}
	return nil
}

// keep stores a reply for a repeat of its request.
func (s *session) keep(id string, e wire.Envelope) {
	if len(s.order) >= keptReplies {
		delete(s.replies, s.order[0])
		s.order = append(s.order[:0], s.order[1:]...)
	}
	if s.replies == nil {
		s.replies = map[string]wire.Envelope{}
	}
	s.replies[id] = e
	s.order = append(s.order, id)
}
