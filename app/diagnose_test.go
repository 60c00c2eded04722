package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
