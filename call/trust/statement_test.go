package trust

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"parley/signaling/wire"
)

func identity(t *testing.T) *Identity {
	t.Helper()
	id, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

const sdp = "v=0\r\na=fingerprint:sha-256 AB:CD\r\n"

// The transcript is the same in every version of the program.
func TestTranscript(t *testing.T) {
	s := Statement{
		Call: "C", Caller: true, Type: "answer", Generation: 3,
		From: []byte{1}, Account: []byte{5}, To: []byte{2, 2}, SDP: "v=0", Answers: []byte{3}, Mix: []byte{4},
	}
	const want = "7061726c65792e7631206d6564696100" + "0000000101" + "0000000143" + "0000000663616c6c6572" +
		"00000006616e73776572" + "000000080000000000000003" + "0000000101" + "000000020202" +
		"00000020" + "6b8a9dc1308eebbe905f696791fd14bca92a2ad667dd43ed464390c69a2b1e9c" + "0000000103" + "0000000104" + "0000000105"
	got := hex.EncodeToString(s.Transcript())
	if got != want {
		t.Errorf("transcript\n%s, want\n%s", got, want)
	}
	seen := map[string]bool{got: true}
	for name, f := range map[string]func(*Statement){
		"call": func(s *Statement) { s.Call = "D" }, "side": func(s *Statement) { s.Caller = false },
		"type": func(s *Statement) { s.Type = "offer" }, "generation": func(s *Statement) { s.Generation = 4 },
		"from": func(s *Statement) { s.From = []byte{9} }, "account": func(s *Statement) { s.Account = []byte{9} }, "to": func(s *Statement) { s.To = nil },
		"sdp": func(s *Statement) { s.SDP = "v=1" }, "answers": func(s *Statement) { s.Answers = nil },
		"mix": func(s *Statement) { s.Mix = nil }, "moved": func(s *Statement) { s.Answers, s.Mix = []byte{3, 4}, nil },
	} {
		c := s
		f(&c)
		if x := hex.EncodeToString(c.Transcript()); seen[x] {
			t.Errorf("%s does not change it", name)
		} else {
			seen[x] = true
		}
	}
}

func TestGuardsAgree(t *testing.T) {
	a, b := identity(t), identity(t)
	caller, callee := a.NewGuard("C", true, nil, nil), b.NewGuard("C", false, a.Public(), nil)
	offer := wire.Description{Type: "offer", SDP: sdp}
	offer.Identity = caller.Sign(offer, 0, nil)
	if err := callee.Check(offer, 0, nil); err != nil {
		t.Fatal(err)
	}
	answer := wire.Description{Type: "answer", SDP: sdp + "a=x\r\n"}
	answer.Identity = callee.Sign(answer, 0, offer.Identity.Signature)
	if err := caller.Check(answer, 0, offer.Identity.Signature); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(caller.Peer(), b.Public()) {
		t.Error("the caller has not learned who answered")
	}
	again := wire.Description{Type: "offer", SDP: sdp}
	again.Identity = callee.Sign(again, 1, nil)
	if again.Identity.Mix != nil {
		t.Error("the nonce is thrown in twice")
	}
	if err := caller.Check(again, 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := caller.Check(again, 2, nil); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("in another generation: %v", err)
	}
	if err := caller.Check(answer, 0, []byte("another offer")); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("as the answer to another offer: %v", err)
	}
	if err := caller.Expect(a.Public(), nil); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("the service names somebody else: %v", err)
	}

	prints := [][]byte{[]byte("x"), []byte("y")}
	mine, err := caller.Emoji(nil, prints...)
	if err != nil || len(mine) != 7 {
		t.Fatal(mine, err)
	}
	slices.Reverse(prints) // each has its own first
	if theirs, err := callee.Emoji(nil, prints...); theirs != nil || err != nil {
		t.Errorf("before the caller has shown its nonce: %v %v", theirs, err)
	}
	if theirs, err := callee.Emoji(caller.Reveal(), prints...); err != nil || !slices.Equal(mine, theirs) {
		t.Errorf("%v and %v (%v)", mine, theirs, err)
	}
	if _, err := callee.Emoji([]byte("chosen afterwards"), prints...); !errors.Is(err, ErrNotGenuine) {
		t.Errorf("a nonce that fits better: %v", err)
	}
	if other, err := callee.Emoji(caller.Reveal(), []byte("x"), []byte("z")); err != nil || slices.Equal(mine, other) {
		t.Errorf("with another certificate: %v (%v)", other, err)
	}
}

func TestSafetyNumber(t *testing.T) {
	a, b := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	x := SafetyNumber(a, b)
	if x != SafetyNumber(b, a) {
		t.Error("the two see different numbers")
	}
	if x == SafetyNumber(a, a) || len(strings.Fields(x)) != 12 || len(x) != 71 {
		t.Errorf("%q", x)
	}
	const want = "66871 36720 19143 94619 73096 82102 78030 29460 18130 91880 10795 92495"
	if x != want {
		t.Errorf("%q, want as in every version %q", x, want)
	}
	seen := map[string]bool{}
	for _, e := range emoji {
		if e == "" || seen[e] {
			t.Errorf("%q is there twice, or empty", e)
		}
		seen[e] = true
	}
}

func FuzzCheck(f *testing.F) {
	f.Add([]byte("key"), []byte("to"), []byte("mix"), []byte("sig"), []byte("account"), []byte("device"), uint64(1), 1, 0)
	id, err := NewIdentity()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, key, to, mix, sig, account, device []byte, version uint64, v, gen int) {
		g := id.NewGuard("C", false, nil, nil)
		d := wire.Description{Type: "offer", SDP: sdp, Identity: &wire.Identity{Version: v, Key: key, To: to, Mix: mix, Signature: sig,
			Account: account, Devices: &wire.DeviceList{Version: version, Keys: [][]byte{device}, Signature: sig}}}
		if err := g.Check(d, gen, nil); err == nil {
			t.Fatal("a made-up signature fits")
		} else if !errors.Is(err, ErrNotGenuine) {
			t.Fatal(err)
		}
	})
}
