package v4l2

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernel is what the system does for an open node.
type kernel interface {
	// ioctl passes the struct that the request is made for.
	ioctl(request uintptr, arg unsafe.Pointer) error
	// mmap maps a buffer of the driver, until close.
	mmap(offset int64, length int) ([]byte, error)
	// wait says whether there is something to dequeue, or to be told of.
	wait(d time.Duration) (bool, error)
	close() error
}

// node is an open /dev/video.
type node struct {
	fd     int
	mapped [][]byte
}

func openNode(path string) (*node, error) {
	// Without O_NONBLOCK a camera in distress would hold whoever reads it.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &node{fd: fd}, nil
}

func (n *node) ioctl(request uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n.fd), request, uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

func (n *node) mmap(offset int64, length int) ([]byte, error) {
	b, err := unix.Mmap(n.fd, offset, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err == nil {
		n.mapped = append(n.mapped, b)
	}
	return b, err
}

func (n *node) wait(d time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(n.fd), Events: unix.POLLIN}}
	ready, err := unix.Poll(fds, int(d.Milliseconds()))
	if errors.Is(err, unix.EINTR) {
		return false, nil // a signal; the caller comes again
	}
	return ready > 0, err
}

func (n *node) close() error {
	var errs []error
	for _, b := range n.mapped {
		errs = append(errs, unix.Munmap(b))
	}
	n.mapped = nil
	return errors.Join(append(errs, unix.Close(n.fd))...)
}

// monotonic is the clock of the drivers' time stamps.
func monotonic() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return 0 // then no picture has a likely age, and all get the time of reading
	}
	return time.Duration(t.Nano())
}
