package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// operator is what a backend has for whoever runs the service.
type operator interface {
	Accounts(ctx context.Context) ([]store.Account, error)
	Disable(ctx context.Context, name string, now time.Time) error
	Enable(ctx context.Context, name string) error
	Delete(ctx context.Context, name string, mayReturn bool, now time.Time) error
	Barred(ctx context.Context) ([]store.Barred, error)
	Readmit(ctx context.Context, id string) error
	Invite(ctx context.Context, uses int, expires, now time.Time) (string, error)
	Stats(ctx context.Context, now time.Time) (store.Stats, error)
}

func accounts(t *testing.T, b *bed) {
	op := b.Store.(operator)
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	link := store.Link{Code: "ada", Owner: ada, Expires: b.now.Add(time.Hour)}
	if err := errors.Join(b.CreateLink(b.ctx, link, 9, b.now), b.AddContact(b.ctx, bob.ID, ada.ID, 9)); err != nil {
		t.Fatal(err)
	}
	b.want(op.Disable(b.ctx, "nobody", b.now), store.ErrNotFound)
	if err := op.Disable(b.ctx, "ADA", b.now); err != nil {
		t.Fatal(err)
	}
	_, err := b.Claim(b.ctx, key(1), "", b.now)
	b.want(err, store.ErrDisabled)
	_, err = b.Claim(b.ctx, key(1), "Another name", b.now)
	b.want(err, store.ErrDisabled)
	_, err = b.Link(b.ctx, "ada", b.now)
	b.want(err, store.ErrNotFound)
	if rs, err := b.People(b.ctx, 9); err != nil || len(rs) != 1 || rs[0].Person.ID != bob.ID {
		t.Errorf("people while Ada is disabled: %+v, %v", rs, err)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || !slices.Equal(ids, []string{ada.ID}) {
		t.Errorf("ended: %v, %v", ids, err)
	}
	if ids, err := b.Ended(b.ctx, b.now.Add(time.Second)); err != nil || len(ids) != 0 {
		t.Errorf("ended later: %v, %v", ids, err)
	}
	as, err := op.Accounts(b.ctx)
	if err != nil || len(as) != 2 || !as[0].Disabled || as[1].Disabled || as[0].Person.Name != "Ada" || !as[0].Created.Equal(b.now) {
		t.Errorf("accounts: %+v, %v", as, err)
	}
	st, err := op.Stats(b.ctx, b.now)
	if err != nil || st.People != 2 || st.Disabled != 1 || st.Day != 2 || st.Contacts != 1 || st.Links != 1 || st.Version < 2 {
		t.Errorf("stats: %+v, %v", st, err)
	}
	if err := op.Enable(b.ctx, "Ada"); err != nil {
		t.Fatal(err)
	}
	if p := b.claim(1, ""); p.ID != ada.ID {
		t.Errorf("enabled: %+v", p)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || len(ids) != 0 {
		t.Errorf("ended after enabling: %v, %v", ids, err)
	}
	if err := op.Delete(b.ctx, "Ada", false, b.now); err != nil {
		t.Fatal(err)
	}
	b.want(op.Delete(b.ctx, "Ada", false, b.now), store.ErrNotFound)
	if rs, err := b.Contacts(b.ctx, bob.ID); err != nil || len(rs) != 0 {
		t.Errorf("contacts after the end of one: %+v, %v", rs, err)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || !slices.Equal(ids, []string{ada.ID}) {
		t.Errorf("ended by deleting: %v, %v", ids, err)
	}
	for _, name := range []string{"", "Ada", "Somebody else"} {
		_, err = b.Claim(b.ctx, key(1), name, b.now)
		b.want(err, store.ErrDisabled)
	}
	if bs, err := op.Barred(b.ctx); err != nil || len(bs) != 1 || bs[0].ID != ada.ID || !bs[0].Since.Equal(b.now) {
		t.Errorf("barred: %+v, %v", bs, err)
	}
	if barred, err := b.Barring(b.ctx, ada.ID); !barred || err != nil {
		t.Errorf("barring: %v, %v", barred, err)
	}
	b.want(op.Readmit(b.ctx, "nobody"), store.ErrNotFound)
	if err := op.Readmit(b.ctx, ada.ID); err != nil {
		t.Fatal(err)
	}
	if p := b.claim(1, "Ada"); p.ID == ada.ID {
		t.Error("a deleted person comes back as the same one")
	}
	if err := op.Delete(b.ctx, "Ada", true, b.now); err != nil {
		t.Fatal(err)
	}
	b.claim(1, "Ada") // may return
}

// Who leaves by themselves is forgotten everywhere and may come back.
func leave(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	b.link(ada, 10, list(1, 10))
	entry := wire.LogEntry{Call: "c", Other: ada, Outcome: wire.Answered, Unix: 1}
	link := store.Link{Code: "ada", Owner: ada, Expires: b.now.Add(time.Hour)}
	if err := errors.Join(b.CreateLink(b.ctx, link, 9, b.now), b.AddContact(b.ctx, bob.ID, ada.ID, 9), b.AddContact(b.ctx, ada.ID, bob.ID, 9),
		b.Log(b.ctx, bob.ID, entry), b.Leave(b.ctx, ada.ID, b.now)); err != nil {
		t.Fatal(err)
	}
	b.want(b.Leave(b.ctx, ada.ID, b.now), store.ErrNotFound)
	b.want(b.Log(b.ctx, bob.ID, entry), store.ErrNotFound) // of a call that was up meanwhile
	b.want(b.Log(b.ctx, ada.ID, entry), store.ErrNotFound)
	b.want(b.AddContact(b.ctx, bob.ID, ada.ID, 9), store.ErrNotFound)
	_, err := b.ByID(b.ctx, ada.ID)
	b.want(err, store.ErrNotFound)
	_, err = b.Link(b.ctx, "ada", b.now)
	b.want(err, store.ErrNotFound)
	contacts, err1 := b.Contacts(b.ctx, bob.ID)
	calls, _, err2 := b.History(b.ctx, bob.ID, 0, 9)
	if len(contacts) != 0 || len(calls) != 0 || err1 != nil || err2 != nil {
		t.Errorf("left behind at somebody else: %+v, %+v, %v, %v", contacts, calls, err1, err2)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || !slices.Equal(ids, []string{ada.ID}) {
		t.Errorf("ended: %v, %v", ids, err)
	}
	if barred, err := b.Barring(b.ctx, ada.ID); barred || err != nil {
		t.Errorf("barring who left by themselves: %v, %v", barred, err)
	}
	if bs, err := b.Store.(operator).Barred(b.ctx); len(bs) != 0 || err != nil {
		t.Errorf("barred: %+v, %v", bs, err)
	}
	b.want(b.Store.(operator).Readmit(b.ctx, ada.ID), store.ErrNotFound)
	// No device of hers makes the account anew; she does, with a new key.
	for _, n := range []int{1, 10} {
		_, err = b.Claim(b.ctx, key(n), "Ada", b.now)
		b.want(err, store.ErrDeleted)
	}
	if p := b.claim(3, "Ada"); p.ID == ada.ID {
		t.Error("comes back as the same one")
	}
}

func invitations(t *testing.T, b *bed) {
	op := b.Store.(operator)
	code, err := op.Invite(b.ctx, 2, b.now.Add(time.Hour), b.now)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(n int, name, code string) (wire.Person, error) {
		return b.ClaimInvited(b.ctx, key(n), name, code, b.now)
	}
	for _, bad := range []string{"", "other", code + "x"} {
		_, err = claim(1, "Ada", bad)
		b.want(err, store.ErrInvite)
	}
	ada, err := claim(1, "Ada", " "+code+" ")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := claim(1, "Ada L", ""); err != nil || p.ID != ada.ID {
		t.Errorf("who is here needs no invitation: %+v, %v", p, err)
	}
	_, err = claim(2, "Ada L", code)
	b.want(err, store.ErrNameTaken) // and costs no use
	b.now = b.now.Add(time.Hour)
	_, err = claim(2, "Bob", code)
	b.want(err, store.ErrInvite) // expired
	b.now = b.now.Add(-time.Minute)

	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			switch _, err := claim(10+i, string(rune('a'+i)), code); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrInvite):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("one use left: %d came in, %d did not", won.Load(), lost.Load())
	}
}
