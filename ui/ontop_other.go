//go:build !linux && !windows

package ui

import (
	"log/slog"

	"fyne.io/fyne/v2"
)

// onTop: here a window can only be brought to the front once, which showing it
// has done.
func onTop(fyne.Window, *slog.Logger) {}
