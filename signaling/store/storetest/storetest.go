// Package storetest is the suite that every backend of store.Store passes.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// Run runs the suite. open returns an empty store and closes it in t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for name, f := range map[string]func(*testing.T, *bed){
		"names":           names,
		"rename":          rename,
		"names race":      namesRace,
		"people":          people,
		"contacts":        contacts,
		"log":             log,
		"links":           links,
		"redeem race":     redeemRace,
		"blocks":          blocks,
		"standing":        standing,
		"requests":        requests,
		"ask race":        askRace,
		"accounts":        accounts,
		"invitations":     invitations,
		"leave":           leave,
		"relay use":       relayUse,
		"calls a day":     callsPerDay,
		"devices":         devices,
		"deleted devices": deletedDevices,
		"lists race":      listsRace,
		"place race":      placeRace,
		"logins":          logins,
		"subjects":        subjects,
		"after closed":    closed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, &bed{Store: open(t), t: t, ctx: t.Context(), now: time.Unix(1_700_000_000, 0)})
		})
	}
}

type bed struct {
	store.Store
	t   *testing.T
	ctx context.Context
	now time.Time
}

func key(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 32) }

func (b *bed) claim(n int, name string) wire.Person {
	b.t.Helper()
	p, err := b.Claim(b.ctx, key(n), name, b.now)
	if err != nil {
		b.t.Fatalf("claim %q: %v", name, err)
	}
	return p
}

func (b *bed) want(err, want error) {
	b.t.Helper()
	if !errors.Is(err, want) {
		b.t.Fatalf("got error %v, want %v", err, want)
	}
}

func names(t *testing.T, b *bed) {
	_, err := b.Claim(b.ctx, key(1), "", b.now)
	b.want(err, store.ErrNoName)
	ada := b.claim(1, "Ada Löwe")
	if ada.ID == "" || ada.Name != "Ada Löwe" || !bytes.Equal(ada.Key, key(1)) {
		t.Fatalf("claimed %+v", ada)
	}
	for _, n := range []string{"", "Ada Löwe"} {
		if again := b.claim(1, n); again.ID != ada.ID || again.Name != ada.Name {
			t.Errorf("claim again with %q: %+v", n, again)
		}
	}
	for _, n := range []string{"Ada Löwe", "ADA LÖWE", "ada  löwe"} {
		_, err := b.Claim(b.ctx, key(2), n, b.now)
		b.want(err, store.ErrNameTaken)
		if r, err := b.ByName(b.ctx, n); err != nil || r.Person.ID != ada.ID {
			t.Errorf("by name %q: %+v, %v", n, r, err)
		}
	}
	if r, err := b.ByID(b.ctx, ada.ID); err != nil || r.Person.Name != "Ada Löwe" {
		t.Errorf("by id: %+v, %v", r, err)
	}
	_, err = b.ByName(b.ctx, "Bob")
	b.want(err, store.ErrNotFound)
	_, err = b.ByID(b.ctx, "nobody")
	b.want(err, store.ErrNotFound)
}

func rename(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	b.claim(2, "Bob")
	if p := b.claim(1, "ADA"); p.ID != ada.ID || p.Name != "ADA" {
		t.Errorf("own name in another spelling: %+v", p)
	}
	_, err := b.Claim(b.ctx, key(1), "bob", b.now)
	b.want(err, store.ErrNameTaken)
	if p := b.claim(1, "Countess"); p.ID != ada.ID {
		t.Errorf("renamed: %+v", p)
	}
	if p := b.claim(3, "Ada"); p.ID == ada.ID {
		t.Error("a name that became free belongs to whom it belonged before")
	}
}

func namesRace(t *testing.T, b *bed) {
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			switch _, err := b.Claim(b.ctx, key(i), "Ada", b.now); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrNameTaken):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("%d keys got the name, %d were told that it is taken", won.Load(), lost.Load())
	}
}

