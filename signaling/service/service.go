// Package service puts the parts of a signaling service together: the database
// in its folder, the server, the relay and the listener. parleyd runs it for
// hosting, and the desktop program brings one along for a first call.
//
//	clients ──HTTP, WebSocket──> listener ──> signaling/server ──> signaling/store
//	        ──STUN, TURN──────> signaling/turn <── credentials ──┘
package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parley/signaling/server"
	"parley/signaling/store"
	"parley/signaling/turn"
	"parley/signaling/wire"
)

// Config says where a service listens and keeps its data. Start from Default
// or Embedded.
type Config struct {
	// DataDir holds the database parley.db; it is made if need be. "": nothing
	// outlives the service.
	DataDir string
	// Listen is host:port for HTTP and WebSockets; port 0: any.
	Listen string
	// TLS is for the listener, and for the relay as well; nil: http.
	TLS *tls.Config
	// PublicURL is how clients reach it from elsewhere, as https://HOST; "":
	// each client's own way.
	PublicURL string
	// Relay is the STUN and TURN server's; nil: none.
	Relay *turn.Config
	// RelayQuota is how many bytes a person may relay in a month; beyond it
	// there are no new relays. 0: any number.
	RelayQuota int64
	// External is a relay that somebody else runs, told to clients instead.
	External *turn.External
	// Regions are relays in several places, told to clients instead; Relay may
	// be one of them.
	Regions *turn.Regions
	// Directory lets everybody see everybody.
	Directory bool
	// InviteOnly lets new people in only with an invitation.
	InviteOnly bool
	// Login lets new people in through a provider; see server.Config.
	Login server.NewLogin
	// Strangers is the rule of people who have chosen none; see server.Config.
	Strangers wire.Rule
	// Origins are web pages that may connect; see server.Config.
	Origins []string
	// Version is told to clients.
	Version string
	// Newest is the version of the program that people are told of; nil: none.
	Newest *wire.Release
	// DrainFor is how long Close lets clients go elsewhere.
	DrainFor time.Duration
	Log      *slog.Logger // nil: none
	// Store is the database, which is closed with the service; nil: one in
	// DataDir.
	Store store.Store
	// Cluster joins the service to other nodes; nil: it is alone.
	Cluster *server.Cluster
}

// Default is for hosting.
func Default() Config {
	relay := turn.Default()
	s := server.Default()
	return Config{Listen: s.Listen, Relay: &relay, Directory: s.Directory, Version: s.Version, DrainFor: s.DrainFor}
}

// Embedded is for a desktop program on a local network: free ports, and a
// relay that reaches the network's own addresses.
func Embedded() Config {
	c := Default()
	c.Listen, c.DrainFor = ":0", 200*time.Millisecond
	c.Relay.Listen, c.Relay.AllowPrivate = ":0", true
	return c
}

// Validate names the first field that is wrong.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen: %q is not an address with a port, as in :8080 or 192.168.1.5:8080", c.Listen)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
			return fmt.Errorf("public_url: %q is not an address as in https://parley.example.org", c.PublicURL)
		}
	}
	if c.Relay != nil {
		if err := c.Relay.Validate(); err != nil {
			return err
		}
	}
	if c.External != nil {
		if err := c.External.Validate(); err != nil {
			return err
		}
	}
	if c.Regions != nil {
		if err := c.Regions.Validate(); err != nil {
			return err
		}
	}
	if c.RelayQuota < 0 {
		return fmt.Errorf("relay quota: %d is negative", c.RelayQuota)
	}
	return c.server(nil, nil).Validate()
}

// server is the part for signaling/server.
func (c Config) server(relay *turn.Server, m *meter) server.Config {
	s := server.Default()
	s.Listen, s.PublicURL, s.Directory, s.AllowedOrigins = c.Listen, strings.TrimSuffix(c.PublicURL, "/"), c.Directory, c.Origins
	s.DrainFor, s.InviteOnly, s.Login, s.Strangers = c.DrainFor, c.InviteOnly, c.Login, c.Strangers
	s.Cluster, s.Newest = c.Cluster, c.Newest
	if c.Version != "" {
		s.Version = c.Version
	}
	if c.Regions != nil {
		s.Regions = c.Regions.Public()
		s.ICE = func(person, payer string) wire.ICE {
			ice := c.Regions.Credentials(relayUser(person, payer), time.Now())
			ice.RelaySpent = m != nil && m.over(payer)
			return ice
		}
	} else if c.External != nil {
		s.ICE = func(person, payer string) wire.ICE {
			return c.External.Credentials(relayUser(person, payer), time.Now())
		}
	} else if relay != nil {
		s.ICE = func(person, payer string) wire.ICE {
			ice := relay.Credentials(relayUser(person, payer), "", time.Now())
			ice.RelaySpent = m.over(payer)
			return ice
		}
	}
	return s
}

