// Package echo is the test call: somebody calls a party in this very program,
// speaks for five seconds, and hears and sees what arrived there. It is a call
// like any other, through the same session, encoder, encryption, packets over
// the machine's network, jitter buffer and decoder; only the line to the
// service is one in memory and the answering party's devices are a tape.
//
//	Call ── Phone ──Signal (line)── Phone ── answering party
//	this person's devices <──RTP──> tape (speaker records, microphone and camera play)
package echo

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/call"
	"parley/call/local"
	"parley/call/peer"
	"parley/media"
	"parley/media/device"
	"parley/media/latest"
	"parley/signaling/wire"
)

// Phase is where a test call stands.
type Phase uint8

// The phases, in order; with more than one round Recording follows Done.
const (
	Opening Phase = iota
	Recording
	Playing
	Done
	Failed
)

// Lines are what the answering party says by chat, in the person's language;
// an empty one is not said.
type Lines struct {
	Record string // when recording begins: "Say something …"
	Play   string // when it is played back
	Again  string // when another round begins
}

// Config says what test calls are made of.
type Config struct {
	Local  *local.Media
	Name   string        // of the answering party, as the call shows it
	Lines  Lines         //
	Length time.Duration // of a recording; 0: five seconds
	Rounds int           // then it hangs up; 0: again and again until hung up
	Peer   func(*peer.Config)
	Log    *slog.Logger
}

// State is an immutable snapshot of a test call.
type State struct {
	Phase  Phase
	Left   time.Duration // of this phase
	Length time.Duration // of this phase
	Round  int           // from 1
	Heard  bool          // a voice arrived
	Seen   bool          // pictures arrived
	// Problem says what was missing, or why it failed; nil when all is well.
	Problem *device.Error
}

// Desk makes test calls and waits for them in Close.
type Desk struct {
	cfg Config

	mu     sync.Mutex
	closed bool
	calls  map[*Call]struct{}
	wg     sync.WaitGroup
}

// ErrClosed is what Start says after Close.
var ErrClosed = errors.New("test calls are switched off")

