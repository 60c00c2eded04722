// Package opus encodes and decodes Opus (RFC 6716) through libopus, 48 kHz,
// one or two channels, 16-bit samples. It is a thin layer: it owns the C
// memory, checks lengths and translates errors; it has no goroutine, no log
// and no policy. Pairing 10 ms blocks and leaving out silent packets is
// media/codec's, deciding when to conceal or repair is media/voice's.
//
// Samples and packets are borrowed from Go for the length of one call. Both
// directions write into a buffer of their own that the next call reuses, so a
// packet allocates nothing.
package opus

/*
#cgo pkg-config: opus
*/
import "C"

// Fixed numbers of Opus at 48 kHz (RFC 6716 section 2.1.4).
const (
	SampleRate = 48000
	// MaxFrame is the longest packet, 120 ms, in samples per channel.
	MaxFrame = SampleRate * 120 / 1000
	// maxPacket is a buffer that no packet of one frame exceeds: 1275 bytes a
	// frame, six frames (RFC 6716 section 3.4).
	maxPacket = 1275*6 + 7
)
