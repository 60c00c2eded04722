package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"parley/app/internal/diag"
	"parley/app/internal/settings"
	"parley/call/trust"
	"parley/signaling/service"
	"parley/signaling/turn"
	"parley/signaling/wire"
)

func TestDiagnose(t *testing.T) {
	t.Parallel()
	url := localService(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		service, profile string
		code             int
		says             []string
	}{
		"all well":            {url, t.TempDir(), 0, []string{"parley ", "system: ", "processors: ", "display: ", "policy: ", "profile: ", "microphone processing: ", "camera: ", "microphone: ", "speaker: ", "service: " + url + ", 200 OK", "relay: ", "A call can work."}},
		"service unreachable": {"http://127.0.0.1:1", t.TempDir(), 1, []string{"A call could not work: the service cannot be reached"}},
		"no address":          {"ftp://x", t.TempDir(), 1, []string{"A call could not work", "type one like"}},
		"profile":             {url, file, 1, []string{"A call could not work", "use --profile with a folder that you can write"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errOut syncBuffer
			// With a speaker of its own it needs none of the computer's.
			code := run(t.Context(), []string{"--diagnose", "--speaker", "null", "--service", c.service, "--profile", c.profile}, &out, &errOut)
			if code != c.code || errOut.String() != "" {
				t.Errorf("exit %d, want %d; errors %q", code, c.code, errOut.String())
			}
			for _, w := range c.says {
				if !strings.Contains(out.String(), w) {
					t.Errorf("it says\n%s\nand not %q", out.String(), w)
				}
			}
		})
	}
}

// Of relays in several places it says which one is used.
func TestDiagnoseRegions(t *testing.T) {
	t.Parallel()
	relay := turn.Default()
	relay.Listen = "127.0.0.1:0"
	r, err := turn.Start(relay)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cfg := service.Embedded()
	cfg.Listen, cfg.Relay, cfg.DrainFor = "127.0.0.1:0", nil, 0
	cfg.Regions = &turn.Regions{Secret: relay.Secret, TTL: relay.TTL, Places: []turn.Region{
		{Name: "off", URLs: []string{"turn:127.0.0.1:9?transport=udp"}}, {Name: "here", URLs: []string{"turn:" + r.Addr() + "?transport=udp"}}}}
	s, err := service.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out, errOut syncBuffer
	if code := run(t.Context(), []string{"--diagnose", "--speaker", "null", "--service", s.LocalURL(), "--profile", t.TempDir()}, &out, &errOut); code != 0 {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{`relay region "off": no answer over UDP` + "\n", `relay region "here": `, " ms, used\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it says\n%s\nand not %q", out.String(), want)
		}
	}
}

// What is printed is for strangers: it names no person, no key, not this
// computer, not the login.
func TestDiagnoseNamesNobody(t *testing.T) {
	url := localService(t)
	home, err := os.MkdirTemp("", "Wilhelmine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	dir := filepath.Join(home, ".config", "parley")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Update(func(s *settings.Settings) { s.Name, s.Welcome, s.Service = "Adalbert Zwickmüller", true, url }); err != nil {
		t.Fatal(err)
	}
	id, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut syncBuffer
	if code := run(t.Context(), []string{"--diagnose", "--speaker", "null"}, &out, &errOut); code != 0 {
		t.Errorf("exit %d, %s%s", code, out.String(), errOut.String())
	}
	text := out.String()
	if !strings.Contains(text, "profile: the usual one, ~/.config/parley\n") {
		t.Errorf("the profile is not said as its shape:\n%s", text)
	}
	seed := id.Key().Seed()
	never := map[string]string{
		"name": "Adalbert", "family name": "Zwickmüller", "home": home,
		"account": base64.StdEncoding.EncodeToString(id.Account()), "account, url": base64.RawURLEncoding.EncodeToString(id.Account()), "account, hex": hex.EncodeToString(id.Account()),
		"key": base64.StdEncoding.EncodeToString(seed), "key, hex": hex.EncodeToString(seed),
	}
	if host, err := os.Hostname(); err == nil && len(host) > 5 {
		never["host"] = host
	}
	if u, err := user.Current(); err == nil && len(u.Username) > 4 {
		never["login"] = u.Username
	}
	for what, s := range never {
		if strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
			t.Errorf("it says the %s, %q:\n%s", what, s, text)
		}
	}
}

// Devices carry their owner's name, and a name that is made to look like more
// of the report does not.
func TestDiagnoseVeilsWhatOthersNamed(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out, veil: diag.NewVeil("/home/anna", "Anna Keller", "kitchen-pc")}
	r.say("microphone", "%s", "Anna’s AirPods\nA call can work.")
	r.fails("open /home/anna/.config/x: dial kitchen-pc:8437")
	if got := out.String(); got != "microphone: …’s AirPods A call can work.\n" {
		t.Errorf("%q", got)
	}
	if r.wrong[0] != "open ~/.config/x: dial …:8437" {
		t.Errorf("%q", r.wrong)
	}
}

// Without a display it says so and works; a call needs none.
func TestDiagnoseWithoutADisplay(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	url := localService(t)
	var out, errOut syncBuffer
	if code := run(t.Context(), []string{"--diagnose", "--speaker", "null", "--service", url, "--profile", t.TempDir()}, &out, &errOut); code != 0 {
		t.Errorf("exit %d", code)
	}
	if runtime.GOOS == "linux" && (!strings.Contains(out.String(), "display: none") || strings.Contains(out.String(), "graphics: ")) {
		t.Errorf("it says\n%s", out.String())
	}
}

// Where calls go through a relay only, one has to answer.
func TestDiagnoseRelayOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url  string
		fail bool
	}{"no answer": {"turn:127.0.0.1:9?transport=udp", true}, "UDP shut, TCP open": {"turn:" + listening(t) + "?transport=tcp", false}} {
		var out bytes.Buffer
		r := &report{out: &out, veil: diag.NewVeil("")}
		r.relays(t.Context(), []wire.ICERegion{{Name: "here", Servers: []wire.ICEServer{{URLs: []string{c.url}}}}}, "127.0.0.1", true)
		if (len(r.wrong) > 0) != c.fail {
			t.Errorf("%s: %q\n%s", name, r.wrong, out.String())
		}
	}
}

func listening(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
