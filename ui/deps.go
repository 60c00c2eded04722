package ui

import "parley/ui/present"

// Deps are what the windows need of the rest of the program.
type Deps struct {
	present.Deps

	// MapFile: when set, the names, places and texts of the controls of every
	// window are kept there as JSON, for tests that work the windows from
	// outside.
	MapFile string
}
