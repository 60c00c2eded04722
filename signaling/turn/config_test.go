package turn

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/signaling/wire"
)

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		ip             string
		public, inside bool
	}{
		{"198.51.100.7", true, true}, {"8.8.8.8", true, true}, {"2a00::1", true, true},
		{"10.1.2.3", false, true}, {"172.16.0.1", false, true}, {"192.168.1.1", false, true},
		{"127.0.0.1", false, true}, {"127.9.9.9", false, true}, {"169.254.169.254", false, true},
		{"100.64.0.1", false, true}, {"198.18.0.1", false, true}, {"240.0.0.1", false, true},
		{"0.0.0.0", false, false}, {"224.0.0.1", false, false}, {"255.255.255.255", false, false},
		{"::1", false, true}, {"fe80::1", false, true}, {"fd00::1", false, true}, {"fec0::1", false, true},
		{"::", false, false}, {"ff02::1", false, false},
		{"::ffff:127.0.0.1", false, true}, {"::ffff:8.8.8.8", true, true}, {"::10.0.0.1", false, true},
		{"64:ff9b::10.0.0.1", false, true}, {"64:ff9b::8.8.8.8", true, true},
		{"2002:7f00:1::", false, true}, {"2002:808:808::", true, true},
	} {
		ip := netip.MustParseAddr(c.ip)
		if got := reachable(ip, false); got != c.public {
			t.Errorf("%s on a public service: reachable is %t", c.ip, got)
		}
		if got := reachable(ip, true); got != c.inside {
			t.Errorf("%s on a private service: reachable is %t", c.ip, got)
		}
	}
}

func TestBucket(t *testing.T) {
	var b bucket
	now := time.Unix(1000, 0)
	for i := range 10 {
		if !b.take(now, 100, 1000) {
			t.Fatalf("packet %d of the first second's worth was dropped", i)
		}
	}
	if b.take(now, 100, 1000) {
		t.Error("more than a second's worth passed at once")
	}
	if !b.take(now.Add(100*time.Millisecond), 100, 1000) {
		t.Error("after 100 ms nothing passed")
	}
	if b.take(now.Add(101*time.Millisecond), 100, 1000) {
		t.Error("the rate was exceeded")
	}
	if !b.take(now, 1<<30, 0) {
		t.Error("no limit dropped a packet")
	}
}

func TestRelayPorts(t *testing.T) {
	s := start(t, func(c *Config) { c.MinPort, c.MaxPort = 40000, 40100 })
	if p := allocate(t, s, "udp", "ann").LocalAddr().(*net.UDPAddr).Port; p < 40000 || p > 40100 {
		t.Errorf("the relay has port %d", p)
	}
}

func TestCredentials(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := start(t, func(c *Config) { c.Secret, c.TTL = []byte("0123456789abcdef"), 5*time.Minute })
	_, port, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	ice := s.Credentials("ann", "example.org", now)
	want := []string{"stun:example.org:" + port}
	if got := ice.Servers[0]; strings.Join(got.URLs, " ") != want[0] || got.Credential != "" {
		t.Errorf("first server is %+v", got)
	}
	turn := ice.Servers[1]
	if strings.Join(turn.URLs, " ") != "turn:example.org:"+port+"?transport=udp turn:example.org:"+port+"?transport=tcp" {
		t.Errorf("urls are %q", turn.URLs)
	}
	// printf %s 1700000300:ann | openssl dgst -sha1 -hmac 0123456789abcdef -binary | base64
	if turn.Username != "1700000300:ann" || turn.Credential != "QZC0edOIuk8Cs1zK/U5HpC2gMSk=" {
		t.Errorf("credential is %q %q", turn.Username, turn.Credential)
	}
	if ice.ExpiresMS != 300_000 {
		t.Errorf("expires in %d ms", ice.ExpiresMS)
	}
	if got := s.Credentials("ann", "[::1]", now).Servers[0].URLs[0]; got != "stun:[::1]:"+port {
		t.Errorf("url of an IPv6 host is %q", got)
	}
}

func TestConfig(t *testing.T) {
	for field, change := range map[string]func(*Config){
		"Listen":         func(c *Config) { c.Listen = "3478" },
		"ListenTLS":      func(c *Config) { c.ListenTLS, c.TLS = "x", &tls.Config{} },
		"PublicIP":       func(c *Config) { c.PublicIP = "example.org" },
		"Host":           func(c *Config) { c.Host = "https://example.org" },
		"Realm":          func(c *Config) { c.Realm = "" },
		"Secret":         func(c *Config) { c.Secret = []byte("short") },
		"TTL":            func(c *Config) { c.TTL = time.Second },
		"PerUser":        func(c *Config) { c.PerUser = 0 },
		"BytesPerSecond": func(c *Config) { c.BytesPerSecond = -1 },
		"MinPort":        func(c *Config) { c.MinPort, c.MaxPort = 5000, 4000 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Errorf("the default: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	s := start(t, nil)
	cfg := Default()
	cfg.Listen = s.Addr()
	other, err := Start(cfg)
	if err == nil {
		other.Close()
		t.Fatal("two relays share a port")
	}
	if !strings.Contains(err.Error(), "in use by another program") {
		t.Errorf("the error is %q", err)
	}
}

// FuzzUsername: what a stranger puts into a request is read without harm.
func FuzzUsername(f *testing.F) {
	for _, s := range []string{"", ":", "1:", ":a", "1700000300:ann", "-1:x", "99999999999999999999:x", "1:a:b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		person, _, err := readUsername(s)
		if err == nil && (person == "" || len(person) > 2*wire.MaxID+1) {
			t.Errorf("%q gives the person %q", s, person)
		}
	})
}
