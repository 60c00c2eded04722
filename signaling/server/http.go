package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parley/signaling/guest"
	"parley/signaling/store"
	"parley/signaling/wire"
)

func (srv *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.Path, srv.upgrade)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", srv.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(srv.reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET "+wire.RegionsPath, srv.regions)
	mux.HandleFunc("GET /j/{code}", srv.join)
	mux.Handle("GET "+guest.Prefix, srv.guestPage)
	if srv.login != nil {
		mux.HandleFunc(loginPath, srv.loginPages)
	}
	mux.HandleFunc("GET /{$}", srv.home)
	return mux
}

// upgrade makes a WebSocket of a request and starts the goroutines that serve
// it; Shutdown waits for them.
func (srv *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	addr := addressKey(r.RemoteAddr)
	refuse := func(limit string, status, seconds int, why string) {
		srv.m.limits.WithLabelValues(limit).Inc()
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		http.Error(w, why, status)
	}
	srv.mu.Lock()
	draining := srv.draining
	srv.mu.Unlock()
	if draining {
		refuse("draining", http.StatusServiceUnavailable, 2, "The service is restarting.")
		return
	}
	if wait, ok := srv.failed.peek(time.Now(), addr); !ok {
		refuse("failed_sign_ins", http.StatusTooManyRequests, int(wait.Seconds())+1, "Too many failed sign-ins.")
		return
	}
	if !srv.pending.enter(addr) {
		refuse("unauthenticated", http.StatusTooManyRequests, 3, "Too many connections that have not signed in.")
		return
	}
	if !srv.originAllowed(r) {
		srv.pending.leave(addr)
		srv.m.limits.WithLabelValues("origin").Inc()
		http.Error(w, "This web origin may not use the service.", http.StatusForbidden)
		return
	}
	ws, err := srv.up.Upgrade(w, r, nil)
	if err != nil {
		srv.pending.leave(addr)
		srv.log.Debug("upgrade", "err", err)
		return
	}
	c := &conn{srv: srv, ws: ws, addr: addr, host: r.Host, tls: r.TLS != nil, counted: true}
	c.log.Store(srv.log)
	if !srv.enter(c) {
		c.forget()
		// A courtesy: who does not get it finds the connection closed.
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(wire.CloseDrain, "restarting"), time.Now().Add(closeWait))
		ws.Close()
		return
	}
	if ws.Subprotocol() != wire.Subprotocol {
		c.close(wire.CloseProtocol, "subprotocol "+wire.Subprotocol+" only")
	}
	// Not in this goroutine: it and the request keep buffers of the HTTP server
	// and a stack that was deep once, 13 kB for as long as the connection lasts.
	go func() {
		defer srv.leave(c)
		c.run(srv.ctx)
		c.forget()
	}()
}

// enter counts a connection; false: the service is ending.
func (srv *Server) enter(c *conn) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.draining {
		return false
	}
	srv.conns[c] = struct{}{}
	srv.wg.Add(1)
	srv.m.connections.Inc()
	return true
}

func (srv *Server) leave(c *conn) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.conns, c)
	srv.m.connections.Dec()
	if srv.draining && len(srv.conns) == 0 {
		select {
		case <-srv.emptied:
		default:
			close(srv.emptied)
		}
	}
	srv.wg.Done()
}

// originAllowed refuses web pages of other origins. Programs that are not
// browsers send no Origin.
func (srv *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(srv.cfg.AllowedOrigins, "*") {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) ||
		slices.ContainsFunc(srv.cfg.AllowedOrigins, func(o string) bool { return strings.EqualFold(o, origin) })
}

// ready says whether new clients should be sent here.
func (srv *Server) ready(w http.ResponseWriter, r *http.Request) {
	srv.mu.Lock()
	draining := srv.draining
	srv.mu.Unlock()
	if draining {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := srv.store.Ready(ctx); err != nil {
		srv.log.Error("not ready", "err", err)
		http.Error(w, "storage", http.StatusServiceUnavailable)
		return
	}
	if srv.cfg.Cluster != nil {
		if err := srv.cfg.Cluster.Ready(); err != nil {
			srv.log.Error("not ready", "err", err)
			http.Error(w, "bus", http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
	if srv.login != nil && srv.login.Ready() != nil { // whoever is known can sign in all the same
		fmt.Fprintln(w, "the OpenID Connect provider is away: nobody new can register")
	}
}

// regions says where the relays are, so that a program that is not signed in
// can tell which one is near.
func (srv *Server) regions(w http.ResponseWriter, r *http.Request) {
	list := srv.cfg.Regions
	if list == nil {
		list = []wire.ICERegion{}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(wire.Regions{Regions: list}); err != nil {
		srv.log.Debug("regions", "err", err)
	}
}

// page has no script and needs nothing from elsewhere.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; }
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}</main>
</body>
</html>
`))

type pageData struct {
	Title string
	Lines []string
}

func (srv *Server) page(w http.ResponseWriter, status int, d pageData) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := page.Execute(w, d); err != nil {
		srv.log.Debug("page", "err", err)
	}
}

func (srv *Server) home(w http.ResponseWriter, r *http.Request) {
	srv.page(w, http.StatusOK, pageData{Title: "Parley", Lines: []string{
		"This is a Parley service, version " + srv.cfg.Version + ".",
		"Start Parley and enter this page's address to sign in here.",
	}})
}

// join is where call links lead: it calls from the browser, or hands the code
// to the program.
func (srv *Server) join(w http.ResponseWriter, r *http.Request) {
	l := srv.linkPage(r)
	if err := srv.guestPage.Show(w, r, l); err != nil {
		srv.log.Debug("link page", "err", err)
	}
}

// linkPage says what the page about a link has to show.
func (srv *Server) linkPage(r *http.Request) guest.Link {
	code := r.PathValue("code")
	if !wire.ValidID(code) {
		return guest.Link{State: guest.Incomplete}
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWithin)
	defer cancel()
	l, err := srv.store.Link(ctx, code, time.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return guest.Link{State: guest.Unknown}
	case errors.Is(err, store.ErrLinkUsed):
		return guest.Link{State: guest.Used}
	case errors.Is(err, store.ErrLinkExpired):
		return guest.Link{State: guest.Expired}
	case errors.Is(err, store.ErrUnavailable):
		return guest.Link{State: guest.Storage}
	case err != nil:
		srv.log.Error("link page", "err", err)
		return guest.Link{State: guest.Internal}
	}
	host := r.Host
	if u, err := url.Parse(srv.cfg.PublicURL); err == nil && u.Host != "" {
		host = u.Host
	}
	open := url.URL{Scheme: "parley", Host: host, Path: "/j/" + code}
	// parley: is not among the schemes that the template trusts.
	return guest.Link{State: guest.OK, Code: code, Owner: l.Owner.Name, Open: template.URL(open.String())}
}
