// Package room makes the rooms in which the microphone's path is measured, and
// measures it: speech from a speaker comes back through walls, somebody speaks
// at the same time, a fan hums. Nothing of the program uses it, only the
// benchmark (app/internal/bench) and tests.
//
// Ours is a mic.Chain as a call uses it, with a device.Reference and the clocks
// of a simulated microphone and speaker. Theirs is AEC3 or RNNoise alone, fed
// block by block.
//
//	0 s        far end alone        20 s     both speak     35 s    far end alone   50 s
package room
