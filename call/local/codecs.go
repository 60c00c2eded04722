package local

import (
	"math"

	"parley/call/send"
	"parley/media/codec"
)

// vp8 is the codec package's encoder as call/send drives it.
type vp8 struct{ *codec.VideoEncoder }

func (e vp8) SetTarget(c send.Choice) error {
	return e.VideoEncoder.SetTarget(codec.Target{
		BitrateBps: c.Bitrate, Width: c.Width, Height: c.Height, FPS: wholeFPS(c.FPS),
	})
}

// wholeFPS rounds up: the encoder leaves out what is over its rate, and call/send
// has already done so.
func wholeFPS(fps float64) int { return max(1, int(math.Ceil(fps))) }

func newVP8(c send.Choice) (send.VideoEncoder, error) {
	e, err := codec.NewVideoEncoder(codec.VideoConfig{
		Width: c.Width, Height: c.Height, FPS: wholeFPS(c.FPS), BitrateKbps: c.Bitrate / 1000,
	})
	if err != nil {
		return nil, err
	}
	return vp8{e}, nil
}

func newOpus() (send.AudioEncoder, error) { return codec.NewAudioEncoder(codec.DefaultAudio()) }
