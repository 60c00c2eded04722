package trust

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"parley/signaling/wire"
)

// linked is a device of main's account.
func linked(t *testing.T, main *Identity) *Identity {
	t.Helper()
	d := identity(t)
	list, err := main.NextList(main.Devices(), d.Public(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := main.SetDevices(&list); err != nil {
		t.Fatal(err)
	}
	if err := d.Become(d.Key(), main.Account(), &list); err != nil {
		t.Fatal(err)
	}
	return d
}

// The bytes of a list are the same in every version of the program.
func TestListTranscript(t *testing.T) {
	const want = "7061726c65792e7631206465766963657300" + "0000000000000007" + "00000001aa" + "00000002bbcc"
	got := hex.EncodeToString(wire.ListTranscript(wire.DeviceList{Version: 7, Keys: [][]byte{{0xaa}, {0xbb, 0xcc}}}))
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestLists(t *testing.T) {
	main, other := identity(t), identity(t)
	d := linked(t, main)
	list := d.Devices()
	if !VerifyDevices(main.Account(), list) || VerifyDevices(other.Account(), list) || VerifyDevices(main.Account(), nil) {
		t.Error("whose list it is")
	}
	for name, f := range map[string]func(*wire.DeviceList){
		"version": func(l *wire.DeviceList) { l.Version++ }, "no device": func(l *wire.DeviceList) { l.Keys = nil },
		"one more":  func(l *wire.DeviceList) { l.Keys = append(slices.Clone(l.Keys), other.Public()) },
		"version 0": func(l *wire.DeviceList) { l.Version = 0 },
	} {
		l := *list
		if f(&l); VerifyDevices(main.Account(), &l) {
			t.Errorf("%s changed, and it still counts", name)
		}
	}
	if _, err := d.NextList(list, other.Public(), true); !errors.Is(err, ErrNotMain) {
		t.Errorf("a linked device adds one: %v", err)
	}
	if _, err := d.Phrase(); !errors.Is(err, ErrNotMain) {
		t.Errorf("a linked device has the account's words: %v", err)
	}
	without, err := main.NextList(list, d.Public(), false)
	if err != nil || without.Version != list.Version+1 || without.Has(d.Public()) {
		t.Fatal(without, err)
	}
	if err := main.SetDevices(&without); err != nil {
		t.Fatal(err)
	}
	if err := main.SetDevices(list); !errors.Is(err, ErrOldList) || main.Devices().Has(d.Public()) {
		t.Errorf("an older list: %v", err)
	}
	// A service may hand over a list with a device of its own, or an older one
	// with a removed device: neither is signed on.
	forged := *list
	forged.Version, forged.Keys = 9, [][]byte{other.Public()}
	for _, in := range []bool{true, false} {
		if next, err := main.NextList(&forged, identity(t).Public(), in); !errors.Is(err, ErrNotGenuine) {
			t.Errorf("a forged list is signed on: %+v, %v", next, err)
		}
	}
	for _, old := range []*wire.DeviceList{list, nil} {
		next, err := main.NextList(old, other.Public(), true)
		if err != nil || next.Has(d.Public()) || next.Version != without.Version+1 {
			t.Errorf("a removed device is back: %+v, %v", next, err)
		}
	}
	full := &without
	for range wire.MaxDevices {
		next, err := main.NextList(full, identity(t).Public(), true)
		if err != nil {
			t.Fatal(err)
		}
		full = &next
	}
	if _, err := main.NextList(full, identity(t).Public(), true); !errors.Is(err, ErrTooManyDevices) {
		t.Errorf("%d devices: %v", wire.MaxDevices+1, err)
	}
	if err := other.Become(other.Key(), main.Account(), list); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("linked by a list without it: %v", err)
	}
}

// A call between a linked device and somebody; what each of them believes.
func TestLinkedDevice(t *testing.T) {
	ada, ben := identity(t), identity(t)
	laptop := linked(t, ada)
	phone := linked(t, ada)
	say := func(from *Guard, kind string) wire.Description {
		d := wire.Description{Type: kind, SDP: sdp}
		d.Identity = from.Sign(d, 0, nil)
		return d
	}
	guard := func(known *wire.DeviceList) *Guard { return ben.NewGuard("C", false, ada.Account(), known) }
	offer := say(laptop.NewGuard("C", true, ben.Account(), nil), "offer")

	g := guard(nil)
	if err := g.Check(offer, 0, nil); err != nil {
		t.Fatalf("a device of hers: %v", err)
	}
	if !bytes.Equal(g.Peer(), ada.Account()) || !g.Devices().Has(laptop.Public()) {
		t.Error("who it was, and her devices, are not known afterwards")
	}
	if err := g.Check(say(phone.NewGuard("C", true, ben.Account(), nil), "offer"), 0, nil); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("another device of hers in the same call: %v", err)
	}
	// The other device was linked later: its list is newer and has both.
	if err := guard(phone.Devices()).Check(offer, 0, nil); err != nil {
		t.Errorf("with a list that is older than the known one: %v", err)
	}
	without, err := ada.NextList(ada.Devices(), laptop.Public(), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := guard(&without).Check(offer, 0, nil); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("after it was removed: %v", err)
	}
	if err := guard(&without).Check(say(ada.NewGuard("C", true, ben.Account(), nil), "offer"), 0, nil); err != nil {
		t.Errorf("her main device: %v", err)
	}

	mallory := identity(t)
	forged := wire.DeviceList{Version: 99, Keys: [][]byte{laptop.Public()}}
	forged.Signature = ed25519.Sign(mallory.Key(), wire.ListTranscript(forged))
	for name, f := range map[string]func(*wire.Identity){
		"no list":                   func(i *wire.Identity) { i.Devices = nil },
		"a list of another account": func(i *wire.Identity) { i.Devices = &forged },
		"no account":                func(i *wire.Identity) { i.Account = nil },
		"a short account":           func(i *wire.Identity) { i.Account = i.Account[:5] },
		"the peer's account":        func(i *wire.Identity) { i.Account = ben.Account() },
	} {
		d := offer
		i := *offer.Identity
		d.Identity = &i
		if f(&i); guard(nil).Check(d, 0, nil) == nil {
			t.Errorf("%s: taken for genuine", name)
		}
	}
	// Somebody claims a device of hers as one of theirs, to be taken for her
	// friend: the account is part of what is signed.
	d := offer
	i := *offer.Identity
	d.Identity, i.Account, i.Devices = &i, mallory.Account(), &forged
	if err := ben.NewGuard("C", false, mallory.Account(), nil).Check(d, 0, nil); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("her words in another's mouth: %v", err)
	}
	if err := phone.NewGuard("C", false, nil, nil).Check(offer, 0, nil); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("a call from oneself: %v", err)
	}
	to := say(ben.NewGuard("C", true, ada.Account(), nil), "offer")
	if err := phone.NewGuard("C", false, ben.Account(), nil).Check(to, 0, nil); err != nil {
		t.Errorf("to whichever device of hers: %v", err)
	}
}

