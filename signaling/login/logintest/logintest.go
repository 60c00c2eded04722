// Package logintest is an OpenID Connect provider for tests: discovery,
// authorization with PKCE, tokens, keys and user info over HTTP, strict about
// what it is asked, and able to misbehave.
package logintest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// The client that the provider knows.
const (
	ClientID = "parley"
	Secret   = "a secret/of+the client" // with characters that have to be escaped
)

// Person is whoever is at the browser.
type Person map[string]any

// Ada is one.
func Ada() Person {
	return Person{"sub": "248289761001", "name": "Ada Lovelace", "email": "ada@example.org", "email_verified": true, "groups": []string{"staff"}}
}

// Provider is one that runs. Its fields are changed with Set.
type Provider struct {
	URL string // the issuer

	t      testing.TB
	server *httptest.Server
	key    *rsa.PrivateKey
	other  *rsa.PrivateKey // in no key set

	mu     sync.Mutex
	set    Settings
	codes  map[string]grant
	tokens map[string]Person // by access token
	secret []string          // what must never be in a log
}

// Settings say how the provider behaves.
type Settings struct {
	Person   Person
	Redirect string // where it may send browsers back to; "": anywhere
	// Ask shows a page with two buttons instead of agreeing at once.
	Ask bool
	// Deny refuses everybody.
	Deny bool
	// Claims changes an ID token before it is signed.
	Claims func(claims map[string]any)
	// BadKey signs with a key that is in no set; NoKey does not sign (alg none).
	BadKey, NoKey bool
	// NoIDToken leaves it out.
	NoIDToken bool
	// Away are the paths at which nobody answers.
	Away map[string]bool
	// Thin ID tokens have a subject alone; the rest is at the user info.
	Thin bool
	// UserInfo is whom that is about, if not the same person.
	UserInfo Person
	// State is sent back instead of what was asked with.
	State string
	// Iss is sent back as RFC 9207 has it; "": not at all.
	Iss string
	// Public clients have no secret.
	Public bool
	// Hold, if not nil, keeps the token endpoint from answering until it is closed.
	Hold chan struct{}
	// PostOnly takes the secret in the form alone.
	PostOnly bool
}

type grant struct {
	person    Person
	challenge string
	nonce     string
	redirect  string
}

// New starts a provider that ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{t: t, codes: map[string]grant{}, tokens: map[string]Person{}, set: Settings{Person: Ada()}, secret: []string{Secret, url.QueryEscape(Secret)}}
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if p.other, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /agree", p.agree)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.now().Away[r.URL.Path] {
			panic(http.ErrAbortHandler) // the connection ends
		}
		mux.ServeHTTP(w, r)
	}))
	p.URL = p.server.URL
	t.Cleanup(p.server.Close)
	return p
}

// Set changes how it behaves.
func (p *Provider) Set(f func(s *Settings)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.set)
}

func (p *Provider) now() Settings {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.set
}

// Secrets is what was made so far that must never be in a log: codes, tokens,
// nonces and the client's secret.
func (p *Provider) Secrets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.secret...)
}

func (p *Provider) random() string {
	b := make([]byte, 24)
	rand.Read(b) // never fails
	s := base64.RawURLEncoding.EncodeToString(b)
	p.hide(s)
	return s
}

