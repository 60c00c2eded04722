// Package login lets new people register through the operator's OpenID Connect
// provider, with their browser (RFC 8252; authorization code with PKCE, RFC
// 7636). The service is the provider's client; PROTOCOL.md in signaling/wire
// has the way from the program's side.
//
//	hello ──Begin──> Gate ──> store.Login <── any node
//	browser ── GET  /login/ID ──────> who asks, and the code that the program shows
//	        ── POST /login/ID ──────> state, nonce, verifier; to the provider
//	        ── GET  /login/callback ─> Gate ── code, verifier ──> provider ── ID token ──> store.EndLogin
//	                                        └─ Ended ──> hello goes on
//
// What keeps somebody from using another person's login:
//
//   - An id is known to one device, and only its key can use what comes of it.
//   - A flow belongs to the browser that began it, by a cookie, and its state is
//     good for once.
//   - The page names the program that asks and shows a code, and the person says
//     that it is the one on their screen: an address that somebody sent them lets
//     somebody else's program in.
//
// No token is kept, or logged: of the ID token the issuer, the subject and a
// name remain.
package login

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// Config says which provider, and whom of its people to let in. Take Default
// and fill in Issuer, ClientID and Public.
type Config struct {
	Issuer       string // as its discovery document says, without /.well-known/…
	ClientID     string // that the provider gave the service
	ClientSecret string // "": a public client, with PKCE alone
	// Public is how browsers reach the service, as https://parley.example.org;
	// Public/login/callback is what the provider must allow to go back to.
	Public string
	// Scopes are asked for besides openid.
	Scopes []string
	// NameClaim has the name that is proposed.
	NameClaim string
	// Domains are those of the verified e-mail addresses that may come in; none:
	// all.
	Domains []string
	// GroupClaim has a list of groups, of which one has to be among Groups; no
	// Groups: all may come in.
	GroupClaim string
	Groups     []string
	// Within is how long a login can be used.
	Within time.Duration
	// Client asks the provider; nil: one that gives up after ten seconds.
	Client *http.Client
}

// Default is what most providers understand.
func Default() Config {
	return Config{Scopes: []string{"profile", "email"}, NameClaim: "name", GroupClaim: "groups", Within: 10 * time.Minute}
}

// Validate names the first field that is wrong.
func (c Config) Validate() error {
	if err := web("issuer", c.Issuer); err != nil {
		return err
	}
	if err := web("public", c.Public); err != nil {
		return err
	}
	for _, d := range c.Domains {
		if strings.ContainsAny(d, "@ /") || !strings.Contains(d, ".") {
			return fmt.Errorf("domains: %q is not a domain, as in example.org", d)
		}
	}
	switch {
	case c.ClientID == "":
		return errors.New("client id: is empty")
	case c.NameClaim == "":
		return errors.New("name claim: is empty")
	case c.GroupClaim == "" && len(c.Groups) > 0:
		return errors.New("group claim: is empty")
	case c.Within <= 0 || c.Within > time.Hour:
		return fmt.Errorf("within: %s is not within an hour", c.Within)
	}
	return nil
}

// web refuses what is not https, but for this machine: tokens travel there.
func web(field, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%s: %q is not an address as in https://login.example.org", field, address)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return fmt.Errorf("%s: %s is not https, and whoever listens could sign in", field, address)
	}
	return nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// logins is what the store has about them.
type logins interface {
	BeginLogin(ctx context.Context, l store.Login, now time.Time) error
	Login(ctx context.Context, ref string, now time.Time) (store.Login, error)
	StartLogin(ctx context.Context, ref, state string, f store.Flow, now time.Time) error
	LoginByState(ctx context.Context, state string, now time.Time) (store.Login, error)
	TakeState(ctx context.Context, state string) error
	EndLogin(ctx context.Context, ref string, who store.Subject, reason wire.LoginReason) error
}

// Gate lets people in. Make one with New.
type Gate struct {
	// static
	cfg      Config
	base     string // Config.Public without a slash at its end
	secure   bool   // Public is https
	logins   logins
	log      *slog.Logger
	provider *provider
	page     *page
	mux      *http.ServeMux
	ended    func(ref string)
}

// New returns a gate. ended is called when a login has ended on this node; it
// must not block. A nil log discards.
func New(cfg Config, st logins, log *slog.Logger, ended func(ref string)) (*Gate, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	g := &Gate{cfg: cfg, base: strings.TrimSuffix(cfg.Public, "/"), secure: strings.HasPrefix(cfg.Public, "https:"),
		logins: st, log: log.With("part", "login"), ended: ended}
	g.provider = newProvider(cfg, g.base+"/login/callback", g.log)
	var err error
	if g.page, err = newPage(g); err != nil {
		return nil, err
	}
	g.mux = g.routes()
	return g, nil
}

// Run finds the provider, and goes on trying until it is there or ctx ends.
func (g *Gate) Run(ctx context.Context) { g.provider.run(ctx) }

// Ready returns why nobody can register at the moment, or nil: what was seen
// last, without asking.
func (g *Gate) Ready() error { return g.provider.ready() }

// Check asks the provider whether it is one.
func (g *Gate) Check(ctx context.Context) error {
	_, err := g.provider.get(ctx)
	return err
}

// Begin makes a login for a device.
func (g *Gate) Begin(ctx context.Context, key []byte, name, client string) (wire.Login, error) {
	now := time.Now()
	id, code := store.NewCode(15), newCode()
	if s, err := wire.CleanName(client); err == nil { // it is shown, and says what it likes
		client = s
	} else {
		client = ""
	}
	l := store.Login{Ref: store.LoginRef(id), Device: key, Name: name, Client: client, Code: code, Expires: now.Add(g.cfg.Within)}
	if err := g.logins.BeginLogin(ctx, l, now); err != nil {
		return wire.Login{}, err
	}
	return g.login(id, l, now), nil
}

// Again returns a login that was begun and has not ended; store.ErrNotFound.
func (g *Gate) Again(ctx context.Context, id string) (wire.Login, error) {
	now := time.Now()
	l, err := g.logins.Login(ctx, store.LoginRef(id), now)
	if err != nil {
		return wire.Login{}, err
	}
	return g.login(id, l, now), nil
}

func (g *Gate) login(id string, l store.Login, now time.Time) wire.Login {
	return wire.Login{ID: id, URL: g.base + Prefix + id, Code: l.Code, ExpiresMS: max(1, l.Expires.Sub(now).Milliseconds())}
}

// newCode is what two screens show: three letters that are told apart easily,
// three digits. It need not be hard to guess: nobody types it in.
func newCode() string {
	const letters, digits = "ACDEFHJKLMNPQRTUVWXY", "23456789"
	pick := func(from string) byte {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(from)))) // never fails
		return from[n.Int64()]
	}
	return string([]byte{pick(letters), pick(letters), pick(letters), '-', pick(digits), pick(digits), pick(digits)})
}

// random is 32 bytes that nobody guesses, for a URL or a cookie.
func random() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}
