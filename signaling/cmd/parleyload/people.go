package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parley/signaling/client"
	"parley/signaling/wire"
)

// person is one ordinary client, on a wire that can be cut.
type person struct {
	name   string
	key    ed25519.PrivateKey
	client *client.Client
	stop   context.CancelFunc
	done   chan struct{}
	node   atomic.Int32 // which of several is dialled first

	mu   sync.Mutex
	conn *conn // guarded by mu: the newest

	// of what arrives in the call
	call    string
	caller  bool
	peer    *person
	next    uint64 // owned by read: number that is due
	lost    atomic.Int64
	twice   atomic.Int64
	got     atomic.Int64
	heard   atomic.Uint64 // one more than the last number that came
	sent    atomic.Uint64
	ended   atomic.Bool
	stood   atomic.Bool        // it has told a new service of its call
	resyncs atomic.Int64       // sessions that the service has lost
	answers chan wire.Envelope // ringing, answer, invite
	late    *delays
}

// conn is a connection that can stop.
type conn struct {
	net.Conn
	stuck atomic.Bool   // nothing more is read
	black atomic.Bool   // nothing goes either way; reads are thrown away
	over  chan struct{} // closed at Close
	once  sync.Once
	ended func() // called when the other side closes a black one
}

func (c *conn) Read(b []byte) (int, error) {
	if c.stuck.Load() {
		<-c.over
		return 0, net.ErrClosed
	}
	for {
		n, err := c.Conn.Read(b)
		if !c.black.Load() {
			return n, err
		}
		if err != nil {
			if c.ended != nil {
				c.ended()
			}
			<-c.over
			return 0, net.ErrClosed
		}
	}
}

func (c *conn) Write(b []byte) (int, error) {
	if c.black.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.over) })
	return c.Conn.Close()
}

// delays gathers durations from many goroutines.
type delays struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *delays) add(v time.Duration) {
	if d == nil {
		return
	}
	d.mu.Lock()
	d.all = append(d.all, v)
	d.mu.Unlock()
}

// quantile in ms; NaN: there are none.
func (d *delays) quantile(q float64) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return math.NaN()
	}
	slices.Sort(d.all)
	return d.all[min(len(d.all)-1, int(q*float64(len(d.all))))].Seconds() * 1000
}

// service is where people sign in.
type service interface {
	url() string
	addrs() []string
}

// join makes a person; the client signs in by itself. Each fifty come from an
// address of their own: people do not share one.
func (l *load) join(to service) (*person, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	l.name++
	n := l.name
	p := &person{name: fmt.Sprintf("Person %d", n), key: key, done: make(chan struct{}), answers: make(chan wire.Envelope, 64)}
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+n/50/62500), byte(1+n/50/250%250), byte(1+n/50%250))}
	p.client, err = client.New(client.Config{
		URL: to.url(), Key: key, Name: p.name, ClientVersion: "parleyload",
		NetDial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			addrs := to.addrs()
			var c net.Conn
			var err error
			for i := range addrs { // as a balancer does: one that answers
				at := addrs[(int(p.node.Load())+i)%len(addrs)]
				if c, err = (&net.Dialer{LocalAddr: from}).DialContext(ctx, network, at); err == nil {
					break
				}
			}
			if err != nil {
				return nil, err
			}
			out := &conn{Conn: c, over: make(chan struct{})}
			p.mu.Lock()
			p.conn = out
			p.mu.Unlock()
			return out, nil
		},
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() { defer close(p.done); _ = p.client.Run(ctx) }()
	go p.read(ctx)
	return p, nil
}

// joinAll makes n people and waits until all are signed in.
func (l *load) joinAll(ctx context.Context, to service, n int) ([]*person, error) {
	all := make([]*person, 0, n)
	for range n {
		p, err := l.join(to)
		if err != nil {
			leaveAll(all)
			return nil, err
		}
		all = append(all, p)
		if len(all)%100 == 0 { // not a storm: that is a part of its own
			if err := online(ctx, all); err != nil {
				leaveAll(all)
				return nil, err
			}
		}
	}
	if err := online(ctx, all); err != nil {
		leaveAll(all)
		return nil, err
	}
	return all, nil
}

func leaveAll(all []*person) {
	for _, p := range all {
		p.mu.Lock()
		if p.conn != nil {
			_ = p.conn.Close()
		}
		p.mu.Unlock()
		p.stop()
	}
	for _, p := range all {
		<-p.done
	}
}

const onlineWithin = 90 * time.Second

