package login

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"parley/signaling/store"
	"parley/signaling/wire"
)

const (
	answerWithin = 10 * time.Second // one request to the provider
	mostAnswer   = 1 << 20          // bytes of one answer
	tryAgain     = 15 * time.Second // for a provider that was not there
	notSooner    = 2 * time.Second  // however many browsers want it to be
)

// provider is the operator's OpenID Connect provider. It is found when it is
// there: that it is away keeps nobody from starting the service.
type provider struct {
	// static
	cfg      Config
	redirect string
	client   *http.Client
	log      *slog.Logger

	finding sync.Mutex // one at a time asks

	mu    sync.Mutex
	found *found
	err   error // why it is not found; nil: not asked yet, or found
	tried time.Time
}

// found is what the discovery document says.
type found struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
}

func newProvider(cfg Config, redirect string, log *slog.Logger) *provider {
	c := &http.Client{Timeout: answerWithin}
	if cfg.Client != nil {
		*c = *cfg.Client
	}
	next := c.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	c.Transport = bounded{next}
	return &provider{cfg: cfg, redirect: redirect, client: c, log: log}
}

// bounded keeps a provider from sending without an end.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, mostAnswer), res.Body}
	}
	return res, err
}

// run asks until the provider is found.
func (p *provider) run(ctx context.Context) {
	t := time.NewTicker(tryAgain)
	defer t.Stop()
	for said := false; ; said = true {
		_, err := p.get(ctx)
		switch {
		case err == nil:
			p.log.Info("the OpenID Connect provider is there", "issuer", p.cfg.Issuer)
			return
		case ctx.Err() != nil:
			return
		case !said:
			p.log.Warn("the OpenID Connect provider is not there: nobody new can register until it is", "issuer", p.cfg.Issuer, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (p *provider) ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// get returns what the provider says of itself, and asks it the first time.
func (p *provider) get(ctx context.Context) (*found, error) {
	have := func() (*found, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.found == nil && p.err != nil && time.Since(p.tried) < notSooner {
			return nil, p.err
		}
		return p.found, nil
	}
	if f, err := have(); f != nil || err != nil {
		return f, err
	}
	p.finding.Lock()
	defer p.finding.Unlock()
	if f, err := have(); f != nil || err != nil {
		return f, err
	}
	f, err := p.discover(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.found, p.err, p.tried = f, err, time.Now()
	}
	return f, err
}

func (p *provider) discover(ctx context.Context) (*found, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	// Of the context the client is kept for the keys, not its end.
	pr, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery at %s: %w", p.cfg.Issuer, err)
	}
	end := pr.Endpoint()
	for _, e := range []struct{ name, address string }{{"authorization_endpoint", end.AuthURL}, {"token_endpoint", end.TokenURL}} {
		address, _, _ := strings.Cut(e.address, "?") // some have a query there
		if err := web(e.name, address); err != nil {
			return nil, fmt.Errorf("discovery at %s: %w", p.cfg.Issuer, err)
		}
	}
	var says struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
		PKCE    []string `json:"code_challenge_methods_supported"`
	}
	if err := pr.Claims(&says); err != nil {
		return nil, fmt.Errorf("discovery at %s: %w", p.cfg.Issuer, err)
	}
	if len(says.PKCE) > 0 && !slices.Contains(says.PKCE, "S256") {
		return nil, fmt.Errorf("discovery at %s: the provider has no PKCE with S256", p.cfg.Issuer)
	}
	end.AuthStyle = oauth2.AuthStyleInHeader // what a provider has that says nothing
	if p.cfg.ClientSecret == "" || !slices.Contains(says.Methods, "client_secret_basic") && slices.Contains(says.Methods, "client_secret_post") {
		end.AuthStyle = oauth2.AuthStyleInParams
	}
	return &found{
		provider: pr,
		verifier: pr.Verifier(&oidc.Config{ClientID: p.cfg.ClientID}),
		oauth: oauth2.Config{ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: end, RedirectURL: p.redirect,
			Scopes: append([]string{oidc.ScopeOpenID}, p.cfg.Scopes...)},
	}, nil
}

// address is where the browser goes.
func (f *found) address(state string, flow store.Flow) string {
	return f.oauth.AuthCodeURL(state, oidc.Nonce(flow.Nonce), oauth2.S256ChallengeOption(flow.Verifier))
}

// refused is why somebody is not let in; its error is for the log.
type refused struct {
	reason wire.LoginReason
	err    error
}

// Error implements error.
func (r *refused) Error() string { return string(r.reason) + ": " + r.err.Error() }

// Unwrap returns the cause.
func (r *refused) Unwrap() error { return r.err }

func not(reason wire.LoginReason, format string, args ...any) error {
	return &refused{reason, fmt.Errorf(format, args...)}
}

// who exchanges the code for an ID token, and returns whose it is. The error
// is a *refused, without a token in it.
func (p *provider) who(ctx context.Context, code string, flow store.Flow) (store.Subject, error) {
	f, err := p.get(ctx)
	if err != nil {
		return store.Subject{}, not(wire.LoginProvider, "%w", err)
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.client), answerWithin)
	defer cancel()
	token, err := f.oauth.Exchange(ctx, code, oauth2.VerifierOption(flow.Verifier))
	if err != nil {
		if r, ok := errors.AsType[*oauth2.RetrieveError](err); ok { // its text may repeat what was sent
			return store.Subject{}, not(wire.LoginProvider, "the provider does not exchange the code: HTTP status %d, error %.60q", r.Response.StatusCode, r.ErrorCode)
		}
		return store.Subject{}, not(wire.LoginProvider, "exchange the code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return store.Subject{}, not(wire.LoginProvider, "the provider sent no ID token")
	}
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return store.Subject{}, not(wire.LoginProvider, "ID token: %w", err)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return store.Subject{}, not(wire.LoginProvider, "ID token: %w", err)
	}
	// OpenID Connect Core 1.0 section 3.1.3.7.
	azp, _ := claims["azp"].(string)
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(flow.Nonce)) != 1:
		return store.Subject{}, not(wire.LoginProvider, "ID token: the nonce is not that of this login")
	case len(id.Audience) > 1 && azp != p.cfg.ClientID, azp != "" && azp != p.cfg.ClientID:
		return store.Subject{}, not(wire.LoginProvider, "ID token: it was made for another client")
	case id.Subject == "" || len(id.Subject) > 255:
		return store.Subject{}, not(wire.LoginProvider, "ID token: it has no subject")
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return store.Subject{}, not(wire.LoginProvider, "ID token: the access token is not that of it")
		}
	}
	if p.lacking(claims) && f.provider.UserInfoEndpoint() != "" {
		if err := p.more(ctx, f, token, id.Subject, claims); err != nil {
			return store.Subject{}, err
		}
	}
	if err := p.allowed(claims); err != nil {
		return store.Subject{}, err
	}
	return store.Subject{Issuer: id.Issuer, Subject: id.Subject, Name: p.name(claims)}, nil
}

