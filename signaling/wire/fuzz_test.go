package wire_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"parley/signaling/wire"
)

func seeds(f *testing.F, add func(text []byte)) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
}

// Whatever comes, Decode says what it is or what is wrong with it, and what it
// accepts can be sent on and says the same.
func FuzzDecode(f *testing.F) {
	seeds(f, func(b []byte) { f.Add(b) })
	for _, s := range []string{``, `{`, `[]`, `{"kind":"x","body":[1,{}]}`, `{"kind":"\ud800"}`, `{"kind":"a","seq":1e3}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		e, err := wire.Decode(in)
		if e.ID != "" && !wire.ValidID(e.ID) || e.Call != "" && !wire.ValidID(e.Call) {
			t.Fatalf("an answer would repeat id %q, call %q", e.ID, e.Call)
		}
		if err != nil {
			var werr *wire.Error
			if !errors.As(err, &werr) || !utf8.ValidString(werr.Message) || len(werr.Message) > 300 {
				t.Fatalf("error %v", err)
			}
			return
		}
		b, err := wire.Encode(e)
		if err != nil {
			var werr *wire.Error
			if errors.As(err, &werr) && werr.Code == wire.CodeTooLarge {
				return // a short escape can become longer
			}
			t.Fatal(err)
		}
		again, err := wire.Decode(b)
		if err != nil {
			t.Fatalf("%s became %s: %v", in, b, err)
		}
		if again.Kind != e.Kind || again.ID != e.ID || again.Seq != e.Seq || again.Ack != e.Ack || again.Call != e.Call {
			t.Fatalf("%+v became %+v", e, again)
		}
	})
}

// bodyDecoders reads a body as each kind that a client or a server may get.
func bodyDecoders() []func(wire.Envelope) (any, error) {
	return []func(wire.Envelope) (any, error){
		as[wire.Welcome], as[wire.Hello], as[wire.Ready], as[wire.Resume], as[wire.Resumed], as[wire.Error], as[wire.Drain],
		as[wire.Watch], as[wire.PresenceList], as[wire.Status], as[wire.ContactList], as[wire.Contact], as[wire.Person],
		as[wire.HistoryQuery], as[wire.History], as[wire.LinkCreate], as[wire.LinkRef], as[wire.Link], as[wire.ICE],
		as[wire.Invite], as[wire.Invited], as[wire.Answer], as[wire.Reject], as[wire.Reason], as[wire.Taken],
		as[wire.Candidates], as[wire.Negotiate], as[wire.Standing], as[wire.Login],
	}
}

func as[T any](e wire.Envelope) (any, error) { return wire.Body[T](e) }

// Whatever a body is, it is refused with a coded error or valid, and a valid
// one stays valid when it is sent on.
func FuzzBody(f *testing.F) {
	seeds(f, func(b []byte) {
		if e, err := wire.Decode(b); err == nil {
			f.Add([]byte(e.Body))
		}
	})
	f.Add([]byte(`{"names":["` + "\u202e" + `"],"generation":-1,"candidates":[{}],"key":"AA==","sdp":7}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, read := range bodyDecoders() {
			v, err := read(wire.Envelope{Kind: wire.KindHello, Body: in})
			if err != nil {
				var werr *wire.Error
				if !errors.As(err, &werr) || len(werr.Message) > 300 {
					t.Fatalf("error %v", err)
				}
				continue
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := read(wire.Envelope{Kind: wire.KindHello, Body: b}); err != nil {
				t.Fatalf("%s became %s: %v", in, b, err)
			}
		}
	})
}

// A name that is accepted stays as it is when it is cleaned again, and names
// with one key are found as one.
func FuzzName(f *testing.F) {
	for _, s := range []string{"Ada", " a  b ", "\u200d", "ß", "İ", "\u212a", "x\x00", "👩‍💻"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		name, err := wire.CleanName(in)
		if err != nil {
			return
		}
		if again, err := wire.CleanName(name); again != name || err != nil {
			t.Fatalf("%q became %q, %v", name, again, err)
		}
		if key := wire.NameKey(name); key == "" || wire.NameKey(key) != key {
			t.Fatalf("the key of %q is %q, and its key %q", name, key, wire.NameKey(key))
		}
	})
}
