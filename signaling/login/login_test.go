package login_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/signaling/login"
	"parley/signaling/login/logintest"
	"parley/signaling/store"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a gate with a provider and a database of its own.
type rig struct {
	t     *testing.T
	idp   *logintest.Provider
	gate  *login.Gate
	store *store.SQL
	url   string
	log   *logs

	mu    sync.Mutex
	ended []string
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newRig(t *testing.T, change ...func(*login.Config)) *rig {
	t.Helper()
	r := &rig{t: t, idp: logintest.New(t), log: &logs{}}
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { h.ServeHTTP(w, q) }))
	t.Cleanup(srv.Close)
	var err error
	if r.store, err = store.Open(t.Context(), ":memory:"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.store.Close() })
	cfg := login.Default()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	cfg.Issuer, cfg.ClientID, cfg.ClientSecret, cfg.Public = r.idp.URL, logintest.ClientID, logintest.Secret, srv.URL
	cfg.Client = &http.Client{Transport: tr, Timeout: 5 * time.Second}
	for _, f := range change {
		f(&cfg)
	}
	r.url = srv.URL
	r.idp.Set(func(s *logintest.Settings) { s.Redirect = srv.URL + "/login/callback" })
	r.gate, err = login.New(cfg, r.store, slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})), func(ref string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ended = append(r.ended, ref)
	})
	if err != nil {
		t.Fatal(err)
	}
	h = r.gate
	t.Cleanup(func() {
		for _, s := range r.idp.Secrets() {
			if s != "" && strings.Contains(r.log.String(), s) {
				t.Errorf("the log has %q:\n%s", s, r.log)
			}
		}
	})
	return r
}

func key(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

func (r *rig) begin() wire.Login {
	r.t.Helper()
	l, err := r.gate.Begin(r.t.Context(), key(1), "Ada", "parley test")
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// claim is what hello does in the end.
func (r *rig) claim(l wire.Login) error {
	_, _, err := r.store.ClaimLogin(r.t.Context(), key(1), "Ada", store.LoginRef(l.ID), time.Now())
	return err
}

func (r *rig) wants(l wire.Login, reason wire.LoginReason) {
	r.t.Helper()
	err := r.claim(l)
	switch f, ok := errors.AsType[*store.LoginFailed](err); {
	case reason == "" && err != nil:
		r.t.Errorf("not let in: %v", err)
	case reason != "" && (!ok || f.Reason != reason):
		r.t.Errorf("%v, want %s", err, reason)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.ended, []string{store.LoginRef(l.ID)}) {
		r.t.Errorf("told of the end: %v", r.ended)
	}
}

// pending: nothing has come of it, and nobody was told.
func (r *rig) pending(l wire.Login) {
	r.t.Helper()
	if err := r.claim(l); !errors.Is(err, store.ErrLoginPending) {
		r.t.Errorf("%v, want a login that goes on", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ended) > 0 {
		r.t.Errorf("told of an end")
	}
}

type shown struct {
	status int
	text   string
	url    *url.URL
	header http.Header
}

func (r *rig) read(res *http.Response, err error) shown {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return shown{res.StatusCode, string(b), res.Request.URL, res.Header}
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

func (r *rig) open(b *http.Client, l wire.Login) (page shown, token string) {
	r.t.Helper()
	page = r.read(b.Get(l.URL))
	if m := tokenField.FindStringSubmatch(page.text); m != nil {
		token = m[1]
	}
	return page, token
}

// through opens the page, says yes and goes wherever it is sent.
func (r *rig) through(b *http.Client, l wire.Login) shown {
	r.t.Helper()
	_, token := r.open(b, l)
	return r.read(b.PostForm(l.URL, url.Values{"token": {token}, "do": {"go"}}))
}

func (r *rig) says(p shown, status int, words string) {
	r.t.Helper()
	if p.status != status || !strings.Contains(p.text, words) {
		r.t.Errorf("the page has status %d, want %d and %q:\n%s", p.status, status, words, p.text)
	}
}

func TestLogin(t *testing.T) {
	for name, set := range map[string]func(*logintest.Settings){
		"secret in the header": func(*logintest.Settings) {},
		"secret in the form":   func(s *logintest.Settings) { s.PostOnly = true },
		"thin token":           func(s *logintest.Settings) { s.Thin = true },
		"issuer named":         nil,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *login.Config) {
				c.Domains, c.Groups = []string{"example.com", "EXAMPLE.org"}, []string{"admins", "staff"}
			})
			if set == nil {
				set = func(s *logintest.Settings) { s.Iss = r.idp.URL }
			}
			r.idp.Set(set)
			l := r.begin()
			b := logintest.Browser(t)
			page, _ := r.open(b, l)
			for _, words := range []string{l.Code, "Ada", "parley test", strings.TrimPrefix(r.idp.URL, "http://"), "do not continue"} {
				r.says(page, http.StatusOK, words)
			}
			csp := page.header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") ||
				page.header.Get("Referrer-Policy") != "no-referrer" || page.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers: %v", page.header)
			}
			r.pending(l)
			end := r.through(b, l)
			r.says(end, http.StatusOK, "Go back to Parley")
			r.wants(l, "")
			a, err := r.store.Accounts(t.Context())
			if err != nil || len(a) != 1 || a[0].Person.Name != "Ada" {
				t.Errorf("accounts: %+v, %v", a, err)
			}
			// The way back, a second time: from the browser's history, say.
			r.says(r.read(b.Get(end.url.String())), http.StatusNotFound, "used already")
			again, _ := r.open(b, l)
			r.says(again, http.StatusNotFound, "used already")
		})
	}
}

