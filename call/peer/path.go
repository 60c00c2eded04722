package peer

import (
	"net/netip"
	"strings"

	"github.com/pion/webrtc/v4"

	"parley/signaling/wire"
)

// Path names how packets travel.
type Path string

// The paths.
const (
	PathNone     Path = ""
	PathHost     Path = "host"      // directly, within a network
	PathSrflx    Path = "srflx"     // directly, through address translation
	PathRelayUDP Path = "relay-udp" // through a relay
	PathRelayTCP Path = "relay-tcp"
	PathRelayTLS Path = "relay-tls"
)

// Relayed reports whether a relay carries the packets.
func (p Path) Relayed() bool { return p == PathRelayUDP || p == PathRelayTCP || p == PathRelayTLS }

// end is one end of a candidate pair.
type end struct {
	typ    webrtc.ICECandidateType
	addr   netip.Addr
	relay  string // relayed: protocol between this end and the relay, if known
	mapped bool   // addr is known to be a translator's
	own    bool   // addr is known to be one of the machine's own
}

// classify names a pair. A relay at our end says how it is reached; one at the
// other end alone is reached by us over UDP. A peer-reflexive address is that
// of a translator, unless it is one that translators rarely have and this one
// is not known to be: behind a second translator, and in a lab, they do. An
// address that a STUN server found unchanged is no translator's.
func classify(local, remote end) Path {
	if local.typ == webrtc.ICECandidateTypeRelay {
		switch local.relay {
		case "tcp":
			return PathRelayTCP
		case "tls", "dtls":
			return PathRelayTLS
		}
		return PathRelayUDP
	}
	if remote.typ == webrtc.ICECandidateTypeRelay {
		return PathRelayUDP
	}
	for _, e := range []end{local, remote} {
		switch {
		case e.typ == webrtc.ICECandidateTypeHost:
		case e.typ == webrtc.ICECandidateTypeSrflx && e.own:
		case e.typ == webrtc.ICECandidateTypePrflx && inside(e.addr) && !e.mapped:
		default:
			return PathSrflx
		}
	}
	return PathHost
}

func inside(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}

func (p *Peer) pathOf(sel *webrtc.ICECandidatePair) Path {
	local := end{typ: sel.Local.Typ, addr: addrOrZero(sel.Local.Address)}
	remote := end{typ: sel.Remote.Typ, addr: addrOrZero(sel.Remote.Address)}
	if local.typ == webrtc.ICECandidateTypeRelay {
		local.relay = p.relayProtocol(sel.Local)
	}
	p.mu.Lock()
	for _, e := range []*end{&local, &remote} {
		e.mapped, e.own = p.addrs.mapped(e.addr), p.addrs.host[e.addr]
	}
	p.mu.Unlock()
	return classify(local, remote)
}

// addrs are the addresses of both sides, as their candidates named them.
type addrs struct{ host, srflx map[netip.Addr]bool }

// maxAddrs bounds each kind: the other side can restart as often as it likes.
const maxAddrs = 256

func (a *addrs) add(c wire.Candidate) {
	f := strings.Fields(c.Candidate) // RFC 8839 section 5.1
	if len(f) < 8 {
		return
	}
	var to *map[netip.Addr]bool
	switch f[7] {
	case "host":
		to = &a.host
	case "srflx":
		to = &a.srflx
	default:
		return
	}
	addr := addrOrZero(f[4])
	if !addr.IsValid() || len(*to) >= maxAddrs {
		return
	}
	if *to == nil {
		*to = map[netip.Addr]bool{}
	}
	(*to)[addr] = true
}

// mapped reports whether a is what a translator gave one of the sides, and not
// an address that a STUN server found unchanged.
func (a *addrs) mapped(addr netip.Addr) bool { return a.srflx[addr] && !a.host[addr] }

func addrOrZero(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// relayProtocol finds how our relay candidate reaches its relay. Only the
// statistics say it, and not any more when the other side has closed the
// connection, which is when the account of the call is made up. They are looked
// at once: in pion 4.2.20 GetStats and the end of a connection are a data race.
func (p *Peer) relayProtocol(c *webrtc.ICECandidate) string {
	at := netip.AddrPortFrom(addrOrZero(c.Address), c.Port)
	p.mu.Lock()
	known := p.relayed
	p.mu.Unlock()
	if known.at == at {
		return known.protocol
	}
	found := p.findRelayProtocol(c)
	if found != "" {
		p.mu.Lock()
		p.relayed = relayed{at, found}
		p.mu.Unlock()
	}
	return found
}

// relayed is how a relay candidate of ours was seen to reach its relay.
type relayed struct {
	at       netip.AddrPort
	protocol string
}

func (p *Peer) findRelayProtocol(c *webrtc.ICECandidate) string {
	for _, s := range p.pc.GetStats() {
		st, ok := s.(webrtc.ICECandidateStats)
		if ok && st.Type == webrtc.StatsTypeLocalCandidate && st.CandidateType == webrtc.ICECandidateTypeRelay &&
			st.IP == c.Address && st.Port == int32(c.Port) {
			return st.RelayProtocol
		}
	}
	return ""
}
