package ui

import "parley/ui/present"

// Deps are what the windows need of the rest of the program.
type Deps struct {
	present.Deps

	// Background opens no window before a call is taken or Open is called; the
	// window that is closed is put away, and the program goes on.
	Background bool

	// MapFile: when set, the names, places and texts of the controls of every
	// window are kept there as JSON, for tests that work the windows from
	// outside.
	MapFile string
}
