package ui

import (
	"log/slog"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"golang.org/x/sys/windows"
)

// onTop keeps a window above the others without taking the focus (SetWindowPos
// with HWND_TOPMOST). Fyne has no way to say so.
func onTop(w fyne.Window, log *slog.Logger) {
	n, ok := w.(driver.NativeWindow)
	if !ok {
		return
	}
	n.RunNative(func(context any) {
		x, ok := context.(driver.WindowsWindowContext)
		if !ok {
			return
		}
		const topmost, noSize, noMove, noActivate = ^uintptr(0), 0x1, 0x2, 0x10
		r, _, err := windows.NewLazySystemDLL("user32.dll").NewProc("SetWindowPos").Call(
			x.HWND, topmost, 0, 0, 0, 0, noSize|noMove|noActivate)
		if r == 0 {
			log.Info("window not kept on top", "error", err)
		}
	})
}

// activate: RequestFocus has done what can be done.
func activate(fyne.Window, *slog.Logger) {}
