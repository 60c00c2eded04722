package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parley/signaling/service"
)

// localService is a real one on loopback.
func localService(t *testing.T) string {
	t.Helper()
	cfg := service.Embedded()
	cfg.Listen, cfg.Relay, cfg.DrainFor = "127.0.0.1:0", nil, 0
	s, err := service.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.LocalURL()
}

// runHeadless runs the program without window and devices, and returns what it printed.
func runHeadless(t *testing.T, args ...string) (code int, printed string) {
	t.Helper()
	var out syncBuffer
	base := []string{"--headless", "--camera", "none", "--microphone", "none", "--speaker", "null"}
	code = run(t.Context(), append(base, args...), &out, &out)
	return code, out.String()
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// refused asserts that the program ends with a status that a script sees and a
// sentence that says the words.
func refused(t *testing.T, code int, printed string, words ...string) {
	t.Helper()
	if code == 0 {
		t.Errorf("exit status 0; printed %q", printed)
	}
	for _, w := range words {
		if !strings.Contains(printed, w) {
			t.Errorf("printed %q, which does not say %q", printed, w)
		}
	}
}

func TestServiceThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	for name, c := range map[string]struct {
		service string
		words   []string
	}{
		"unreachable": {"http://127.0.0.1:1", []string{"127.0.0.1:1", "refuses the connection"}},
		"not Parley":  {web.URL, []string{"Parley"}},
		"no address":  {"ftp://x", []string{"type one like"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, printed := runHeadless(t, "--service", c.service, "--name", "Anna", "--call", "Ben", "--profile", t.TempDir())
			refused(t, code, printed, c.words...)
		})
	}
}

func TestCallsThatDoNotComeAbout(t *testing.T) {
	t.Parallel()
	url := localService(t)
	// Holds the name Anna, and is away afterwards.
	if code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--call", url+"/j/nosuchcode", "--profile", t.TempDir()); code == 0 ||
		!strings.Contains(printed, "not known here") {
		t.Fatalf("link unknown: exit %d, %q", code, printed)
	}
	for name, c := range map[string]struct {
		args  []string
		words string
	}{
		"name taken": {[]string{"--name", "anna", "--call", "Ben"}, "choose another with --name"},
		"nobody":     {[]string{"--name", "Cleo", "--call", "Nobody At All"}, "known on this service"},
		"away":       {[]string{"--name", "Dora", "--call", "Anna"}, "not signed in"},
		"no relay":   {[]string{"--name", "Frida", "--relay-only", "--call", "Anna"}, "Leave out --relay-only"},
		"oneself":    {[]string{"--name", "Emil", "--call", "Emil"}, "That is you"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, printed := runHeadless(t, append(c.args, "--service", url, "--profile", t.TempDir())...)
			refused(t, code, printed, c.words)
		})
	}
}

func TestProfileThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	call := func(dir string) (int, string) {
		return runHeadless(t, "--service", "http://127.0.0.1:1", "--name", "Anna", "--call", "Ben", "--profile", dir)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, printed := call(file)
	refused(t, code, printed, "--profile")

	key := t.TempDir()
	if err := os.WriteFile(filepath.Join(key, "device.key"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, printed = call(key)
	refused(t, code, printed, "device.key", "move it away")
	if b, err := os.ReadFile(filepath.Join(key, "device.key")); err != nil || string(b) != "rubbish" {
		t.Errorf("the key file was touched: %q, %v", b, err)
	}
}

func TestBrokenSettingsAreSetAside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "settings.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := localService(t)
	_, printed := runHeadless(t, "--service", url, "--name", "Fritz", "--call", url+"/j/nosuchcode", "--profile", dir)
	if !strings.Contains(printed, "settings.json.broken") || !strings.Contains(printed, "not known here") {
		t.Errorf("printed %q: it must say where the file went, and go on", printed)
	}
}

// TestCallWithoutDevices is the smallest call: no camera, no microphone, and a
// camera file that is broken on the other side. It comes about all the same.
func TestCallWithoutDevices(t *testing.T) {
	t.Parallel()
	url := localService(t)
	broken := filepath.Join(t.TempDir(), "broken.y4m")
	if err := os.WriteFile(broken, []byte("not a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	var answered syncBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"--headless", "--answer", "--service", url, "--name", "Ben", "--profile", t.TempDir(),
			"--camera", "file:" + broken, "--microphone", "file:" + broken, "--speaker", "null"}, &answered, &answered)
	}()
	stats := filepath.Join(t.TempDir(), "stats.json")
	code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--call", "Ben", "--for", "500ms", "--stats", stats, "--profile", t.TempDir())
	if code != 0 {
		t.Errorf("caller: exit %d, %q", code, printed)
	}
	if code := <-done; code != 0 {
		t.Errorf("callee: exit %d, %q", code, answered.String())
	}
	b, err := os.ReadFile(stats)
	if err != nil || !strings.Contains(string(b), `"setup_ms": `) || strings.Contains(string(b), `"setup_ms": null`) {
		t.Errorf("statistics: %v %s", err, b)
	}
}

// Numbers of an earlier call must not pass for those of one that nobody took.
func TestStatisticsOfACallThatDidNotComeAbout(t *testing.T) {
	t.Parallel()
	stats := filepath.Join(t.TempDir(), "stats.json")
	if err := os.WriteFile(stats, []byte(`{"setup_ms": 17}`), 0o600); err != nil {
		t.Fatal(err)
	}
	code, printed := runHeadless(t, "--service", localService(t), "--name", "Anna", "--call", "Anna", "--stats", stats, "--profile", t.TempDir())
	refused(t, code, printed, "That is you")
	b, err := os.ReadFile(stats)
	if err != nil || !strings.Contains(string(b), `"setup_ms": null`) || !strings.Contains(string(b), `"duration_s": null`) {
		t.Errorf("statistics: %v %s", err, b)
	}
}
