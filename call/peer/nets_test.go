package peer

import (
	"net"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
)

// loNet is this machine with every interface but loopback unplugged.
type loNet struct{ stdnet.Net }

func (*loNet) Interfaces() ([]*transport.Interface, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, err
	}
	all, err := n.Interfaces()
	if err != nil {
		return nil, err
	}
	var lo []*transport.Interface
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			lo = append(lo, i)
		}
	}
	return lo, nil
}

// Interfaces lists one interface with the addresses of the moment.
func (m *moving) Interfaces() ([]*transport.Interface, error) {
	i := transport.NewInterface(net.Interface{Index: 1, Name: "test0", Flags: net.FlagUp})
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.addrs {
		i.AddAddress(&net.IPNet{IP: net.ParseIP(a), Mask: net.CIDRMask(24, 32)})
	}
	return []*transport.Interface{i}, nil
}
