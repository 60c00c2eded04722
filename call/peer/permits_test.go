package peer

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/transport/v4"

	"parley/signaling/wire"
)

// toRelay is a socket whose other end is the test.
type toRelay struct {
	net.PacketConn // nil: only what is below is used
	mu             sync.Mutex
	cond           *sync.Cond
	sent           [][]byte
	come           [][]byte
	late           bool // the read deadline is over
}

func newToRelay() *toRelay {
	r := &toRelay{}
	r.cond = sync.NewCond(&r.mu)
	return r
}

func (r *toRelay) WriteTo(b []byte, _ net.Addr) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, append([]byte(nil), b...))
	return len(b), nil
}

func (r *toRelay) ReadFrom(b []byte) (int, net.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.late && len(r.come) == 0 {
		r.cond.Wait()
	}
	if r.late {
		return 0, nil, os.ErrDeadlineExceeded
	}
	n := copy(b, r.come[0])
	r.come = r.come[1:]
	return n, relayAt, nil
}

func (r *toRelay) SetReadDeadline(t time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.late = !t.IsZero()
	r.cond.Broadcast()
	return nil
}

func (r *toRelay) Close() error { return nil }

// answer is what the relay says to the last question.
func (r *toRelay) answer(t *testing.T, class stun.MessageClass, more ...stun.Setter) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	q := &stun.Message{Raw: r.sent[len(r.sent)-1]}
	if err := q.Decode(); err != nil {
		t.Fatal(err)
	}
	r.come = append(r.come, build(t, append([]stun.Setter{
		stun.NewTransactionIDSetter(q.TransactionID), stun.NewType(q.Type.Method, class),
	}, more...)...))
	r.cond.Broadcast()
}

func (r *toRelay) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sent)
}

var relayAt = &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 3478}

