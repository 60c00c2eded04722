package peer

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/stun/v4"
)

// permits is a socket to a relay on which asking for a permission does not
// hold up who asks. A relay passes on only what goes to addresses that were
// asked for (RFC 8656 section 9). pion (turn 5.1.0) asks when it first sends to
// one, and waits for the answer, in the goroutine that does everything else of
// ICE: with 43 ms to the relay and ten addresses to try, a direct path was
// found after 1.0 s instead of 0.2 s, and an address that the relay refuses, as
// it does private ones, was asked for again with every check.
//
// Here the question goes out and is answered on the spot: with an error while
// the relay has not answered, which costs that check, and with what the relay
// said from then on. Checks are repeated anyway.
//
//	pion ──CreatePermission──> WriteTo ──> relay
//	     <──500, 403 or ok──── ReadFrom <── its answer, kept here
type permits struct {
	net.PacketConn
	onAnswer func(rtt time.Duration) // static: something came from the relay for the first time; 0: rtt not known
	onClose  func()                  // static

	mu      sync.Mutex
	known   map[netip.Addr]permit
	asked   map[[stun.TransactionIDSize]byte]netip.Addr
	through bool     // the next question is pion's own: it has to learn a nonce
	local   [][]byte // answers that ReadFrom has yet to give
	relay   net.Addr // where questions went
	heard   bool     // something has come from the relay
	writes  int      // before that
	wrote   time.Time
}

// permit is what the relay said of one address.
type permit struct {
	at      time.Time // of the question, then of the answer
	id      [stun.TransactionIDSize]byte
	settled bool // there is an answer
	allowed bool
}

const (
	// permitAgain is how long a question may be under way before it is asked
	// again: UDP loses some.
	permitAgain = 400 * time.Millisecond
	// permitFresh is how long an answer is given from memory. pion asks again
	// after two minutes to renew, which must reach the relay.
	permitFresh = time.Minute
	// maxPermits bounds known, and asked with it; there are at most wire.MaxCandidates
	// addresses to try.
	maxPermits = 256
)

func newPermits(c net.PacketConn) *permits {
	return &permits{
		PacketConn: c, onAnswer: func(time.Duration) {}, onClose: func() {},
		known: map[netip.Addr]permit{}, asked: map[[stun.TransactionIDSize]byte]netip.Addr{},
	}
}

// Types of STUN messages as they begin on the wire (RFC 8656 section 17).
const (
	permissionRequest = 0x0008
	permissionOK      = 0x0108
	permissionError   = 0x0118
)

// typeOf returns the type of a STUN message, 0 for anything else.
func typeOf(b []byte) uint16 {
	const cookie = 0x2112A442
	if len(b) < 20 || binary.BigEndian.Uint32(b[4:]) != cookie {
		return 0
	}
	return binary.BigEndian.Uint16(b)
}

// WriteTo sends to the relay.
func (p *permits) WriteTo(b []byte, to net.Addr) (int, error) {
	now := time.Now()
	p.mu.Lock()
	if !p.heard {
		p.writes, p.wrote = p.writes+1, now
	}
	p.mu.Unlock()
	if typeOf(b) != permissionRequest || !p.answerHere(b, to, now) {
		return p.PacketConn.WriteTo(b, to)
	}
	return len(b), nil
}

