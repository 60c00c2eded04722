package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/signaling/client"
	"parley/signaling/wire"
)

// lines is a writer that can be read line by line.
type lines struct {
	*io.PipeWriter
	next *bufio.Scanner
}

func newLines() *lines {
	r, w := io.Pipe()
	return &lines{w, bufio.NewScanner(r)}
}

// buffer is a writer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// program is a parleyd that runs.
type program struct {
	url  string
	log  *buffer
	stop func() error // as SIGTERM does
}

// start runs parleyd on loopback with more flags.
func start(t *testing.T, dir string, more ...string) *program {
	t.Helper()
	args := append([]string{"--data", dir, "--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0",
		"--turn-tls-listen", "127.0.0.1:0", "--turn-allow-private", "--drain-for", "100ms", "--log-level", "debug"}, more...)
	ctx, cancel := context.WithCancel(context.Background())
	out, log := newLines(), &buffer{}
	end := make(chan error, 1)
	go func() {
		err := run(ctx, args, out, log)
		out.CloseWithError(io.EOF)
		end <- err
	}()
	if !out.next.Scan() {
		cancel()
		t.Fatalf("parleyd ended: %v\n%s", <-end, log)
	}
	url, found := strings.CutPrefix(out.next.Text(), "Parley service at ")
	if !found {
		t.Errorf("parleyd prints %q", out.next.Text())
	}
	p := &program{url: url, log: log, stop: sync.OnceValue(func() error {
		cancel()
		return <-end
	})}
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("parleyd ended: %v\n%s", err, log)
		}
	})
	return p
}

// line is a device's connection to the service that can be cut.
type line struct {
	*client.Client
	t   *testing.T
	mu  sync.Mutex
	tcp []net.Conn
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.tcp {
		c.Close()
	}
	l.tcp = nil
}

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err == nil {
		l.mu.Lock()
		l.tcp = append(l.tcp, c)
		l.mu.Unlock()
	}
	return c, err
}

// device starts a client with a key of its own.
func device(t *testing.T, url, name string, change ...func(*client.Config)) *line {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{t: t}
	cfg := client.Config{URL: url, Key: key, Name: name, ClientVersion: "test", NetDial: l.dial,
		Backoff: func(n int) time.Duration { return min(time.Duration(n)*20*time.Millisecond, 200*time.Millisecond) }}
	for _, f := range change {
		f(&cfg)
	}
	if l.Client, err = client.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-end
	})
	return l
}

// until waits for a state of affairs; the test's own deadline is the limit.
func (l *line) until(what string, ok func() bool) {
	l.t.Helper()
	wake, cancel := l.Subscribe()
	defer cancel()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-wake:
		case <-limit:
			s := l.State()
			l.t.Fatalf("never: %s; the state is %s, %v; people are %+v", what, s.Phase, s.Err, l.People())
		}
	}
}

func (l *line) online() *line {
	l.t.Helper()
	l.until("online", l.Online)
	return l
}

func (l *line) sees(name string, state wire.PresenceState) {
	l.t.Helper()
	l.until("sees "+name+" "+string(state), func() bool {
		return slices.ContainsFunc(l.People(), func(p wire.Presence) bool { return p.Person.Name == name && p.State == state })
	})
}

// next is the next call message.
func (l *line) next(kind wire.Kind) wire.Envelope {
	l.t.Helper()
	select {
	case e := <-l.Incoming():
		if e.Kind != kind {
			l.t.Fatalf("got %s %s, want %s", e.Kind, e.Body, kind)
		}
		return e
	case <-time.After(20 * time.Second):
		l.t.Fatalf("no %s came", kind)
	}
	return wire.Envelope{}
}

func (l *line) ask(kind wire.Kind, call string, body any) wire.Envelope {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	e, err := l.Request(ctx, kind, call, body)
	if err != nil {
		l.t.Fatalf("%s: %v", kind, err)
	}
	return e
}

func (l *line) tell(kind wire.Kind, call string, body any) {
	l.t.Helper()
	if err := l.Send(kind, call, body); err != nil {
		l.t.Fatalf("%s: %v", kind, err)
	}
}

// certificate writes a self-made certificate for 127.0.0.1.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return cert, key, pool
}
