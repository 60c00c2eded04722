package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/signaling/service"
	"parley/signaling/turn"
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
		"all well":            {url, t.TempDir(), 0, []string{"parley ", "camera: ", "microphone: ", "speaker: ", "service: " + url + ", 200 OK", "A call can work."}},
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
