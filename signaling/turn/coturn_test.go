package turn

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	pion "github.com/pion/turn/v5"

	"parley/signaling/turn/coturntest"
)

// The credentials of this service open coturn's relay over every transport,
// and nothing else does.
func TestCoturn(t *testing.T) {
	co, err := coturntest.Start()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	external := External{
		URLs: []string{"turn:" + co.Addr + "?transport=udp", "turn:" + co.Addr + "?transport=tcp", "turns:" + co.TLS + "?transport=tcp"},
		TTL:  5 * time.Minute, Secret: []byte(coturntest.Secret),
	}
	if err := external.Validate(); err != nil {
		t.Fatal(err)
	}
	client := func(t *testing.T, transport, username, password string) *pion.Client {
		t.Helper()
		at := co.Addr
		var conn net.PacketConn
		switch transport {
		case "udp":
			if conn, err = net.ListenPacket("udp4", "127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
		case "tcp":
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			conn = pion.NewSTUNConn(c)
		case "tls":
			at = co.TLS
			c, err := tls.Dial("tcp", at, &tls.Config{RootCAs: co.Pool})
			if err != nil {
				t.Fatal(err)
			}
			conn = pion.NewSTUNConn(c)
		}
		t.Cleanup(func() { conn.Close() })
		c, err := pion.NewClient(&pion.ClientConfig{STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: username, Password: password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		if err := c.Listen(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for transport, person := range map[string]string{"udp": "ann", "tcp": "bob", "tls": GuestOf("g1", "ann")} {
		t.Run(transport, func(t *testing.T) {
			given := external.Credentials(person, time.Now()).Servers[0]
			relay, err := client(t, transport, given.Username, given.Credential).Allocate()
			if err != nil {
				t.Fatalf("%v\n%s", err, co.Log())
			}
			defer relay.Close()
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
				t.Fatalf("the peer got %q from %s, want hello from %s", got, from, relay.LocalAddr())
			}
			if _, err := peer.WriteTo([]byte("welcome"), from); err != nil {
				t.Fatal(err)
			}
			if got, _ := receive(t, relay); got != "welcome" {
				t.Fatalf("the caller got %q", got)
			}
		})
	}
	good := external.Credentials("ann", time.Now()).Servers[0]
	late := external.Credentials("ann", time.Now().Add(-time.Hour)).Servers[0]
	other := External{URLs: external.URLs, Secret: []byte("a secret of somebody else"), TTL: time.Minute}.Credentials("ann", time.Now()).Servers[0]
	_, rest, _ := strings.Cut(good.Username, ":")
	for name, c := range map[string][2]string{
		"expired":           {late.Username, late.Credential},
		"signed by another": {other.Username, other.Credential},
		"later than signed": {"9999999999:" + rest, good.Credential},
		"another person":    {strings.Replace(good.Username, "ann", "bob", 1), good.Credential},
		"no password":       {good.Username, ""},
	} {
		t.Run(name, func(t *testing.T) {
			relay, err := client(t, "udp", c[0], c[1]).Allocate()
			if err == nil {
				relay.Close()
				t.Fatal("a relay was allocated")
			}
			if !strings.Contains(err.Error(), "401") && !strings.Contains(strings.ToLower(err.Error()), "unauthorized") {
				t.Errorf("refused with %v, want 401", err)
			}
		})
	}
}
