package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// Login lets new people in through the operator's OpenID Connect provider:
// signaling/login.
type Login interface {
	http.Handler // of what is below /login/
	// SlowDown answers a browser whose network asks too often.
	SlowDown(w http.ResponseWriter, r *http.Request)
	// Begin makes a login for a device that wants to be called so.
	Begin(ctx context.Context, key []byte, name, client string) (wire.Login, error)
	// Again returns one that goes on; store.ErrNotFound.
	Again(ctx context.Context, id string) (wire.Login, error)
	// Run finds the provider; it ends with ctx. Ready says why it is not found.
	Run(ctx context.Context)
	Ready() error
}

// NewLogin makes a Login over the service's store. ended is to be called, and
// does not block, when a login has ended on this node.
type NewLogin func(st store.Store, log *slog.Logger, ended func(ref string)) (Login, error)

const (
	// loginsEvery is how often the store is asked which logins have ended: the
	// browser may have come to another node.
	loginsEvery = time.Second
	// pagesPerLogin is how often a browser asks for one login.
	pagesPerLogin = 5
	loginPath     = "/login/"
	loginSlack    = 5 * time.Second // that a connection outlives its login
)

// logins are the connections that wait for a login to end.
type logins struct {
	mu      sync.Mutex
	waiting map[string]map[*conn]string // by ref: ids
}

func newLogins() *logins { return &logins{waiting: map[string]map[*conn]string{}} }

func (l *logins) wait(c *conn, id string) {
	ref := store.LoginRef(id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting[ref] == nil {
		l.waiting[ref] = map[*conn]string{}
	}
	l.waiting[ref][c] = id
}

func (l *logins) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ref, conns := range l.waiting {
		if delete(conns, c); len(conns) == 0 {
			delete(l.waiting, ref)
		}
	}
}

func (l *logins) none() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) == 0
}

// take returns who waits for a login, who do so no longer.
func (l *logins) take(ref string) map[*conn]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := l.waiting[ref]
	delete(l.waiting, ref)
	return conns
}

// loginEnded tells the programs that wait for it.
func (srv *Server) loginEnded(ref string) {
	for c, id := range srv.logins.take(ref) {
		c.sendBody(wire.KindLogin, "", wire.Login{ID: id})
	}
}

// lookForLogins notices logins that have ended on other nodes.
func (srv *Server) lookForLogins() {
	t := time.NewTicker(loginsEvery)
	defer t.Stop()
	for {
		select {
		case <-srv.ctx.Done():
			return
		case <-t.C:
			if srv.logins.none() {
				continue
			}
			ctx, cancel := context.WithTimeout(srv.ctx, storeWithin)
			refs, err := srv.store.EndedLogins(ctx)
			cancel()
			if err != nil && srv.ctx.Err() == nil {
				_ = srv.explain("logins", err) // counts and logs; there is nobody to tell
			}
			for _, ref := range refs {
				srv.loginEnded(ref)
			}
		}
	}
}

// loginPages serves the browser, within a rate.
func (srv *Server) loginPages(w http.ResponseWriter, r *http.Request) {
	if _, ok := srv.pages.take(time.Now(), addressKey(r.RemoteAddr)); !ok {
		srv.m.limits.WithLabelValues("login_pages").Inc()
		srv.login.SlowDown(w, r)
		return
	}
	srv.login.ServeHTTP(w, r)
}

// claimLogin lets in who is known, or has come through the provider; whoever
// is new begins a login.
func (c *conn) claimLogin(ctx context.Context, h wire.Hello, name string) (wire.Person, error) {
	who, claimed, err := c.srv.store.ClaimLogin(ctx, h.Key, name, store.LoginRef(h.Login), time.Now())
	var werr *wire.Error
	failed, isFailed := errors.AsType[*store.LoginFailed](err)
	switch {
	case errors.Is(err, store.ErrLogin) && h.Login == "":
		return who, c.beginLogin(ctx, h, name)
	case errors.Is(err, store.ErrLogin):
		return who, loginFailed(wire.LoginExpired)
	case errors.Is(err, store.ErrLoginPending):
		l, err := c.srv.login.Again(ctx, h.Login)
		if errors.Is(err, store.ErrNotFound) {
			return who, loginFailed(wire.LoginExpired)
		}
		if err != nil {
			return who, err
		}
		return who, loginNeeded(l)
	case isFailed:
		return who, loginFailed(failed.Reason)
	case errors.Is(err, store.ErrNameTaken):
		werr = errNameTaken(name)
	case errors.Is(err, store.ErrNoName):
		werr = errNoName()
	default:
		return who, err
	}
	if claimed != "" {
		werr.Login = &wire.Login{Name: claimed}
	}
	return who, werr
}

func (c *conn) beginLogin(ctx context.Context, h wire.Hello, name string) error {
	if wait, ok := c.srv.begun.take(time.Now(), c.addr); !ok {
		c.srv.m.limits.WithLabelValues("logins").Inc()
		werr := wire.Errorf(wire.CodeSlowDown, "Too many people sign in from one address at the moment. Please wait a little.")
		werr.RetryMS = max(1, wait.Milliseconds())
		return werr
	}
	l, err := c.srv.login.Begin(ctx, h.Key, name, h.Client)
	if err != nil {
		return err
	}
	return loginNeeded(l)
}

// awaitLogin keeps the connection for as long as its login can be used.
func (c *conn) awaitLogin(l wire.Login) {
	c.srv.logins.wait(c, l.ID)
	c.ws.SetReadDeadline(time.Now().Add(l.Within() + loginSlack))
}

func loginNeeded(l wire.Login) error {
	werr := wire.Errorf(wire.CodeLoginNeeded, "New people sign in with their browser here.")
	werr.Login = &l
	return werr
}

func loginFailed(reason wire.LoginReason) error {
	why := map[wire.LoginReason]string{
		wire.LoginDenied:     "The sign-in was cancelled in the browser.",
		wire.LoginNotAllowed: "This account is not among those that may use this service. Please ask whoever runs it.",
		wire.LoginExpired:    "The time to sign in is over. Please begin again.",
		wire.LoginProvider:   "The sign-in provider did not answer as it must. Please try again, or ask whoever runs the service.",
		wire.LoginElsewhere:  "This account is in use on another device. Please ask whoever runs the service to release that one.",
	}[reason]
	if why == "" { // of a newer version of another node
		why = "The sign-in did not succeed. Please try again."
	}
	werr := wire.Errorf(wire.CodeLoginFailed, "%s", why)
	werr.Login = &wire.Login{Reason: reason}
	return werr
}
