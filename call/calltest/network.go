package calltest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/vnet"
	"github.com/pion/turn/v5"

	"parley/signaling/wire"
)

// NAT is what stands between a host and the rest of the network.
type NAT uint8

// The kinds of translator (RFC 4787).
const (
	Direct         NAT = iota // none: a public address
	Cone                      // endpoint-independent mapping and filtering
	PortRestricted            // endpoint-independent mapping, filtering by address and port
	Symmetric                 // mapping and filtering by address and port
)

// Options describe the network between hosts.
type Options struct {
	Delay  time.Duration // one way, of every packet that crosses it
	Jitter time.Duration // added, uniform; reorders nothing
	Loss   float64       // 0 to 1
	Seed   uint64        // of loss; 0 is a seed as good as any

	// Of each host's way out.
	Rate    int           // bit/s; 0: any
	Queue   time.Duration // that a packet waits for the wire at most, if there is a rate
	Reorder float64       // share of packets that is overtaken
	Held    time.Duration // by what was sent up to this much later
}

// building serialises what vnet builds: it counts hardware addresses in a
// variable of its package without a lock.
var building sync.Mutex

// Network is hosts around one wide-area network. Methods that change it may be
// called while packets travel.
type Network struct {
	t    testing.TB
	o    Options
	wan  *vnet.Router
	logs logging.LoggerFactory
	next byte // last byte of public addresses
	turn *turn.Server

	mu      sync.Mutex
	loss    float64
	rng     *rand.Rand
	down    bool
	hosts   []*Host
	dropped uint64
	passed  uint64
	started bool
}