// online waits until all are signed in.
func online(ctx context.Context, all []*person) error {
	ctx, cancel := context.WithTimeout(ctx, onlineWithin)
	defer cancel()
	for _, p := range all {
		if err := p.online(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *person) online(ctx context.Context) error {
	changed, stop := p.client.Subscribe()
	defer stop()
	for !p.client.Online() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not signed in: %w", p.name, p.client.State().Err)
		case <-changed:
		}
	}
	return nil
}

// cut breaks the link without a word.
func (p *person) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		_ = p.conn.Close()
	}
}

// read takes what comes in and keeps account of the numbers in it.
func (p *person) read(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-p.client.Incoming():
			switch e.Kind {
			case wire.KindNegotiate:
				p.count(e)
			case wire.KindHangup, wire.KindCancel:
				p.ended.Store(true)
			case wire.KindResync:
				p.resyncs.Add(1)
				if p.call != "" {
					_ = p.client.Send(wire.KindStanding, p.call, wire.Standing{
						Peer: p.peer.key.Public().(ed25519.PublicKey), Caller: p.caller, Media: wire.Media{Audio: true}, AgeMS: 1000,
					})
					p.stood.Store(true)
				}
			default:
				select {
				case p.answers <- e:
				default:
				}
			}
		}
	}
}

const prefix = "v=0\r\ns="

func (p *person) count(e wire.Envelope) {
	n, err := wire.Body[wire.Negotiate](e)
	if err != nil {
		return
	}
	num, rest, _ := strings.Cut(strings.TrimPrefix(n.Description.SDP, prefix), " ")
	at, _, _ := strings.Cut(rest, "\r\n")
	seq, err1 := strconv.ParseUint(num, 10, 64)
	nano, err2 := strconv.ParseInt(at, 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	p.late.add(time.Since(time.Unix(0, nano)))
	p.got.Add(1)
	p.heard.Store(max(p.heard.Load(), seq+1))
	switch {
	case seq == p.next:
		p.next++
	case seq < p.next:
		p.twice.Add(1)
	default:
		p.lost.Add(int64(seq - p.next))
		p.next = seq + 1
	}
}

// say sends a description of usual size to the other side of the call.
func (p *person) say() error {
	n := p.sent.Add(1) - 1
	sdp := prefix + strconv.FormatUint(n, 10) + " " + strconv.FormatInt(time.Now().UnixNano(), 10) + "\r\n" + padding
	return p.client.Send(wire.KindNegotiate, p.call, wire.Negotiate{Description: wire.Description{Type: "offer", SDP: sdp}})
}

var padding = strings.Repeat("a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host\r\n", 30) //nolint:gochecknoglobals // text

var errNoAnswer = errors.New("what was due did not come")

// expect waits for a message of a kind.
func (p *person) expect(ctx context.Context, k wire.Kind) (wire.Envelope, error) {
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		select {
		case e := <-p.answers:
			if e.Kind == k {
				return e, nil
			}
		case <-ctx.Done():
			return wire.Envelope{}, ctx.Err()
		case <-limit.C:
			return wire.Envelope{}, fmt.Errorf("%s of %s: %w", k, p.name, errNoAnswer)
		}
	}
}

// dial brings two people into a call; how long it took until it rang.
func dial(ctx context.Context, a, b *person) (rang time.Duration, err error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	call := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id[:])
	media := wire.Media{Audio: true, Video: true}
	began := time.Now()
	_, err = a.client.Request(ctx, wire.KindInvite, call, wire.Invite{
		To: b.name, Media: media, Offer: wire.Description{Type: "offer", SDP: "v=0\r\n" + padding},
	})
	if err != nil {
		return 0, err
	}
	if _, err := b.expect(ctx, wire.KindInvite); err != nil {
		return 0, err
	}
	if err := b.client.Send(wire.KindRinging, call, nil); err != nil {
		return 0, err
	}
	if _, err := a.expect(ctx, wire.KindRinging); err != nil {
		return 0, err
	}
	rang = time.Since(began)
	a.call, b.call, a.caller, a.peer, b.peer = call, call, true, b, a
	_, err = b.client.Request(ctx, wire.KindAnswer, call, wire.Answer{Media: media, Answer: wire.Description{Type: "answer", SDP: "v=0\r\n" + padding}})
	if err != nil {
		return 0, err
	}
	_, err = a.expect(ctx, wire.KindAnswer)
	return rang, err
}

// pairUp brings all into calls, two and two.
func pairUp(ctx context.Context, all []*person) error {
	for i := 0; i+1 < len(all); i += 2 {
		if _, err := dial(ctx, all[i], all[i+1]); err != nil {
			return err
		}
	}
	return nil
}
