//go:build !linux && !windows

package ui

import (
	"log/slog"

	"fyne.io/fyne/v2"
)

// onTop: here a window can only be brought to the front once, which showing it
// has done.
func onTop(fyne.Window, *slog.Logger) {}

// activate: RequestFocus has done what can be done.
func activate(fyne.Window, *slog.Logger) {}
