package client

import (
	"context"
	"errors"
	"time"

	"parley/signaling/wire"
)

// joinEvery is how often a device asks whether it has been let in.
const joinEvery = time.Second

// Joined is what a device learns that was linked to an account. The service
// says it: whoever uses it checks the proof.
type Joined struct {
	Me      wire.Person
	Devices *wire.DeviceList
	Proof   []byte
}

// Join waits until the device with cfg.Key is let in at a place, over losses of
// the connection, and returns whose it is. The error is a *wire.Error if the
// service or the other device said no (wire.CodePlaceUnknown), a *DialError if
// the service cannot be reached at all, or that of ctx.
func Join(ctx context.Context, cfg Config, j wire.Join) (Joined, error) {
	cfg.Name = ""
	c, err := New(cfg)
	if err != nil {
		return Joined{}, err
	}
	for reached, failed := false, 0; ; failed++ {
		joined, welcomed, err := c.join(ctx, j)
		if err == nil {
			return joined, nil
		}
		if ctx.Err() != nil {
			return Joined{}, ctx.Err()
		}
		if welcomed {
			reached, failed = true, 0
		}
		var werr *wire.Error
		if errors.As(err, &werr) && !werr.Code.Retry() || !reached {
			return Joined{}, err
		}
		select {
		case <-time.After(max(joinEvery, c.cfg.Backoff(failed), hint(err))):
		case <-ctx.Done():
			return Joined{}, ctx.Err()
		}
	}
}

// join asks on one connection; welcomed: it was a service.
func (c *Client) join(ctx context.Context, j wire.Join) (out Joined, welcomed bool, err error) {
	ws, err := c.dial(ctx)
	if err != nil {
		return out, false, err
	}
	defer ws.Close()
	ws.SetReadLimit(wire.MaxMessage)
	release := context.AfterFunc(ctx, func() { _ = ws.NetConn().SetReadDeadline(time.Unix(1, 0)) })
	defer release()
	if err := ws.SetReadDeadline(time.Now().Add(signInWithin)); err != nil {
		return out, false, err
	}
	w, err := c.welcome(ws)
	if err != nil {
		return out, false, err
	}
	again := time.NewTicker(joinEvery)
	defer again.Stop()
	for {
		if err := ws.SetReadDeadline(time.Now().Add(signInWithin)); err != nil {
			return out, true, err
		}
		r, err := c.greet(ws, w, wire.Hello{Join: &j})
		var werr *wire.Error
		switch {
		case err == nil:
			leaveAtOnce(ws)
			out = Joined{Me: r.Me, Devices: r.Devices}
			if r.Joined != nil {
				out.Proof = r.Joined.Proof
			}
			return out, true, nil
		case !errors.As(err, &werr) || werr.Code != wire.CodeJoinWait:
			return out, true, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return out, true, ctx.Err()
		}
	}
}
