package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

var (
	errAnew   = errors.New("the name was changed")
	errBehind = errors.New("incoming messages are not being read")
)

// lived is how long a connection must have stood to count as a success: one
// that breaks at once, again and again, must not be retried without a pause.
const lived = 5 * time.Second

// Run keeps the device signed in until ctx ends, then says bye and returns
// nil. It returns earlier only with an error that trying again cannot mend; it
// is State.Err then, too, and Run may be called again.
func (c *Client) Run(ctx context.Context) error {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return errors.New("the client is running already")
	}
	c.running, c.stopped = true, nil
	c.setLocked(func(s *State) { s.Phase, s.Err, s.NextTry = c.awayPhase(), nil, time.Time{} })
	c.mu.Unlock()

	measuring, stop := context.WithCancel(ctx)
	var measure sync.WaitGroup
	measure.Go(func() { c.measureRegions(measuring) })
	err := c.keep(ctx)
	stop()
	measure.Wait()

	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = false
	c.stopped = ErrStopped
	if err != nil {
		c.stopped = fmt.Errorf("%w: %w", ErrStopped, err)
		c.log.Error("sign-in ended", "err", err)
		c.setLocked(func(s *State) { s.Phase, s.Err, s.NextTry = Failed, err, time.Time{} })
	} else {
		c.setLocked(func(s *State) { s.Phase, s.Err, s.NextTry = c.awayPhase(), ErrStopped, time.Time{} })
	}
	for id, r := range c.pending {
		delete(c.pending, id)
		if deleted(err) && r.env.Kind == wire.KindAccountDelete { // the answer was lost with the connection
			r.finish(reply{})
			continue
		}
		r.finish(reply{err: c.stopped})
	}
	c.sess, c.lost = session{}, false
	return err
}

// awayPhase is the phase without a connection. Needs mu.
func (c *Client) awayPhase() Phase {
	if c.login != "" && time.Now().Before(c.loginEnd) {
		return NeedLogin // goes on in the browser meanwhile
	}
	if c.state.Me.ID != "" {
		return Reconnecting
	}
	return Connecting
}

// keep connects again and again.
func (c *Client) keep(ctx context.Context) error {
	for failed := 0; ; {
		online, err := c.attempt(ctx)
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		var final *finalError
		var named *wire.Error
		switch {
		case errors.As(err, &final):
			return err
		case errors.Is(err, errAnew):
			failed = 0
			continue
		case errors.As(err, &named) && naming(named.Code):
			if !c.askName(ctx, named) {
				return nil
			}
			failed = 0
			continue
		case online >= lived:
			failed = 0
		}
		pause := max(c.cfg.Backoff(failed), hint(err))
		failed++
		c.log.Info("connection lost", "err", err, "online_s", online.Seconds(), "retry_ms", pause.Milliseconds())
		kicked, ok := c.pause(ctx, err, pause)
		if !ok {
			return nil
		}
		if kicked {
			failed = 0
		}
	}
}

// hint is how long the service asks to stay away, at most a minute.
func hint(err error) time.Duration {
	var d *DialError
	var w *wire.Error
	var after time.Duration
	switch {
	case errors.As(err, &d):
		after = d.RetryAfter
	case errors.As(err, &w):
		after = w.RetryAfter()
	}
	return min(after, time.Minute)
}

// pause waits until the next attempt is due; ok is false when ctx has ended.
func (c *Client) pause(ctx context.Context, why error, d time.Duration) (kicked, ok bool) {
	next := time.Time{}
	if d > 0 {
		next = time.Now().Add(d)
	}
	c.mu.Lock()
	c.setLocked(func(s *State) {
		if s.Phase, s.NextTry = c.awayPhase(), next; s.Phase != NeedLogin { // whose error says what to do
			s.Err = why
		}
	})
	c.mu.Unlock()
	if d <= 0 {
		return false, ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false, false
	case <-c.retry:
		return true, true
	case <-t.C:
		return false, true
	}
}

// naming reports that hello was refused for what a person has to say or do: the
// name, the invitation or another login.
func naming(code wire.Code) bool {
	switch code {
	case wire.CodeNameTaken, wire.CodeNameNeeded, wire.CodeBadName, wire.CodeInviteNeeded, wire.CodeInviteBad, wire.CodeLoginFailed:
		return true
	}
	return false
}

// askName waits for Rename, Invited or Login; false: ctx has ended.
func (c *Client) askName(ctx context.Context, why *wire.Error) bool {
	c.mu.Lock()
	c.setLocked(func(s *State) {
		s.Phase, s.Err, s.NextTry, s.Login = NeedName, why, time.Time{}, wire.Login{}
		if why.Login != nil {
			s.Login = *why.Login
		}
		if why.Code == wire.CodeLoginFailed {
			s.Phase, c.login = NeedLogin, ""
		}
	})
	c.mu.Unlock()
	for {
		c.mu.Lock()
		named := c.anew
		if named {
			c.setLocked(func(s *State) { s.Phase, s.Err = c.awayPhase(), nil })
		}
		c.mu.Unlock()
		if named {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-c.retry:
		}
	}
}

