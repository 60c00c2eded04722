package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

// recorder writes to the store what nobody waits for: call logs and when a
// person was last seen. One goroutine, a bounded queue; what does not fit, or
// cannot be written, is counted and logged once a second.
type recorder struct {
	store store.Store
	m     *metrics
	log_  *slog.Logger
	queue chan job
	quit  chan struct{}
	once  sync.Once
	wg    sync.WaitGroup

	// owned by the goroutine
	reported time.Time
	failures int
}

type job struct {
	operation string
	do        func(ctx context.Context) error
}

func newRecorder(st store.Store, m *metrics, log *slog.Logger) *recorder {
	r := &recorder{store: st, m: m, log_: log, queue: make(chan job, 1024), quit: make(chan struct{})}
	r.wg.Go(r.run)
	return r
}

// do queues one write.
func (r *recorder) do(operation string, f func(ctx context.Context) error) {
	select {
	case r.queue <- job{operation, f}:
	default:
		r.m.drops.WithLabelValues("record").Inc()
	}
}

func (r *recorder) log(owner string, e wire.LogEntry) {
	r.do("log", func(ctx context.Context) error {
		if err := r.store.Log(ctx, owner, e); !errors.Is(err, store.ErrNotFound) { // else: deleted while they were in a call
			return err
		}
		return nil
	})
}

func (r *recorder) seen(person string, now time.Time) {
	r.do("seen", func(ctx context.Context) error { return r.store.Seen(ctx, person, now) })
}

// flush waits until everything queued before it has been written, or ctx ends.
func (r *recorder) flush(ctx context.Context) {
	done := make(chan struct{})
	select {
	case r.queue <- job{"flush", func(context.Context) error { close(done); return nil }}:
	case <-ctx.Done():
		return
	case <-r.quit:
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	case <-r.quit:
	}
}

func (r *recorder) run() {
	for {
		select {
		case j := <-r.queue:
			r.write(j)
		case <-r.quit:
			for { // what is queued is still written
				select {
				case j := <-r.queue:
					r.write(j)
				default:
					return
				}
			}
		}
	}
}

func (r *recorder) write(j job) {
	ctx, cancel := context.WithTimeout(context.Background(), storeWithin)
	defer cancel()
	err := j.do(ctx)
	if err == nil {
		return
	}
	r.m.storeErrors.WithLabelValues(j.operation).Inc()
	r.failures++
	if now := time.Now(); now.Sub(r.reported) >= time.Second {
		r.log_.Error("storage", "operation", j.operation, "err", err, "failures", r.failures)
		r.reported, r.failures = now, 0
	}
}

// close writes what is queued and waits.
func (r *recorder) close() {
	r.once.Do(func() { close(r.quit) })
	r.wg.Wait()
}
