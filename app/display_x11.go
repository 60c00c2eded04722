//go:build linux || freebsd || openbsd || netbsd

package main

// onX11: a window needs a display named in the environment.
const onX11 = true