// answerHere deals with a question about one address. It reports whether it
// did; otherwise the question is sent as it is, and pion waits for the answer.
func (p *permits) answerHere(b []byte, to net.Addr, now time.Time) bool {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	addr, ok := onlyPeer(m)
	if !ok {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.relay = to
	k, known := p.known[addr]
	age := now.Sub(k.at)
	switch {
	case p.through:
		p.through = false
		return false
	case known && k.settled && age < permitFresh:
		p.give(m, k.allowed)
		return true
	case known && k.settled && k.allowed:
		return false
	case known && !k.settled && age < permitAgain:
	case len(p.known) >= maxPermits:
		return false
	default:
		if _, err := p.PacketConn.WriteTo(b, to); err != nil {
			return false
		}
		delete(p.asked, k.id)
		p.known[addr] = permit{at: now, id: m.TransactionID}
		p.asked[m.TransactionID] = addr
	}
	p.push(m.TransactionID, stun.ClassErrorResponse, stun.ErrorCodeAttribute{
		Code: stun.CodeServerError, Reason: []byte("not answered yet"),
	})
	return true
}

// onlyPeer decodes m and returns its XOR-PEER-ADDRESS, if there is just one.
func onlyPeer(m *stun.Message) (netip.Addr, bool) {
	if m.Decode() != nil {
		return netip.Addr{}, false
	}
	n := 0
	for _, a := range m.Attributes {
		if a.Type == stun.AttrXORPeerAddress {
			n++
		}
	}
	var x stun.XORMappedAddress
	if n != 1 || x.GetFromAs(m, stun.AttrXORPeerAddress) != nil {
		return netip.Addr{}, false
	}
	addr, ok := netip.AddrFromSlice(x.IP)
	return addr.Unmap(), ok
}

// give answers m with what the relay said. p.mu is held.
func (p *permits) give(m *stun.Message, allowed bool) {
	if allowed {
		p.push(m.TransactionID, stun.ClassSuccessResponse)
		return
	}
	p.push(m.TransactionID, stun.ClassErrorResponse, stun.ErrorCodeAttribute{
		Code: stun.CodeForbidden, Reason: []byte("refused before"),
	})
}

// push leaves an answer for ReadFrom and wakes it. p.mu is held.
func (p *permits) push(id [stun.TransactionIDSize]byte, class stun.MessageClass, more ...stun.Setter) {
	setters := append([]stun.Setter{
		stun.NewTransactionIDSetter(id), stun.NewType(stun.MethodCreatePermission, class),
	}, more...)
	m, err := stun.Build(setters...)
	if err != nil {
		return // pion asks again
	}
	p.local = append(p.local, m.Raw)
	_ = p.SetReadDeadline(time.Unix(1, 0)) // ends the read under way
}

// ReadFrom returns the answers made here and what comes from the relay, but
// not its answers to questions that were answered here.
func (p *permits) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		if n, from, ok := p.pop(b); ok {
			return n, from, nil
		}
		n, from, err := p.PacketConn.ReadFrom(b)
		switch {
		case isTimeout(err):
			p.rest()
		case err != nil:
			return n, from, err
		case !p.came(b[:n], time.Now()):
			return n, from, nil
		}
	}
}

func (p *permits) pop(b []byte) (int, net.Addr, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.local) == 0 {
		return 0, nil, false
	}
	n := copy(b, p.local[0])
	p.local = p.local[1:]
	return n, p.relay, true
}

// rest lets reads block again when there is nothing to give.
func (p *permits) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.local) == 0 {
		_ = p.SetReadDeadline(time.Time{})
	}
}

// came looks at a packet and reports whether it is kept from pion.
func (p *permits) came(b []byte, now time.Time) bool {
	p.mu.Lock()
	first := !p.heard
	p.heard = true
	var rtt time.Duration
	if p.writes == 1 { // with more it is not known which of them is answered
		rtt = now.Sub(p.wrote)
	}
	p.mu.Unlock()
	if first {
		p.onAnswer(rtt)
	}
	t := typeOf(b)
	if t != permissionOK && t != permissionError {
		return false
	}
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if m.Decode() != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	addr, ours := p.asked[m.TransactionID]
	if !ours {
		return false
	}
	delete(p.asked, m.TransactionID)
	var code stun.ErrorCodeAttribute
	switch {
	case t == permissionOK:
		p.known[addr] = permit{at: now, settled: true, allowed: true}
	case code.GetFrom(m) == nil && code.Code == stun.CodeStaleNonce:
		delete(p.known, addr)
		p.through = true
	default:
		p.known[addr] = permit{at: now, settled: true}
	}
	return true
}

// Close closes the socket.
func (p *permits) Close() error {
	p.onClose()
	return p.PacketConn.Close()
}
