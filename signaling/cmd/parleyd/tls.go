package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// certificates are where https gets its certificate from: nowhere, two files,
// or a certificate authority.
type certificates struct {
	files *files
	acme  *certmagic.Config
	cache *certmagic.Cache
	ca    *certmagic.ACMEIssuer
	name  string
	log   *slog.Logger
}

// newCertificates reads the files, and prepares ACME without asking for
// anything yet. listen is where clients come in.
func newCertificates(ctx context.Context, f *flags, listen string, log *slog.Logger) (*certificates, error) {
	c := &certificates{log: log, name: f.ACMEDomain}
	switch {
	case f.TLSCert != "":
		c.files = &files{cert: f.TLSCert, key: f.TLSKey, log: log}
		if err := c.files.load(); err != nil {
			return nil, err
		}
	case f.ACMEDomain != "":
		storage := &certmagic.FileStorage{Path: filepath.Join(f.Data, "acme")}
		quiet := zap.NewNop() // what matters comes back as an error or an event
		c.cache = certmagic.NewCache(certmagic.CacheOptions{Logger: quiet,
			GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return c.acme, nil }})
		c.acme = certmagic.New(c.cache, certmagic.Config{Storage: storage, Logger: quiet, OnEvent: c.event})
		issuer := certmagic.ACMEIssuer{CA: certmagic.LetsEncryptProductionCA, Email: f.ACMEEmail, Agreed: true, Logger: quiet}
		// Where clients come in is also where the authority is answered, whatever
		// port that is here: a service behind a port that is passed on has no right
		// to 443, and needs none.
		if _, port, err := net.SplitHostPort(listen); err == nil {
			if issuer.AltTLSALPNPort, err = net.LookupPort("tcp", port); err != nil {
				return nil, fmt.Errorf("--listen: %w", err)
			}
		}
		if f.ACMECA != "" {
			issuer.CA = f.ACMECA
		}
		c.ca = certmagic.NewACMEIssuer(c.acme, issuer)
		c.acme.Issuers = []certmagic.Issuer{c.ca}
		if err := c.restore(ctx, storage.Path); err != nil {
			c.cache.Stop()
			return nil, err
		}
	}
	return c, nil
}

// restore takes the certificate of an earlier run, so that it is there for the
// first client. One that is due is left to run, which renews it at once.
func (c *certificates) restore(ctx context.Context, folder string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second) // its authority may be asked about it
	defer cancel()
	switch cert, err := c.acme.CacheManagedCertificate(ctx, c.name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("--acme-domain %s: its certificate in %s cannot be used: %w; move that folder away to get another one", c.name, folder, err)
	case cert.NeedsRenewal(c.acme):
		c.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: c.name}})
	}
	return nil
}

// event logs what the certificate authority says.
func (c *certificates) event(_ context.Context, event string, data map[string]any) error {
	switch event {
	case "cert_obtained":
		c.log.Info("certificate obtained", "name", data["identifier"], "renewal", data["renewal"])
	case "cert_failed":
		c.log.Error("no certificate", "name", data["identifier"], "err", data["error"])
	}
	return nil
}

// config is for the listeners; nil: none.
func (c *certificates) config() *tls.Config {
	switch {
	case c.files != nil:
		// WebSockets need HTTP/1.1; offering nothing else saves clients a detour.
		return &tls.Config{GetCertificate: c.files.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	case c.acme != nil:
		t := c.acme.TLSConfig()
		t.MinVersion, t.NextProtos = tls.VersionTLS12, []string{"http/1.1", "acme-tls/1"}
		return t
	}
	return nil
}

// run gets the certificate while the service runs, keeps it fresh until ctx
// ends, and answers on port 80 for the authority and for people who type
// http://. The returned function waits for the end of all that.
func (c *certificates) run(ctx context.Context) (stop func(), err error) {
	if c.acme == nil {
		return func() {}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	if l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":80"); err != nil {
		c.log.Warn("port 80 is not available: the certificate needs port 443 to be reachable", "err", err)
		c.ca.DisableHTTPChallenge = true // else it would try to listen there itself, and end at that
	} else {
		s := &http.Server{Handler: c.ca.HTTPChallengeHandler(http.HandlerFunc(toHTTPS)), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
		wg.Go(func() { _ = s.Serve(l) }) // ends with Close
		wg.Go(func() { <-ctx.Done(); s.Close() })
	}
	if err := c.acme.ManageAsync(ctx, []string{c.name}); err != nil {
		cancel()
		wg.Wait()
		return nil, fmt.Errorf("--acme-domain %s: %w", c.name, err)
	}
	return func() { cancel(); c.cache.Stop(); wg.Wait() }, nil
}

func toHTTPS(w http.ResponseWriter, r *http.Request) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	http.Redirect(w, r, "https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
}

// files is a certificate in two files, read again when they change: whatever
// renews them need not know of this program.
type files struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	now    *tls.Certificate
	stamp  [2]time.Time
	looked time.Time
}

const lookAgain = time.Minute

// get returns the certificate for one handshake.
func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	stale := time.Since(f.looked) >= lookAgain
	f.mu.Unlock()
	if stale {
		if err := f.load(); err != nil {
			f.log.Error("certificate files: keeping the last ones", "err", err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, nil
}

// load reads the files if they have changed. The error says which flag.
func (f *files) load() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked = time.Now()
	var stamp [2]time.Time
	for i, path := range []string{f.cert, f.key} {
		flag := []string{"--tls-cert", "--tls-key"}[i]
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s: there is no file %s", flag, path)
		case err != nil:
			return fmt.Errorf("%s: %w", flag, err)
		}
		stamp[i] = info.ModTime()
	}
	if f.now != nil && stamp == f.stamp {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("--tls-cert %s and --tls-key %s cannot be used together: %w", f.cert, f.key, err)
	}
	if pair.Leaf != nil && time.Now().After(pair.Leaf.NotAfter) {
		f.log.Warn("the certificate has expired", "file", f.cert, "expired", pair.Leaf.NotAfter)
	}
	f.now, f.stamp = &pair, stamp
	return nil
}
