//go:build windows || darwin

package autostart

// Asking is an Entry in a sandbox, which this system does not have.
type Asking struct{ Entry }

// Ask returns ErrUnavailable.
func Ask(Entry) (*Asking, error) { return nil, ErrUnavailable }

// Subscribe has nothing to tell.
func (a *Asking) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }

// Close does nothing.
func (a *Asking) Close() error { return nil }
