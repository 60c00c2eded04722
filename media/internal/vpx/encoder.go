package vpx

/*
#include "encoder.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"parley/media"
)

// Encoder encodes pictures of one size as VP8. Its methods may be called from
// several goroutines; they run one at a time.
type Encoder struct {
	mu     sync.Mutex // guards all below
	c      *C.parley_encoder
	cfg    Config
	clock  clock
	out    []byte
	want   bool // a key frame was asked for and has not come out yet
	closed bool
}

// NewEncoder opens an encoder. Its first picture is a key frame; after that
// key frames come only on request and after a change of size.
func NewEncoder(cfg Config) (*Encoder, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c, err := open(cfg)
	if err != nil {
		return nil, err
	}
	return &Encoder{c: c, cfg: cfg}, nil
}

func open(cfg Config) (*C.parley_encoder, error) {
	p := cfg.params()
	s := C.parley_settings{
		width: C.uint(cfg.Width), height: C.uint(cfg.Height), kbps: C.uint(cfg.BitrateKbps), threads: C.uint(p.threads),
		min_q: C.uint(p.minQ), max_q: maxQ, undershoot: undershootPct, overshoot: overshootPct,
		buf_initial: bufInitialMs, buf_optimal: bufOptimalMs, buf_max: bufMaxMs, drop: dropFrameThresh,
		cpu_used: C.int(p.cpuUsed), noise: C.uint(p.noiseSensitivity), static_threshold: C.uint(p.staticThreshold),
		screen_mode: C.uint(p.screenMode), max_intra: C.uint(p.maxIntraPct),
	}
	var code C.vpx_codec_err_t
	c := C.parley_encoder_open(&s, &code)
	if c == nil {
		return nil, fmt.Errorf("vpx: open encoder for %dx%d: %w", cfg.Width, cfg.Height, codeError(code))
	}
	return c, nil
}

// Config returns the configuration in force.
func (e *Encoder) Config() Config {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cfg
}

// Configure changes bitrate, frame rate, size or kind of content. Nothing
// happens when nothing differs. Bitrate and frame rate change in place; the
// rest opens the encoder anew, and the next picture is a key frame. On an
// error the encoder goes on as it was.
func (e *Encoder) Configure(cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("vpx: configure encoder: %w", media.ErrClosed)
	}
	if cfg == e.cfg {
		return nil
	}
	inPlace := cfg
	inPlace.BitrateKbps, inPlace.FPS = e.cfg.BitrateKbps, e.cfg.FPS
	if inPlace == e.cfg {
		if code := C.parley_encoder_rate(e.c, C.uint(cfg.BitrateKbps), C.uint(cfg.params().maxIntraPct)); code != C.VPX_CODEC_OK {
			return fmt.Errorf("vpx: set %d kbit/s: %w", cfg.BitrateKbps, codeError(code))
		}
		e.cfg = cfg
		return nil
	}
	c, err := open(cfg)
	if err != nil {
		return err
	}
	C.parley_encoder_close(e.c)
	e.c, e.cfg, e.clock = c, cfg, clock{}
	return nil
}

// Encode encodes one picture of the configured size, as a key frame if key is
// set. The unit carries the frame's PTS and NTP; its Data is valid until the
// next call of Encode. Data is empty, without an error, when the rate control
// dropped the picture; a key frame asked for is never lost that way: it comes
// with the next picture that is not dropped. f.PTS should increase; where it
// does not, the encoder assumes one frame interval.
func (e *Encoder) Encode(f *media.Frame, key bool) (media.Unit, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return media.Unit{}, fmt.Errorf("vpx: encode: %w", media.ErrClosed)
	}
	if err := checkFrame(f, e.cfg.Width, e.cfg.Height); err != nil {
		return media.Unit{}, err
	}
	e.want = e.want || key
	nominal := int64(clockRate / e.cfg.FPS)
	start, dur := e.clock.next(f.PTS, nominal)
	p := C.parley_encoder_encode(e.c,
		(*C.uint8_t)(unsafe.SliceData(f.Y)), (*C.uint8_t)(unsafe.SliceData(f.U)), (*C.uint8_t)(unsafe.SliceData(f.V)),
		C.int(f.YStride), C.int(f.UVStride), C.int64_t(start), C.ulong(dur), cBool(e.want))
	if p.err != C.VPX_CODEC_OK {
		return media.Unit{}, fmt.Errorf("vpx: encode: %w", codeError(p.err))
	}
	u := media.Unit{
		Codec: media.VP8,
		PTS:   f.PTS,
		Dur:   time.Second / time.Duration(e.cfg.FPS),
		NTP:   f.NTP,
	}
	if p.data == nil {
		return u, nil
	}
	e.out = append(e.out[:0], unsafe.Slice((*byte)(p.data), int(p.len))...)
	u.Data = e.out
	u.Key = p.key != 0
	if u.Key {
		e.want = false
	}
	return u, nil
}

// Close frees the encoder, after a call under way. More calls do nothing.
func (e *Encoder) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.closed = true
		C.parley_encoder_close(e.c)
		e.c = nil
	}
	return nil
}

func cBool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
