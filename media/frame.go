package media

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Frame is one picture in I420: 8 bits, full-size Y, U and V at half width and
// height rounded up. It is read-only once handed on. Whoever holds a reference
// releases it exactly once; call Retain before giving it to a second holder.
type Frame struct {
	Width, Height int
	Y, U, V       []byte
	YStride       int
	UVStride      int
	PTS           time.Duration // capture clock
	// NTP is the sender's wall clock at capture, zero when not known.
	NTP time.Time

	refs atomic.Int32
	pool *FramePool
	buf  []byte
}

// NewFrame returns a frame of its own memory with one reference and no pool.
// It panics unless 1 <= width, height <= 16384.
func NewFrame(width, height int) *Frame {
	f := &Frame{}
	f.layout(width, height)
	f.refs.Store(1)
	return f
}

// MaxDim bounds both sides of a picture; a larger one is refused by decoders
// and readers as corrupt.
const MaxDim = 16384

func (f *Frame) layout(width, height int) {
	if width < 1 || height < 1 || width > MaxDim || height > MaxDim {
		panic(fmt.Sprintf("media: frame of %dx%d", width, height))
	}
	// Strides are multiples of 64, so that the vectorised code never has a tail
	// that crosses a row.
	ys := (width + 63) &^ 63
	uvs := ((width+1)/2 + 63) &^ 63
	ch := (height + 1) / 2
	need := ys*height + 2*uvs*ch
	if cap(f.buf) < need {
		f.buf = make([]byte, need)
	}
	b := f.buf[:need]
	f.Width, f.Height, f.YStride, f.UVStride = width, height, ys, uvs
	f.Y = b[: ys*height : ys*height]
	f.U = b[ys*height : ys*height+uvs*ch : ys*height+uvs*ch]
	f.V = b[ys*height+uvs*ch:]
	f.PTS, f.NTP = 0, time.Time{}
}

// Retain adds a reference and returns f.
func (f *Frame) Retain() *Frame {
	if f.refs.Add(1) <= 1 {
		panic("media: Retain of a released frame")
	}
	return f
}

// Release gives up one reference; with the last one the memory returns to its
// pool. Releasing more often than retained panics, because it would hand one
// buffer to two owners.
func (f *Frame) Release() {
	switch n := f.refs.Add(-1); {
	case n < 0:
		panic("media: frame released twice")
	case n == 0 && f.pool != nil:
		f.pool.put(f)
	}
}

// Clone copies the picture into a frame from pool p (nil: fresh memory).
func (f *Frame) Clone(p *FramePool) *Frame {
	var g *Frame
	if p != nil {
		g = p.Get(f.Width, f.Height)
	} else {
		g = NewFrame(f.Width, f.Height)
	}
	ch, cw := (f.Height+1)/2, (f.Width+1)/2
	for y := range f.Height {
		copy(g.Y[y*g.YStride:y*g.YStride+f.Width], f.Y[y*f.YStride:])
	}
	for y := range ch {
		copy(g.U[y*g.UVStride:y*g.UVStride+cw], f.U[y*f.UVStride:])
		copy(g.V[y*g.UVStride:y*g.UVStride+cw], f.V[y*f.UVStride:])
	}
	g.PTS, g.NTP = f.PTS, f.NTP
	return g
}

// FramePool keeps released frames for use again. The zero value is ready. It
// holds at most eight frames: what a stream has in flight; more are left to
// the garbage collector. Safe for concurrent use.
type FramePool struct {
	mu   sync.Mutex
	free []*Frame
}

const poolDepth = 8

// Get returns a frame of the given size with one reference. Its pixels are
// whatever was there before.
func (p *FramePool) Get(width, height int) *Frame {
	p.mu.Lock()
	var f *Frame
	if n := len(p.free); n > 0 {
		f = p.free[n-1]
		p.free[n-1] = nil
		p.free = p.free[:n-1]
	}
	p.mu.Unlock()
	if f == nil {
		f = &Frame{pool: p}
	}
	f.layout(width, height)
	f.refs.Store(1)
	return f
}

func (p *FramePool) put(f *Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < poolDepth {
		p.free = append(p.free, f)
	}
}
