package bus

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"parley/signaling/wire"
)

// Watcher keeps the last unseen state of each watched person for one session.
type Watcher struct {
	// guarded by the bus
	everyone bool
	ids      map[string]struct{}

	wake func() // must not block

	mu     sync.Mutex
	dirty  map[string]wire.Presence
	gone   []string             // people who are not on the service any more
	hidden map[string]time.Time // people who are seen as offline, since when
}

// NewWatcher returns a watcher that calls wake when there is something to
// take. wake must not block and must not call the bus.
func NewWatcher(wake func()) *Watcher {
	return &Watcher{ids: map[string]struct{}{}, wake: wake, dirty: map[string]wire.Presence{}}
}

// Put stores states, over older ones of the same people.
func (w *Watcher) Put(ps ...wire.Presence) {
	w.mu.Lock()
	for _, p := range ps {
		w.dirty[p.Person.ID] = w.maskLocked(p)
	}
	w.mu.Unlock()
	if len(ps) > 0 {
		w.wake()
	}
}

// Gone notes that a person is not on the service any more.
func (w *Watcher) Gone(id string) {
	w.mu.Lock()
	delete(w.dirty, id)
	w.gone = append(w.gone, id)
	w.mu.Unlock()
	w.wake()
}

// Pending reports whether Take would return something.
func (w *Watcher) Pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.dirty) > 0 || len(w.gone) > 0
}

// Take removes and returns at most n states, by name, and as many people who
// are gone.
func (w *Watcher) Take(n int) wire.PresenceList {
	w.mu.Lock()
	defer w.mu.Unlock()
	gone := slices.Clone(w.gone[:min(n, len(w.gone))])
	if w.gone = w.gone[len(gone):]; len(w.gone) == 0 {
		w.gone = nil
	}
	ps := make([]wire.Presence, 0, min(n, len(w.dirty)))
	for id, p := range w.dirty {
		if len(ps) == n {
			break
		}
		ps = append(ps, p)
		delete(w.dirty, id)
	}
	slices.SortFunc(ps, func(a, b wire.Presence) int { return strings.Compare(a.Person.Name, b.Person.Name) })
	return wire.PresenceList{People: ps, Gone: gone}
}

// Hide has a person seen as offline since then, whatever they are.
func (w *Watcher) Hide(id string, since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hidden == nil {
		w.hidden = map[string]time.Time{}
	}
	w.hidden[id] = since
	if p, ok := w.dirty[id]; ok {
		w.dirty[id] = w.maskLocked(p)
	}
}

// Show is the reverse of Hide. What the person is now is for the caller to Put.
func (w *Watcher) Show(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.hidden, id)
}

// Hidden returns who is hidden, and since when.
func (w *Watcher) Hidden() map[string]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.hidden)
}

// Mask is what the session may see of states that do not come by Put; it
// changes ps.
func (w *Watcher) Mask(ps []wire.Presence) []wire.Presence {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.hidden) > 0 {
		for i := range ps {
			ps[i] = w.maskLocked(ps[i])
		}
	}
	return ps
}

func (w *Watcher) maskLocked(p wire.Presence) wire.Presence {
	since, ok := w.hidden[p.Person.ID]
	if !ok {
		return p
	}
	ago := max(1, time.Since(since).Milliseconds())
	if p.State == wire.Offline && p.SeenMS > ago {
		return p // they were gone before
	}
	p.State, p.SeenMS = wire.Offline, ago
	return p
}