// relayUser is who a person is at the relay.
func relayUser(person, payer string) string {
	if person == payer {
		return person
	}
	return turn.GuestOf(person, payer)
}

// Service is a running service. Make one with Start.
type Service struct {
	cfg      Config
	store    store.Store
	server   *server.Server
	relay    *turn.Server // nil: none
	meter    *meter       // nil without a relay
	lock     *os.File     // of the data folder; nil: none
	listener net.Listener

	cancel context.CancelFunc
	done   chan struct{} // closed when everything has ended
	err    error         // valid once done is closed
	close  sync.Once
}

// Start opens everything and serves until Close is called or ctx ends; in both
// cases clients are told to come back first. The error is a sentence about
// what to do.
func Start(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, done: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.release())
	}
	run, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	go func() {
		defer close(s.done)
		l := s.listener
		if cfg.TLS != nil {
			l = tls.NewListener(l, cfg.TLS)
		}
		err := s.server.Serve(run, l)
		s.err = errors.Join(err, s.release())
	}()
	return s, nil
}

// open makes the parts in the order in which they need each other.
func (s *Service) open(ctx context.Context) error {
	path := ":memory:"
	if s.cfg.DataDir != "" {
		if err := prepare(s.cfg.DataDir); err != nil {
			return err
		}
		var err error
		if s.lock, err = lock(s.cfg.DataDir); err != nil {
			return ExplainData(s.cfg.DataDir, err)
		}
		path = filepath.Join(s.cfg.DataDir, "parley.db")
	}
	var err error
	if s.store = s.cfg.Store; s.store == nil {
		db, err := store.Open(ctx, path)
		if err != nil {
			return ExplainData(s.cfg.DataDir, err)
		}
		s.store = db
	}
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Listen); err != nil {
		return explainListen(s.cfg.Listen, err)
	}
	if s.cfg.Relay != nil {
		relay := *s.cfg.Relay
		if relay.Host == "" {
			relay.Host = hostOf(s.cfg.PublicURL)
		}
		if relay.TLS == nil {
			relay.TLS = s.cfg.TLS
		}
		if relay.Log == nil {
			relay.Log = s.cfg.Log.With("component", "relay")
		}
		s.meter = newMeter(s.store, s.cfg.RelayQuota, s.cfg.Log.With("component", "relay"))
		relay.Spent = s.meter.refuse
		if s.relay, err = turn.Start(relay); err != nil {
			return err
		}
		s.meter.start(s.relay.Used)
	}
	conf := s.cfg.server(s.relay, s.meter)
	conf.Registry = prometheus.NewRegistry()
	if s.relay != nil {
		if err := register(conf.Registry, s.relay.Usage, s.meter); err != nil {
			return err
		}
	}
	s.server, err = server.New(conf, s.store, s.cfg.Log)
	return err
}

