package call

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parley/signaling/wire"
)

var t0 = time.Unix(1_000_000, 0)

// script drives one machine and notes what it wants.
type script struct {
	t   *testing.T
	m   *machine
	now time.Time
	did []action
}

func outgoing(t *testing.T) *script {
	m, acts := newOutgoing(t0, "CALL", "Ben", "", true, true)
	return &script{t: t, m: m, now: t0, did: acts}
}

func incomingCall(t *testing.T) *script {
	m, acts := newIncoming(t0, invitation{id: "CALL", from: wire.Person{ID: "p1", Name: "Ada"}, video: true}, true)
	return &script{t: t, m: m, now: t0, did: acts}
}

func (s *script) feed(events ...event) *script {
	for _, ev := range events {
		if d, ok := ev.(time.Duration); ok {
			s.now = s.now.Add(d)
			ev = evTick{}
		}
		s.did = append(s.did, s.m.handle(s.now, ev)...)
	}
	return s
}

func (s *script) wants(phase Phase, reason EndReason, acts ...string) {
	s.t.Helper()
	if s.m.st.Phase != phase || s.m.st.End.Reason != reason {
		s.t.Errorf("phase %d, reason %q; want %d, %q", s.m.st.Phase, s.m.st.End.Reason, phase, reason)
	}
	var got []string
	for _, a := range s.did {
		got = append(got, name(a))
	}
	if fmt.Sprint(got) != fmt.Sprint(acts) {
		s.t.Errorf("did %v\nwant %v", got, acts)
	}
}

func name(a action) string {
	switch a := a.(type) {
	case doReject:
		return "reject " + string(a.reject.Reason)
	case doCancel:
		return "cancel " + string(a.reason.Reason)
	case doHangup:
		return "hangup " + string(a.reason.Reason)
	}
	return fmt.Sprintf("%T", a)[len("call.do"):]
}

var (
	offer    = evOffer{offer: wire.Description{Type: "offer"}}
	ben      = evInvited{wire.Person{ID: "p2", Name: "Ben"}}
	answer   = evAnswer{wire.Answer{Media: wire.Media{Audio: true, Video: true}}}
	prepared = evPrepared{answer: wire.Description{Type: "answer"}}
	up       = evConn{conn: connUp}
	lostPath = evConn{conn: connLost}
)

func refusedWith(c wire.Code) evRefused { return evRefused{wire.Errorf(c, "No.")} }

func ended(r wire.EndReason) evEnd { return evEnd{wire.Reason{Reason: r}} }

