package turn

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pion "github.com/pion/turn/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a relay on a free loopback port.
func start(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.ListenTLS, cfg.AllowPrivate = "127.0.0.1:0", "127.0.0.1:0", true
	if change != nil {
		change(&cfg)
	}
	s, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
		if u := s.Usage(); u.Allocations != 0 || u.Streams != 0 || u.Users != 0 {
			t.Errorf("after close: %+v", u)
		}
	})
	return s
}

// connect opens what a TURN client writes to: transport is udp, tcp or tls.
func connect(t *testing.T, s *Server, transport string) (conn net.PacketConn, at string) {
	t.Helper()
	switch transport {
	case "udp":
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		conn, at = c, s.Addr()
	case "tcp":
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		conn, at = pion.NewSTUNConn(c), s.Addr()
	case "tls":
		at = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.tls)).String()
		c, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		conn = pion.NewSTUNConn(c)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, at
}

// client signs in with what the service would have handed out.
func client(t *testing.T, s *Server, transport, username, password string) *pion.Client {
	t.Helper()
	conn, at := connect(t, s, transport)
	c, err := pion.NewClient(&pion.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: conn,
		Username: username, Password: password, Realm: "parley", LoggerFactory: loggers{s.log}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Listen(); err != nil {
		t.Fatal(err)
	}
	return c
}

func allocate(t *testing.T, s *Server, transport, person string) net.PacketConn {
	t.Helper()
	server := s.Credentials(person, "", time.Now()).Servers[1]
	relay, err := client(t, s, transport, server.Username, server.Credential).Allocate()
	if err != nil {
		t.Fatalf("allocate over %s: %v", transport, err)
	}
	t.Cleanup(func() { relay.Close() })
	return relay
}

func TestCallersReachPeersThroughEveryTransport(t *testing.T) {
	certificate := selfSigned(t)
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			s := start(t, func(c *Config) {
				c.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			})
			relay := allocate(t, s, transport, "ann")
			peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer peer.Close()
			if _, err := relay.WriteTo([]byte("hello"), peer.LocalAddr()); err != nil {
				t.Fatal(err)
			}
			got, from := receive(t, peer)
			if got != "hello" || from.String() != relay.LocalAddr().String() {
				t.Fatalf("peer got %q from %s, want hello from %s", got, from, relay.LocalAddr())
			}
			if _, err := peer.WriteTo([]byte("welcome"), from); err != nil {
				t.Fatal(err)
			}
			if got, _ := receive(t, relay); got != "welcome" {
				t.Fatalf("caller got %q", got)
			}
			// Counted after it was sent: the peer may be faster.
			eventually(t, s, func(u Usage) bool {
				return u.Allocations == 1 && u.Users == 1 && u.BytesOut == 5 && u.BytesIn == 7
			})
		})
	}
}

// Both callers behind a symmetric NAT: relay to relay, also when the public
// address does not lead back to this machine.
func TestRelayToRelay(t *testing.T) {
	s := start(t, func(c *Config) { c.PublicIP, c.AllowPrivate, c.Host = "203.0.113.7", false, "127.0.0.1" })
	a, b := allocate(t, s, "udp", "ann"), allocate(t, s, "tcp", "bob")
	if got := a.LocalAddr().(*net.UDPAddr).IP.String(); got != "203.0.113.7" {
		t.Fatalf("the relay shows %s", got)
	}
	exchange(t, a, b)
	if err := s.SelfTest(t.Context()); err != nil {
		t.Errorf("self-test: %v", err)
	}
}