// A client without a secret has PKCE alone.
func TestPublicClient(t *testing.T) {
	r := newRig(t, func(c *login.Config) { c.ClientSecret = "" })
	r.idp.Set(func(s *logintest.Settings) { s.Public = true })
	l := r.begin()
	r.says(r.through(logintest.Browser(t), l), http.StatusOK, "Go back to Parley")
	r.wants(l, "")
}

// Whatever the provider does that it must not do, or the operator does not
// want, nobody comes in, and both the page and the program say why.
func TestNotLetIn(t *testing.T) {
	claim := func(k string, v any) func(*logintest.Settings) {
		return func(s *logintest.Settings) {
			s.Claims = func(c map[string]any) {
				if v == nil {
					delete(c, k)
				} else {
					c[k] = v
				}
			}
		}
	}
	person := func(k string, v any) func(*logintest.Settings) {
		return func(s *logintest.Settings) {
			s.Person = maps.Clone(s.Person)
			s.Person[k] = v
		}
	}
	for name, c := range map[string]struct {
		set    func(*logintest.Settings)
		reason wire.LoginReason
	}{
		"wrong nonce":            {claim("nonce", "another"), wire.LoginProvider},
		"no nonce":               {claim("nonce", nil), wire.LoginProvider},
		"wrong audience":         {claim("aud", "somebody"), wire.LoginProvider},
		"more audiences":         {claim("aud", []string{logintest.ClientID, "somebody"}), wire.LoginProvider},
		"for another party":      {claim("azp", "somebody"), wire.LoginProvider},
		"wrong issuer":           {claim("iss", "https://elsewhere.example.org"), wire.LoginProvider},
		"expired":                {claim("exp", time.Now().Add(-time.Minute).Unix()), wire.LoginProvider},
		"not yet":                {claim("nbf", time.Now().Add(time.Hour).Unix()), wire.LoginProvider},
		"no subject":             {claim("sub", ""), wire.LoginProvider},
		"another access token":   {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), wire.LoginProvider},
		"bad signature":          {func(s *logintest.Settings) { s.BadKey = true }, wire.LoginProvider},
		"no signature":           {func(s *logintest.Settings) { s.NoKey = true }, wire.LoginProvider},
		"no ID token":            {func(s *logintest.Settings) { s.NoIDToken = true }, wire.LoginProvider},
		"away for the token":     {func(s *logintest.Settings) { s.Away = map[string]bool{"/token": true} }, wire.LoginProvider},
		"away for the keys":      {func(s *logintest.Settings) { s.Away = map[string]bool{"/keys": true} }, wire.LoginProvider},
		"away for the user info": {func(s *logintest.Settings) { s.Thin, s.Away = true, map[string]bool{"/userinfo": true} }, wire.LoginProvider},
		"somebody else's info":   {func(s *logintest.Settings) { s.Thin, s.UserInfo = true, logintest.Person{"sub": "other"} }, wire.LoginProvider},
		"another provider":       {func(s *logintest.Settings) { s.Iss = "https://elsewhere.example.org" }, wire.LoginProvider},
		"the person says no":     {func(s *logintest.Settings) { s.Deny = true }, wire.LoginDenied},
		"another domain":         {person("email", "ada@example.org.elsewhere.net"), wire.LoginNotAllowed},
		"no address":             {person("email", ""), wire.LoginNotAllowed},
		"address not verified":   {person("email_verified", false), wire.LoginNotAllowed},
		"another group":          {person("groups", []string{"guests"}), wire.LoginNotAllowed},
		"no group":               {person("groups", nil), wire.LoginNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *login.Config) { c.Domains, c.Groups = []string{"example.org"}, []string{"staff"} })
			r.idp.Set(c.set)
			l := r.begin()
			end := r.through(logintest.Browser(t), l)
			words := map[wire.LoginReason]string{wire.LoginProvider: "did not answer as it must", wire.LoginDenied: "did not sign you in", wire.LoginNotAllowed: "not among those"}
			if end.status < 400 || !strings.Contains(end.text, words[c.reason]) {
				t.Errorf("the page has status %d:\n%s", end.status, end.text)
			}
			r.wants(l, c.reason)
			if a, err := r.store.Accounts(t.Context()); err != nil || len(a) > 0 {
				t.Errorf("accounts: %+v, %v", a, err)
			}
		})
	}
}

