package client

import (
	"cmp"
	"slices"
	"time"

	"parley/signaling/wire"
)

// roster is who can be seen, with the time each entry came. Pure.
type roster map[string]seen

type seen struct {
	wire.Presence
	at time.Time
}

// replace takes a snapshot.
func (r *roster) replace(people []wire.Presence, now time.Time) {
	*r = make(roster, len(people))
	r.merge(wire.PresenceList{People: people}, now)
}

// merge takes what changed; the last value wins.
func (r *roster) merge(l wire.PresenceList, now time.Time) {
	if *r == nil {
		*r = roster{}
	}
	for _, p := range l.People {
		(*r)[p.Person.ID] = seen{p, now}
	}
	for _, id := range l.Gone {
		delete(*r, id)
	}
}

// list is everybody but me, by name.
func (r roster) list(me string, now time.Time) []wire.Presence {
	out := make([]wire.Presence, 0, len(r))
	for id, s := range r {
		if id == me {
			continue
		}
		if s.State == wire.Offline && s.SeenMS > 0 {
			s.SeenMS += now.Sub(s.at).Milliseconds()
		}
		out = append(out, s.Presence)
	}
	slices.SortFunc(out, func(a, b wire.Presence) int {
		return cmp.Or(cmp.Compare(wire.NameKey(a.Person.Name), wire.NameKey(b.Person.Name)), cmp.Compare(a.Person.ID, b.Person.ID))
	})
	return out
}

// People returns who can be seen, without the person themselves, by name. It
// stays as it was last known while the connection is away.
func (c *Client) People() []wire.Presence {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.people.list(c.state.Me.ID, time.Now())
}

// Watch says whose presence is wanted, now and after every sign-in. Without it
// that is everybody where the service has a directory, and the contacts
// elsewhere.
func (c *Client) Watch(w wire.Watch) error {
	if err := w.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch, c.watched = w, true
	if c.state.Phase == Online {
		c.lookLocked()
	}
	return nil
}

// Look asks anew who is there, where that depends on the contacts: they have
// changed.
func (c *Client) Look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Phase == Online && !c.watched && !c.state.Directory {
		c.lookLocked()
	}
}

// lookLocked asks for a snapshot of presence, which also has changes sent from
// then on.
func (c *Client) lookLocked() { c.lookTimesLocked(2) }

// lookTimesLocked is lookLocked; so many times at most, where the answers do
// not fit together.
func (c *Client) lookTimesLocked(n int) {
	kind, body := wire.KindWatch, any(wire.Watch{Everyone: true})
	switch {
	case c.watched:
		body = c.watch
	case !c.state.Directory:
		kind, body = wire.KindContacts, nil
	}
	delete(c.pending, c.looking) // an older answer would not know what was missed since
	c.sess.out.withdraw(c.looking)
	e, err := wire.New(kind, body)
	if err == nil {
		c.looking, err = c.askLocked(e, &request{then: func(r reply) { c.lookedLocked(r, n) }})
	}
	if err != nil {
		c.log.Warn("presence cannot be asked for", "err", err)
	}
}

// lookedLocked takes the snapshot.
func (c *Client) lookedLocked(r reply, n int) {
	if r.err == nil {
		var l wire.PresenceList // contacts' reply has the same field
		if l, r.err = wire.Body[wire.PresenceList](r.env); r.err == nil {
			c.people.replace(l.People, time.Now())
			c.wakeLocked()
			if !c.watched && !c.state.Directory {
				c.watchContactsLocked(l.People, n)
			}
			return
		}
	}
	c.log.Warn("presence is not known", "err", r.err)
}

// watchContactsLocked has the service tell what changes among the contacts: its
// list is how they were when it was asked. Of n looks this is one.
func (c *Client) watchContactsLocked(people []wire.Presence, n int) {
	var w wire.Watch
	for _, p := range people {
		w.Names = append(w.Names, p.Person.Name)
	}
	if len(w.Names) == 0 {
		return
	}
	e, err := wire.New(wire.KindWatch, w)
	if err == nil {
		c.looking, err = c.askLocked(e, &request{then: func(r reply) {
			if r.err != nil {
				return
			}
			c.presenceLocked(time.Now(), r.env) // changes since
			if l, err := wire.Body[wire.PresenceList](r.env); err == nil && len(l.People) < len(people) && n > 1 {
				c.lookTimesLocked(n - 1) // somebody was deleted, or renamed, in between
			}
		}})
	}
	if err != nil {
		c.log.Warn("presence cannot be asked for", "err", err)
	}
}

func (c *Client) presenceLocked(now time.Time, e wire.Envelope) {
	l, err := wire.Body[wire.PresenceList](e)
	if err != nil {
		c.log.Warn("presence cannot be read", "err", err)
		return
	}
	c.people.merge(l, now)
	c.wakeLocked()
}
