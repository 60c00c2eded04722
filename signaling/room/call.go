package room

import (
	"time"

	"parley/signaling/wire"
)

// call is one invitation and what became of it.
type call struct {
	id     string
	start  time.Time
	taken  time.Time // when answered; zero while it rings
	invite wire.Envelope
	media  wire.Media
	caller party
	callee party            // its session is empty while it rings
	rings  map[string]*ring // callee's sessions that may still answer
	rung   bool             // ringing was told to the caller
	unseen bool             // the callee's log does not have it
	trail  []wire.Envelope  // caller's candidates until the answer, for late devices
	counts [2]generations   // candidates by the caller, by the callee
}

// party is one end of a call.
type party struct {
	person  *person
	session string
	gone    time.Time // since when the session has no link; zero: it has one
}

type ring struct{ told bool }

func (k *call) answered() bool { return !k.taken.IsZero() }

// party reports whether the session is one of the call's ends.
func (k *call) party(session string) bool {
	return k.caller.session == session || k.answered() && k.callee.session == session
}

// ends returns the session's end and the other one; nil if it is no party.
func (k *call) ends(session string) (own, other *party) {
	switch {
	case k.caller.session == session:
		return &k.caller, &k.callee
	case k.answered() && k.callee.session == session:
		return &k.callee, &k.caller
	}
	return nil, nil
}

func (k *call) lost(now time.Time, session string) {
	if own, _ := k.ends(session); own != nil && own.gone.IsZero() {
		own.gone = now
	}
}

func (k *call) back(session string) {
	if own, _ := k.ends(session); own != nil {
		own.gone = time.Time{}
	}
}

// adopt gives a standing call to the session of a person whose session in it
// is gone, and reports whether the session is a party now.
func (k *call) adopt(d Device) bool {
	for _, e := range []*party{&k.caller, &k.callee} {
		if k.answered() && e.person.who.ID == d.Person.ID && !e.gone.IsZero() {
			e.session, e.gone = d.Session, time.Time{}
			return true
		}
	}
	return false
}

// generations counts candidates per ICE generation of one side.
type generations map[int]int

const keptGenerations = 8

// add counts n more candidates of a generation; false: over the limit, or of a
// generation long past.
func (g *generations) add(generation, n int) bool {
	if *g == nil {
		*g = generations{}
	}
	m := *g
	if _, known := m[generation]; !known && len(m) >= keptGenerations {
		oldest := generation
		for old := range m {
			oldest = min(oldest, old)
		}
		if oldest == generation {
			return false
		}
		delete(m, oldest)
	}
	if m[generation]+n > wire.MaxCandidates {
		return false
	}
	m[generation] += n
	return true
}

// Invite rings callee on every device. The error is what the caller is told;
// decisions may come with it. A busy person is not rung: the reply is as if
// they were, and reject{busy} follows it.
func (c *Calls) Invite(now time.Time, from Device, id string, callee wire.Person, env wire.Envelope) (*wire.Invited, []Decision, *wire.Error) {
	return c.invite(now, from, id, callee, env, false)
}

// Unseen is Invite to somebody who must not notice it, without the caller
// noticing that: everything is as if the callee were away, but that nothing is
// in their log.
func (c *Calls) Unseen(now time.Time, from Device, id string, callee wire.Person, env wire.Envelope) ([]Decision, *wire.Error) {
	_, ds, werr := c.invite(now, from, id, callee, env, true)
	return ds, werr
}