func TestPinnedDevices(t *testing.T) {
	dir := t.TempDir()
	ada, mallory := identity(t), identity(t)
	d := linked(t, ada)
	first := d.Devices()
	second, err := ada.NextList(first, d.Public(), false)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := mallory.NextList(nil, d.Public(), true)
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadPins(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check("s", "Ada", ada.Account()); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*wire.DeviceList{first, &second, first, nil, &foreign} {
		if err := p.Saw("s", "Ada", ada.Account(), l); err != nil {
			t.Fatal(err)
		}
	}
	if p, err = LoadPins(dir); err != nil { // as after a restart
		t.Fatal(err)
	}
	if pin, _ := p.Look("s", "Ada"); pin.Devices == nil || pin.Devices.Version != second.Version || pin.Devices.Has(d.Public()) {
		t.Errorf("%+v", pin.Devices)
	}
	g := (&Book{Identity: identity(t), Pins: p, Service: func() string { return "s" }}).NewGuard("C", false, "Ada", ada.Account())
	if g.Devices().Has(d.Public()) {
		t.Error("the guard does not know what is known")
	}
}

func TestBecome(t *testing.T) {
	dir := t.TempDir()
	id, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	before := id.Public()
	ada := identity(t)
	next := identity(t)
	list, err := ada.NextList(nil, next.Public(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.Become(next.Key(), ada.Account(), &list); err != nil {
		t.Fatal(err)
	}
	again, err := Load(dir) // as after a restart
	if err != nil {
		t.Fatal(err)
	}
	if again.Main() || !bytes.Equal(again.Account(), ada.Account()) || !bytes.Equal(again.Public(), next.Public()) {
		t.Errorf("after a restart it is %x of %x", again.Public(), again.Account())
	}
	if !again.Devices().Has(next.Public()) {
		t.Error("the list is not known after a restart")
	}
	if err := again.Renew(); err != nil {
		t.Fatal(err)
	}
	third, err := Load(dir)
	if err != nil || !third.Main() || bytes.Equal(third.Public(), next.Public()) {
		t.Errorf("a new key: %v", err)
	}
	discarded := third.Public()
	if err := third.Discard(); err != nil {
		t.Fatal(err)
	}
	if fourth, err := Load(dir); err != nil || bytes.Equal(fourth.Public(), discarded) {
		t.Errorf("another new key: %v", err)
	}
	for n, want := range map[string][]byte{".1": before, ".2": next.Public()} {
		kept, err := read(filepath.Join(dir, FileName+n))
		if err != nil || !bytes.Equal(kept.Public(), want) {
			t.Errorf("the key from before is not in %s (%v)", n, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 3 { // keys; the list went with the account
		t.Errorf("%q", left)
	}
	damaged := filepath.Join(dir, FileName)
	b, _ := os.ReadFile(filepath.Join(dir, FileName+".2"))
	if err := os.WriteFile(damaged, bytes.Replace(b, []byte("Account: "), []byte("Account: !"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	var ke *KeyError
	if _, err := Load(dir); !errors.As(err, &ke) || !strings.Contains(err.Error(), "account") {
		t.Errorf("a damaged account: %v", err)
	}
}

func TestPairing(t *testing.T) {
	a, err := NewPairing()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Code()) != 19 || len(a.Place()) != wire.PlaceLen || !wire.ValidID(a.Place()) {
		t.Errorf("code %q, place %q", a.Code(), a.Place())
	}
	typed := " " + strings.ToUpper(strings.ReplaceAll(a.Code(), "-", " ")) + "\t"
	b, err := ParsePairing(strings.ReplaceAll(typed, "0", "O"))
	if err != nil || b.Place() != a.Place() {
		t.Fatalf("%q: %v", typed, err)
	}
	for _, bad := range []string{"", "abcd", a.Code() + "a", "1" + a.Code()[1:], "ä" + a.Code()[1:], strings.Repeat("\x00", 16)} {
		if _, err := ParsePairing(bad); !errors.Is(err, ErrCode) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	ada, d, mallory := identity(t), identity(t), identity(t)
	if !a.CheckJoin(wire.Joining{Key: d.Public(), Proof: b.JoinProof(d.Public())}) {
		t.Error("the device with the code is not known")
	}
	if a.CheckJoin(wire.Joining{Key: mallory.Public(), Proof: b.JoinProof(d.Public())}) || a.CheckJoin(wire.Joining{}) {
		t.Error("the service's own device is let in")
	}
	list, err := ada.NextList(nil, d.Public(), true)
	if err != nil {
		t.Fatal(err)
	}
	proof := a.AdmitProof(d.Public(), ada.Account(), list)
	if !b.CheckAdmit(proof, d.Public(), ada.Account(), &list) {
		t.Error("the account is not believed")
	}
	theirs, err := mallory.NextList(nil, d.Public(), true)
	if err != nil {
		t.Fatal(err)
	}
	if b.CheckAdmit(proof, d.Public(), mallory.Account(), &theirs) || b.CheckAdmit(proof, d.Public(), ada.Account(), nil) {
		t.Error("the service's own account is believed")
	}
	// Other programs derive the same.
	fixed, err := ParsePairing("abcd-efgh-jkmn-pqrs")
	if err != nil {
		t.Fatal(err)
	}
	if fixed.Place() != wantPlace || hex.EncodeToString(fixed.JoinProof([]byte{1})) != wantJoin {
		t.Errorf("%s %x", fixed.Place(), fixed.JoinProof([]byte{1}))
	}
}

const (
	wantPlace = "d4v7qlv5ltxwlbfnc6g733qz4e"
	wantJoin  = "30da7cafea60e6601b2f8a4cf8d26f862d8ef84944c0e2ae19a89ee7f3cc9c81"
)

func TestPhrase(t *testing.T) {
	id := identity(t)
	words, err := id.Phrase()
	if err != nil || len(words) != 24 {
		t.Fatal(words, err)
	}
	var typed strings.Builder
	for i, w := range words {
		typed.WriteString(strings.ToUpper(w[:1]) + w[1:] + [...]string{" ", "\n", ", ", "  7. "}[i%4])
	}
	key, err := ParsePhrase(typed.String())
	if err != nil || !key.Equal(id.Key()) {
		t.Fatalf("%q: %v", typed.String(), err)
	}
	// Of random words every 256th order would fit.
	words, err = (&Identity{s: own(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)))}).Phrase()
	if err != nil {
		t.Fatal(err)
	}
	swapped := slices.Clone(words)
	slices.Reverse(swapped)
	for text, want := range map[string]string{
		"":                            "has 24 words, this has 0",
		strings.Join(words[:23], " "): "this has 23",
		strings.Join(swapped, " "):    "do not belong together",
		strings.Join(words[:23], " ") + " parley": `"parley" is not a word`,
	} {
		_, err := ParsePhrase(text)
		var pe *PhraseError
		if !errors.As(err, &pe) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	// The words of the same key are the same in every program (BIP 39's vectors).
	zero := &Identity{s: own(ed25519.NewKeyFromSeed(make([]byte, 32)))}
	if w, err := zero.Phrase(); err != nil || strings.Join(w, " ") != strings.Repeat("abandon ", 23)+"art" {
		t.Errorf("%v %v", w, err)
	}
}

func FuzzParsePhrase(f *testing.F) {
	f.Add(strings.Repeat("abandon ", 23) + "art")
	f.Add("1. abandon")
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := ParsePhrase(text); err == nil && len(key) != ed25519.PrivateKeySize {
			t.Fatal("half a key")
		}
	})
}

func FuzzParsePairing(f *testing.F) {
	f.Add("abcd-efgh-jkmn-pqrs")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePairing(text)
		if err != nil {
			return
		}
		if again, err := ParsePairing(p.Code()); err != nil || again.Place() != p.Place() {
			t.Fatalf("%q is shown as %q, which is another code", text, p.Code())
		}
	})
}

// A service that hands over an older list after a restart, with a device that
// was removed in between, does not get it signed again.
func TestListsAreKnownAfterARestart(t *testing.T) {
	dir := t.TempDir()
	main, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	lost, other := identity(t).Public(), identity(t).Public()
	with, err := main.NextList(nil, lost, true)
	if err != nil {
		t.Fatal(err)
	}
	without, err := main.NextList(&with, lost, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*wire.DeviceList{&with, &without} {
		if err := main.SetDevices(l); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.SetDevices(&with); !errors.Is(err, ErrOldList) {
		t.Errorf("the older list: %v", err)
	}
	next, err := again.NextList(&with, other, true)
	if err != nil || next.Version != without.Version+1 || next.Has(lost) || !next.Has(other) {
		t.Errorf("signed on it: %+v, %v", next, err)
	}
	if st, err := os.Stat(filepath.Join(dir, ListName)); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", st, err)
	}
	// Damaged, or of another account: as if there were none.
	foreign, err := identity(t).NextList(nil, lost, true)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{nil, []byte("{"), b} {
		if err := os.WriteFile(filepath.Join(dir, ListName), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if third, err := Load(dir); err != nil || third.Devices() != nil {
			t.Errorf("%q: %v, %v", content, third, err)
		}
	}
	// What cannot be kept holds for this run, and says so.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := again.SetDevices(&next); err == nil || !again.Devices().Has(other) {
		t.Errorf("without a folder: %v", err)
	}
}
