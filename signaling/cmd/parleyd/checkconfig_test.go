package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

	"parley/signaling/store"
)

// checks runs check-config: what it prints, and the error of its end.
func checks(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), append([]string{"check-config"}, args...), &out, io.Discard)
	return out.String(), err
}

// has finds a line.
func has(t *testing.T, out, line string) {
	t.Helper()
	for l := range strings.Lines(out) {
		if strings.HasPrefix(l, line) {
			return
		}
	}
	t.Errorf("no line begins with %q in\n%s", line, out)
}

// quiet are settings whose ports are free.
func quiet(dir string) []string {
	return []string{"--data", dir, "--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0", "--turn-tls-listen", "127.0.0.1:0"}
}

// dated writes a certificate for 127.0.0.1 that is valid between two times.
func dated(t *testing.T, from, till time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: till, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
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
	return cert, key
}

func TestCheckConfigAllWell(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cert, key := dated(t, time.Now().Add(-time.Hour), time.Now().AddDate(0, 3, 0))
	out, err := checks(t, append(quiet(dir), "--tls-cert", cert, "--tls-key", key, "--public-url", "https://localhost")...)
	if err != nil {
		t.Error(err)
	}
	for _, line := range []string{"ok    settings", "ok    data folder: " + dir + " can be written, ", "ok    database: none yet", "ok    certificate: " + cert + ", until ",
		"ok    port of clients: TCP 127.0.0.1:0 is free", "ok    port of the relay: UDP", "ok    port of the relay: TCP", "ok    port of the relay, TLS", "ok    public name: localhost is ",
		"The settings can be used.\n"} {
		has(t, out, line)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 0 {
		t.Errorf("it leaves %v, %v", files, err)
	}
}

func TestCheckConfigData(t *testing.T) {
	dir := t.TempDir()
	out, err := checks(t, quiet(filepath.Join(dir, "to", "be", "made"))...)
	if err != nil {
		t.Error(err)
	}
	has(t, out, "warn  data folder: "+dir+"/to/be/made is not there; the service makes it")
	has(t, out, "The settings can be used; see what is marked")
	if _, err := os.Stat(filepath.Join(dir, "to")); err == nil {
		t.Error("it makes the folder")
	}
	file := write(t, "")
	out, err = checks(t, quiet(file)...)
	has(t, out, "fail  data folder: ")
	if err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Error(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out, _ = checks(t, quiet(dir)...)
	has(t, out, "warn  data folder: "+dir+" can be read by others (-rwxr-xr-x)")
}

func TestCheckConfigDatabase(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.File)
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := checks(t, quiet(dir)...)
	if err != nil {
		t.Error(err)
	}
	has(t, out, "ok    database: it has this program's version, ")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(version byte, more byte) {
		t.Helper()
		b[62], b[63] = more, version
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(1, 0)
	out, err = checks(t, quiet(dir)...)
	has(t, out, "warn  database: it has version 1; this program brings it to ")
	if err != nil {
		t.Error(err)
	}
	put(0, 9)
	out, err = checks(t, quiet(dir)...)
	has(t, out, "fail  database: ")
	if err == nil || !strings.Contains(err.Error(), "belongs to a newer version") {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = checks(t, quiet(dir)...); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Error(err)
	}
	out, err = checks(t, append(quiet(dir), "--database", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")...)
	has(t, out, "fail  database: ")
	if err == nil {
		t.Error("a database that is not there passes")
	}
}

func TestCheckConfigCertificates(t *testing.T) {
	now := time.Now()
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		from, till time.Time
		line       string
		good       bool
	}{
		"good":        {now.Add(-day), now.Add(15 * day), "ok    certificate: ", true},
		"ends soon":   {now.Add(-day), now.Add(14*day - time.Hour), "warn  certificate: ", true},
		"has expired": {now.Add(-day), now.Add(-time.Hour), "fail  certificate: ", false},
		"too early":   {now.Add(day), now.Add(90 * day), "fail  certificate: ", false},
	} {
		cert, key := dated(t, c.from, c.till)
		out, err := checks(t, append(quiet(t.TempDir()), "--tls-cert", cert, "--tls-key", key)...)
		has(t, out, c.line)
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	cert, key := dated(t, now, now.Add(90*day))
	other, otherKey := dated(t, now, now.Add(90*day))
	for says, more := range map[string][]string{
		"used together":              {"--tls-cert", cert, "--tls-key", otherKey},
		"not for parley.example.org": {"--tls-cert", cert, "--tls-key", key, "--public-url", "https://parley.example.org"},
		"does not vouch": {"--database", "postgres://x@127.0.0.1:1/x?connect_timeout=1", "--public-url", "http://localhost", "--cluster-listen", "127.0.0.1:0",
			"--cluster-secret", "0123456789abcdef", "--cluster-tls-cert", cert, "--cluster-tls-key", key, "--cluster-tls-ca", other},
	} {
		if _, err := checks(t, append(quiet(t.TempDir()), more...)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	out, _ := checks(t, append(quiet(t.TempDir()), "--database", "postgres://x@127.0.0.1:1/x?connect_timeout=1", "--public-url", "http://localhost",
		"--cluster-listen", "127.0.0.1:0", "--cluster-nodes", "127.0.0.1:1,nowhere.invalid:2", "--cluster-secret", "0123456789abcdef",
		"--cluster-tls-cert", cert, "--cluster-tls-key", key, "--cluster-tls-ca", cert)...)
	has(t, out, "ok    cluster certificate: ")
	has(t, out, "ok    port of nodes: TCP 127.0.0.1:0 is free")
	has(t, out, "warn  nodes: nowhere.invalid cannot be found")
}

func TestCheckConfigPortsAndNames(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for says, more := range map[string][]string{
		"TCP " + busy.Addr().String() + " is in use by another program: stop it, or choose another with --listen":          {"--listen", busy.Addr().String()},
		"TCP " + busy.Addr().String() + " is in use by another program: stop it, or choose another with --turn-listen":     {"--turn-listen", busy.Addr().String()},
		"UDP " + udp.LocalAddr().String() + " is in use by another program: stop it, or choose another with --turn-listen": {"--turn-listen", udp.LocalAddr().String()},
		"TCP 192.0.2.200:0 is not an address of this machine":                                                              {"--listen", "192.0.2.200:0"},
		"nowhere.invalid cannot be found: point its DNS record":                                                            {"--public-url", "https://nowhere.invalid"},
	} {
		if _, err := checks(t, append(quiet(t.TempDir()), more...)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	out, err := checks(t, append(quiet(t.TempDir()), "--public-url", "https://192.0.2.200", "--turn-secret", "0123456789abcdef",
		"--turn-external", "turn:127.0.0.1:3478?transport=udp,turns:nowhere.invalid:443?transport=tcp")...)
	if err != nil {
		t.Error(err)
	}
	has(t, out, "warn  public name: 192.0.2.200 is 192.0.2.200, which is no address of this machine")
	has(t, out, "warn  relays: nowhere.invalid cannot be found")
	if strings.Contains(out, "port of the relay") {
		t.Error("it looks at ports of a relay that is elsewhere")
	}

	// While the service runs, its ports are its own.
	dir := t.TempDir()
	p := start(t, dir)
	at := strings.TrimPrefix(p.url, "http://")
	out, err = checks(t, append(quiet(dir), "--listen", at)...)
	if err != nil {
		t.Error(err)
	}
	has(t, out, "warn  port of clients: TCP "+at+" is in use; a Parley service runs here already")
	has(t, out, "ok    database: it has this program's version")
}
