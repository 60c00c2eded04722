package echo

import (
	"context"
	"errors"
	"sync"

	"parley/signaling/wire"
)

// end is one end of a line between two parties in this program. It has the
// methods of call.Signal: what a service does for two people who are both
// there, without a service.
type end struct {
	me, other wire.Person
	in        chan wire.Envelope

	mu   *sync.Mutex // of both ends
	peer *end
}

// lineDepth is more than one call says; a full line fails, nothing is dropped.
const lineDepth = 256

var errLineFull = errors.New("test line is full")

func newLine(a, b wire.Person) (*end, *end) {
	mu := &sync.Mutex{}
	x := &end{me: a, other: b, in: make(chan wire.Envelope, lineDepth), mu: mu}
	y := &end{me: b, other: a, in: make(chan wire.Envelope, lineDepth), mu: mu}
	x.peer, y.peer = y, x
	return x, y
}

// Request is only ever an invitation here; everything else is Send.
func (e *end) Request(ctx context.Context, kind wire.Kind, call string, body any) (wire.Envelope, error) {
	if err := ctx.Err(); err != nil {
		return wire.Envelope{}, err
	}
	if err := e.Send(kind, call, body); err != nil {
		return wire.Envelope{}, err
	}
	return wire.New(wire.KindOK, wire.Invited{Person: e.other, Devices: 1})
}

// Send hands a message to the other end.
func (e *end) Send(kind wire.Kind, call string, body any) error {
	env, err := wire.New(kind, body)
	if err != nil {
		return err
	}
	env.Call = call
	from := e.me
	env.From = &from
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case e.peer.in <- env:
		return nil
	default:
		return errLineFull
	}
}

// Incoming has what the other end sends.
func (e *end) Incoming() <-chan wire.Envelope { return e.in }

// ICE has no servers: both ends are on this machine.
func (e *end) ICE(context.Context) (wire.ICE, error) { return wire.ICE{}, nil }

// Online is always true.
func (e *end) Online() bool { return true }

// Subscribe never has anything to tell.
func (e *end) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }
