// Package server is the edge of the signaling service: HTTP, WebSockets,
// limits, health and metrics. PROTOCOL.md in signaling/wire says what it
// speaks; who rings and who is told what is decided in signaling/room.
//
//	HTTP request ──> conn (reader goroutine) ──> session ──> room (under Server.mu)
//	                                                            │ decisions
//	     network <── conn (writer goroutine) <── session's ring <┤ bus.Deliver
//	                                         <── Watcher <───────┤ bus.Publish
//	                                 store <── recorder <────────┘ call log, last seen
//	     clock goroutine ── Tick, expiry of sessions ──> room
//
// A session is one signed-in device and outlives its connections: what it was
// sent stays in its ring until acknowledged, and resume goes on where the link
// broke. Nothing that one client does makes another one wait: no shared lock
// is held while the network or the store is used, every queue is bounded, and
// a client that does not read is disconnected and told to resync.
//
// Several nodes are one service: see Cluster.
//
// Locks are taken in this order: session.handle, Server.mu, the bus and the
// hop, session.mu, conn.mu.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/bus"
	"parley/signaling/guest"
	"parley/signaling/room"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// router brings messages and presence to sessions.
type router interface {
	Attach(session string, in bus.Inbox)
	Detach(session string)
	Deliver(session string, e wire.Envelope) error
	Watch(w *bus.Watcher, everyone bool, ids ...string)
	Unwatch(w *bus.Watcher, everyone bool, ids ...string)
	Watching(w *bus.Watcher) (everyone bool, ids []string)
	Drop(w *bus.Watcher)
	Publish(p wire.Presence)
	Gone(person string)
}

// Server is one node of the service.
type Server struct {
	// static
	cfg     Config
	store   store.Store
	log     *slog.Logger
	reg     *prometheus.Registry
	m       *metrics
	bus     router
	rec     *recorder
	invites *keyed // by person
	pairs   *keyed // invitations, by caller and callee
	failed  *keyed // sign-ins, by address
	guests  *keyed // their sign-ins, by address
	begun   *keyed // logins, by address
	pages   *keyed // that browsers ask for at a login, by address
	login   Login  // nil: none
	logins  *logins
	pending *addresses // connections before ready
	up      websocket.Upgrader
	mux     *http.ServeMux

	guestPage *guest.Page

	blockings atomic.Uint64 // counts changes of block lists, for begin

	ctx    context.Context // of all connections
	cancel context.CancelFunc
	wg     sync.WaitGroup // clock and connections
	tick   chan time.Time // capacity 1: the clock's next appointment

	mu         sync.Mutex
	room       *room.Calls
	sessions   map[string]*session
	byPerson   map[string]map[string]*session
	visits     map[string]int        // sessions of guests, by link
	waiting    map[*session]struct{} // sessions without a connection
	conns      map[*conn]struct{}
	nextTick   time.Time
	nextExpiry time.Time // when the next of waiting may be over; zero: none waits
	listener   string    // address, once Serve has one
	cluster    *cluster  // nil: this node is alone
	draining   bool
	closed     bool
	emptied    chan struct{} // closed when draining and no connection is left
	moved      chan struct{} // closed when draining and no session is left
	http       []*http.Server
}

// New makes a service over a store, which stays the caller's to close, after
// the service. A nil log discards. Shutdown must be called in the end.
func New(cfg Config, st store.Store, log *slog.Logger) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if log == nil {
		log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	reg := cfg.Registry
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, err
	}
	page, err := guest.New()
	if err != nil {
		return nil, err
	}
	srv := &Server{
		guestPage: page,
		cfg:       cfg,
		store:     st,
		log:       log,
		reg:       reg,
		m:         m,
		bus:       bus.NewLocal(),
		invites:   newKeyed(cfg.Limits.InvitesPerMinute),
		pairs:     newKeyed(cfg.Limits.InvitesPerPair),
		failed:    newKeyed(cfg.Limits.FailedSignIns),
		guests:    newKeyed(cfg.Limits.GuestsPerMinute),
		begun:     newKeyed(cfg.Limits.LoginsPerMinute),
		pages:     newKeyed(cfg.Limits.LoginsPerMinute * pagesPerLogin),
		logins:    newLogins(),
		pending:   newAddresses(cfg.Limits.Unauthenticated),
		tick:      make(chan time.Time, 1),
		room:      room.New(cfg.Room),
		sessions:  map[string]*session{},
		byPerson:  map[string]map[string]*session{},
		visits:    map[string]int{},
		waiting:   map[*session]struct{}{},
		conns:     map[*conn]struct{}{},
		emptied:   make(chan struct{}),
		moved:     make(chan struct{}),
	}
	srv.up = websocket.Upgrader{
		Subprotocols:     []string{wire.Subprotocol},
		HandshakeTimeout: 5 * time.Second,
		ReadBufferSize:   1024,
		WriteBufferSize:  4096,
		WriteBufferPool:  &sync.Pool{},
		CheckOrigin:      srv.originAllowed,
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			http.Error(w, http.StatusText(status), status)
		},
	}
	if cfg.Login != nil {
		if srv.login, err = cfg.Login(st, log, srv.loginEnded); err != nil {
			return nil, err
		}
	}
	srv.ctx, srv.cancel = context.WithCancel(context.Background())
	srv.mux = srv.routes()
	srv.rec = newRecorder(st, m, log)
	srv.wg.Go(srv.clock)
	srv.wg.Go(srv.lookForEnded)
	if srv.login != nil {
		srv.wg.Go(srv.lookForLogins)
		srv.wg.Go(func() { srv.login.Run(srv.ctx) })
	}
	if cfg.Cluster != nil {
		if err := srv.joinCluster(cfg.Cluster); err != nil {
			_ = srv.Shutdown(srv.ctx) // nobody is connected
			return nil, err
		}
	}
	return srv, nil
}

