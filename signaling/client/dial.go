package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// Problem says why a service cannot be reached, for a text in the person's
// language.
type Problem string

// The problems.
const (
	NotFound       Problem = "not_found"       // the name does not resolve
	Refused        Problem = "refused"         // nothing listens there
	NoAnswer       Problem = "no_answer"       // packets vanish
	NoNetwork      Problem = "no_network"      // no route
	BadCertificate Problem = "bad_certificate" // TLS, and the certificate is wrong
	NotTLS         Problem = "not_tls"         // https to a service that speaks http
	NeedsTLS       Problem = "needs_tls"       // the other way round
	NotParley      Problem = "not_parley"      // something else answers
	OtherService   Problem = "other_service"   // a Parley service with another name: Detail
	Busy           Problem = "busy"            // 503 or 429
	Forbidden      Problem = "forbidden"       // 401 or 403
	BadProxy       Problem = "bad_proxy"       // the proxy from the environment
	Broken         Problem = "broken"          // anything else
)

// DialError says why a connection could not be made.
type DialError struct {
	Problem    Problem
	Host       string        // with the port if it is not the usual one
	Detail     string        // of BadCertificate, NotParley and OtherService
	RetryAfter time.Duration // as the service asks; 0: it does not
	Err        error
}

// Error is a sentence for a person, in English.
func (e *DialError) Error() string {
	switch e.Problem {
	case NotFound:
		return fmt.Sprintf("the address %s cannot be found: check its spelling and the network connection", e.Host)
	case Refused:
		return fmt.Sprintf("%s refuses the connection: the service is not running there, or the port is another one", e.Host)
	case NoAnswer:
		return fmt.Sprintf("%s does not answer: check the network connection, or whether a firewall is in between", e.Host)
	case NoNetwork:
		return fmt.Sprintf("%s cannot be reached: check the network connection", e.Host)
	case BadCertificate:
		return fmt.Sprintf("the certificate of %s cannot be trusted: %s", e.Host, e.Detail)
	case NotTLS:
		return fmt.Sprintf("%s does not speak https: type http:// before the address, or ask who runs the service for the right port", e.Host)
	case NeedsTLS:
		return fmt.Sprintf("%s wants https: type https:// before the address", e.Host)
	case NotParley:
		return fmt.Sprintf("what answers at %s is not a Parley service (%s): check the address and the port", e.Host, e.Detail)
	case OtherService:
		return fmt.Sprintf("the service at %s says that it is %s: if that is right, type that address", e.Host, e.Detail)
	case Busy:
		return fmt.Sprintf("the service at %s is restarting or has too many visitors", e.Host)
	case Forbidden:
		return fmt.Sprintf("the service at %s does not let this program in", e.Host)
	case BadProxy:
		return fmt.Sprintf("the proxy does not let through to %s: check the proxy settings of this machine (%v)", e.Host, e.Err)
	}
	return fmt.Sprintf("the connection to %s failed: %v", e.Host, e.Err)
}

// Unwrap returns the cause; it may be nil.
func (e *DialError) Unwrap() error { return e.Err }

const (
	dialWithin  = 10 * time.Second
	writeWithin = 10 * time.Second
)

// dial opens the WebSocket. The error is a *DialError.
func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	opened := make(chan func() bool, 1)
	d := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		HandshakeTimeout: dialWithin,
		Subprotocols:     []string{wire.Subprotocol},
		TLSClientConfig:  c.cfg.TLS,
		ReadBufferSize:   4096, WriteBufferSize: 4096,
		NetDialContext: func(inner context.Context, network, addr string) (net.Conn, error) {
			conn, err := c.cfg.NetDial(inner, network, addr)
			if err == nil {
				// The dialer looks at ctx only until the connection stands; inner
				// ends when the dialer returns.
				opened <- context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		},
	}
	ws, resp, err := d.DialContext(ctx, socketURL(c.base), nil)
	if resp != nil {
		defer resp.Body.Close()
	}
	select {
	case release := <-opened:
		release()
	default:
	}
	if err == nil && ws.Subprotocol() != wire.Subprotocol {
		ws.Close()
		return nil, &DialError{Problem: NotParley, Host: c.base.Host, Detail: "another WebSocket service"}
	}
	if err != nil {
		return nil, c.explain(err, resp)
	}
	return ws, nil
}

// near reports whether a service that was reached at remote is on this computer
// or a private network. What a proxy reaches is not known.
func near(base *url.URL, remote net.Addr) bool {
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: base}); err != nil || proxy != nil {
		return false
	}
	a, err := netip.ParseAddrPort(remote.String())
	ip := a.Addr().Unmap()
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast())
}

// explain finds the problem behind an error of the dialer.
func (c *Client) explain(err error, resp *http.Response) *DialError {
	e := &DialError{Problem: Broken, Host: c.base.Host, Err: err}
	if errors.Is(err, websocket.ErrBadHandshake) && resp != nil {
		answered(e, resp)
		return e
	}
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var timeout net.Error
	var proxy *url.Error
	var op *net.OpError
	switch {
	case errors.As(err, &op) && strings.Contains(op.Op, "proxy"), errors.As(err, &proxy) && proxy.Op == "parse":
		e.Problem = BadProxy
	case errors.As(err, &dns):
		e.Problem = NotFound
		if dns.IsTimeout || dns.IsTemporary {
			e.Problem = NoNetwork
		}
	case errors.As(err, &record):
		e.Problem = NotTLS
	case errors.As(err, &verify):
		e.Problem, e.Detail = BadCertificate, certificate(verify.Err)
	case isErrno(err, syscall.ECONNREFUSED, 10061):
		e.Problem = Refused
	case isErrno(err, syscall.ENETUNREACH, 10051), isErrno(err, syscall.EHOSTUNREACH, 10065), isErrno(err, syscall.ENETDOWN, 10050):
		e.Problem = NoNetwork
	case isErrno(err, syscall.ETIMEDOUT, 10060), errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		e.Problem = NoAnswer
	case strings.Contains(err.Error(), "malformed HTTP"):
		e.Problem, e.Detail = NotParley, "it does not speak HTTP"
	}
	return e
}

// answered explains an HTTP answer that is not an upgrade.
func answered(e *DialError, resp *http.Response) {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024)) // what is missing is no clue
	e.Problem, e.Detail = NotParley, "it answers "+strconv.Itoa(resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		e.Problem = Busy
		if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
			e.RetryAfter = time.Duration(s) * time.Second
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Problem = Forbidden
	case http.StatusProxyAuthRequired:
		e.Problem = BadProxy
	case http.StatusBadRequest:
		if strings.Contains(string(body), "HTTPS") {
			e.Problem = NeedsTLS
		}
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		e.Detail = "it sends visitors elsewhere"
		if to, err := url.Parse(resp.Header.Get("Location")); err == nil && to.Scheme == "https" && resp.Request.URL.Scheme == "http" {
			e.Problem = NeedsTLS
		}
	}
}

// certificate says what is wrong with it.
func certificate(err error) string {
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &host):
		return "it is for another name"
	case errors.As(err, &unknown):
		return "nobody whom this machine trusts has signed it"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "it has expired, is not valid yet, or the clock of this machine is wrong"
	}
	return err.Error()
}

// isErrno compares with the number that the system uses and with Windows'
// own, which package syscall does not translate.
func isErrno(err error, want syscall.Errno, windows syscall.Errno) bool {
	var got syscall.Errno
	return errors.As(err, &got) && (got == want || got == windows)
}
