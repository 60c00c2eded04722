package server

import (
	"time"

	"parley/signaling/wire"
)

// ring holds what a session was sent and has not acknowledged, in order. It is
// the outgoing queue too: a connection keeps a cursor into it. Pure; its owner
// locks.
type ring struct {
	items []item
	bytes int
	last  uint64 // number of the newest message ever pushed
	first uint64 // number of items[0], if any
}

// item is one numbered message: the JSON of its envelope without seq, epoch,
// ack and ttl, which are written when it is sent.
type item struct {
	json  []byte
	until time.Time // what is left until then is sent as ttl_ms; zero: no ttl
	kind  wire.Kind
}

// push stores a message; false: no room for it.
func (r *ring) push(it item) bool {
	if len(r.items) >= wire.ReplayMessages || r.bytes+len(it.json) > wire.ReplayBytes {
		return false
	}
	r.last++
	if len(r.items) == 0 {
		r.first = r.last
	}
	r.items = append(r.items, it)
	r.bytes += len(it.json)
	return true
}

// ack forgets everything up to seq; false: it was never sent.
func (r *ring) ack(seq uint64) bool {
	if seq > r.last {
		return false
	}
	for len(r.items) > 0 && r.first <= seq {
		r.bytes -= len(r.items[0].json)
		r.items[0] = item{}
		r.items = r.items[1:]
		r.first++
	}
	if len(r.items) == 0 {
		r.items = nil // let a burst's memory go
	}
	return true
}

// next returns the oldest message after the cursor.
func (r *ring) next(cursor uint64) (seq uint64, it item, ok bool) {
	if len(r.items) == 0 || cursor >= r.last {
		return 0, item{}, false
	}
	seq = max(cursor+1, r.first)
	return seq, r.items[seq-r.first], true
}

// covers reports whether everything after seq is still there.
func (r *ring) covers(seq uint64) bool {
	return seq == r.last || len(r.items) > 0 && seq+1 >= r.first && seq < r.last
}

// clear forgets everything and returns how many messages were lost.
func (r *ring) clear() int {
	n := len(r.items)
	r.items, r.bytes = nil, 0
	return n
}

// restart forgets everything and goes on after seq, the last number that the
// client has: what was discarded never had a number for it.
func (r *ring) restart(seq uint64) {
	r.clear()
	r.last = seq
}
