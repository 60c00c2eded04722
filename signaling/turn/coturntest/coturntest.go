// Package coturntest runs coturn's turnserver for a test, from Debian's package
// and on loopback, with the settings that docs/hosting.md gives for it.
package coturntest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Secret is what the service and coturn share.
const Secret = "a secret of coturn and parleyd"

// Server is a turnserver that runs.
type Server struct {
	Addr string         // host:port of UDP and TCP
	TLS  string         // host:port of TLS
	Pool *x509.CertPool // trusts its certificate

	dir    string
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts turnserver and waits until it answers. The error of a machine
// that has none wraps os.ErrNotExist.
func Start() (*Server, error) {
	bin, err := exec.LookPath("turnserver")
	if err != nil {
		return nil, fmt.Errorf("no turnserver in PATH: make deps-test installs coturn: %w", os.ErrNotExist)
	}
	dir, err := os.MkdirTemp("", "parley-coturn-")
	if err != nil {
		return nil, err
	}
	for range 5 { // another program may take a port in between
		var s *Server
		if s, err = start(bin, dir); err == nil {
			return s, nil
		}
	}
	os.RemoveAll(dir)
	return nil, err
}

func start(bin, dir string) (*Server, error) {
	s := &Server{dir: dir, exited: make(chan struct{})}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	tls, err := freePort()
	if err != nil {
		return nil, err
	}
	s.Addr, s.TLS = net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("127.0.0.1", tls)
	if s.Pool, err = certify(dir); err != nil {
		return nil, err
	}
	documented, err := Documented()
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "turnserver.conf")
	if err := os.WriteFile(conf, []byte(here(documented, dir, port, tls)), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd = exec.Command(bin, "-c", conf)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, log, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.cmd.Wait() // a signal ends it
		close(s.exited)
	}()
	limit := time.Now().Add(20 * time.Second)
	for !s.answers() {
		select {
		case <-s.exited:
			b, _ := os.ReadFile(log.Name())
			return nil, fmt.Errorf("turnserver ended:\n%s", b)
		case <-time.After(20 * time.Millisecond): // it says nothing when it is ready
		}
		if time.Now().After(limit) {
			s.stop()
			return nil, errors.New("turnserver does not answer")
		}
	}
	return s, nil
}

// Documented is the turnserver.conf of docs/hosting.md.
func Documented() (string, error) {
	_, file, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "../../../docs/hosting.md"))
	if err != nil {
		return "", err
	}
	_, rest, found := strings.Cut(string(b), "    # /etc/turnserver.conf\n")
	if !found {
		return "", errors.New("docs/hosting.md has no /etc/turnserver.conf")
	}
	var conf strings.Builder
	for line := range strings.Lines(rest) {
		line, ok := strings.CutPrefix(line, "    ")
		if !ok {
			break
		}
		conf.WriteString(line)
	}
	return conf.String(), nil
}

// here changes what must differ on loopback, and nothing else.
func here(conf, dir, port, tls string) string {
	const comment = " #"
	ours := map[string]string{
		"listening-port": port, "tls-listening-port": tls, "static-auth-secret": Secret,
		"cert": filepath.Join(dir, "cert.pem"), "pkey": filepath.Join(dir, "key.pem"),
	}
	var out strings.Builder
	for line := range strings.Lines(conf) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), comment)
		name, _, _ := strings.Cut(line, "=")
		switch v, ok := ours[name]; {
		case ok:
			line = name + "=" + v
		case strings.HasPrefix(name, "denied-peer-ip"), name == "external-ip": // the other side is on loopback
			continue
		}
		out.WriteString(strings.TrimSpace(line) + "\n")
	}
	// Of this machine alone, and without files of the package's own.
	fmt.Fprintf(&out, "listening-ip=127.0.0.1\nrelay-ip=127.0.0.1\nallow-loopback-peers\nuserdb=%s\npidfile=%s\nlog-file=stdout\nsimple-log\n",
		filepath.Join(dir, "turndb"), filepath.Join(dir, "pid"))
	return out.String()
}

// answers asks for the address by STUN (RFC 8489 section 3), over UDP, and
// tries the port of TLS.
func (s *Server) answers() bool {
	c, err := net.Dial("udp", s.Addr)
	if err != nil {
		return false
	}
	defer c.Close()
	request := append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, "coturntest.."...)
	if _, err := c.Write(request); err != nil {
		return false
	}
	if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return false
	}
	got := make([]byte, 1500)
	if n, err := c.Read(got); err != nil || n < 20 || !bytes.Equal(got[4:20], request[4:]) {
		return false
	}
	d := net.Dialer{Timeout: time.Second}
	t, err := d.DialContext(context.Background(), "tcp", s.TLS)
	if err != nil {
		return false
	}
	t.Close()
	return true
}

// Log is what it has said so far.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(b)
}

func (s *Server) stop() {
	_ = s.cmd.Process.Kill() // ended already: as well
	<-s.exited
}

// Close ends it and removes its files.
func (s *Server) Close() {
	s.stop()
	os.RemoveAll(s.dir)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// certify writes a certificate for 127.0.0.1.
func certify(dir string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), chain, 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)); err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(chain)
	return pool, nil
}
