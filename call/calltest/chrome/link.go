package chrome

import (
	"container/heap"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Conditions are what a Link does to every packet, the same in both directions.
type Conditions struct {
	Loss    float64       // share of packets, 0 to 1
	Delay   time.Duration // of every packet
	Jitter  time.Duration // added, uniform; packets stay in order
	Reorder float64       // share of packets that are overtaken
	By      time.Duration // how much later those come
	Rate    float64       // bit/s; 0: no bound
	Queue   time.Duration // a packet that would wait longer is dropped; 0: 300 ms
	Down    bool
	// Judge decides instead of all above, if it is set: it is called for each
	// packet from end A towards end B, one at a time, and does not keep it.
	Judge func(p []byte) (delay time.Duration, lost bool)
}

// End is one of the two ends of a Link.
type End int

// The ends.
const (
	A End = iota
	B
)

// Link stands between two programs on this machine that talk over UDP: each is
// told the Link's address instead of the other's.
//
//	A ──> face of B ──Conditions──> face of A ──> B
type Link struct {
	faces [2]*face // static
	wg    sync.WaitGroup

	mu      sync.Mutex // guards the rest
	cond    Conditions
	rng     *rand.Rand
	passed  [2]int // by sending end
	dropped [2]int
}

// face is the socket that one end takes for the other, and what is on its way
// through it.
type face struct {
	link *Link
	conn *net.UDPConn
	end  End // who sends to it
	wake chan struct{}

	mu     sync.Mutex // guards the rest
	real   netip.AddrPort
	queue  flights
	count  int
	freeAt time.Time
	last   time.Time
	closed bool
}

// flight is a packet under way. Flights come out by time, then by number.
type flight struct {
	at   time.Time
	n    int
	data []byte
}

type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	return f[i].at.Before(f[j].at) || f[i].at.Equal(f[j].at) && f[i].n < f[j].n
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	old := *f
	x := old[len(old)-1]
	old[len(old)-1] = flight{}
	*f = old[:len(old)-1]
	return x
}

// maxFlights are under way at most in one direction; more are dropped.
const maxFlights = 1 << 14

// NewLink returns a link on the loopback; Close ends it.
func NewLink(c Conditions) (*Link, error) {
	l := &Link{cond: c, rng: rand.New(rand.NewPCG(1, 2))}
	for _, end := range []End{A, B} {
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			return nil, errors.Join(fmt.Errorf("link: %w", err), l.Close())
		}
		// A key frame comes as a burst.
		_ = conn.SetReadBuffer(4 << 20)
		_ = conn.SetWriteBuffer(4 << 20)
		l.faces[end] = &face{link: l, conn: conn, end: end, wake: make(chan struct{}, 1)}
	}
	for _, f := range l.faces {
		l.wg.Go(f.read)
		l.wg.Go(f.write)
	}
	return l, nil
}

// Instead notes the real address of an end and returns what the other end is
// to be told.
func (l *Link) Instead(end End, real netip.AddrPort) netip.AddrPort {
	own, other := l.faces[end], l.faces[1-end]
	own.mu.Lock()
	own.real = real
	own.mu.Unlock()
	return other.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// Candidate puts the link's address into the line of one of an end's
// candidates, for the other end. Only UDP addresses of this machine can stand
// for the end (RFC 8839 section 5.1); for others it is false.
func (l *Link) Candidate(end End, line string) (string, bool) {
	f := strings.Fields(line)
	if len(f) < 8 || !strings.EqualFold(f[2], "udp") || f[7] != "host" {
		return "", false
	}
	addr, err := netip.ParseAddrPort(f[4] + ":" + f[5])
	if err != nil || !addr.Addr().Is4() {
		return "", false
	}
	to := l.Instead(end, addr)
	f[4], f[5] = to.Addr().String(), strconv.Itoa(int(to.Port()))
	return strings.Join(f, " "), true
}

// Set changes the conditions for what is sent from now on.
func (l *Link) Set(c Conditions) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cond = c
}

// Packets counts what an end has sent.
func (l *Link) Packets(end End) (passed, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed[end], l.dropped[end]
}

// Close ends the link.
func (l *Link) Close() error {
	var err error
	for _, f := range l.faces {
		if f == nil {
			continue
		}
		err = errors.Join(err, f.conn.Close())
		f.mu.Lock()
		f.closed = true
		f.mu.Unlock()
		f.poke()
	}
	l.wg.Wait()
	return err
}

func (f *face) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *face) read() {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := f.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the other port is not open yet
		}
		f.take(from, append([]byte(nil), buf[:n]...))
	}
}

// take decides about a packet.
func (f *face) take(from netip.AddrPort, data []byte) {
	l := f.link
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.real = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := f.fate(l.cond, now, data)
	if !ok || len(f.queue) >= maxFlights {
		l.dropped[f.end]++
		return
	}
	l.passed[f.end]++
	heap.Push(&f.queue, flight{at: at, n: f.count, data: data})
	f.count++
	f.poke()
}

// fate is when a packet arrives, if it does. Both locks are held.
func (f *face) fate(c Conditions, now time.Time, data []byte) (time.Time, bool) {
	l := f.link
	if c.Judge != nil && f.end == A {
		delay, lost := c.Judge(data)
		return now.Add(delay), !lost
	}
	if c.Down || l.rng.Float64() < c.Loss {
		return now, false
	}
	at := now
	if c.Rate > 0 {
		if f.freeAt.Before(now) {
			f.freeAt = now
		}
		queue := c.Queue
		if queue == 0 {
			queue = 300 * time.Millisecond
		}
		if f.freeAt.Sub(now) > queue {
			return now, false
		}
		f.freeAt = f.freeAt.Add(time.Duration(float64(len(data)*8) / c.Rate * float64(time.Second)))
		at = f.freeAt
	}
	at = at.Add(c.Delay)
	if c.Jitter > 0 {
		at = at.Add(time.Duration(l.rng.Int64N(int64(c.Jitter))))
	}
	if c.Reorder > 0 && l.rng.Float64() < c.Reorder {
		return at.Add(c.By), true
	}
	if at.Before(f.last) {
		at = f.last
	}
	f.last = at
	return at, true
}

// write lets packets out when they are due, through the other face.
func (f *face) write() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		f.mu.Lock()
		if f.closed {
			f.mu.Unlock()
			return
		}
		wait := time.Hour
		var out []byte
		if len(f.queue) > 0 {
			if wait = time.Until(f.queue[0].at); wait <= 0 {
				out = heap.Pop(&f.queue).(flight).data
			}
		}
		f.mu.Unlock()
		if out != nil {
			f.link.send(1-f.end, out)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-f.wake:
		}
	}
}

// send gives a packet to an end, from the address that it knows.
func (l *Link) send(to End, data []byte) {
	f := l.faces[to]
	f.mu.Lock()
	real := f.real
	f.mu.Unlock()
	if real.IsValid() {
		_, _ = f.conn.WriteToUDPAddrPort(data, real) // lost like on any path
	}
}
