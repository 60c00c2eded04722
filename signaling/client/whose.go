package client

import (
	"context"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// Whose signs in for a moment and returns who the device with cfg.Key is on the
// service. The error is a *wire.Error with wire.CodeNameNeeded if it is nobody
// there, or a *DialError.
func Whose(ctx context.Context, cfg Config) (wire.Person, error) {
	cfg.Name = ""
	c, err := New(cfg)
	if err != nil {
		return wire.Person{}, err
	}
	ws, err := c.dial(ctx)
	if err != nil {
		return wire.Person{}, err
	}
	defer ws.Close()
	ws.SetReadLimit(wire.MaxMessage)
	release := context.AfterFunc(ctx, func() { _ = ws.NetConn().SetReadDeadline(time.Unix(1, 0)) })
	defer release()
	if err := ws.SetReadDeadline(time.Now().Add(signInWithin)); err != nil {
		return wire.Person{}, err
	}
	w, err := c.welcome(ws)
	if err != nil {
		return wire.Person{}, err
	}
	r, err := c.greet(ws, w, wire.Hello{})
	if err != nil {
		return wire.Person{}, err
	}
	leaveAtOnce(ws)
	return r.Me, nil
}

// leaveAtOnce ends a session that has done what it was for.
func leaveAtOnce(ws *websocket.Conn) {
	_ = send(ws, wire.Envelope{Kind: wire.KindBye}) // fails when closed: then it ends by itself
	_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
}
