package policy

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"parley/signaling/wire"
)

// strict is a policy with a mistake that sets nothing.
func strict(source string) Policy {
	return Policy{
		Source: source, NoService: true, FixedService: true, NoOwnService: true, NoRecording: true, NoDeletion: true, NoUpdates: true,
		RelayOnly: true, Strangers: wire.RuleRefuse, Echo: On, Noise: On, Gain: On,
	}
}

func TestPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		want     Policy
		problems []string // what each has to say
	}{
		"empty":                 {"", Policy{}, nil},
		"comments":              {"# nothing yet\n", Policy{}, nil},
		"service":               {`service = "https://calls.example.org/"`, Policy{Service: "https://calls.example.org", FixedService: true}, nil},
		"service as a default":  {"service = \"calls.example.org\"\nallow_service_change = true", Policy{Service: "https://calls.example.org"}, nil},
		"this network only":     {"allow_service_change = false", Policy{FixedService: true}, nil},
		"no service of its own": {"allow_own_service = false", Policy{NoOwnService: true}, nil},
		"all": {"service = \"https://a.example\"\nallow_service_change = false\nallow_own_service = false\nallow_recording = false\nallow_account_deletion = false\nupdate_notices = false\n" +
			"relay_only = true\nstrangers = \"ask\"\necho_cancellation = true\nnoise_suppression = false\ngain_control = true\nstart_at_login = true",
			Policy{Service: "https://a.example", FixedService: true, NoOwnService: true, NoRecording: true, NoDeletion: true, NoUpdates: true, RelayOnly: true,
				Strangers: wire.RuleAsk, Echo: On, Noise: Off, Gain: On, StartAtLogin: On}, nil},
		"what is the default": {"allow_own_service = true\nallow_recording = true\nallow_account_deletion = true\nrelay_only = false", Policy{}, nil},

		"not TOML":      {"service: x", strict("f"), []string{"line 1"}},
		"a key twice":   {"relay_only = true\nrelay_only = false", strict("f"), []string{"relay_only"}},
		"cut off":       {"service = \"https://a.exam", strict("f"), []string{"line 1"}},
		"a byte order":  {"\ufeffrelay_only = true", strict("f"), []string{"line 1"}},
		"too long":      {"#" + strings.Repeat("x", maxSize), strict("f"), []string{"65536 bytes"}},
		"a table":       {"[service]\nurl = \"x\"", strict("f"), []string{"service: write an address in quotes"}},
		"unknown key":   {"alow_recording = false", strict("f"), []string{`"alow_recording": this version of Parley knows no such key`}},
		"another case":  {"Relay_Only = false", strict("f"), []string{`"Relay_Only"`}},
		"wrong type":    {"relay_only = 0", strict("f"), []string{"relay_only: write true or false"}},
		"quoted":        {`allow_recording = "true"`, strict("f"), []string{"allow_recording: write true or false"}},
		"a rule":        {`strangers = "maybe"`, strict("f"), []string{`"ring", "ask" or "refuse"`}},
		"no address":    {`service = "ftp://x"`, strict("f"), []string{"type one like"}},
		"empty address": {`service = ""`, strict("f"), []string{"is empty"}},
		"two mistakes":  {"a = 1\nrelay_only = 2", strict("f"), []string{"relay_only", `"a"`}},
		"what is right holds beside a mistake": {"service = \"https://a.example\"\nallow_recording = true\nalow_own_service = true\nstrangers = \"ring\"\ngain_control = false",
			Policy{Service: "https://a.example", FixedService: true, NoOwnService: true, NoDeletion: true, NoUpdates: true, RelayOnly: true,
				Strangers: wire.RuleRing, Echo: On, Noise: On, Gain: Off}, []string{"alow_own_service"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ParseTOML("f", []byte(c.text))
			if len(got.Problems) != len(c.problems) {
				t.Fatalf("problems %q, want %d", got.Problems, len(c.problems))
			}
			for i, says := range c.problems {
				if !strings.Contains(got.Problems[i], says) {
					t.Errorf("problem %q does not say %q", got.Problems[i], says)
				}
			}
			got.Problems, c.want.Source = nil, "f"
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%+v\nwant %+v", got, c.want)
			}
		})
	}
}

// docs/policy.md has a row for each key, in the words of the code and in its
// order, and the key takes what the row says.
func TestKeysAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, k := range Keys() {
		kind, strictest, text := "true, false", k.Strictest, `true`
		switch {
		case k.Values != nil:
			kind, text = "`"+strings.Join(k.Values, "`, `")+"`", `"`+k.Values[0]+`"`
			strictest = "`" + strictest + "`"
		case k.Kind == Text:
			kind, text = "address", `"https://calls.example.org"`
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", k.Name, kind, k.Meaning, strictest)
		if p := ParseTOML("f", []byte(k.Name+" = "+text)); p.Problem() != "" {
			t.Errorf("%s = %s: %s", k.Name, text, p.Problem())
		}
	}
	if len(Keys()) < 11 || !strings.Contains(string(doc), "|---|---|---|---|\n"+want.String()+"\n") {
		t.Errorf("docs/policy.md does not have these rows, and no others:\n%s", want.String())
	}
}

