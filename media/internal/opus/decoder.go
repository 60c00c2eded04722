package opus

/*
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"parley/media"
)

// Decoder decodes one stream. Its methods may be called from several
// goroutines; they run one at a time. What they return is interleaved and
// valid until the next call.
type Decoder struct {
	channels int // static

	mu     sync.Mutex // guards all below
	c      *C.OpusDecoder
	pcm    []int16
	last   int // samples per channel of the last packet
	closed bool
}

// NewDecoder opens a decoder that gives out 1 or 2 channels, whatever the
// packets hold.
func NewDecoder(channels int) (*Decoder, error) {
	if channels != 1 && channels != 2 {
		return nil, fmt.Errorf("opus: %d channels, want 1 or 2", channels)
	}
	var code C.int
	c := C.opus_decoder_create(SampleRate, C.int(channels), &code)
	if c == nil || code != C.OPUS_OK {
		return nil, fmt.Errorf("opus: open decoder: %w", codeError(code))
	}
	return &Decoder{channels: channels, c: c, pcm: make([]int16, MaxFrame*channels), last: SampleRate / 50}, nil
}

// Channels is the number of channels that Decode gives out.
func (d *Decoder) Channels() int { return d.channels }

// Decode decodes the packet that is due.
func (d *Decoder) Decode(data []byte) ([]int16, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("opus: empty packet: %w", media.ErrCorrupt)
	}
	return d.decode("decode", data, MaxFrame, 0)
}

// DecodeFEC reconstructs the packet before data, which was lost, from the
// repair data that data carries; where it carries none, it conceals. The
// length is that of the last packet decoded. data itself is still to be
// decoded afterwards.
func (d *Decoder) DecodeFEC(data []byte) ([]int16, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("opus: empty packet: %w", media.ErrCorrupt)
	}
	return d.decode("decode FEC", data, 0, 1)
}

// Conceal makes up what a lost packet may have held: samples per channel, a
// multiple of 2.5 ms up to 120 ms.
func (d *Decoder) Conceal(samples int) ([]int16, error) {
	if samples <= 0 || samples > MaxFrame || samples%(SampleRate/400) != 0 {
		return nil, fmt.Errorf("opus: conceal %d samples, want a multiple of %d up to %d", samples, SampleRate/400, MaxFrame)
	}
	return d.decode("conceal", nil, samples, 0)
}

// decode runs libopus; samples 0 means as many as the last packet had.
func (d *Decoder) decode(what string, data []byte, samples int, fec C.int) ([]int16, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("opus: %s: %w", what, media.ErrClosed)
	}
	if samples == 0 {
		samples = d.last
	}
	n := C.opus_decode(d.c, (*C.uchar)(unsafe.SliceData(data)), C.opus_int32(len(data)),
		(*C.opus_int16)(unsafe.SliceData(d.pcm)), C.int(samples), fec)
	switch {
	case n == C.OPUS_INVALID_PACKET || n == C.OPUS_BUFFER_TOO_SMALL || n == C.OPUS_BAD_ARG && len(data) > 0:
		return nil, fmt.Errorf("opus: %s %d bytes: %w (%w)", what, len(data), codeError(n), media.ErrCorrupt)
	case n < 0:
		return nil, fmt.Errorf("opus: %s: %w", what, codeError(n))
	}
	if fec == 0 && len(data) > 0 {
		d.last = int(n)
	}
	return d.pcm[:int(n)*d.channels], nil
}

// Reset forgets the past, as at the start of another stream.
func (d *Decoder) Reset() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("opus: reset decoder: %w", media.ErrClosed)
	}
	d.last = SampleRate / 50
	if code := C.parley_dec_reset(d.c); code != C.OPUS_OK {
		return fmt.Errorf("opus: reset decoder: %w", codeError(code))
	}
	return nil
}

// Close frees the decoder, after a call under way. More calls do nothing.
func (d *Decoder) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		C.opus_decoder_destroy(d.c)
		d.c = nil
	}
	return nil
}
