// Package call makes and takes calls. A Phone is this person's line: it dials,
// rings, and knows which calls there are. A Session is one call; what happens
// in it is decided by a pure state machine (machine.go) and carried out by a
// thin shell around it (session.go, link.go). Everything that a window shows of
// a call is in State, an immutable snapshot.
//
//	Signal ──messages──> Phone.Run ──> Session (machine) ──> Signal
//	                                    │ └──State──> ui
//	local.Media ──Unit──> peer ──RTP──> network ──RTP──> peer ──> recv ──> pictures, Mixer
//
// Who starts what: Phone.Run waits for all sessions; a session has one
// goroutine for decisions (run) and one for its connection (ops), which waits
// for what it started in close.
package call

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/call/local"
	"parley/call/peer"
	"parley/call/trust"
	"parley/media/latest"
	"parley/signaling/wire"
)

// Config says what a Phone is made of.
type Config struct {
	Signal Signal
	Local  *local.Media
	// RelayOnly hides this person's addresses: media goes through a relay.
	RelayOnly bool
	// HideFromStrangers is asked whenever a stranger calls: whether they learn
	// the addresses of a relay only, if the service has one; nil: no.
	HideFromStrangers func() bool
	// AutoAnswer accepts what rings, with the camera as it is set.
	AutoAnswer bool
	// NoRecording: calls are not recorded here, and the other side's questions
	// whether it may are answered with no.
	NoRecording bool
	// Trust is who this person is and whom they know; nil: descriptions are
	// neither signed nor checked, as between the two ends of a test call.
	Trust *trust.Book
	// Peer has the last word on how connections are made; may be nil.
	Peer func(*peer.Config)
	Log  *slog.Logger // nil: none
}

// Errors of Dial.
var (
	ErrInCall = errors.New("already in a call")
	ErrClosed = errors.New("the phone is switched off")
)

// Phone is this person's line.
type Phone struct {
	cfg  Config
	log  *slog.Logger
	wake chan struct{} // capacity 1: look at sessions and held invitations again

	changed latest.Bell

	mu       sync.Mutex
	closed   bool
	sessions []*Session // not over, oldest first
	unsafe   *Session   // the newest that was refused without ringing
	used     []string   // ids of calls that are over: an invitation is good for one
	held     []invitation
	trail    map[string][]wire.Envelope // what followed a held invitation
}

// role is what the phone needs to know of a session to decide what a new
// invitation means.
type role struct {
	claim     claim
	undecided bool
	incoming  bool // rings here, not accepted
	over      bool
}

// maxHeld invitations wait at most while a dialled call is undecided; more are
// told that the line is busy.
const maxHeld = 8

// NewPhone returns a phone that rings and dials while Run runs.
func NewPhone(cfg Config) *Phone {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Phone{
		cfg: cfg, log: cfg.Log, wake: make(chan struct{}, 1),
		trail: map[string][]wire.Envelope{},
	}
}

// Run takes what comes from the service until ctx ends; then it hangs up every
// call, waits for them to close, and returns nil. It can run once.
func (p *Phone) Run(ctx context.Context) error {
	online, unsubscribe := p.cfg.Signal.Subscribe()
	defer unsubscribe()
	was := p.cfg.Signal.Online()
	for {
		select {
		case <-ctx.Done():
			p.shut()
			return nil
		case env := <-p.cfg.Signal.Incoming():
			p.incoming(env)
		case <-online:
			if now := p.cfg.Signal.Online(); now != was {
				was = now
				for _, s := range p.Sessions() {
					s.post(evOnline{now})
				}
			}
		case <-p.wake:
			p.tidy()
		}
	}
}

// shut ends everything.
func (p *Phone) shut() {
	p.mu.Lock()
	p.closed = true
	list := append([]*Session(nil), p.sessions...)
	p.held = nil
	p.mu.Unlock()
	for _, s := range list {
		s.post(evClose{})
	}
	for _, s := range list {
		<-s.gone
	}
}

func (p *Phone) poke() { latest.Poke(p.wake) }

// Dial rings a person, by name or by the code of a call link; the other is
// empty. It returns at once: State tells what becomes of it. If that person's
// call is ringing here at the moment, it is accepted instead. The error is
// ErrInCall while another call is up, or ErrClosed.
func (p *Phone) Dial(to, link string, video bool) (*Session, error) {
	s, rings, err := p.dial(to, link, video)
	if rings {
		s.Accept(video)
	}
	return s, err
}

