package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func (b *bed) block(owner, other wire.Person, most int) time.Time {
	b.t.Helper()
	at, err := b.Block(b.ctx, owner.ID, other.ID, most, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	return at
}

func (b *bed) standing(callee, caller wire.Person) store.Standing {
	b.t.Helper()
	st, err := b.Standing(b.ctx, callee.ID, caller.ID, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
	return st
}

func blocks(t *testing.T, b *bed) {
	ada, bob, cy, dan := b.claim(1, "Ada"), b.claim(2, "Bob"), b.claim(3, "Cy"), b.claim(4, "Dan")
	if err := b.AddContact(b.ctx, ada.ID, bob.ID, 9); err != nil {
		t.Fatal(err)
	}
	for _, ask := range [][2]wire.Person{{ada, cy}, {cy, ada}} {
		if _, err := b.Ask(b.ctx, ask[0].ID, ask[1].ID, 9, 9, b.now); err != nil {
			t.Fatal(err)
		}
	}
	first := b.block(ada, bob, 2)
	b.now = b.now.Add(time.Hour)
	b.block(ada, cy, 2)
	if again := b.block(ada, bob, 2); !again.Equal(first) {
		t.Errorf("blocked since %v, after blocking twice since %v", first, again)
	}
	_, err := b.Block(b.ctx, ada.ID, dan.ID, 2, b.now)
	b.want(err, store.ErrTooMany)

	if st := b.standing(ada, bob); !st.Blocked || !st.BlockedKnown || st.Blocks || st.Known {
		t.Errorf("a contact who was blocked stands %+v", st)
	}
	if st := b.standing(bob, ada); st.Blocked || !st.Blocks {
		t.Errorf("the other way round %+v", st)
	}
	if rs, _ := b.Contacts(b.ctx, ada.ID); len(rs) != 0 {
		t.Errorf("contacts after blocking: %+v", rs)
	}
	for _, p := range []wire.Person{ada, cy} {
		if rs, _ := b.Requests(b.ctx, p.ID, b.now); len(rs) != 0 {
			t.Errorf("requests of %s after blocking: %+v", p.Name, rs)
		}
	}
	bs, err := b.Blocks(b.ctx, ada.ID)
	if err != nil || len(bs) != 2 || bs[0].Other.Name != "Cy" || bs[1].Other.Name != "Bob" || !bs[1].At.Equal(first) {
		t.Errorf("blocks %+v, %v", bs, err)
	}
	if bs, err := b.BlockedBy(b.ctx, bob.ID); err != nil || len(bs) != 1 || bs[0].Owner.Name != "Ada" {
		t.Errorf("Bob is blocked by %+v, %v", bs, err)
	}
	if bs, err := b.BlocksSince(b.ctx, b.now); err != nil || len(bs) != 1 || bs[0].Other.Name != "Cy" {
		t.Errorf("blocks since an hour later: %+v, %v", bs, err)
	}
	if err := b.Unblock(b.ctx, ada.ID, bob.ID); err != nil {
		t.Fatal(err)
	}
	b.want(b.Unblock(b.ctx, ada.ID, bob.ID), store.ErrNotFound)
	if st := b.standing(ada, bob); st.Blocked || st.Known {
		t.Errorf("after unblocking %+v", st)
	}
}

func standing(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	_, err := b.Standing(b.ctx, "nobody", ada.ID, b.now)
	b.want(err, store.ErrNotFound)
	log := func(owner, other wire.Person, outgoing bool, o wire.Outcome) {
		if err := b.Log(b.ctx, owner.ID, wire.LogEntry{Call: "c", Other: other, Outgoing: outgoing, Outcome: o, Unix: b.now.Unix()}); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range []struct {
		name  string
		do    func(p wire.Person)
		known bool
	}{
		{"nothing happened", func(wire.Person) {}, false},
		{"a contact", func(p wire.Person) { _ = b.AddContact(b.ctx, ada.ID, p.ID, 99) }, true},
		{"has Ada as a contact", func(p wire.Person) { _ = b.AddContact(b.ctx, p.ID, ada.ID, 99) }, false},
		{"called by Ada in vain", func(p wire.Person) { log(ada, p, true, wire.Missed) }, true},
		{"called Ada in vain", func(p wire.Person) { log(ada, p, false, wire.Missed) }, false},
		{"was declined by Ada", func(p wire.Person) { log(ada, p, false, wire.Declined) }, false},
		{"talked to Ada", func(p wire.Person) { log(ada, p, false, wire.Answered) }, true},
		{"asked by Ada", func(p wire.Person) { _, _ = b.Ask(b.ctx, p.ID, ada.ID, 9, 9, b.now) }, true},
		{"asked Ada", func(p wire.Person) { _, _ = b.Ask(b.ctx, ada.ID, p.ID, 9, 9, b.now) }, false},
	} {
		p := b.claim(10+i, fmt.Sprint("Person ", i))
		c.do(p)
		if st := b.standing(ada, p); st.Known != c.known || st.Rule != "" || st.Blocked {
			t.Errorf("%s: %+v", c.name, st)
		}
	}
	if err := b.SetStrangers(b.ctx, ada.ID, wire.RuleRefuse); err != nil {
		t.Fatal(err)
	}
	p := b.claim(30, "Zoe")
	if st := b.standing(ada, p); st.Rule != wire.RuleRefuse {
		t.Errorf("after the choice %+v", st)
	}
	if r, err := b.Strangers(b.ctx, ada.ID); r != wire.RuleRefuse || err != nil {
		t.Errorf("the choice is %q, %v", r, err)
	}
	if r, err := b.Strangers(b.ctx, p.ID); r != "" || err != nil {
		t.Errorf("who has not chosen has %q, %v", r, err)
	}
}

func requests(t *testing.T, b *bed) {
	ada, bob, cy, dan := b.claim(1, "Ada"), b.claim(2, "Bob"), b.claim(3, "Cy"), b.claim(4, "Dan")
	ask := func(owner, asker wire.Person, open, asked int) (bool, error) {
		return b.Ask(b.ctx, owner.ID, asker.ID, open, asked, b.now)
	}
	for i, p := range []wire.Person{bob, cy, bob} {
		b.now = b.now.Add(time.Minute)
		if fresh, err := ask(ada, p, 2, 2); err != nil || fresh != (i < 2) {
			t.Errorf("%s asks: %v, %v", p.Name, fresh, err)
		}
	}
	_, err := ask(ada, dan, 2, 2)
	b.want(err, store.ErrTooMany) // enough wait for Ada
	if fresh, err := ask(dan, bob, 2, 2); !fresh || err != nil {
		t.Errorf("Bob's second: %v, %v", fresh, err)
	}
	_, err = ask(cy, bob, 2, 2)
	b.want(err, store.ErrTooMany) // Bob has asked enough
	rs, err := b.Requests(b.ctx, ada.ID, b.now)
	if err != nil || len(rs) != 2 || rs[0].Person.Name != "Cy" || rs[1].Person.Name != "Bob" || !rs[0].At.Equal(b.now.Add(-time.Minute)) {
		t.Fatalf("requests %+v, %v", rs, err)
	}

	// No: nothing is told, and asking again does nothing.
	if err := b.AnswerRequest(b.ctx, ada.ID, cy.ID, false, 9, b.now); err != nil {
		t.Fatal(err)
	}
	b.want(b.AnswerRequest(b.ctx, ada.ID, cy.ID, true, 9, b.now), store.ErrNotFound)
	if fresh, err := ask(ada, cy, 2, 2); fresh || err != nil {
		t.Errorf("asks again after a no: %v, %v", fresh, err)
	}
	if ps, err := b.TakeAccepted(b.ctx, cy.ID); len(ps) != 0 || err != nil {
		t.Errorf("after a no %+v, %v", ps, err)
	}

	// Yes: both are contacts, and the asker is told once.
	b.want(b.AnswerRequest(b.ctx, ada.ID, bob.ID, true, 0, b.now), store.ErrTooMany)
	if err := b.AnswerRequest(b.ctx, ada.ID, bob.ID, true, 9, b.now); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]wire.Person{{ada, bob}, {bob, ada}} {
		if cs, err := b.Contacts(b.ctx, pair[0].ID); len(cs) != 1 || cs[0].Person.ID != pair[1].ID || err != nil {
			t.Errorf("contacts of %s: %+v, %v", pair[0].Name, cs, err)
		}
	}
	if rs, _ := b.Requests(b.ctx, ada.ID, b.now); len(rs) != 0 {
		t.Errorf("requests that are answered: %+v", rs)
	}
	for _, want := range []int{1, 0} {
		ps, err := b.TakeAccepted(b.ctx, bob.ID)
		if err != nil || len(ps) != want || want == 1 && ps[0].Name != "Ada" {
			t.Errorf("accepted: %+v, %v", ps, err)
		}
	}

	// Nothing is left of who deletes their account.
	zoe := b.claim(5, "Zoe")
	if _, err := ask(ada, zoe, 9, 9); err != nil {
		t.Fatal(err)
	}
	b.block(bob, zoe, 9)
	if err := b.Leave(b.ctx, zoe.ID, b.now); err != nil {
		t.Fatal(err)
	}
	rs, _ = b.Requests(b.ctx, ada.ID, b.now)
	if bs, _ := b.Blocks(b.ctx, bob.ID); len(rs)+len(bs) != 0 {
		t.Errorf("requests %+v, blocks %+v of who is not there any more", rs, bs)
	}

	// A request ends by itself, and so does a no.
	b.now = b.now.Add(store.RequestFor + time.Minute)
	if rs, _ := b.Requests(b.ctx, dan.ID, b.now); len(rs) != 0 {
		t.Errorf("requests that are over: %+v", rs)
	}
	b.want(b.AnswerRequest(b.ctx, dan.ID, bob.ID, true, 9, b.now), store.ErrNotFound)
	if fresh, err := ask(ada, cy, 2, 2); !fresh || err != nil {
		t.Errorf("asks after the no is over: %v, %v", fresh, err)
	}
}

// Of many who ask at once as many come in as there is room for.
func askRace(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	var people []wire.Person
	for i := range 12 {
		people = append(people, b.claim(10+i, fmt.Sprint("Person ", i)))
	}
	var in, full atomic.Int32
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			switch fresh, err := b.Ask(b.ctx, ada.ID, p.ID, 3, 9, b.now); {
			case fresh && err == nil:
				in.Add(1)
			case errors.Is(err, store.ErrTooMany):
				full.Add(1)
			default:
				t.Error(fresh, err)
			}
		})
	}
	wg.Wait()
	if in.Load() != 3 || full.Load() != 9 {
		t.Errorf("room for three: %d came in, %d did not", in.Load(), full.Load())
	}
}
