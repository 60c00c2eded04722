package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/signaling/client"
	"parley/signaling/login/logintest"
	"parley/signaling/store/storetest/pgtest"
	"parley/signaling/wire"
)

// free is an address that nobody listens at, for a service whose address has
// to be known before it starts.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// withProvider are the flags of a service that has one.
func withProvider(t *testing.T, idp *logintest.Provider, public string) []string {
	t.Helper()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(logintest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	idp.Set(func(s *logintest.Settings) { s.Redirect = public + "/login/callback" })
	return []string{"--public-url", public, "--oidc-issuer", idp.URL, "--oidc-client-id", logintest.ClientID, "--oidc-client-secret-file", secret}
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// goes is a person with a browser: reads the page at the address, finds the
// code there, and says yes. It returns the last page.
func goes(t *testing.T, b *http.Client, l wire.Login) string {
	t.Helper()
	read := func(res *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
	page := read(b.Get(l.URL))
	m := formToken.FindStringSubmatch(page)
	if m == nil || !strings.Contains(page, l.Code) {
		t.Fatalf("the page at %s does not ask about %s:\n%s", l.URL, l.Code, page)
	}
	return read(b.PostForm(l.URL, url.Values{"token": {m[1]}, "do": {"go"}}))
}

// asked waits until the program shows where to sign in.
func (l *line) asked() wire.Login {
	l.t.Helper()
	l.until("asked to sign in with the browser", func() bool { s := l.State(); return s.Phase == client.NeedLogin && s.Login.URL != "" })
	return l.State().Login
}

func (l *line) refusedFor(reason wire.LoginReason) {
	l.t.Helper()
	l.until("refused: "+string(reason), func() bool { s := l.State(); return s.Phase == client.NeedLogin && s.Login.Reason == reason })
}

// Somebody new: says no at first, loses the connection, finds the service
// started anew while the browser is at the provider, and comes in; with a name
// that is taken they are proposed the provider's.
func TestLogin(t *testing.T) {
	idp := logintest.New(t)
	at := free(t)
	dir := t.TempDir()
	args := append(withProvider(t, idp, "http://"+at), "--listen", at)
	p := start(t, dir, args...)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mine := func(c *client.Config) { c.Key = key }
	ada := device(t, p.url, "Ada", mine)

	idp.Set(func(s *logintest.Settings) { s.Deny = true })
	first := ada.asked()
	says(t, goes(t, logintest.Browser(t), first), "did not sign you in")
	ada.refusedFor(wire.LoginDenied)
	idp.Set(func(s *logintest.Settings) { s.Deny = false })
	ada.Login()
	second := ada.asked()
	if second.ID == first.ID {
		t.Error("the same login again")
	}

	ada.cut()
	if again := ada.asked(); again.ID != second.ID || again.Code != second.Code {
		t.Errorf("after a cut: %+v, before %+v", again, second)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = start(t, dir, args...)
	says(t, goes(t, logintest.Browser(t), second), "Go back to Parley")
	ada.online()
	if me := ada.State().Me; me.Name != "Ada" || ada.State().Login != (wire.Login{}) {
		t.Errorf("signed in as %+v, %+v", me, ada.State().Login)
	}

	// Somebody else, who likes the same name.
	idp.Set(func(s *logintest.Settings) { s.Person = logintest.Person{"sub": "2", "name": "Ada  Byron"} })
	other := device(t, p.url, "ada")
	goes(t, logintest.Browser(t), other.asked())
	other.until("the name is taken, another one proposed", func() bool { return asks(other, wire.CodeNameTaken) && other.State().Login.Name == "Ada Byron" })
	if err := other.Rename("Ada Byron"); err != nil {
		t.Fatal(err)
	}
	other.online()

	// Her second device: she is somebody already.
	idp.Set(func(s *logintest.Settings) { s.Person = logintest.Ada() })
	laptop := device(t, p.url, "Ada on the laptop")
	goes(t, logintest.Browser(t), laptop.asked())
	laptop.refusedFor(wire.LoginElsewhere)
	refuses(t, "nobody here", "user", "release", "Cy", "--data", dir)
	says(t, does(t, "user", "release", "ADA", "--data", dir), "signed out")
	ada.until("out", func() bool { return ada.State().Phase == client.Failed })
	laptop.Login()
	goes(t, logintest.Browser(t), laptop.asked())
	laptop.online()
	if me := laptop.State().Me; me.Name != "Ada" {
		t.Errorf("the laptop is signed in as %+v", me)
	}
	device(t, p.url, "Whoever", mine).asked() // the old one is nobody's

	for _, s := range idp.Secrets() {
		if strings.Contains(p.log.String(), s) {
			t.Errorf("the log has %q", s)
		}
	}
}

// The provider need not be there when the service starts: those who are known
// sign in, and whoever is new does when it is back.
func TestProviderAway(t *testing.T) {
	idp := logintest.New(t)
	away := func(s *logintest.Settings) { s.Away = map[string]bool{"/.well-known/openid-configuration": true} }
	at, dir := free(t), t.TempDir()
	p := start(t, dir)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := func(c *client.Config) { c.Key = key }
	device(t, p.url, "Bob", old).online()
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	idp.Set(away)
	args := append(withProvider(t, idp, "http://"+at), "--listen", at)
	refuses(t, "nobody new could register", append([]string{"check-config"}, args...)...)
	p = start(t, dir, args...)
	device(t, p.url, "Bob", old).online()
	ada := device(t, p.url, "Ada")
	l := ada.asked()
	says(t, goes(t, logintest.Browser(t), l), "cannot be reached")
	res, err := http.Get(p.url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(string(b), "ok\n") || !strings.Contains(string(b), "provider is away") {
		t.Errorf("readyz: %d %q, %v", res.StatusCode, b, err)
	}
	idp.Set(func(s *logintest.Settings) { s.Away = nil })
	says(t, does(t, append([]string{"check-config"}, args...)...), "can be used")
	says(t, p.log.String(), "the OpenID Connect provider is not there")
	b := logintest.Browser(t)
	again := time.NewTicker(200 * time.Millisecond) // as a person presses "Try again"
	defer again.Stop()
	limit := time.After(20 * time.Second)
	for !strings.Contains(goes(t, b, l), "Go back to Parley") {
		select {
		case <-again.C:
		case <-limit:
			t.Fatal("the provider is not found again")
		}
	}
	ada.online()
}

func TestLoginFlags(t *testing.T) {
	ok := []string{"check-config", "--oidc-issuer", "https://login.example.org", "--oidc-client-id", "x", "--public-url", "https://parley.example.org"}
	for says, more := range map[string][]string{
		"two ways to let":        {"--invite-only"},
		"two ways to the secret": {"--oidc-client-secret", "a", "--oidc-client-secret-file", "b"},
		"no such file":           {"--oidc-client-secret-file", "/nowhere/at/all"},
		"domains":                {"--oidc-domains", "ada@example.org"},
		"group claim":            {"--oidc-groups", "staff", "--oidc-group-claim", ""},
		"is not https":           {"--oidc-issuer", "http://login.example.org"},
		"is not an address":      {"--oidc-issuer", "login.example.org"},
		"client id: is empty":    {"--oidc-client-id", ""},
	} {
		refuses(t, says, append(ok[:len(ok):len(ok)], more...)...)
	}
	refuses(t, "do nothing without", "check-config", "--oidc-client-id", "x")
	refuses(t, "needs the --public-url", "check-config", "--oidc-issuer", "https://login.example.org", "--oidc-client-id", "x")
}

// The program is connected to one node, the browser comes to another.
func TestLoginOnAnotherNode(t *testing.T) {
	pg, err := pgtest.Start()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pg.Close() })
	database := pg.Database(t)
	idp := logintest.New(t)
	at := free(t)
	args := append(withProvider(t, idp, "http://"+at), "--database", database, "--no-turn")
	start(t, t.TempDir(), append(args, "--listen", at)...) // for the browser
	here := free(t)
	start(t, t.TempDir(), append(args, "--listen", here)...)
	ada := device(t, "http://"+here, "Ada")
	says(t, goes(t, logintest.Browser(t), ada.asked()), "Go back to Parley")
	ada.online()
}
