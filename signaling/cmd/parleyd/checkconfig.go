package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/pion/stun/v4"

	"parley/signaling/service"
	"parley/signaling/store"
	"parley/signaling/store/postgres"
)

// checkConfig looks at everything that a start needs, and prints a line for
// each: ok, warn or fail. It changes nothing, also while the service runs. The
// error says what is a fail.
func (f *flags) checkConfig(ctx context.Context, stdout io.Writer) error {
	r := &report{to: stdout}
	cfg, err := f.config(slog.New(slog.DiscardHandler))
	if err != nil {
		r.fail("settings", err.Error())
		return r.verdict()
	}
	r.ok("settings", "they fit together")
	f.checkData(ctx, r)
	f.checkDatabase(ctx, r)
	f.checkCertificates(r, time.Now())
	f.checkPorts(ctx, r, cfg)
	f.checkNames(ctx, r, cfg)
	if f.OIDCIssuer != "" {
		if err := f.askProvider(ctx); err != nil {
			r.fail("provider", err.Error())
		} else {
			r.ok("provider", f.OIDCIssuer+" answers")
		}
	}
	return r.verdict()
}

// report prints what was found, and remembers what cannot stay so.
type report struct {
	to    io.Writer
	fails []string
	warns int
}

func (r *report) line(level, what, text string) {
	fmt.Fprintf(r.to, "%-4s  %s: %s\n", level, what, text)
}

func (r *report) ok(what, text string) { r.line("ok", what, text) }

func (r *report) warn(what, text string) {
	r.warns++
	r.line("warn", what, text)
}

func (r *report) fail(what, text string) {
	r.fails = append(r.fails, what+": "+text)
	r.line("fail", what, text)
}

func (r *report) verdict() error {
	if len(r.fails) > 0 {
		return fmt.Errorf("the settings cannot be used: %s", strings.Join(r.fails, "; "))
	}
	if r.warns > 0 {
		fmt.Fprintln(r.to, "The settings can be used; see what is marked with warn.")
	} else {
		fmt.Fprintln(r.to, "The settings can be used.")
	}
	return nil
}

const (
	littleSpace = 1 << 30 // a warning under it
	noSpace     = 64 << 20
)

// checkData looks at the data folder without making it.
func (f *flags) checkData(_ context.Context, r *report) {
	what := "data folder"
	info, err := os.Stat(f.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		above := filepath.Dir(filepath.Clean(f.Data))
		for above != filepath.Dir(above) { // the nearest that is there
			if _, err := os.Stat(above); !errors.Is(err, fs.ErrNotExist) {
				break
			}
			above = filepath.Dir(above)
		}
		if err := writable(above); err != nil {
			r.fail(what, fmt.Sprintf("%s is not there, and %s cannot be written to make it (%v)", f.Data, above, err))
			return
		}
		r.warn(what, f.Data+" is not there; the service makes it when it starts")
		return
	case err != nil:
		r.fail(what, service.ExplainData(f.Data, err).Error())
		return
	case !info.IsDir():
		r.fail(what, service.ExplainData(f.Data, syscall.ENOTDIR).Error())
		return
	}
	if err := writable(f.Data); err != nil {
		r.fail(what, service.ExplainData(f.Data, err).Error())
		return
	}
	if owner, me, known := ownerOf(info); known && owner != me {
		r.warn(what, fmt.Sprintf("%s belongs to user %s, and this check runs as user %s: run it as the user of the service, as it may write to less", f.Data, userName(owner), userName(me)))
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && onUnix {
		r.warn(what, fmt.Sprintf("%s can be read by others (%s): chmod 700", f.Data, mode))
	}
	switch free, known := freeSpace(f.Data); {
	case known && free < noSpace:
		r.fail(what, fmt.Sprintf("%s has %s left: free some space", f.Data, inWords(free)))
	case known && free < littleSpace:
		r.warn(what, fmt.Sprintf("%s has only %s left", f.Data, inWords(free)))
	case known:
		r.ok(what, fmt.Sprintf("%s can be written, %s free", f.Data, inWords(free)))
	default:
		r.ok(what, f.Data+" can be written")
	}
}

// writable makes a file and removes it.
func writable(dir string) error {
	t, err := os.CreateTemp(dir, ".write-test-*")
	if err != nil {
		return err
	}
	return errors.Join(t.Close(), os.Remove(t.Name()))
}

// checkDatabase reads the version.
func (f *flags) checkDatabase(ctx context.Context, r *report) {
	what := "database"
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var v store.Versions
	var err error
	if f.Database != "" {
		v, err = postgres.Inspect(ctx, f.Database)
		if err != nil {
			r.fail(what, err.Error())
			return
		}
	} else {
		v, err = store.Inspect(ctx, f.database())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			r.ok(what, "none yet; the service makes it when it starts")
			return
		case err != nil:
			r.fail(what, service.ExplainData(f.Data, err).Error())
			return
		}
	}
	switch {
	case v.Have == 0:
		r.ok(what, "it is empty; the service fills it when it starts")
	case v.Have < v.Want:
		r.warn(what, fmt.Sprintf("it has version %d; this program brings it to %d when it starts, and older ones then cannot use it", v.Have, v.Want))
	default:
		r.ok(what, fmt.Sprintf("it has this program's version, %d", v.Have))
	}
}

