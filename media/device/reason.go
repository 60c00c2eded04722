package device

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"parley/media"
)

// ReasonFor sorts the error of a driver into a Reason. Some drivers keep only
// the text of the system's error, so the text is looked at as well.
func ReasonFor(err error) Reason {
	if r := ReasonOf(err); r != 0 {
		return r
	}
	has := func(nos ...syscall.Errno) bool {
		for _, no := range nos {
			if errors.Is(err, no) || strings.Contains(strings.ToLower(err.Error()), strings.ToLower(no.Error())) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, media.ErrSourceLost):
		return Lost
	case errors.Is(err, context.DeadlineExceeded):
		return Broken
	case errors.Is(err, fs.ErrPermission) || has(syscall.EACCES, syscall.EPERM):
		return Denied
	case has(syscall.EBUSY):
		return Busy
	case errors.Is(err, fs.ErrNotExist) || has(syscall.ENOENT, syscall.ENODEV, syscall.ENXIO):
		return Missing
	case has(syscall.EINVAL, syscall.ENOTTY):
		return Unsupported
	}
	return Broken
}
