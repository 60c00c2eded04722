package policy

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"parley/signaling/wire"
)

// innerKeys are the keys and values of the property list's innermost dict.
func innerKeys(t *testing.T, text []byte) map[string]any {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	var dicts []map[string]any
	key := ""
	for {
		tok, err := d.Token()
		if err != nil {
			t.Fatalf("no dict ends: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			if name == "dict" {
				dicts = append(dicts, map[string]any{})
				continue
			}
			if len(dicts) == 0 || name == "array" {
				continue
			}
			var s string
			if err := d.DecodeElement(&s, &tok); err != nil {
				t.Fatal(err)
			}
			last := dicts[len(dicts)-1]
			if _, twice := last[s]; twice && name == "key" {
				t.Errorf("%s is there twice", s)
			}
			switch name {
			case "key":
				key = s
			case "true", "false":
				last[key] = name == "true"
			default:
				last[key] = s
			}
		case xml.EndElement:
			if tok.Name.Local == "dict" {
				return dicts[len(dicts)-1]
			}
		}
	}
}

// The profile that administrators begin with has every key, and its values are
// taken.
func TestProfileForFleets(t *testing.T) {
	text, err := os.ReadFile("../../../packaging/macos/parley.mobileconfig")
	if err != nil {
		t.Fatal(err)
	}
	values := innerKeys(t, text)
	j, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	p := parseJSON("f", j)
	if p.Problem() != "" || p.Service != "https://calls.example.org" || !p.FixedService || p.Strangers != wire.RuleAsk || p.Echo != On {
		t.Errorf("%q %+v", p.Problem(), p)
	}
	var want []string
	for _, k := range Keys() {
		want = append(want, k.Name)
	}
	got := slices.DeleteFunc(slices.Collect(maps.Keys(values)), func(k string) bool { return strings.HasPrefix(k, "Payload") })
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("the profile has %v\nwant %v", got, want)
	}
}

func TestProfiles(t *testing.T) {
	for text, want := range map[string]Policy{
		`{}`: {Source: "f"},
		`{"relay_only": true, "PayloadUUID": "C1B7D0F6"}`: {Source: "f", RelayOnly: true},
		`{"relay_only": 1}`:    strict("f"),
		`{"Relay_Only": true}`: strict("f"),
		`[]`:                   strict("f"),
		`{"relay_only": true`:  strict("f"),
		`{"a":"` + strings.Repeat("x", maxSize) + `"}`: strict("f"),
	} {
		got := parseJSON("f", []byte(text))
		if (len(got.Problems) > 0) != want.NoService {
			t.Errorf("%.40s: problems %q", text, got.Problems)
		}
		got.Problems = nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%.40s: %+v\nwant %+v", text, got, want)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{}`, `{"relay_only": true}`, `{"strangers": 1, "PayloadType": {}}`, `{"service": "a.example", "x": [1]}`, `nul`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := parseJSON("f", text)
		if !p.There() || len(p.Lines()) == 0 {
			t.Fatal("it has no source")
		}
		if p.NoService && len(p.Problems) == 0 {
			t.Errorf("no service, and it does not say why: %+v", p)
		}
	})
}
