package server_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func states(ps []wire.Presence) string {
	var s []string
	for _, p := range ps {
		s = append(s, p.Person.Name+" "+string(p.State))
	}
	slices.Sort(s)
	return fmt.Sprint(s)
}

func TestPresence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signIn(t, "Old").bye()
	bob := r.signIn(t, "Bob")
	ada := r.signIn(t, "Ada")
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Busy})

	list := body[wire.PresenceList](ada, ada.do(wire.KindWatch, "", wire.Watch{Everyone: true}))
	if got := states(list.People); got != "[Ada available Bob busy Old offline]" {
		t.Errorf("snapshot %s", got)
	}
	for _, p := range list.People {
		if (p.State == wire.Offline) != (p.SeenMS > 0) {
			t.Errorf("%s %s seen %d ms ago", p.Person.Name, p.State, p.SeenMS)
		}
	}
	bob.do(wire.KindStatus, "", wire.Status{State: wire.Available})
	ada.presence("Bob", wire.Available)
	cy := r.signIn(t, "Cy") // a new person
	ada.presence("Cy", wire.Available)
	cy2 := r.signIn(t, "Cy")
	cy.bye()
	connect(bob, cy2, "c1")
	ada.presence("Cy", wire.InCall)
	cy2.bye() // ends the call, too
	bob.want(wire.KindHangup)
	ada.presence("Cy", wire.Offline)
	bob.bye()
	bob = r.dial(t)
	bob.hello(keyOf("Bob"), "Robert")
	bob.want(wire.KindReady)
	ada.presence("Robert", wire.Available)
}

// Presence is not kept while there is no link; after resume it is complete.
func TestPresenceAfterResume(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bob, cy := r.signIn(t, "Bob"), r.signIn(t, "Cy")
	ada := r.signIn(t, "Ada")
	ada.do(wire.KindWatch, "", wire.Watch{Names: []string{"bob", "Cy", "nobody"}})
	ada.cut()
	bob.bye()
	cy.do(wire.KindStatus, "", wire.Status{State: wire.Busy})
	ada.resume()
	seen := map[string]wire.PresenceState{}
	for len(seen) < 2 {
		e, err := ada.read()
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != wire.KindPresence {
			continue
		}
		for _, p := range body[wire.PresenceList](ada, e).People {
			seen[p.Person.Name] = p.State
		}
	}
	if fmt.Sprint(seen) != "map[Bob:offline Cy:busy]" {
		t.Errorf("after resume %v", seen)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Directory = false; c.Limits.Watched = 1 }))
	ada := r.signIn(t, "Ada")
	r.signIn(t, "Bob")
	r.signIn(t, "Cy")
	if ada.welcome.Directory {
		t.Error("welcome says that there is a directory")
	}
	ada.refused(wire.CodeNoDirectory, wire.KindWatch, "", wire.Watch{Everyone: true})
	for range 2 { // the same person again is no more than one
		list := body[wire.PresenceList](ada, ada.do(wire.KindWatch, "", wire.Watch{Names: []string{"Bob"}}))
		if states(list.People) != "[Bob available]" {
			t.Errorf("watch by name: %+v", list)
		}
	}
	ada.refused(wire.CodeTooMany, wire.KindWatch, "", wire.Watch{Names: []string{"Cy"}})
	ada.do(wire.KindUnwatch, "", wire.Watch{Names: []string{"Bob"}})
	ada.do(wire.KindWatch, "", wire.Watch{Names: []string{"Cy"}})
}

// Whoever connects is told of the newest version that the operator offers.
func TestNewestVersion(t *testing.T) {
	t.Parallel()
	offer := wire.Release{Version: "1.4.0", Page: "https://example.org/parley"}
	if got := newRig(t, config(func(c *serverConfig) { c.Newest = &offer })).signIn(t, "Ada").welcome.Newest; got == nil || *got != offer {
		t.Errorf("welcome offers %+v", got)
	}
	if got := newRig(t).signIn(t, "Ada").welcome.Newest; got != nil {
		t.Errorf("without an offer: %+v", got)
	}
}

