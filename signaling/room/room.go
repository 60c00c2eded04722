// Package room decides how calls between two people go: who rings, who is
// told what, who is seen to be there. It is a pure state machine. Every method
// takes the time and what a session did, and returns decisions; it starts no
// goroutine, reads no clock and sends nothing. Standard library and wire only.
//
//	server ── Connect, Disconnect, Leave, Handle, Invite, SetBusy, Tick ──> Calls
//	server <── []Decision: Deliver, Log, Presence, Stage ──────────────────  Calls
//	server <── Next(): when Tick is due ─────────────────────────────────── Calls
//
// A call is ringing, answered or gone. While it rings it belongs to the
// caller's one session and to every session of the callee that has not
// declared itself unable (reject failed); a session that signs in meanwhile
// rings too. Once answered it belongs to two sessions, and what one sends the
// other gets.
//
// A session whose link is lost stays a device of its person for Away, because
// clients come back within seconds. A call that stands survives a lost session
// for CallGrace: the media goes from peer to peer and does not need the
// service. A person's next session takes such a call over by sending any
// message about it. A call from before the switchboard was made stands again
// when both ends say that it does (standing.go).
//
// Calls is not safe for concurrent use: its owner holds one lock over it, so
// that decisions leave in the order in which they were made.
package room

import (
	"time"

	"parley/signaling/wire"
)

// Config has the times and limits. The zero value is not usable; see Default.
type Config struct {
	RingFor   time.Duration // an invitation nobody takes ends after it
	Away      time.Duration // a session without a link counts as there for so long
	CallGrace time.Duration // an answered call outlives a lost session for so long
	MaxCalls  int           // calls of one person at a time, ringing ones included
}

// Default returns the times of the protocol.
func Default() Config {
	return Config{
		RingFor:   wire.RingFor,
		Away:      8 * time.Second,
		CallGrace: wire.ReplayForInCall,
		MaxCalls:  4,
	}
}

// Device is one signed-in session of a person.
type Device struct {
	Person  wire.Person
	Session string
}

// Decision is one of Deliver, Log, Presence and Stage.
type Decision interface{ decision() }

// Deliver hands a message to a session.
type Deliver struct {
	Session string
	Env     wire.Envelope
}

// Log is a line of a person's call log.
type Log struct {
	Owner string // person id
	Entry wire.LogEntry
}

// Presence says that a person is now seen to be in another state.
type Presence struct {
	Person wire.Person
	State  wire.PresenceState
}

// Step is a place in a call's course that is counted.
type Step string

// The steps. A call has one invite, at most one ringing and one answer, and
// one end.
const (
	StepInvite  Step = "invite"
	StepRinging Step = "ringing"
	StepAnswer  Step = "answer"
	StepEnd     Step = "end"
)

// Stage reports a step of a call, for metrics.
type Stage struct {
	Call    string
	Step    Step
	Outcome wire.Outcome  // of the caller, with StepEnd
	After   time.Duration // since the invitation
}

func (Deliver) decision()  {}
func (Log) decision()      {}
func (Presence) decision() {}
func (Stage) decision()    {}

// Calls holds every person who is there and every call that is not over.
type Calls struct {
	cfg    Config
	people map[string]*person // by person id
	calls  map[string]*call   // by call id
	claims map[string]*claim  // by call id; not of calls
	stand  int                // calls that are answered
	due    dueHeap

	out []Decision // of the method that runs
}

// New returns an empty switchboard.
func New(cfg Config) *Calls {
	return &Calls{cfg: cfg, people: map[string]*person{}, calls: map[string]*call{}, claims: map[string]*claim{}}
}

type person struct {
	who     wire.Person
	busy    bool // said so
	devices map[string]*device
	calls   map[string]*call
	state   wire.PresenceState // as last published
}

type device struct {
	session string
	linked  bool
	lost    time.Time // when the link went, if not linked
}

// Connect tells that a session signed in or took up its work again. What rings
// for its person is delivered to a new session; a resumed one has it already.
func (c *Calls) Connect(now time.Time, d Device) []Decision {
	c.out = nil
	p := c.person(d.Person)
	renamed := p.who.Name != d.Person.Name
	p.who = d.Person
	dev, known := p.devices[d.Session]
	if !known {
		dev = &device{session: d.Session}
		p.devices[d.Session] = dev
	}
	dev.linked = true
	for _, k := range sorted(p.calls) {
		if known {
			k.back(d.Session)
		} else {
			c.ringLate(now, k, p, d.Session)
		}
	}
	if renamed {
		p.state = "" // so that the new name is told whatever the state
	}
	c.publish(now, p)
	return c.out
}

// Disconnect tells that a session has no link and may come back.
func (c *Calls) Disconnect(now time.Time, d Device) []Decision {
	c.out = nil
	p := c.people[d.Person.ID]
	if p == nil || p.devices[d.Session] == nil || !p.devices[d.Session].linked {
		return nil
	}
	dev := p.devices[d.Session]
	dev.linked, dev.lost = false, now
	c.at(now.Add(c.cfg.Away), "", p.who.ID)
	for _, k := range sorted(p.calls) {
		k.lost(now, d.Session)
		c.at(now.Add(c.cfg.Away), k.id, "")
		c.at(now.Add(c.cfg.CallGrace), k.id, "")
	}
	return c.out
}

// Leave tells that a session is over. With bye the person left on purpose and
// the session's calls end; without, its time to come back ran out, and a call
// that stands goes on until CallGrace is over.
func (c *Calls) Leave(now time.Time, d Device, bye bool) []Decision {
	c.out = nil
	p := c.people[d.Person.ID]
	if p == nil || p.devices[d.Session] == nil {
		return nil
	}
	delete(p.devices, d.Session)
	for _, k := range sorted(p.calls) {
		k.lost(now, d.Session)
		delete(k.rings, d.Session)
		if bye && k.party(d.Session) {
			c.endBy(now, k, d.Session, wire.Reason{Reason: wire.EndHangup})
			continue
		}
		c.at(now.Add(c.cfg.CallGrace), k.id, "")
		c.check(now, k)
	}
	c.publish(now, p)
	return c.out
}

