// Package bus brings messages to sessions and presence to those who watch it,
// within one node. Between nodes it is bus/hop, over bus/nats, and the server
// (cluster.go) that say what goes to which node.
//
//	server (room's decisions) ── Deliver(session) ──> Inbox of that session
//	server (room's decisions) ── Publish(presence) ─> Watcher of each session that watches the person
//	session's writer <── Take() ── Watcher: the last value per person, never a queue
//
// Deliver never waits: an Inbox stores the message or refuses it. Publish never
// waits either: a watcher that does not take what changed costs one entry per
// person it watches, whatever the number of changes.
package bus

import (
	"errors"
	"sync"

	"parley/signaling/wire"
)

// ErrNoSession says that no inbox is attached for the session.
var ErrNoSession = errors.New("no such session")

// Inbox takes a session's messages. Deliver must not block; an error means
// that the message was not stored.
type Inbox interface {
	Deliver(e wire.Envelope) error
}

// Local is the bus of one process. Its methods are safe for concurrent use.
type Local struct {
	mu       sync.RWMutex
	inboxes  map[string]Inbox                 // by session
	all      map[*Watcher]struct{}            // watchers of everyone
	watchers map[string]map[*Watcher]struct{} // by person id
}

// NewLocal returns a bus without sessions.
func NewLocal() *Local {
	return &Local{
		inboxes:  map[string]Inbox{},
		all:      map[*Watcher]struct{}{},
		watchers: map[string]map[*Watcher]struct{}{},
	}
}

// Attach makes in the inbox of a session.
func (b *Local) Attach(session string, in Inbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inboxes[session] = in
}

// Detach removes a session's inbox.
func (b *Local) Detach(session string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.inboxes, session)
}

// Deliver hands a message to a session's inbox. ErrNoSession: there is none.
func (b *Local) Deliver(session string, e wire.Envelope) error {
	b.mu.RLock()
	in := b.inboxes[session]
	b.mu.RUnlock()
	if in == nil {
		return ErrNoSession
	}
	return in.Deliver(e)
}

// Watch adds people to what w watches; everyone adds all there are and will be.
func (b *Local) Watch(w *Watcher, everyone bool, ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if everyone {
		w.everyone = true
		b.all[w] = struct{}{}
	}
	for _, id := range ids {
		set := b.watchers[id]
		if set == nil {
			set = map[*Watcher]struct{}{}
			b.watchers[id] = set
		}
		set[w] = struct{}{}
		w.ids[id] = struct{}{}
	}
}

// Unwatch is the reverse of Watch.
func (b *Local) Unwatch(w *Watcher, everyone bool, ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if everyone {
		w.everyone = false
		delete(b.all, w)
	}
	for _, id := range ids {
		b.unwatchLocked(w, id)
	}
}

// Drop ends everything that w watches.
func (b *Local) Drop(w *Watcher) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.everyone = false
	delete(b.all, w)
	for id := range w.ids {
		b.unwatchLocked(w, id)
	}
}

func (b *Local) unwatchLocked(w *Watcher, id string) {
	delete(w.ids, id)
	if set := b.watchers[id]; set != nil {
		delete(set, w)
		if len(set) == 0 {
			delete(b.watchers, id)
		}
	}
}

// Watching returns what w watches.
func (b *Local) Watching(w *Watcher) (everyone bool, ids []string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	ids = make([]string, 0, len(w.ids))
	for id := range w.ids {
		ids = append(ids, id)
	}
	return w.everyone, ids
}

// Publish tells everyone who watches the person.
func (b *Local) Publish(p wire.Presence) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for w := range b.all {
		w.Put(p)
	}
	for w := range b.watchers[p.Person.ID] {
		if !w.everyone {
			w.Put(p)
		}
	}
}

// Gone tells everyone who watches the person that they are not on the service
// any more.
func (b *Local) Gone(person string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for w := range b.all {
		w.Gone(person)
	}
	for w := range b.watchers[person] {
		if !w.everyone {
			w.Gone(person)
		}
	}
}