func (c *Calls) invite(now time.Time, from Device, id string, callee wire.Person, env wire.Envelope, unseen bool) (*wire.Invited, []Decision, *wire.Error) {
	c.out = nil
	inv, err := wire.Body[wire.Invite](env)
	if err != nil {
		return nil, nil, wire.AsError(err)
	}
	if callee.ID == from.Person.ID {
		return nil, nil, wire.Errorf(wire.CodeSelf, "You cannot call yourself.")
	}
	me := c.person(from.Person)
	if k := c.calls[id]; k != nil {
		if k.caller.session == from.Session && k.callee.person.who.ID == callee.ID {
			return &wire.Invited{Person: k.callee.person.who, Devices: len(k.rings)}, nil, nil
		}
		return nil, nil, wire.Errorf(wire.CodeMalformed, "The call id is already in use.")
	}
	for _, k := range sorted(me.calls) {
		if werr := c.beside(now, k, from, callee); werr != nil {
			return nil, c.out, werr
		}
	}
	if len(me.calls) >= c.cfg.MaxCalls {
		return nil, c.out, wire.Errorf(wire.CodeTooMany, "You have too many calls at once. End one of them first.")
	}

	them := c.people[callee.ID]
	k := &call{id: id, start: now, media: inv.Media, rings: map[string]*ring{},
		caller: party{person: me, session: from.Session}}
	k.invite = wire.Envelope{Kind: wire.KindInvite, Call: id, Stranger: env.Stranger, Body: env.Body}
	c.decide(Stage{Call: id, Step: StepInvite})
	if unseen || them == nil || !c.anyThere(now, them) {
		if them == nil {
			them = &person{who: callee}
		}
		k.callee.person, k.unseen = them, unseen
		c.log(now, k, wire.Unreached, wire.Missed)
		return nil, c.out, wire.Errorf(wire.CodeAway, "%s is not online.", callee.Name)
	}
	k.callee.person = them
	if them.busy || them.inCall() || len(them.calls) >= c.cfg.MaxCalls {
		c.deliverBody(k, from.Session, &k.callee, wire.KindReject, wire.Reject{Reason: wire.RejectBusy})
		c.log(now, k, wire.WasBusy, wire.Missed)
		return &wire.Invited{Person: them.who}, c.out, nil
	}

	c.calls[id] = k
	me.calls[id], them.calls[id] = k, k
	for _, d := range sorted(them.devices) {
		k.rings[d.session] = &ring{}
		c.deliver(d.session, c.invitation(now, k))
		if !d.linked {
			c.at(d.lost.Add(c.cfg.Away), id, "")
		}
	}
	c.at(now.Add(c.cfg.RingFor), id, "")
	return &wire.Invited{Person: them.who, Devices: len(k.rings)}, c.out, nil
}

// beside decides what an invitation means for another call of the caller.
func (c *Calls) beside(now time.Time, k *call, from Device, callee wire.Person) *wire.Error {
	own, other := &k.caller, &k.callee
	if k.callee.person.who.ID == from.Person.ID {
		own, other = other, own
	}
	switch {
	case other.person.who.ID != callee.ID:
		return nil // another person
	case k.answered() && !own.gone.IsZero():
		// The caller's device broke down in this call and starts again.
		c.end(now, k, wire.KindHangup, wire.Reason{Reason: wire.EndUnreachable}, "", wire.Answered, wire.Answered)
		return nil
	case k.answered():
		return wire.Errorf(wire.CodeTooMany, "You are already in a call with %s.", callee.Name)
	case own == &k.callee && k.rings[from.Session] == nil: // this device could not take it
		return wire.Errorf(wire.CodeTooMany, "%s is calling you on another device at this moment.", callee.Name)
	case own == &k.callee:
		e := wire.Errorf(wire.CodeGlare, "%s is calling you at this moment.", callee.Name)
		e.Call = k.id
		return e
	case own.session == from.Session || !c.there(now, own.person, own.session):
		c.end(now, k, wire.KindCancel, wire.Reason{Reason: wire.EndCancelled}, "", wire.Cancelled, wire.Missed)
		return nil
	}
	return wire.Errorf(wire.CodeTooMany, "You are already calling %s on another device.", callee.Name)
}

// invitation is the invite as the callee gets it, with the time that is left.
func (c *Calls) invitation(now time.Time, k *call) wire.Envelope {
	e := k.invite
	e.From = k.from(&k.caller)
	e.TTLms = max(1, k.start.Add(c.cfg.RingFor).Sub(now).Milliseconds())
	return e
}

// from copies who the person of an end is.
func (k *call) from(p *party) *wire.Person {
	who := p.person.who
	return &who
}

// ringLate rings a device that signs in while its person is being called.
func (c *Calls) ringLate(now time.Time, k *call, p *person, session string) {
	if k.answered() || k.callee.person != p {
		return
	}
	k.rings[session] = &ring{}
	c.deliver(session, c.invitation(now, k))
	for _, e := range k.trail {
		e.From = k.from(&k.caller)
		c.deliver(session, e)
	}
}