// New returns a desk; it starts nothing.
func New(cfg Config) *Desk {
	if cfg.Length <= 0 {
		cfg.Length = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Desk{cfg: cfg, calls: map[*Call]struct{}{}}
}

// Call is one test call.
type Call struct {
	desk    *Desk
	tape    *tape
	session *call.Session
	cancel  context.CancelFunc
	done    chan struct{}
	step    chan struct{} // capacity 1: the tape changed
	changed latest.Bell

	mu    sync.Mutex
	final *State // guarded by mu: set when it is over
}

// Start begins a test call at once; State tells how it goes.
func (d *Desk) Start() (*Call, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Call{
		desk: d, cancel: cancel, done: make(chan struct{}), step: make(chan struct{}, 1),
	}
	c.tape = newTape(d.cfg.Length, func() { latest.Poke(c.step) })
	mine, theirs := newLine(wire.Person{ID: "me", Name: "me"}, wire.Person{ID: "echo", Name: d.cfg.Name})
	phone := call.NewPhone(call.Config{Signal: mine, Local: d.cfg.Local, Peer: d.cfg.Peer, Log: d.cfg.Log})
	session, err := phone.Dial(d.cfg.Name, "", d.cfg.Local.State().Camera.On)
	if err != nil {
		cancel()
		return nil, err
	}
	c.session = session
	d.calls[c] = struct{}{}
	d.wg.Go(func() {
		defer cancel()
		c.run(ctx, phone, theirs)
		d.mu.Lock()
		delete(d.calls, c)
		d.mu.Unlock()
	})
	return c, nil
}

// Close ends all test calls and waits for them.
func (d *Desk) Close() {
	d.mu.Lock()
	d.closed = true
	for c := range d.calls {
		c.Close()
	}
	d.mu.Unlock()
	d.wg.Wait()
}

// run is the goroutine of a test call: it starts both parties, leads the
// answering one through the rounds, and waits for both.
func (c *Call) run(ctx context.Context, phone *call.Phone, theirs *end) {
	cfg := &c.desk.cfg
	// The answering party has devices and a phone of its own.
	media := local.New(local.Config{Devices: c.tape, Log: cfg.Log})
	answer := call.NewPhone(call.Config{Signal: theirs, Local: media, AutoAnswer: true, Peer: cfg.Peer, Log: cfg.Log})
	below, cancel := context.WithCancel(context.Background())
	defer cancel()
	var parties, devices sync.WaitGroup
	parties.Go(func() { _ = phone.Run(ctx) })
	parties.Go(func() { _ = answer.Run(ctx) })
	devices.Go(func() { _ = media.Run(below) })

	c.lead(ctx, answer)
	c.session.Hangup()
	<-c.session.Done()
	c.cancel()
	parties.Wait()
	cancel()
	devices.Wait()
	c.tape.erase()
	close(c.done)
	c.changed.Ring()
}

// lead is the answering party's part, until the call or ctx ends.
func (c *Call) lead(ctx context.Context, answer *call.Phone) {
	defer c.over()
	other := c.taken(ctx, answer)
	if other == nil {
		return
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	wctx, stop := context.WithCancel(ctx)
	defer stop()
	watching.Go(func() { c.tape.watch(wctx, other.Video("", call.CameraSource)) })

	lines := c.desk.cfg.Lines
	say := func(text string) {
		if text != "" {
			_ = other.SendChat(text) // a line that is not said is missed by nobody
		}
	}
	say(lines.Record)
	c.tape.record(time.Now())
	changed, unsubscribe := c.session.Subscribe()
	defer unsubscribe()
	second := time.NewTicker(100 * time.Millisecond) // for those who show what is left
	defer second.Stop()
	last, round := Recording, 1
	for {
		phase, _, _, _, _ := c.tape.progress(time.Now())
		if phase != last {
			last = phase
			switch {
			case phase == Playing:
				say(lines.Play)
			case phase == Done && round == c.desk.cfg.Rounds:
				return
			case phase == Done:
				round++
				say(lines.Again)
				c.tape.record(time.Now())
				last = Recording
			}
		}
		c.changed.Ring()
		select {
		case <-ctx.Done():
			return
		case <-changed:
			if c.session.State().Phase == call.Ended {
				return
			}
		case <-c.step:
		case <-second.C:
		}
	}
}

// taken waits until the call stands, and returns the answering party's end.
func (c *Call) taken(ctx context.Context, answer *call.Phone) *call.Session {
	changed, unsubscribe := c.session.Subscribe()
	defer unsubscribe()
	theirs, stop := answer.Subscribe()
	defer stop()
	for {
		switch c.session.State().Phase {
		case call.Ended:
			return nil
		case call.Connected:
			if s := answer.Current(); s != nil {
				return s
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		case <-theirs:
		}
	}
}

// over settles how the call is remembered: it failed if it was not even
// recorded once and nobody hung up.
func (c *Call) over() {
	final := c.State()
	_, _, _, _, round := c.tape.progress(time.Now())
	if final.Phase != Done && round <= 1 && c.session.State().End.Reason != call.EndedByMe {
		final.Phase = Failed
	} else {
		final.Phase = Done
	}
	final.Left, final.Length = 0, 0
	c.mu.Lock()
	c.final = &final
	c.mu.Unlock()
}

// Session is the call as a window shows any other: with chat and levels.
func (c *Call) Session() *call.Session { return c.session }

// Video is what was recorded, while it is played back.
func (c *Call) Video() *latest.Slot[*media.Frame] { return c.session.Video("", call.CameraSource) }

// Level is of what is recorded or played: linear RMS, 0 to 1.
func (c *Call) Level() float64 {
	mine, theirs := c.session.Levels()
	if phase, _, _, _, _ := c.tape.progress(time.Now()); phase == Playing {
		return theirs
	}
	return mine
}

// State is a snapshot.
func (c *Call) State() State {
	c.mu.Lock()
	final := c.final
	c.mu.Unlock()
	if final != nil {
		return *final
	}
	phase, left, heard, seen, round := c.tape.progress(time.Now())
	s := State{Phase: phase, Left: left, Round: round, Heard: heard, Seen: seen}
	if phase == Recording || phase == Playing {
		s.Length = c.desk.cfg.Length
	}
	dev := c.desk.cfg.Local.State()
	switch {
	case dev.Microphone.Problem != nil:
		s.Problem = dev.Microphone.Problem
	case dev.Speaker.Problem != nil:
		s.Problem = dev.Speaker.Problem
	case dev.Camera.On:
		s.Problem = dev.Camera.Problem
	}
	return s
}

// Subscribe returns a channel that is readable after State changed, and what
// ends the subscription.
func (c *Call) Subscribe() (<-chan struct{}, func()) { return c.changed.Subscribe() }

// Close hangs up. It returns at once; Done tells when everything is closed.
func (c *Call) Close() { c.cancel() }

// Done is closed when everything that the call opened is closed.
func (c *Call) Done() <-chan struct{} { return c.done }