func TestPermit(t *testing.T) {
	fixed := Policy{Service: "https://calls.example.org", FixedService: true}
	for _, c := range []struct {
		p       Policy
		address string
		want    error
	}{
		{Policy{}, "", nil}, {Policy{}, "anywhere.example", nil},
		{Policy{Service: "https://a.example"}, "b.example", nil},
		{fixed, "https://calls.example.org", nil}, {fixed, "Calls.Example.org/", nil}, {fixed, "https://calls.example.org:443", nil},
		{fixed, "", ErrFixed}, {fixed, "http://calls.example.org", ErrFixed}, {fixed, "https://calls.example.org:8443", ErrFixed},
		{fixed, "https://calls.example.org.evil.example", ErrFixed}, {fixed, "nonsense://", ErrFixed},
		{Policy{FixedService: true}, "", nil}, {Policy{FixedService: true}, "https://a.example", ErrFixed},
		{strict("f"), "", ErrNoService}, {strict("f"), "https://a.example", ErrNoService},
	} {
		if err := c.p.Permit(c.address); !errors.Is(err, c.want) {
			t.Errorf("%+v permits %q: %v, want %v", c.p, c.address, err, c.want)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if p := ReadFile(path("none.toml")); p.There() || !reflect.DeepEqual(p, Policy{}) {
		t.Errorf("no file: %+v", p)
	}
	if err := os.WriteFile(path("a.toml"), []byte("relay_only = true"), 0o644); err != nil {
		t.Fatal(err)
	}
	if p := ReadFile(path("a.toml")); !p.RelayOnly || p.Problem() != "" || p.Source != path("a.toml") {
		t.Errorf("a file: %+v", p)
	}
	if err := os.Symlink(path("gone"), path("nowhere.toml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("folder.toml"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, says := range map[string]string{"nowhere.toml": "no such file", "folder.toml": "not a file", "a.toml/b": "not a directory"} {
		p := ReadFile(path(name))
		if !p.NoService || !p.NoRecording || !strings.Contains(p.Problem(), says) || !strings.Contains(p.Problem(), path(name)) {
			t.Errorf("%s: %q, %+v", name, p.Problem(), p)
		}
	}
	if os.Getuid() != 0 {
		if err := os.Chmod(path("a.toml"), 0); err != nil {
			t.Fatal(err)
		}
		if p := ReadFile(path("a.toml")); !p.NoService || !strings.Contains(p.Problem(), "permission denied") {
			t.Errorf("not to be read: %+v", p)
		}
	}
}

func TestLinesSayWhatIsInForce(t *testing.T) {
	for _, c := range []struct {
		p    Policy
		says []string
	}{
		{Policy{}, []string{"none"}},
		{Policy{Source: "f"}, []string{"f", "sets nothing"}},
		{ParseTOML("f", []byte("service = \"a.example\"\nallow_recording = false\nrelay_only = true\nnoise_suppression = false")),
			[]string{"f", "service: https://a.example", "no recording", "through a relay only", "noise suppression: off"}},
		{ParseTOML("f", []byte("x = 1")), []string{"mistake: \"x\"", "strictest", "no service is used", "strangers: refuse"}},
	} {
		all := strings.Join(c.p.Lines(), "\n")
		for _, s := range c.says {
			if !strings.Contains(all, s) {
				t.Errorf("%s\ndoes not say %q", all, s)
			}
		}
	}
}

// A text with a mistake never leaves open what a policy can close, and one
// without is as strict or less.
func FuzzParseTOML(f *testing.F) {
	for _, s := range []string{
		"", "relay_only = true", "relay_only = 1", "service = \"https://a.example\"\nallow_service_change = true",
		"strangers = \"ask\"\nx = 1", "a.b = 1", "[a]\nb = [1, {c = 2}]", "relay_only = true\nrelay_only = true", "service = '''\nx'''", "=", "\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p := ParseTOML("f", text)
		if !p.There() || len(p.Lines()) == 0 {
			t.Fatal("it has no source")
		}
		if p.NoService && len(p.Problems) == 0 {
			t.Errorf("no service, and it does not say why: %+v", p)
		}
		if len(p.Problems) == 0 {
			return
		}
		said := string(text)
		for key, open := range map[string]bool{
			"service": !p.NoService, "allow_service_change": !p.FixedService, "allow_own_service": !p.NoOwnService,
			"allow_recording": !p.NoRecording, "allow_account_deletion": !p.NoDeletion, "relay_only": !p.RelayOnly,
			"update_notices": !p.NoUpdates,
			"strangers":      p.Strangers != wire.RuleRefuse,
		} {
			if open && !strings.Contains(said, key) && !strings.Contains(said, `\`) { // a quoted key may be escaped
				t.Errorf("%s is open in a policy with mistakes that does not name it: %+v", key, p)
			}
		}
	})
}

// Whoever builds a package says where the policy is; the program cannot be told
// in another way.
func TestPathIsSetWhenLinking(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("where it is differs")
	}
	if at := os.Getenv("PARLEY_TEST_PLACE"); at != "" { // the test within
		if p := Load(); Place() != at || !p.RelayOnly {
			t.Errorf("Place() = %q, %+v", Place(), p)
		}
		return
	}
	file := filepath.Join(t.TempDir(), "elsewhere.toml")
	if err := os.WriteFile(file, []byte("relay_only = true"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-count=1", "-run", "^TestPathIsSetWhenLinking$", "-ldflags", "-X parley/app/internal/policy.Path="+file, ".")
	cmd.Env = append(os.Environ(), "PARLEY_TEST_PLACE="+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
