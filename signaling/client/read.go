package client

import (
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"parley/signaling/wire"
)

// read takes messages in until the connection ends.
func (c *Client) read(ws *websocket.Conn) error {
	ws.SetPongHandler(func(string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sess.hear(time.Now(), true)
		return nil
	})
	for {
		e, err := receive(ws)
		if err != nil {
			return err
		}
		if err := c.take(time.Now(), e); err != nil {
			return err
		}
	}
}

// take handles one message of the service.
func (c *Client) take(now time.Time, e wire.Envelope) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer poke(c.wake)
	c.sess.hear(now, false)
	if err := c.sess.acked(now, e.Ack); err != nil {
		return err
	}
	fresh, err := c.sess.take(e.Seq)
	if err != nil || !fresh {
		return err
	}
	switch e.Kind {
	case wire.KindPing:
		c.sess.gotPing(now)
	case wire.KindAck:
	case wire.KindOK:
		c.answerLocked(e.ID, reply{env: e})
	case wire.KindError:
		if e.ID == "" && e.Seq == 0 && e.Call == "" {
			c.farewell = refusal(e)
		}
		c.answerLocked(e.ID, reply{env: e, err: refusal(e)})
	case wire.KindPresence:
		c.presenceLocked(now, e)
	case wire.KindDeviceList:
		d, err := wire.Body[wire.Devices](e)
		if err != nil {
			return fmt.Errorf("device_list: %w", err)
		}
		c.setLocked(func(s *State) { s.Devices = d.List })
	case wire.KindDrain:
		d, err := wire.Body[wire.Drain](e)
		if err != nil {
			return fmt.Errorf("drain: %w", err)
		}
		c.sess.leave = now.Add(min(time.Duration(d.AfterMS)*time.Millisecond, time.Minute))
		c.log.Info("service is restarting", "leave_ms", d.AfterMS)
	case wire.KindResync:
		c.lost = true
		c.tellLostLocked()
		c.askAgainLocked()
		c.lookLocked()
	case wire.KindInvite, wire.KindRinging, wire.KindAnswer, wire.KindReject, wire.KindCancel,
		wire.KindTaken, wire.KindCandidates, wire.KindNegotiate, wire.KindHangup, wire.KindRequests:
		if !c.tellLostLocked() || !c.putLocked(e) {
			return errBehind
		}
	default:
		c.log.Debug("unknown message", "kind", e.Kind)
	}
	c.sess.took(now, e.Seq)
	return nil
}

// answerLocked gives a reply to the request that waits for it.
func (c *Client) answerLocked(id string, r reply) {
	p := c.pending[id]
	if p == nil {
		if r.err != nil { // of something sent without a request, or given up
			c.log.Info("message refused", "call", r.env.Call, "err", r.err)
		}
		return
	}
	delete(c.pending, id)
	if r.err == nil && p.env.Kind == wire.KindAccountDelete {
		// Signing in again would make the person anew.
		c.farewell = wire.Errorf(wire.CodeDeleted, "You have deleted this account.")
	}
	p.finish(r)
}

// putLocked puts a message into Incoming; false: it is full.
func (c *Client) putLocked(e wire.Envelope) bool {
	select {
	case c.incoming <- e:
		return true
	default:
		return false
	}
}

// tellLostLocked puts resync into Incoming if it is due; false: it is full.
func (c *Client) tellLostLocked() bool {
	if c.lost && c.putLocked(wire.Envelope{Kind: wire.KindResync}) {
		c.lost = false
	}
	return !c.lost
}