// Handler returns the service as an HTTP handler, for a server of the
// caller's own. Serve is simpler.
func (srv *Server) Handler() http.Handler { return srv.mux }

// Serve accepts connections until ctx ends or Shutdown is called, and returns
// when everything has ended. It closes the listener.
func (srv *Server) Serve(ctx context.Context, l net.Listener) error {
	hs := &http.Server{
		Handler:           srv.mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // of plain requests: a WebSocket is hijacked
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(srv.log.Handler(), slog.LevelDebug),
	}
	srv.mu.Lock()
	if srv.closed || srv.draining {
		srv.mu.Unlock()
		l.Close()
		return errors.New("serve: the service has been shut down")
	}
	srv.listener = l.Addr().String()
	srv.http = append(srv.http, hs)
	srv.mu.Unlock()
	srv.log.Info("serving", "listen", srv.listener, "name", srv.name(srv.listener))

	stopped := make(chan struct{})
	var stopper sync.WaitGroup
	stopper.Go(func() {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.Background(), srv.cfg.DrainFor+5*time.Second)
			defer cancel()
			_ = srv.Shutdown(end) // nil: who has not left by then is disconnected
		case <-stopped:
		}
	})
	err := hs.Serve(l)
	close(stopped)
	stopper.Wait()
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	srv.wg.Wait()
	return nil
}

// Shutdown drains the service: it is not ready any more, takes no new
// connections, tells clients to go elsewhere, waits up to DrainFor until they
// have (of several nodes: until another one has their sessions), disconnects
// the rest and ends. When ctx ends first, it does not wait.
// Calls that stand go on: their media needs no service. Idempotent.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.mu.Lock()
	first := !srv.draining
	srv.draining = true
	conns := srv.connsLocked()
	if first && len(conns) == 0 {
		close(srv.emptied)
	}
	srv.movedLocked()
	srv.mu.Unlock()
	if first && srv.cluster != nil && srv.cluster.hop != nil {
		srv.cluster.hop.Leave()
	}
	if first {
		srv.log.Info("draining", "connections", len(conns))
		for _, c := range conns {
			// Spread over half the window, so that all do not come back at once.
			after := time.Duration(rand.Int64N(int64(srv.cfg.DrainFor/2) + 1))
			c.sendBody(wire.KindDrain, "", wire.Drain{AfterMS: after.Milliseconds()})
		}
	}
	window := time.NewTimer(srv.cfg.DrainFor)
	defer window.Stop()
	select {
	case <-srv.emptied:
		if srv.cluster == nil {
			break
		}
		// Clients that are on their way have their sessions fetched from here.
		select {
		case <-srv.moved:
		case <-window.C:
		case <-ctx.Done():
		}
	case <-window.C:
	case <-ctx.Done():
	}
	srv.mu.Lock()
	conns = srv.connsLocked()
	srv.mu.Unlock()
	for _, c := range conns {
		c.close(wire.CloseDrain, "restarting")
	}
	grace := time.NewTimer(closeWait)
	defer grace.Stop()
	select {
	case <-srv.emptied:
	case <-grace.C:
	case <-ctx.Done():
	}
	srv.cancel() // ends the clock, and whatever connection is left
	srv.mu.Lock()
	srv.closed = true
	servers := srv.http
	srv.mu.Unlock()
	for _, hs := range servers {
		hs.Close()
	}
	srv.wg.Wait()
	if srv.cluster != nil && srv.cluster.hop != nil {
		srv.cluster.hop.Close()
	}
	srv.rec.close()
	return nil
}

// movedLocked notes when nobody is left who could be fetched.
func (srv *Server) movedLocked() {
	if !srv.draining || len(srv.sessions) > 0 {
		return
	}
	select {
	case <-srv.moved:
	default:
		close(srv.moved)
	}
}

func (srv *Server) connsLocked() []*conn {
	conns := make([]*conn, 0, len(srv.conns))
	for c := range srv.conns {
		conns = append(conns, c)
	}
	return conns
}

// name is what sign-in signatures cover. host is what the client asked for; it
// counts only while nothing else is known.
func (srv *Server) name(host string) string {
	if srv.cfg.Name != "" {
		return srv.cfg.Name
	}
	if u, err := url.Parse(srv.cfg.PublicURL); err == nil && u.Host != "" {
		return u.Host
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.listener != "" {
		return srv.listener
	}
	return host
}

// tickAtLocked makes sure that the clock strikes at t.
func (srv *Server) tickAtLocked(t time.Time) {
	if !srv.nextTick.IsZero() && !t.Before(srv.nextTick) {
		return
	}
	srv.nextTick = t
	select {
	case <-srv.tick:
	default:
	}
	srv.tick <- t
}

// clock does what time alone brings about.
func (srv *Server) clock() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-srv.ctx.Done():
			return
		case t := <-srv.tick:
			timer.Reset(max(0, time.Until(t)))
		case <-timer.C:
			now := time.Now()
			srv.mu.Lock()
			srv.nextTick = time.Time{}
			srv.expireLocked(now)
			if !srv.nextExpiry.IsZero() {
				srv.tickAtLocked(srv.nextExpiry)
			}
			srv.applyLocked(srv.room.Tick(now), nil)
			if srv.cluster != nil {
				srv.cluster.tick(now)
			}
			srv.mu.Unlock()
		}
	}
}
