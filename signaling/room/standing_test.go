package room

import (
	"testing"
	"time"

	"parley/signaling/wire"
)

// stands is what a session says of a call with another person.
func (s *stage) stands(session, call, peer string, caller bool) *wire.Error {
	return s.say(session, wire.KindStanding, call, wire.Standing{Peer: keyOf(peer), Caller: caller, AgeMS: 60_000})
}

var restart = wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "x"}, Generation: 1, Restart: true}

func TestACallFromBeforeStandsAgain(t *testing.T) {
	s := newStage(t)
	s.connect("ada1", "bob1", "eve1")
	s.got = nil
	if err := s.say("ada1", wire.KindNegotiate, "X", restart); code(err) != wire.CodeNoCall {
		t.Errorf("a call of which nobody told: %v", err)
	}
	if err := s.stands("ada1", "X", "bob", true); err != nil {
		t.Fatal(err)
	}
	// What the first end sends waits; the word of one end makes no call.
	if err := s.say("ada1", wire.KindNegotiate, "X", restart); err != nil {
		t.Fatal(err)
	}
	for session, err := range map[string]*wire.Error{
		"a third person": s.stands("eve1", "X", "ada", false),
		"the same role":  s.stands("bob1", "X", "ada", true),
		"another peer":   s.stands("bob1", "X", "eve", false),
	} {
		if code(err) != wire.CodeNotYours {
			t.Errorf("%s: %v", session, err)
		}
	}
	s.want("")
	if err := s.stands("bob1", "X", "ada", false); err != nil {
		t.Fatal(err)
	}
	s.want("bob1<negotiate ada=in_call bob=in_call")
	if _, answered := s.c.Live(); answered != 1 {
		t.Errorf("%d calls stand", answered)
	}
	// From here on it is a call like any other.
	if err := s.stands("bob1", "X", "ada", false); err != nil {
		t.Errorf("said twice: %v", err)
	}
	if err := s.stands("eve1", "X", "ada", false); code(err) != wire.CodeNotYours {
		t.Errorf("a third person: %v", err)
	}
	if err := s.say("bob1", wire.KindNegotiate, "X", restart); err != nil {
		t.Error(err)
	}
	s.want("ada1<negotiate")
	if err := s.say("bob1", wire.KindHangup, "X", bye); err != nil {
		t.Error(err)
	}
	s.want("ada1<hangup(hangup) ada:answered bob:answered ada=available bob=available")
}

func TestACallOfWhichOneEndTellsIsForgotten(t *testing.T) {
	s := newStage(t)
	s.connect("ada1", "bob1")
	s.got = nil
	for _, id := range []string{"W", "X", "Y", "Z"} {
		if err := s.stands("ada1", id, "bob", true); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.stands("ada1", "V", "bob", true); code(err) != wire.CodeTooMany {
		t.Errorf("a fifth: %v", err)
	}
	if err := s.say("ada1", wire.KindHangup, "W", bye); err != nil {
		t.Errorf("hung up before the other has spoken: %v", err)
	}
	for range maxTrail {
		if err := s.say("ada1", wire.KindNegotiate, "X", restart); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.say("ada1", wire.KindNegotiate, "X", restart); code(err) != wire.CodeTooMany {
		t.Errorf("what waits has no bound: %v", err)
	}
	s.pass(Default().CallGrace)
	if len(s.c.claims) != 0 {
		t.Errorf("%d are kept", len(s.c.claims))
	}
	s.want("")
}

// An end whose link is gone again when the other speaks has the time of any
// other to come back.
func TestARevivedCallEndsWithoutOneEnd(t *testing.T) {
	s := newStage(t)
	s.connect("ada1", "bob1")
	if err := s.stands("ada1", "X", "bob", true); err != nil {
		t.Fatal(err)
	}
	s.note(s.c.Disconnect(s.now, dev("ada1")))
	if err := s.stands("bob1", "X", "ada", false); err != nil {
		t.Fatal(err)
	}
	s.pass(Default().CallGrace - time.Second)
	s.got = nil
	s.pass(2 * time.Second)
	s.want("ada1<hangup(unreachable) bob1<hangup(unreachable) ada:answered bob:answered ada=offline bob=available")
}
