package voice

import (
	"sync"
	"sync/atomic"
)

// Clip plays 48 kHz mono samples from memory: a ring tone, a sound, the five
// seconds of an echo test.
type Clip struct {
	samples []int16
	loop    bool
	stopped atomic.Bool
	once    sync.Once
	done    chan struct{}
	at      int // owned by Pull
}

// NewClip returns a clip of samples, which must not be written to any more; a
// looping one starts over until it is stopped.
func NewClip(samples []int16, loop bool) *Clip {
	return &Clip{samples: samples, loop: loop && len(samples) > 0, done: make(chan struct{})}
}

// Pull fills out, with silence behind the end.
func (c *Clip) Pull(out []int16) {
	for len(out) > 0 && !c.stopped.Load() {
		n := copy(out, c.samples[c.at:])
		c.at += n
		out = out[n:]
		if c.at == len(c.samples) {
			if !c.loop {
				c.Stop()
				break
			}
			c.at = 0
		}
	}
	clear(out)
}

// Stop ends the clip. More calls do nothing.
func (c *Clip) Stop() {
	c.stopped.Store(true)
	c.once.Do(func() { close(c.done) })
}

// Done is closed when the last sample was pulled or the clip was stopped.
func (c *Clip) Done() <-chan struct{} { return c.done }
