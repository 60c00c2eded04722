package call

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parley/signaling/room"
	"parley/signaling/wire"
)

// world is two people, the real service's state machine, and everything that
// is under way between them, which happens in any order that is possible: the
// queues keep theirs, nothing else does.
type world struct {
	rng     *rand.Rand
	now     time.Time
	service *room.Calls
	people  [2]*party
	log     []string
}

// party is one person's program: the phone's decisions and the calls, without
// a network.
type party struct {
	w       *world
	device  room.Device
	calls   []*simCall
	held    []invitation
	toWorld []wire.Envelope // to the service, in order
	in      []wire.Envelope // from the service, in order
}

// simCall is one session.
type simCall struct {
	p       *party
	m       *machine
	ops     []func() // the connection's, in order
	asked   bool     // an invitation is on its way
	made    bool     // there is a connection
	stopped bool
}

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 2)), now: t0, service: room.New(room.Default())}
	for i, name := range []string{"Ada", "Ben"} {
		w.people[i] = &party{w: w, device: room.Device{
			Person: wire.Person{ID: fmt.Sprint("p", i), Name: name}, Session: fmt.Sprint("s", i),
		}}
		w.carryOut(w.service.Connect(w.now, w.people[i].device))
	}
	return w
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) carryOut(list []room.Decision) {
	for _, d := range list {
		if d, ok := d.(room.Deliver); ok {
			for _, p := range w.people {
				if p.device.Session == d.Session {
					p.in = append(p.in, d.Env)
				}
			}
		}
	}
}

func (p *party) other() *party { return p.w.people[1-p.index()] }

func (p *party) index() int {
	if p == p.w.people[0] {
		return 0
	}
	return 1
}

func (p *party) dial() {
	for _, c := range p.calls {
		if !c.m.st.Phase.over() && c.m.st.Phase != Incoming {
			return // Dial says ErrInCall
		}
	}
	m, acts := newOutgoing(p.w.now, fmt.Sprintf("%s%d", p.device.Person.Name, len(p.calls)), p.other().device.Person.Name, "", true, true)
	p.begin(m, acts)
}

func (p Phase) over() bool { return p == Ended }

func (p *party) begin(m *machine, acts []action) *simCall {
	c := &simCall{p: p, m: m}
	p.calls = append(p.calls, c)
	c.do(acts)
	return c
}

func (c *simCall) feed(ev event) {
	before := c.m.st.Phase
	acts := c.m.handle(c.p.w.now, ev)
	c.p.w.note("%s %s: %T in %d -> %d, %d actions", c.p.device.Person.Name, c.m.st.ID, ev, before, c.m.st.Phase, len(acts))
	c.do(acts)
	c.p.reconsider()
}

// reconsider is Phone.tidy: held invitations are decided once more.
func (p *party) reconsider() {
	held := p.held
	p.held = nil
	for _, in := range held {
		p.invited(in)
	}
}

func (p *party) invited(in invitation) {
	roles := make([]role, len(p.calls))
	for i, c := range p.calls {
		roles[i] = roleOf(c.m)
	}
	switch v, i := judge(roles, len(p.held), in); v {
	case again, crossed:
		p.calls[i].feed(evInvite{in})
	case waits:
		p.held = append(p.held, in)
	case rings:
		m, acts := newIncoming(p.w.now, in, true)
		p.begin(m, acts)
	case oneMore:
		p.send(wire.KindReject, in.id, wire.Reject{Reason: wire.RejectBusy})
	}
}

func (p *party) send(kind wire.Kind, id string, body any) {
	e, err := wire.New(kind, body)
	if err != nil {
		panic(err)
	}
	e.Call = id
	p.toWorld = append(p.toWorld, e)
}

func (c *simCall) do(acts []action) {
	desc := func(kind string) wire.Description { return wire.Description{Type: kind, SDP: "v=0"} }
	for _, a := range acts {
		id := c.m.st.ID
		switch a := a.(type) {
		case doOffer:
			c.ops = append(c.ops, func() { c.made = true; c.feed(evOffer{offer: desc("offer")}) })
		case doPrepare:
			c.ops = append(c.ops, func() { c.made = true; c.feed(evPrepared{answer: desc("answer")}) })
		case doInvite:
			c.asked = true
			c.p.send(wire.KindInvite, id, wire.Invite{To: c.p.other().device.Person.Name, Offer: desc("offer"), Media: wire.Media{Audio: true}})
		case doRinging:
			c.p.send(wire.KindRinging, id, nil)
		case doAnswer:
			c.p.send(wire.KindAnswer, id, wire.Answer{Answer: desc("answer"), Media: wire.Media{Audio: true}})
		case doReject:
			c.p.send(wire.KindReject, id, a.reject)
		case doCancel:
			c.p.send(wire.KindCancel, id, a.reason)
		case doHangup:
			c.p.send(wire.KindHangup, id, a.reason)
		case doDrop:
			c.ops = append(c.ops, func() { c.made = false })
		case doStop:
			c.ops, c.stopped = nil, true
		}
	}
}