// What comes with a state that is none, or to a browser that did not begin,
// changes nothing: the login goes on where it was begun.
func TestNotThisBrowser(t *testing.T) {
	r := newRig(t)
	l := r.begin()
	mine, other := logintest.Browser(t), logintest.Browser(t)

	r.idp.Set(func(s *logintest.Settings) { s.State = "made up" })
	r.says(r.through(mine, l), http.StatusNotFound, "used already")
	r.pending(l)
	r.says(r.read(mine.Get(r.url+"/login/callback?code=x")), http.StatusNotFound, "used already")
	r.idp.Set(func(s *logintest.Settings) { s.State = "" })

	// Somebody who has the form's address, but not its cookie.
	_, token := r.open(mine, l)
	r.says(r.read(other.PostForm(l.URL, url.Values{"token": {token}, "do": {"go"}})), http.StatusForbidden, "another browser")
	for _, bad := range []string{"", "x", token + "x"} {
		r.says(r.read(mine.PostForm(l.URL, url.Values{"token": {bad}, "do": {"go"}})), http.StatusForbidden, "another browser")
	}

	// Somebody who was sent on the way back of another person.
	back := r.back(mine, l)
	r.says(r.read(other.Get(back)), http.StatusForbidden, "another browser")
	r.pending(l)
	r.says(r.read(mine.Get(back)), http.StatusOK, "Go back to Parley")
	r.wants(l, "")
}

