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

// login begins a login of key n and returns its ref.
func (b *bed) login(n int, id string) string {
	b.t.Helper()
	ref := store.LoginRef(id)
	l := store.Login{Ref: ref, Device: key(n), Name: "Ada", Client: "test", Code: "KTQ-482", Expires: b.now.Add(10 * time.Minute)}
	if err := b.BeginLogin(b.ctx, l, b.now); err != nil {
		b.t.Fatal(err)
	}
	return ref
}

// through is login, ended well.
func (b *bed) through(n int, id, subject string) string {
	b.t.Helper()
	ref := b.login(n, id)
	if err := b.EndLogin(b.ctx, ref, store.Subject{Issuer: "https://idp", Subject: subject, Name: "Ada Lovelace"}, ""); err != nil {
		b.t.Fatal(err)
	}
	return ref
}

func (b *bed) failed(err error, reason wire.LoginReason) {
	b.t.Helper()
	f, ok := errors.AsType[*store.LoginFailed](err)
	if !ok || f.Reason != reason {
		b.t.Errorf("error %v, want %s", err, reason)
	}
}

// A login's way: begun, its state taken once, ended once, used once, and by
// its own device.
func logins(t *testing.T, b *bed) {
	ref := b.login(1, "one")
	claim := func(n int, name, ref string) (wire.Person, string, error) {
		return b.ClaimLogin(b.ctx, key(n), name, ref, b.now)
	}
	_, _, err := claim(1, "Ada", "")
	b.want(err, store.ErrLogin)
	_, _, err = claim(1, "Ada", ref)
	b.want(err, store.ErrLoginPending)
	_, _, err = claim(2, "Ada", ref)
	b.want(err, store.ErrLogin) // of another device

	flow := store.Flow{Browser: []byte("cookie"), Nonce: "nonce", Verifier: "verifier"}
	if err := errors.Join(b.StartLogin(b.ctx, ref, "old", flow, b.now), b.StartLogin(b.ctx, ref, "state", flow, b.now)); err != nil {
		t.Fatal(err)
	}
	_, err = b.LoginByState(b.ctx, "old", b.now)
	b.want(err, store.ErrNotFound) // one flow at a time
	l, err := b.LoginByState(b.ctx, "state", b.now)
	if err != nil || l.Ref != ref || l.Ended || l.Nonce != "nonce" || l.Verifier != "verifier" || string(l.Browser) != "cookie" ||
		l.Code != "KTQ-482" || l.Name != "Ada" || l.Client != "test" || string(l.Device) != string(key(1)) || !l.Expires.Equal(b.now.Add(10*time.Minute)) {
		t.Errorf("by state: %+v, %v", l, err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := b.TakeState(b.ctx, "state"); err == nil {
				won.Add(1)
			} else if !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("a state was taken %d times", won.Load())
	}
	who := store.Subject{Issuer: "https://idp", Subject: "s1", Name: "Ada Lovelace"}
	if err := b.EndLogin(b.ctx, ref, who, ""); err != nil {
		t.Fatal(err)
	}
	b.want(b.EndLogin(b.ctx, ref, store.Subject{}, wire.LoginDenied), store.ErrNotFound)
	b.want(b.StartLogin(b.ctx, ref, "more", flow, b.now), store.ErrNotFound)
	if refs, err := b.EndedLogins(b.ctx); err != nil || !slices.Equal(refs, []string{ref}) {
		t.Errorf("ended: %v, %v", refs, err)
	}
	_, _, err = claim(2, "Mallory", ref)
	b.want(err, store.ErrLogin)
	b.claim(3, "Bob")
	for name, want := range map[string]error{"": store.ErrNoName, "Bob": store.ErrNameTaken} {
		_, proposed, err := claim(1, name, ref)
		b.want(err, want)
		if proposed != "Ada Lovelace" {
			t.Errorf("proposed with %v: %q", err, proposed)
		}
	}
	ada, _, err := claim(1, "Ada", ref)
	if err != nil || ada.Name != "Ada" {
		t.Fatalf("%+v, %v", ada, err)
	}
	if again, _, err := claim(1, "", ""); err != nil || again.ID != ada.ID {
		t.Errorf("a key that is known: %+v, %v", again, err)
	}
	_, err = b.Login(b.ctx, ref, b.now)
	b.want(err, store.ErrNotFound) // used

	for _, reason := range []wire.LoginReason{wire.LoginDenied, wire.LoginNotAllowed, wire.LoginProvider} {
		ref := b.login(4, string(reason))
		if err := b.EndLogin(b.ctx, ref, store.Subject{}, reason); err != nil {
			t.Fatal(err)
		}
		_, _, err := claim(4, "Cy", ref)
		b.failed(err, reason)
	}
	late := b.through(4, "late", "s4")
	b.now = b.now.Add(10 * time.Minute)
	_, _, err = claim(4, "Cy", late)
	b.want(err, store.ErrLogin)
}

// A subject is one person, whatever device it comes with.
func subjects(t *testing.T, b *bed) {
	op := b.Store.(operator)
	release := b.Store.(interface {
		Release(ctx context.Context, name string, now time.Time) error
	}).Release
	ada, _, err := b.ClaimLogin(b.ctx, key(1), "Ada", b.through(1, "a", "s"), b.now)
	if err != nil {
		t.Fatal(err)
	}
	second := b.through(2, "b", "s")
	_, _, err = b.ClaimLogin(b.ctx, key(2), "Ada 2", second, b.now)
	b.failed(err, wire.LoginElsewhere)
	if r, err := b.ByID(b.ctx, ada.ID); err != nil || string(r.Person.Key) != string(key(1)) {
		t.Errorf("her key is not hers any more: %+v, %v", r, err)
	}
	if err := op.Disable(b.ctx, "Ada", b.now); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.ClaimLogin(b.ctx, key(2), "Ada 2", second, b.now)
	b.want(err, store.ErrDisabled) // with another device as well
	if err := op.Enable(b.ctx, "Ada"); err != nil {
		t.Fatal(err)
	}

	// A device that is linked to hers needs no login.
	b.link(ada, 10, list(1, 10))
	if p, _, err := b.ClaimLogin(b.ctx, key(10), "", "", b.now); err != nil || p.ID != ada.ID {
		t.Errorf("a linked device: %+v, %v", p, err)
	}
	b.claim(7, "Open")
	b.want(release(b.ctx, "Open", b.now), store.ErrNoSubject)
	b.want(release(b.ctx, "Nobody", b.now), store.ErrNotFound)
	if err := release(b.ctx, "ada", b.now); err != nil {
		t.Fatal(err)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || !slices.Equal(ids, []string{ada.ID}) {
		t.Errorf("ended by releasing: %v, %v", ids, err)
	}
	_, _, err = b.ClaimLogin(b.ctx, key(1), "Ada", "", b.now)
	b.want(err, store.ErrLogin) // the old device is nobody's
	_, _, err = b.ClaimLogin(b.ctx, key(10), "", "", b.now)
	b.want(err, store.ErrRemoved) // and what it linked is not hers any more
	if l, err := b.DeviceList(b.ctx, ada.ID); l != nil || err != nil {
		t.Errorf("the list of the old key: %v, %v", l, err)
	}
	moved, _, err := b.ClaimLogin(b.ctx, key(2), "Whatever", second, b.now)
	if err != nil || moved.ID != ada.ID || moved.Name != "Ada" || string(moved.Key) != string(key(2)) {
		t.Errorf("the next device: %+v, %v", moved, err)
	}
	if ids, err := b.Ended(b.ctx, b.now); err != nil || len(ids) != 0 {
		t.Errorf("the new session would end: %v, %v", ids, err)
	}
	_, _, err = b.ClaimLogin(b.ctx, key(3), "Ada 3", b.through(3, "c", "s"), b.now)
	b.failed(err, wire.LoginElsewhere)

	// Whom the operator deletes does not come back through the provider either.
	if err := op.Delete(b.ctx, "Ada", false, b.now); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.ClaimLogin(b.ctx, key(4), "Ada 4", b.through(4, "d", "s"), b.now)
	b.want(err, store.ErrDisabled)
	if err := op.Readmit(b.ctx, ada.ID); err != nil {
		t.Fatal(err)
	}
	back, _, err := b.ClaimLogin(b.ctx, key(4), "Ada 4", b.through(4, "e", "s"), b.now)
	if err != nil || back.ID == ada.ID {
		t.Fatalf("let in again: %+v, %v", back, err)
	}
	// Who left by themselves may.
	if err := b.Leave(b.ctx, back.ID, b.now); err != nil {
		t.Fatal(err)
	}
	if p, _, err := b.ClaimLogin(b.ctx, key(5), "Ada 5", b.through(5, "f", "s"), b.now); err != nil || p.ID == back.ID {
		t.Errorf("back after leaving: %+v, %v", p, err)
	}

	// Of several devices at the same time one comes in.
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for i := range 6 {
		ref := b.through(20+i, string(rune('k'+i)), "race")
		wg.Go(func() {
			_, _, err := b.ClaimLogin(b.ctx, key(20+i), string(rune('k'+i)), ref, b.now)
			if err == nil {
				won.Add(1)
			} else if f, ok := errors.AsType[*store.LoginFailed](err); ok && f.Reason == wire.LoginElsewhere {
				lost.Add(1)
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 5 {
		t.Errorf("%d came in, %d did not", won.Load(), lost.Load())
	}
}
