package turn

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	pion "github.com/pion/turn/v5"
)

// SelfTest makes two relays as two callers would, at the address that callers
// are given, and sends a packet from one to the other. It says whether the
// relay works from here; a firewall further out stays unseen. Allow it a few
// seconds.
func (s *Server) SelfTest(ctx context.Context) error {
	host := s.cfg.Host
	if host == "" {
		host = s.RelayAddr().String()
	}
	at := net.JoinHostPort(host, strconv.Itoa(s.port))
	var relays [2]net.PacketConn
	for i := range relays {
		r, done, err := s.testRelay(ctx, at, "selftest"+strconv.Itoa(i))
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns):
			return fmt.Errorf("the relay's name %s cannot be found: point its DNS record at this machine (%w)", host, err)
		case err != nil:
			return fmt.Errorf("the relay at %s does not answer: %w; open UDP port %d, or set the public address", at, err, s.port)
		}
		defer done()
		relays[i] = r
	}
	want := make([]byte, 32)
	_, _ = rand.Read(want) // never fails
	a, b := relays[0], relays[1]
	if _, err := b.WriteTo(want, a.LocalAddr()); err != nil { // opens b for a
		return fmt.Errorf("the relay at %s refuses to relay: %w", at, err)
	}
	got := make([]byte, 1500)
	for range 10 { // a packet may be lost on its way through the network
		if _, err := a.WriteTo(want, b.LocalAddr()); err != nil {
			return fmt.Errorf("the relay at %s refuses to relay: %w", at, err)
		}
		if err := b.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			return err
		}
		n, _, err := b.ReadFrom(got)
		if err == nil && bytes.Equal(got[:n], want) {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("the relay at %s answers, but what is sent through it does not arrive", at)
}

// testRelay allocates over UDP from this machine.
func (s *Server) testRelay(ctx context.Context, at, person string) (relay net.PacketConn, done func(), err error) {
	network := "udp4"
	if ip := s.RelayAddr(); ip.Is6() {
		network = "udp6"
	}
	var lc net.ListenConfig
	conn, err := lc.ListenPacket(ctx, network, netip.AddrPortFrom(unspecified(network), 0).String())
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	username, password := credential(s.cfg.Secret, person, time.Now().Add(s.cfg.TTL))
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: at, TURNServerAddr: at, Conn: conn,
		Username: username, Password: password, Realm: s.cfg.Realm,
		RTO: 100 * time.Millisecond, LoggerFactory: loggers{s.log},
	})
	if err != nil {
		stop()
		conn.Close()
		return nil, nil, err
	}
	done = func() {
		if relay != nil {
			_ = relay.Close() // tells the server; the socket goes with it anyway
		}
		client.Close()
		stop()
		conn.Close()
	}
	if err = client.Listen(); err == nil {
		relay, err = client.Allocate()
	}
	if err != nil {
		done()
		return nil, nil, errors.Join(err, ctx.Err())
	}
	return relay, done, nil
}

func unspecified(network string) netip.Addr {
	if network == "udp6" {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
