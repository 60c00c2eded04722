// Package calltest has what tests of calls stand on: a signaling service in
// memory and a network that can be broken. The service decides with the same
// state machine as the real one, so that a test here sees what a person would.
//
//	Party.Request, Party.Send ──> Service (room.Calls under one lock) ──> Party.Incoming
//
// The network is pion's vnet: hosts behind translators of every kind, loss,
// delay, outages, changing addresses, and a relay.
package calltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"parley/media/latest"
	"parley/signaling/room"
	"parley/signaling/wire"
)

// Service is a signaling service in memory.
type Service struct {
	cfg room.Config // static

	mu      sync.Mutex
	calls   *room.Calls
	people  map[string]wire.Person  // by wire.NameKey
	links   map[string]string       // code to name
	treats  map[[2]string]Treatment // by caller and callee
	parties map[string]*Party       // by session
	timer   *time.Timer
	closed  bool
	n       int
	tamper  func(to wire.Person, env wire.Envelope) []wire.Envelope
}

// NewService returns a service with the protocol's times; cfg changes them
// (ringing for 45 s is long for a test). It ends with the test.
func NewService(t testing.TB, cfg ...func(*room.Config)) *Service {
	t.Helper()
	c := room.Default()
	for _, f := range cfg {
		f(&c)
	}
	s := &Service{
		cfg: c, calls: room.New(c), people: map[string]wire.Person{}, links: map[string]string{}, treats: map[[2]string]Treatment{}, parties: map[string]*Party{},
	}
	s.timer = time.AfterFunc(time.Hour, s.tick)
	s.timer.Stop()
	t.Cleanup(s.close)
	return s
}

func (s *Service) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.timer.Stop()
}

func (s *Service) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.carryOut(s.calls.Tick(time.Now()))
	}
}

// carryOut delivers, and sets the timer for what comes next.
func (s *Service) carryOut(list []room.Decision) {
	for _, d := range list {
		if d, ok := d.(room.Deliver); ok {
			if p := s.parties[d.Session]; p != nil {
				s.pass(p, d.Env)
			}
		}
	}
	if at, ok := s.calls.Next(); ok && !s.closed {
		s.timer.Reset(max(time.Until(at), 0))
	}
}

// pass delivers a message, or what is made of it.
func (s *Service) pass(p *Party, env wire.Envelope) {
	if s.tamper == nil {
		p.deliver(env)
		return
	}
	for _, e := range s.tamper(p.device.Person, env) {
		p.deliver(e)
	}
}

// Tamper makes the service dishonest: f says what is delivered in place of a
// message. It runs under the service's lock.
func (s *Service) Tamper(f func(to wire.Person, env wire.Envelope) []wire.Envelope) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tamper = f
}

// Deliver makes the service say something of its own to a party.
func (p *Party) Deliver(env wire.Envelope) {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.deliver(env)
}

// SetKey makes the service tell another key of a person from now on.
func (s *Service) SetKey(name string, key []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := wire.NameKey(name)
	who := s.people[k]
	who.Key = key
	s.people[k] = who
	for _, p := range s.parties {
		if p.device.Person.ID == who.ID {
			p.device.Person.Key = key
			s.carryOut(s.calls.Connect(time.Now(), p.device))
		}
	}
}

// Restart makes the service forget every call, as one that is started anew does;
// the parties are signed in anew and told so.
func (s *Service) Restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = room.New(s.cfg)
	for _, p := range s.parties {
		s.carryOut(s.calls.Connect(time.Now(), p.device))
		if !p.online {
			s.carryOut(s.calls.Disconnect(time.Now(), p.device))
		}
		p.deliver(wire.Envelope{Kind: wire.KindResync})
	}
}

// AddLink makes a call link: whoever invites by code rings the person.
func (s *Service) AddLink(code, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[code] = name
}

// Treatment is what a callee's choices make of a caller's invitations.
type Treatment uint8

// The treatments.
const (
	Rings    Treatment = iota // as usual
	Stranger                  // rings, marked as a stranger's
	Asks                      // gets requested
	Refused                   // gets known_only
	Blocked                   // finds nobody there
	Blocks                    // gets blocked: the caller has blocked the callee
)