// NewNetwork returns a network that ends with the test. Add hosts and the
// relay, then Start it.
func NewNetwork(t testing.TB, o Options) *Network {
	t.Helper()
	logs := logging.NewDefaultLoggerFactory()
	logs.DefaultLogLevel = logging.LogLevelDisabled
	building.Lock()
	defer building.Unlock()
	wan, err := vnet.NewRouter(&vnet.RouterConfig{
		CIDR: "198.51.100.0/24", MinDelay: o.Delay, MaxJitter: o.Jitter, QueueSize: 8192, LoggerFactory: logs,
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &Network{t: t, o: o, wan: wan, logs: logs, next: 10, loss: o.Loss, rng: rand.New(rand.NewPCG(o.Seed, 1))}
	wan.AddChunkFilter(n.pass)
	t.Cleanup(n.close)
	return n
}

func (n *Network) close() {
	if n.turn != nil {
		if err := n.turn.Close(); err != nil {
			n.t.Errorf("relay: %v", err)
		}
	}
	if n.started {
		if err := n.wan.Stop(); err != nil {
			n.t.Errorf("network: %v", err)
		}
	}
}

// pass decides about every packet that crosses the network.
func (n *Network) pass(c vnet.Chunk) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	ok := !n.down && (n.loss == 0 || n.rng.Float64() >= n.loss)
	src, dst := ipOf(c.SourceAddr()), ipOf(c.DestinationAddr())
	for _, h := range n.hosts {
		if h.down && (h.outside == src || h.outside == dst) {
			ok = false
		}
	}
	if ok {
		n.passed++
	} else {
		n.dropped++
	}
	return ok
}

func ipOf(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

// SetLoss changes the share of packets that is lost.
func (n *Network) SetLoss(share float64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loss = share
}

// SetDown cuts the whole network, or mends it.
func (n *Network) SetDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// Packets counts those that crossed the network and those that did not.
func (n *Network) Packets() (passed, dropped uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.passed, n.dropped
}

// Host is one machine.
type Host struct {
	network *Network
	net     *vnet.Net
	up      *uplink    // nil: nothing is in its way
	outside netip.Addr // address on the wide-area network
	inside  netip.Addr // own address
	down    bool       // guarded by network.mu
}

// Host adds a machine behind a translator. Call it before Start.
func (n *Network) Host(nat NAT) *Host {
	n.t.Helper()
	outside := n.address()
	h := &Host{network: n, outside: outside, inside: outside}
	router := n.wan
	if nat != Direct {
		kind := &vnet.NATType{MappingLifeTime: time.Minute}
		switch nat {
		case PortRestricted:
			kind.FilteringBehavior = vnet.EndpointAddrPortDependent
		case Symmetric:
			kind.MappingBehavior = vnet.EndpointAddrPortDependent
			kind.FilteringBehavior = vnet.EndpointAddrPortDependent
		}
		subnet := int(outside.As4()[3])
		building.Lock()
		lan, err := vnet.NewRouter(&vnet.RouterConfig{
			CIDR: fmt.Sprintf("10.0.%d.0/24", subnet), StaticIPs: []string{outside.String()},
			NATType: kind, QueueSize: 8192, LoggerFactory: n.logs,
		})
		building.Unlock()
		if err != nil {
			n.t.Fatal(err)
		}
		if err := n.wan.AddRouter(lan); err != nil {
			n.t.Fatal(err)
		}
		h.inside = netip.AddrFrom4([4]byte{10, 0, byte(subnet), 2})
		router = lan
	}
	h.net = n.attach(router, h.inside)
	if n.o.Rate > 0 || n.o.Reorder > 0 {
		h.up = newUplink(n.o, uint64(outside.As4()[3]))
		n.t.Cleanup(h.up.close)
	}
	n.mu.Lock()
	n.hosts = append(n.hosts, h)
	n.mu.Unlock()
	return h
}

func (n *Network) address() netip.Addr {
	a := netip.AddrFrom4([4]byte{198, 51, 100, n.next})
	n.next++
	return a
}

func (n *Network) attach(r *vnet.Router, addr netip.Addr) *vnet.Net {
	n.t.Helper()
	building.Lock()
	v, err := vnet.NewNet(&vnet.NetConfig{StaticIPs: []string{addr.String()}})
	building.Unlock()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := r.AddNet(v); err != nil {
		n.t.Fatal(err)
	}
	return v
}

// Start lets packets travel.
func (n *Network) Start() {
	n.t.Helper()
	if err := n.wan.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.started = true
}

// Net is what peer.Config.Net takes.
func (h *Host) Net() transport.Net {
	if h.up != nil {
		return shaped{h.net, h.up}
	}
	return h.net
}

// Addr is the host's own address.
func (h *Host) Addr() netip.Addr { return h.inside }

// Outside is the address that others see.
func (h *Host) Outside() netip.Addr { return h.outside }

// SetDown cuts the host off, or brings it back.
func (h *Host) SetDown(down bool) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	h.down = down
}

// Move gives a direct host another address, as when a machine changes its
// network; the old one is gone.
func (h *Host) Move() {
	h.network.t.Helper()
	old := h.inside
	h.network.mu.Lock()
	addr := h.network.address()
	h.inside, h.outside = addr, addr
	h.network.mu.Unlock()
	ipnet := &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(24, 32)}
	if err := h.net.AddAddress("eth0", ipnet); err != nil {
		h.network.t.Fatal(err)
	}
	if err := h.net.RemoveAddress("eth0", old.AsSlice()); err != nil {
		h.network.t.Fatal(err)
	}
}

const (
	relayUser  = "parley"
	relayPass  = "relay"
	relayRealm = "parley.test"
)

// Relay adds a STUN and TURN server (UDP) and returns how to reach it. Call it
// after Start.
func (n *Network) Relay() wire.ICE {
	n.t.Helper()
	addr := n.address()
	v := n.attach(n.wan, addr)
	conn, err := v.ListenPacket("udp4", netip.AddrPortFrom(addr, 3478).String())
	if err != nil {
		n.t.Fatal(err)
	}
	key := turn.GenerateAuthKey(relayUser, relayRealm, relayPass)
	n.turn, err = turn.NewServer(turn.ServerConfig{
		Realm: relayRealm, LoggerFactory: n.logs,
		AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, key, a.Username == relayUser
		},
		PacketConnConfigs: []turn.PacketConnConfig{{
			PacketConn: conn,
			RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{
				RelayAddress: addr.AsSlice(), Address: addr.String(), Net: v,
			},
		}},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	return wire.ICE{Servers: []wire.ICEServer{
		{URLs: []string{fmt.Sprintf("stun:%v:3478", addr)}},
		{URLs: []string{fmt.Sprintf("turn:%v:3478?transport=udp", addr)}, Username: relayUser, Credential: relayPass},
	}}
}
