package codec

import (
	"fmt"

	"parley/media"
	"parley/media/internal/vpx"
)

// VideoConfig is what a VideoEncoder starts with. SetTarget changes all but
// Codec and Screen later.
type VideoConfig struct {
	Codec         media.Codec // zero: VP8
	Width, Height int         // pixels: the largest picture to send, see Target
	FPS           int         // frames/s
	BitrateKbps   int         // kbit/s
	Screen        bool        // text and windows rather than a camera
}

// Target is what the encoder shall send from now on. Width and Height are a
// box that the picture is made to fit into without changing its shape and
// never enlarged; a standing picture may use the box standing. Frames above
// FPS are left out.
type Target struct {
	BitrateBps    int // bit/s
	Width, Height int // pixels
	FPS           int // frames/s
}

func (t Target) validate() error {
	switch {
	case t.Width < 2 || t.Width > vpx.MaxSide || t.Height < 2 || t.Height > vpx.MaxSide:
		return fmt.Errorf("codec: target size %dx%d, want 2 to %d", t.Width, t.Height, vpx.MaxSide)
	case t.FPS < 1 || t.FPS > 240:
		return fmt.Errorf("codec: target of %d frames/s, want 1 to 240", t.FPS)
	case t.BitrateBps < 1000 || t.BitrateBps > vpx.MaxBitrateKbps*1000:
		return fmt.Errorf("codec: target of %d bit/s, want 1000 to %d", t.BitrateBps, vpx.MaxBitrateKbps*1000)
	}
	return nil
}

// VideoKind is one video codec of this build.
type VideoKind struct {
	Codec      media.Codec
	newEncoder func(videoParams) (videoEncoder, error)
	newDecoder func(*media.FramePool) (videoDecoder, error)
}

// VideoKinds lists the video codecs of this build, best first.
func VideoKinds() []VideoKind {
	return []VideoKind{
		{Codec: media.VP8, newEncoder: newVP8Encoder, newDecoder: newVP8Decoder},
	}
}

func videoKind(c media.Codec) (VideoKind, error) {
	for _, k := range VideoKinds() {
		if k.Codec == c {
			return k, nil
		}
	}
	return VideoKind{}, fmt.Errorf("codec: no video codec %v in this build", c)
}

// videoParams is what any video encoder is told.
type videoParams struct {
	width, height, fps, kbps int
	screen                   bool
}

// videoEncoder encodes pictures of the configured size. configure does
// nothing when nothing differs.
type videoEncoder interface {
	Encode(f *media.Frame, key bool) (media.Unit, error)
	configure(videoParams) error
	Close() error
}

type videoDecoder interface {
	Decode(u media.Unit) (*media.Frame, error)
	Close() error
}

type vp8Encoder struct{ *vpx.Encoder }

func newVP8Encoder(p videoParams) (videoEncoder, error) {
	e, err := vpx.NewEncoder(vp8Config(p))
	if err != nil {
		return nil, err
	}
	return vp8Encoder{e}, nil
}

func (e vp8Encoder) configure(p videoParams) error { return e.Configure(vp8Config(p)) }

func vp8Config(p videoParams) vpx.Config {
	return vpx.Config{Width: p.width, Height: p.height, FPS: p.fps, BitrateKbps: p.kbps, Screen: p.screen}
}

func newVP8Decoder(pool *media.FramePool) (videoDecoder, error) { return vpx.NewDecoder(pool) }
