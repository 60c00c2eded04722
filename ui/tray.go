package ui

import (
	"os"
	"path/filepath"
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// tray puts the program beside the clock while it waits in the background, on
// desktops that have a place for it. On others the program is opened again as
// it is started, and ended with its shortcut.
func (u *UI) tray() {
	d, ok := u.app.(desktop.App)
	if !ok || !u.deps.Background || !hasBus() {
		return
	}
	l := u.program.Lang()
	quit := fyne.NewMenuItem(l.T("shortcut.quit"), u.quit)
	quit.IsQuit = true
	d.SetSystemTrayMenu(fyne.NewMenu("", fyne.NewMenuItem(l.T("tray.open"), u.show), quit))
}

// hasBus reports whether there is a bus on which a tray could be; the toolkit
// complains where there is none.
func hasBus() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" || os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus"))
	return err == nil && os.Getenv("XDG_RUNTIME_DIR") != ""
}
