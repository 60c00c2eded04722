package nats

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// authority signs certificates for 127.0.0.1.
type authority struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key, a.cert, a.file, _ = a.make("ca", nil)
	return a
}

func (a *authority) make(name string, by *authority) (*ecdsa.PrivateKey, *x509.Certificate, string, string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	parent, signer := c, key
	if by == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
	} else {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, keyFile := filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return key, parsed, cert, keyFile
}

// node is the configuration of a node that the authority has signed.
func (a *authority) node(name string) *tls.Config {
	a.t.Helper()
	_, _, cert, key := a.make(name, a)
	c, err := TLS(cert, key, a.file)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// Two nodes with certificates of one authority hear each other; those with
// none, or with one of another authority, hear nothing, and whoever listens on
// the wire reads nothing.
func TestTLS(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	first, err := Open(Config{Listen: "127.0.0.1:0", Secret: "of the nodes", TLS: ours.node("one")})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	wire := &tap{to: first.Addr(), t: t}
	open := func(route string, c *tls.Config) (*Bus, chan string) {
		t.Helper()
		b, err := Open(Config{Listen: "127.0.0.1:0", Routes: []string{route}, Secret: "of the nodes", TLS: c})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		heard := make(chan string, 1000)
		if _, err := b.Subscribe("x", func(m []byte) { heard <- string(m) }); err != nil {
			t.Fatal(err)
		}
		return b, heard
	}
	_, plain := open(first.Addr(), nil)
	_, foreign := open(first.Addr(), others.node("two"))
	_, good := open(wire.start(), ours.node("three"))
	const secret = "something that nobody else may read"
	for i := 0; len(good) == 0; i++ { // they take a moment to find each other
		if err := first.Publish("x", []byte(secret)); err != nil {
			t.Fatal(err)
		}
		if i > 2000 {
			t.Fatal("the node with a certificate hears nothing either")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if got := <-good; got != secret {
		t.Errorf("heard %q", got)
	}
	if len(plain) > 0 || len(foreign) > 0 || first.server.NumRoutes() != 1 {
		t.Errorf("without a certificate %d, with a foreign one %d messages; %d routes", len(plain), len(foreign), first.server.NumRoutes())
	}
	if wire.seen(secret) || wire.seen("of the nodes") {
		t.Error("it can be read on the wire")
	}
	for name, c := range map[string]*tls.Config{
		"without TLS":                 nil,
		"without a certificate":       {InsecureSkipVerify: true},
		"with one of somebody else's": {InsecureSkipVerify: true, Certificates: others.node("five").Certificates},
	} {
		if err := joins(t, first.Addr(), c); err == nil {
			t.Errorf("a route %s is let in", name)
		}
	}
	if err := joins(t, first.Addr(), ours.node("six")); err != nil {
		t.Errorf("a route with a certificate: %v", err)
	}
	// The port for clients does not let anybody in, either.
	if c, err := nats.Connect(first.server.ClientURL(), nats.UserInfo("parley", "of the nodes"), nats.Secure(&tls.Config{InsecureSkipVerify: true}), nats.Timeout(2*time.Second)); err == nil {
		c.Close()
		t.Error("a client without a certificate is let in")
	}
	b, err := Open(Config{URL: strings.Replace(first.server.ClientURL(), "tls://", "tls://parley:of%20the%20nodes@", 1), TLS: ours.node("four")})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.conn.FlushTimeout(5 * time.Second); err != nil {
		t.Errorf("a client with a certificate: %v", err)
	}
}

// joins says what a server of a cluster says, and returns an error when the
// other one ends the connection in place of an answer.
func joins(t *testing.T, addr string, c *tls.Config) error {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if c != nil {
		c = c.Clone()
		c.ServerName = "127.0.0.1"
		conn = tls.Client(conn, c)
	}
	r := bufio.NewReader(conn)
	info := `INFO {"server_id":"X","server_name":"X","version":"2.10.0","host":"127.0.0.1","port":1,"cluster":"parley","auth_required":true,"max_payload":1048576}`
	if _, err := io.WriteString(conn, `CONNECT {"verbose":false,"user":"parley","pass":"of the nodes","name":"X","cluster":"parley"}`+"\r\n"+info+"\r\nPING\r\n"); err != nil {
		return err
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil || strings.HasPrefix(line, "PONG") {
			return err
		}
	}
}

func TestTLSFiles(t *testing.T) {
	a := newAuthority(t)
	_, _, cert, key := a.make("node", a)
	for says, f := range map[string][3]string{
		"certificate":             {cert + "x", key, a.file},
		"does not match":          {cert, strings.Replace(key, "node", "ca", 1), a.file},
		"authority":               {cert, key, a.file + "x"},
		"there is no certificate": {cert, key, key},
	} {
		if _, err := TLS(f[0], f[1], f[2]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// tap passes one connection on and keeps what went through.
type tap struct {
	t    *testing.T
	to   string
	mu   chan struct{}
	text []byte
}

func (p *tap) start() string {
	p.mu = make(chan struct{}, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", p.to)
			if err != nil {
				in.Close()
				return
			}
			for _, d := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() {
					_, _ = io.Copy(io.MultiWriter(d[1], p), d[0]) // until either side ends
					d[0].Close()
					d[1].Close()
				}()
			}
		}
	}()
	return l.Addr().String()
}

func (p *tap) Write(b []byte) (int, error) {
	p.mu <- struct{}{}
	p.text = append(p.text, b...)
	<-p.mu
	return len(b), nil
}

func (p *tap) seen(s string) bool {
	p.mu <- struct{}{}
	defer func() { <-p.mu }()
	return strings.Contains(string(p.text), s)
}