// back is where the provider sends a browser to, that did not go there.
func (r *rig) back(b *http.Client, l wire.Login) string {
	r.t.Helper()
	b.CheckRedirect = func(q *http.Request, _ []*http.Request) error {
		if q.URL.Path == "/login/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	_, token := r.open(b, l)
	res, err := b.PostForm(l.URL, url.Values{"token": {token}, "do": {"go"}})
	if err != nil {
		r.t.Fatal(err)
	}
	res.Body.Close()
	return res.Header.Get("Location")
}

// The way back at the same time in two tabs: one of them goes on.
func TestTwoTabs(t *testing.T) {
	r := newRig(t)
	l := r.begin()
	b := logintest.Browser(t)
	hold := make(chan struct{})
	r.idp.Set(func(s *logintest.Settings) { s.Hold = hold })
	back := r.back(b, l)
	pages := make(chan int, 2)
	for range 2 {
		go func() {
			res, err := b.Get(back)
			if err != nil {
				pages <- 0
				return
			}
			res.Body.Close()
			pages <- res.StatusCode
		}()
	}
	if status := <-pages; status != http.StatusNotFound { // while the other one waits for the provider
		t.Errorf("the second tab: %d", status)
	}
	close(hold)
	if status := <-pages; status != http.StatusOK {
		t.Errorf("the first tab: %d", status)
	}
	r.wants(l, "")
}

// The provider sees a code twice: it was stolen on the way and used.
func TestCodeUsedTwice(t *testing.T) {
	r := newRig(t)
	l := r.begin()
	b := logintest.Browser(t)
	back, err := url.Parse(r.back(b, l))
	if err != nil {
		t.Fatal(err)
	}
	// Without the verifier the code is of no use, and it is gone afterwards.
	res, err := b.PostForm(r.idp.URL+"/token", url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"redirect_uri": {r.url + "/login/callback"}, "client_id": {logintest.ClientID}, "client_secret": {logintest.Secret}, "code_verifier": {"guessed"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("a code without its verifier: %d", res.StatusCode)
	}
	r.says(r.read(b.Get(back.String())), http.StatusBadGateway, "did not answer as it must")
	r.wants(l, wire.LoginProvider)
}

func TestNotMyProgram(t *testing.T) {
	r := newRig(t)
	l := r.begin()
	b := logintest.Browser(t)
	_, token := r.open(b, l)
	r.says(r.read(b.PostForm(l.URL, url.Values{"token": {token}, "do": {"no"}})), http.StatusOK, "not your program")
	page, _ := r.open(b, l)
	r.says(page, http.StatusNotFound, "used already")
	r.says(r.read(b.PostForm(l.URL, url.Values{"token": {token}, "do": {"go"}})), http.StatusNotFound, "used already")
	r.wants(l, wire.LoginDenied)
}

// A provider that is away is tried again, keeps nobody from starting, and is
// found when it is back.
func TestProviderAway(t *testing.T) {
	r := newRig(t)
	r.idp.Set(func(s *logintest.Settings) { s.Away = map[string]bool{"/.well-known/openid-configuration": true} })
	if err := r.gate.Check(t.Context()); err == nil || r.gate.Ready() == nil || !strings.Contains(err.Error(), r.idp.URL) {
		t.Errorf("check: %v, ready: %v", err, r.gate.Ready())
	}
	l := r.begin()
	b := logintest.Browser(t)
	end := r.through(b, l)
	r.says(end, http.StatusBadGateway, "cannot be reached")
	r.says(end, http.StatusBadGateway, `href="/login/`+l.ID)
	r.pending(l)
	r.idp.Set(func(s *logintest.Settings) { s.Away = nil })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for r.gate.Check(ctx) != nil { // not asked sooner than in two seconds
		select {
		case <-ctx.Done():
			t.Fatal("not found again")
		case <-time.After(100 * time.Millisecond):
		}
	}
	r.says(r.through(b, l), http.StatusOK, "Go back to Parley")
	r.wants(l, "")
	if err := r.gate.Ready(); err != nil {
		t.Error(err)
	}
}

func TestExpires(t *testing.T) {
	r := newRig(t, func(c *login.Config) { c.Within = time.Nanosecond })
	l := r.begin()
	page, _ := r.open(logintest.Browser(t), l)
	r.says(page, http.StatusNotFound, "time ran out")
	if _, err := r.gate.Again(t.Context(), l.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("again: %v", err)
	}
}

// What a program says of itself is shown as text, if it can be.
func TestPageEscapes(t *testing.T) {
	r := newRig(t)
	l, err := r.gate.Begin(t.Context(), key(1), "<b>Ada</b>", "x\u202ey")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := r.open(logintest.Browser(t), l)
	r.says(page, http.StatusOK, "&lt;b&gt;Ada&lt;/b&gt;")
	if strings.Contains(page.text, "\u202e") {
		t.Error("the page has characters that turn the writing around")
	}
}

func TestLanguages(t *testing.T) {
	r := newRig(t)
	l := r.begin()
	for lang, words := range map[string]string{"en": "the same code", "de-AT": "denselben Code", "fr": "le même code", "es": "el mismo código", "ja": "the same code"} {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Accept-Language", lang)
		r.says(r.read(logintest.Browser(t).Do(q)), http.StatusOK, words)
	}
}

func TestConfig(t *testing.T) {
	good := login.Default()
	good.Issuer, good.ClientID, good.Public = "https://login.example.org/realms/x", "parley", "https://parley.example.org"
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for field, f := range map[string]func(*login.Config){
		"issuer":      func(c *login.Config) { c.Issuer = "http://login.example.org" },
		"public":      func(c *login.Config) { c.Public = "" },
		"client id":   func(c *login.Config) { c.ClientID = "" },
		"name claim":  func(c *login.Config) { c.NameClaim = "" },
		"group claim": func(c *login.Config) { c.GroupClaim, c.Groups = "", []string{"x"} },
		"domains":     func(c *login.Config) { c.Domains = []string{"ada@example.org"} },
		"within":      func(c *login.Config) { c.Within = 0 },
	} {
		c := good
		if f(&c); c.Validate() == nil || !strings.HasPrefix(c.Validate().Error(), field) {
			t.Errorf("%s: %v", field, c.Validate())
		}
	}
}
