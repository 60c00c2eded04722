package virtual

import (
	"sync/atomic"

	"parley/media"
)

// lostCounter counts the samples that a late reader missed.
type lostCounter struct{ samples atomic.Uint64 }

func (c *lostCounter) add(blocks int64) {
	if blocks > 0 {
		c.samples.Add(uint64(blocks) * media.BlockSamples)
	}
}
