// Package nats is the bus between the nodes of a service: a connection to
// NATS core, whose server is the operator's own or runs within this process
// and finds the other nodes' servers by their addresses. NATS loses messages
// without a word; signaling/bus/hop is what makes that good.
package nats

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// tlsWithin is how long a handshake may take, in seconds.
const tlsWithin = 5

// Config says how to reach the bus: with URL, or with Listen and Routes.
type Config struct {
	URL    string   // the operator's own, as in nats://user:password@nats.example.org:4222; commas between several
	Listen string   // host:port where this process's server takes other nodes'
	Routes []string // host:port of other nodes; some are enough, and this node may be among them
	Secret string   // every node's server must say it to the others
	Prefix string   // of subjects, for several services on one NATS
	// TLS encrypts the links and proves both ends: see TLS. nil: neither.
	TLS *tls.Config
	Log *slog.Logger
}

// Bus is a hop.Bus. Make one with Open.
type Bus struct {
	prefix string
	conn   *nats.Conn
	server *server.Server // nil: the operator's
}

// Open connects, and starts the server before if it is this process's.
func Open(cfg Config) (*Bus, error) {
	b := &Bus{prefix: cfg.Prefix}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if b.prefix == "" {
		b.prefix = "parley"
	}
	options := []nats.Option{
		nats.Name("parleyd"), nats.MaxReconnects(-1), nats.ReconnectWait(200 * time.Millisecond),
		nats.ReconnectBufSize(-1), // what cannot be sent is lost, and comes again by the hop's own clock
		nats.RetryOnFailedConnect(true), nats.Timeout(2 * time.Second), nats.PingInterval(5 * time.Second),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { cfg.Log.Warn("bus lost", "err", err) }),
		nats.ReconnectHandler(func(*nats.Conn) { cfg.Log.Info("bus is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { cfg.Log.Warn("bus", "err", err) }),
	}
	to := cfg.URL
	if to != "" && cfg.TLS != nil {
		options = append(options, nats.Secure(cfg.TLS))
	}
	if to == "" {
		if err := b.serve(cfg); err != nil {
			return nil, err
		}
		// Within the process there is nothing to encrypt, and tls: would try.
		to = strings.Replace(b.server.ClientURL(), "tls://", "nats://", 1)
		options = append(options, nats.InProcessServer(b.server))
		if cfg.Secret != "" {
			options = append(options, nats.UserInfo("parley", cfg.Secret))
		}
	}
	conn, err := nats.Connect(to, options...)
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("connect to the bus: %w", err)
	}
	b.conn = conn
	return b, nil
}

// serve starts a server of this process's own.
func (b *Bus) serve(cfg Config) error {
	host, p, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return fmt.Errorf("cluster address: %w", err)
	}
	port, err := strconv.Atoi(p)
	if err != nil {
		return fmt.Errorf("cluster address %s: %w", cfg.Listen, err)
	}
	if port == 0 {
		port = -1 // how this server says "any"
	}
	o := &server.Options{
		// Without a listener for clients its routes did not start; nobody but
		// this process knows the port.
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true,
		Cluster:  server.ClusterOpts{Name: "parley", Host: host, Port: port, ConnectRetries: 1 << 30, PoolSize: -1},
		Username: "parley", Password: cfg.Secret,
	}
	if cfg.TLS != nil {
		o.Cluster.TLSConfig, o.Cluster.TLSTimeout = cfg.TLS.Clone(), tlsWithin
		o.TLSConfig, o.TLSTimeout = cfg.TLS.Clone(), tlsWithin // this process comes in by another door
	}
	if cfg.Secret != "" {
		o.Cluster.Username, o.Cluster.Password = "parley", cfg.Secret
	} else {
		o.Username = ""
	}
	for _, r := range cfg.Routes {
		u := &url.URL{Scheme: "nats-route", Host: r}
		if cfg.Secret != "" {
			u.User = url.UserPassword("parley", cfg.Secret)
		}
		o.Routes = append(o.Routes, u)
	}
	if b.server, err = server.NewServer(o); err != nil {
		return fmt.Errorf("start the bus: %w", err)
	}
	b.server.Start()
	if !b.server.ReadyForConnections(10 * time.Second) {
		b.Close()
		return fmt.Errorf("start the bus: %s cannot be listened on", cfg.Listen)
	}
	return nil
}

// Addr is where other nodes reach this process's server; "": it has none.
func (b *Bus) Addr() string {
	if b.server == nil {
		return ""
	}
	return b.server.ClusterAddr().String()
}

// Publish implements hop.Bus.
func (b *Bus) Publish(subject string, data []byte) error {
	return b.conn.Publish(b.prefix+"."+subject, data)
}

// Subscribe implements hop.Bus.
func (b *Bus) Subscribe(subject string, f func([]byte)) (func(), error) {
	s, err := b.conn.Subscribe(b.prefix+"."+subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, err
	}
	return func() { _ = s.Unsubscribe() }, nil // an error: the connection is closed already
}

// Ready returns why the bus cannot be used, or nil.
func (b *Bus) Ready() error {
	if !b.conn.IsConnected() {
		return errors.New("the bus is not connected")
	}
	return nil
}

// Close ends the connection and the server.
func (b *Bus) Close() {
	if b.conn != nil {
		_ = b.conn.FlushTimeout(time.Second) // the last words, if somebody is there
		b.conn.Close()
	}
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}
