package bus_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"parley/signaling/bus"
	"parley/signaling/wire"
)

type inbox struct{ got []wire.Kind }

func (i *inbox) Deliver(e wire.Envelope) error { i.got = append(i.got, e.Kind); return nil }

func TestDeliver(t *testing.T) {
	b := bus.NewLocal()
	a, c := &inbox{}, &inbox{}
	b.Attach("a", a)
	b.Attach("c", c)
	if err := b.Deliver("a", wire.Envelope{Kind: wire.KindInvite}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a.got, c.got) != "[invite] []" {
		t.Errorf("a got %v, c got %v", a.got, c.got)
	}
	b.Detach("a")
	if err := b.Deliver("a", wire.Envelope{}); !errors.Is(err, bus.ErrNoSession) {
		t.Errorf("deliver to a session that is gone: %v", err)
	}
}

func presence(id string, s wire.PresenceState) wire.Presence {
	return wire.Presence{Person: wire.Person{ID: id, Name: id}, State: s}
}

func take(w *bus.Watcher) (s string) {
	for _, p := range w.Take(100).People {
		s += fmt.Sprintf("%s=%s ", p.Person.ID, p.State)
	}
	return s
}

func TestPresence(t *testing.T) {
	b := bus.NewLocal()
	woken := 0
	one := bus.NewWatcher(func() { woken++ })
	all := bus.NewWatcher(func() {})
	b.Watch(one, false, "ada", "bob")
	b.Watch(all, true, "ada")
	for _, s := range []wire.PresenceState{wire.Available, wire.Busy, wire.InCall} {
		b.Publish(presence("ada", s))
	}
	b.Publish(presence("bob", wire.Offline))
	b.Publish(presence("cy", wire.Available))

	if woken != 4 {
		t.Errorf("woken %d times by 4 changes of people watched", woken)
	}
	if got := take(one); got != "ada=in_call bob=offline " {
		t.Errorf("watcher of two took %q", got)
	}
	if got := take(all); got != "ada=in_call bob=offline cy=available " {
		t.Errorf("watcher of everyone took %q", got)
	}
	if one.Pending() || take(one) != "" {
		t.Error("taken twice")
	}

	b.Unwatch(one, false, "ada")
	b.Drop(all)
	b.Publish(presence("ada", wire.Offline))
	b.Publish(presence("bob", wire.Available))
	if got := take(one) + "|" + take(all); got != "bob=available |" {
		t.Errorf("after unwatch and drop: %q", got)
	}
	if everyone, ids := b.Watching(one); everyone || fmt.Sprint(ids) != "[bob]" {
		t.Errorf("watching %v %v", everyone, ids)
	}
}

// Who is hidden from a watcher is offline to it since then, and nothing that
// they do shows.
func TestHidden(t *testing.T) {
	w := bus.NewWatcher(func() {})
	w.Put(presence("ada", wire.Available))
	w.Hide("ada", time.Now().Add(-time.Minute))
	for _, s := range []wire.PresenceState{wire.Busy, wire.InCall} {
		w.Put(presence("ada", s), presence("bob", s))
	}
	ps := w.Take(10).People
	if len(ps) != 2 || ps[0].State != wire.Offline || ps[0].SeenMS < 60_000 || ps[1].State != wire.InCall {
		t.Errorf("took %+v", ps)
	}
	gone := wire.Presence{Person: wire.Person{ID: "ada"}, State: wire.Offline, SeenMS: 3_600_000}
	if ps := w.Mask([]wire.Presence{gone, presence("ada", wire.Busy)}); ps[0].SeenMS != 3_600_000 || ps[1].State != wire.Offline {
		t.Errorf("seen as %+v", ps)
	}
	w.Show("ada")
	w.Put(presence("ada", wire.Available))
	if got := take(w); got != "ada=available " || len(w.Hidden()) != 0 {
		t.Errorf("shown again: %s", got)
	}
}

// A watcher that takes in small helpings misses nothing.
func TestTakeInParts(t *testing.T) {
	w := bus.NewWatcher(func() {})
	for i := range 25 {
		w.Put(presence(fmt.Sprint(i), wire.Available))
	}
	seen := map[string]bool{}
	for w.Pending() {
		ps := w.Take(10).People
		if len(ps) > 10 {
			t.Fatalf("took %d", len(ps))
		}
		for _, p := range ps {
			seen[p.Person.ID] = true
		}
	}
	if len(seen) != 25 {
		t.Errorf("saw %d of 25", len(seen))
	}
}

// Who is gone is told instead of what they were last.
func TestGone(t *testing.T) {
	b := bus.NewLocal()
	one, all, other := bus.NewWatcher(func() {}), bus.NewWatcher(func() {}), bus.NewWatcher(func() {})
	b.Watch(one, false, "ada")
	b.Watch(all, true, "ada")
	b.Watch(other, false, "bob")
	b.Publish(presence("ada", wire.Offline))
	b.Gone("ada")
	for _, w := range []*bus.Watcher{one, all} {
		if l := w.Take(10); len(l.People) != 0 || fmt.Sprint(l.Gone) != "[ada]" || w.Pending() {
			t.Errorf("got %+v, pending %v", l, w.Pending())
		}
	}
	if other.Pending() {
		t.Error("somebody else's watcher was woken")
	}
	b.Publish(presence("ada", wire.Available)) // as somebody new
	if l := one.Take(10); len(l.People) != 1 || len(l.Gone) != 0 {
		t.Errorf("afterwards: %+v", l)
	}
}