func TestOutgoing(t *testing.T) {
	for name, c := range map[string]struct {
		events []event
		phase  Phase
		reason EndReason
		did    []string
	}{
		"answered": {
			[]event{offer, ben, evRinging{}, answer, up}, Connected, "",
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media"},
		},
		"it rings before it is known whom": {
			[]event{offer, evRinging{}}, Preparing, "", []string{"Hold", "Offer", "Invite"},
		},
		"it rings, and then it is known whom": {
			[]event{offer, evRinging{}, ben}, Ringing, "", []string{"Hold", "Offer", "Invite", "Trickle"},
		},
		"the answer overtakes the reply": {
			[]event{offer, evRinging{}, answer, ben, up}, Connected, "",
			[]string{"Hold", "Offer", "Invite", "Apply", "Trickle", "Media"}, // once it is known whose it is
		},
		"a second answer is ignored": {
			[]event{offer, ben, answer, answer}, Connecting, "",
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media"},
		},
		"an address to hide, and no relay": {
			[]event{evOffer{err: errNoRelay}}, Ended, EndNoRelay, []string{"Hold", "Offer", "Stop"},
		},
		"an address to hide, and no more of the relay": {
			[]event{evOffer{err: errRelaySpent}}, Ended, EndRelaySpent, []string{"Hold", "Offer", "Stop"},
		},
		"no way to the other, and no more of the relay": {
			[]event{offer, evSpent{}, ben, answer, routeWithin}, Ended, EndRelaySpent,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media", "hangup unreachable", "Stop"},
		},
		"a way to the other, and no more of the relay": {
			[]event{offer, evSpent{}, ben, answer, up, evHangup{}}, Ended, EndedByMe,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media", "hangup hangup", "Stop"},
		},
		"an address to hide, and no word of relays": {
			[]event{evOffer{err: fmt.Errorf("%w: timeout", errRelaysUnknown)}}, Ended, EndNoService, []string{"Hold", "Offer", "Stop"},
		},
		"given up while preparing": {
			[]event{evHangup{}, offer}, Ended, EndedByMe, []string{"Hold", "Offer", "Stop"},
		},
		"given up while inviting": {
			[]event{offer, evHangup{}, ben}, Ended, EndedByMe, []string{"Hold", "Offer", "Invite", "Stop", "cancel cancelled"},
		},
		"given up while inviting, fate unknown": {
			[]event{offer, evHangup{}, evRefused{errors.New("timeout")}}, Ended, EndedByMe,
			[]string{"Hold", "Offer", "Invite", "Stop", "cancel cancelled"},
		},
		"given up while inviting, refused": {
			[]event{offer, evHangup{}, refusedWith(wire.CodeAway)}, Ended, EndedByMe, []string{"Hold", "Offer", "Invite", "Stop"},
		},
		"given up while it rings": {
			[]event{offer, ben, evRinging{}, evHangup{}}, Ended, EndedByMe,
			[]string{"Hold", "Offer", "Invite", "Trickle", "cancel cancelled", "Stop"},
		},
		"answered after it was given up": {
			[]event{offer, ben, evHangup{}, answer}, Ended, EndedByMe,
			[]string{"Hold", "Offer", "Invite", "Trickle", "cancel cancelled", "Stop", "hangup hangup"},
		},
		"busy": {
			[]event{offer, ben, evReject{wire.Reject{Reason: wire.RejectBusy}}}, Ended, EndBusy,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Stop"},
		},
		"declined": {
			[]event{offer, ben, evReject{wire.Reject{Reason: wire.RejectDeclined, Message: "later"}}}, Ended, EndDeclined,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Stop"},
		},
		"nobody":       {[]event{offer, refusedWith(wire.CodeNobody)}, Ended, EndNobody, []string{"Hold", "Offer", "Invite", "Stop"}},
		"away":         {[]event{offer, refusedWith(wire.CodeAway)}, Ended, EndAway, []string{"Hold", "Offer", "Invite", "Stop"}},
		"requested":    {[]event{offer, refusedWith(wire.CodeRequested)}, Ended, EndRequested, []string{"Hold", "Offer", "Invite", "Stop"}},
		"link used up": {[]event{offer, refusedWith(wire.CodeLinkUsed)}, Ended, EndLinkUsed, []string{"Hold", "Offer", "Invite", "Stop"}},
		"slow down":    {[]event{offer, refusedWith(wire.CodeSlowDown)}, Ended, EndSlowDown, []string{"Hold", "Offer", "Invite", "Stop"}},
		"the service is silent": {
			[]event{offer, evRefused{errors.New("deadline")}}, Ended, EndNoService,
			[]string{"Hold", "Offer", "Invite", "cancel cancelled", "Stop"},
		},
		"the service says: no answer": {
			[]event{offer, ben, evRinging{}, ended(wire.EndNoAnswer)}, Ended, EndNoAnswer,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Stop"},
		},
		"nobody says anything": {
			[]event{offer, ben, evRinging{}, ringWithin}, Ended, EndNoAnswer,
			[]string{"Hold", "Offer", "Invite", "Trickle", "cancel no_answer", "Stop"},
		},
		"no device of the other is left": {
			[]event{offer, ben, ended(wire.EndUnreachable)}, Ended, EndAway, []string{"Hold", "Offer", "Invite", "Trickle", "Stop"},
		},
		"no way to the other": {
			[]event{offer, ben, answer, routeWithin}, Ended, EndNoRoute,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media", "hangup unreachable", "Stop"},
		},
		"an answer that cannot be used": {
			[]event{offer, ben, answer, evApplied{errors.New("sdp")}}, Ended, EndIncompatible,
			[]string{"Hold", "Offer", "Invite", "Trickle", "Apply", "Trickle", "Media", "hangup error", "Stop"},
		},
		"the service lost our session while it rang": {
			[]event{offer, ben, evResync{}}, Ended, EndNoService,
			[]string{"Hold", "Offer", "Invite", "Trickle", "cancel cancelled", "Stop"},
		},
		"the other calls at the same moment": {
			[]event{offer, evRefused{&wire.Error{Code: wire.CodeGlare, Call: "THEIRS"}},
				evInvite{invitation{id: "THEIRS", from: wire.Person{Name: "Ben"}}}, prepared, up},
			Connected, "", []string{"Hold", "Offer", "Invite", "Drop", "Prepare", "Answer", "Trickle", "Media"},
		},
		"the other calls at the same moment and gives up": {
			[]event{offer, evRefused{&wire.Error{Code: wire.CodeGlare, Call: "THEIRS"}}, glareWithin}, Ended, EndInternal,
			[]string{"Hold", "Offer", "Invite", "Drop", "Stop"},
		},
		"another device of the other's took the call that crossed": {
			[]event{offer, evRefused{&wire.Error{Code: wire.CodeGlare, Call: "THEIRS"}},
				evInvite{invitation{id: "THEIRS"}}, evTaken{}},
			Ended, EndElsewhere, []string{"Hold", "Offer", "Invite", "Drop", "Prepare", "Stop"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := outgoing(t).feed(c.events...)
			s.t = t
			s.wants(c.phase, c.reason, c.did...)
		})
	}
}

