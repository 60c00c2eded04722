package device

import (
	"sync"
	"time"

	"parley/media"
)

// referenceBlocks is how much of the speaker's signal is kept for a reader
// that comes late: one second.
const referenceBlocks = 100

// Reference is the exact signal that went to the speaker, for an echo
// canceller: a ring of one second between the callback of the sound device,
// which writes and never waits longer than a copy of 960 bytes, and one
// reader. A full ring drops its oldest block and counts it.
type Reference struct {
	mu      sync.Mutex
	ring    [referenceBlocks][media.BlockSamples]int16
	at      [referenceBlocks]time.Duration
	head    int // oldest
	n       int
	dropped uint64
}

// put copies one block that was handed to the device at time at.
func (r *Reference) put(block []int16, at time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == referenceBlocks {
		r.head = (r.head + 1) % referenceBlocks
		r.n--
		r.dropped++
	}
	i := (r.head + r.n) % referenceBlocks
	copy(r.ring[i][:], block)
	r.at[i] = at
	r.n++
}

// Read copies the oldest block into dst (media.BlockSamples samples of 48 kHz
// mono) and returns the capture-clock time at which the device took it; it is
// heard SpeakerOut.Delay later. ok is false when there is none.
func (r *Reference) Read(dst []int16) (at time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 {
		return 0, false
	}
	copy(dst, r.ring[r.head][:])
	at = r.at[r.head]
	r.head = (r.head + 1) % referenceBlocks
	r.n--
	return at, true
}

// Dropped counts the blocks that were overwritten before they were read.
func (r *Reference) Dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dropped
}