// Treat says how the caller is treated by the callee from now on.
func (s *Service) Treat(caller, callee string, how Treatment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.treats[[2]string{wire.NameKey(caller), wire.NameKey(callee)}] = how
}

// Join signs a person in; the same name again is a second device.
func (s *Service) Join(name string) *Party { return s.JoinAs(name, nil) }

// JoinAs is Join with a key; nil: one that nobody could sign with.
func (s *Service) JoinAs(name string, public []byte) *Party {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := wire.NameKey(name)
	who, ok := s.people[key]
	if !ok {
		who = wire.Person{ID: fmt.Sprintf("p%d", len(s.people)+1), Name: name, Key: make([]byte, 32)}
		copy(who.Key, name)
		if public != nil {
			who.Key = public
		}
		s.people[key] = who
	}
	s.n++
	p := &Party{
		service: s, device: room.Device{Person: who, Session: fmt.Sprintf("s%d", s.n)},
		in: make(chan wire.Envelope, 1024), online: true, back: make(chan struct{}),
	}
	close(p.back)
	s.parties[p.device.Session] = p
	s.carryOut(s.calls.Connect(time.Now(), p.device))
	return p
}

// Party is one signed-in device. It has the methods of call.Signal.
type Party struct {
	service *Service
	device  room.Device
	in      chan wire.Envelope

	// guarded by service.mu
	online   bool
	gone     bool
	back     chan struct{}   // closed while online
	toServer []wire.Envelope // sent while offline
	toParty  []wire.Envelope // delivered while offline
	ice      wire.ICE
	iceErr   error
	changed  latest.Bell // after online
	sent     []wire.Envelope
}

// Person is who the party is.
func (p *Party) Person() wire.Person { return p.device.Person }

// Request sends a message and waits for the answer; while offline it waits for
// the line.
func (p *Party) Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error) {
	env, err := message(kind, call, body)
	if err != nil {
		return wire.Envelope{}, err
	}
	s := p.service
	for {
		s.mu.Lock()
		if p.gone {
			s.mu.Unlock()
			return wire.Envelope{}, errLeft
		}
		if p.online {
			defer s.mu.Unlock()
			return p.handle(env)
		}
		back := p.back
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return wire.Envelope{}, ctx.Err()
		case <-back:
		}
	}
}

var errLeft = errors.New("calltest: signed out")

// Send queues a message; while offline it is kept.
func (p *Party) Send(kind wire.Kind, call string, body any) error {
	env, err := message(kind, call, body)
	if err != nil {
		return err
	}
	s := p.service
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.gone:
		return errLeft
	case p.online:
		_, _ = p.handle(env) // as on the wire, nobody waits for the answer
	case len(p.toServer) >= wire.ReplayMessages:
		return errors.New("calltest: queue full")
	default:
		p.toServer = append(p.toServer, env)
	}
	return nil
}

func message(kind wire.Kind, call string, body any) (wire.Envelope, error) {
	env, err := wire.New(kind, body)
	if err != nil {
		return env, err
	}
	env.Call = call
	b, err := wire.Encode(env) // the limits of the wire hold
	if err != nil {
		return env, err
	}
	return wire.Decode(b)
}

// handle does what the server does; service.mu is held.
func (p *Party) handle(env wire.Envelope) (wire.Envelope, error) {
	s, now := p.service, time.Now()
	p.sent = append(p.sent, env)
	var (
		reply any
		list  []room.Decision
		werr  *wire.Error
	)
	switch env.Kind {
	case wire.KindInvite:
		reply, list, werr = p.invite(now, env)
	case wire.KindICE:
		reply = p.ice
	case wire.KindStatus:
		st, err := wire.Body[wire.Status](env)
		if err != nil {
			werr = wire.AsError(err)
			break
		}
		list = s.calls.SetBusy(now, p.device.Person.ID, st.State == wire.Busy)
	default:
		list, werr = s.calls.Handle(now, p.device, env)
	}
	s.carryOut(list)
	if werr != nil {
		return wire.Envelope{}, werr
	}
	return wire.New(wire.KindOK, reply)
}