// A snapshot that is longer than one message comes in several.
func TestLongSnapshot(t *testing.T) {
	t.Parallel()
	var st store.Store
	r := newRig(t, func(_ *serverConfig, s *store.Store) {
		mem, err := store.Open(context.Background(), ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		st, *s = mem, mem
	})
	const people = 450
	for i := range people {
		key := make([]byte, 32)
		key[0], key[1] = byte(i), byte(i>>8)
		if _, err := st.Claim(t.Context(), key, fmt.Sprintf("\"%059d\"", i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ada := r.signIn(t, "Ada")
	seen := map[string]bool{}
	add := func(e wire.Envelope) {
		for _, p := range body[wire.PresenceList](ada, e).People {
			seen[p.Person.Name] = true
		}
	}
	add(ada.do(wire.KindWatch, "", wire.Watch{Everyone: true}))
	for len(seen) < people+1 {
		e, err := ada.read()
		if err != nil {
			t.Fatalf("saw %d: %v", len(seen), err)
		}
		if e.Kind == wire.KindPresence {
			add(e)
		}
	}
}

func TestContacts(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.Limits.Contacts = 2 }))
	for _, n := range []string{"Bob", "Cy", "Dan"} {
		r.signIn(t, n)
	}
	ada := r.signIn(t, "Ada")
	if p := body[wire.Person](ada, ada.do(wire.KindContactAdd, "", wire.Contact{Name: "cy"})); p.Name != "Cy" {
		t.Errorf("added %+v", p)
	}
	ada.do(wire.KindContactAdd, "", wire.Contact{Name: "Bob"})
	ada.refused(wire.CodeNobody, wire.KindContactAdd, "", wire.Contact{Name: "Zoe"})
	ada.refused(wire.CodeSelf, wire.KindContactAdd, "", wire.Contact{Name: "Ada"})
	ada.refused(wire.CodeTooMany, wire.KindContactAdd, "", wire.Contact{Name: "Dan"})
	if l := body[wire.ContactList](ada, ada.do(wire.KindContacts, "", nil)); states(l.People) != "[Bob available Cy available]" {
		t.Errorf("contacts %+v", l)
	}
	ada.do(wire.KindContactDel, "", wire.Contact{Name: "BOB"})
	ada.refused(wire.CodeNobody, wire.KindContactDel, "", wire.Contact{Name: "Bob"})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRig(t, config(func(c *serverConfig) { c.PublicURL = "https://calls.example.org/"; c.Limits.Links = 2 }))
	ada, bob := r.signIn(t, "Ada"), r.signIn(t, "Bob")
	byLink := func(l wire.Link) wire.Invite {
		return wire.Invite{Link: l.Code, Media: wire.Media{Audio: true}, Offer: offer}
	}

	once := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{Uses: 1}))
	if once.URL != "https://calls.example.org/j/"+once.Code || once.UsesLeft != 1 || once.Owner.Name != "Ada" || once.ExpiresMS <= 0 {
		t.Errorf("link %+v", once)
	}
	if l := body[wire.Link](bob, bob.do(wire.KindLinkLook, "", wire.LinkRef{Code: once.Code})); l.Owner.Name != "Ada" {
		t.Errorf("looked at %+v", l)
	}
	bob.refused(wire.CodeLinkUnknown, wire.KindInvite, "c0", byLink(wire.Link{Code: "nosuchlink"}))

	// A call that does not come about costs no use.
	ada.bye()
	bob.refused(wire.CodeAway, wire.KindInvite, "c1", byLink(once))
	ada = r.signIn(t, "Ada")
	bob.do(wire.KindInvite, "c2", byLink(once))
	ada.want(wire.KindInvite)
	bob.do(wire.KindCancel, "c2", wire.Reason{Reason: wire.EndCancelled})
	ada.want(wire.KindCancel)
	bob.refused(wire.CodeLinkUsed, wire.KindInvite, "c3", byLink(once))
	bob.refused(wire.CodeLinkUsed, wire.KindLinkLook, "", wire.LinkRef{Code: once.Code})

	soon := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{TTLms: 1}))
	r.waitLink(t, soon.Code)
	bob.refused(wire.CodeLinkExpired, wire.KindInvite, "c4", byLink(soon))

	ever := body[wire.Link](ada, ada.do(wire.KindLinkCreate, "", wire.LinkCreate{}))
	ada.refused(wire.CodeTooMany, wire.KindLinkCreate, "", wire.LinkCreate{})
	ada.refused(wire.CodeSelf, wire.KindInvite, "c5", byLink(ever))
	bob.refused(wire.CodeLinkUnknown, wire.KindLinkDel, "", wire.LinkRef{Code: ever.Code})
	ada.do(wire.KindLinkDel, "", wire.LinkRef{Code: ever.Code})
	bob.refused(wire.CodeLinkUnknown, wire.KindLinkLook, "", wire.LinkRef{Code: ever.Code})
}