func TestIncoming(t *testing.T) {
	for name, c := range map[string]struct {
		events []event
		phase  Phase
		reason EndReason
		did    []string
	}{
		"accepted":                 {[]event{prepared, evAccept{true}, up}, Connected, "", []string{"Ringing", "Prepare", "Hold", "Answer", "Trickle", "Media"}},
		"accepted before prepared": {[]event{evAccept{true}, prepared, up}, Connected, "", []string{"Ringing", "Prepare", "Hold", "Answer", "Trickle", "Media"}},
		"accepted twice":           {[]event{prepared, evAccept{true}, evAccept{false}}, Connecting, "", []string{"Ringing", "Prepare", "Hold", "Answer", "Trickle", "Media"}},
		"declined": {
			[]event{prepared, evDecline{wire.RejectDeclined, "later"}}, Ended, EndDeclined,
			[]string{"Ringing", "Prepare", "reject declined", "Stop"},
		},
		"the caller gives up":     {[]event{ended(wire.EndCancelled)}, Ended, EndCancelled, []string{"Ringing", "Prepare", "Stop"}},
		"missed":                  {[]event{ended(wire.EndNoAnswer)}, Ended, EndMissed, []string{"Ringing", "Prepare", "Stop"}},
		"missed, no service":      {[]event{ringWithin}, Ended, EndMissed, []string{"Ringing", "Prepare", "Stop"}},
		"taken on another device": {[]event{evTaken{}}, Ended, EndElsewhere, []string{"Ringing", "Prepare", "Stop"}},
		"taken while accepting":   {[]event{prepared, evAccept{true}, evTaken{}}, Ended, EndElsewhere, []string{"Ringing", "Prepare", "Hold", "Answer", "Trickle", "Media", "Stop"}},
		"an offer that cannot be used": {
			[]event{evPrepared{err: errors.New("sdp")}}, Ended, EndIncompatible, []string{"Ringing", "Prepare", "reject failed", "Stop"},
		},
		"an address to hide, and no relay": {
			[]event{evPrepared{err: errNoRelay}}, Ended, EndNoRelay, []string{"Ringing", "Prepare", "reject failed", "Stop"},
		},
		"the program is closed": {[]event{evClose{}}, Ended, EndMissed, []string{"Ringing", "Prepare", "Stop"}},
		"rings anew after the service lost us": {
			[]event{evResync{}, time.Second, evInvite{invitation{id: "CALL"}}, 10 * time.Second}, Incoming, "",
			[]string{"Ringing", "Prepare", "Ringing"},
		},
		"the service lost us and the call": {[]event{evResync{}, resyncWithin}, Ended, EndMissed, []string{"Ringing", "Prepare", "Stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := incomingCall(t).feed(c.events...)
			s.t = t
			s.wants(c.phase, c.reason, c.did...)
		})
	}
}

