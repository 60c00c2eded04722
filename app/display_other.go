//go:build wayland || !(linux || freebsd || openbsd || netbsd)

package main

// displayThere: there is always one.
func displayThere() error { return nil }
