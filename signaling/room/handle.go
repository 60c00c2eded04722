package room

import (
	"time"

	"parley/signaling/wire"
)

// Handle takes a call message other than invite from a session. A nil error
// means that what it asks for has been decided; the decisions hold either way.
func (c *Calls) Handle(now time.Time, from Device, env wire.Envelope) ([]Decision, *wire.Error) {
	c.out = nil
	k := c.calls[env.Call]
	var err error
	switch {
	case env.Kind == wire.KindStanding:
		err = c.standing(now, k, from, env)
		if err != nil {
			return c.out, wire.AsError(err)
		}
		return c.out, nil
	case k == nil:
		return nil, c.unknown(from, env)
	}
	switch env.Kind {
	case wire.KindRinging:
		err = c.ringing(now, k, from)
	case wire.KindAnswer:
		err = c.answer(now, k, from, env)
	case wire.KindReject:
		err = c.reject(now, k, from, env)
	case wire.KindCancel, wire.KindHangup:
		err = c.hangup(now, k, from, env)
	case wire.KindCandidates:
		err = c.candidates(k, from, env)
	case wire.KindNegotiate:
		err = c.negotiate(k, from, env)
	default:
		err = wire.Errorf(wire.CodeUnknownKind, "This service does not know what the client asks for.")
	}
	if err != nil {
		return c.out, wire.AsError(err)
	}
	return c.out, nil
}

func notYours() error {
	return wire.Errorf(wire.CodeNotYours, "This call is not on this device.")
}

// ringing: the device shows the call. The caller hears it once.
func (c *Calls) ringing(now time.Time, k *call, from Device) error {
	r := k.rings[from.Session]
	if r == nil || k.answered() {
		return notYours()
	}
	if r.told {
		return nil
	}
	r.told = true
	if !k.rung {
		k.rung = true
		c.relay(k, k.caller.session, &k.callee, wire.Envelope{Kind: wire.KindRinging})
		c.decide(Stage{Call: k.id, Step: StepRinging, After: now.Sub(k.start)})
	}
	return nil
}

// answer: the first device that answers has the call.
func (c *Calls) answer(now time.Time, k *call, from Device, env wire.Envelope) error {
	if _, err := wire.Body[wire.Answer](env); err != nil {
		return err
	}
	if k.answered() && k.callee.session == from.Session {
		return nil // said twice
	}
	if k.answered() || k.rings[from.Session] == nil {
		return notYours()
	}
	k.taken = now
	c.stand++
	k.callee.session = from.Session
	if d := k.callee.person.devices[from.Session]; d == nil || !d.linked {
		k.callee.gone = now
	}
	c.relay(k, k.caller.session, &k.callee, env)
	c.stopRings(k, from.Session, wire.KindTaken, wire.Taken{})
	k.rings, k.trail = nil, nil
	c.decide(Stage{Call: k.id, Step: StepAnswer, After: now.Sub(k.start)})
	c.publish(now, k.caller.person)
	c.publish(now, k.callee.person)
	return nil
}

// reject: no from one device is no from the person, unless only that device
// is unable.
func (c *Calls) reject(now time.Time, k *call, from Device, env wire.Envelope) error {
	r, err := wire.Body[wire.Reject](env)
	if err != nil {
		return err
	}
	if k.answered() {
		// The device that took the call could not go on with it.
		if own, _ := k.ends(from.Session); own == &k.callee {
			c.endBy(now, k, from.Session, wire.Reason{Reason: wire.EndError, Message: r.Message})
			return nil
		}
		return notYours()
	}
	if k.rings[from.Session] == nil {
		return notYours()
	}
	if r.Reason == wire.RejectFailed && len(k.rings) > 1 {
		delete(k.rings, from.Session)
		c.check(now, k)
		return nil
	}
	caller, callee := wire.Declined, wire.Declined
	switch r.Reason {
	case wire.RejectBusy:
		caller, callee = wire.WasBusy, wire.Missed
	case wire.RejectFailed:
		caller, callee = wire.Unreached, wire.Missed
	}
	c.relay(k, k.caller.session, &k.callee, env)
	c.stopRings(k, from.Session, wire.KindTaken, wire.Taken{Declined: true})
	c.finish(now, k, caller, callee)
	return nil
}

// hangup: cancel and hangup are one wish. Either may cross the message that
// makes it the other one.
func (c *Calls) hangup(now time.Time, k *call, from Device, env wire.Envelope) error {
	r, err := wire.Body[wire.Reason](env)
	if err != nil {
		return err
	}
	switch {
	case k.party(from.Session) || k.adopt(from):
		c.endBy(now, k, from.Session, r)
	case k.rings[from.Session] != nil && env.Kind == wire.KindHangup:
		no, err := wire.New(wire.KindReject, wire.Reject{Reason: wire.RejectDeclined, Message: r.Message})
		if err != nil {
			return err
		}
		return c.reject(now, k, from, no)
	default:
		return notYours()
	}
	return nil
}

// candidates: until the answer the caller's go to every device that rings,
// and are kept for devices to come.
func (c *Calls) candidates(k *call, from Device, env wire.Envelope) error {
	b, err := wire.Body[wire.Candidates](env)
	if err != nil {
		return err
	}
	if !k.party(from.Session) && !k.adopt(from) {
		return notYours()
	}
	own, other := k.ends(from.Session)
	side := 0
	if own == &k.callee {
		side = 1
	}
	if !k.counts[side].add(b.Generation, len(b.Candidates)) {
		return wire.Errorf(wire.CodeTooMany, "More than %d network addresses for one call.", wire.MaxCandidates)
	}
	if k.answered() {
		c.relay(k, other.session, own, env)
		return nil
	}
	if len(k.trail) < 2*wire.MaxCandidates {
		k.trail = append(k.trail, wire.Envelope{Kind: env.Kind, Call: k.id, Body: env.Body})
	}
	for _, s := range sortedKeys(k.rings) {
		c.relay(k, s, own, env)
	}
	return nil
}

// negotiate: descriptions within a call that stands.
func (c *Calls) negotiate(k *call, from Device, env wire.Envelope) error {
	if _, err := wire.Body[wire.Negotiate](env); err != nil {
		return err
	}
	if !k.party(from.Session) && !k.adopt(from) {
		return notYours()
	}
	if !k.answered() {
		return wire.Errorf(wire.CodeNoCall, "This call is not answered yet.")
	}
	own, other := k.ends(from.Session)
	c.relay(k, other.session, own, env)
	return nil
}

// relay passes on what one end sent, with the body as it was sent: fields that
// this service does not know reach the other end.
func (c *Calls) relay(k *call, session string, from *party, env wire.Envelope) {
	c.deliver(session, wire.Envelope{Kind: env.Kind, Call: k.id, From: k.from(from), Body: env.Body})
}