func build(t *testing.T, setters ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(setters...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

type peerAddress string

func (p peerAddress) AddTo(m *stun.Message) error {
	return stun.XORMappedAddress{IP: net.ParseIP(string(p)), Port: 1}.AddToAs(m, stun.AttrXORPeerAddress)
}

func question(t *testing.T, peers ...string) []byte {
	t.Helper()
	setters := []stun.Setter{stun.TransactionID, stun.NewType(stun.MethodCreatePermission, stun.ClassRequest)}
	for _, p := range peers {
		setters = append(setters, peerAddress(p))
	}
	return build(t, setters...)
}

// ask sends a question and returns the answer: 0 for yes, else its code.
func ask(t *testing.T, p *permits, peer string) stun.ErrorCode {
	t.Helper()
	q := question(t, peer)
	if _, err := p.WriteTo(q, relayAt); err != nil {
		t.Fatal(err)
	}
	var b [1500]byte
	n, from, err := p.ReadFrom(b[:])
	if err != nil || from != net.Addr(relayAt) {
		t.Fatalf("answer from %v, %v", from, err)
	}
	m := &stun.Message{Raw: b[:n]}
	if err := m.Decode(); err != nil {
		t.Fatal(err)
	}
	if string(m.TransactionID[:]) != string(q[8:20]) {
		t.Fatal("an answer to another question")
	}
	var code stun.ErrorCodeAttribute
	if m.Type.Class == stun.ClassErrorResponse && code.GetFrom(m) != nil {
		t.Fatal("an error without a code")
	}
	return code.Code
}

// read makes p take in what the relay said: a packet for pion comes after it.
func (r *toRelay) read(t *testing.T, p *permits) {
	t.Helper()
	r.mu.Lock()
	r.come = append(r.come, []byte("packet"))
	r.mu.Unlock()
	var b [1500]byte
	n, _, err := p.ReadFrom(b[:])
	if err != nil || string(b[:n]) != "packet" {
		t.Fatalf("read %q, %v: the relay's answer was passed on", b[:n], err)
	}
}

func TestNobodyWaitsForAPermission(t *testing.T) {
	r := newToRelay()
	p := newPermits(r)
	if code := ask(t, p, "198.51.100.7"); code != stun.CodeServerError {
		t.Fatalf("before the relay answered: %d", code)
	}
	if code := ask(t, p, "198.51.100.7"); code != stun.CodeServerError || r.questions() != 1 {
		t.Fatalf("code %d, %d questions: one that is under way was repeated", code, r.questions())
	}
	r.answer(t, stun.ClassSuccessResponse)
	r.read(t, p)
	if code := ask(t, p, "198.51.100.7"); code != 0 || r.questions() != 1 {
		t.Fatalf("after yes: %d, %d questions", code, r.questions())
	}

	if code := ask(t, p, "192.168.1.2"); code != stun.CodeServerError {
		t.Fatalf("another address: %d", code)
	}
	r.answer(t, stun.ClassErrorResponse, stun.ErrorCodeAttribute{Code: stun.CodeForbidden})
	r.read(t, p)
	if code := ask(t, p, "192.168.1.2"); code != stun.CodeForbidden || r.questions() != 2 {
		t.Fatalf("after no: %d, %d questions: what is refused was asked for again", code, r.questions())
	}
}

func TestRenewedPermissionsReachTheRelay(t *testing.T) {
	r := newToRelay()
	p := newPermits(r)
	ask(t, p, "198.51.100.7")
	r.answer(t, stun.ClassSuccessResponse)
	r.read(t, p)
	now := time.Now()
	if p.answerHere(question(t, "198.51.100.7"), relayAt, now.Add(2*time.Minute)) {
		t.Error("a renewal after two minutes was answered from memory")
	}
	if p.answerHere(question(t, "198.51.100.7", "198.51.100.8"), relayAt, now) {
		t.Error("a renewal of two was answered here")
	}
}

func TestUnansweredQuestionIsRepeated(t *testing.T) {
	r := newToRelay()
	p := newPermits(r)
	now := time.Now()
	for i := range 3 * maxPermits {
		p.answerHere(question(t, "198.51.100.7"), relayAt, now.Add(time.Duration(i)*permitAgain))
	}
	if r.questions() != 3*maxPermits || len(p.asked) != 1 {
		t.Errorf("%d questions, %d remembered", r.questions(), len(p.asked))
	}
}

func TestRoundTripToTheRelay(t *testing.T) {
	for _, c := range []struct {
		name   string
		writes int
		want   time.Duration
	}{
		{"one question", 1, 40 * time.Millisecond},
		{"the first one was lost, or is late", 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &plugged{relay: newToRelay()}
				r := newRelayNet(n, wire.ICE{})
				conn, err := r.ListenPacket("udp4", "0.0.0.0:0")
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second) // gathering has other things to do first
				for range c.writes {
					if _, err := conn.WriteTo(build(t, stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest)), relayAt); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(40 * time.Millisecond)
				n.relay.read(t, conn.(*permits))
				if got := r.roundTrip(); got != c.want {
					t.Errorf("a round trip of %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestPunchAfterARoundTrip(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct{ relay, stun, want time.Duration }{
		{4 * ms, 9 * ms, 4 * ms},
		{204 * ms, 9 * ms, 9 * ms}, // the relay's question was held up
		{0, 9 * ms, 9 * ms},        // no relay
		{4 * ms, 0, 4 * ms},
		{0, 0, 0},
	} {
		if got := punchAfter(c.relay, c.stun); got != c.want {
			t.Errorf("relay %v, STUN %v: %v, want %v", c.relay, c.stun, got, c.want)
		}
	}
}

func TestStaleNonceIsLeftToPion(t *testing.T) {
	r := newToRelay()
	p := newPermits(r)
	ask(t, p, "198.51.100.7")
	r.answer(t, stun.ClassErrorResponse, stun.ErrorCodeAttribute{Code: stun.CodeStaleNonce})
	r.read(t, p)
	if p.answerHere(question(t, "198.51.100.7"), relayAt, time.Now()) {
		t.Error("the question after a stale nonce was answered here: pion cannot learn the new one")
	}
	if !p.answerHere(question(t, "198.51.100.7"), relayAt, time.Now()) {
		t.Error("the one after it was not")
	}
}

// plugged is a network on which sockets are toRelay and TCP is counted.
type plugged struct {
	transport.Net
	relay *toRelay
	tcp   int
}

func (n *plugged) ListenPacket(string, string) (net.PacketConn, error) { return n.relay, nil }

func (n *plugged) DialTCP(string, *net.TCPAddr, *net.TCPAddr) (transport.TCPConn, error) {
	n.tcp++
	return nil, errors.New("no TCP here")
}

func TestRelayOverTCPOnlyWhereUDPDoesNotAnswer(t *testing.T) {
	both := wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"turn:192.0.2.1:3478?transport=udp", "turn:192.0.2.1:3478?transport=tcp"}}}}
	tcp := wire.ICE{Servers: []wire.ICEServer{{URLs: []string{"stun:192.0.2.1:3478", "turn:192.0.2.1:3478?transport=tcp"}}}}
	for _, c := range []struct {
		name     string
		ice      wire.ICE
		answered bool
		dials    int
	}{
		{"UDP answers", both, true, 0},
		{"UDP is blocked", both, false, 1},
		{"only TCP is offered", tcp, false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &plugged{relay: newToRelay()}
			r := newRelayNet(n, c.ice)
			conn, err := r.ListenPacket("udp4", "0.0.0.0:0")
			if err != nil {
				t.Fatal(err)
			}
			if c.answered {
				n.relay.read(t, conn.(*permits))
			} else {
				r.close() // as Close does; the head start is over at once
			}
			_, err = r.DialTCP("tcp4", nil, &net.TCPAddr{})
			if n.tcp != c.dials || errors.Is(err, errRelayByUDP) != c.answered {
				t.Errorf("%d dials, %v", n.tcp, err)
			}
			_ = conn.Close()
			if len(r.conns) != 0 {
				t.Error("a closed socket is remembered")
			}
		})
	}
}

// stalled is a connection whose other end takes nothing.
type stalled struct {
	transport.TCPConn
	deadline time.Time
	closed   bool
}

func (s *stalled) SetWriteDeadline(t time.Time) error { s.deadline = t; return nil }
func (s *stalled) Close() error                       { s.closed = true; return nil }
func (s *stalled) Write(b []byte) (int, error) {
	if s.deadline.IsZero() {
		panic("this would wait for ever")
	}
	return len(b) / 2, os.ErrDeadlineExceeded
}

func TestConnectionThatTakesNothingEnds(t *testing.T) {
	c := &stalled{}
	if _, err := (stallable{c}).Write(make([]byte, 100)); !errors.Is(err, os.ErrDeadlineExceeded) || !c.closed {
		t.Errorf("error %v, closed %v: half a message was sent on a connection that is still in use", err, c.closed)
	}
}
