// Package client keeps one device signed in to a Parley service.
//
// Run owns the connection: it dials, says hello or takes the session up again,
// and starts one reader beside itself, the writer, and one goroutine that finds
// out which of the service's relays is near. Everybody else talks to them
// through the session under Client.mu and a wake channel:
//
//	Request, Send ──> session.outbox ──> writer (Run) ──> WebSocket ──> service
//	Request <── reply ──┐
//	Incoming <── calls ─┼── reader <── WebSocket <── service
//	People, State <─────┘
//
// Delivery. What Send and Request accepted is numbered when it is first written
// and kept until the service has acknowledged it; after a resumption what is
// missing is written again under the same number. What the service sent is
// acknowledged only once it lies in Incoming or was handed to the Request that
// waits for it, and is recognized by its number when it comes again. If the
// service has lost the session (it was away too long, or restarted), a Request
// that may have been carried out and is not harmless to repeat fails with
// ErrSessionLost, and Incoming has one resync message; the rest is sent in the
// new session.
//
// Queues. The outbox takes 256 messages or 1 MiB, then Send and Request fail
// with ErrQueueFull. Incoming takes 256 messages; if its reader lags behind
// further, the connection is dropped without acknowledging, and the service
// keeps the rest until the session is resumed. Nothing is dropped in silence.
package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/base32"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"parley/signaling/region"
	"parley/signaling/wire"
)

// Errors of Request and Send that are not a *wire.Error of the service.
var (
	ErrQueueFull   = errors.New("too many messages are waiting for the service")
	ErrSessionLost = errors.New("the service lost the session before it answered; try again")
	ErrStopped     = errors.New("the line to the service is closed")
)

// Config says where and as whom to sign in.
type Config struct {
	URL           string             // as ParseURL takes it
	Key           ed25519.PrivateKey // the device's
	Name          string             // wanted; "": the one that the key has
	Invite        string             // code of an invitation, for a service that asks new people for one
	ClientVersion string             // program and version, for the operator
	Log           *slog.Logger       // nil: none

	// NetDial opens the TCP connection; nil: net.Dialer.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)
	// ProbeDial opens the sockets by which the nearest relay is found; nil:
	// net.Dialer.
	ProbeDial region.Dial
	// TLS is used for https; nil: the system's certificate authorities.
	TLS *tls.Config
	// Backoff is the pause before the attempt that follows n failed ones in a
	// row; nil: 0, 0.25, 0.5, 1 … 15 s with jitter.
	Backoff func(n int) time.Duration
}

// Validate names the first field that cannot be used.
func (c Config) Validate() error {
	if _, err := ParseURL(c.URL); err != nil {
		return err
	}
	if len(c.Key) != ed25519.PrivateKeySize {
		return fmt.Errorf("config Key: %d bytes, an Ed25519 private key has %d", len(c.Key), ed25519.PrivateKeySize)
	}
	if c.Name != "" {
		if _, err := wire.CleanName(c.Name); err != nil {
			return fmt.Errorf("config Name: %w", err)
		}
	}
	return nil
}

// Phase says how far the client is.
type Phase int

// The phases.
const (
	Connecting   Phase = iota // not yet signed in; State.Err says why the last attempt failed
	NeedName                  // the service wants another name, or an invitation: Rename, Invited
	Online                    // signed in
	Reconnecting              // was signed in, is trying again
	Failed                    // for good: Run has returned State.Err
	NeedLogin                 // a person has to sign in with the browser, as State.Login says
)

// String names the phase for logs.
func (p Phase) String() string {
	return [...]string{"connecting", "need name", "online", "reconnecting", "failed", "need login"}[p]
}

// State is a snapshot.
type State struct {
	Phase      Phase
	Me         wire.Person // once signed in; kept while reconnecting
	Err        error       // why it is not Online; *wire.Error with NeedName
	Since      time.Time   // of the phase
	NextTry    time.Time   // of the next attempt while Connecting or Reconnecting; zero: now
	Service    string      // the service's name for itself, from welcome
	Version    string      // the service's version
	Directory  bool        // everybody on the service can be seen
	Near       bool        // the service is on this computer or a private network
	LinkPrefix string      // what call links begin with
	// Newest is the version of the program that the operator offers; nil: none.
	Newest *wire.Release
	// Devices is the newest list of the account's devices that the service has,
	// nil if there is none; whoever uses it checks who signed it.
	Devices *wire.DeviceList
	// Login is where to sign in, with NeedLogin, or in Reason why that let
	// nobody in: then Login begins another one. With NeedName after it, its Name
	// is the provider's proposal.
	Login wire.Login
}

