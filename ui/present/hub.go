package present

import (
	"context"
	"sync"
)

// hub joins the wake-ups of everything that is watched into one.
type hub struct {
	wake chan struct{} // capacity 1

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

func newHub() *hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &hub{wake: make(chan struct{}, 1), ctx: ctx, cancel: cancel}
}

// poke makes wake readable.
func (h *hub) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// watch passes on the wake-ups of s until stop is called or the hub closes.
func (h *hub) watch(s Subscriber) (stop func()) {
	ctx, cancel := context.WithCancel(h.ctx)
	h.start(func(context.Context) {
		changed, end := s.Subscribe()
		defer end()
		// What changed before the subscription is not lost.
		h.poke()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				h.poke()
			}
		}
	})
	return cancel
}

// start runs f on a goroutine that close waits for.
func (h *hub) start(f func(ctx context.Context)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return
	}
	h.wg.Go(func() { f(h.ctx) })
}

func (h *hub) close() {
	h.mu.Lock()
	h.cancel()
	h.mu.Unlock()
	h.wg.Wait()
}
