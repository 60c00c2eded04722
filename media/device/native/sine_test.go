package native

import (
	"math"

	"parley/media"
)

// sine is sample n of 440 Hz.
func sine(n int) float64 { return math.Sin(2 * math.Pi * 440 * float64(n) / media.SampleRate) }
