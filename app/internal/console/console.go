// Package console gives a Windows program without a console window the one it
// was started from, so that --version, --diagnose and error texts are read
// where they were asked for. Elsewhere there is nothing to do.
package console