// choices are all things that can happen next, people's wishes among them if
// they may still have any.
func (w *world) choices(wishes bool) (list []func()) {
	for _, p := range w.people {
		if len(p.toWorld) > 0 {
			list = append(list, func() { w.serve(p) })
		}
		if len(p.in) > 0 {
			list = append(list, func() { p.receive() })
		}
		if wishes {
			list = append(list, p.dial)
		}
		for _, c := range p.calls {
			if len(c.ops) > 0 {
				list = append(list, func() { f := c.ops[0]; c.ops = c.ops[1:]; f() })
			}
			if c.m.st.Phase.over() {
				continue
			}
			if wishes {
				list = append(list, func() { c.feed(evHangup{}) })
				if c.m.st.Phase == Incoming {
					list = append(list, func() { c.feed(evAccept{true}) }, func() { c.feed(evAccept{true}) },
						func() { c.feed(evDecline{wire.RejectDeclined, ""}) })
				}
			}
			if o := c.opposite(); o != nil && c.m.st.Phase.Live() && c.made {
				switch {
				case o.stopped:
					list = append(list, func() { c.feed(evConn{conn: connClosed}) })
				case o.m.st.Phase.Live() && o.made && c.m.conn != connUp:
					list = append(list, func() { c.feed(evConn{conn: connUp}) })
				case wishes && c.m.conn == connUp:
					list = append(list, func() { c.feed(evConn{conn: connLost}) })
				}
			}
		}
	}
	return list
}

// opposite is the other end of a call.
func (c *simCall) opposite() *simCall {
	for _, o := range c.p.other().calls {
		if o.m.st.ID == c.m.st.ID {
			return o
		}
	}
	return nil
}

// serve lets the service take one message.
func (w *world) serve(p *party) {
	e := p.toWorld[0]
	p.toWorld = p.toWorld[1:]
	if e.Kind != wire.KindInvite {
		list, _ := w.service.Handle(w.now, p.device, e)
		w.carryOut(list)
		return
	}
	reply, list, werr := w.service.Invite(w.now, p.device, e.Call, p.other().device.Person, e)
	w.carryOut(list)
	for _, c := range p.calls {
		if c.m.st.ID == e.Call && c.asked {
			c.asked = false
			// The reply travels apart from the messages.
			switch {
			case werr != nil:
				c.ops = append(c.ops, func() { c.feed(evRefused{werr}) })
			default:
				c.ops = append(c.ops, func() { c.feed(evInvited{reply.Person}) })
			}
		}
	}
}

// receive takes one message of the service, as Phone.incoming does.
func (p *party) receive() {
	e := p.in[0]
	p.in = p.in[1:]
	if e.Kind == wire.KindInvite {
		inv, err := wire.Body[wire.Invite](e)
		if err != nil {
			panic(err)
		}
		p.invited(invitation{id: e.Call, from: *e.From, offer: inv.Offer, ttl: time.Duration(e.TTLms) * time.Millisecond})
		return
	}
	for _, c := range p.calls {
		if c.m.st.ID != e.Call {
			continue
		}
		switch e.Kind {
		case wire.KindRinging:
			c.feed(evRinging{})
		case wire.KindAnswer:
			c.feed(evAnswer{must[wire.Answer](e)})
		case wire.KindReject:
			c.feed(evReject{must[wire.Reject](e)})
		case wire.KindCancel, wire.KindHangup:
			c.feed(evEnd{must[wire.Reason](e)})
		case wire.KindTaken:
			c.feed(evTaken{})
		}
		return
	}
	for i, in := range p.held {
		if in.id == e.Call && (e.Kind == wire.KindCancel || e.Kind == wire.KindHangup || e.Kind == wire.KindTaken) {
			p.held = append(p.held[:i:i], p.held[i+1:]...)
			return
		}
	}
	if e.Kind == wire.KindAnswer {
		p.send(wire.KindHangup, e.Call, wire.Reason{Reason: wire.EndHangup})
	}
}

