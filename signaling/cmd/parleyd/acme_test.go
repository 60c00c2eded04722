package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"

	"parley/signaling/client"
)

// A certificate authority and a parleyd that trusts it are processes of their
// own: this program again, told by the environment which of the two it is.
const childEnv = "PARLEYD_TEST_CHILD"

var children = map[string]func(){"authority": authority, "parleyd": parleyd}

const domain = "calls.parley.test"

// authority is Pebble, the ACME server with which clients of Let's Encrypt are
// tested, with a resolver for which every name is 127.0.0.1. Its arguments are
// certificate, key, and the port on which it validates; it prints where it is
// and where its root can be had, and ends with its input.
func authority() {
	quiet := log.New(io.Discard, "", 0)
	port, err := strconv.Atoi(os.Args[3])
	fatal(err)
	names, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	go func() {
		fatal((&dns.Server{Listener: names, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
			a := new(dns.Msg).SetReply(q)
			if len(q.Question) == 1 && q.Question[0].Qtype == dns.TypeA {
				a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)}}
			}
			_ = w.WriteMsg(a)
		})}).ActivateAndServe())
	}()
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	// Nothing answers on port 1: only the way over the listener of clients is left.
	front := wfe.New(quiet, store, va.New(quiet, 1, port, false, names.Addr().String(), store), issuer, nil, false, false, 0, 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	mux := http.NewServeMux()
	mux.Handle("/", front.Handler())
	mux.Handle("/roots/", front.ManagementHandler())
	go func() { fatal(http.ServeTLS(l, mux, os.Args[1], os.Args[2])) }()
	fmt.Printf("https://%s\n", l.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func parleyd() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	fatal(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spawn starts a child and returns its first line; it is gone when the test ends.
func spawn(t *testing.T, child string, env []string, args ...string) (first string, said *buffer, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), append(env, childEnv+"="+child)...)
	said = &buffer{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		in.Close()
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
	t.Cleanup(end)
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		end()
		t.Fatalf("%s says nothing: %s", child, said)
	}
	return lines.Text(), said, end
}

// A service with a domain name gets its certificate from an authority by
// itself, on the port where clients come in, and after a restart uses it
// without asking again.
func TestCertificateFromAnAuthority(t *testing.T) {
	cert, key, pool := certificate(t) // of the authority's own address
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(listen)
	url, said, gone := spawn(t, "authority", []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}, cert, key, port)
	dir := t.TempDir()
	args := []string{"--data", dir, "--listen", listen, "--no-turn", "--drain-for", "0s",
		"--acme-domain", domain, "--acme-ca", url + "/dir", "--acme-email", "operator@parley.test"}
	env := []string{"SSL_CERT_FILE=" + cert}
	_, heard, stop := spawn(t, "parleyd", env, args...)
	roots := root(t, url, pool)
	trusts := &tls.Config{RootCAs: roots, ServerName: domain}
	shake := func() error {
		d := &tls.Dialer{Config: trusts}
		c, err := d.DialContext(t.Context(), "tcp", listen)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for err = shake(); err != nil && time.Now().Before(deadline); err = shake() {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("no certificate within a minute: %v\n%s\n%s", err, heard, said)
	}
	ann := device(t, "https://"+listen, "Ann", func(c *client.Config) { c.TLS = trusts })
	ann.online()
	kept, err := filepath.Glob(filepath.Join(dir, "acme", "certificates", "*", domain, domain+".crt"))
	if len(kept) != 1 {
		t.Fatalf("it is kept in %v, %v", kept, err)
	}
	gone()
	stop()
	_, heard, _ = spawn(t, "parleyd", env, args...)
	if err := shake(); err != nil {
		t.Errorf("after a restart without the authority: %v\n%s", err, heard)
	}
	if strings.Contains(heard.String(), "certificate obtained") {
		t.Errorf("it was asked for again:\n%s", heard)
	}
	if err := os.WriteFile(kept[0], []byte("spoiled"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, "move that folder away", append(args, "--listen", "127.0.0.1:0")...)
}

// The authority is answered where clients come in, not on 443, which a service
// without privileges cannot listen on.
func TestWhereTheAuthorityIsAnswered(t *testing.T) {
	c, err := newCertificates(t.Context(), &flags{ACMEDomain: domain, Data: t.TempDir()}, ":8443", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer c.cache.Stop()
	if c.ca.AltTLSALPNPort != 8443 {
		t.Errorf("on port %d", c.ca.AltTLSALPNPort)
	}
}

// root is what the authority signs with.
func root(t *testing.T, url string, trusts *x509.CertPool) *x509.CertPool {
	t.Helper()
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusts}}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/roots/0", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(b) {
		t.Fatalf("no root in %q, %v", b, err)
	}
	return pool
}
