package peer

import (
	"net"
	"net/netip"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// liveNet is this machine's network with interfaces as they are now. pion's
// own remembers those of its creation, and an ICE restart after a change of
// network would gather the addresses that are gone.
type liveNet struct{ *stdnet.Net }

func newLiveNet() (liveNet, error) {
	n, err := stdnet.NewNet()
	return liveNet{n}, err
}

// Interfaces lists the interfaces of this moment.
func (liveNet) Interfaces() ([]*transport.Interface, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	return n.Interfaces()
}

// localAddrs returns the addresses of interfaces that are up, without
// loopback and link-local ones.
func localAddrs(n transport.Net) ([]netip.Addr, error) {
	ifaces, err := n.Interfaces()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, i := range ifaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addrs {
			ip, ok := addrOf(a)
			if ok && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.IsUnspecified() {
				out = append(out, ip)
			}
		}
	}
	return out, nil
}

func addrOf(a net.Addr) (netip.Addr, bool) {
	var b net.IP
	switch a := a.(type) {
	case *net.IPNet:
		b = a.IP
	case *net.IPAddr:
		b = a.IP
	default:
		return netip.Addr{}, false
	}
	ip, ok := netip.AddrFromSlice(b)
	return ip.Unmap(), ok
}

// onlyLoopback reports whether the machine has no address that others reach.
func onlyLoopback(n transport.Net) bool {
	addrs, err := localAddrs(n)
	return err == nil && len(addrs) == 0
}
