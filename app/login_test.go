package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/call/calltest/chrome"
	"parley/signaling/login"
	"parley/signaling/login/logintest"
	"parley/signaling/server"
	"parley/signaling/service"
	"parley/signaling/store"
)

// The program without a window says where to sign in; a person does so in a
// real browser, at a real provider over HTTP, and the program waits for calls.
func TestSignInWithABrowser(t *testing.T) {
	b, err := chrome.Start(context.Background(), chrome.Options{})
	if errors.Is(err, chrome.ErrAbsent) && os.Getenv("CI") == "" {
		t.Skip("Chromium is not installed: signing in with it is not tested here (make deps-test installs it)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("chromium: %v", err)
		}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0") // the address has to be known beforehand
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	idp := logintest.New(t)
	idp.Set(func(s *logintest.Settings) { s.Ask, s.Redirect = true, "http://"+at+"/login/callback" })
	lc := login.Default()
	lc.Issuer, lc.ClientID, lc.ClientSecret, lc.Public = idp.URL, logintest.ClientID, logintest.Secret, "http://"+at
	cfg := service.Embedded()
	cfg.Listen, cfg.PublicURL, cfg.Relay, cfg.DrainFor = at, "http://"+at, nil, 0
	cfg.Login = func(st store.Store, log *slog.Logger, ended func(string)) (server.Login, error) {
		return login.New(lc, st, log, ended)
	}
	s, err := service.Start(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	says := func(printed *syncBuffer, words string) string {
		t.Helper()
		limit := time.After(30 * time.Second)
		for !strings.Contains(printed.String(), words) {
			select {
			case <-limit:
				t.Fatalf("printed %q, which does not say %q", printed, words)
			case <-time.After(20 * time.Millisecond):
			}
		}
		return printed.String()
	}
	// arrives waits over the pages in between, which end what is asked of them.
	arrives := func(v *chrome.Visit, expression string) {
		t.Helper()
		between := func(err error) bool {
			return err != nil && (strings.Contains(err.Error(), "navigated") || strings.Contains(err.Error(), "Cannot find context"))
		}
		err := v.Until(expression)
		for n := 0; between(err) && n < 10; n++ {
			err = v.Until(expression)
		}
		must(err)
	}
	shots := os.Getenv("PARLEY_LOGIN_SHOTS") // a folder for pictures of the pages
	shot := func(v *chrome.Visit, name string) {
		if shots != "" {
			must(v.Screenshot(filepath.Join(shots, name+".png")))
		}
	}

	printed := answering(t, s.LocalURL(), "Ada", t.TempDir())
	said := says(printed, "To sign in, open ")
	_, rest, _ := strings.Cut(said, "To sign in, open ")
	address, rest, _ := strings.Cut(rest, " ")
	_, rest, _ = strings.Cut(rest, "the code ")
	code, _, _ := strings.Cut(rest, ".")

	v, err := b.Visit(address, "")
	must(err)
	for _, scheme := range []chrome.Screen{{Width: 900, Height: 720}, {Width: 360, Height: 640, Dark: true}} {
		must(v.Look(scheme))
		must(v.Until("document.querySelector('.code').innerText === '" + code + "'"))
		// Nothing is cut off, and nothing needs to be scrolled sideways.
		must(v.Until("document.documentElement.scrollWidth <= innerWidth"))
		shot(v, map[bool]string{false: "ask-light", true: "ask-dark-small"}[scheme.Dark])
	}
	must(v.Click("button[value=go]"))
	arrives(v, "document.querySelector('h1')?.innerText === 'Sign in, Ada Lovelace?'")
	must(v.Click("#no"))
	arrives(v, "document.body?.innerText.includes('did not sign you in')")
	shot(v, "denied")
	says(printed, "cancelled in the browser")

	// The second time they agree, and the program waits for calls: Ben's comes.
	printed = answering(t, s.LocalURL(), "Ada", t.TempDir())
	_, rest, _ = strings.Cut(says(printed, "To sign in, open "), "To sign in, open ")
	address, _, _ = strings.Cut(rest, " ")
	v, err = b.Visit(address, "")
	must(err)
	must(v.Until("!!document.querySelector('button[value=go]')"))
	must(v.Click("button[value=go]"))
	arrives(v, "!!document.querySelector('#yes')")
	must(v.Click("#yes"))
	arrives(v, "document.body?.innerText.includes('Go back to Parley')")
	shot(v, "done")

	idp.Set(func(s *logintest.Settings) {
		s.Ask, s.Person = false, logintest.Person{"sub": "ben", "name": "Ben"}
	})
	var ben syncBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"--headless", "--service", s.LocalURL(), "--name", "Ben", "--call", "Ada", "--for", "300ms", "--profile", t.TempDir(),
			"--camera", "none", "--microphone", "none", "--speaker", "null"}, &ben, &ben)
	}()
	_, rest, _ = strings.Cut(says(&ben, "To sign in, open "), "To sign in, open ")
	address, _, _ = strings.Cut(rest, " ")
	ours, err := b.Visit(address, "")
	must(err)
	must(ours.Until("!!document.querySelector('button[value=go]')"))
	must(ours.Click("button[value=go]"))
	if code := <-ended; code != 0 {
		t.Errorf("Ben's call to Ada ended with %d: %s", code, &ben)
	}
}
