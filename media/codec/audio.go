package codec

import (
	"fmt"

	"parley/media"
	"parley/media/internal/opus"
)

// AudioConfig is what an AudioEncoder starts with.
type AudioConfig struct {
	Codec      media.Codec // zero: Opus
	Channels   int         // 1 or 2
	BitrateBps int         // bit/s, 6000 to 510000
	Complexity int         // CPU for quality, 0 to 10
	FEC        bool        // repair data in the next packet, as much as SetPacketLoss calls for
	DTX        bool        // hardly any packets during silence
	Music      bool        // shared sound rather than speech
}

// DefaultAudio is a voice: mono, 32 kbit/s, in-band FEC, no DTX.
func DefaultAudio() AudioConfig {
	o := opus.Default()
	return AudioConfig{Codec: media.Opus, Channels: o.Channels, BitrateBps: o.BitrateBps, Complexity: o.Complexity, FEC: o.FEC}
}

// AudioKind is one audio codec of this build.
type AudioKind struct {
	Codec      media.Codec
	newEncoder func(AudioConfig) (audioEncoder, error)
	newDecoder func(channels int) (audioDecoder, error)
}

// AudioKinds lists the audio codecs of this build, best first.
func AudioKinds() []AudioKind {
	return []AudioKind{
		{Codec: media.Opus, newEncoder: newOpusEncoder, newDecoder: newOpusDecoder},
	}
}

func audioKind(c media.Codec) (AudioKind, error) {
	for _, k := range AudioKinds() {
		if k.Codec == c {
			return k, nil
		}
	}
	return AudioKind{}, fmt.Errorf("codec: no audio codec %v in this build", c)
}

type audioEncoder interface {
	Encode(pcm []int16) ([]byte, error)
	SetBitrate(bps int) error
	SetPacketLoss(percent int) error
	SetFEC(on bool) error
	SetDTX(on bool) error
	SetComplexity(n int) error
	Reset() error
	Close() error
}

type audioDecoder interface {
	Decode(data []byte) ([]int16, error)
	DecodeFEC(data []byte) ([]int16, error)
	Conceal(samples int) ([]int16, error)
	Reset() error
	Close() error
}

func newOpusEncoder(c AudioConfig) (audioEncoder, error) {
	return opus.NewEncoder(opus.Config{
		Channels: c.Channels, BitrateBps: c.BitrateBps, Complexity: c.Complexity, FEC: c.FEC, DTX: c.DTX, Music: c.Music,
	})
}

func newOpusDecoder(channels int) (audioDecoder, error) { return opus.NewDecoder(channels) }
