package turn

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Config says where the relay listens and what it allows. Start from Default.
type Config struct {
	// Listen is host:port for UDP and TCP alike; no host: every address of the
	// machine; port 0: any.
	Listen string
	// ListenTLS is host:port for TURN over TLS; used only with TLS.
	ListenTLS string
	TLS       *tls.Config
	// Host is what callers are told to connect to; "": what Credentials is
	// given, or the relay's address.
	Host string
	// PublicIP is what candidates show; "": the address that Listen names, or
	// the one that this machine uses towards the internet. It must be set
	// where that is translated (1:1 NAT, as with most cloud providers).
	PublicIP string
	Realm    string
	// Secret signs credentials: 32 random bytes, or what coturn calls
	// static-auth-secret.
	Secret []byte
	// TTL is how long credentials are good for allocating.
	TTL time.Duration
	// PerUser is how many relays one person can have at a time. A call needs
	// one per network interface and transport.
	PerUser int
	// BytesPerSecond limits all relays of a person together, each way; 0: no
	// limit.
	BytesPerSecond int
	// MinPort and MaxPort bound the UDP ports of relays; 0: any.
	MinPort, MaxPort int
	// AllowPrivate lets relays reach private, link-local and loopback
	// addresses: for a service on a local network.
	AllowPrivate bool
	// Spent says whether a person gets no new relays at the moment; nil: all
	// get some. It is asked while packets wait, and must not block.
	Spent func(person string) bool
	Log   *slog.Logger // nil: none

	now func() time.Time // for tests; nil: time.Now
}

// Default is a relay on the standard ports (RFC 8656 section 6) with a new
// secret.
func Default() Config {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	return Config{
		Listen: ":3478", ListenTLS: ":5349", Realm: "parley", Secret: secret,
		TTL: 300 * time.Second, PerUser: 12, BytesPerSecond: 4 << 20,
	}
}

// Validate names the first field that is wrong.
func (c Config) Validate() error {
	if _, _, err := splitListen(c.Listen); err != nil {
		return fmt.Errorf("relay Listen: %w", err)
	}
	if c.TLS != nil {
		if _, _, err := splitListen(c.ListenTLS); err != nil {
			return fmt.Errorf("relay ListenTLS: %w", err)
		}
	}
	switch {
	case c.PublicIP != "" && !validPublic(c.PublicIP):
		return fmt.Errorf("relay PublicIP: %q is not an IP address, as in 203.0.113.7", c.PublicIP)
	case strings.ContainsAny(c.Host, " /?#@"):
		return fmt.Errorf("relay Host: %q is not a host name", c.Host)
	case c.Realm == "":
		return errors.New("relay Realm: empty")
	case len(c.Secret) < 16:
		return fmt.Errorf("relay Secret: %d bytes, at least 16 are needed", len(c.Secret))
	case c.TTL < 10*time.Second || c.TTL > 24*time.Hour:
		return fmt.Errorf("relay TTL: %s, use 10s to 24h", c.TTL)
	case c.PerUser < 1:
		return fmt.Errorf("relay PerUser: %d, at least 1 is needed", c.PerUser)
	case c.BytesPerSecond < 0:
		return fmt.Errorf("relay BytesPerSecond: %d is negative", c.BytesPerSecond)
	case (c.MinPort != 0 || c.MaxPort != 0) && (c.MinPort < 1024 || c.MaxPort > 65535 || c.MinPort > c.MaxPort):
		return fmt.Errorf("relay MinPort and MaxPort: %d to %d, use a range within 1024 to 65535", c.MinPort, c.MaxPort)
	}
	return nil
}

func validPublic(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && !ip.IsUnspecified() && !ip.IsMulticast()
}

// splitListen reads host:port; no host is the invalid address.
func splitListen(s string) (netip.Addr, int, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("%q is not an address with a port, as in :3478 or 192.168.1.5:3478", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return netip.Addr{}, 0, fmt.Errorf("the port %q is not a number from 0 to 65535", port)
	}
	switch host {
	case "", "0.0.0.0", "::":
		return netip.Addr{}, n, nil
	case "localhost":
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, 0, fmt.Errorf("the host %q is not an IP address of this machine", host)
	}
	return ip.Unmap(), n, nil
}

// explainListen says what to do about a listener that cannot be opened.
func explainListen(what, addr string, err error) error {
	var errno syscall.Errno
	switch {
	case errors.As(err, &errno) && (errno == syscall.EADDRINUSE || errno == 10048):
		return fmt.Errorf("relay: %s %s is in use by another program: stop it, or choose another port (%w)", what, addr, err)
	case errors.As(err, &errno) && (errno == syscall.EADDRNOTAVAIL || errno == 10049):
		return fmt.Errorf("relay: %s %s is not an address of this machine (%w)", what, addr, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("relay: %s %s needs a privilege: use a port above 1023 (%w)", what, addr, err)
	}
	return fmt.Errorf("relay: %s %s: %w", what, addr, err)
}

// addresses decides where relays are opened and what is handed out.
func (s *Server) addresses(host netip.Addr) error {
	switch {
	case !host.IsValid():
		s.bind4, s.relay4 = netip.IPv4Unspecified(), outward("udp4", "192.0.2.1:9")
		if six := outward("udp6", "[2001:db8::1]:9"); six.IsValid() {
			s.bind6, s.relay6 = netip.IPv6Unspecified(), six
		}
		if !s.relay4.IsValid() {
			s.relay4 = anyIPv4()
		}
	case host.Is4():
		s.bind4, s.relay4 = host, host
	default:
		s.bind6, s.relay6 = host, host
	}
	if s.cfg.PublicIP == "" {
		return nil
	}
	public, err := netip.ParseAddr(s.cfg.PublicIP)
	if err != nil {
		return fmt.Errorf("relay PublicIP: %w", err)
	}
	public = public.Unmap()
	switch {
	case public.Is4() && s.bind4.IsValid():
		s.relay4 = public
	case public.Is6() && s.bind6.IsValid():
		s.relay6 = public
	default:
		return fmt.Errorf("relay PublicIP: %s is not of the family that Listen %s has", public, s.cfg.Listen)
	}
	return nil
}

// outward is the address that packets to the internet come from; connecting a
// UDP socket sends nothing.
func outward(network, to string) netip.Addr {
	c, err := net.Dial(network, to)
	if err != nil {
		return netip.Addr{}
	}
	defer c.Close()
	ip := addrOf(c.LocalAddr())
	if ip.IsLinkLocalUnicast() || ip.IsUnspecified() {
		return netip.Addr{}
	}
	return ip
}

// anyIPv4 is the first address of an interface that is up, loopback last.
func anyIPv4() netip.Addr {
	best := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return best
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			return p.Addr()
		}
	}
	return best
}
