//go:build unix

package stats

import (
	"syscall"
	"time"
)

// ProcessCPU is the user and system time of this process so far (getrusage(2)).
func ProcessCPU() (time.Duration, bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
