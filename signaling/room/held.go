package room

import (
	"slices"
	"time"

	"parley/signaling/wire"
)

// Held is a session's part in a call: what another switchboard must be told to
// know the call, too.
type Held struct {
	Call     string        `json:"call"`
	Peer     wire.Person   `json:"peer"`
	Caller   bool          `json:"caller,omitempty"`
	Answered bool          `json:"answered,omitempty"` // false: it rings
	Media    wire.Media    `json:"media"`
	Age      time.Duration `json:"age"`
	// Trail is what waits for the other end to speak (standing.go).
	Trail []wire.Envelope `json:"trail,omitempty"`
}

// Held returns the calls of a session, by id.
func (c *Calls) Held(now time.Time, d Device) []Held {
	var hs []Held
	if p := c.people[d.Person.ID]; p != nil {
		for _, k := range sorted(p.calls) {
			h := Held{Call: k.id, Peer: k.callee.person.who, Caller: true, Answered: k.answered(), Media: k.media, Age: now.Sub(k.start)}
			if k.answered() {
				h.Age = now.Sub(k.taken)
			}
			switch {
			case k.caller.session == d.Session:
			case k.rings[d.Session] != nil, k.answered() && k.callee.session == d.Session:
				h.Peer, h.Caller = k.caller.person.who, false
			default:
				continue
			}
			hs = append(hs, h)
		}
	}
	for id, k := range c.claims {
		if k.from.Session == d.Session {
			hs = append(hs, Held{Call: id, Peer: wire.Person{Key: k.said.Peer}, Caller: k.said.Caller, Answered: true,
				Media: k.said.Media, Age: time.Duration(k.said.AgeMS) * time.Millisecond, Trail: k.trail})
		}
	}
	return hs
}

// Knows reports whether there is such a call.
func (c *Calls) Knows(call string) bool { return c.calls[call] != nil }

// Sessions returns the sessions that a call concerns, sorted.
func (c *Calls) Sessions(call string) []string {
	k := c.calls[call]
	if k == nil {
		return nil
	}
	ss := sortedKeys(k.rings)
	ss = append(ss, k.caller.session)
	if k.answered() {
		ss = append(ss, k.callee.session)
	}
	slices.Sort(ss)
	return ss
}
