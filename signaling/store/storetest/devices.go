package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func list(version uint64, devices ...int) wire.DeviceList {
	l := wire.DeviceList{Version: version, Keys: [][]byte{}, Signature: bytes.Repeat([]byte{9}, 64)}
	for _, n := range devices {
		l.Keys = append(l.Keys, key(n))
	}
	return l
}

func joining(n int) wire.Joining {
	return wire.Joining{Key: key(n), Name: "Laptop", Proof: key(n + 100)}
}

const place = "mfrggzdfmztwq2lknnwg23tpoa"

// link brings device n to a person by the next list.
func (b *bed) link(person wire.Person, n int, l wire.DeviceList) {
	b.t.Helper()
	place := fmt.Sprint(place, n)
	b.want(b.OpenPlace(b.ctx, person.ID, place, b.now.Add(time.Minute), b.now), nil)
	_, err := b.Join(b.ctx, place, joining(n), b.now)
	b.want(err, nil)
	b.want(b.Admit(b.ctx, person.ID, wire.Admit{Place: place, Key: key(n), List: l, Proof: key(50)}, b.now), nil)
}

func devices(t *testing.T, b *bed) {
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	if l, err := b.DeviceList(b.ctx, ada.ID); l != nil || err != nil {
		t.Errorf("before there was one: %v, %v", l, err)
	}
	_, err := b.Join(b.ctx, place, joining(10), b.now)
	b.want(err, store.ErrNotFound)
	b.want(b.OpenPlace(b.ctx, ada.ID, "another-place", b.now.Add(time.Minute), b.now), nil)
	b.want(b.OpenPlace(b.ctx, ada.ID, place, b.now.Add(time.Minute), b.now), nil)
	_, err = b.LookPlace(b.ctx, ada.ID, "another-place", b.now) // one at a time
	b.want(err, store.ErrNotFound)
	_, err = b.LookPlace(b.ctx, bob.ID, place, b.now)
	b.want(err, store.ErrNotFound)
	b.want(b.OpenPlace(b.ctx, bob.ID, place, b.now.Add(time.Minute), b.now), store.ErrKeyUsed)
	if j, err := b.LookPlace(b.ctx, ada.ID, place, b.now); err != nil || j.Key != nil || j.Name != "" {
		t.Errorf("nobody is there: %+v, %v", j, err)
	}
	for range 2 { // the device asks again and again
		if proof, err := b.Join(b.ctx, place, joining(10), b.now); proof != nil || err != nil {
			t.Fatalf("not let in yet: %x, %v", proof, err)
		}
	}
	_, err = b.Join(b.ctx, place, joining(11), b.now) // the second that comes
	b.want(err, store.ErrNotFound)
	if j, err := b.LookPlace(b.ctx, ada.ID, place, b.now); err != nil || !bytes.Equal(j.Key, key(10)) || j.Name != "Laptop" || !bytes.Equal(j.Proof, key(110)) {
		t.Errorf("who is there: %+v, %v", j, err)
	}
	_, err = b.LookPlace(b.ctx, ada.ID, place, b.now.Add(2*time.Minute))
	b.want(err, store.ErrNotFound)
	_, err = b.Join(b.ctx, place, joining(10), b.now.Add(2*time.Minute))
	b.want(err, store.ErrNotFound)

	admit := wire.Admit{Place: place, Key: key(10), List: list(1, 10), Proof: key(50)}
	for name, f := range map[string]func(*wire.Admit) error{
		"another device": func(a *wire.Admit) error { a.Key = key(11); return store.ErrNotFound },
		"another place":  func(a *wire.Admit) error { a.Place = "another-place"; return store.ErrNotFound },
		"a later list":   func(a *wire.Admit) error { a.List.Version = 2; return store.ErrListOld },
	} {
		a := admit
		want := f(&a)
		if err := b.Admit(b.ctx, ada.ID, a, b.now); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	b.want(b.Admit(b.ctx, bob.ID, admit, b.now), store.ErrNotFound)
	b.want(b.Admit(b.ctx, ada.ID, admit, b.now), nil)
	b.want(b.Admit(b.ctx, ada.ID, admit, b.now), store.ErrListOld)
	for range 2 { // ready may be lost, and is asked for again
		if proof, err := b.Join(b.ctx, place, joining(10), b.now); !bytes.Equal(proof, key(50)) || err != nil {
			t.Errorf("let in: %x, %v", proof, err)
		}
	}
	_, err = b.Join(b.ctx, place, joining(11), b.now)
	b.want(err, store.ErrNotFound)

	me, err := b.Claim(b.ctx, key(10), "", b.now)
	if err != nil || me.ID != ada.ID || !bytes.Equal(me.Key, key(1)) {
		t.Errorf("the device signs in as %+v, %v", me, err)
	}
	if me, err = b.Claim(b.ctx, key(10), "Countess", b.now); err != nil || me.ID != ada.ID || me.Name != "Countess" {
		t.Errorf("the device takes another name: %+v, %v", me, err)
	}
	_, err = b.Claim(b.ctx, key(10), "Bob", b.now)
	b.want(err, store.ErrNameTaken)
	if me := b.claim(1, ""); me.Name != "Countess" {
		t.Errorf("the main device is called %q", me.Name)
	}
	b.want(b.DeviceSeen(b.ctx, key(10), b.now.Add(time.Hour)), nil)
	b.want(b.DeviceSeen(b.ctx, key(1), b.now), nil)
	ds, err := b.Devices(b.ctx, ada.ID)
	if err != nil || len(ds) != 1 || ds[0].Name != "Laptop" || !ds[0].Added.Equal(b.now) || !ds[0].Seen.Equal(b.now.Add(time.Hour)) {
		t.Errorf("%+v, %v", ds, err)
	}
	if l, err := b.DeviceList(b.ctx, ada.ID); err != nil || l == nil || l.Version != 1 || !l.Has(key(10)) {
		t.Errorf("%+v, %v", l, err)
	}

	// Keys that are somebody's already.
	b.want(b.OpenPlace(b.ctx, bob.ID, place+"b", b.now.Add(time.Minute), b.now), nil)
	for _, n := range []int{1, 10} {
		b.want(b.OpenPlace(b.ctx, bob.ID, place+"b", b.now.Add(time.Minute), b.now), nil)
		if _, err := b.Join(b.ctx, place+"b", joining(n), b.now); err != nil {
			t.Fatal(err)
		}
		b.want(b.Admit(b.ctx, bob.ID, wire.Admit{Place: place + "b", Key: key(n), List: list(1, n), Proof: key(50)}, b.now), store.ErrKeyUsed)
	}

	b.link(ada, 12, list(2, 10, 12))
	b.want(b.RemoveDevice(b.ctx, bob.ID, wire.Remove{Key: key(10)}, b.now), store.ErrNotFound)
	two := list(2, 12)
	b.want(b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(10), List: &two}, b.now), store.ErrListOld)
	three := list(3, 12)
	b.want(b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(10), List: &three}, b.now), nil)
	_, err = b.Claim(b.ctx, key(10), "", b.now)
	b.want(err, store.ErrRemoved)
	_, err = b.Claim(b.ctx, key(10), "Somebody else", b.now)
	b.want(err, store.ErrRemoved)
	if keys, err := b.RemovedDevices(b.ctx, b.now.Add(-time.Second)); err != nil || len(keys) != 1 || !bytes.Equal(keys[0], key(10)) {
		t.Errorf("removed: %x, %v", keys, err)
	}
	if keys, err := b.RemovedDevices(b.ctx, b.now.Add(time.Second)); err != nil || len(keys) != 0 {
		t.Errorf("removed since later: %x, %v", keys, err)
	}
	// One leaves by itself; the account takes it from the list afterwards.
	b.want(b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(12)}, b.now), nil)
	b.want(b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(12)}, b.now), store.ErrNotFound)
	four := list(4)
	b.want(b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(12), List: &four}, b.now), nil)
	if ds, err := b.Devices(b.ctx, ada.ID); err != nil || len(ds) != 0 {
		t.Errorf("%+v, %v", ds, err)
	}
	b.want(b.OpenPlace(b.ctx, ada.ID, place, b.now.Add(time.Minute), b.now), nil)
	b.want(b.ClosePlace(b.ctx, bob.ID, place), nil)
	_, err = b.LookPlace(b.ctx, ada.ID, place, b.now)
	b.want(err, nil)
	b.want(b.ClosePlace(b.ctx, ada.ID, place), nil)
	_, err = b.Join(b.ctx, place, joining(13), b.now)
	b.want(err, store.ErrNotFound)
}

