package wire

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// same checks that what the scanner takes, encoding/json reads as the same.
func same[T any](t *testing.T, in []byte) (taken bool) {
	t.Helper()
	var fast, slow T
	s := scan{b: in}
	s.space()
	if !any(&fast).(scanned).scan(&s) || !s.end() {
		return false
	}
	if err := json.Unmarshal(in, &slow); err != nil {
		t.Fatalf("%T: the scanner takes %q, encoding/json does not: %v", fast, in, err)
	}
	if !reflect.DeepEqual(fast, slow) {
		t.Fatalf("%q is\n%+v for the scanner,\n%+v for encoding/json", in, fast, slow)
	}
	return true
}

func all(t *testing.T, in []byte) (taken bool) {
	t.Helper()
	e := same[Envelope](t, in)
	n := same[Negotiate](t, in)
	a := same[Answer](t, in)
	i := same[Invite](t, in)
	c := same[Candidates](t, in)
	return e || n || a || i || c
}

// Every message of the specification is read, or left alone; the envelopes and
// what is passed on often are read.
func TestScanExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.TrimSpace(b)
		if !all(t, b) {
			t.Errorf("%s is left to encoding/json", f)
		}
		e, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		out, ok := appendEnvelope(nil, &e)
		if want, _ := marshal(e); !ok || !bytes.Equal(compact(t, out), want) {
			t.Errorf("%s is written as\n%s, want\n%s", f, out, want)
		}
		name := filepath.Base(f)
		for _, often := range []string{"negotiate", "answer", "invite.json", "candidates"} {
			if strings.HasPrefix(name, often) && !all(t, e.Body) {
				t.Errorf("%s: the body is left to encoding/json", f)
			}
		}
	}
}

func compact(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return out.Bytes()
}

// What is unusual is for encoding/json to judge.
func TestScanLeavesAlone(t *testing.T) {
	for _, in := range []string{
		``, `{`, `[]`, `null`, `{"kind":null}`, `{"KIND":"x"}`, `{"\u212aind":"x"}`, "{\"\u212aind\":\"x\"}", `{"kind":"a","kind":"b"}`, `{"kind":"\u0041"}`,
		`{"seq":1.0}`, `{"seq":1e3}`, `{"seq":-1}`, `{"seq":01}`, `{"seq":18446744073709551615}`, `{"epoch":4294967296}`, `{"seq":"1"}`,
		`{"kind":"x"} {}`, `{"kind":"x"},`, `{"kind":"x",}`, `{"kind":"x" "id":"y"}`, `{"body":{]}`, `{"body":{"a":}}`, `{"body":01}`, `{"body":1.}`,
		`{"body":1e}`, `{"body":-}`, `{"body":"\x"}`, `{"body":"\u12G4"}`, `{"body":tru}`, `{"from":null}`, `{"from":[]}`, `{"from":{"key":"*"}}`,
		"{\"kind\":\"a\nb\"}", `{"body":` + strings.Repeat("[", maxDepth+2) + strings.Repeat("]", maxDepth+2) + `}`,
	} {
		if same[Envelope](t, []byte(in)) {
			t.Errorf("%s is taken", in)
		}
	}
	for _, in := range []string{ // unknown fields, spaces, any body
		` { "kind" : "x" , "later" : [ 1, -2.5e+7 , { "a" : null } ] , "body" : { "\u00e4" : "\ud800" } } `,
		`{"kind":"x\n\"\\\/\b\f\r\t"}`, `{}`,
	} {
		if !same[Envelope](t, []byte(in)) {
			t.Errorf("%s is left alone", in)
		}
	}
}

func FuzzScan(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		if e, err := Decode(bytes.TrimSpace(b)); err == nil {
			f.Add([]byte(e.Body))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if utf8.Valid(in) { // Decode takes nothing else
			all(t, in)
		}
	})
}

// What is written by hand is what encoding/json writes.
func FuzzEncode(f *testing.F) {
	f.Add("invite", "r1", "c1", "Ada", []byte("key"), uint64(3), uint32(1), int64(5), true, []byte(`{"a":[1]}`))
	f.Fuzz(func(t *testing.T, kind, id, call, name string, key []byte, n uint64, epoch uint32, ttl int64, flag bool, body []byte) {
		e := Envelope{Kind: Kind(kind), ID: id, Call: call, Seq: n, Ack: n / 3, Epoch: epoch, TTLms: ttl, Stranger: flag}
		if len(key) > 0 {
			e.From = &Person{ID: id, Name: name, Key: key, Guest: flag}
		}
		if json.Valid(body) {
			e.Body = compact(t, body)
		}
		got, ok := appendEnvelope(nil, &e)
		if !ok {
			return
		}
		want, err := marshal(e)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s\nwant\n%s (%v)", got, want, err)
		}
	})
}

func BenchmarkRelayed(b *testing.B) {
	sdp := "v=0\r\n" + strings.Repeat("a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host\r\n", 30)
	e, err := New(KindNegotiate, Negotiate{Description: Description{Type: "offer", SDP: sdp}})
	if err != nil {
		b.Fatal(err)
	}
	e.Call, e.Seq, e.Ack = "nbswy3dpeb3w64tmmqqhg2lhna", 100, 99
	in, err := Encode(e)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		e, err := Decode(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Body[Negotiate](e); err != nil {
			b.Fatal(err)
		}
		e.From = &Person{ID: "q4wzk7mdn2yh3xce", Name: "Ada", Key: make([]byte, 32)}
		if _, err := Encode(e); err != nil {
			b.Fatal(err)
		}
	}
}
