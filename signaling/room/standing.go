package room

import (
	"bytes"
	"time"

	"parley/signaling/wire"
)

// claim is what one end says of a call that the switchboard does not know. It
// waits for the other end to say the same: a call that only one side tells of
// is none.
type claim struct {
	from  Device
	said  wire.Standing
	until time.Time
	trail []wire.Envelope // what the end sent about the call since
	size  int             // bytes of it
}

// Bounds of what waits: some restarts' descriptions and candidates.
const (
	maxTrail      = 64 // messages
	maxTrailBytes = 2 * wire.MaxMessage
)

// standing: an answered call stands, whether or not it is known here.
func (c *Calls) standing(now time.Time, k *call, from Device, env wire.Envelope) error {
	said, err := wire.Body[wire.Standing](env)
	if err != nil {
		return err
	}
	if k != nil {
		if !k.party(from.Session) && !k.adopt(from) {
			return notYours()
		}
		return nil
	}
	me := claim{from: from, said: said, until: now.Add(c.cfg.CallGrace)}
	other := c.claims[env.Call]
	switch {
	case other != nil && other.from.Person.ID != from.Person.ID:
		if !other.names(me) || !me.names(*other) || me.said.Caller == other.said.Caller {
			return notYours()
		}
		delete(c.claims, env.Call)
		c.revive(now, env.Call, *other, me)
		return nil
	case other == nil && c.claimed(from) >= c.cfg.MaxCalls:
		return wire.Errorf(wire.CodeTooMany, "You have too many calls at once. End one of them first.")
	}
	c.claims[env.Call] = &me
	c.at(me.until, env.Call, "")
	return nil
}

func (k claim) names(other claim) bool { return bytes.Equal(k.said.Peer, other.from.Person.Key) }

// claimed counts what a person claims.
func (c *Calls) claimed(d Device) int {
	n := 0
	for _, k := range c.claims {
		if k.from.Person.ID == d.Person.ID {
			n++
		}
	}
	return n
}

// revive makes a call of what both ends have said, and brings the second what
// the first sent in the meantime.
func (c *Calls) revive(now time.Time, id string, first, second claim) {
	caller, callee := first, second
	if second.said.Caller {
		caller, callee = second, first
	}
	age := time.Duration(max(first.said.AgeMS, second.said.AgeMS)) * time.Millisecond
	k := &call{
		id: id, start: now.Add(-age), taken: now.Add(-age), media: caller.said.Media,
		caller: c.endOf(now, caller.from), callee: c.endOf(now, callee.from),
	}
	c.calls[id] = k
	k.caller.person.calls[id], k.callee.person.calls[id] = k, k
	c.stand++
	own, _ := k.ends(first.from.Session)
	for _, env := range first.trail {
		c.relay(k, second.from.Session, own, env)
	}
	for _, p := range []*party{&k.caller, &k.callee} {
		if !p.gone.IsZero() {
			c.at(p.gone.Add(c.cfg.CallGrace), id, "")
		}
		c.publish(now, p.person)
	}
}

// endOf is an end of a revived call, whose session may have gone since.
func (c *Calls) endOf(now time.Time, d Device) party {
	p := party{person: c.person(d.Person), session: d.Session}
	if dev := p.person.devices[d.Session]; dev == nil || !dev.linked {
		p.gone = now
	}
	return p
}

// unknown takes a message about a call that is not known: nil if it waits for
// the call to be.
func (c *Calls) unknown(from Device, env wire.Envelope) *wire.Error {
	k := c.claims[env.Call]
	if k != nil && k.from.Session == from.Session {
		switch env.Kind {
		case wire.KindHangup:
			delete(c.claims, env.Call)
			return nil
		case wire.KindNegotiate, wire.KindCandidates:
			if len(k.trail) >= maxTrail || k.size+len(env.Body) > maxTrailBytes {
				return wire.Errorf(wire.CodeTooMany, "Too much about a call of which the other side has not spoken.")
			}
			k.size += len(env.Body)
			k.trail = append(k.trail, wire.Envelope{Kind: env.Kind, Call: env.Call, Body: env.Body})
			return nil
		}
	}
	return wire.Errorf(wire.CodeNoCall, "This call is over.")
}