// Part ends the calls between two people because one of them, by, wants
// nothing of the other any more.
func (c *Calls) Part(now time.Time, by, other string) []Decision {
	c.out = nil
	p := c.people[by]
	if p == nil {
		return nil
	}
	for _, k := range sorted(p.calls) {
		switch {
		case k.caller.person.who.ID != other && k.callee.person.who.ID != other:
		case k.answered():
			c.end(now, k, wire.KindHangup, wire.Reason{Reason: wire.EndHangup}, "", wire.Answered, wire.Answered)
		case k.caller.person == p:
			c.end(now, k, wire.KindCancel, wire.Reason{Reason: wire.EndCancelled}, "", wire.Cancelled, wire.Missed)
		default:
			c.deliverBody(k, k.caller.session, &k.callee, wire.KindReject, wire.Reject{Reason: wire.RejectDeclined})
			c.stopRings(k, "", wire.KindTaken, wire.Taken{Declined: true})
			c.finish(now, k, wire.Declined, wire.Declined)
		}
	}
	return c.out
}

// Between reports whether two people have a call, ringing or answered.
func (c *Calls) Between(a, b string) bool {
	p := c.people[a]
	if p == nil {
		return false
	}
	for _, k := range p.calls {
		if k.caller.person.who.ID == b || k.callee.person.who.ID == b {
			return true
		}
	}
	return false
}

// Devices returns the sessions of a person, in order.
func (c *Calls) Devices(id string) []string {
	if p := c.people[id]; p != nil {
		return sortedKeys(p.devices)
	}
	return nil
}

// SetBusy tells that a person does not want to be called, or does again.
func (c *Calls) SetBusy(now time.Time, id string, busy bool) []Decision {
	c.out = nil
	if p := c.people[id]; p != nil {
		p.busy = busy
		c.publish(now, p)
	}
	return c.out
}

// Tick does what time alone brings about.
func (c *Calls) Tick(now time.Time) []Decision {
	c.out = nil
	for {
		d, ok := c.due.pop(now)
		if !ok {
			return c.out
		}
		if k := c.calls[d.call]; k != nil {
			c.check(now, k)
		}
		if k := c.claims[d.call]; k != nil && !now.Before(k.until) {
			delete(c.claims, d.call)
		}
		if p := c.people[d.person]; p != nil {
			c.publish(now, p)
		}
	}
}

// Next returns when Tick is due; false means that nothing waits.
func (c *Calls) Next() (time.Time, bool) { return c.due.next() }

// State returns what a person is seen to be.
func (c *Calls) State(id string) wire.PresenceState {
	if p := c.people[id]; p != nil {
		return p.state
	}
	return wire.Offline
}

// Here returns everyone who is not offline and no guest, in no order.
func (c *Calls) Here() []wire.Presence {
	here := make([]wire.Presence, 0, len(c.people))
	for _, p := range c.people {
		if p.state != wire.Offline && !p.who.Guest {
			here = append(here, wire.Presence{Person: p.who, State: p.state})
		}
	}
	return here
}

// InCall reports whether the session is a party of an answered call, and
// whether it rings or is rung (settingUp).
func (c *Calls) InCall(d Device) (inCall, settingUp bool) {
	p := c.people[d.Person.ID]
	if p == nil {
		return false, false
	}
	for _, k := range p.calls {
		switch _, rung := k.rings[d.Session]; {
		case k.answered() && k.party(d.Session):
			inCall = true
		case !k.answered() && (rung || k.caller.session == d.Session):
			settingUp = true
		}
	}
	return inCall, settingUp
}

// Live counts the calls that ring and those that stand.
func (c *Calls) Live() (ringing, answered int) { return len(c.calls) - c.stand, c.stand }

// person returns the entry of who, new if need be.
func (c *Calls) person(who wire.Person) *person {
	p := c.people[who.ID]
	if p == nil {
		p = &person{who: who, devices: map[string]*device{}, calls: map[string]*call{}, state: wire.Offline}
		c.people[who.ID] = p
	}
	return p
}

// there reports whether the session is linked, or lost its link only just now.
func (c *Calls) there(now time.Time, p *person, session string) bool {
	d := p.devices[session]
	return d != nil && (d.linked || now.Sub(d.lost) < c.cfg.Away)
}

// anyThere reports whether the person has a device that can ring.
func (c *Calls) anyThere(now time.Time, p *person) bool {
	for s := range p.devices {
		if c.there(now, p, s) {
			return true
		}
	}
	return false
}

// inCall reports whether the person has an answered call.
func (p *person) inCall() bool {
	for _, k := range p.calls {
		if k.answered() {
			return true
		}
	}
	return false
}

// publish decides a Presence if the person's state changed and it is no guest, and forgets people
// of whom nothing is left.
func (c *Calls) publish(now time.Time, p *person) {
	state := wire.Available
	switch {
	case p.inCall():
		state = wire.InCall
	case !c.anyThere(now, p):
		state = wire.Offline
	case p.busy:
		state = wire.Busy
	}
	if state != p.state {
		p.state = state
		if !p.who.Guest {
			c.decide(Presence{Person: p.who, State: state})
		}
	}
	if len(p.devices) == 0 && len(p.calls) == 0 {
		delete(c.people, p.who.ID)
	}
}

func (c *Calls) decide(d Decision) { c.out = append(c.out, d) }
