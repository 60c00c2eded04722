// Package latest has what passes on the newest and skips what is older: a
// mailbox that keeps only the last value (Slot), as a live picture needs it,
// where showing an old frame is worse than skipping it; and wake-ups that say
// no more than that there is something newer to look at (Bell).
package latest

import "sync"

// Slot holds at most one value. Put never blocks; a value that nobody took is
// handed back to the writer, which owns it again (and releases it).
//
// One writer, any number of readers; safe for concurrent use. The zero value
// is not ready: use New.
type Slot[T any] struct {
	mu      sync.Mutex
	value   T
	full    bool
	dropped uint64
	wake    chan struct{}
}

// New returns an empty slot.
func New[T any]() *Slot[T] { return &Slot[T]{wake: make(chan struct{}, 1)} }

// Put stores v. If an earlier value had not been taken, Put returns it with
// dropped true and the caller owns it.
func (s *Slot[T]) Put(v T) (old T, dropped bool) {
	s.mu.Lock()
	old, dropped = s.value, s.full
	s.value, s.full = v, true
	if dropped {
		s.dropped++
	}
	s.mu.Unlock()
	Poke(s.wake)
	return old, dropped
}

// Take removes and returns the value, with ok false when there is none.
func (s *Slot[T]) Take() (v T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok = s.value, s.full
	var zero T
	s.value, s.full = zero, false
	return v, ok
}

// Wake is readable after a Put; wake-ups are coalesced.
func (s *Slot[T]) Wake() <-chan struct{} { return s.wake }

// Dropped counts the values that were overwritten before anyone took them.
func (s *Slot[T]) Dropped() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}
