package device

import (
	"sync"
	"time"

	"parley/media"
)

// Reference is the exact signal that goes to the speakers, for an echo
// canceller. Each open speaker writes into a ring of its own, from its
// callback, which never waits for more than one block to be read or written, a
// few microseconds; each reader takes from all of them at its own pace.
//
//	speaker callback ──Put──> Output (1 s) ──> tap ──┐
//	ringer callback ───Put──> Output (1 s) ──> tap ──┴─sum─> ReferenceReader.Read, once per microphone block
type Reference struct {
	now func() time.Duration // static: the capture clock

	mu   sync.Mutex // guards all outputs
	outs []*Output
}

// ringBlocks is how much is kept for a reader that comes late: one second.
const ringBlocks = 100

// Output is what one open speaker plays; guarded by Reference.mu.
type Output struct {
	ref    *Reference
	ring   [ringBlocks][media.BlockSamples]int16
	at     [ringBlocks]time.Duration // when the device took the block
	total  int64                     // blocks ever written
	closed bool
}

// NewReference returns one that nothing is played into; now is the capture clock.
func NewReference(now func() time.Duration) *Reference { return &Reference{now: now} }

// Attach adds an open speaker.
func (r *Reference) Attach() *Output {
	o := &Output{ref: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	// A new slice: the callbacks of the others go on meanwhile.
	r.outs = append(r.outs[:len(r.outs):len(r.outs)], o)
	return o
}

// Put copies one block (media.BlockSamples samples of 48 kHz mono) that was
// handed to the device at time at of the capture clock.
func (o *Output) Put(block []int16, at time.Duration) {
	o.ref.mu.Lock()
	defer o.ref.mu.Unlock()
	i := o.total % ringBlocks
	copy(o.ring[i][:], block)
	o.at[i] = at
	o.total++
}

// Detach ends an Output: nothing is written any more, and what was written is
// read to its end.
func (o *Output) Detach() {
	o.ref.mu.Lock()
	defer o.ref.mu.Unlock()
	o.closed = true
	kept := make([]*Output, 0, len(o.ref.outs))
	for _, other := range o.ref.outs {
		if other != o {
			kept = append(kept, other)
		}
	}
	o.ref.outs = kept
}

// sampleLocked returns sample i since the output began; 0 for what is no
// longer there or not yet.
func (o *Output) sampleLocked(i int64) int16 {
	const n = media.BlockSamples
	if i < 0 || i >= o.total*n || i < (o.total-ringBlocks)*n {
		return 0
	}
	return o.ring[i/n%ringBlocks][i%n]
}

// heard is a speaker whose output ends when it is closed.
type heard struct {
	SpeakerOut
	out *Output
}

// Close implements SpeakerOut.
func (h heard) Close() error {
	err := h.SpeakerOut.Close()
	h.out.Detach()
	return err
}

// ReferenceReader reads a Reference in step with a microphone. It belongs to
// one goroutine.
type ReferenceReader struct {
	ref   *Reference
	taps  []*tap
	moved int // of taps that have ended, and taps ever
}

// NewReader starts to read with what is played from now on.
func (r *Reference) NewReader() *ReferenceReader { return &ReferenceReader{ref: r} }

// Read fills dst (media.BlockSamples samples of 48 kHz mono) with what the
// speakers play while the microphone hears its next block, and reports whether
// any speaker is open. It is called once for each block of the microphone, when
// that is there: as the blocks of both are counted, the speaker's sound keeps
// its distance from its echo (see tap).
func (r *ReferenceReader) Read(dst []int16) bool {
	clear(dst)
	now := r.ref.now()
	r.ref.mu.Lock()
	defer r.ref.mu.Unlock()
	for _, o := range r.ref.outs {
		if !r.has(o) {
			r.taps = append(r.taps, newTap(o))
			r.moved++
		}
	}
	kept := r.taps[:0]
	for _, t := range r.taps {
		if t.readLocked(dst, now) {
			kept = append(kept, t)
		} else {
			r.moved += t.moved
		}
	}
	clear(r.taps[len(kept):])
	r.taps = kept
	return len(kept) > 0
}

// Moved counts how often an echo may have moved since the reading began: a
// speaker was opened, its device played a gap, samples were lost.
func (r *ReferenceReader) Moved() int {
	n := r.moved
	for _, t := range r.taps {
		n += t.moved
	}
	return n
}

func (r *ReferenceReader) has(o *Output) bool {
	for _, t := range r.taps {
		if t.out == o {
			return true
		}
	}
	return false
}
