package room

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/signaling/wire"
)

// stage drives a Calls with a clock of its own and writes down decisions in a
// short form: "session<kind(reason)" for messages, "name=state", "name:outcome".
type stage struct {
	t   *testing.T
	c   *Calls
	now time.Time
	got []string
}

func newStage(t *testing.T) *stage {
	return &stage{t: t, c: New(Default()), now: time.Unix(1000, 0)}
}

// dev is the device of a session like "ada1": person ada.
func dev(session string) Device {
	name := strings.TrimRight(session, "0123456789")
	return Device{Person: wire.Person{ID: "id-" + name, Name: name, Key: keyOf(name)}, Session: session}
}

func keyOf(name string) []byte {
	key := make([]byte, 32)
	copy(key, name)
	return key
}

func (s *stage) note(ds []Decision) {
	for _, d := range ds {
		switch d := d.(type) {
		case Deliver:
			text := d.Session + "<" + string(d.Env.Kind)
			switch d.Env.Kind {
			case wire.KindCancel, wire.KindHangup:
				r, _ := wire.Body[wire.Reason](d.Env)
				text += "(" + string(r.Reason) + ")"
			case wire.KindReject:
				r, _ := wire.Body[wire.Reject](d.Env)
				text += "(" + string(r.Reason) + ")"
			case wire.KindTaken:
				if r, _ := wire.Body[wire.Taken](d.Env); r.Declined {
					text += "(declined)"
				}
			}
			s.got = append(s.got, text)
		case Presence:
			s.got = append(s.got, d.Person.Name+"="+string(d.State))
		case Log:
			s.got = append(s.got, strings.TrimPrefix(d.Owner, "id-")+":"+string(d.Entry.Outcome))
		}
	}
}

// want compares what was decided since the last want.
func (s *stage) want(list string) {
	s.t.Helper()
	if got := strings.Join(s.got, " "); got != list {
		s.t.Errorf("got  %s\nwant %s", got, list)
	}
	s.got = nil
}

func (s *stage) connect(sessions ...string) {
	for _, x := range sessions {
		s.note(s.c.Connect(s.now, dev(x)))
	}
}

func (s *stage) invite(session, call, callee string) *wire.Error {
	e, err := wire.New(wire.KindInvite, wire.Invite{To: callee, Offer: wire.Description{Type: "offer", SDP: "x"}})
	if err != nil {
		s.t.Fatal(err)
	}
	e.Call = call
	_, ds, werr := s.c.Invite(s.now, dev(session), call, wire.Person{ID: "id-" + callee, Name: callee}, e)
	s.note(ds)
	return werr
}

func (s *stage) say(session string, kind wire.Kind, call string, body any) *wire.Error {
	e, err := wire.New(kind, body)
	if err != nil {
		s.t.Fatal(err)
	}
	e.Call = call
	ds, werr := s.c.Handle(s.now, dev(session), e)
	s.note(ds)
	return werr
}

func (s *stage) pass(d time.Duration) {
	end := s.now.Add(d)
	for {
		at, ok := s.c.Next()
		if !ok || at.After(end) {
			break
		}
		if at.After(s.now) {
			s.now = at
		}
		s.note(s.c.Tick(s.now))
	}
	s.now = end
	s.note(s.c.Tick(s.now))
}

var (
	yes    = wire.Answer{Answer: wire.Description{Type: "answer", SDP: "x"}}
	bye    = wire.Reason{Reason: wire.EndHangup}
	cancel = wire.Reason{Reason: wire.EndCancelled}
)

func code(e *wire.Error) wire.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

func (s *stage) part(by, other string) { s.note(s.c.Part(s.now, "id-"+by, "id-"+other)) }

