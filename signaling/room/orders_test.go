package room

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/signaling/wire"
)

// client is what a program knows of its calls. It learns of what others do only
// when it takes a message from its inbox, so anything can cross anything.
type client struct {
	session string
	linked  bool
	inbox   []wire.Envelope
	calls   map[string]string // "calling", "rung", "in"
	over    map[string]bool   // calls that the service said are over
}

type world struct {
	*stage
	rnd     *rand.Rand
	clients map[string]*client
	next    int
	log     map[string][]Log
	trace   []string
}

func (w *world) say(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%v ", w.now.Sub(time.Unix(1000, 0)))+fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace, "\n"))
}

func (w *world) carry(ds []Decision) {
	for _, d := range ds {
		switch d := d.(type) {
		case Deliver:
			if c := w.clients[d.Session]; c != nil {
				w.say("  %s<%s %s", d.Session, d.Env.Kind, d.Env.Call)
				c.inbox = append(c.inbox, d.Env)
			}
		case Log:
			w.log[d.Entry.Call] = append(w.log[d.Entry.Call], d)
		}
	}
}

// take lets a client read one message.
func (w *world) take(c *client) {
	e := c.inbox[0]
	c.inbox = c.inbox[1:]
	w.say("%s takes %s %s", c.session, e.Kind, e.Call)
	if c.over[e.Call] {
		w.fail("%s gets %s of %s, which it was told is over", c.session, e.Kind, e.Call)
	}
	switch e.Kind {
	case wire.KindInvite:
		c.calls[e.Call] = "rung"
	case wire.KindAnswer:
		if c.calls[e.Call] == "calling" {
			c.calls[e.Call] = "in"
		}
	case wire.KindReject, wire.KindCancel, wire.KindHangup, wire.KindTaken:
		delete(c.calls, e.Call)
		c.over[e.Call] = true
	}
}

func (w *world) connect(person string) {
	w.next++
	c := &client{session: fmt.Sprint(person, w.next), linked: true, calls: map[string]string{}, over: map[string]bool{}}
	w.clients[c.session] = c
	w.say("%s connects", c.session)
	w.carry(w.c.Connect(w.now, dev(c.session)))
}

func (w *world) invite(c *client, callee string) {
	w.next++
	call := fmt.Sprint("c", w.next)
	w.say("%s invites %s: %s", c.session, callee, call)
	e, _ := wire.New(wire.KindInvite, wire.Invite{To: callee, Offer: wire.Description{Type: "offer", SDP: "x"}})
	_, ds, werr := w.c.Invite(w.now, dev(c.session), call, wire.Person{ID: "id-" + callee, Name: callee}, e)
	if werr == nil {
		c.calls[call] = "calling"
	}
	w.carry(ds)
	if werr != nil && werr.Code == wire.CodeGlare {
		for len(c.inbox) > 0 { // the invitation was stored before the error
			w.take(c)
		}
		if c.calls[werr.Call] == "" && !c.over[werr.Call] {
			w.fail("%s is to answer %s and does not know it", c.session, werr.Call)
		}
		w.tell(c, wire.KindAnswer, werr.Call, yes)
	}
}

// tell sends a call message and does what a program does with the reply.
func (w *world) tell(c *client, kind wire.Kind, call string, body any) {
	w.say("%s says %s %s", c.session, kind, call)
	e, _ := wire.New(kind, body)
	e.Call = call
	ds, werr := w.c.Handle(w.now, dev(c.session), e)
	switch {
	case werr != nil:
		w.say("  refused: %s", werr.Code)
		if werr.Code == wire.CodeNoCall || werr.Code == wire.CodeNotYours {
			delete(c.calls, call)
		}
	case kind == wire.KindAnswer:
		c.calls[call] = "in"
	case kind == wire.KindCancel, kind == wire.KindHangup, kind == wire.KindReject:
		delete(c.calls, call)
	}
	w.carry(ds)
}

// step does something at random.
func (w *world) step() {
	names := slices.Sorted(maps.Keys(w.clients))
	c := w.clients[names[w.rnd.IntN(len(names))]]
	if !c.linked {
		switch w.rnd.IntN(4) {
		case 0:
			w.say("%s resumes", c.session)
			c.linked = true
			w.carry(w.c.Connect(w.now, dev(c.session)))
		case 1:
			w.say("%s expires", c.session)
			delete(w.clients, c.session)
			w.carry(w.c.Leave(w.now, dev(c.session), false))
			w.connect(dev(c.session).Person.Name)
		default:
			w.advance(time.Duration(w.rnd.IntN(20)) * time.Second)
		}
		return
	}
	call := ""
	if known := slices.Sorted(maps.Keys(c.calls)); len(known) > 0 {
		call = known[w.rnd.IntN(len(known))]
	}
	switch n := w.rnd.IntN(20); {
	case n < 8 && len(c.inbox) > 0:
		w.take(c)
	case n < 12 && call != "" && c.calls[call] == "rung":
		if w.rnd.IntN(2) == 0 {
			w.tell(c, wire.KindRinging, call, nil)
		}
		switch w.rnd.IntN(6) {
		case 0:
			w.tell(c, wire.KindReject, call, wire.Reject{Reason: wire.RejectFailed})
		case 1:
			w.tell(c, wire.KindReject, call, wire.Reject{Reason: wire.RejectDeclined})
		default:
			w.tell(c, wire.KindAnswer, call, yes)
		}
	case n < 12 && call != "":
		w.tell(c, wire.KindCandidates, call, wire.Candidates{Candidates: []wire.Candidate{{Candidate: "x"}}})
		if w.rnd.IntN(2) == 0 {
			w.tell(c, []wire.Kind{wire.KindCancel, wire.KindHangup}[w.rnd.IntN(2)], call, bye)
		}
	case n < 16:
		people := []string{"ada", "bob", "cy"}
		if callee := people[w.rnd.IntN(3)]; callee != dev(c.session).Person.Name {
			w.invite(c, callee)
		}
	case n == 16:
		w.say("%s loses its link", c.session)
		c.linked = false
		w.carry(w.c.Disconnect(w.now, dev(c.session)))
	case n == 17:
		w.say("%s leaves", c.session)
		delete(w.clients, c.session)
		w.carry(w.c.Leave(w.now, dev(c.session), true))
		w.connect(dev(c.session).Person.Name)
	default:
		w.advance(time.Duration(w.rnd.IntN(15)) * time.Second)
	}
}

