package codec

import (
	"fmt"
	"sync"

	"parley/media"
)

// VideoDecoder decodes one stream of pictures, in whatever codec of this build
// the units are. Its methods may be called from several goroutines; they run
// one at a time.
type VideoDecoder struct {
	pool *media.FramePool // static

	mu     sync.Mutex // guards all below
	codec  media.Codec
	dec    videoDecoder // nil until the first unit
	closed bool
}

// NewVideoDecoder returns a decoder that puts its pictures into frames of
// pool, or of a pool of its own if that is nil.
func NewVideoDecoder(pool *media.FramePool) *VideoDecoder {
	if pool == nil {
		pool = &media.FramePool{}
	}
	return &VideoDecoder{pool: pool}
}

// Decode decodes one unit. The picture carries the unit's PTS and NTP and has
// one reference, the caller's; it is nil, without an error, for a unit that is
// not to be shown. The picture's size follows the stream. An error wrapping
// media.ErrCorrupt asks for a key frame: everything before the next one gives
// the same error.
func (d *VideoDecoder) Decode(u media.Unit) (*media.Frame, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, fmt.Errorf("codec: decode: %w", media.ErrClosed)
	}
	if d.dec == nil || d.codec != u.Codec {
		if err := d.openLocked(u.Codec); err != nil {
			return nil, err
		}
	}
	return d.dec.Decode(u)
}

func (d *VideoDecoder) openLocked(c media.Codec) error {
	kind, err := videoKind(c)
	if err != nil {
		return err
	}
	dec, err := kind.newDecoder(d.pool)
	if err != nil {
		return err
	}
	if d.dec != nil {
		d.dec.Close()
	}
	d.dec, d.codec = dec, c
	return nil
}

// Close frees the decoder, after a call under way. Frames that it gave out
// stay valid. More calls do nothing.
func (d *VideoDecoder) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.dec == nil {
		return nil
	}
	err := d.dec.Close()
	d.dec = nil
	return err
}
