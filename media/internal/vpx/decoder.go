package vpx

/*
#include "decoder.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"parley/media"
)

// Decoder decodes one VP8 stream. Its methods may be called from several
// goroutines; they run one at a time.
type Decoder struct {
	pool *media.FramePool // static

	mu      sync.Mutex // guards all below
	c       *C.parley_decoder
	needKey bool // nothing to predict from, or what there is is damaged
	closed  bool
}

// NewDecoder opens a decoder that puts its pictures into frames of pool. One
// thread: a second one helps only with several token partitions, which none
// of the common real-time encoders write.
func NewDecoder(pool *media.FramePool) (*Decoder, error) {
	if pool == nil {
		pool = &media.FramePool{}
	}
	d := &Decoder{pool: pool, needKey: true}
	var code C.vpx_codec_err_t
	if d.c = C.parley_decoder_open(1, &code); d.c == nil {
		return nil, fmt.Errorf("vpx: open decoder: %w", codeError(code))
	}
	return d, nil
}

// Decode decodes one frame. The picture carries the unit's PTS and NTP and has
// one reference, the caller's. It is nil, without an error, for a frame that
// is not to be shown. A frame that cannot be decoded gives an error wrapping
// media.ErrCorrupt; after it, and at the start of a stream, everything up to
// the next key frame gives the same: a picture predicted from a damaged one
// would only smear the damage.
func (d *Decoder) Decode(u media.Unit) (*media.Frame, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("vpx: decode: %w", media.ErrClosed)
	}
	h, err := parseHeader(u.Data)
	if err != nil {
		d.needKey = true
		return nil, err
	}
	if d.needKey && !h.key {
		return nil, fmt.Errorf("vpx: waiting for a key frame: %w", media.ErrCorrupt)
	}
	p := C.parley_decoder_decode(d.c, (*C.uint8_t)(unsafe.SliceData(u.Data)), C.uint(len(u.Data)))
	switch {
	case p.err == C.VPX_CODEC_MEM_ERROR:
		d.needKey = true
		return nil, fmt.Errorf("vpx: decode: %w", codeError(p.err))
	case p.err != C.VPX_CODEC_OK:
		d.needKey = true
		return nil, fmt.Errorf("vpx: decode: %w (%w)", codeError(p.err), media.ErrCorrupt)
	case p.corrupt != 0:
		d.needKey = true
		return nil, fmt.Errorf("vpx: decode: damaged frame: %w", media.ErrCorrupt)
	}
	d.needKey = false
	w, ht := int(p.width), int(p.height)
	if w == 0 || ht == 0 {
		return nil, nil
	}
	f := d.pool.Get(w, ht)
	C.parley_decoder_copy(d.c,
		(*C.uint8_t)(unsafe.SliceData(f.Y)), (*C.uint8_t)(unsafe.SliceData(f.U)), (*C.uint8_t)(unsafe.SliceData(f.V)),
		C.int(f.YStride), C.int(f.UVStride))
	f.PTS, f.NTP = u.PTS, u.NTP
	return f, nil
}

// Close frees the decoder, after a call under way. Frames that it gave out
// stay valid. More calls do nothing.
func (d *Decoder) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		C.parley_decoder_close(d.c)
		d.c = nil
	}
	return nil
}