func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for {
		at, ok := w.c.Next()
		if !ok || at.After(end) {
			break
		}
		if at.After(w.now) {
			w.now = at
		}
		w.carry(w.c.Tick(w.now))
	}
	w.now = end
}

// settle lets everybody read everything.
func (w *world) settle() {
	for _, name := range slices.Sorted(maps.Keys(w.clients)) {
		c := w.clients[name]
		if !c.linked {
			c.linked = true
			w.say("%s resumes", c.session)
			w.carry(w.c.Connect(w.now, dev(c.session)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(w.clients)) {
		for c := w.clients[name]; len(c.inbox) > 0; {
			w.take(c)
		}
	}
}

// agree checks that every program and the service think the same of each call.
func (w *world) agree() {
	w.t.Helper()
	want := map[string]string{}
	for id, k := range w.c.calls {
		state := "calling"
		if k.answered() {
			state = "in"
			want[k.callee.session+" "+id] = "in"
		}
		want[k.caller.session+" "+id] = state
		for s := range k.rings {
			want[s+" "+id] = "rung"
		}
	}
	have := map[string]string{}
	for _, c := range w.clients {
		for id, state := range c.calls {
			have[c.session+" "+id] = state
		}
	}
	for key := range want {
		if w.clients[strings.Fields(key)[0]] == nil {
			delete(want, key) // the session is no more, and its call waits for it
		}
	}
	if !maps.Equal(want, have) {
		w.fail("the service thinks %v\nthe programs think %v", want, have)
	}
}

// outcomes checks that each call that is over is in two logs that fit.
func (w *world) outcomes() {
	for id, ls := range w.log {
		if len(ls) != 2 || ls[0].Owner == ls[1].Owner || ls[0].Entry.Outgoing == ls[1].Entry.Outgoing {
			w.fail("call %s is logged as %+v", id, ls)
		}
		out, in := ls[0].Entry.Outcome, ls[1].Entry.Outcome
		if (out == wire.Answered) != (in == wire.Answered) || (out == wire.Declined) != (in == wire.Declined) || in == wire.WasBusy {
			w.fail("call %s is %s for the caller and %s for the callee", id, out, in)
		}
	}
}

// Invite, glare, cancel, answer, timeout, lost links and lost sessions in any
// order: in the end everybody agrees, nothing rings for ever, and each call is
// logged once on each side.
func TestAnyOrderEndsInAgreement(t *testing.T) {
	orders := 10_000
	if testing.Short() {
		orders = 500
	}
	seen := map[wire.Outcome]int{}
	for seed := range orders {
		w := &world{stage: newStage(t), rnd: rand.New(rand.NewPCG(uint64(seed), 0)), clients: map[string]*client{}, log: map[string][]Log{}}
		w.say("seed %d", seed)
		for _, p := range []string{"ada", "ada", "bob", "bob", "cy"} {
			w.connect(p)
		}
		for range 40 {
			w.step()
		}
		w.settle()
		w.agree()
		w.advance(Default().RingFor)
		w.settle()
		w.agree()
		if ringing, _ := w.c.Live(); ringing != 0 {
			w.fail("%d calls ring for ever", ringing)
		}
		for _, name := range slices.Sorted(maps.Keys(w.clients)) {
			c := w.clients[name]
			for _, id := range slices.Sorted(maps.Keys(c.calls)) {
				w.tell(c, wire.KindHangup, id, bye)
			}
			for len(c.inbox) > 0 {
				w.take(c)
			}
		}
		w.advance(Default().CallGrace)
		w.settle()
		w.agree()
		if len(w.c.calls) != 0 {
			w.fail("%d calls are left", len(w.c.calls))
		}
		for _, p := range w.c.people {
			if p.state != wire.Available {
				w.fail("%s is %s after all calls", p.who.Name, p.state)
			}
		}
		w.outcomes()
		for _, ls := range w.log {
			seen[ls[0].Entry.Outcome]++
		}
	}
	for _, o := range []wire.Outcome{wire.Answered, wire.Missed, wire.Declined, wire.Cancelled, wire.WasBusy, wire.Unreached} {
		if seen[o] < orders/100 {
			t.Errorf("of %v calls only %d ended %s: the orders are not random enough", seen, seen[o], o)
		}
	}
}