func TestCourses(t *testing.T) {
	for name, play := range map[string]func(*stage){
		"unseen: as if nobody were there": func(s *stage) {
			e, _ := wire.New(wire.KindInvite, wire.Invite{To: "bob", Offer: wire.Description{Type: "offer", SDP: "x"}})
			ds, werr := s.c.Unseen(s.now, dev("ada1"), "c", wire.Person{ID: "id-bob", Name: "bob"}, e)
			s.note(ds)
			if code(werr) != wire.CodeAway {
				s.t.Error(werr)
			}
			s.want("ada:unreached")
			s.invite("bob1", "d", "ada") // no call is left of it
			s.want("ada1<invite")
		},
		"parted while it rings": func(s *stage) {
			s.connect("bob2")
			s.got = nil
			s.invite("ada1", "c", "bob")
			s.got = nil
			s.part("bob", "cy")
			s.want("")
			s.part("bob", "ada")
			s.want("ada1<reject(declined) bob1<taken(declined) bob2<taken(declined) ada:declined bob:declined")
			s.invite("ada1", "d", "bob")
			s.got = nil
			s.part("ada", "bob") // the caller wants no more
			s.want("ada1<cancel(cancelled) bob1<cancel(cancelled) bob2<cancel(cancelled) ada:cancelled bob:missed")
		},
		"parted in a call": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.got = nil
			if !s.c.Between("id-ada", "id-bob") || s.c.Between("id-ada", "id-cy") {
				s.t.Error("the call is between two others")
			}
			s.part("ada", "bob")
			s.want("ada1<hangup(hangup) bob1<hangup(hangup) ada:answered bob:answered ada=available bob=available")
			if s.c.Between("id-ada", "id-bob") {
				s.t.Error("a call is left")
			}
		},
		"answered and hung up": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.want("bob1<invite")
			s.say("bob1", wire.KindRinging, "c", nil)
			s.say("bob1", wire.KindRinging, "c", nil)
			s.want("ada1<ringing")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.want("ada1<answer ada=in_call bob=in_call")
			s.pass(time.Hour)
			s.say("ada1", wire.KindHangup, "c", bye)
			s.want("bob1<hangup(hangup) ada:answered bob:answered ada=available bob=available")
		},
		"no answer": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.pass(wire.RingFor - 1)
			s.want("bob1<invite")
			s.pass(1)
			s.want("ada1<cancel(no_answer) bob1<cancel(no_answer) ada:missed bob:missed")
		},
		"cancel crosses answer": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.got = nil
			s.say("ada1", wire.KindCancel, "c", cancel)
			s.want("bob1<hangup(cancelled) ada:answered bob:answered ada=available bob=available")
		},
		"answer after cancel": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("ada1", wire.KindCancel, "c", cancel)
			s.want("bob1<invite bob1<cancel(cancelled) ada:cancelled bob:missed")
			if got := code(s.say("bob1", wire.KindAnswer, "c", yes)); got != wire.CodeNoCall {
				s.t.Errorf("answer: %q", got)
			}
		},
		"hangup while ringing is the word that fits": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindHangup, "c", bye)
			s.want("bob1<invite ada1<reject(declined) ada:declined bob:declined")
			s.invite("ada1", "d", "bob")
			s.say("ada1", wire.KindHangup, "d", bye)
			s.want("bob1<invite bob1<cancel(hangup) ada:cancelled bob:missed")
		},
		"declined on one of two": func(s *stage) {
			s.connect("bob2")
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindReject, "c", wire.Reject{Reason: wire.RejectDeclined})
			s.want("bob1<invite bob2<invite ada1<reject(declined) bob2<taken(declined) ada:declined bob:declined")
		},
		"busy on one of two": func(s *stage) {
			s.connect("bob2")
			s.invite("ada1", "c", "bob")
			s.say("bob2", wire.KindReject, "c", wire.Reject{Reason: wire.RejectBusy})
			s.want("bob1<invite bob2<invite ada1<reject(busy) bob1<taken(declined) ada:busy bob:missed")
		},
		"all devices unable": func(s *stage) {
			s.connect("bob2")
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindReject, "c", wire.Reject{Reason: wire.RejectFailed})
			s.want("bob1<invite bob2<invite")
			s.say("bob2", wire.KindReject, "c", wire.Reject{Reason: wire.RejectFailed})
			s.want("ada1<reject(failed) ada:unreached bob:missed")
		},
		"the only able device goes away": func(s *stage) {
			s.connect("bob2")
			s.invite("ada1", "c", "bob")
			s.note(s.c.Leave(s.now, dev("bob1"), true))
			s.want("bob1<invite bob2<invite")
			s.note(s.c.Leave(s.now, dev("bob2"), true))
			s.want("ada1<cancel(unreachable) ada:unreached bob:missed bob=offline")
		},
		"the link to the only device goes and comes back": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.note(s.c.Disconnect(s.now, dev("bob1")))
			s.pass(Default().Away - 1)
			s.connect("bob1")
			s.pass(10 * time.Second)
			s.want("bob1<invite")
		},
		"the link to the caller goes while it rings": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.note(s.c.Disconnect(s.now, dev("ada1")))
			s.pass(Default().Away)
			s.want("bob1<invite ada=offline ada1<cancel(unreachable) bob1<cancel(unreachable) ada:cancelled bob:missed")
		},
		"a device without a link is rung if it went just now": func(s *stage) {
			s.note(s.c.Disconnect(s.now, dev("bob1")))
			s.pass(time.Second)
			s.invite("ada1", "c", "bob")
			s.want("bob1<invite")
			s.pass(Default().Away)
			s.want("bob=offline ada1<cancel(unreachable) bob1<cancel(unreachable) ada:unreached bob:missed")
		},
		"away": func(s *stage) {
			s.note(s.c.Disconnect(s.now, dev("bob1")))
			s.pass(Default().Away)
			s.want("bob=offline")
			if got := code(s.invite("ada1", "c", "bob")); got != wire.CodeAway {
				s.t.Errorf("invite: %q", got)
			}
			s.want("ada:unreached bob:missed")
		},
		"busy by status": func(s *stage) {
			s.note(s.c.SetBusy(s.now, "id-bob", true))
			s.invite("ada1", "c", "bob")
			s.want("bob=busy ada1<reject(busy) ada:busy bob:missed")
		},
		"a call that stands outlives one link for CallGrace": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.got = nil
			s.note(s.c.Disconnect(s.now, dev("bob1")))
			s.pass(60 * time.Second)
			s.note(s.c.Leave(s.now, dev("bob1"), false))
			s.pass(Default().CallGrace - 60*time.Second - 1)
			s.want("")
			s.pass(1)
			s.want("ada1<hangup(unreachable) bob1<hangup(unreachable) ada:answered bob:answered ada=available bob=offline")
		},
		"a new session takes the call over": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.note(s.c.Leave(s.now, dev("bob1"), false))
			s.connect("bob2")
			s.got = nil
			s.say("bob2", wire.KindNegotiate, "c", wire.Negotiate{Description: wire.Description{Type: "offer", SDP: "x"}})
			s.say("ada1", wire.KindCandidates, "c", wire.Candidates{End: true})
			s.pass(time.Hour)
			s.want("ada1<negotiate bob2<candidates")
		},
		"glare": func(s *stage) {
			s.invite("ada1", "c", "bob")
			e := s.invite("bob1", "d", "ada")
			if code(e) != wire.CodeGlare || e.Call != "c" {
				s.t.Errorf("invite: %+v", e)
			}
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.want("bob1<invite ada1<answer ada=in_call bob=in_call")
		},
		"glare on a device that declared itself unable": func(s *stage) {
			s.connect("bob2")
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindReject, "c", wire.Reject{Reason: wire.RejectFailed})
			if got := code(s.invite("bob1", "d", "ada")); got != wire.CodeTooMany {
				s.t.Errorf("invite: %q", got)
			}
		},
		"the same caller tries anew": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.invite("ada1", "d", "bob")
			s.want("bob1<invite ada1<cancel(cancelled) bob1<cancel(cancelled) ada:cancelled bob:missed bob1<invite")
			s.connect("ada2")
			if got := code(s.invite("ada2", "e", "bob")); got != wire.CodeTooMany {
				s.t.Errorf("on another device: %q", got)
			}
		},
		"bye ends the call": func(s *stage) {
			s.invite("ada1", "c", "bob")
			s.say("bob1", wire.KindAnswer, "c", yes)
			s.got = nil
			s.note(s.c.Leave(s.now, dev("ada1"), true))
			s.want("bob1<hangup(hangup) ada:answered bob:answered ada=offline bob=available")
		},
		"strangers": func(s *stage) {
			s.connect("cy1", "ada2")
			s.invite("ada1", "c", "bob")
			s.got = nil
			for _, x := range []string{"cy1", "ada2"} {
				for kind, body := range map[wire.Kind]any{wire.KindAnswer: yes, wire.KindCancel: cancel, wire.KindHangup: bye, wire.KindRinging: nil,
					wire.KindReject: wire.Reject{Reason: wire.RejectBusy}, wire.KindCandidates: wire.Candidates{}} {
					if got := code(s.say(x, kind, "c", body)); got != wire.CodeNotYours {
						s.t.Errorf("%s of %s: %q", kind, x, got)
					}
				}
			}
			s.want("")
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.connect("ada1", "bob1")
			s.want("ada=available bob=available")
			play(s)
		})
	}
}

