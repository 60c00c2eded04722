//go:build race

package peer

// raced: the race detector keeps shadows of all memory ever used.
const raced = true
