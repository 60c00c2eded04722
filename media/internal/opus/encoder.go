package opus

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"parley/media"
)

// Config is what an encoder is opened with. Default gives the values of a
// voice call.
type Config struct {
	Channels   int  // 1 or 2
	BitrateBps int  // bit/s, 6000 to 510000
	Complexity int  // 0 to 10
	FEC        bool // in-band repair of the previous frame (RFC 6716 section 2.1.7)
	DTX        bool // hardly any packets during silence (section 2.1.9)
	Music      bool // shared sound rather than speech
}

// Default is 32 kbit/s mono speech with in-band FEC, complexity 9 as in
// libwebrtc on a desktop.
func Default() Config {
	return Config{Channels: 1, BitrateBps: 32000, Complexity: 9, FEC: true}
}

// Validate reports the first field that cannot be used.
func (c Config) Validate() error {
	switch {
	case c.Channels != 1 && c.Channels != 2:
		return fmt.Errorf("opus: %d channels, want 1 or 2", c.Channels)
	case c.BitrateBps < 6000 || c.BitrateBps > 510000:
		return fmt.Errorf("opus: bitrate %d bit/s, want 6000 to 510000", c.BitrateBps)
	case c.Complexity < 0 || c.Complexity > 10:
		return fmt.Errorf("opus: complexity %d, want 0 to 10", c.Complexity)
	}
	return nil
}

// Encoder encodes one stream. Its methods may be called from several
// goroutines; they run one at a time.
type Encoder struct {
	channels int // static

	mu     sync.Mutex // guards all below
	c      *C.OpusEncoder
	out    []byte
	closed bool
}

// NewEncoder opens an encoder for speech over a lossy network.
func NewEncoder(cfg Config) (*Encoder, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	var code C.int
	c := C.opus_encoder_create(SampleRate, C.int(cfg.Channels), C.OPUS_APPLICATION_VOIP, &code)
	if c == nil || code != C.OPUS_OK {
		return nil, fmt.Errorf("opus: open encoder: %w", codeError(code))
	}
	e := &Encoder{channels: cfg.Channels, c: c, out: make([]byte, maxPacket)}
	codes := []C.int{
		C.parley_enc_bitrate(c, C.opus_int32(cfg.BitrateBps)),
		C.parley_enc_complexity(c, C.opus_int32(cfg.Complexity)),
		C.parley_enc_fec(c, cBool(cfg.FEC)),
		C.parley_enc_dtx(c, cBool(cfg.DTX)),
	}
	if cfg.Music {
		codes = append(codes, C.parley_enc_signal_music(c))
	} else {
		codes = append(codes, C.parley_enc_signal_voice(c))
	}
	for _, code := range codes {
		if code != C.OPUS_OK {
			e.Close()
			return nil, fmt.Errorf("opus: set up encoder: %w", codeError(code))
		}
	}
	return e, nil
}

// Encode encodes one frame: interleaved samples, 2.5, 5, 10, 20, 40 or 60 ms.
// The packet is valid until the next call. A packet of one or two bytes says
// that nothing is to be heard and need not be sent (only with DTX).
func (e *Encoder) Encode(pcm []int16) ([]byte, error) {
	n := len(pcm) / e.channels
	if n*e.channels != len(pcm) || !legalFrame(n) {
		return nil, fmt.Errorf("opus: encode: %d samples in %d channels are no Opus frame", len(pcm), e.channels)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, fmt.Errorf("opus: encode: %w", media.ErrClosed)
	}
	r := C.opus_encode(e.c, (*C.opus_int16)(unsafe.SliceData(pcm)), C.int(n), (*C.uchar)(unsafe.SliceData(e.out)), C.opus_int32(len(e.out)))
	if r < 0 {
		return nil, fmt.Errorf("opus: encode: %w", codeError(r))
	}
	return e.out[:r], nil
}

// legalFrame says whether n samples per channel are a frame that libopus
// encodes (RFC 6716 section 2.1.4).
func legalFrame(n int) bool {
	switch n {
	case 120, 240, 480, 960, 1920, 2880:
		return true
	}
	return false
}

// SetBitrate changes the target, in bit/s.
func (e *Encoder) SetBitrate(bps int) error {
	if bps < 6000 || bps > 510000 {
		return fmt.Errorf("opus: bitrate %d bit/s, want 6000 to 510000", bps)
	}
	return e.set("bitrate", func() C.int { return C.parley_enc_bitrate(e.c, C.opus_int32(bps)) })
}

// SetPacketLoss tells the encoder how much the network loses, 0 to 100
// percent: what in-band FEC spends follows from it, nothing at 0.
func (e *Encoder) SetPacketLoss(percent int) error {
	percent = min(max(percent, 0), 100)
	return e.set("packet loss", func() C.int { return C.parley_enc_loss(e.c, C.opus_int32(percent)) })
}

// SetFEC switches in-band repair.
func (e *Encoder) SetFEC(on bool) error {
	return e.set("FEC", func() C.int { return C.parley_enc_fec(e.c, cBool(on)) })
}

// SetDTX switches discontinuous transmission.
func (e *Encoder) SetDTX(on bool) error {
	return e.set("DTX", func() C.int { return C.parley_enc_dtx(e.c, cBool(on)) })
}

// SetComplexity trades CPU for quality, 0 to 10.
func (e *Encoder) SetComplexity(n int) error {
	if n < 0 || n > 10 {
		return fmt.Errorf("opus: complexity %d, want 0 to 10", n)
	}
	return e.set("complexity", func() C.int { return C.parley_enc_complexity(e.c, C.opus_int32(n)) })
}

// Reset forgets the past, as after a pause of the microphone.
func (e *Encoder) Reset() error {
	return e.set("reset", func() C.int { return C.parley_enc_reset(e.c) })
}

// Lookahead is the delay that the encoder adds, in samples per channel.
func (e *Encoder) Lookahead() (int, error) {
	var n C.opus_int32
	err := e.set("lookahead", func() C.int { return C.parley_enc_lookahead(e.c, &n) })
	return int(n), err
}

func (e *Encoder) set(what string, ctl func() C.int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("opus: encoder %s: %w", what, media.ErrClosed)
	}
	if code := ctl(); code != C.OPUS_OK {
		return fmt.Errorf("opus: encoder %s: %w", what, codeError(code))
	}
	return nil
}

// Close frees the encoder, after a call under way. More calls do nothing.
func (e *Encoder) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		C.opus_encoder_destroy(e.c)
		e.c = nil
	}
	return nil
}

func cBool(b bool) C.opus_int32 {
	if b {
		return 1
	}
	return 0
}

func codeError(code C.int) error { return errors.New("libopus: " + C.GoString(C.opus_strerror(code))) }
