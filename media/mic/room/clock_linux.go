package room

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// stopwatch counts the processor time of this goroutine's thread, so that what
// else the machine does is not counted.
type stopwatch struct{}

func newStopwatch() stopwatch { runtime.LockOSThread(); return stopwatch{} }

func (stopwatch) now() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

func (stopwatch) stop() { runtime.UnlockOSThread() }
