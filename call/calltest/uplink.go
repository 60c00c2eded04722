package calltest

import (
	"container/heap"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/pion/transport/v4"
)

// uplink is the way out of a host: a wire of a certain rate with a bounded
// queue before it, behind which some packets are overtaken by others.
//
//	WriteTo ──> heap by due time ──> run ──> the host's socket
type uplink struct {
	rate    int           // bit/s; 0: any
	queue   time.Duration // that a packet waits for the wire at most
	reorder float64       // share that is held back
	held    time.Duration // for how long, at most

	mu   sync.Mutex
	rng  *rand.Rand
	free time.Time // of the wire
	wait due
	wake chan struct{} // capacity 1
	done chan struct{}
	wg   sync.WaitGroup
}

type outgoing struct {
	at   time.Time
	n    int // keeps the order of equals
	data []byte
	to   net.Addr
	via  net.PacketConn
}

// due is a heap.
type due []outgoing

func (d due) Len() int { return len(d) }
func (d due) Less(i, j int) bool {
	return d[i].at.Before(d[j].at) || d[i].at.Equal(d[j].at) && d[i].n < d[j].n
}
func (d due) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *due) Push(x any)   { *d = append(*d, x.(outgoing)) }
func (d *due) Pop() any {
	old := *d
	x := old[len(old)-1]
	*d = old[:len(old)-1]
	return x
}

func newUplink(o Options, seed uint64) *uplink {
	u := &uplink{
		rate: o.Rate, queue: o.Queue, reorder: o.Reorder, held: o.Held,
		rng: rand.New(rand.NewPCG(o.Seed, seed)), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	u.wg.Go(u.run)
	return u
}

func (u *uplink) close() {
	close(u.done)
	u.wg.Wait()
}

// write takes a packet; one that finds the queue full is lost.
func (u *uplink) write(b []byte, to net.Addr, via net.PacketConn) {
	const headers = 28
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	at := now
	if u.rate > 0 {
		if u.free.Before(now) {
			u.free = now
		}
		if u.free.Sub(now) > u.queue {
			return
		}
		u.free = u.free.Add(time.Duration((len(b)+headers)*8) * time.Second / time.Duration(u.rate))
		at = u.free
	}
	if u.rng.Float64() < u.reorder {
		at = at.Add(time.Duration(u.rng.Float64() * float64(u.held)))
	}
	heap.Push(&u.wait, outgoing{at: at, n: len(u.wait), data: append([]byte(nil), b...), to: to, via: via})
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *uplink) run() {
	turn := time.NewTimer(time.Hour)
	defer turn.Stop()
	for {
		u.mu.Lock()
		next := time.Hour
		for len(u.wait) > 0 {
			if next = time.Until(u.wait[0].at); next > 0 {
				break
			}
			o := heap.Pop(&u.wait).(outgoing)
			u.mu.Unlock()
			_, _ = o.via.WriteTo(o.data, o.to) // a closed socket loses what is on its way
			u.mu.Lock()
			next = time.Hour
		}
		u.mu.Unlock()
		turn.Reset(next)
		select {
		case <-u.done:
			return
		case <-u.wake:
		case <-turn.C:
		}
	}
}

// shaped is a host's network with the uplink before its sockets.
type shaped struct {
	transport.Net
	up *uplink
}

// ListenUDP implements transport.Net.
func (s shaped) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	c, err := s.Net.ListenUDP(network, addr)
	if err != nil {
		return nil, err
	}
	return shapedUDP{c, s.up}, nil
}

// ListenPacket implements transport.Net.
func (s shaped) ListenPacket(network, addr string) (net.PacketConn, error) {
	c, err := s.Net.ListenPacket(network, addr)
	if err != nil {
		return nil, err
	}
	return shapedPacket{c, s.up}, nil
}

type shapedUDP struct {
	transport.UDPConn
	up *uplink
}

// WriteTo implements net.PacketConn.
func (c shapedUDP) WriteTo(b []byte, to net.Addr) (int, error) {
	c.up.write(b, to, c.UDPConn)
	return len(b), nil
}

type shapedPacket struct {
	net.PacketConn
	up *uplink
}

// WriteTo implements net.PacketConn.
func (c shapedPacket) WriteTo(b []byte, to net.Addr) (int, error) {
	c.up.write(b, to, c.PacketConn)
	return len(b), nil
}
