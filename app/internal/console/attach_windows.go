package console

import (
	"os"

	"golang.org/x/sys/windows"
)

// attachParentProcess is ATTACH_PARENT_PROCESS of AttachConsole (wincon.h).
const attachParentProcess = ^uintptr(0)

// Attach points os.Stdout and os.Stderr at the console of the program that
// started this one. What was redirected to a file or a pipe stays so. Without
// such a console, as from the start menu, what is written goes nowhere.
func Attach() {
	out, err := missing(windows.STD_OUTPUT_HANDLE), missing(windows.STD_ERROR_HANDLE)
	if !out && !err {
		return
	}
	// It fails where there is no such console, or where it is ours already:
	// opening it tells.
	_, _, _ = windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole").Call(attachParentProcess)
	screen, e := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if e != nil {
		return
	}
	if out {
		os.Stdout = screen
	}
	if err {
		os.Stderr = screen
	}
}

// missing reports that a standard handle leads nowhere.
func missing(which uint32) bool {
	h, err := windows.GetStdHandle(which)
	if err != nil || h == 0 || h == windows.InvalidHandle {
		return true
	}
	kind, err := windows.GetFileType(h)
	return err != nil || kind == windows.FILE_TYPE_UNKNOWN
}
