package sound

import (
	"sync"
	"time"

	"parley/media"
)

// ring carries samples from the callback to the reader. A full ring drops its
// oldest samples and counts them.
type ring struct {
	mu    sync.Mutex
	buf   []int16
	head  int // oldest
	n     int
	total uint64        // samples ever written
	at    time.Duration // capture clock when the newest sample arrived
	lost  uint64
	wake  chan struct{} // capacity 1
}

func newRing(samples int) *ring {
	return &ring{buf: make([]int16, samples), wake: make(chan struct{}, 1)}
}

// write copies s, which may be of any length.
func (r *ring) write(s []int16, now time.Duration) {
	r.mu.Lock()
	if over := len(s) - len(r.buf); over > 0 {
		r.total += uint64(over)
		r.lost += uint64(over)
		s = s[over:]
	}
	if over := r.n + len(s) - len(r.buf); over > 0 {
		r.head = (r.head + over) % len(r.buf)
		r.n -= over
		r.lost += uint64(over)
	}
	tail := (r.head + r.n) % len(r.buf)
	k := copy(r.buf[tail:], s)
	copy(r.buf, s[k:])
	r.n += len(s)
	r.total += uint64(len(s))
	r.at = now
	ready := r.n >= media.BlockSamples
	r.mu.Unlock()
	if ready {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// read fills dst, or returns false when there is not enough. index counts the
// samples ever written before dst[0]; at is when dst[0] was captured, as far
// as the arrival of the newest sample tells.
func (r *ring) read(dst []int16) (index uint64, at time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n < len(dst) {
		return 0, 0, false
	}
	index = r.total - uint64(r.n)
	at = r.at - time.Duration(r.n)*time.Second/media.SampleRate
	k := copy(dst, r.buf[r.head:min(r.head+len(dst), len(r.buf))])
	copy(dst[k:], r.buf)
	r.head = (r.head + len(dst)) % len(r.buf)
	r.n -= len(dst)
	return index, at, true
}

func (r *ring) dropped() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// stamps turns the jittery arrival of callbacks into even timestamps: each
// block is 10 ms after the one before, pulled a 64th of the way towards what
// the clock says, so that the two never drift apart. A gap starts afresh.
type stamps struct {
	begun bool
	index uint64
	pts   time.Duration
}

// maxSkew is how far the clock may disagree before it is believed at once.
const maxSkew = 60 * time.Millisecond

func (s *stamps) next(index uint64, at time.Duration) time.Duration {
	want := s.pts + media.BlockDur
	off := at - want
	if !s.begun || index != s.index+media.BlockSamples || off > maxSkew || off < -maxSkew {
		if s.begun {
			at = max(at, want) // never backwards
		}
		s.begun, s.pts = true, at
	} else {
		s.pts = want + off/64
	}
	s.index = index
	return s.pts
}

// blocks cuts what a device asks for, in whatever sizes, into pulls of 10 ms.
type blocks struct {
	pull func([]int16)
	buf  [media.BlockSamples]int16
	left int // samples of buf not yet played, at its end
}

func (b *blocks) fill(out []int16) {
	for len(out) > 0 {
		if b.left == 0 {
			b.pull(b.buf[:])
			b.left = len(b.buf)
		}
		n := copy(out, b.buf[len(b.buf)-b.left:])
		b.left -= n
		out = out[n:]
	}
}