// check ends a call that time or the loss of a device has ended.
func (c *Calls) check(now time.Time, k *call) {
	if k.answered() {
		for _, e := range []*party{&k.caller, &k.callee} {
			if !e.gone.IsZero() && now.Sub(e.gone) >= c.cfg.CallGrace {
				c.end(now, k, wire.KindHangup, wire.Reason{Reason: wire.EndUnreachable}, "", wire.Answered, wire.Answered)
				return
			}
		}
		return
	}
	reachable := false
	for s := range k.rings {
		reachable = reachable || c.there(now, k.callee.person, s)
	}
	switch {
	case !c.there(now, k.caller.person, k.caller.session):
		c.end(now, k, wire.KindCancel, wire.Reason{Reason: wire.EndUnreachable}, "", wire.Cancelled, wire.Missed)
	case now.Sub(k.start) >= c.cfg.RingFor:
		c.end(now, k, wire.KindCancel, wire.Reason{Reason: wire.EndNoAnswer}, "", wire.Missed, wire.Missed)
	case !reachable:
		c.end(now, k, wire.KindCancel, wire.Reason{Reason: wire.EndUnreachable}, "", wire.Unreached, wire.Missed)
	}
}

// endBy ends a call because the session, one of its parties, wants it so.
func (c *Calls) endBy(now time.Time, k *call, session string, r wire.Reason) {
	if k.answered() {
		c.end(now, k, wire.KindHangup, r, session, wire.Answered, wire.Answered)
	} else {
		c.end(now, k, wire.KindCancel, r, session, wire.Cancelled, wire.Missed)
	}
}

// end tells every session of the call but one that it is over, and logs it.
func (c *Calls) end(now time.Time, k *call, kind wire.Kind, r wire.Reason, but string, caller, callee wire.Outcome) {
	if k.caller.session != but {
		c.deliverBody(k, k.caller.session, &k.callee, kind, r)
	}
	if k.answered() {
		if k.callee.session != but {
			c.deliverBody(k, k.callee.session, &k.caller, kind, r)
		}
	} else {
		c.stopRings(k, but, kind, r)
	}
	c.finish(now, k, caller, callee)
}

// stopRings tells the callee's devices, but one, that there is nothing to
// answer any more.
func (c *Calls) stopRings(k *call, but string, kind wire.Kind, body any) {
	for _, s := range sortedKeys(k.rings) {
		if s != but {
			c.deliverBody(k, s, &k.caller, kind, body)
		}
	}
}

// finish forgets a call and writes both logs.
func (c *Calls) finish(now time.Time, k *call, caller, callee wire.Outcome) {
	if k.answered() {
		c.stand--
	}
	delete(c.calls, k.id)
	delete(k.caller.person.calls, k.id)
	delete(k.callee.person.calls, k.id)
	c.log(now, k, caller, callee)
	c.publish(now, k.caller.person)
	c.publish(now, k.callee.person)
}

// log writes the call into both logs, unless a guest is in it, of whom nothing
// is kept, and reports its end.
func (c *Calls) log(now time.Time, k *call, caller, callee wire.Outcome) {
	c.decide(Stage{Call: k.id, Step: StepEnd, Outcome: caller, After: now.Sub(k.start)})
	if k.caller.person.who.Guest || k.callee.person.who.Guest {
		return
	}
	e := wire.LogEntry{Call: k.id, Video: k.media.Video, Unix: k.start.Unix()}
	if k.answered() {
		e.Seconds = int64(now.Sub(k.taken) / time.Second)
	}
	out, in := e, e
	out.Other, out.Outgoing, out.Outcome = k.callee.person.who, true, caller
	in.Other, in.Outcome = k.caller.person.who, callee
	c.decide(Log{Owner: k.caller.person.who.ID, Entry: out})
	if !k.unseen {
		c.decide(Log{Owner: k.callee.person.who.ID, Entry: in})
	}
}

func (c *Calls) deliver(session string, e wire.Envelope) {
	c.decide(Deliver{Session: session, Env: e})
}

// deliverBody sends what one end says, or what the service says for it.
func (c *Calls) deliverBody(k *call, session string, from *party, kind wire.Kind, body any) {
	e, err := wire.New(kind, body)
	if err != nil {
		panic(err) // a body of this package's own that cannot be written: a programming error
	}
	e.Call, e.From = k.id, k.from(from)
	c.deliver(session, e)
}
