package latest

import "sync"

// Bell tells any number of listeners that something changed, not what: they
// look at it again, at its newest. However often it rings before a listener
// looks, that one wakes once.
//
// The zero value is ready. Safe for concurrent use, also under a lock that
// guards what changed: it calls nobody.
type Bell struct {
	mu   sync.Mutex
	subs map[chan struct{}]struct{}
}

// Subscribe returns a channel that is readable after the next Ring, and what
// ends the subscription.
func (b *Bell) Subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[chan struct{}]struct{}{}
	}
	b.subs[c] = struct{}{}
	return c, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs, c)
	}
}

// Ring makes the channels of all subscriptions readable.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.subs {
		Poke(c)
	}
}

// Poke makes c, of capacity 1, readable: a Bell for one listener.
func Poke(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
