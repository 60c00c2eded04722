// Package line keeps the program on a service: the one that the person named,
// or else one that is announced on this network, or else the program's own.
// It is the Signal of calls and the directory of the windows, and stays the
// same object while the service behind it changes.
//
//	windows ──SignIn, Retry──> Run: locate ─> client ─> supervise ─┐
//	                             ^───────── another service ───────┘
//	calls ──Request, Send──> the client of the moment ──Incoming──> calls
package line

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/call/trust"
	"parley/media/latest"
	"parley/signaling/client"
	"parley/signaling/discover"
	"parley/signaling/wire"
	"parley/ui/present"
)

// own is a service that this program runs itself.
type own interface {
	URL() string
	// Public is how the others of this network reach it.
	Public() string
	// Found is how the service announces itself.
	Found() discover.Service
	Close() error
}

// Config says who signs in where.
type Config struct {
	// Identity is who this program is; call Changed after it became another.
	Identity *trust.Identity
	Name     string // "": none yet; nothing happens before SignIn
	Service  string // as client.ParseURL takes it; "": look for one, or bring our own
	Version  string // program and version
	// Keep stores what SignIn was given; an error is logged.
	Keep func(name, service string) error
	// Find looks for announced services for about a second, the preferred
	// first, without the own one.
	Find func(ctx context.Context) []discover.Service
	// Own starts the program's own service and announces it; nil: it brings none.
	Own func(ctx context.Context) (own, error)
	// Permit refuses a service that must not be used, by its address or "" for
	// one that is looked for; nil: any.
	Permit func(service string) *present.ServiceError
	// Strangers is the rule for calls of people who are not known, if it is not
	// the person's to choose; "": it is.
	Strangers wire.Rule
	// NoDeletion: the account cannot be deleted from here.
	NoDeletion bool
	// Forget drops what is known of the people of a service, as Scope names it;
	// nil: nothing is.
	Forget func(scope string) error
	// InCall: a call is up or being set up, which must not lose its service.
	InCall func() bool
	// Verified reports whether a person's key was compared in person; nil: never.
	// It is called without a lock and may call Scope.
	Verified func(name string, key []byte) bool
	Log      *slog.Logger
}

// Scope is where names mean what they mean on the service of the moment: its
// host, or "" for whichever is found on this network.
func (l *Line) Scope() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return host(l.service)
}

// Own is what Config.Own returns.
type Own = own

// Line is the way to the service. Make one with New.
type Line struct {
	cfg      Config             // static
	log      *slog.Logger       // static
	incoming chan wire.Envelope // static; never closed
	wake     chan struct{}      // static, capacity 1: name or service were changed
	asked    chan struct{}      // static, capacity 1: the requests of strangers changed

	changed latest.Bell

	mu       sync.Mutex
	name     string                 // guarded by mu: wanted
	service  string                 // guarded by mu: wanted
	client   *client.Client         // guarded by mu: nil while looking
	base     present.Service        // guarded by mu: what is shown without a client
	mine     own                    // guarded by mu: client's service if it is our own, or nil
	found    bool                   // guarded by mu: client's service was announced
	contacts map[string]bool        // guarded by mu: by id
	history  []present.Entry        // guarded by mu
	lost     present.ServiceProblem // guarded by mu: why this device is nobody's any more
	leaving  bool                   // guarded by mu: this program gives the account up

	strangers strangers // guarded by mu
}

// ErrOffline is what requests get while there is no service.
var ErrOffline = errors.New("there is no connection to a service")

// New returns a line that Run takes up.
func New(cfg Config) *Line {
	return &Line{
		cfg: cfg, log: cfg.Log.With("part", "line"),
		incoming: make(chan wire.Envelope, 64),
		wake:     make(chan struct{}, 1),
		asked:    make(chan struct{}, 1),
		name:     cfg.Name, service: cfg.Service,
		base: present.Service{Phase: present.ServiceNameNeeded, Since: time.Now()},
	}
}

// current is the client of the moment; nil while a service is looked for.
func (l *Line) current() *client.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.client
}

// Request implements call.Signal.
func (l *Line) Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error) {
	c := l.current()
	if c == nil {
		return wire.Envelope{}, ErrOffline
	}
	return c.Request(ctx, kind, call, body)
}

// Send implements call.Signal.
func (l *Line) Send(kind wire.Kind, call string, body any) error {
	c := l.current()
	if c == nil {
		return ErrOffline
	}
	return c.Send(kind, call, body)
}

// Incoming implements call.Signal.
func (l *Line) Incoming() <-chan wire.Envelope { return l.incoming }

// ICE implements call.Signal.
func (l *Line) ICE(ctx context.Context) (wire.ICE, error) {
	c := l.current()
	if c == nil {
		return wire.ICE{}, ErrOffline
	}
	return c.ICE(ctx)
}

// Online implements call.Signal.
func (l *Line) Online() bool {
	c := l.current()
	return c != nil && c.Online()
}

// Me is who this person is on the service; zero until signed in once.
func (l *Line) Me() wire.Person {
	if c := l.current(); c != nil {
		return c.State().Me
	}
	return wire.Person{}
}

// Changed signs in anew after the identity became another one.
func (l *Line) Changed() { latest.Poke(l.wake) }

// NetworkChanged makes a lost connection be tried at once and a standing one
// be probed.
func (l *Line) NetworkChanged() {
	if c := l.current(); c != nil {
		c.Kick()
	}
}

// Subscribe returns a channel that is readable after anything here changed,
// and what ends the subscription.
func (l *Line) Subscribe() (<-chan struct{}, func()) { return l.changed.Subscribe() }

// change runs f under the lock and wakes the subscribers.
func (l *Line) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	l.changed.Ring()
}
