package line

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"parley/call/trust"
	"parley/signaling/discover"
	"parley/ui/present"
)

// problem is what an error says to a person.
func wantProblem(t *testing.T, err error, want present.ServiceProblem) {
	t.Helper()
	var e *present.ServiceError
	if !errors.As(err, &e) || e.Problem != want {
		t.Errorf("the error is %v, want the sentence %q", err, want)
	}
}

// link brings a second program to the account of the first.
func link(t *testing.T, main, second *rig, url string) {
	t.Helper()
	k, err := main.Link(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	joined := make(chan error, 1)
	go func() { joined <- second.Join(t.Context(), url, k.Code(), "Laptop") }()
	name, err := k.Wait(t.Context())
	if err != nil || name != "Laptop" {
		t.Fatalf("%q waits (%v)", name, err)
	}
	if err := k.Admit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	second.until(t, "sign-in as Anna", func(p present.People) bool { return online(p) && p.Me.Name == "Anna" })
}

func TestLinkAndRemove(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	main := start(t, Config{Name: "Anna", Service: url})
	main.until(t, "sign-in", online)
	second := start(t, Config{})
	link(t, main, second, url)
	if second.Main() || !main.Main() || second.kept != "Anna at "+url {
		t.Errorf("main %v, linked %v, kept %q", main.Main(), second.Main(), second.kept)
	}
	if a, b := main.State().Me.Key, second.State().Me.Key; string(a) != string(b) {
		t.Error("they are not the same person")
	}
	if _, err := second.Phrase(); !errors.Is(err, trust.ErrNotMain) {
		t.Errorf("the linked device has the words (%v)", err)
	}
	_, err := second.Link(t.Context())
	wantProblem(t, err, present.ProblemNotMain)
	ds, err := main.Devices(t.Context())
	if err != nil || len(ds) != 2 || !ds[0].Main || !ds[0].This || ds[1].Name != "Laptop" || ds[1].This || !ds[1].Here {
		t.Fatalf("%+v, %v", ds, err)
	}
	// Calls go to both: the second has its statements signed for the account.
	if !second.cfg.Identity.Devices().Has(second.cfg.Identity.Public()) {
		t.Error("the second device cannot show that it is Anna's")
	}
	before := second.cfg.Identity.Public()
	if err := main.RemoveDevice(t.Context(), ds[1].Key); err != nil {
		t.Fatal(err)
	}
	second.until(t, "the first screen, with a word", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemRemoved
	})
	if string(second.cfg.Identity.Public()) == string(before) || !second.cfg.Identity.Main() {
		t.Error("the removed device keeps its key")
	}
	if ds, err := main.Devices(t.Context()); err != nil || len(ds) != 1 {
		t.Errorf("%+v, %v", ds, err)
	}
	if l := main.cfg.Identity.Devices(); l.Has(before) || l.Version != 2 {
		t.Errorf("the account still lists it: %+v", l)
	}
	// It may be somebody else now.
	if err := second.SignIn(t.Context(), "Ben", url); err != nil {
		t.Fatal(err)
	}
	second.until(t, "sign-in as Ben", func(p present.People) bool { return online(p) && p.Me.Name == "Ben" })
}

// A device that leaves by itself is taken from the account's list by the main
// one.
func TestDeviceLeaves(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	main := start(t, Config{Name: "Anna", Service: url})
	main.until(t, "sign-in", online)
	second := start(t, Config{})
	link(t, main, second, url)
	ds, err := second.Devices(t.Context())
	if err != nil || len(ds) != 2 || !ds[1].This {
		t.Fatalf("%+v, %v", ds, err)
	}
	before := second.cfg.Identity.Public()
	if err := second.RemoveDevice(t.Context(), ds[1].Key); err != nil {
		t.Fatal(err)
	}
	second.until(t, "the first screen", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemNone
	})
	if ds, err := main.Devices(t.Context()); err != nil || len(ds) != 1 {
		t.Errorf("%+v, %v", ds, err)
	}
	if main.cfg.Identity.Devices().Has(before) {
		t.Error("others would go on believing it")
	}
}

