package send

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
)

// AudioEncoder turns 20 ms of 48 kHz mono into one Opus packet.
type AudioEncoder interface {
	// Encode returns a packet valid until the next call; an empty one means
	// that nothing need be sent (DTX).
	Encode(samples []int16) ([]byte, error)
	// SetPacketLoss says how much repair data is worth sending, in percent lost.
	SetPacketLoss(percent int) error
	Close() error
}

const (
	packetDur     = 20 * time.Millisecond
	packetSamples = 2 * media.BlockSamples
	// mutedTail is how long silence is sent after muting: it ends the last
	// sound without a click and lets the other's comfort noise take over.
	mutedTail = 200 * time.Millisecond
)

// AudioConfig makes an Audio.
type AudioConfig struct {
	NewEncoder func() (AudioEncoder, error)
	Log        *slog.Logger
}

// AudioStats are totals since the Audio was made.
type AudioStats struct {
	Packets, Bytes uint64
	Samples        uint64  // captured while anybody listened, per channel
	Energy         float64 // sum of (sample/32768)² over Samples, of what was sent
}

// Audio packs 10 ms blocks of one microphone into 20 ms packets for all its
// receivers. Write is for one goroutine, the microphone's; the rest is safe
// for concurrent use.
type Audio struct {
	cfg   AudioConfig
	muted atomic.Bool
	loss  atomic.Int32 // percent

	mu      sync.Mutex
	writers []audioLeg // replaced, never changed in place
	nextID  int
	stats   AudioStats

	// Owned by the writer of blocks.
	enc    AudioEncoder
	failed bool
	buf    [packetSamples]int16
	filled int
	pts    time.Duration // of buf[0]
	quiet  time.Duration // how long silence has been sent since muting
	repair int32         // percent lost that enc was told
}

type audioLeg struct {
	id int
	w  unitWriter
}

// NewAudio returns an Audio without receivers.
func NewAudio(cfg AudioConfig) *Audio {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Audio{cfg: cfg}
}

// Attach adds a receiver and returns what takes it out again.
func (a *Audio) Attach(w unitWriter) (detach func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.nextID++
	id := a.nextID
	a.writers = append(a.writers[:len(a.writers):len(a.writers)], audioLeg{id, w})
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		kept := make([]audioLeg, 0, len(a.writers))
		for _, l := range a.writers {
			if l.id != id {
				kept = append(kept, l)
			}
		}
		a.writers = kept
	}
}

// SetMuted makes Write send silence for 200 ms and then nothing; the time
// stamps go on, so that the receiver sees a pause and not a loss.
func (a *Audio) SetMuted(muted bool) { a.muted.Store(muted) }

// SetLoss says which share of the packets, 0 to 1, the worst receiver loses.
func (a *Audio) SetLoss(share float64) { a.loss.Store(int32(100*min(max(share, 0), 1) + 0.5)) }

// Stats are the totals so far.
func (a *Audio) Stats() AudioStats {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.stats
}

// Write takes one 10 ms block of 48 kHz mono; it never blocks and copies what
// it keeps. A gap in the capture clock starts a new packet.
func (a *Audio) Write(p media.PCM) error {
	if p.Rate != media.SampleRate || p.Channels != 1 || len(p.Samples) != media.BlockSamples {
		return fmt.Errorf("sound of %d Hz, %d channels, %d samples: want 10 ms of 48 kHz mono", p.Rate, p.Channels, len(p.Samples))
	}
	a.mu.Lock()
	writers := a.writers
	a.mu.Unlock()
	if len(writers) == 0 {
		a.filled, a.quiet = 0, 0
		return nil
	}
	if a.filled > 0 {
		if gap := p.PTS - (a.pts + media.BlockDur); gap < -media.BlockDur/2 || gap > media.BlockDur/2 {
			a.filled = 0
		}
	}
	if a.filled == 0 {
		a.pts = p.PTS
	}
	block := a.buf[a.filled : a.filled+media.BlockSamples]
	a.filled += media.BlockSamples
	muted := a.muted.Load()
	var energy float64
	if muted {
		clear(block)
	} else {
		copy(block, p.Samples)
		for _, s := range block {
			energy += float64(s) * float64(s)
		}
	}
	a.mu.Lock()
	a.stats.Samples += media.BlockSamples
	a.stats.Energy += energy / (1 << 30)
	a.mu.Unlock()
	if a.filled < packetSamples {
		return nil
	}
	a.filled = 0
	if !muted {
		a.quiet = 0
	} else if a.quiet += packetDur; a.quiet > mutedTail {
		return nil
	}
	return a.packet(writers)
}

func (a *Audio) packet(writers []audioLeg) error {
	if a.enc == nil {
		if a.failed {
			return nil
		}
		enc, err := a.cfg.NewEncoder()
		if err != nil {
			a.failed = true // said once; a library that is not there does not come
			return fmt.Errorf("no sound encoder: %w", err)
		}
		a.enc, a.repair = enc, 0
	}
	if loss := a.loss.Load(); loss != a.repair {
		if err := a.enc.SetPacketLoss(int(loss)); err != nil {
			return fmt.Errorf("encode sound: %w", err)
		}
		a.repair = loss
	}
	data, err := a.enc.Encode(a.buf[:])
	if err != nil {
		return fmt.Errorf("encode sound: %w", err)
	}
	if len(data) == 0 {
		return nil
	}
	u := media.Unit{Codec: media.Opus, Data: data, PTS: a.pts, Dur: packetDur, Key: true}
	var refused error
	for _, l := range writers {
		if err := l.w.WriteUnit(u); err != nil && !errors.Is(err, media.ErrClosed) {
			refused = err
		}
	}
	a.mu.Lock()
	a.stats.Packets++
	a.stats.Bytes += uint64(len(data))
	a.mu.Unlock()
	return refused
}

// Close frees the encoder. Write must not run any more.
func (a *Audio) Close() error {
	if a.enc == nil {
		return nil
	}
	enc := a.enc
	a.enc, a.failed = nil, true
	return enc.Close()
}

// Level is the linear RMS (0 to 1) between two counts of Stats.
func (s AudioStats) Level(before AudioStats) (float64, bool) {
	n := s.Samples - before.Samples
	if s.Samples < before.Samples || n == 0 {
		return 0, false
	}
	return math.Sqrt(max(s.Energy-before.Energy, 0) / float64(n)), true
}
