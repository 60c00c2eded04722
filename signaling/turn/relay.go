package turn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	pion "github.com/pion/turn/v5"
)

var (
	errQuota  = errors.New("the person has as many relays as one can have")
	errNoTCP  = errors.New("relays are for UDP only")
	errClosed = errors.New("the relay is closing")
)

// user is a person with relays; guarded by Server.mu.
type user struct {
	relays int
	in     bucket
	out    bucket
}

// bucket limits bytes per second, with one second's worth at once.
type bucket struct {
	mu     sync.Mutex
	tokens float64
	at     time.Time
}

// take reports whether n more bytes may pass at now; rate 0: always.
func (b *bucket) take(now time.Time, n, rate int) bool {
	if rate == 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		b.tokens = float64(rate)
	} else {
		b.tokens = min(float64(rate), b.tokens+now.Sub(b.at).Seconds()*float64(rate))
	}
	b.at = now
	if b.tokens < float64(n) {
		return false
	}
	b.tokens -= float64(n)
	return true
}

// relayConn is one relay's UDP socket.
type relayConn struct {
	net.PacketConn
	s      *Server
	person string
	user   *user
	pays   *account
	port   int
	public netip.Addr // of its family
	bind   netip.Addr
	start  time.Time
	bytes  atomic.Uint64
	once   sync.Once
}

// Validate is asked by pion before it listens.
func (s *Server) Validate() error { return nil }

// mayAllocate answers pion before an allocation.
func (s *Server) mayAllocate(person, _ string, _ net.Addr) bool {
	if s.cfg.Spent != nil && s.cfg.Spent(payer(person)) {
		s.counts.refusedSpent.Add(1)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[person]
	ok := u == nil || u.relays < s.cfg.PerUser
	if !ok {
		s.counts.refusedQuota.Add(1)
	}
	return ok
}

// AllocatePacketConn opens a relay.
func (s *Server) AllocatePacketConn(conf pion.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	public, bind := s.relay4, s.bind4
	if conf.Network == "udp6" {
		public, bind = s.relay6, s.bind6
	}
	if !public.IsValid() {
		return nil, nil, fmt.Errorf("no relays over %s", conf.Network)
	}
	c, err := s.openRelay(conf.Network, bind, conf.RequestedPort)
	if err != nil {
		return nil, nil, fmt.Errorf("relay socket: %w", err)
	}
	port := c.LocalAddr().(*net.UDPAddr).Port
	addr := net.UDPAddrFromAddrPort(netip.AddrPortFrom(public, uint16(port)))
	if conf.UserID == "" {
		return c, addr, nil // pion looks for a free even port
	}
	r := &relayConn{PacketConn: c, s: s, person: conf.UserID, port: port, public: public, bind: bind, start: time.Now()}
	if err := s.keep(r); err != nil {
		c.Close()
		return nil, nil, err
	}
	s.counts.allocations.Add(1)
	return r, addr, nil
}

// keep counts a relay unless it is one too many.
func (s *Server) keep(r *relayConn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	u := s.users[r.person]
	if u == nil {
		u = &user{}
		s.users[r.person] = u
	}
	if u.relays >= s.cfg.PerUser {
		s.counts.refusedQuota.Add(1)
		return errQuota
	}
	u.relays++
	r.user, r.pays = u, s.accountLocked(payer(r.person))
	s.relays[r.port] = r
	return nil
}

// openRelay opens a socket on the wanted port, or on one of the range.
func (s *Server) openRelay(network string, bind netip.Addr, port int) (net.PacketConn, error) {
	var lc net.ListenConfig
	open := func(port int) (net.PacketConn, error) {
		return lc.ListenPacket(context.Background(), network, netip.AddrPortFrom(bind, uint16(port)).String())
	}
	if port != 0 || s.cfg.MinPort == 0 {
		return open(port)
	}
	n := s.cfg.MaxPort - s.cfg.MinPort + 1
	first := rand.IntN(n)
	var last error
	for i := range min(n, 200) {
		c, err := open(s.cfg.MinPort + (first+i)%n)
		if err == nil {
			return c, nil
		}
		last = err
	}
	return nil, last
}

// AllocateListener refuses: media is UDP (RFC 6062 is not offered).
func (s *Server) AllocateListener(pion.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn refuses likewise.
func (s *Server) AllocateConn(pion.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// isRelay reports whether a port is a relay's at the moment.
func (s *Server) isRelay(port int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.relays[port] != nil
}

// ReadFrom returns the next packet of a peer within the limit. What another
// relay of this server sent seems to come from that relay's public address.
func (r *relayConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := r.PacketConn.ReadFrom(b)
		if err != nil {
			return n, from, err
		}
		if !r.user.in.take(time.Now(), n, r.s.cfg.BytesPerSecond) {
			r.s.counts.dropped.Add(1)
			continue
		}
		r.s.counts.bytesIn.Add(uint64(n))
		r.pays.bytes.Add(int64(n))
		r.bytes.Add(uint64(n))
		if ua, ok := from.(*net.UDPAddr); ok {
			if ip := addrOf(ua); (ip.IsLoopback() || ip == r.bind) && r.s.isRelay(ua.Port) {
				from = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.public, uint16(ua.Port)))
			}
		}
		return n, from, nil
	}
}

// WriteTo sends to a peer within the limit; what is over it is lost, as on a
// full link. Of this machine's public address only relays can be reached.
func (r *relayConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if !r.user.out.take(time.Now(), len(b), r.s.cfg.BytesPerSecond) {
		r.s.counts.dropped.Add(1)
		return len(b), nil
	}
	if ua, ok := to.(*net.UDPAddr); ok && addrOf(ua) == r.public {
		switch {
		case r.s.isRelay(ua.Port):
			to = net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.inside(), uint16(ua.Port)))
		case !r.s.cfg.AllowPrivate:
			r.s.counts.dropped.Add(1)
			return len(b), nil
		}
	}
	n, err := r.PacketConn.WriteTo(b, to)
	r.s.counts.bytesOut.Add(uint64(n))
	r.pays.bytes.Add(int64(n))
	r.bytes.Add(uint64(n))
	return n, err
}

// inside is where the sockets of relays are within the machine.
func (r *relayConn) inside() netip.Addr {
	switch {
	case !r.bind.IsUnspecified():
		return r.bind
	case r.bind.Is4():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// Close ends the relay.
func (r *relayConn) Close() error {
	err := net.ErrClosed
	r.once.Do(func() {
		err = r.PacketConn.Close()
		r.s.mu.Lock()
		defer r.s.mu.Unlock()
		if r.user.relays--; r.user.relays <= 0 {
			delete(r.s.users, r.person)
		}
		r.pays.open--
		if r.s.relays[r.port] == r {
			delete(r.s.relays, r.port)
		}
		r.s.log.Info("relay closed", "person", r.person, "bytes", r.bytes.Load(), "seconds", int(time.Since(r.start).Seconds()))
		r.s.idleLocked()
	})
	return err
}
