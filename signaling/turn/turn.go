// Package turn is the relay inside the service: STUN and TURN (RFC 8489, RFC
// 8656) over UDP, TCP and TLS on pion/turn, with credentials that expire.
//
//	caller ──UDP, TCP or TLS──> listener ──> pion/turn ──> relayConn ──UDP──> peer
//	                                          │  asks        counts, caps, keeps
//	                                          └─ Server      away from own ports
//
// The service hands Credentials to whoever is signed in; nobody else can
// allocate. A credential is looked at when a relay is allocated: a call that
// outlasts it goes on. Two relays of this server reach each other inside the
// machine, so that two people who both need it are connected also where the
// public address does not lead back (1:1 NAT).
//
// Goroutines are pion's: one per UDP socket, TCP connection and relay. They end
// when what they read from is closed; Close waits until all of it is.
package turn

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/turn/v5"
)

// Server is a running relay. Make one with Start.
type Server struct {
	cfg    Config
	log    *slog.Logger
	inner  *pion.Server
	relay4 netip.Addr // handed out; invalid: no relays of this family
	relay6 netip.Addr
	bind4  netip.Addr // where relays are opened
	bind6  netip.Addr
	port   int // of UDP and TCP
	tls    int // 0: none

	mu      sync.Mutex
	users   map[string]*user
	used    map[string]*account // since the last Used
	relays  map[int]*relayConn  // by port
	streams map[*stream]struct{}
	byHost  map[netip.Addr]int // streams of one address
	closed  bool
	idle    chan struct{} // closed when closed and nothing is left

	counts counters
}

type counters struct {
	allocations, refusedAuth, refusedQuota, refusedSpent, refusedPeer atomic.Uint64
	bytesIn, bytesOut, dropped                                        atomic.Uint64
}

// Usage is what metrics show. Bytes are payload, In from peers, Out to peers.
type Usage struct {
	Users       int // with a relay now
	Allocations int // relays now
	Streams     int // TCP and TLS connections now

	Allocated    uint64 // since the start
	RefusedAuth  uint64 // forged or expired
	RefusedQuota uint64 // more than PerUser
	RefusedSpent uint64 // by Config.Spent
	RefusedPeer  uint64 // addresses that must not be reached
	BytesIn      uint64
	BytesOut     uint64
	Dropped      uint64 // packets over BytesPerSecond, or to own ports
}

// Start opens the listeners. The error says which address, and what to do.
func Start(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if cfg.now == nil {
		cfg.now = time.Now
	}
	s := &Server{
		cfg: cfg, log: log,
		users: map[string]*user{}, used: map[string]*account{}, relays: map[int]*relayConn{}, streams: map[*stream]struct{}{},
		byHost: map[netip.Addr]int{}, idle: make(chan struct{}),
	}
	packets, listeners, err := s.listen()
	if err != nil {
		return nil, err
	}
	conf := pion.ServerConfig{
		LoggerFactory: loggers{log},
		Realm:         cfg.Realm,
		AuthHandler:   s.authenticate,
		QuotaHandler:  s.mayAllocate,
	}
	for _, p := range packets {
		conf.PacketConnConfigs = append(conf.PacketConnConfigs, pion.PacketConnConfig{
			PacketConn: p, RelayAddressGenerator: s, PermissionHandler: s.mayReach})
	}
	for _, l := range listeners {
		conf.ListenerConfigs = append(conf.ListenerConfigs, pion.ListenerConfig{
			Listener: l, RelayAddressGenerator: s, PermissionHandler: s.mayReach})
	}
	if s.inner, err = pion.NewServer(conf); err != nil {
		closeAll(packets, listeners)
		return nil, fmt.Errorf("relay: %w", err)
	}
	shown := []string{}
	for _, a := range []netip.Addr{s.relay4, s.relay6} {
		if a.IsValid() {
			shown = append(shown, a.String())
		}
	}
	log.Info("relay started", "port", s.port, "tls_port", s.tls, "addresses", shown)
	return s, nil
}

// Addr returns host:port of the UDP and TCP listeners.
func (s *Server) Addr() string {
	host := s.bind4
	if !host.IsValid() {
		host = s.bind6
	}
	return netip.AddrPortFrom(host, uint16(s.port)).String()
}

