package client

import (
	"errors"
	"time"

	"parley/signaling/wire"
)

// How a connection is watched, and how fast it may be written to.
const (
	ackAfter   = 250 * time.Millisecond // an acknowledgement waits this long for company
	ackBehind  = 32                     // but not for more messages than this
	answerIn   = 3 * time.Second        // unacknowledged for longer, with nothing heard: probe
	probeFor   = 3 * time.Second        // nothing heard after a probe: dead
	pingSlack  = time.Second            // beyond two missed pings
	paceBurst  = 80                     // the service allows 100
	paceSecond = 18                     // and 20 a second
)

var (
	errDead    = errors.New("the connection is dead: nothing was heard from the service")
	errDrained = errors.New("the service is restarting")
	errGap     = errors.New("a message of the service is missing")
)

// session is what outlives a connection, and the timing of the connection it
// has. Pure: now is passed in.
type session struct {
	id    string // empty: none to resume
	token []byte
	epoch uint32

	out      outbox
	received uint64 // number of the last message taken in
	told     uint64 // number last acknowledged
	ackDue   time.Time

	linked   bool          // signed in on a live connection
	ping     time.Duration // usual interval of the service's pings
	expect   time.Duration // interval now: shorter while a call is set up
	pinged   time.Time     // when the last one came
	heard    time.Time     // when the connection last brought anything
	probed   time.Time     // since when a probe is unanswered; zero: none is out
	wanted   bool          // a probe is asked for
	pong     bool          // owed
	leave    time.Time     // when a draining service wants this connection gone; zero: it does not
	oldest   time.Time     // since when something written waits for its acknowledgement
	tokens   float64       // of the pace; of the session, as the service counts
	tokensAt time.Time
}

// begin starts a new session; ready was received.
func (s *session) begin(now time.Time, r wire.Ready, keep func(wire.Envelope) bool) (gone []wire.Envelope) {
	s.id, s.token, s.epoch = r.Session, r.Token, 0
	s.received, s.told = 0, 0
	s.tokens, s.tokensAt = paceBurst, now
	return s.out.restart(keep)
}

// resumed goes on with the session.
func (s *session) resumed(token []byte, epoch uint32, ack uint64) error {
	s.token, s.epoch = token, epoch
	s.told = s.received // resume said it
	if !s.out.rewind(ack) {
		return errors.New("the service acknowledged what was never sent")
	}
	return nil
}

// link starts the clocks of a connection.
func (s *session) link(now time.Time, ping time.Duration) {
	if ping <= 0 {
		ping = wire.PingEvery
	}
	s.linked, s.ping, s.heard = true, ping, now
	s.probed, s.wanted, s.pong = time.Time{}, false, false
	s.leave = time.Time{}
	s.ackDue, s.oldest = time.Time{}, time.Time{}
	s.expect, s.pinged = ping, now
}

func (s *session) unlink() { s.linked = false }

// probe asks for a sign of life of the connection, if there is one.
func (s *session) probe() { s.wanted = s.linked }

// hear notes that something came. Only a pong answers a probe: the rest may
// have been under way when the link broke. It gives the pong more time, though,
// which may be behind it on a slow link.
func (s *session) hear(now time.Time, pong bool) {
	s.heard = now
	switch {
	case pong:
		s.probed = time.Time{}
	case !s.probed.IsZero():
		s.probed = now
	}
}

// gotPing notes a ping of the service and how often they come.
func (s *session) gotPing(now time.Time) {
	s.expect = s.ping
	if gap := now.Sub(s.pinged); gap < s.ping*7/10 {
		s.expect = min(s.ping, wire.PingEverySetup)
	}
	s.pinged, s.pong = now, true
}

// take decides about a numbered message: fresh is false for one that was taken
// in before. The caller calls took once the message is safe.
func (s *session) take(seq uint64) (fresh bool, err error) {
	switch {
	case seq == 0:
		return true, nil
	case seq <= s.received:
		return false, nil
	case seq > s.received+1:
		return false, errGap
	}
	return true, nil
}

func (s *session) took(now time.Time, seq uint64) {
	if seq == 0 {
		return
	}
	s.received = seq
	if s.ackDue.IsZero() {
		s.ackDue = now.Add(ackAfter)
	}
}

// acked notes what the service has.
func (s *session) acked(now time.Time, n uint64) error {
	if n == 0 {
		return nil
	}
	before := len(s.out.sent)
	if !s.out.ack(n) {
		return errors.New("the service acknowledged what was never sent")
	}
	switch {
	case len(s.out.sent) == 0:
		s.oldest = time.Time{}
	case len(s.out.sent) < before:
		s.oldest = now
	}
	return nil
}

// step is what the writer does next.
type step struct {
	env   wire.Envelope // write this, if it has a kind
	probe bool          // write a WebSocket ping
	wait  time.Duration // otherwise come back after this time or a wake
}

// next decides. The error is errDead or errDrained.
func (s *session) next(now time.Time) (step, error) {
	if !s.leave.IsZero() && !now.Before(s.leave) {
		return step{}, errDrained
	}
	quiet := now.Sub(s.heard)
	wait := 2*s.ping + pingSlack - quiet
	if wait <= 0 {
		return step{}, errDead
	}
	if !s.probed.IsZero() {
		left := probeFor - now.Sub(s.probed)
		if left <= 0 {
			return step{}, errDead
		}
		wait = min(wait, left)
	} else if s.wanted {
		s.wanted, s.probed = false, now
		return step{probe: true}, nil
	} else if !s.oldest.IsZero() {
		left := max(answerIn-now.Sub(s.oldest), answerIn-quiet)
		if left <= 0 {
			s.probed = now
			return step{probe: true}, nil
		}
		wait = min(wait, left)
	}
	if s.probed.IsZero() {
		left := s.expect*7/5 - quiet // noticed after 17 s, during set-up after 10 s
		if left <= 0 {
			s.probed = now
			return step{probe: true}, nil
		}
		wait = min(wait, left)
	}
	if !s.leave.IsZero() {
		wait = min(wait, s.leave.Sub(now))
	}
	if s.pong {
		s.pong = false
		return step{env: s.stamp(wire.Envelope{Kind: wire.KindPong})}, nil
	}
	if !s.out.empty() {
		if left := s.pace(now); left > 0 {
			wait = min(wait, left)
		} else if e, ok := s.out.pop(); ok {
			if s.oldest.IsZero() {
				s.oldest = now
			}
			return step{env: s.stamp(e)}, nil
		}
	}
	if s.received > s.told {
		left := s.ackDue.Sub(now)
		if left <= 0 || s.received-s.told >= ackBehind {
			return step{env: s.stamp(wire.Envelope{Kind: wire.KindAck})}, nil
		}
		wait = min(wait, left)
	}
	return step{wait: wait}, nil
}

// stamp adds the acknowledgement, which rides on everything.
func (s *session) stamp(e wire.Envelope) wire.Envelope {
	e.Epoch, e.Ack = s.epoch, s.received
	s.told, s.ackDue = s.received, time.Time{}
	return e
}

// pace takes a token; otherwise it returns how long there is none.
func (s *session) pace(now time.Time) time.Duration {
	s.tokens = min(paceBurst, s.tokens+now.Sub(s.tokensAt).Seconds()*paceSecond)
	s.tokensAt = now
	if s.tokens >= 1 {
		s.tokens--
		return 0
	}
	return time.Duration((1-s.tokens)/paceSecond*float64(time.Second)) + time.Millisecond
}
