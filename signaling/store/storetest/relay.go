package storetest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// reader is what an operator sees of use.
type reader interface {
	RelayUses(ctx context.Context, from time.Time) ([]store.RelayUse, error)
	CallsPerDay(ctx context.Context, from time.Time) ([]store.CallDay, error)
}

func relayUse(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	first := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	const big = 5 << 40 // more than 32 bits have
	// Several nodes at once, in any order.
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			uses := []store.RelayUse{{Person: ada.ID, Bytes: big, Relays: 2}, {Person: bob.ID, Bytes: 10, Relays: 1}, {Person: "selftest0", Bytes: 1}}
			if i%2 == 0 {
				slices.Reverse(uses)
			}
			if err := b.AddRelayUse(b.ctx, first.Add(time.Duration(i)*time.Hour), uses); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	before := first.Add(-time.Second)
	if err := b.AddRelayUse(b.ctx, before, []store.RelayUse{{Person: bob.ID, Bytes: 1000, Relays: 5}}); err != nil {
		t.Fatal(err)
	}
	see := func(from time.Time, want ...store.RelayUse) {
		t.Helper()
		if us, err := b.Store.(reader).RelayUses(b.ctx, from); err != nil || !slices.Equal(us, want) {
			t.Errorf("since %s: %+v, %v, want %+v", from, us, err, want)
		}
	}
	see(first, store.RelayUse{Person: ada.ID, Bytes: 8 * big, Relays: 16}, store.RelayUse{Person: bob.ID, Bytes: 80, Relays: 8})
	see(before, store.RelayUse{Person: ada.ID, Bytes: 8 * big, Relays: 16}, store.RelayUse{Person: bob.ID, Bytes: 1080, Relays: 13})
	see(first.AddDate(0, 0, 1))
	for most, want := range map[int64][]string{80: {ada.ID, bob.ID}, 81: {ada.ID}, 8*big + 1: nil} {
		ids, err := b.RelayOver(b.ctx, store.Month(first.Add(50*time.Hour)), most)
		slices.Sort(ids)
		slices.Sort(want)
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("over %d: %v, %v, want %v", most, ids, err, want)
		}
	}
	if err := b.ForgetRelayUse(b.ctx, first); err != nil {
		t.Fatal(err)
	}
	see(before, store.RelayUse{Person: ada.ID, Bytes: 8 * big, Relays: 16}, store.RelayUse{Person: bob.ID, Bytes: 80, Relays: 8})
	if err := b.Store.(operator).Delete(b.ctx, "Ada", false, b.now); err != nil {
		t.Fatal(err)
	}
	see(before, store.RelayUse{Person: bob.ID, Bytes: 80, Relays: 8}) // it goes with the person
}

func callsPerDay(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	first := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	add := func(call string, at time.Time, outcome wire.Outcome, owners ...wire.Person) {
		t.Helper()
		for _, p := range owners {
			if err := b.Log(b.ctx, p.ID, wire.LogEntry{Call: call, Other: bob, Outcome: outcome, Unix: at.Unix()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	add("old", first.Add(-time.Second), wire.Answered, ada, bob)
	add("one", first, wire.Answered, ada, bob)
	add("two", first.Add(23*time.Hour), wire.Missed, bob)
	add("three", first.Add(49*time.Hour), wire.Answered, ada)
	days, err := b.Store.(reader).CallsPerDay(b.ctx, first.Add(12*time.Hour))
	want := []store.CallDay{{Day: first, Calls: 2, Answered: 1}, {Day: first.AddDate(0, 0, 2), Calls: 1, Answered: 1}}
	if err != nil || !slices.Equal(days, want) {
		t.Errorf("calls per day: %+v, %v, want %+v", days, err, want)
	}
}
