// Package media holds the values that travel through Parley: a picture, ten
// milliseconds of sound, one encoded unit, and the errors that every source
// and codec shares. It has no policy, no goroutine, no cgo and no third party;
// everything else in media/ and call/ is written in its terms.
//
// A picture travels
//
//	camera ──Frame──> encoder ──Unit──> one track per peer
//	    └──Frame──> latest.Slot ──> self view
//	RTP ──> jitter.Buffer ──Unit──> decoder ──Frame──> latest.Slot ──> canvas
//
// and sound travels in PCM blocks of 10 ms:
//
//	microphone ──PCM──> Opus ──Unit──> one track per peer
//	RTP ──> voice.Stream ──PCM──> mixer ──> speaker
package media

import (
	"errors"
	"time"
)

// Codec names an encoding by its MIME subtype as in SDP.
type Codec uint8

// The codecs that Parley sends or receives.
const (
	VP8 Codec = iota + 1
	Opus
)

// String returns the name used in SDP: "VP8", "opus".
func (c Codec) String() string {
	switch c {
	case VP8:
		return "VP8"
	case Opus:
		return "opus"
	}
	return "unknown"
}

// Unit is one encoded picture or one Opus packet.
type Unit struct {
	Codec Codec
	Data  []byte        // owned by the producer; its documentation says until when it is valid
	PTS   time.Duration // capture clock of the sender, or media clock of the stream
	Dur   time.Duration
	Key   bool // a picture that can be decoded alone; always true for Opus
	// NTP is the sender's wall clock at capture, if known from sender reports:
	// what lip sync compares between a person's sound and picture.
	NTP time.Time
}

// Voice in Parley is 48 kHz in blocks of 10 ms everywhere between the
// microphone and the speaker; devices that differ are converted at their edge.
const (
	SampleRate   = 48000
	BlockSamples = SampleRate / 100 // per channel
	BlockDur     = 10 * time.Millisecond
)

// PCM is 10 ms of interleaved signed 16-bit samples.
type PCM struct {
	Samples  []int16 // BlockSamples*Channels; owned as the producer's documentation says
	Rate     int     // Hz
	Channels int
	PTS      time.Duration // capture clock
}

// Errors that sources and codecs return, wrapped, for callers to act on.
var (
	// ErrSourceLost: the device was unplugged, taken by another program, or the
	// file behind it ended. Open another source.
	ErrSourceLost = errors.New("source lost")
	// ErrClosed: the object was used after Close.
	ErrClosed = errors.New("closed")
	// ErrCorrupt: input that cannot be decoded. The decoder stays usable; for
	// video, the next key frame mends the picture.
	ErrCorrupt = errors.New("corrupt data")
)