const expiresSoon = 14 * 24 * time.Hour

// checkCertificates looks at the files for https and for the links of nodes.
func (f *flags) checkCertificates(r *report, now time.Time) {
	if f.TLSCert != "" {
		host := f.publicHost()
		checkPair(r, "certificate", f.TLSCert, f.TLSKey, host, nil, now)
	}
	if f.ClusterCert == "" {
		return
	}
	b, err := os.ReadFile(f.ClusterCA)
	if err != nil {
		r.fail("cluster authority", err.Error())
		return
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		r.fail("cluster authority", "there is no certificate in "+f.ClusterCA)
		return
	}
	checkPair(r, "cluster certificate", f.ClusterCert, f.ClusterKey, "", pool, now)
}

// checkPair looks at a certificate and its key. A host that is not empty must
// be in it, and an authority that is not nil have signed it.
func checkPair(r *report, what, cert, key, host string, authority *x509.CertPool, now time.Time) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		r.fail(what, fmt.Sprintf("%s and %s cannot be used together: %v", cert, key, err))
		return
	}
	leaf := pair.Leaf
	left := leaf.NotAfter.Sub(now)
	if authority != nil {
		between := x509.NewCertPool()
		for _, der := range pair.Certificate[1:] {
			if c, err := x509.ParseCertificate(der); err == nil {
				between.AddCert(c)
			}
		}
		// Its own dates are judged below; here it is who has signed it.
		_, err := leaf.Verify(x509.VerifyOptions{Roots: authority, Intermediates: between, CurrentTime: latest(leaf, now), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err != nil {
			r.fail(what, fmt.Sprintf("the authority does not vouch for %s: %v", cert, err))
			return
		}
	}
	switch {
	case left <= 0:
		r.fail(what, fmt.Sprintf("%s has expired on %s", cert, day(leaf.NotAfter)))
	case now.Before(leaf.NotBefore):
		r.fail(what, fmt.Sprintf("%s is valid only from %s on", cert, day(leaf.NotBefore)))
	case host != "" && leaf.VerifyHostname(host) != nil:
		r.fail(what, fmt.Sprintf("%s is not for %s, by which clients come", cert, host))
	case left < expiresSoon:
		r.warn(what, fmt.Sprintf("%s expires within %d days, on %s", cert, int(left.Hours()/24)+1, day(leaf.NotAfter)))
	default:
		r.ok(what, fmt.Sprintf("%s, until %s", cert, day(leaf.NotAfter)))
	}
}

// latest is now, or the nearest time at which a certificate is valid.
func latest(c *x509.Certificate, now time.Time) time.Time {
	switch {
	case now.After(c.NotAfter):
		return c.NotAfter
	case now.Before(c.NotBefore):
		return c.NotBefore
	}
	return now
}

// publicHost is the host by which clients come, or "".
func (f *flags) publicHost() string {
	if f.PublicURL == "" {
		return f.ACMEDomain
	}
	u, err := url.Parse(f.PublicURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// checkPorts tries to listen where the service would.
func (f *flags) checkPorts(ctx context.Context, r *report, cfg service.Config) {
	running := f.runs(ctx, cfg.Listen)
	try := func(what, network, addr, flag string, must bool) {
		err := bindable(ctx, network, addr)
		var errno syscall.Errno
		inUse := errors.As(err, &errno) && (errno == syscall.EADDRINUSE || errno == 10048)
		text := fmt.Sprintf("%s %s", strings.ToUpper(network), addr)
		switch {
		case err == nil:
			r.ok(what, text+" is free")
		case inUse && running:
			r.warn(what, text+" is in use; a Parley service runs here already, so it is probably its")
		case !must:
			r.warn(what, fmt.Sprintf("%s cannot be used (%v)", text, err))
		case inUse:
			r.fail(what, fmt.Sprintf("%s is in use by another program: stop it, or choose another with %s", text, flag))
		case errors.Is(err, fs.ErrPermission):
			r.fail(what, fmt.Sprintf("%s needs a privilege: choose a port above 1023 with %s, or allow it with setcap cap_net_bind_service=+ep", text, flag))
		case errors.As(err, &errno) && (errno == syscall.EADDRNOTAVAIL || errno == 10049):
			r.fail(what, text+" is not an address of this machine")
		default:
			r.fail(what, fmt.Sprintf("%s cannot be listened on: %v", text, err))
		}
	}
	try("port of clients", "tcp", cfg.Listen, "--listen", true)
	if f.ACMEDomain != "" {
		try("port for the certificate authority", "tcp", ":80", "", false)
	}
	if cfg.Relay != nil {
		try("port of the relay", "udp", cfg.Relay.Listen, "--turn-listen", true)
		try("port of the relay", "tcp", cfg.Relay.Listen, "--turn-listen", true)
		if f.secure() {
			try("port of the relay, TLS", "tcp", cfg.Relay.ListenTLS, "--turn-tls-listen", true)
		}
	}
	if f.ClusterListen != "" {
		try("port of nodes", "tcp", f.ClusterListen, "--cluster-listen", true)
	}
}

func bindable(ctx context.Context, network, addr string) error {
	var lc net.ListenConfig
	if network == "udp" {
		c, err := lc.ListenPacket(ctx, network, addr)
		if err != nil {
			return err
		}
		return c.Close()
	}
	l, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// runs reports whether a Parley service answers at addr.
func (f *flags) runs(ctx context.Context, addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	scheme := "http"
	if f.secure() {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return false
	}
	// A transport that dials goes on with that when nobody waits any more, for as
	// long as the other side says nothing: it gets a connection instead.
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return false
	}
	defer conn.Close()
	if f.secure() {
		// Who it is, is no matter of trust here.
		t := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see above
		if err := t.HandshakeContext(ctx); err != nil {
			return false
		}
		conn = t
	}
	given := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	t := &http.Transport{DialContext: given, DialTLSContext: given, DisableKeepAlives: true}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16))
	return err == nil && resp.StatusCode == http.StatusOK && string(b) == "ok\n"
}

// checkNames looks names up by which clients and nodes come.
func (f *flags) checkNames(ctx context.Context, r *report, cfg service.Config) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if host := f.publicHost(); host != "" {
		ips, err := lookUp(ctx, host)
		switch {
		case err != nil:
			r.fail("public name", fmt.Sprintf("%s cannot be found: point its DNS record at this machine, or at what is before it (%v)", host, err))
		case !f.ours(ips):
			r.warn("public name", fmt.Sprintf("%s is %s, which is no address of this machine: right behind a proxy, a balancer or a translated address", host, join(ips)))
		default:
			r.ok("public name", fmt.Sprintf("%s is %s", host, join(ips)))
		}
	}
	others := map[string][]string{"nodes": hostsOf(f.ClusterNodes)}
	var relays []string
	if cfg.External != nil {
		relays = cfg.External.URLs
	}
	if cfg.Regions != nil {
		for _, p := range cfg.Regions.Places {
			relays = append(relays, p.URLs...)
		}
	}
	for _, u := range relays {
		if uri, err := stun.ParseURI(u); err == nil && !slices.Contains(others["relays"], uri.Host) {
			others["relays"] = append(others["relays"], uri.Host)
		}
	}
	for _, what := range []string{"relays", "nodes"} {
		var missing []string
		for _, host := range others[what] {
			if _, err := lookUp(ctx, host); err != nil {
				missing = append(missing, host)
			}
		}
		switch {
		case len(missing) > 0:
			r.warn(what, strings.Join(missing, ", ")+" cannot be found")
		case len(others[what]) > 0:
			r.ok(what, strings.Join(others[what], ", ")+" can be found")
		}
	}
}

func hostsOf(addrs []string) []string {
	var hosts []string
	for _, a := range addrs {
		if host, _, err := net.SplitHostPort(a); err == nil && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range ips {
		ips[i] = ips[i].Unmap()
	}
	return ips, err
}

// ours reports whether one of the addresses is this machine's.
func (f *flags) ours(ips []netip.Addr) bool {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return true // nothing can be said
	}
	var mine []netip.Addr
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			mine = append(mine, p.Addr().Unmap())
		}
	}
	if ip, err := netip.ParseAddr(f.TurnPublicIP); err == nil {
		mine = append(mine, ip.Unmap())
	}
	return slices.ContainsFunc(ips, func(ip netip.Addr) bool { return ip.IsLoopback() || slices.Contains(mine, ip) })
}

func join(ips []netip.Addr) string {
	var s []string
	for _, ip := range ips {
		s = append(s, ip.String())
	}
	return strings.Join(s, ", ")
}

// userName is how the system calls a user.
func userName(id int) string {
	if name := nameOf(id); name != "" {
		return name
	}
	return strconv.Itoa(id)
}
