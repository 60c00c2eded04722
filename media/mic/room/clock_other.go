//go:build !linux

package room

import "time"

// stopwatch counts the time that passes: other systems tell the processor time
// of a thread in steps of 10 ms and more.
type stopwatch struct{ start time.Time }

func newStopwatch() stopwatch { return stopwatch{time.Now()} }

func (w stopwatch) now() time.Duration { return time.Since(w.start) }

func (stopwatch) stop() {}