func (p *Party) invite(now time.Time, env wire.Envelope) (any, []room.Decision, *wire.Error) {
	s := p.service
	inv, err := wire.Body[wire.Invite](env)
	if err != nil {
		return nil, nil, wire.AsError(err)
	}
	name := inv.To
	if inv.Link != "" {
		if name = s.links[inv.Link]; name == "" {
			return nil, nil, wire.Errorf(wire.CodeLinkUnknown, "This link is not known.")
		}
	}
	callee, ok := s.people[wire.NameKey(name)]
	if !ok {
		return nil, nil, wire.Errorf(wire.CodeNobody, "Nobody here is called %s.", name)
	}
	switch s.treats[[2]string{wire.NameKey(p.device.Person.Name), wire.NameKey(name)}] {
	case Rings:
	case Stranger:
		env.Stranger = true
	case Asks:
		return nil, nil, wire.Errorf(wire.CodeRequested, "%s has been asked whether you may call.", name)
	case Refused:
		return nil, nil, wire.Errorf(wire.CodeKnownOnly, "%s takes calls of people they know and no others.", name)
	case Blocks:
		return nil, nil, wire.Errorf(wire.CodeBlocked, "You have blocked %s. Unblock them first.", name)
	case Blocked:
		list, werr := s.calls.Unseen(now, p.device, env.Call, callee, env)
		return nil, list, werr
	}
	reply, list, werr := s.calls.Invite(now, p.device, env.Call, callee, env)
	if reply == nil {
		return nil, list, werr
	}
	return reply, list, werr
}

// deliver hands a message to the party, or keeps it while offline.
func (p *Party) deliver(env wire.Envelope) {
	if !p.online {
		p.toParty = append(p.toParty, env)
		return
	}
	select {
	case p.in <- env:
	default:
		panic("calltest: " + p.device.Person.Name + " does not read what comes in")
	}
}

// Incoming has the call messages in order.
func (p *Party) Incoming() <-chan wire.Envelope { return p.in }

// ICE returns what SetICE set.
func (p *Party) ICE(context.Context) (wire.ICE, error) {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	return p.ice, p.iceErr
}

// SetICE says what ICE returns.
func (p *Party) SetICE(ice wire.ICE, err error) {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	p.ice, p.iceErr = ice, err
}

// Online reports whether the line is up.
func (p *Party) Online() bool {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	return p.online
}

// Subscribe returns a channel that is readable after Online changed.
func (p *Party) Subscribe() (<-chan struct{}, func()) { return p.changed.Subscribe() }

// SetOnline cuts the line or brings it back; nothing that was sent over it in
// either direction is lost or changes its order.
func (p *Party) SetOnline(on bool) {
	s := p.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.online == on || p.gone {
		return
	}
	p.online = on
	if on {
		close(p.back)
		for _, e := range p.toParty {
			p.deliver(e)
		}
		p.toParty = nil
		s.carryOut(s.calls.Connect(time.Now(), p.device))
		for _, e := range p.toServer {
			_, _ = p.handle(e)
		}
		p.toServer = nil
	} else {
		p.back = make(chan struct{})
		s.carryOut(s.calls.Disconnect(time.Now(), p.device))
	}
	p.changed.Ring()
}

// Leave signs out; the party's calls end.
func (p *Party) Leave() {
	s := p.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.gone {
		return
	}
	p.gone = true
	s.carryOut(s.calls.Leave(time.Now(), p.device, true))
	delete(s.parties, p.device.Session)
}

// Sent lists what the party has sent and the service has seen, in order.
func (p *Party) Sent() []wire.Envelope {
	p.service.mu.Lock()
	defer p.service.mu.Unlock()
	return append([]wire.Envelope(nil), p.sent...)
}

// Presence is what the person is seen to be.
func (s *Service) Presence(name string) wire.PresenceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls.State(s.people[wire.NameKey(name)].ID)
}
