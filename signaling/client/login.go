package client

import (
	"context"
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

const (
	// loginPing keeps the connection of a login open, through whatever ends
	// those on which nothing comes.
	loginPing = 15 * time.Second
	// loginQuiet is how long nothing may come on it.
	loginQuiet = 2*loginPing + 5*time.Second
)

// loginOf is the login that hello asks a person for; nil: none.
func loginOf(err error) *wire.Login {
	if w, ok := errors.AsType[*wire.Error](err); ok && w.Code == wire.CodeLoginNeeded && w.Login != nil && w.Login.ID != "" && w.Login.URL != "" {
		return w.Login
	}
	return nil
}

// awaitLogin shows where a person has to sign in, and returns nil when the
// service says that the login has ended: then hello is next. Otherwise the
// connection is of no use any more.
func (c *Client) awaitLogin(ctx context.Context, ws *websocket.Conn, l wire.Login, why error) error {
	now := time.Now()
	c.mu.Lock()
	c.login, c.loginEnd = l.ID, now.Add(l.Within())
	c.setLocked(func(s *State) { s.Phase, s.Err, s.NextTry, s.Login = NeedLogin, why, time.Time{}, l })
	c.mu.Unlock()
	heard := func(string) error { return ws.SetReadDeadline(time.Now().Add(loginQuiet)) }
	if err := heard(""); err != nil {
		return err
	}
	ws.SetPongHandler(heard)
	read := make(chan error, 1)
	go func() {
		for {
			e, err := receive(ws)
			switch {
			case err != nil:
				read <- err
				return
			case e.Kind == wire.KindLogin:
				read <- nil
				return
			case e.Kind == wire.KindError:
				read <- refusal(e)
				return
			}
		}
	}()
	// stop ends the reader, whom a connection has one of.
	stop := func(err error) error {
		ws.Close()
		c.log.Debug("reader ended", "err", <-read)
		return err
	}
	ping := time.NewTicker(loginPing)
	defer ping.Stop()
	over := time.NewTimer(l.Within())
	defer over.Stop()
	for {
		select {
		case err := <-read:
			if err != nil {
				return err
			}
			return ws.SetReadDeadline(time.Now().Add(signInWithin))
		case <-ctx.Done():
			return stop(ctx.Err())
		case <-c.retry:
			c.mu.Lock()
			anew := c.anew
			c.mu.Unlock()
			if anew {
				return stop(errAnew)
			}
			// The network may have changed: the service knows the login anywhere.
			return stop(errors.New("the connection is made anew"))
		case <-over.C:
			werr := wire.Errorf(wire.CodeLoginFailed, "The time to sign in is over. Please begin again.")
			werr.Login = &wire.Login{Reason: wire.LoginExpired}
			return stop(werr)
		case <-ping.C:
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWithin)); err != nil {
				return stop(err)
			}
		}
	}
}