// release closes what open has opened, in the other order.
func (s *Service) release() error {
	var errs []error
	if s.server != nil { // idempotent; Serve has done it unless it failed
		end, cancel := context.WithTimeout(context.Background(), s.cfg.DrainFor+time.Second)
		defer cancel()
		errs = append(errs, s.server.Shutdown(end))
	}
	if s.relay != nil {
		errs = append(errs, s.relay.Close())
	}
	if s.meter != nil {
		s.meter.close()
	}
	if s.listener != nil {
		s.listener.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Done is closed when the service has ended; then Close returns why.
func (s *Service) Done() <-chan struct{} { return s.done }

// Close tells clients to come back later, ends the service and waits for that.
// It may be called more than once.
func (s *Service) Close() error {
	s.close.Do(s.cancel)
	<-s.done
	return s.err
}

// Handler is the service as an HTTP handler, for one more listener.
func (s *Service) Handler() http.Handler { return s.server.Handler() }

// Addr returns the listener's host:port.
func (s *Service) Addr() string { return s.listener.Addr().String() }

// Port returns the listener's port.
func (s *Service) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// URL is what to tell others: the public address, else the listener's, with
// the address that this machine has on its network in place of "all".
func (s *Service) URL() string {
	if s.cfg.PublicURL != "" {
		return strings.TrimSuffix(s.cfg.PublicURL, "/")
	}
	at := s.listener.Addr().(*net.TCPAddr).AddrPort()
	ip := at.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = lanAddr()
	}
	return s.scheme() + "://" + netip.AddrPortFrom(ip, at.Port()).String()
}

// LocalURL is how programs on this machine reach it, whatever the network
// does.
func (s *Service) LocalURL() string {
	at := s.listener.Addr().(*net.TCPAddr).AddrPort()
	ip := at.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return s.scheme() + "://" + netip.AddrPortFrom(ip, at.Port()).String()
}

func (s *Service) scheme() string {
	if s.cfg.TLS != nil {
		return "https"
	}
	return "http"
}

// SelfTest says whether the relay works as callers would use it; nil also
// without a relay.
func (s *Service) SelfTest(ctx context.Context) error {
	if s.relay == nil {
		return nil
	}
	return s.relay.SelfTest(ctx)
}

// RelayAddr is host:port of the relay, or "".
func (s *Service) RelayAddr() string {
	if s.relay == nil {
		return ""
	}
	return s.relay.Addr()
}

// lanAddr is the address that this machine has on its network; connecting a
// UDP socket sends nothing.
func lanAddr() netip.Addr {
	loop := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	for _, probe := range [][2]string{{"udp4", "192.0.2.1:9"}, {"udp6", "[2001:db8::1]:9"}} {
		c, err := net.Dial(probe[0], probe[1])
		if err != nil {
			continue
		}
		ip := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		c.Close()
		if !ip.IsLinkLocalUnicast() && !ip.IsUnspecified() {
			return ip
		}
	}
	return loop
}

func hostOf(publicURL string) string {
	if u, err := url.Parse(publicURL); err == nil {
		return u.Hostname()
	}
	return ""
}

// prepare makes the data folder and tries to write in it, so that what is
// wrong is said at the start and not at the first call.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ExplainData(dir, err)
	}
	f, err := os.CreateTemp(dir, ".write-test-*")
	if err != nil {
		return ExplainData(dir, err)
	}
	_, err = f.Write(make([]byte, 4096))
	err = errors.Join(err, f.Close(), os.Remove(f.Name()))
	return ExplainData(dir, err)
}

// ExplainData says what to do about the data folder.
func ExplainData(dir string, err error) error {
	var errno syscall.Errno
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrPermission), errors.As(err, &errno) && errno == syscall.EROFS:
		return fmt.Errorf("data folder %s cannot be written: give it to the user that runs the service, or choose another with --data (%w)", dir, err)
	case errors.Is(err, errLocked):
		return fmt.Errorf("data folder %s is in use by a service that runs already: stop that one, or choose another folder with --data", dir)
	case errors.Is(err, store.ErrFull),
		errors.As(err, &errno) && (errno == syscall.ENOSPC || errno == syscall.EDQUOT || errno == 112):
		return fmt.Errorf("data folder %s: the disk is full; free some space and start again (%w)", dir, err)
	case errors.As(err, &errno) && errno == syscall.ENOTDIR:
		return fmt.Errorf("data folder %s is not a folder: choose another with --data (%w)", dir, err)
	case errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("the database in %s is damaged: put a backup of %s there, or move the file away to begin anew (%w)", dir, store.File, err)
	case errors.Is(err, store.ErrNewer):
		return fmt.Errorf("the database in %s belongs to a newer version: use that one, or choose another folder with --data (%w)", dir, err)
	case errors.Is(err, store.ErrUnavailable):
		return fmt.Errorf("the database in %s cannot be used: another program holds it, or the disk does not answer (%w)", dir, err)
	}
	return fmt.Errorf("data folder %s cannot be used: choose another with --data (%w)", dir, err)
}

// explainListen says what to do about a listener that cannot be opened.
func explainListen(addr string, err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno) && (errno == syscall.EADDRINUSE || errno == 10048):
		return fmt.Errorf("listen: %s is in use by another program: stop it, or choose another port with --listen (%w)", addr, err)
	case errors.As(err, &errno) && (errno == syscall.EADDRNOTAVAIL || errno == 10049):
		return fmt.Errorf("listen: %s is not an address of this machine (%w)", addr, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("listen: %s needs a privilege: choose a port above 1023 with --listen, or allow it with setcap cap_net_bind_service=+ep (%w)", addr, err)
	}
	return fmt.Errorf("listen: %s: %w", addr, err)
}