func TestLateDevice(t *testing.T) {
	s := newStage(t)
	s.connect("ada1", "bob1")
	s.invite("ada1", "c", "bob")
	s.say("ada1", wire.KindCandidates, "c", wire.Candidates{Candidates: []wire.Candidate{{Candidate: "1"}}})
	s.say("ada1", wire.KindCandidates, "c", wire.Candidates{End: true})
	s.got = nil
	s.pass(15 * time.Second)
	ds := s.c.Connect(s.now, dev("bob2"))
	if ttl := ds[0].(Deliver).Env.TTLms; ttl != 30_000 {
		t.Errorf("rings for another %d ms", ttl)
	}
	s.note(ds)
	s.want("bob2<invite bob2<candidates bob2<candidates")
	s.say("bob2", wire.KindAnswer, "c", yes)
	s.want("ada1<answer bob1<taken ada=in_call bob=in_call")
	s.connect("bob3")
	s.want("")
}

func TestGenerations(t *testing.T) {
	var g generations
	if !g.add(0, wire.MaxCandidates) || g.add(0, 1) {
		t.Error("the limit of a generation is not MaxCandidates")
	}
	for i := 1; i < 100; i++ {
		if !g.add(i, 1) {
			t.Errorf("generation %d refused", i)
		}
	}
	if g.add(0, 1) || len(g) > keptGenerations {
		t.Errorf("%d generations are kept", len(g))
	}
}

// Whoever leaves leaves nothing behind.
func TestNothingIsLeft(t *testing.T) {
	s := newStage(t)
	for i := range 1000 {
		a, b := fmt.Sprint("ada", i), fmt.Sprint("bob", i)
		s.connect(a, b)
		s.invite(a, fmt.Sprint("c", i), "bob")
		s.note(s.c.Leave(s.now, dev(a), i%2 == 0))
		s.note(s.c.Leave(s.now, dev(b), i%3 == 0))
	}
	s.pass(time.Hour)
	if len(s.c.people)+len(s.c.calls)+len(s.c.due)+s.c.stand != 0 {
		t.Errorf("%d people, %d calls, %d appointments, %d standing", len(s.c.people), len(s.c.calls), len(s.c.due), s.c.stand)
	}
}