// Client is one device's line to a service. Make one with New.
type Client struct {
	cfg      Config
	base     *url.URL
	log      *slog.Logger
	idPrefix string // of request ids, random per client

	incoming chan wire.Envelope
	wake     chan struct{} // capacity 1: the writer has something to look at
	retry    chan struct{} // capacity 1: try again now (Kick, Rename)
	iceLock  chan struct{} // capacity 1: one ICE request at a time

	mu       sync.Mutex
	state    State
	subs     map[chan struct{}]struct{}
	name     string // wanted
	invite   string // shown at hello
	anew     bool   // the name was changed: say hello, do not resume
	lastID   uint64
	pending  map[string]*request
	sess     session
	lost     bool // resync has to be told in Incoming before anything else
	people   roster
	watch    wire.Watch
	watched  bool   // Watch was called: its value rules
	looking  string // id of the last question for presence
	status   []byte // what the person last said of themselves: the body of status
	ice      wire.ICE
	iceTill  time.Time // zero: never expires
	near     nearest
	running  bool
	login    string    // id of a login that is under way, or has let us in; for hello
	loginEnd time.Time // then it is over
	farewell error     // the service's word before it closes; nil: none, or long ago
	stopped  error     // why Request and Send are refused; nil: they are not
}

// request waits for its reply.
type request struct {
	env   wire.Envelope
	reply chan reply  // capacity 1; nil: then takes it
	then  func(reply) // called with Client.mu held
}

type reply struct {
	env wire.Envelope
	err error
}

// New makes a client; Run signs it in. The error names the field that is wrong.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base, err := ParseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	name := ""
	if cfg.Name != "" {
		if name, err = wire.CleanName(cfg.Name); err != nil {
			return nil, err
		}
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cfg.ClientVersion = strings.ToValidUTF8(cfg.ClientVersion[:min(len(cfg.ClientVersion), mostVersion)], "")
	if cfg.Backoff == nil {
		cfg.Backoff = backoff
	}
	if cfg.NetDial == nil {
		cfg.NetDial = (&net.Dialer{}).DialContext
	}
	prefix := make([]byte, 5)
	_, _ = rand.Read(prefix) // never fails
	c := &Client{
		cfg: cfg, base: base, name: name, invite: cfg.Invite,
		log:      log.With("service", base.Host),
		idPrefix: base32.StdEncoding.EncodeToString(prefix) + "-",
		incoming: make(chan wire.Envelope, incomingSize),
		wake:     make(chan struct{}, 1),
		retry:    make(chan struct{}, 1),
		iceLock:  make(chan struct{}, 1),
		near:     nearest{due: make(chan struct{}, 1)},
		subs:     map[chan struct{}]struct{}{},
		pending:  map[string]*request{},
		state:    State{Phase: Connecting, Since: time.Now()},
	}
	return c, nil
}

const (
	incomingSize = 256
	mostVersion  = 128 // bytes of hello's client field
)

// URL returns the service's address: http(s)://host[:port].
func (c *Client) URL() string { return c.base.String() }

// State returns the snapshot.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Online reports whether the device is signed in at the moment.
func (c *Client) Online() bool { return c.State().Phase == Online }

// Subscribe returns a channel of capacity 1 that is readable after State or
// People changed, and the function that ends the subscription.
func (c *Client) Subscribe() (<-chan struct{}, func()) {
	ch := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs[ch] = struct{}{}
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subs, ch)
	}
}

// Incoming has the call messages in order: invite, ringing, answer, reject,
// cancel, taken, candidates, negotiate, hangup; and resync after the service
// lost the session: what it had for this device is gone. Also requests, when
// the requests of strangers changed. It is never closed.
func (c *Client) Incoming() <-chan wire.Envelope { return c.incoming }

// Kick says that the network may have changed or the machine was asleep: a
// standing connection is probed, a missing one is tried at once.
func (c *Client) Kick() {
	c.mu.Lock()
	c.sess.probe()
	c.mu.Unlock()
	poke(c.near.due)
	poke(c.wake)
	poke(c.retry)
}

// Rename asks the service for another name. In NeedName it is how to go on;
// Online it signs in anew, which ends calls that are being set up. The error
// is a wire.FieldError if the name is not possible.
func (c *Client) Rename(name string) error {
	name, err := wire.CleanName(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.name, c.anew = name, true
	c.mu.Unlock()
	poke(c.wake)
	poke(c.retry)
	return nil
}

// Invited says hello with the code of an invitation: how to go on in NeedName
// after wire.CodeInviteNeeded and wire.CodeInviteBad.
func (c *Client) Invited(code string) error {
	code = strings.TrimSpace(code)
	if !wire.ValidID(code) {
		return &wire.FieldError{Field: "invite", Reason: "is not the code of an invitation"}
	}
	c.mu.Lock()
	c.invite, c.anew = code, true
	c.mu.Unlock()
	poke(c.wake)
	poke(c.retry)
	return nil
}

// Login begins another login with the browser: how to go on in NeedLogin after
// one that failed.
func (c *Client) Login() {
	c.mu.Lock()
	c.login, c.anew = "", true
	c.mu.Unlock()
	poke(c.wake)
	poke(c.retry)
}

// setLocked changes the state and wakes the subscribers.
func (c *Client) setLocked(change func(*State)) {
	was := c.state.Phase
	change(&c.state)
	if c.state.Phase != was {
		c.state.Since = time.Now()
	}
	c.wakeLocked()
}

func (c *Client) wakeLocked() {
	for ch := range c.subs {
		poke(ch)
	}
}

func poke(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
