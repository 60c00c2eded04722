package client

import (
	"slices"

	"parley/signaling/wire"
)

// Limits of the outbox.
const (
	outboxMessages = 256
	outboxBytes    = 1 << 20
)

// outbox holds what was accepted and not yet acknowledged, in order: first
// what was written (sent, with numbers), then what was not (waiting). Pure.
type outbox struct {
	last    uint64 // number given last
	sent    []wire.Envelope
	again   int // sent[again:] has to be written again
	waiting []wire.Envelope
	bytes   int
}

func size(e wire.Envelope) int { return len(e.Body) + 128 }

// push accepts a message; false: there is no room.
func (o *outbox) push(e wire.Envelope) bool {
	if len(o.sent)+len(o.waiting) >= outboxMessages || o.bytes+size(e) > outboxBytes {
		return false
	}
	o.waiting = append(o.waiting, e)
	o.bytes += size(e)
	return true
}

// empty reports that there is nothing to write.
func (o *outbox) empty() bool { return o.again >= len(o.sent) && len(o.waiting) == 0 }

// pop returns what has to be written next and counts it as sent.
func (o *outbox) pop() (wire.Envelope, bool) {
	if o.again < len(o.sent) {
		o.again++
		return o.sent[o.again-1], true
	}
	if len(o.waiting) == 0 {
		return wire.Envelope{}, false
	}
	e := o.waiting[0]
	o.waiting = o.waiting[1:]
	o.last++
	e.Seq = o.last
	o.sent = append(o.sent, e)
	o.again = len(o.sent)
	return e, true
}

// ack forgets what has arrived; false: the number was never given.
func (o *outbox) ack(n uint64) bool {
	if n > o.last {
		return false
	}
	k := 0
	for k < len(o.sent) && o.sent[k].Seq <= n {
		o.bytes -= size(o.sent[k])
		k++
	}
	o.sent = o.sent[k:]
	o.again = max(0, o.again-k)
	return true
}

// rewind has everything after n written again: the session was resumed.
func (o *outbox) rewind(n uint64) bool {
	ok := o.ack(n)
	o.again = 0
	return ok
}

// restart begins a new session: numbers start again, and of what was written
// only what keep allows is written again. The rest is returned.
func (o *outbox) restart(keep func(wire.Envelope) bool) (gone []wire.Envelope) {
	var left []wire.Envelope
	for _, e := range o.sent {
		e.Seq = 0
		if keep(e) {
			left = append(left, e)
		} else {
			o.bytes -= size(e)
			gone = append(gone, e)
		}
	}
	o.waiting = append(left, o.waiting...)
	o.sent, o.again, o.last = nil, 0, 0
	return gone
}

// withdraw takes back a message that was not written yet.
func (o *outbox) withdraw(id string) {
	for i, e := range o.waiting {
		if e.ID == id {
			o.bytes -= size(e)
			o.waiting = append(o.waiting[:i:i], o.waiting[i+1:]...)
			return
		}
	}
}

// has reports whether the message with an id is here.
func (o *outbox) has(id string) bool {
	is := func(e wire.Envelope) bool { return e.ID == id }
	return slices.ContainsFunc(o.sent, is) || slices.ContainsFunc(o.waiting, is)
}
