package call

import (
	"sync"

	"parley/media/latest"
)

// ops runs what concerns the connection one after the other, off the session's
// goroutine: making one asks the service for relays, and closing one waits.
// Candidates that flood in are dropped beyond maxOps; there are at most 64 per
// generation by the protocol.
type ops struct {
	drained chan struct{} // closed after last has run; nil once seen, owned by Session.run

	mu      sync.Mutex
	queue   []func()
	closed  bool // last was called
	dropped int
	wake    chan struct{}
}

const maxOps = 256

func newOps() *ops {
	return &ops{drained: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// add queues f; after last it is ignored.
func (o *ops) add(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if len(o.queue) >= maxOps {
		o.dropped++
		return
	}
	o.queue = append(o.queue, f)
	latest.Poke(o.wake)
}

// last replaces what has not begun by f, after which nothing more is run.
func (o *ops) last(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.queue, o.closed = []func(){f}, true
	latest.Poke(o.wake)
}

func (o *ops) run() {
	drained := o.drained
	defer close(drained)
	for range o.wake {
		for {
			o.mu.Lock()
			if len(o.queue) == 0 {
				closed := o.closed
				o.mu.Unlock()
				if closed {
					return
				}
				break
			}
			f := o.queue[0]
			o.queue = o.queue[1:]
			o.mu.Unlock()
			f()
		}
	}
}
