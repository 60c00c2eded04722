package device

import (
	"errors"
	"fmt"
)

// ErrNone: the selector was "none". The call goes on without that device.
var ErrNone = errors.New("no device chosen")

// Reason is what stands between a person and a device; the screen makes a
// translated sentence of it.
type Reason uint8

// The reasons.
const (
	// Missing: no such device, or none at all.
	Missing Reason = iota + 1
	// Busy: another program, or another part of this one, has it.
	Busy
	// Denied: the system or its owner does not allow it.
	Denied
	// Broken: a file that cannot be read, or a driver that reports nonsense.
	Broken
	// Unsupported: it works, but not in a way that Parley can use.
	Unsupported
	// Lost: it was there and is gone: unplugged, taken, or silent.
	Lost
)

// String returns the reason's name in lower case.
func (r Reason) String() string {
	switch r {
	case Missing:
		return "missing"
	case Busy:
		return "busy"
	case Denied:
		return "denied"
	case Broken:
		return "broken"
	case Unsupported:
		return "unsupported"
	case Lost:
		return "lost"
	}
	return "unknown"
}

// Error says why a device could not be opened or went away.
type Error struct {
	Kind   Kind
	Name   string // what a person calls it; empty when there is none of the kind
	Reason Reason
	Group  string // Denied: the group of users that may use it, where that is known
	Err    error  // the cause, may be nil
}

// Error returns a sentence in lower case: `camera "Integrated Camera" is in
// use by another program: device or resource busy`.
func (e *Error) Error() string {
	who := e.Kind.String()
	if e.Name != "" {
		who = fmt.Sprintf("%s %q", who, e.Name)
	}
	var s string
	switch e.Reason {
	case Missing:
		if e.Name == "" {
			s = "there is no " + who
		} else {
			s = who + " was not found"
		}
	case Busy:
		s = who + " is in use by another program"
	case Denied:
		s = who + " may not be used: access denied"
	case Broken:
		s = who + " cannot be read"
	case Unsupported:
		s = who + " cannot be used"
	case Lost:
		s = who + " is gone"
	default:
		s = who + " does not work"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ReasonOf returns the Reason inside err, or 0.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return 0
}
