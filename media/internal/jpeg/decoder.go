package jpeg

/*
#cgo noescape parley_jpeg_read_header
#cgo nocallback parley_jpeg_read_header
#cgo noescape parley_jpeg_decode
#cgo nocallback parley_jpeg_decode
#include "decoder.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"parley/media"
	"parley/media/internal/yuv"
)

// Decoder decodes pictures one after the other. One goroutine at a time.
type Decoder struct {
	h      C.tjhandle // nil after Close
	data   []byte     // the picture with an end marker behind it
	planes []byte     // where a picture goes that does not fit a frame as it is
}

// NewDecoder opens a decoder.
func NewDecoder() (*Decoder, error) {
	h := C.tjInitDecompress()
	if h == nil {
		return nil, errors.New("jpeg: libjpeg-turbo has no memory for a decoder")
	}
	return &Decoder{h: h}, nil
}

// Close frees the decoder; frames that it gave out stay valid. More calls do
// nothing.
func (d *Decoder) Close() {
	if d.h != nil {
		C.tjDestroy(d.h)
		d.h = nil
	}
}

// maxPixelsPerByte bounds what a picture may claim to be: every block of 64
// pixels takes a bit or more.
const maxPixelsPerByte = 64 * 8

// Decode decodes a picture into a frame from pool with one reference, the
// caller's, and PTS zero. It has the size that the data says. Colour at 4:2:0,
// 4:2:2 and 4:4:4 and grey are understood. What is damaged or is no picture
// gives an error wrapping media.ErrCorrupt.
func (d *Decoder) Decode(data []byte, pool *media.FramePool) (*media.Frame, error) {
	if d.h == nil {
		return nil, fmt.Errorf("jpeg: decode: %w", media.ErrClosed)
	}
	h, err := d.header(data)
	if err != nil {
		d.reopen()
		return nil, err
	}
	f := pool.Get(h.width, h.height)
	if err := d.into(f, h.layout); err != nil {
		f.Release()
		d.reopen()
		return nil, err
	}
	return f, nil
}

// reopen begins anew after an error: TurboJPEG 2.1 takes no other picture after
// one that was nothing but tables. It costs microseconds.
func (d *Decoder) reopen() {
	if h := C.tjInitDecompress(); h != nil {
		C.tjDestroy(d.h)
		d.h = h
	}
}

type header struct {
	width, height int
	layout        C.int // TJSAMP_*
}

// header takes a picture over and reads what it says of itself.
func (d *Decoder) header(data []byte) (header, error) {
	// A picture without its end marker is as good as one with it, and with one
	// put behind a picture that is cut off libjpeg warns of what is missing
	// rather than of the marker.
	d.data = append(append(d.data[:0], data...), 0xff, 0xd9)
	c := C.parley_jpeg_read_header(d.h, (*C.uint8_t)(unsafe.SliceData(d.data)), C.ulong(len(d.data)))
	h := header{int(c.width), int(c.height), c.layout}
	switch {
	case h.width < 1 || h.height < 1:
		return h, fmt.Errorf("jpeg: %d bytes are no picture: %w", len(data), media.ErrCorrupt)
	case h.width > media.MaxDim || h.height > media.MaxDim || h.width*h.height > maxPixelsPerByte*len(d.data):
		return h, fmt.Errorf("jpeg: %dx%d in %d bytes: %w", h.width, h.height, len(data), media.ErrCorrupt)
	case c.space != C.TJCS_YCbCr && c.space != C.TJCS_GRAY:
		return h, fmt.Errorf("jpeg: colours of kind %d, want YCbCr or grey: %w", int(c.space), media.ErrCorrupt)
	}
	return h, nil
}

// into decodes what header took over.
func (d *Decoder) into(f *media.Frame, layout C.int) error {
	dst := yuv.I420{Y: f.Y, U: f.U, V: f.V, YStride: f.YStride, UVStride: f.UVStride, Width: f.Width, Height: f.Height}
	even := f.Width%2 == 0 && f.Height%2 == 0
	if layout == C.TJSAMP_420 && even {
		if err := d.decode(f, yuv.Planar{Y: f.Y, U: f.U, V: f.V, YStride: f.YStride, UVStride: f.UVStride}); err != nil {
			return err
		}
		return yuv.FullToLimited(dst)
	}
	// TurboJPEG fills planes up to whole pairs of pixels where colour is shared
	// by a pair: a row or column more than an odd frame has.
	w, h := (f.Width+1)&^1, (f.Height+1)&^1
	var cw, ch int
	switch layout {
	case C.TJSAMP_420:
		cw, ch = w/2, h/2
	case C.TJSAMP_422:
		cw, ch = w/2, h
	case C.TJSAMP_444:
		cw, ch = w, h
	case C.TJSAMP_GRAY:
	default:
		return fmt.Errorf("jpeg: chroma of layout %d, want 4:2:0, 4:2:2, 4:4:4 or none: %w", int(layout), media.ErrCorrupt)
	}
	p := d.scratch(w, h, cw, ch)
	if err := d.decode(f, p); err != nil {
		return err
	}
	var err error
	switch layout {
	case C.TJSAMP_420:
		err = yuv.I420Copy(dst, yuv.I420{Y: p.Y, U: p.U, V: p.V, YStride: p.YStride, UVStride: p.UVStride, Width: f.Width, Height: f.Height})
	case C.TJSAMP_422:
		err = yuv.I422ToI420(dst, p)
	case C.TJSAMP_444:
		err = yuv.I444ToI420(dst, p)
	default:
		err = yuv.GreyToI420(dst, p.Y, p.YStride)
	}
	if err != nil {
		return err
	}
	return yuv.FullToLimited(dst)
}

// scratch is a picture of the decoder's own memory, without colour if cw is 0.
func (d *Decoder) scratch(w, h, cw, ch int) yuv.Planar {
	need := w*h + 2*cw*ch
	if cap(d.planes) < need {
		d.planes = make([]byte, need)
	}
	b := d.planes[:need]
	return yuv.Planar{Y: b[: w*h : w*h], U: b[w*h : w*h+cw*ch : w*h+cw*ch], V: b[w*h+cw*ch:], YStride: w, UVStride: cw}
}

// maxSurplus bounds the bytes left over that are put up with. Cameras leave up
// to about twenty; many are a picture that lost its way.
const maxSurplus = 64

// decode decodes what is in d.data into planes.
func (d *Decoder) decode(f *media.Frame, p yuv.Planar) error {
	ptr := func(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }
	r := C.parley_jpeg_decode(d.h, ptr(d.data), C.ulong(len(d.data)), C.int(f.Width), C.int(f.Height),
		ptr(p.Y), ptr(p.U), ptr(p.V), C.int(p.YStride), C.int(p.UVStride))
	if r.err == 0 || r.surplus > 0 && r.surplus <= maxSurplus {
		return nil
	}
	return fmt.Errorf("jpeg: picture of %dx%d: %s: %w", f.Width, f.Height, C.GoString(C.tjGetErrorStr2(d.h)), media.ErrCorrupt)
}