func (p *Provider) hide(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.secret = append(p.secret, s)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) //nolint:errcheck // a client that went away
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	methods := []string{"client_secret_basic", "client_secret_post"}
	switch s := p.now(); {
	case s.Public:
		methods = []string{"none"}
	case s.PostOnly:
		methods = []string{"client_secret_post"}
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/keys", "userinfo_endpoint": p.URL + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": methods, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
	})
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s := p.now()
	for field, want := range map[string]string{"client_id": ClientID, "response_type": "code", "code_challenge_method": "S256", "redirect_uri": first(s.Redirect, q.Get("redirect_uri"))} {
		if q.Get(field) != want {
			http.Error(w, fmt.Sprintf("%s is %q, not %q", field, q.Get(field), want), http.StatusBadRequest)
			return
		}
	}
	for _, field := range []string{"state", "nonce", "code_challenge", "redirect_uri"} {
		if q.Get(field) == "" {
			http.Error(w, "no "+field, http.StatusBadRequest)
			return
		}
	}
	if !strings.Contains(" "+q.Get("scope")+" ", " openid ") {
		http.Error(w, "scope has no openid", http.StatusBadRequest)
		return
	}
	p.hide(q.Get("state"))
	p.hide(q.Get("nonce"))
	if !s.Ask {
		p.back(w, r, q, !s.Deny)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Provider</title><h1>Sign in, %s?</h1>
<form method="post" action="/agree"><input type="hidden" name="q" value="%s">
<button id="yes" name="do" value="yes">Yes</button> <button id="no" name="do" value="no">No</button></form>`,
		html.EscapeString(fmt.Sprint(s.Person["name"])), html.EscapeString(r.URL.RawQuery))
}

func (p *Provider) agree(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.PostFormValue("q"))
	if err != nil {
		http.Error(w, "form", http.StatusBadRequest)
		return
	}
	p.back(w, r, q, r.PostFormValue("do") == "yes")
}

// back sends the browser to the client.
func (p *Provider) back(w http.ResponseWriter, r *http.Request, q url.Values, yes bool) {
	s := p.now()
	out := url.Values{"state": {first(s.State, q.Get("state"))}}
	if s.Iss != "" {
		out.Set("iss", s.Iss)
	}
	if yes {
		code := p.random()
		p.mu.Lock()
		p.codes[code] = grant{person: s.Person, challenge: q.Get("code_challenge"), nonce: q.Get("nonce"), redirect: q.Get("redirect_uri")}
		p.mu.Unlock()
		out.Set("code", code)
	} else {
		out.Set("error", "access_denied")
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+out.Encode(), http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	s := p.now()
	if s.Hold != nil {
		<-s.Hold
	}
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749 section 2.3.1
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != ClientID || !s.Public && secret != Secret || s.Public && (basic || secret != "") || s.PostOnly && basic {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	p.hide(r.PostFormValue("code_verifier"))
	p.mu.Lock()
	g, ok := p.codes[code]
	delete(p.codes, code) // good for once
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != g.redirect ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		// As some do, with what was sent in the description.
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "no such code: " + code})
		return
	}
	access := p.random()
	p.mu.Lock()
	p.tokens[access] = g.person
	p.mu.Unlock()
	out := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if !s.NoIDToken {
		out["id_token"] = p.idToken(s, g, access)
	}
	answer(w, http.StatusOK, out)
}

func (p *Provider) idToken(s Settings, g grant, access string) string {
	half := sha256.Sum256([]byte(access))
	claims := map[string]any{"iss": p.URL, "aud": ClientID, "nonce": g.nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix(),
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "sub": g.person["sub"]}
	if !s.Thin {
		for k, v := range g.person {
			claims[k] = v
		}
	}
	if s.Claims != nil {
		s.Claims(claims)
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			p.t.Error(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	header := map[string]string{"alg": "RS256", "kid": "1", "typ": "JWT"}
	if s.NoKey {
		header = map[string]string{"alg": "none"}
	}
	signed := part(header) + "." + part(claims)
	var sig []byte
	if !s.NoKey {
		key := p.key
		if s.BadKey {
			key = p.other
		}
		sum := sha256.Sum256([]byte(signed))
		var err error
		if sig, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
			p.t.Error(err)
		}
	}
	token := signed + "." + base64.RawURLEncoding.EncodeToString(sig)
	p.hide(token)
	return token
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	enc := base64.RawURLEncoding.EncodeToString
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": enc(p.key.N.Bytes()), "e": enc(big.NewInt(int64(p.key.E)).Bytes())}}})
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	who, ok := p.tokens[access]
	if p.set.UserInfo != nil {
		who = p.set.UserInfo
	}
	p.mu.Unlock()
	if !ok {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, who)
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// Browser returns one that keeps cookies and follows where it is sent.
func Browser(t testing.TB) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: tr}
}
