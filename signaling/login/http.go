package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// Prefix is the path under which a gate is served.
const Prefix = "/login/"

// mostForm bounds what a form can send.
const mostForm = 4 << 10

func (g *Gate) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"{id}", g.ask)
	mux.HandleFunc("POST "+Prefix+"{id}", g.answer)
	mux.HandleFunc("GET "+Prefix+"callback", g.callback)
	mux.HandleFunc("GET "+Prefix+"style.css", func(w http.ResponseWriter, _ *http.Request) {
		g.page.secure(w.Header())
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.Write(g.page.style) //nolint:errcheck // a client that went away
	})
	return mux
}

// ServeHTTP serves what is below Prefix.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// SlowDown answers a browser whose network asks too often.
func (g *Gate) SlowDown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	g.show(w, r, view{status: http.StatusTooManyRequests, title: "no_title", text: "slow_down"})
}

func (g *Gate) show(w http.ResponseWriter, r *http.Request, v view) {
	if err := g.page.show(w, r, v); err != nil {
		g.log.Debug("login page", "err", err)
	}
}

// sorry shows what is wrong.
func (g *Gate) sorry(w http.ResponseWriter, r *http.Request, status int, text string) {
	g.show(w, r, view{status: status, title: "no_title", text: text})
}

// stored shows why the store has no login, if so.
func (g *Gate) stored(w http.ResponseWriter, r *http.Request, err error) (ok bool) {
	switch {
	case err == nil:
		return true
	case errors.Is(err, store.ErrNotFound):
		g.sorry(w, r, http.StatusNotFound, "expired")
	default:
		g.log.Error("storage", "operation", "login", "err", err)
		g.sorry(w, r, http.StatusServiceUnavailable, "storage")
	}
	return false
}

// cookieName has a prefix that keeps other hosts of the domain from setting it
// (RFC 6265bis section 4.1.3), where the browser allows that.
func (g *Gate) cookieName() string {
	if g.secure {
		return "__Host-parley-login"
	}
	return "parley-login"
}

// browser returns what is known to this browser alone; "": it keeps nothing.
func (g *Gate) browser(r *http.Request) string {
	c, err := r.Cookie(g.cookieName())
	if err != nil {
		return ""
	}
	if b, err := base64.RawURLEncoding.DecodeString(c.Value); err != nil || len(b) != 32 {
		return ""
	}
	return c.Value
}

func browserHash(cookie string) []byte {
	h := sha256.Sum256([]byte("parley login browser\x00" + cookie))
	return h[:]
}

// formToken ties a form to the browser that it was shown in and to the login.
func formToken(cookie, id string) string {
	h := sha256.Sum256([]byte("parley login form\x00" + cookie + "\x00" + id))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// ask shows who wants to be signed in. Nothing happens before the person says
// so: a page elsewhere that leads here, to somebody who is signed in at the
// provider already, would otherwise be enough.
func (g *Gate) ask(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	l, err := g.logins.Login(r.Context(), store.LoginRef(id), time.Now())
	if err == nil && l.Ended {
		err = store.ErrNotFound
	}
	if !g.stored(w, r, err) {
		return
	}
	cookie := g.browser(r)
	if cookie == "" {
		cookie = random()
		http.SetCookie(w, &http.Cookie{Name: g.cookieName(), Value: cookie, Path: "/", HttpOnly: true, Secure: g.secure,
			SameSite: http.SameSiteLaxMode, MaxAge: int((g.cfg.Within + time.Minute).Seconds())})
	}
	g.show(w, r, view{status: http.StatusOK, title: "ask_title", Code: l.Code, Name: l.Name, Client: l.Client, Token: formToken(cookie, id)})
}

// answer sends the browser to the provider, or ends the login.
func (g *Gate) answer(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	r.Body = http.MaxBytesReader(w, r.Body, mostForm)
	cookie := g.browser(r)
	if cookie == "" || subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(formToken(cookie, id))) != 1 {
		g.sorry(w, r, http.StatusForbidden, "other_browser")
		return
	}
	now, ref := time.Now(), store.LoginRef(id)
	if r.PostFormValue("do") != "go" {
		if g.stored(w, r, g.logins.EndLogin(r.Context(), ref, store.Subject{}, wire.LoginDenied)) {
			g.over(ref, string(wire.LoginDenied), nil)
			g.sorry(w, r, http.StatusOK, "declined")
		}
		return
	}
	f, err := g.provider.get(r.Context())
	if err != nil {
		g.log.Warn("login", "outcome", "away", "err", err)
		g.show(w, r, view{status: http.StatusBadGateway, title: "no_title", text: "away", Again: Prefix + id})
		return
	}
	flow := store.Flow{Browser: browserHash(cookie), Nonce: random(), Verifier: oauth2.GenerateVerifier()}
	state := random()
	if !g.stored(w, r, g.logins.StartLogin(r.Context(), ref, state, flow, now)) {
		return
	}
	g.page.secure(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, f.address(state, flow), http.StatusSeeOther)
}

// callback takes the browser back from the provider.
func (g *Gate) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	state := q.Get("state")
	l, err := g.logins.LoginByState(r.Context(), state, time.Now())
	if !g.stored(w, r, err) {
		return
	}
	// Not the browser that began: nothing is done, so that nobody can end the
	// login of another one.
	if subtle.ConstantTimeCompare(browserHash(g.browser(r)), l.Browser) != 1 {
		g.log.Warn("login", "outcome", "other browser")
		g.sorry(w, r, http.StatusForbidden, "other_browser")
		return
	}
	if !g.stored(w, r, g.logins.TakeState(r.Context(), state)) {
		return
	}
	who, err := g.outcome(r, l)
	reason := wire.LoginReason("")
	if no, ok := errors.AsType[*refused](err); ok {
		reason = no.reason
	}
	if !g.stored(w, r, g.logins.EndLogin(r.Context(), l.Ref, who, reason)) {
		return
	}
	if reason != "" {
		g.over(l.Ref, string(reason), err)
		status := http.StatusForbidden
		if reason == wire.LoginProvider {
			status = http.StatusBadGateway
		}
		g.sorry(w, r, status, string(reason))
		return
	}
	g.over(l.Ref, "ok", nil)
	g.show(w, r, view{status: http.StatusOK, title: "done_title", text: "done"})
}

// outcome is what the provider says; the error is a *refused.
func (g *Gate) outcome(r *http.Request, l store.Login) (store.Subject, error) {
	q := r.URL.Query()
	if iss := q.Get("iss"); iss != "" && iss != g.cfg.Issuer { // RFC 9207
		return store.Subject{}, not(wire.LoginProvider, "another provider sent the browser back")
	}
	switch code := q.Get("error"); code {
	case "":
	case "access_denied":
		return store.Subject{}, not(wire.LoginDenied, "access denied")
	default:
		return store.Subject{}, not(wire.LoginProvider, "the provider says %.60q", code)
	}
	code := q.Get("code")
	if code == "" {
		return store.Subject{}, not(wire.LoginProvider, "the provider sent no code")
	}
	return g.provider.who(r.Context(), code, l.Flow)
}

// over tells who waits.
func (g *Gate) over(ref, outcome string, err error) {
	g.log.Info("login", "outcome", outcome, "err", err)
	g.ended(ref)
}