func must[T any](e wire.Envelope) T {
	v, err := wire.Body[T](e)
	if err != nil {
		panic(err)
	}
	return v
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.carryOut(w.service.Tick(w.now))
	for _, p := range w.people {
		for _, c := range p.calls {
			c.feed(evTick{})
		}
	}
}

// settle lets everything happen that is under way.
func (w *world) settle() error {
	for range 2000 {
		list := w.choices(false)
		if len(list) == 0 {
			return nil
		}
		list[w.rng.IntN(len(list))]()
	}
	return errors.New("it never comes to rest")
}

// run is one story of so many steps.
func (w *world) run(steps int) error {
	for range steps {
		list := w.choices(true)
		if n := w.rng.IntN(len(list) + 1); n < len(list) {
			list[n]()
		} else {
			w.pass(time.Duration(w.rng.IntN(8000)) * time.Millisecond)
		}
	}
	if err := w.settle(); err != nil {
		return err
	}
	// Whoever is connected now hangs up; everything else must end by itself.
	for range 10 {
		for _, p := range w.people {
			for _, c := range p.calls {
				if c.m.st.Phase == Connected {
					c.feed(evHangup{})
				}
			}
		}
		if err := w.settle(); err != nil {
			return err
		}
		w.pass(20 * time.Second)
	}
	return w.check()
}

// check looks whether both sides, and the service, agree.
func (w *world) check() error {
	if ringing, answered := w.service.Live(); ringing+answered > 0 {
		return fmt.Errorf("the service has %d calls ringing and %d answered", ringing, answered)
	}
	for _, p := range w.people {
		if len(p.held) > 0 {
			return fmt.Errorf("%s: an invitation is still held", p.device.Person.Name)
		}
		for _, c := range p.calls {
			if !c.m.st.Phase.over() || !c.stopped {
				return fmt.Errorf("%s %s is in phase %d", p.device.Person.Name, c.m.st.ID, c.m.st.Phase)
			}
			if o := c.opposite(); o != nil && !agree(c.m.st, o.m.st) {
				return fmt.Errorf("call %s: %s says %q, the other %q", c.m.st.ID, p.device.Person.Name, c.m.st.End.Reason, o.m.st.End.Reason)
			}
		}
	}
	return nil
}

// agree says whether the two accounts of one call can both be true.
func agree(a, b State) bool {
	x, y := a.End.Reason, b.End.Reason
	pair := func(p, q EndReason) bool { return x == p && y == q || x == q && y == p }
	wasUp := !a.ConnectedAt.IsZero() || !b.ConnectedAt.IsZero()
	switch {
	case x == EndInternal || y == EndInternal || x == EndIncompatible || y == EndIncompatible:
		return false
	case a.Outgoing && x == EndNoService, b.Outgoing && y == EndNoService:
		return true // the service took longer to reply than a caller waits
	case pair(EndedByMe, EndedByOther), x == y && x == EndedByMe, // both at once
		pair(EndedByMe, EndCancelled) && !wasUp,
		pair(EndDeclined, EndDeclined), pair(EndDeclined, EndedByMe), // declined and cancelled at once
		pair(EndNoAnswer, EndMissed), pair(EndMissed, EndedByMe), pair(EndDeclined, EndNoAnswer),
		pair(EndBusy, EndBusy),
		pair(EndLost, EndLost), pair(EndLost, EndedByMe), pair(EndLost, EndedByOther),
		pair(EndNoRoute, EndNoRoute), pair(EndNoRoute, EndedByMe), pair(EndNoRoute, EndedByOther),
		pair(EndNoRoute, EndLost),
		x == y && x == EndedByOther: // the service ended it for both
		return true
	}
	return false
}

func TestBothSidesAgreeInAnyOrder(t *testing.T) {
	stories := 4000
	if testing.Short() {
		stories = 500
	}
	for seed := range uint64(stories) {
		w := newWorld(seed)
		if err := w.run(10 + int(seed%60)); err != nil {
			for _, l := range w.log {
				t.Log(l)
			}
			t.Fatalf("story %d: %v", seed, err)
		}
	}
}

func FuzzOrder(f *testing.F) {
	f.Add(uint64(1), uint8(20))
	f.Add(uint64(77), uint8(200))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		if err := newWorld(seed).run(int(steps)); err != nil {
			t.Fatal(err)
		}
	})
}
