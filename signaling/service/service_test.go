package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/signaling/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback is what the desktop program would start, without its network.
func loopback(dir string) Config {
	c := Embedded()
	c.DataDir, c.Listen, c.Relay.Listen, c.DrainFor = dir, "127.0.0.1:0", "127.0.0.1:0", 50*time.Millisecond
	return c
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestStartAndClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on", "the", "way")
	s, err := Start(t.Context(), loopback(dir))
	if err != nil {
		t.Fatal(err)
	}
	if s.URL() != s.LocalURL() || s.URL() != fmt.Sprintf("http://127.0.0.1:%d", s.Port()) || s.URL() != "http://"+s.Addr() {
		t.Errorf("URL is %s, LocalURL %s, Addr %s", s.URL(), s.LocalURL(), s.Addr())
	}
	if got := get(t, s.URL()+"/readyz"); got != "ok\n" {
		t.Errorf("readyz says %q", got)
	}
	if err := s.SelfTest(t.Context()); err != nil {
		t.Errorf("self-test: %v", err)
	}
	if s.RelayAddr() == "" {
		t.Error("no relay")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if _, err := net.Dial("tcp", s.Addr()); err == nil {
		t.Error("it still listens")
	}
	if _, err := os.Stat(filepath.Join(dir, "parley.db")); err != nil {
		t.Error(err)
	}
}

// The end of ctx is as good as Close.
func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := loopback("") // nothing is kept
	c.Relay = nil
	s, err := Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SelfTest(ctx); err != nil || s.RelayAddr() != "" {
		t.Errorf("without a relay: %v, %q", err, s.RelayAddr())
	}
	cancel()
	<-s.Done()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// On all addresses, others are told one that they can reach.
func TestURLOnAllAddresses(t *testing.T) {
	c := loopback("")
	c.Listen = ":0"
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.LocalURL() != fmt.Sprintf("http://127.0.0.1:%d", s.Port()) {
		t.Errorf("LocalURL is %s", s.LocalURL())
	}
	if s.URL() != fmt.Sprintf("http://%s", net.JoinHostPort(lanAddr().String(), fmt.Sprint(s.Port()))) {
		t.Errorf("URL is %s", s.URL())
	}
	get(t, s.URL()+"/livez")
	get(t, s.LocalURL()+"/livez")
}

func TestPublicURL(t *testing.T) {
	c := loopback("")
	c.PublicURL = "https://parley.example.org/"
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.URL() != "https://parley.example.org" {
		t.Errorf("URL is %s", s.URL())
	}
	if ice := s.relay.Credentials("x", "", time.Now()); !strings.HasPrefix(ice.Servers[0].URLs[0], "stun:parley.example.org:") {
		t.Errorf("the relay is at %s", ice.Servers[0].URLs[0])
	}
}

// What fails half-way leaves nothing open: goleak looks, and the port is free.
func TestFailsCleanly(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	dir := t.TempDir()
	for name, change := range map[string]func(*Config){
		"the port":         func(c *Config) { c.Listen = busy.Addr().String() },
		"the relay's port": func(c *Config) { c.Relay.Listen = busy.Addr().String() },
	} {
		c := loopback(dir)
		change(&c)
		if s, err := Start(t.Context(), c); err == nil {
			s.Close()
			t.Errorf("%s in use is no error", name)
		}
	}
	s, err := Start(t.Context(), loopback(dir))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// Two services on one database would each know half of the people.
func TestOneServiceAFolder(t *testing.T) {
	dir := t.TempDir()
	s, err := Start(t.Context(), loopback(dir))
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Start(t.Context(), loopback(dir)); err == nil {
		second.Close()
		t.Error("a second service uses the folder")
	} else if !strings.Contains(err.Error(), dir+" is in use") {
		t.Error(err)
	}
	s.Close()
	if s, err = Start(t.Context(), loopback(dir)); err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	s.Close()
}

func TestDatabaseThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, store.File), []byte(strings.Repeat("not a database", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Start(t.Context(), loopback(dir)); err == nil {
		s.Close()
		t.Error("it starts")
	} else if !strings.Contains(err.Error(), "is damaged") {
		t.Error(err)
	}
}

func TestWhatToDo(t *testing.T) {
	wrap := func(err error) error { return &fs.PathError{Op: "write", Path: "x", Err: err} }
	for _, c := range []struct {
		err  error
		says string
	}{
		{ExplainData("/d", wrap(syscall.ENOSPC)), "the disk is full; free some space"},
		{ExplainData("/d", wrap(syscall.EACCES)), "cannot be written: give it to the user"},
		{ExplainData("/d", wrap(syscall.EROFS)), "cannot be written"},
		{ExplainData("/d", wrap(syscall.ENOTDIR)), "is not a folder"},
		{ExplainData("/d", fmt.Errorf("x: %w", store.ErrUnavailable)), "another program holds it"},
		{ExplainData("/d", fmt.Errorf("x: %w: %w", store.ErrUnavailable, store.ErrFull)), "the disk is full; free some space"},
		{ExplainData("/d", fmt.Errorf("x: %w: %w", store.ErrUnavailable, store.ErrDamaged)), "is damaged: put a backup"},
		{ExplainData("/d", fmt.Errorf("x: %w", store.ErrNewer)), "a newer version: use that one"},
		{ExplainData("/d", errLocked), "runs already: stop that one"},
		{ExplainData("/d", errors.New("else")), "choose another with --data (else)"},
		{explainListen(":1", wrap(syscall.EADDRINUSE)), "in use by another program"},
		{explainListen(":1", wrap(syscall.Errno(10048))), "in use by another program"},
		{explainListen(":1", wrap(syscall.EACCES)), "needs a privilege"},
		{explainListen(":1", wrap(syscall.EADDRNOTAVAIL)), "not an address of this machine"},
	} {
		if !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%q does not say %q", c.err, c.says)
		}
	}
	if ExplainData("/d", nil) != nil {
		t.Error("no error became one")
	}
}

func TestValidate(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"listen":     func(c *Config) { c.Listen = "8080" },
		"public_url": func(c *Config) { c.PublicURL = "parley.example.org" },
		"Listen":     func(c *Config) { c.Relay.Listen = "x" },
		"origins":    func(c *Config) { c.Origins = []string{"example.org"} },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := errors.Join(Default().Validate(), Embedded().Validate()); err != nil {
		t.Error(err)
	}
}
