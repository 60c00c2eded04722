package client

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"parley/signaling/wire"
)

// Request sends a message and waits for its answer, over losses of the
// connection if need be: it is carried out once. The error is a *wire.Error if
// the service said no; ErrQueueFull, ErrSessionLost, ErrStopped or ctx's if no
// answer came. Call is the call's id, or "".
func (c *Client) Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error) {
	e, err := wire.New(kind, body)
	if err != nil {
		return wire.Envelope{}, err
	}
	e.Call = call
	p := &request{reply: make(chan reply, 1)}
	c.mu.Lock()
	id, err := c.askLocked(e, p)
	c.mu.Unlock()
	if err != nil {
		return wire.Envelope{}, err
	}
	select {
	case r := <-p.reply:
		return r.env, r.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case r := <-p.reply: // it came in the meantime
		return r.env, r.err
	default:
	}
	delete(c.pending, id)
	c.sess.out.withdraw(id)
	return wire.Envelope{}, ctx.Err()
}

// Send queues a message that needs no answer. The error is ErrQueueFull,
// ErrStopped, or that body cannot be sent.
func (c *Client) Send(kind wire.Kind, call string, body any) error {
	e, err := wire.New(kind, body)
	if err != nil {
		return err
	}
	e.Call = call
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queueLocked(e)
}

// askLocked queues a message with an id for p.
func (c *Client) askLocked(e wire.Envelope, p *request) (id string, err error) {
	c.lastID++
	e.ID = c.idPrefix + strconv.FormatUint(c.lastID, 10)
	if err := c.queueLocked(e); err != nil {
		return "", err
	}
	p.env = e
	c.pending[e.ID] = p
	if e.Kind == wire.KindStatus {
		c.status = e.Body
	}
	return e.ID, nil
}

// askAgainLocked repeats what the service has and has not answered: it
// discarded its messages, and the answers may be among them. The service knows
// a repeat by its id.
func (c *Client) askAgainLocked() {
	var again []wire.Envelope
	for id, p := range c.pending {
		if !c.sess.out.has(id) {
			again = append(again, p.env)
		}
	}
	slices.SortFunc(again, func(a, b wire.Envelope) int { // ids count up
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID))
	})
	for _, e := range again {
		if err := c.queueLocked(e); err != nil {
			c.answerLocked(e.ID, reply{err: err})
		}
	}
}

func (c *Client) queueLocked(e wire.Envelope) error {
	if c.stopped != nil {
		return c.stopped
	}
	if _, err := wire.Encode(e); err != nil { // would the service take it?
		return err
	}
	if !c.sess.out.push(e) {
		return ErrQueueFull
	}
	poke(c.wake)
	return nil
}

// finish hands the reply over. Needs mu.
func (r *request) finish(got reply) {
	if r.then != nil {
		r.then(got)
		return
	}
	r.reply <- got
}