// lacking reports that a claim is not in the ID token: some providers have
// them only at the endpoint for them.
func (p *provider) lacking(claims map[string]any) bool {
	_, name := claims[p.cfg.NameClaim]
	_, mail := claims["email"]
	_, groups := claims[p.cfg.GroupClaim]
	return !name || len(p.cfg.Domains) > 0 && !mail || len(p.cfg.Groups) > 0 && !groups
}

// more adds what the UserInfo endpoint says.
func (p *provider) more(ctx context.Context, f *found, token *oauth2.Token, subject string, claims map[string]any) error {
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return not(wire.LoginProvider, "user info: %w", err)
	}
	if info.Subject != subject { // section 5.3.2
		return not(wire.LoginProvider, "user info: it is about somebody else")
	}
	said := map[string]any{}
	if err := info.Claims(&said); err != nil {
		return not(wire.LoginProvider, "user info: %w", err)
	}
	for k, v := range said {
		if _, ok := claims[k]; !ok {
			claims[k] = v
		}
	}
	return nil
}

// allowed says whether the operator lets this person in.
func (p *provider) allowed(claims map[string]any) error {
	if len(p.cfg.Domains) > 0 {
		mail, _ := claims["email"].(string)
		at := strings.LastIndexByte(mail, '@')
		verified := claims["email_verified"] == true || claims["email_verified"] == "true" // some write it so
		if at < 1 || !verified || !slices.ContainsFunc(p.cfg.Domains, func(d string) bool { return strings.EqualFold(d, mail[at+1:]) }) {
			return not(wire.LoginNotAllowed, "the e-mail address is not a verified one of the domains that may come in")
		}
	}
	if len(p.cfg.Groups) > 0 {
		var groups []string
		switch g := claims[p.cfg.GroupClaim].(type) {
		case string:
			groups = []string{g}
		case []any:
			for _, one := range g {
				if s, ok := one.(string); ok {
					groups = append(groups, s)
				}
			}
		}
		if !slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(p.cfg.Groups, g) }) {
			return not(wire.LoginNotAllowed, "none of the groups may come in")
		}
	}
	return nil
}

// name is what the person is called there, if it can be a name here.
func (p *provider) name(claims map[string]any) string {
	for _, claim := range []string{p.cfg.NameClaim, "name", "preferred_username"} {
		s, _ := claims[claim].(string)
		if name, err := wire.CleanName(strings.Join(strings.Fields(s), " ")); err == nil {
			return name
		}
	}
	return ""
}