func people(t *testing.T, b *bed) {
	var last wire.Person
	for i := range 5 {
		b.now = b.now.Add(time.Second)
		last = b.claim(i, fmt.Sprint("person ", i))
	}
	first, _ := b.ByName(b.ctx, "person 0")
	if err := b.Seen(b.ctx, first.Person.ID, b.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	rs, err := b.People(b.ctx, 2)
	if err != nil || len(rs) != 2 || rs[0].Person.ID != first.Person.ID || rs[1].Person.ID != last.ID {
		t.Fatalf("people: %+v, %v", rs, err)
	}
	if !rs[0].Seen.Equal(b.now.Add(time.Minute)) {
		t.Errorf("seen %v", rs[0].Seen)
	}
}

func contacts(t *testing.T, b *bed) {
	ada, bob, cy := b.claim(1, "Ada"), b.claim(2, "Bob"), b.claim(3, "Cy")
	for _, o := range []wire.Person{cy, bob, bob} {
		if err := b.AddContact(b.ctx, ada.ID, o.ID, 2); err != nil {
			t.Fatal(err)
		}
	}
	b.want(b.AddContact(b.ctx, ada.ID, ada.ID, 2), store.ErrTooMany)
	rs, err := b.Contacts(b.ctx, ada.ID)
	if err != nil || len(rs) != 2 || rs[0].Person.Name != "Bob" || rs[1].Person.Name != "Cy" {
		t.Fatalf("contacts: %+v, %v", rs, err)
	}
	if rs, _ := b.Contacts(b.ctx, bob.ID); len(rs) != 0 {
		t.Errorf("the other's contacts: %+v", rs)
	}
	if err := b.DelContact(b.ctx, ada.ID, bob.ID); err != nil {
		t.Fatal(err)
	}
	b.want(b.DelContact(b.ctx, ada.ID, bob.ID), store.ErrNotFound)
}

func log(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	for i := range 5 {
		e := wire.LogEntry{Call: fmt.Sprint("call", i), Other: bob, Outgoing: i%2 == 0, Video: true,
			Outcome: wire.Missed, Unix: b.now.Unix() + int64(i), Seconds: int64(i)}
		if err := b.Log(b.ctx, ada.ID, e); err != nil {
			t.Fatal(err)
		}
	}
	b.claim(2, "Robert") // the log shows the name of today
	var calls []string
	var before int64
	for page := 0; ; page++ {
		es, more, err := b.History(b.ctx, ada.ID, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			calls = append(calls, e.Call)
			before = e.ID
			if e.Other.Name != "Robert" || !e.Video || e.Outcome != wire.Missed {
				t.Errorf("entry %+v", e)
			}
		}
		if !more {
			break
		}
	}
	if got := fmt.Sprint(calls); got != "[call4 call3 call2 call1 call0]" {
		t.Errorf("history in pages: %s", got)
	}
	if es, more, err := b.History(b.ctx, bob.ID, 0, 10); len(es) != 0 || more || err != nil {
		t.Errorf("the other's history: %v %v %v", es, more, err)
	}
}

func links(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	once := store.Link{Code: "once", Owner: ada, Expires: b.now.Add(time.Hour), Limited: true, Left: 1}
	ever := store.Link{Code: "ever", Owner: ada, Expires: b.now.Add(time.Hour)}
	for _, l := range []store.Link{once, ever} {
		if err := b.CreateLink(b.ctx, l, 2, b.now); err != nil {
			t.Fatal(err)
		}
	}
	b.want(b.CreateLink(b.ctx, store.Link{Code: "third", Owner: ada, Expires: b.now.Add(time.Hour)}, 2, b.now), store.ErrTooMany)

	_, err := b.Link(b.ctx, "other", b.now)
	b.want(err, store.ErrNotFound)
	l, err := b.Link(b.ctx, "once", b.now)
	if err != nil || l.Owner.Name != "Ada" || !l.Limited || l.Left != 1 || !l.Expires.Equal(once.Expires) {
		t.Fatalf("link %+v, %v", l, err)
	}
	if l, err = b.RedeemLink(b.ctx, "once", b.now); err != nil || l.Left != 0 {
		t.Fatalf("redeem: %+v, %v", l, err)
	}
	_, err = b.RedeemLink(b.ctx, "once", b.now)
	b.want(err, store.ErrLinkUsed)
	_, err = b.Link(b.ctx, "once", b.now)
	b.want(err, store.ErrLinkUsed)
	if err := b.ReturnLink(b.ctx, "once"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.RedeemLink(b.ctx, "once", b.now); err != nil {
		t.Fatalf("redeem a use that was given back: %v", err)
	}
	for range 3 {
		if _, err := b.RedeemLink(b.ctx, "ever", b.now); err != nil {
			t.Fatal(err)
		}
	}
	_, err = b.RedeemLink(b.ctx, "ever", b.now.Add(time.Hour))
	b.want(err, store.ErrLinkExpired)

	b.want(b.DelLink(b.ctx, bob.ID, "ever"), store.ErrNotFound)
	if err := b.DelLink(b.ctx, ada.ID, "ever"); err != nil {
		t.Fatal(err)
	}
	_, err = b.Link(b.ctx, "ever", b.now)
	b.want(err, store.ErrNotFound)
}

func redeemRace(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	l := store.Link{Code: "three", Owner: ada, Expires: b.now.Add(time.Hour), Limited: true, Left: 3}
	if err := b.CreateLink(b.ctx, l, 10, b.now); err != nil {
		t.Fatal(err)
	}
	var won, used atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			switch _, err := b.RedeemLink(b.ctx, "three", b.now); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrLinkUsed):
				used.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 3 || used.Load() != 13 {
		t.Errorf("three uses: %d got one, %d did not", won.Load(), used.Load())
	}
}

func closed(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	if err := b.Ready(b.ctx); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b.want(b.Ready(b.ctx), store.ErrUnavailable)
	b.want(b.Seen(b.ctx, ada.ID, b.now), store.ErrUnavailable)
	_, err := b.Claim(b.ctx, key(2), "Bob", b.now)
	b.want(err, store.ErrUnavailable)
}
