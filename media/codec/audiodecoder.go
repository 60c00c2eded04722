package codec

import (
	"parley/media"
	"parley/media/internal/opus"
)

// AudioDecoder decodes one stream of Opus at 48 kHz. Its methods may be called
// from several goroutines; they run one at a time. What they return is
// interleaved and valid until the next call.
type AudioDecoder struct {
	channels int // static
	dec      audioDecoder
}

// NewAudioDecoder opens a decoder that gives out 1 or 2 channels, whatever the
// packets hold.
func NewAudioDecoder(channels int) (*AudioDecoder, error) {
	kind, err := audioKind(media.Opus)
	if err != nil {
		return nil, err
	}
	dec, err := kind.newDecoder(channels)
	if err != nil {
		return nil, err
	}
	return &AudioDecoder{channels: channels, dec: dec}, nil
}

// Channels is the number of channels that the decoder gives out.
func (d *AudioDecoder) Channels() int { return d.channels }

// Decode decodes the packet that is due. One that cannot be decoded gives an
// error wrapping media.ErrCorrupt and changes nothing: conceal it.
func (d *AudioDecoder) Decode(data []byte) ([]int16, error) { return d.dec.Decode(data) }

// DecodeFEC reconstructs the packet before data, which was lost, from the
// repair data in data; without any (see HasFEC) it conceals. The length is
// that of the last packet decoded. data itself is still to be decoded.
func (d *AudioDecoder) DecodeFEC(data []byte) ([]int16, error) { return d.dec.DecodeFEC(data) }

// Conceal makes up what a lost packet may have held: samples per channel, a
// multiple of 120 (2.5 ms) up to 5760 (120 ms).
func (d *AudioDecoder) Conceal(samples int) ([]int16, error) { return d.dec.Conceal(samples) }

// Reset forgets the past, as at the start of another stream.
func (d *AudioDecoder) Reset() error { return d.dec.Reset() }

// Close frees the decoder, after a call under way. More calls do nothing.
func (d *AudioDecoder) Close() error { return d.dec.Close() }

// PacketSamples is the length of an Opus packet in samples per channel at
// 48 kHz, read from its first bytes. An error wraps media.ErrCorrupt.
func PacketSamples(packet []byte) (int, error) { return opus.Samples(packet) }

// PacketHasFEC says whether an Opus packet carries repair data for the one
// before it.
func PacketHasFEC(packet []byte) bool { return opus.HasFEC(packet) }