// Signing out deletes nothing: the words bring the account back, here as well.
func TestSignOutAndBack(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	main := start(t, Config{Name: "Anna", Service: url})
	main.until(t, "sign-in", online)
	words, err := main.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	account := main.cfg.Identity.Account()
	if err := main.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	main.until(t, "the first screen", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemSignedOut && p.Me.Name == ""
	})
	if main.cfg.Identity.Account().Equal(account) {
		t.Error("the key is still in use")
	}
	if err := main.SignIn(t.Context(), "Ben", url); err != nil {
		t.Fatal(err)
	}
	main.until(t, "sign-in as Ben", func(p present.People) bool { return online(p) && p.Me.Name == "Ben" })
	if err := main.Recover(t.Context(), url, strings.Join(words, " ")); err != nil {
		t.Fatal(err)
	}
	main.until(t, "Anna again", func(p present.People) bool { return online(p) && p.Me.Name == "Anna" })
	if !main.cfg.Identity.Account().Equal(account) || !main.Main() {
		t.Error("she is somebody else")
	}
}

// A linked device that signs out is no longer in the list of the account.
func TestLinkedDeviceSignsOut(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	main := start(t, Config{Name: "Anna", Service: url})
	main.until(t, "sign-in", online)
	second := start(t, Config{})
	link(t, main, second, url)
	second.until(t, "sign-in", online)
	if err := second.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	second.until(t, "the first screen", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemSignedOut
	})
	if ds, err := main.Devices(t.Context()); err != nil || len(ds) != 1 {
		t.Errorf("%+v, %v", ds, err)
	}
}

func TestJoinRefused(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	main := start(t, Config{Name: "Anna", Service: url})
	main.until(t, "sign-in", online)
	second := start(t, Config{})
	before := second.cfg.Identity.Public()
	ctx := t.Context()
	wantProblem(t, second.Join(ctx, url, "no code", "Laptop"), present.ProblemCode)
	wantProblem(t, second.Join(ctx, url, "abcd-efgh-jkmn-pqrs", "\x07"), present.ProblemBadName)
	wantProblem(t, second.Join(ctx, "ftp://x", "abcd-efgh-jkmn-pqrs", "Laptop"), present.ProblemAddress)
	wantProblem(t, second.Join(ctx, "", "abcd-efgh-jkmn-pqrs", "Laptop"), present.ProblemNoService)
	wantProblem(t, second.Join(ctx, url, "abcd-efgh-jkmn-pqrs", "Laptop"), present.ProblemPlace)
	wantProblem(t, second.Join(ctx, "http://127.0.0.1:1", "abcd-efgh-jkmn-pqrs", "Laptop"), present.ProblemUnreachable)
	k, err := main.Link(ctx)
	if err != nil {
		t.Fatal(err)
	}
	joined := make(chan error, 1)
	go func() { joined <- second.Join(ctx, url, k.Code(), "Laptop") }()
	if _, err := k.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	k.Refuse(ctx)
	wantProblem(t, <-joined, present.ProblemPlace)
	if string(second.cfg.Identity.Public()) != string(before) {
		t.Error("a refusal changed who this device is")
	}
	// A device whose program ends does not hang.
	k, err = main.Link(ctx)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithCancel(ctx)
	go func() { joined <- second.Join(short, url, k.Code(), "Laptop") }()
	if _, err := k.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-joined; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	there := start(t, Config{Name: "Anna", Service: url})
	there.until(t, "sign-in", online)
	words, err := there.Phrase()
	if err != nil {
		t.Fatal(err)
	}
	phrase := strings.Join(words, " ")
	found := discover.Service{URL: url, Start: time.Now()}
	again := start(t, Config{Find: func(context.Context) []discover.Service { return []discover.Service{found} }})
	wantProblem(t, again.Recover(t.Context(), url, strings.Join(words[1:], " ")), present.ProblemWords)
	wantProblem(t, again.Recover(t.Context(), url, strings.Repeat("parley ", 24)), present.ProblemWord)
	wantProblem(t, again.Recover(t.Context(), url, strings.Repeat("abandon ", 23)+"art"), present.ProblemNoAccount)
	if err := again.Recover(t.Context(), "", phrase); err != nil {
		t.Fatal(err)
	}
	p := again.until(t, "sign-in as Anna", func(p present.People) bool { return online(p) && p.Me.Name == "Anna" })
	if !again.Main() || string(p.Me.Key) != string(there.State().Me.Key) {
		t.Error("it is not the same account")
	}
}
