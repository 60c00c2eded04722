package turn

import (
	"net"
	"net/netip"
)

// mayReach answers pion when a permission or channel for a peer is asked for.
// The relays' own address is allowed, because the other side may be a relay of
// this server as well; relayConn keeps the other ports of it out of reach.
func (s *Server) mayReach(_ net.Addr, peer net.IP) bool {
	ip, ok := netip.AddrFromSlice(peer)
	if !ok {
		return false
	}
	ip = ip.Unmap()
	if ip == s.relay4 || ip == s.relay6 || reachable(ip, s.cfg.AllowPrivate) {
		return true
	}
	s.counts.refusedPeer.Add(1)
	return false
}

// reachable reports whether relays may send to an address at all. What is
// listed here leads to the operator's own machines, or nowhere (RFC 6890);
// IPv6 addresses that carry an IPv4 one are judged by that.
func reachable(ip netip.Addr, private bool) bool {
	if inner, ok := embedded(ip); ok {
		return reachable(inner, private)
	}
	if ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	if private {
		return true
	}
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range [...]string{
		"0.0.0.0/8",      // this network
		"100.64.0.0/10",  // carriers' NAT, and inside networks of some clouds
		"192.0.0.0/24",   // protocol assignments
		"198.18.0.0/15",  // benchmarks
		"240.0.0.0/4",    // reserved
		"fec0::/10",      // site-local, deprecated
		"64:ff9b:1::/48", // local NAT64
	} {
		if netip.MustParsePrefix(p).Contains(ip) {
			return false
		}
	}
	return true
}

// embedded returns the IPv4 address inside an IPv6 one: mapped, compatible,
// NAT64 (RFC 6052) or 6to4 (RFC 3056).
func embedded(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	v4 := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i : i+4])) }
	switch {
	case ip.Is4In6(), netip.MustParsePrefix("64:ff9b::/96").Contains(ip):
		return v4(12), true
	case netip.MustParsePrefix("2002::/16").Contains(ip):
		return v4(2), true
	case netip.MustParsePrefix("::/96").Contains(ip) && !ip.IsLoopback() && !ip.IsUnspecified():
		return v4(12), true
	}
	return netip.Addr{}, false
}
