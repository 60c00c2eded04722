package discover

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/libp2p/zeroconf/v2"
)

const (
	domain   = "local."
	entryTTL = 120 // seconds: RFC 6762 section 10 for records that name a host
)

// reach is the interfaces to use and their addresses. Pure data, comparable by
// equal.
type reach struct {
	interfaces []net.Interface
	addrs      []netip.Addr
}

func (r reach) equal(o reach) bool {
	return slices.Equal(r.addrs, o.addrs) &&
		slices.EqualFunc(r.interfaces, o.interfaces, func(a, b net.Interface) bool { return a.Index == b.Index })
}

// networks are the interfaces that are up and can do multicast; where there is
// none, loopback, which carries multicast on Linux though it does not say so.
func networks() reach {
	all, err := net.Interfaces()
	if err != nil {
		return reach{}
	}
	var out, loop reach
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		to := &out
		if i.Flags&net.FlagLoopback != 0 {
			to = &loop
		} else if i.Flags&net.FlagMulticast == 0 {
			continue
		}
		addrs := addresses(i)
		if len(addrs) == 0 {
			continue
		}
		to.interfaces = append(to.interfaces, i)
		to.addrs = append(to.addrs, addrs...)
	}
	if len(out.interfaces) == 0 {
		return loop
	}
	return out
}

// addresses of an interface that mean something without naming a zone.
func addresses(i net.Interface) []netip.Addr {
	var out []netip.Addr
	addrs, err := i.Addrs()
	if err != nil {
		return nil
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && !(p.Addr().Is6() && p.Addr().IsLinkLocalUnicast()) {
			out = append(out, p.Addr().Unmap())
		}
	}
	return out
}

// browse offers what is announced until ctx ends.
func browse(ctx context.Context, cfg Config, found func(offer)) {
	on := networks()
	if len(on.interfaces) == 0 {
		return
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	// Each family by itself: one that the machine lacks must not spoil the other.
	for _, family := range []zeroconf.IPType{zeroconf.IPv4, zeroconf.IPv6} {
		wg.Go(func() {
			entries, over := make(chan *zeroconf.ServiceEntry), make(chan struct{})
			wg.Go(func() {
				for {
					select {
					case e, ok := <-entries:
						if !ok {
							return
						}
						if o, ok := readEntry(e); ok {
							found(o)
						}
					case <-over: // Browse closes entries, but not if it could not start
						return
					}
				}
			})
			err := zeroconf.Browse(ctx, cfg.service(), domain, entries,
				zeroconf.SelectIPTraffic(family), zeroconf.SelectIfaces(on.interfaces))
			if err != nil {
				cfg.log().Debug("no multicast DNS", "family", family, "err", err)
			}
			close(over)
		})
	}
}

// readEntry takes an announcement apart; false: it is not a service's.
func readEntry(e *zeroconf.ServiceEntry) (offer, bool) {
	id, name, start, ok := readText(e.Text)
	if !ok || e.Port < 1 || e.Port > 65535 {
		return offer{}, false
	}
	o := offer{id: id, name: name, start: start}
	for _, ip := range slices.Concat(e.AddrIPv4, e.AddrIPv6) {
		a, ok := netip.AddrFromSlice(ip)
		if a = a.Unmap(); !ok || a.IsUnspecified() || a.IsMulticast() || len(o.addrs) >= 16 {
			continue
		}
		o.addrs = append(o.addrs, netip.AddrPortFrom(a, uint16(e.Port)))
	}
	sortByNearness(o.addrs, networks())
	return o, len(o.addrs) > 0
}

// sortByNearness puts addresses of a network that this machine is on first,
// and IPv4 before IPv6, which more home routers get wrong.
func sortByNearness(addrs []netip.AddrPort, on reach) {
	near := func(a netip.AddrPort) int {
		for _, own := range on.addrs {
			bits := 24
			if own.Is6() {
				bits = 64
			}
			if p, err := own.Prefix(bits); err == nil && p.Contains(a.Addr()) {
				return 0
			}
		}
		return 1
	}
	family := func(a netip.AddrPort) int {
		if a.Addr().Is4() {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(addrs, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(near(a), near(b)), cmp.Compare(family(a), family(b)))
	})
}

// register announces on the network; nil: there is none.
func register(cfg Config, s Service, port int, on reach) *zeroconf.Server {
	if len(on.interfaces) == 0 {
		return nil
	}
	ips := make([]string, len(on.addrs))
	for i, a := range on.addrs {
		ips[i] = a.String()
	}
	// The instance and host are the ID: names of people hold dots, and the
	// machine's own name belongs to the system's responder.
	z, err := zeroconf.RegisterProxy(s.ID, cfg.service(), domain, port, "parley-"+s.ID, ips, text(s), on.interfaces, zeroconf.TTL(entryTTL))
	if err != nil {
		cfg.log().Info("service is not announced on the network", "err", err)
		return nil
	}
	return z
}