func TestConnectedCall(t *testing.T) {
	begin := []string{"Ringing", "Prepare", "Hold", "Answer", "Trickle", "Media"}
	for name, c := range map[string]struct {
		events []event
		phase  Phase
		reason EndReason
		did    []string
	}{
		"hung up here":                            {[]event{evHangup{}}, Ended, EndedByMe, []string{"hangup hangup", "Stop"}},
		"hung up there":                           {[]event{ended(wire.EndHangup)}, Ended, EndedByOther, []string{"Stop"}},
		"hung up there, without the service":      {[]event{evConn{conn: connClosed}}, Ended, EndedByOther, []string{"hangup hangup", "Stop"}},
		"path lost":                               {[]event{lostPath, 59 * time.Second}, Reconnecting, "", []string{"Waiting"}},
		"path lost and found":                     {[]event{lostPath, 30 * time.Second, up}, Connected, "", []string{"Waiting", "Waiting"}},
		"path lost for good":                      {[]event{lostPath, mendWithin}, Ended, EndLost, []string{"Waiting", "hangup unreachable", "Stop"}},
		"path lost, service lost the other":       {[]event{lostPath, ended(wire.EndUnreachable)}, Ended, EndLost, []string{"Waiting", "Stop"}},
		"the service lost the other, we have not": {[]event{ended(wire.EndUnreachable)}, Connected, "", nil},
		"the service lost us":                     {[]event{evResync{}}, Connected, "", []string{"Stand"}},
		"path lost, and the service lost us":      {[]event{lostPath, evResync{}}, Reconnecting, "", []string{"Waiting", "Stand", "Mend"}},
		"the certificate is not the signed one":   {[]event{evConn{conn: connRefused}}, Ended, EndIncompatible, []string{"hangup error", "Stop"}},
		"the program is closed":                   {[]event{evClose{}}, Ended, EndedByMe, []string{"hangup hangup", "Stop"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := incomingCall(t).feed(prepared, evAccept{true}, up).feed(c.events...)
			s.t = t
			s.wants(c.phase, c.reason, append(append([]string{}, begin...), c.did...)...)
		})
	}
}

func TestTroubleOfTheService(t *testing.T) {
	s := incomingCall(t).feed(prepared, evAccept{true}, up, evQuality{Quality{Level: QualityGood}})
	s.feed(evOnline{false})
	if q := s.m.st.Quality; q.Trouble != TroubleService || q.Level != QualityGood {
		t.Errorf("service away: %+v", q)
	}
	s.feed(evQuality{Quality{Level: QualityPoor, Trouble: TroubleLoss}})
	if q := s.m.st.Quality; q.Trouble != TroubleLoss {
		t.Errorf("loss as well: %+v", q)
	}
	s.feed(evQuality{Quality{Level: QualityGood}})
	if q := s.m.st.Quality; q.Trouble != TroubleService {
		t.Errorf("the loss is over: %+v", q)
	}
	s.feed(evOnline{true})
	if q := s.m.st.Quality; q.Trouble != TroubleNone {
		t.Errorf("service back: %+v", q)
	}
	s.feed(lostPath)
	if q := s.m.st.Quality; q.Level != QualityLost || q.Trouble != TroubleNoRoute {
		t.Errorf("path lost: %+v", q)
	}
	s.feed(up)
	if q := s.m.st.Quality; q.Trouble != TroubleNone || q.Level == QualityLost {
		t.Errorf("path back: %+v", q)
	}
}