// Whom the operator deletes does not come back through a linked device either;
// who goes by themselves may, with whatever key.
func deletedDevices(t *testing.T, b *bed) {
	db := b.Store.(*store.SQL)
	ada, bob := b.claim(1, "Ada"), b.claim(2, "Bob")
	b.link(ada, 10, list(1, 10))
	b.link(bob, 11, list(1, 11))
	b.want(db.Delete(b.ctx, "Ada", false, b.now), nil)
	_, err := b.Claim(b.ctx, key(10), "Grace", b.now)
	b.want(err, store.ErrDisabled)
	b.want(db.Readmit(b.ctx, ada.ID), nil)
	b.claim(10, "Grace")
	b.want(b.Leave(b.ctx, bob.ID, b.now), nil)
	_, err = b.Claim(b.ctx, key(11), "Bob", b.now)
	b.want(err, store.ErrDeleted)
	b.claim(12, "Bob")
}

// Of many lists of the same version one counts.
func listsRace(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	b.link(ada, 10, list(1, 10))
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			two := list(2)
			switch err := b.RemoveDevice(b.ctx, ada.ID, wire.Remove{Key: key(10), List: &two}, b.now); {
			case err == nil:
				won.Add(1)
			case errors.Is(err, store.ErrListOld):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 7 {
		t.Errorf("%d lists counted, %d came too late", won.Load(), lost.Load())
	}
}

// Of many devices at a place one has it.
func placeRace(t *testing.T, b *bed) {
	ada := b.claim(1, "Ada")
	b.want(b.OpenPlace(b.ctx, ada.ID, place, b.now.Add(time.Minute), b.now), nil)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			switch _, err := b.Join(b.ctx, place, joining(20+i), b.now); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrNotFound):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d devices have the place", won.Load())
	}
}
