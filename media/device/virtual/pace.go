package virtual

import (
	"context"
	"math"
	"sync"
	"time"

	"parley/media"
	"parley/media/device"
)

// pace says when the next picture or block of a source is due. It belongs to
// the goroutine that calls Next; only close may come from another.
type pace struct {
	clock device.Clock
	every float64 // seconds
	begin time.Duration
	n     int64 // the one that is due next
	begun bool

	once   sync.Once
	closed chan struct{}
}

func newPace(clock device.Clock, every float64) pace {
	return pace{clock: clock, every: every, closed: make(chan struct{})}
}

// next waits for the next one and returns its number and the time at which it
// was due. Whoever is more than slack late has missed those in between:
// a picture is skipped, sound too, as on a device whose buffer ran over.
func (p *pace) next(ctx context.Context, slack time.Duration) (n int64, pts time.Duration, err error) {
	select {
	case <-p.closed:
		return 0, 0, media.ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	now := p.clock.Now()
	if !p.begun {
		p.begun, p.begin = true, now
	}
	if late := now - p.due(p.n); late > slack {
		p.n = int64(math.Floor((now - p.begin).Seconds() / p.every))
	}
	n, pts = p.n, p.due(p.n)
	if wait := pts - now; wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-p.closed:
			return 0, 0, media.ErrClosed
		}
	}
	p.n++
	return n, pts, nil
}

func (p *pace) due(n int64) time.Duration {
	return p.begin + time.Duration(math.Round(float64(n)*p.every*float64(time.Second)))
}

// Close ends a waiting Next. Idempotent.
func (p *pace) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}