func (p *Phone) dial(to, link string, video bool) (s *Session, rings bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, ErrClosed
	}
	for _, s := range p.sessions {
		switch {
		case s.role.over:
		case !s.role.incoming:
			return nil, false, ErrInCall
		case to != "" && s.role.claim.name == wire.NameKey(to):
			return s, true, nil
		}
	}
	m, acts := newOutgoing(time.Now(), newCallID(), to, link, video, p.cfg.Signal.Online())
	return p.addLocked(m, acts), false, nil
}

// newCallID is 16 random bytes in base32.
func newCallID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the program instead
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}

func (p *Phone) addLocked(m *machine, acts []action) *Session {
	s := newSession(p, m)
	s.role = roleOf(m)
	p.sessions = append(p.sessions, s)
	p.changed.Ring()
	s.start(acts)
	return s
}

func roleOf(m *machine) role {
	return role{
		claim:     m.claim(),
		undecided: m.undecided(),
		incoming:  m.st.Phase == Incoming,
		over:      m.st.Phase == Ended,
	}
}

// noted is called by a session after every step of its machine; read: the step
// was a message of the service.
func (p *Phone) noted(s *Session, m *machine, read bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if read {
		s.unread--
	}
	if now := roleOf(m); now != s.role {
		s.role = now
		p.changed.Ring()
		p.poke()
	} else if read && len(p.held) > 0 {
		p.poke()
	}
}

// Subscribe returns a channel that is readable after Current, Ringing or
// Sessions changed, and what ends the subscription.
func (p *Phone) Subscribe() (<-chan struct{}, func()) { return p.changed.Subscribe() }

// Sessions are the calls that are not over, or are still being closed, oldest
// first.
func (p *Phone) Sessions() []*Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Session(nil), p.sessions...)
}

// Current is the call that was dialled or accepted and is not over; nil: none.
func (p *Phone) Current() *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		if !s.role.over && !s.role.incoming {
			return s
		}
	}
	return nil
}

// Ringing are the calls that wait to be accepted here, oldest first.
func (p *Phone) Ringing() []*Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*Session
	for _, s := range p.sessions {
		if s.role.incoming {
			out = append(out, s)
		}
	}
	return out
}

// Unsafe is the newest call that did not ring, because its invitation is not
// from the person it claims to be from, or that person is known by another key;
// nil: there was none. Subscribe tells of it.
func (p *Phone) Unsafe() *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unsafe
}

// maxUsed calls are remembered after their end.
const maxUsed = 256

// NetworkChanged tells the calls that the machine's addresses changed, or that
// it was asleep.
func (p *Phone) NetworkChanged() {
	for _, s := range p.Sessions() {
		s.post(evLink{func(l *link) { l.peer.NetworkChanged() }})
	}
}

// tidy forgets calls that are closed and decides about held invitations.
func (p *Phone) tidy() {
	p.mu.Lock()
	kept := p.sessions[:0:0]
	for _, s := range p.sessions {
		select {
		case <-s.gone:
			if st := s.State(); st.End.Reason != EndMissed {
				// A call that was missed may ring again, after a restart of the service.
				p.used = append(p.used, st.ID)
				p.used = p.used[max(0, len(p.used)-maxUsed):]
			}
		default:
			kept = append(kept, s)
		}
	}
	if len(kept) != len(p.sessions) {
		p.sessions = kept
		p.changed.Ring()
	}
	held := p.held
	p.held = nil
	dialled, ringing := p.crossedLocked()
	p.mu.Unlock()
	if dialled != nil {
		ringing.post(evTaken{}) // by the dialled one
		dialled.post(evInvite{ringing.rang})
	}
	for _, in := range held {
		p.invited(in)
	}
}

// crossedLocked finds a dialled call (through a link, whose owner was not
// known) that turns out to go to somebody whose call rings here already.
func (p *Phone) crossedLocked() (dialled, ringing *Session) {
	for _, d := range p.sessions {
		for _, r := range p.sessions {
			if r.role.incoming && d.adopted == "" && d.role.claim.wants(r.rang) {
				d.adopted = r.rang.id
				return d, r
			}
		}
	}
	return nil, nil
}
