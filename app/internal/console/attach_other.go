//go:build !windows

package console

// Attach does nothing: standard output is there.
func Attach() {}
