package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// attemptAt makes one attempt and returns why it failed.
func attemptAt(t *testing.T, cfg Config) *DialError {
	t.Helper()
	cfg.Key = key()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := c.dial(t.Context())
	if err == nil {
		ws.Close()
		t.Fatal("it connected")
	}
	var d *DialError
	if !errors.As(err, &d) {
		t.Fatalf("the error is %T: %v", err, err)
	}
	return d
}

func TestServiceCannotBeReached(t *testing.T) {
	plain := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = discard()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { garbage.Close() })
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("220 mail.example.org ESMTP\r\n"))
			c.Close()
		}
	}()
	fails := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(code)
		}
	}
	other := websocket.Upgrader{Subprotocols: []string{"chat"}}
	for _, c := range []struct {
		name    string
		cfg     Config
		problem Problem
		says    string
	}{
		{"wrong spelling", Config{URL: "https://nowhere.invalid", NetDial: fails(&net.DNSError{Err: "no such host", IsNotFound: true})}, NotFound, "check its spelling"},
		{"no name server", Config{URL: "https://example.org", NetDial: fails(&net.DNSError{Err: "x", IsTemporary: true})}, NoNetwork, "network connection"},
		{"nothing listens", Config{URL: "http://" + closed.Addr().String()}, Refused, "not running there"},
		{"no route", Config{URL: "https://example.org", NetDial: fails(syscall.ENETUNREACH)}, NoNetwork, "cannot be reached"},
		{"packets vanish", Config{URL: "https://example.org", NetDial: fails(syscall.ETIMEDOUT)}, NoAnswer, "does not answer"},
		{"Windows refuses", Config{URL: "https://example.org", NetDial: fails(syscall.Errno(10061))}, Refused, "refuses"},
		{"unknown certificate", Config{URL: secure.URL}, BadCertificate, "nobody whom this machine trusts"},
		{"certificate of another", Config{URL: secure.URL, TLS: &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.net"}}, BadCertificate, "for another name"},
		{"expired certificate", Config{URL: secure.URL, TLS: &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, Time: func() time.Time { return time.Unix(1<<33, 0) }}}, BadCertificate, "expired"},
		{"https to http", Config{URL: strings.Replace(plain(http.NotFound), "http:", "https:", 1)}, NotTLS, "does not speak https"},
		{"http to https", Config{URL: strings.Replace(secure.URL, "https:", "http:", 1)}, NeedsTLS, "type https://"},
		{"redirect to https", Config{URL: plain(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.org/", http.StatusMovedPermanently)
		})}, NeedsTLS, "wants https"},
		{"another web site", Config{URL: plain(http.NotFound)}, NotParley, "404"},
		{"a web site for everything", Config{URL: plain(status(200))}, NotParley, "200"},
		{"another WebSocket", Config{URL: plain(func(w http.ResponseWriter, r *http.Request) {
			if ws, err := other.Upgrade(w, r, nil); err == nil {
				ws.Close()
			}
		})}, NotParley, "another WebSocket service"},
		{"a mail server", Config{URL: "http://" + garbage.Addr().String()}, NotParley, "does not speak HTTP"},
		{"restarting", Config{URL: plain(status(503))}, Busy, "restarting"},
		{"shut out", Config{URL: plain(status(403))}, Forbidden, "does not let"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := attemptAt(t, c.cfg)
			if d.Problem != c.problem || !strings.Contains(d.Error(), c.says) {
				t.Errorf("%s: %v (%v); want %s and %q", d.Problem, d, d.Err, c.problem, c.says)
			}
			if c.problem == Busy && d.RetryAfter != 5*time.Second {
				t.Errorf("retry after %s", d.RetryAfter)
			}
		})
	}
}

// The end of ctx ends an attempt that hangs at any point.
func TestAttemptEndsWithItsContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := New(Config{URL: "http://" + l.Addr().String(), Key: key()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() { end <- c.Run(ctx) }()
	conn, err := l.Accept() // and say nothing
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if err := <-end; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

// A service with other ideas of the beginning is tried again later.
func TestStrangeBeginning(t *testing.T) {
	for name, first := range map[string]wire.Envelope{
		"no welcome":  {Kind: wire.KindPing},
		"empty":       {Kind: wire.KindWelcome},
		"slow down":   envelope(wire.KindError, wire.Error{Code: wire.CodeSlowDown, Message: "Later.", RetryMS: 9000}),
		"no envelope": {},
	} {
		t.Run(name, func(t *testing.T) {
			up := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if ws, err := up.Upgrade(w, r, nil); err == nil {
					_ = send(ws, first)
					_, _, _ = ws.ReadMessage()
					ws.Close()
				}
			}))
			defer s.Close()
			c, err := New(Config{URL: s.URL, Key: key()})
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.attempt(t.Context())
			var final *finalError
			if err == nil || errors.As(err, &final) {
				t.Errorf("the attempt ended with %v", err)
			}
			if name == "slow down" && hint(err) != 9*time.Second {
				t.Errorf("the next attempt is in %s", hint(err))
			}
		})
	}
}

func TestNear(t *testing.T) {
	base, err := url.Parse("http://localhost") // no proxy is asked for it
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "192.168.1.20:443": true, "10.1.2.3:443": true, "[fe80::1%eth0]:443": true, "[fd00::7]:443": true,
		"[::ffff:192.168.1.20]:443": true, "203.0.113.7:443": false, "[2001:db8::7]:443": false,
	} {
		a, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if near(base, a) != want {
			t.Errorf("%s is near: %v", addr, !want)
		}
	}
}
