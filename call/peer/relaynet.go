package peer

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v4"

	"parley/media/latest"
	"parley/signaling/wire"
)

// udpHeadStart is how long a relay is tried over UDP alone. Whoever gets an
// answer within it needs no relay over TCP or TLS, which would double what has
// to be tried, and what the service has to keep, in every call.
const udpHeadStart = 500 * time.Millisecond

// errRelayByUDP ends the attempt at a relay over TCP.
var errRelayByUDP = errors.New("the relay answers over UDP")

// relayNet is the network that pion is given: the way to relays goes through
// permits, and TCP is left for where UDP does not get out. pion opens
// a socket to a relay by ListenPacket and DialTCP, and nothing else that way.
type relayNet struct {
	transport.Net
	done chan struct{} // closed by close

	answers latest.Bell // a relay has answered

	mu     sync.Mutex
	udp    bool              // there are relays to be reached over UDP
	conns  map[*permits]bool // open ones; true: the relay has answered
	rtt    time.Duration     // to a relay, as short as it was seen; 0: not known
	closed bool
}

func newRelayNet(n transport.Net, ice wire.ICE) *relayNet {
	r := &relayNet{
		Net: n, done: make(chan struct{}),
		conns: map[*permits]bool{},
	}
	r.use(ice)
	return r
}

// use notes what servers there are.
func (r *relayNet) use(ice wire.ICE) {
	udp := false
	for _, s := range ice.Servers {
		for _, u := range s.URLs {
			uri, err := stun.ParseURI(u)
			udp = udp || err == nil && uri.Scheme == stun.SchemeTypeTURN && uri.Proto == stun.ProtoTypeUDP
		}
	}
	r.mu.Lock()
	r.udp = udp
	r.mu.Unlock()
}

// ListenPacket opens a socket for a relay over UDP.
func (r *relayNet) ListenPacket(network, address string) (net.PacketConn, error) {
	c, err := r.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	p := newPermits(c)
	p.onAnswer = func(rtt time.Duration) { r.note(p, rtt) }
	p.onClose = func() { r.forget(p) }
	r.mu.Lock()
	r.conns[p] = false
	r.mu.Unlock()
	return p, nil
}

// DialTCP opens a connection to a relay, unless one answers over UDP.
func (r *relayNet) DialTCP(network string, laddr, raddr *net.TCPAddr) (transport.TCPConn, error) {
	if r.answered() {
		return nil, errRelayByUDP
	}
	c, err := r.Net.DialTCP(network, laddr, raddr)
	if err != nil {
		return nil, err
	}
	if err := c.SetWriteBuffer(tcpBacklog); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return stallable{c}, nil
}

const (
	// tcpBacklog bounds what waits in the system, bytes: after an outage it is
	// sent first, although nobody wants it any more. 0.4 s of 2.5 Mbit/s.
	tcpBacklog = 128 << 10
	// tcpStall is how long a connection may take nothing: the goroutines of ICE
	// write to it as well and see no loss of the path while they wait. TCP
	// tries again in ever longer steps, a new connection at once: after an
	// outage of 10 s sound came back 8 s later before, measured.
	tcpStall = 2 * time.Second
)

// stallable is a connection that ends when it takes nothing for tcpStall.
type stallable struct{ transport.TCPConn }

// Write sends b whole, or closes: half a message would spoil all that follow.
func (c stallable) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(tcpStall)); err != nil {
		return 0, err
	}
	n, err := c.TCPConn.Write(b)
	if err != nil {
		err = errors.Join(err, c.Close())
	}
	return n, err
}

// answered waits for the head start to be over or for an answer.
func (r *relayNet) answered() bool {
	changed, stop := r.answers.Subscribe()
	defer stop()
	over := time.NewTimer(udpHeadStart)
	defer over.Stop()
	for {
		r.mu.Lock()
		udp := r.udp
		for _, yes := range r.conns {
			if yes {
				r.mu.Unlock()
				return true
			}
		}
		r.mu.Unlock()
		if !udp {
			return false
		}
		select {
		case <-over.C:
			return false
		case <-r.done:
			return false
		case <-changed:
		}
	}
}

// roundTrip is the shortest one to a relay so far, 0 if there was none.
func (r *relayNet) roundTrip() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rtt
}

// note wakes who waits for an answer.
func (r *relayNet) note(p *permits, rtt time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rtt > 0 && (r.rtt == 0 || rtt < r.rtt) {
		r.rtt = rtt
	}
	if _, open := r.conns[p]; !open {
		return
	}
	r.conns[p] = true
	r.answers.Ring()
}

func (r *relayNet) forget(p *permits) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, p)
}

// close ends what waits in DialTCP.
func (r *relayNet) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		close(r.done)
	}
}
