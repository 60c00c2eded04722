package codec

import (
	"fmt"
	"sync"
	"time"

	"parley/media"
)

// AudioEncoder encodes one stream of sound at 48 kHz. Its methods may be
// called from several goroutines; they run one at a time.
type AudioEncoder struct {
	codec    media.Codec // static
	channels int         // static

	mu     sync.Mutex // guards all below
	enc    audioEncoder
	half   []int16 // the first 10 ms of a packet, waiting for the second
	start  time.Duration
	silent bool // the last packet said that nothing is to be heard
}

// NewAudioEncoder opens an encoder for cfg.
func NewAudioEncoder(cfg AudioConfig) (*AudioEncoder, error) {
	if cfg.Codec == 0 {
		cfg.Codec = media.Opus
	}
	kind, err := audioKind(cfg.Codec)
	if err != nil {
		return nil, err
	}
	enc, err := kind.newEncoder(cfg)
	if err != nil {
		return nil, err
	}
	return &AudioEncoder{
		codec: cfg.Codec, channels: cfg.Channels, enc: enc,
		half: make([]int16, 0, 2*media.BlockSamples*cfg.Channels),
	}, nil
}

// dtxBytes: a packet of at most this many bytes says only that nothing is to
// be heard (opus_encode in opus.h).
const dtxBytes = 2

// Encode encodes one packet: interleaved samples, 2.5, 5, 10, 20, 40 or 60 ms.
// The packet is valid until the next call. It is empty, without an error, when
// there is no need to send one: during silence, with DTX, after the first
// packet that says so.
func (e *AudioEncoder) Encode(pcm []int16) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.encodeLocked(pcm)
}

func (e *AudioEncoder) encodeLocked(pcm []int16) ([]byte, error) {
	data, err := e.enc.Encode(pcm)
	if err != nil {
		return nil, err
	}
	was := e.silent
	e.silent = len(data) <= dtxBytes
	if e.silent && was {
		return nil, nil
	}
	return data, nil
}

// EncodeBlock takes 10 ms at a time and gives out a unit of 20 ms with every
// second block; Data is empty, without an error, with the first and when there
// is no need to send anything. Data is valid until the next call; PTS is that
// of the first block. A block that does not follow the one waiting (its PTS is
// more than 5 ms off) takes that one's place.
func (e *AudioEncoder) EncodeBlock(b media.PCM) (media.Unit, error) {
	if b.Rate != media.SampleRate || b.Channels != e.channels || len(b.Samples) != media.BlockSamples*e.channels {
		return media.Unit{}, fmt.Errorf("codec: block of %d samples, %d channels, %d Hz, want 10 ms of %d channels at %d Hz",
			len(b.Samples), b.Channels, b.Rate, e.channels, media.SampleRate)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.half) > 0 {
		if off := b.PTS - e.start - media.BlockDur; off > media.BlockDur/2 || off < -media.BlockDur/2 {
			e.half = e.half[:0]
		}
	}
	if len(e.half) == 0 {
		e.half = append(e.half, b.Samples...)
		e.start = b.PTS
		return media.Unit{Codec: e.codec, PTS: b.PTS, Dur: 2 * media.BlockDur, Key: true}, nil
	}
	e.half = append(e.half, b.Samples...)
	data, err := e.encodeLocked(e.half)
	e.half = e.half[:0]
	if err != nil {
		return media.Unit{}, err
	}
	return media.Unit{Codec: e.codec, Data: data, PTS: e.start, Dur: 2 * media.BlockDur, Key: true}, nil
}

// SetBitrate changes the target, in bit/s.
func (e *AudioEncoder) SetBitrate(bps int) error { return e.enc.SetBitrate(bps) }

// SetPacketLoss tells the encoder how much the network loses, in percent: what
// it spends on repair data follows from it, nothing at 0.
func (e *AudioEncoder) SetPacketLoss(percent int) error { return e.enc.SetPacketLoss(percent) }

// SetFEC switches repair data.
func (e *AudioEncoder) SetFEC(on bool) error { return e.enc.SetFEC(on) }

// SetDTX switches leaving out silence.
func (e *AudioEncoder) SetDTX(on bool) error { return e.enc.SetDTX(on) }

// SetComplexity trades CPU for quality, 0 to 10.
func (e *AudioEncoder) SetComplexity(n int) error { return e.enc.SetComplexity(n) }

// Reset forgets the past, as after a pause of the microphone.
func (e *AudioEncoder) Reset() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.half, e.silent = e.half[:0], false
	return e.enc.Reset()
}

// Close frees the encoder, after a call under way. More calls do nothing.
func (e *AudioEncoder) Close() error { return e.enc.Close() }