func exchange(t *testing.T, a, b net.PacketConn) {
	t.Helper()
	if _, err := b.WriteTo([]byte("open"), a.LocalAddr()); err != nil { // a has no permission for b yet
		t.Fatal(err)
	}
	if _, err := a.WriteTo([]byte("from a"), b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if got, from := receive(t, b); got != "from a" || from.String() != a.LocalAddr().String() {
		t.Fatalf("b got %q from %s, want it from %s", got, from, a.LocalAddr())
	}
	if _, err := b.WriteTo([]byte("from b"), a.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	for { // the first packet may have come in time
		if got, _ := receive(t, a); got == "from b" {
			return
		} else if got != "open" {
			t.Fatalf("a got %q", got)
		}
	}
}

func TestSelfTestSaysWhatIsWrong(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.2:0")
	if err != nil {
		t.Skip("no second loopback address here")
	}
	defer silent.Close()
	s := start(t, func(c *Config) { c.Host = "127.0.0.2" })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err = s.SelfTest(ctx)
	if err == nil || !strings.Contains(err.Error(), "open UDP port") {
		t.Errorf("the self-test at an address where nobody is says %v", err)
	}
	s = start(t, func(c *Config) { c.Host = "nowhere.invalid" })
	if err = s.SelfTest(t.Context()); err == nil || !strings.Contains(err.Error(), "DNS") {
		t.Errorf("the self-test with a name that nobody has says %v", err)
	}
}

func TestCredentialsThatAreRefused(t *testing.T) {
	s := start(t, nil)
	good, password := credential(s.cfg.Secret, "ann", time.Now().Add(time.Minute))
	late, latePassword := credential(s.cfg.Secret, "ann", time.Now().Add(-time.Second))
	other, otherPassword := credential([]byte("another secret of sixteen bytes"), "ann", time.Now().Add(time.Minute))
	_, rest, _ := strings.Cut(good, ":")
	for name, c := range map[string][2]string{
		"expired":              {late, latePassword},
		"signed by another":    {other, otherPassword},
		"wrong password":       {good, "guess"},
		"later than signed":    {"9999999999:" + rest, password},
		"another person":       {strings.Replace(good, "ann", "bob", 1), password},
		"no time":              {"ann", sign(s.cfg.Secret, "ann")},
		"no person":            {"9999999999", sign(s.cfg.Secret, "9999999999")},
		"a person of no bytes": {"9999999999:", sign(s.cfg.Secret, "9999999999:")},
	} {
		t.Run(name, func(t *testing.T) {
			if relay, err := client(t, s, "udp", c[0], c[1]).Allocate(); err == nil {
				relay.Close()
				t.Error("a relay was allocated")
			}
		})
	}
	if u := s.Usage(); u.Allocated != 0 || u.RefusedAuth == 0 {
		t.Errorf("usage is %+v", u)
	}
}

// A call that outlasts its credentials goes on: permissions and refreshes are
// accepted for the relay that was allowed.
func TestCredentialExpiresDuringCall(t *testing.T) {
	var later atomic.Int64
	s := start(t, func(c *Config) { c.now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) } })
	username, password := credential(s.cfg.Secret, "ann", time.Now().Add(time.Minute))
	relay, err := client(t, s, "udp", username, password).Allocate()
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	later.Store(int64(2 * time.Minute))
	if r, err := client(t, s, "udp", username, password).Allocate(); err == nil {
		r.Close()
		t.Error("an expired credential allocated a second relay")
	}
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := relay.WriteTo([]byte("still here"), peer.LocalAddr()); err != nil { // asks for a permission
		t.Fatal(err)
	}
	if got, _ := receive(t, peer); got != "still here" {
		t.Errorf("peer got %q", got)
	}
}

func TestPeersThatMustNotBeReached(t *testing.T) {
	s := start(t, func(c *Config) { c.PublicIP, c.AllowPrivate = "203.0.113.7", false })
	relay := allocate(t, s, "udp", "ann")
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := relay.WriteTo([]byte("x"), peer.LocalAddr()); err == nil {
		t.Error("a permission for a loopback address was given")
	}
	port := peer.LocalAddr().(*net.UDPAddr).Port
	own := &net.UDPAddr{IP: net.ParseIP("203.0.113.7"), Port: port}
	if _, err := relay.WriteTo([]byte("x"), own); err != nil {
		t.Fatalf("a permission for the relays' address was refused: %v", err)
	}
	other := allocate(t, s, "udp", "bob")
	exchange(t, relay, other) // after which the packet above is lost, or never will be
	if u := s.Usage(); u.RefusedPeer != 1 || u.Dropped != 1 {
		t.Errorf("usage is %+v, want one refused and one dropped", u)
	}
}

func TestRelaysPerPerson(t *testing.T) {
	s := start(t, func(c *Config) { c.PerUser = 2 })
	first := allocate(t, s, "udp", "ann")
	allocate(t, s, "tcp", "ann")
	server := s.Credentials("ann", "", time.Now()).Servers[1]
	third := client(t, s, "udp", server.Username, server.Credential)
	if r, err := third.Allocate(); err == nil {
		r.Close()
		t.Fatal("a third relay was allocated")
	}
	allocate(t, s, "udp", "bob") // another person may
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, s, func(u Usage) bool { return u.Allocations == 2 })
	r, err := third.Allocate()
	if err != nil {
		t.Fatalf("after one was given back: %v", err)
	}
	r.Close()
	if u := s.Usage(); u.RefusedQuota != 1 {
		t.Errorf("%d refusals counted", u.RefusedQuota)
	}
}

// eventually waits for what the server does after the client's last packet.
func eventually(t *testing.T, s *Server, done func(Usage) bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done(s.Usage()) {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("usage stays %+v", s.Usage())
		}
	}
}

func receive(t *testing.T, c net.PacketConn) (string, net.Addr) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, from, err := c.ReadFrom(b)
	if err != nil {
		t.Fatalf("nothing arrived: %v", err)
	}
	return string(b[:n]), from
}
