package client

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"parley/signaling/wire"
)

// ParseURL reads a service's address as people type it: https://HOST,
// http://HOST:PORT, HOST or HOST:PORT. Without a scheme it is https, but http
// for this machine, the local network and .local names, where no certificate
// can be had. The result is http(s)://HOST[:PORT]. The error says what to type.
func ParseURL(s string) (*url.URL, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return nil, fmt.Errorf("the service's address is empty: type one like https://parley.example.org")
	}
	bad := func(why string) error {
		return fmt.Errorf("%.80q is not the address of a service (%s): type one like https://parley.example.org or http://192.168.1.5:8080", s, why)
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "", s
	}
	if addr, err := netip.ParseAddr(rest); err == nil && addr.Is6() {
		rest = "[" + rest + "]"
	}
	u, err := url.Parse("https://" + rest)
	if err != nil {
		return nil, bad("it cannot be read")
	}
	host, port := u.Hostname(), u.Port()
	switch strings.ToLower(scheme) {
	case "https", "wss":
		scheme = "https"
	case "http", "ws":
		scheme = "http"
	case "", "parley":
		scheme = "https"
		if local(host) {
			scheme = "http"
		}
	default:
		return nil, bad(fmt.Sprintf("it begins with %.16q", scheme))
	}
	switch {
	case host == "":
		return nil, bad("it names no host")
	case !validHost(host):
		return nil, bad("the host has characters that no host has")
	case u.User != nil:
		return nil, bad("it has a user name or password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, bad("it has a query")
	case u.Path != "" && u.Path != "/" && u.Path != wire.Path && !strings.HasPrefix(u.Path, "/j/"):
		return nil, bad("it has a path")
	case strings.HasSuffix(u.Host, ":"):
		return nil, bad("the port is missing after the colon")
	}
	if !ip(host) {
		ascii, err := idna.Lookup.ToASCII(host) // what the name service and certificates know
		switch {
		case err == nil && ascii != "" && validHost(ascii):
			host = ascii
		case strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }):
			return nil, bad("the host has characters that no host has")
		}
	}
	if port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, bad("a port is a number from 1 to 65535")
		}
	}
	return &url.URL{Scheme: scheme, Host: joinHost(strings.ToLower(host), port)}, nil
}

func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// local reports whether a host is on this machine or network.
func local(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

func ip(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// validHost is lenient about names (international ones are typed as they are)
// and refuses what can only be a slip.
func validHost(host string) bool {
	addr, zone, _ := strings.Cut(host, "%")
	if ip(addr) {
		return !strings.ContainsFunc(zone, notInName)
	}
	if !utf8.ValidString(host) || len(host) > 253 || strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
		return false
	}
	return !strings.ContainsFunc(host, func(r rune) bool { return r < 0x80 && notInName(r) })
}

func notInName(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
}

// socketURL is where the WebSocket is.
func socketURL(base *url.URL) string {
	u := *base
	u.Scheme = "ws"
	if base.Scheme == "https" {
		u.Scheme = "wss"
	}
	u.Path = wire.Path
	return u.String()
}
