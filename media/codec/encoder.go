package codec

import (
	"fmt"
	"sync"
	"time"

	"parley/media"
	"parley/media/picture"
)

// VideoEncoder encodes one stream of pictures towards a Target. Its methods
// may be called from several goroutines; they run one at a time.
type VideoEncoder struct {
	kind   VideoKind // static
	screen bool      // static

	mu     sync.Mutex // guards all below
	target Target
	enc    videoEncoder // nil until the first picture tells its shape
	thin   thinner
	want   bool // a key frame is needed and has not come out yet
	pool   media.FramePool
	closed bool
}

// NewVideoEncoder returns an encoder for cfg.
func NewVideoEncoder(cfg VideoConfig) (*VideoEncoder, error) {
	if cfg.Codec == 0 {
		cfg.Codec = media.VP8
	}
	kind, err := videoKind(cfg.Codec)
	if err != nil {
		return nil, err
	}
	t := Target{BitrateBps: cfg.BitrateKbps * 1000, Width: cfg.Width, Height: cfg.Height, FPS: cfg.FPS}
	if err := t.validate(); err != nil {
		return nil, err
	}
	return &VideoEncoder{kind: kind, screen: cfg.Screen, target: t, want: true}, nil
}

// SetTarget changes what is sent from the next picture on. A target that
// cannot be used is an error and leaves the old one in force. Bitrate and
// frame rate change without a key frame; a change of size starts with one.
func (e *VideoEncoder) SetTarget(t Target) error {
	if err := t.validate(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("codec: set target: %w", media.ErrClosed)
	}
	e.target = t
	return nil
}

// Encode encodes f, as a key frame if key is set, scaled into the target's
// box. The unit carries the PTS and NTP of f; its Data is valid until the next
// call. Data is empty, without an error, when the picture is left out: by the
// target's frame rate, or by the rate control after too large ones. A key
// frame asked for is never lost: it comes with the first picture that is not
// left out. Key frames come at the start, on request, after a change of size,
// and at no other time.
func (e *VideoEncoder) Encode(f *media.Frame, key bool) (media.Unit, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return media.Unit{}, fmt.Errorf("codec: encode: %w", media.ErrClosed)
	}
	if f == nil {
		return media.Unit{}, fmt.Errorf("codec: encode: no frame")
	}
	e.want = e.want || key
	if !e.thin.take(f.PTS, e.target.FPS, e.want) {
		return media.Unit{Codec: e.kind.Codec, PTS: f.PTS, NTP: f.NTP, Dur: time.Second / time.Duration(e.target.FPS)}, nil
	}
	w, h := picture.FitSize(f.Width, f.Height, e.target.Width, e.target.Height)
	if err := e.configure(videoParams{width: w, height: h, fps: e.target.FPS, kbps: e.target.BitrateBps / 1000, screen: e.screen}); err != nil {
		return media.Unit{}, err
	}
	if w != f.Width || h != f.Height {
		g, err := picture.Scale(f, w, h, &e.pool)
		if err != nil {
			return media.Unit{}, fmt.Errorf("codec: encode: %w", err)
		}
		defer g.Release()
		f = g
	}
	u, err := e.enc.Encode(f, e.want)
	if err != nil {
		return media.Unit{}, err
	}
	if u.Key {
		e.want = false
	}
	return u, nil
}

func (e *VideoEncoder) configure(p videoParams) error {
	if e.enc != nil {
		return e.enc.configure(p)
	}
	enc, err := e.kind.newEncoder(p)
	if err != nil {
		return err
	}
	e.enc = enc
	return nil
}

// Close frees the encoder, after a call under way. More calls do nothing.
func (e *VideoEncoder) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	if e.enc == nil {
		return nil
	}
	err := e.enc.Close()
	e.enc = nil
	return err
}