// waitLink waits until a link has expired.
func (r *rig) waitLink(t *testing.T, code string) {
	t.Helper()
	for {
		if _, err := r.store.Link(t.Context(), code, time.Now()); errors.Is(err, store.ErrLinkExpired) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// full is a store that cannot write any more once it is told so.
type full struct {
	store.Store
	on chan struct{}
}

func (f *full) err() error {
	select {
	case <-f.on:
		return fmt.Errorf("%w: database or disk is full (13)", store.ErrUnavailable)
	default:
		return nil
	}
}

func (f *full) Claim(ctx context.Context, key []byte, name string, now time.Time) (wire.Person, error) {
	if p, err := f.Store.Claim(ctx, key, "", now); err == nil && (name == "" || name == p.Name) {
		return p, nil
	}
	if err := f.err(); err != nil {
		return wire.Person{}, err
	}
	return f.Store.Claim(ctx, key, name, now)
}
func (f *full) Seen(ctx context.Context, id string, now time.Time) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.Seen(ctx, id, now)
}
func (f *full) AddContact(ctx context.Context, owner, other string, most int) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.AddContact(ctx, owner, other, most)
}
func (f *full) Log(ctx context.Context, owner string, e wire.LogEntry) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.Log(ctx, owner, e)
}
func (f *full) CreateLink(ctx context.Context, l store.Link, most int, now time.Time) error {
	if err := f.err(); err != nil {
		return err
	}
	return f.Store.CreateLink(ctx, l, most, now)
}

// With a full disk, what must be saved is refused with a sentence, and what
// need not be goes on: sign-in of those who are known, presence, calls.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	var f *full
	r := newRig(t, func(_ *serverConfig, s *store.Store) {
		mem, err := store.Open(context.Background(), ":memory:")
		if err != nil {
			t.Fatal(err)
		}
		f = &full{Store: mem, on: make(chan struct{})}
		*s = f
	})
	ada := r.signIn(t, "Ada")
	r.signIn(t, "Bob").bye()
	close(f.on)
	stillWorks(t, r, ada)
}

// The same with a real database that may not grow.
func TestDatabaseFull(t *testing.T) {
	t.Parallel()
	var st *store.SQL
	r := newRig(t, func(_ *serverConfig, s *store.Store) {
		var err error
		st, err = store.OpenWith(context.Background(), filepath.Join(t.TempDir(), store.File), store.Options{MaxBytes: 400 << 10})
		if err != nil {
			t.Fatal(err)
		}
		*s = st
	})
	ada := r.signIn(t, "Ada")
	bob := r.signIn(t, "Bob")
	bob.bye()
	n := 0
	fill := func() { // every table up to its last page
		for _, write := range []func() error{
			func() error {
				return st.Log(t.Context(), ada.ready.Me.ID, wire.LogEntry{Call: strings.Repeat("x", 2000), Other: ada.ready.Me})
			},
			func() error {
				return st.Log(t.Context(), ada.ready.Me.ID, wire.LogEntry{Other: ada.ready.Me})
			},
			func() error {
				l := store.Link{Code: fmt.Sprintf("%016d", n), Owner: bob.ready.Me, Expires: time.Now().Add(time.Hour)}
				return st.CreateLink(t.Context(), l, 1<<30, time.Now())
			},
			func() error {
				_, err := st.Claim(t.Context(), fmt.Appendf(nil, "%032d", n), fmt.Sprintf("person %08d", n), time.Now())
				return err
			},
			func() error { // no longer than who comes next
				key := sha256.Sum256(fmt.Append(nil, n))
				_, err := st.Claim(t.Context(), key[:], strconv.FormatInt(int64(n), 36), time.Now())
				return err
			},
		} {
			// Ids are random: one page of a table has room when another is full.
			for failed := 0; failed < 64; n++ {
				switch err := write(); {
				case err == nil:
					failed = 0
				case errors.Is(err, store.ErrUnavailable):
					failed++
				default:
					t.Fatal(err)
				}
			}
		}
	}
	fill()
	stillWorks(t, r, ada)
}

func stillWorks(t *testing.T, r *rig, ada *peer) {
	if e := ada.refused(wire.CodeStorage, wire.KindLinkCreate, "", wire.LinkCreate{}); e.RetryMS <= 0 {
		t.Errorf("error %+v", e)
	}
	stranger := r.dial(t)
	stranger.hello(keyOf("Zoe"), "Zoe")
	stranger.isError(stranger.next(), wire.CodeStorage)
	if code := stranger.closed(); code != wire.CloseStorage || wire.Final(code) {
		t.Errorf("close code %d", code)
	}
	bob := r.signIn(t, "Bob")
	connect(ada, bob, "c1")
	bob.do(wire.KindHangup, "c1", wire.Reason{Reason: wire.EndHangup})
	ada.want(wire.KindHangup)
	ada.do(wire.KindHistory, "", wire.HistoryQuery{})
}