func TestPathIsTriedAnewWhenTheServiceIsBack(t *testing.T) {
	s := incomingCall(t).feed(prepared, evAccept{true}, up)
	for _, e := range []event{evOnline{false}, evOnline{true}, lostPath, evOnline{true}} {
		if acts := s.m.handle(s.now, e); slices.Contains(acts, action(doMend{})) {
			t.Fatalf("%+v: the path works, or the service was never away", e)
		}
	}
	s.m.handle(s.now, evOnline{false})
	if acts := s.m.handle(s.now, evOnline{true}); !slices.Contains(acts, action(doMend{})) {
		t.Errorf("both were away, the service is back: %v", acts)
	}
}

// Anybody can come as a guest and call themselves Ben: that is not the Ben who is
// being called.
func TestAGuestCrossesNoCall(t *testing.T) {
	calling := []role{{undecided: true, claim: claim{name: wire.NameKey("Ben"), glare: glare{waiting: true}}}}
	in := invitation{id: "X", from: wire.Person{Name: "Ben", Guest: true}}
	if v, i := judge(calling, 0, in); v != waits || i != -1 {
		t.Errorf("verdict %d of call %d", v, i)
	}
	in.from.Guest = false
	if v, _ := judge(calling, 0, in); v != crossed {
		t.Errorf("Ben himself: verdict %d", v)
	}
}

func TestJudge(t *testing.T) {
	in := invitation{id: "X", from: wire.Person{Name: "Ben"}}
	for name, c := range map[string]struct {
		calls []role
		held  int
		want  verdict
		of    int
	}{
		"free":                              {nil, 0, rings, -1},
		"only calls that are over":          {[]role{{over: true, claim: claim{id: "X"}}}, 0, rings, -1},
		"in a call":                         {[]role{{}}, 0, oneMore, -1},
		"another one rings":                 {[]role{{incoming: true}}, 0, oneMore, -1},
		"rings already":                     {[]role{{incoming: true, claim: claim{id: "X"}}}, 0, again, 0},
		"dialling":                          {[]role{{undecided: true}}, 0, waits, -1},
		"dialling, and many wait":           {[]role{{undecided: true}}, maxHeld, oneMore, -1},
		"dialling beside a call":            {[]role{{}, {undecided: true}}, 0, oneMore, -1},
		"the one that won over ours":        {[]role{{undecided: true, claim: claim{glare: glare{waiting: true, call: "X"}}}}, 0, crossed, 0},
		"not the one that won over ours":    {[]role{{undecided: true, claim: claim{glare: glare{waiting: true, call: "Y"}}}}, 0, waits, -1},
		"any by the person that won":        {[]role{{undecided: true, claim: claim{name: "BEN", glare: glare{waiting: true}}}}, 0, crossed, 0},
		"any, but not by that person":       {[]role{{undecided: true, claim: claim{name: "ADA", glare: glare{waiting: true}}}}, 0, waits, -1},
		"the same, with another one before": {[]role{{incoming: true}, {undecided: true, claim: claim{glare: glare{waiting: true, call: "X"}}}}, 0, crossed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.calls {
				c.calls[i].claim.name = wire.NameKey(c.calls[i].claim.name)
			}
			if v, i := judge(c.calls, c.held, in); v != c.want || i != c.of {
				t.Errorf("verdict %d of call %d, want %d of %d", v, i, c.want, c.of)
			}
		})
	}
}