// RelayAddr is the address that callers' candidates show.
func (s *Server) RelayAddr() netip.Addr {
	if s.relay4.IsValid() {
		return s.relay4
	}
	return s.relay6
}

// Usage returns the counters.
func (s *Server) Usage() Usage {
	u := Usage{
		Allocated:   s.counts.allocations.Load(),
		RefusedAuth: s.counts.refusedAuth.Load(), RefusedQuota: s.counts.refusedQuota.Load(),
		RefusedSpent: s.counts.refusedSpent.Load(), RefusedPeer: s.counts.refusedPeer.Load(),
		BytesIn: s.counts.bytesIn.Load(), BytesOut: s.counts.bytesOut.Load(), Dropped: s.counts.dropped.Load(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u.Users, u.Streams = len(s.users), len(s.streams)
	for _, one := range s.users {
		u.Allocations += one.relays
	}
	return u
}

// Close ends every relay and waits until all sockets are closed. It may be
// called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	was := s.closed
	s.closed = true
	var open []interface{ Close() error }
	for c := range s.streams {
		open = append(open, c)
	}
	for _, r := range s.relays {
		open = append(open, r)
	}
	s.idleLocked()
	s.mu.Unlock()
	if was {
		<-s.idle
		return nil
	}
	err := s.inner.Close()
	for _, c := range open {
		_ = c.Close() // pion may have closed it already
	}
	<-s.idle
	return err
}

// idleLocked lets Close return when nothing is left.
func (s *Server) idleLocked() {
	if s.closed && len(s.streams) == 0 && len(s.relays) == 0 {
		select {
		case <-s.idle:
		default:
			close(s.idle)
		}
	}
}

// listen opens UDP, TCP and TLS in both families as far as the machine has
// them.
func (s *Server) listen() (packets []net.PacketConn, listeners []net.Listener, err error) {
	defer func() {
		if err != nil {
			closeAll(packets, listeners)
			packets, listeners = nil, nil
		}
	}()
	host, port, err := splitListen(s.cfg.Listen)
	if err != nil {
		return nil, nil, fmt.Errorf("relay Listen: %w", err)
	}
	if err := s.addresses(host); err != nil {
		return nil, nil, err
	}
	s.port = port
	var lc net.ListenConfig
	both := func(network string, bind netip.Addr) error {
		// With port 0 the first socket chooses for all the others; when the
		// choice is taken in TCP, another one is made.
		for attempt := 0; ; attempt++ {
			addr := netip.AddrPortFrom(bind, uint16(s.port)).String()
			p, err := lc.ListenPacket(context.Background(), "udp"+network, addr)
			if err != nil {
				return explainListen("UDP", addr, err)
			}
			got := p.LocalAddr().(*net.UDPAddr).Port
			l, err := lc.Listen(context.Background(), "tcp"+network, netip.AddrPortFrom(bind, uint16(got)).String())
			if err != nil {
				p.Close()
				if s.port == 0 && attempt < 20 {
					continue
				}
				return explainListen("TCP", addr, err)
			}
			s.port = got
			packets, listeners = append(packets, p), append(listeners, s.streamListener(l, nil))
			return nil
		}
	}
	if s.bind4.IsValid() {
		if err := both("4", s.bind4); err != nil {
			return packets, listeners, err
		}
	}
	if s.bind6.IsValid() {
		if err := both("6", s.bind6); err != nil {
			if !s.bind4.IsValid() {
				return packets, listeners, err
			}
			s.log.Warn("relay without IPv6", "err", err)
			s.bind6, s.relay6 = netip.Addr{}, netip.Addr{}
		}
	}
	if s.cfg.TLS == nil {
		return packets, listeners, nil
	}
	l, err := lc.Listen(context.Background(), "tcp", s.cfg.ListenTLS)
	if err != nil {
		return packets, listeners, explainListen("TLS", s.cfg.ListenTLS, err)
	}
	s.tls = l.Addr().(*net.TCPAddr).Port
	return packets, append(listeners, s.streamListener(l, s.cfg.TLS)), nil
}

func closeAll(packets []net.PacketConn, listeners []net.Listener) {
	for _, p := range packets {
		p.Close()
	}
	for _, l := range listeners {
		l.Close()
	}
}