// attempt makes one connection and uses it until it is lost. It returns how
// long the device was signed in on it.
func (c *Client) attempt(ctx context.Context) (online time.Duration, err error) {
	ws, err := c.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer ws.Close()
	ws.SetReadLimit(wire.MaxMessage)
	c.mu.Lock()
	c.farewell = nil
	c.state.Near = near(c.base, ws.NetConn().RemoteAddr())
	c.mu.Unlock()
	if err := c.signIn(ctx, ws); err != nil {
		return 0, classify(err)
	}
	since := time.Now()
	err = c.serve(ctx, ws)
	c.mu.Lock()
	last := c.farewell
	c.mu.Unlock()
	if ended(last) { // says more than the close code that follows
		err = last
	}
	return time.Since(since), classify(err)
}

func deleted(err error) bool {
	var w *wire.Error
	return errors.As(err, &w) && w.Code == wire.CodeDeleted
}

// ended reports that the account cannot be used any more.
func ended(err error) bool {
	var w *wire.Error
	return errors.As(err, &w) && (w.Code == wire.CodeDisabled || w.Code == wire.CodeDeleted || w.Code == wire.CodeDeviceRemoved)
}

// serve is the writer; it starts the reader and waits for it.
func (c *Client) serve(ctx context.Context, ws *websocket.Conn) error {
	read := make(chan error, 1)
	go func() { read <- c.read(ws) }()
	err, over := c.write(ctx, ws, read)
	c.mu.Lock()
	c.sess.unlink()
	c.mu.Unlock()
	if errors.Is(err, errBehind) || errors.Is(err, errDead) || errors.Is(err, errDrained) {
		// The service keeps the session, and need not wait for a timeout.
		_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
	}
	ws.Close()
	if !over {
		c.log.Debug("reader ended", "err", <-read)
	}
	return err
}

// write writes until the connection is lost or not wanted any more; over
// reports that the reader has ended.
func (c *Client) write(ctx context.Context, ws *websocket.Conn, read <-chan error) (err error, over bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case err := <-read:
			return err, true
		default:
		}
		c.mu.Lock()
		anew := c.anew
		c.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return ctx.Err(), c.leave(ws, read)
		case anew:
			return errAnew, c.leave(ws, read)
		}
		c.mu.Lock()
		c.tellLostLocked()
		st, err := c.sess.next(time.Now())
		c.mu.Unlock()
		switch {
		case err != nil:
			return err, false
		case st.probe:
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWithin)); err != nil {
				return err, false
			}
		case st.env.Kind != "":
			if err := send(ws, st.env); err != nil {
				return err, false
			}
		default:
			timer.Reset(st.wait)
			select {
			case <-timer.C:
			case <-c.wake:
			case <-ctx.Done():
			case err := <-read:
				return err, true
			}
		}
	}
}

// leave writes what is waiting (a hang-up, say), then bye, and waits a moment
// for the service to close: whoever closes first with something unread resets
// the connection, and bye with it.
func (c *Client) leave(ws *websocket.Conn, read <-chan error) (over bool) {
	deadline := time.Now().Add(time.Second)
	for time.Now().Before(deadline) {
		c.mu.Lock()
		e, ok := c.sess.out.pop()
		if !ok {
			e = wire.Envelope{Kind: wire.KindBye}
		}
		e = c.sess.stamp(e)
		c.mu.Unlock()
		if send(ws, e) != nil {
			return false
		}
		if !ok {
			break
		}
	}
	c.mu.Lock()
	c.sess.id, c.sess.token = "", nil
	c.mu.Unlock()
	if ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), deadline) != nil {
		return false
	}
	t := time.NewTimer(500 * time.Millisecond)
	defer t.Stop()
	select {
	case err := <-read:
		c.log.Debug("service closed", "err", err)
		return true
	case <-t.C:
		return false
	}
}

func send(ws *websocket.Conn, e wire.Envelope) error {
	b, err := wire.Encode(e)
	if err != nil {
		return err
	}
	if err := ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return ws.WriteMessage(websocket.TextMessage, b)
}

// finalError ends Run.
type finalError struct {
	code int
	err  error
}

func (f *finalError) Error() string { return f.err.Error() }
func (f *finalError) Unwrap() error { return f.err }

// classify turns a final close code, or a refusal that no attempt can mend,
// into a finalError with a sentence.
func classify(err error) error {
	var w *wire.Error
	if errors.As(err, &w) && w.Code == wire.CodeBadSignature {
		return &finalError{code: wire.CloseBadHello, err: fmt.Errorf("the service does not accept the key of this device: %w", w)}
	}
	if ended(err) {
		return &finalError{code: wire.CloseForbidden, err: err}
	}
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || !wire.Final(closed.Code) {
		return err
	}
	var why string
	switch closed.Code {
	case wire.CloseBadHello:
		why = "the service does not accept the key of this device"
	case wire.CloseReplaced:
		why = "this device was signed in a second time and goes on there: close the other program"
	case wire.CloseProtocol:
		why = "this program and the service do not understand each other: bring both to the newest version"
	case wire.CloseForbidden:
		why = "the service does not let this account in: ask who runs it"
	default:
		why = "the service has ended the session for good"
	}
	return &finalError{code: closed.Code, err: fmt.Errorf("%s (%w)", why, closed)}
}
