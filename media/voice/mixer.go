package voice

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"parley/media"
)

// puller is a Stream, a Clip or anything else that fills blocks of 10 ms of
// 48 kHz mono.
type puller interface{ Pull(out []int16) }

// Mixer adds up what is to be heard: talkers, ring tones, sounds. Add, Remove
// and Mute may be called from anywhere; Pull belongs to the device's callback.
// The lock is held while the sources are pulled, so that after Remove nobody
// is pulling that source any more; it costs Add and Remove at most one block's
// decoding.
type Mixer struct {
	meter LevelMeter
	muted atomic.Bool

	mu      sync.Mutex // guards all below
	sources []*Source
	one     [media.BlockSamples]int16
	sum     [media.BlockSamples]float32
	mixed   [media.BlockSamples]int16
	rest    int // samples at the end of mixed that were not asked for yet
	limit   float32
}

// Source is one input of a Mixer.
type Source struct {
	p      puller
	volume atomic.Uint32 // bits of a float32
	now    float32       // owned by Pull: where the ramp to volume is
	fresh  bool
}

// NewMixer returns a mixer without sources: silence.
func NewMixer() *Mixer { return &Mixer{limit: 1} }

// Add mixes in p at full volume from the next block on.
func (m *Mixer) Add(p puller) *Source {
	s := &Source{p: p, fresh: true}
	s.SetVolume(1)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sources = append(m.sources, s)
	return s
}

// Remove takes s out. When it returns, nothing pulls from it any more. A
// source that is not there is ignored.
func (m *Mixer) Remove(s *Source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.sources, s); i >= 0 {
		m.sources = slices.Delete(m.sources, i, i+1)
	}
}

// SetVolume sets the linear gain, 0 to 2; 1 leaves the sound as it is. The
// change is spread over a block, so that it does not click.
func (s *Source) SetVolume(v float64) {
	if math.IsNaN(v) {
		return
	}
	s.volume.Store(math.Float32bits(float32(min(max(v, 0), 2))))
}

// Mute silences the speaker; the sources go on playing unheard.
func (m *Mixer) Mute(on bool) { m.muted.Store(on) }

// Level is the meter of what goes to the speaker.
func (m *Mixer) Level() *LevelMeter { return &m.meter }

// Pull fills out, of any length, with 48 kHz mono.
func (m *Mixer) Pull(out []int16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(out) > 0 {
		if m.rest == 0 {
			m.blockLocked()
			m.rest = len(m.mixed)
		}
		n := copy(out, m.mixed[len(m.mixed)-m.rest:])
		m.rest -= n
		out = out[n:]
	}
}

func (m *Mixer) blockLocked() {
	clear(m.sum[:])
	for _, s := range m.sources {
		clear(m.one[:])
		s.p.Pull(m.one[:])
		to := math.Float32frombits(s.volume.Load())
		if s.fresh {
			s.now, s.fresh = to, false
		}
		step := (to - s.now) / float32(len(m.one))
		g := s.now
		for i, v := range m.one {
			g += step
			m.sum[i] += g * float32(v)
		}
		s.now = to
	}
	if m.muted.Load() {
		clear(m.sum[:])
	}
	m.limitLocked()
	m.meter.Write(m.mixed[:])
}

const (
	full     = 32767
	recovery = 1.005 // per block: 4.3 dB a second
)

// limitLocked brings the sum into the range of 16 bits. When it is too loud,
// the gain comes down on the way to the first sample that would not fit, and
// goes back up slowly: one talker alone passes untouched.
func (m *Mixer) limitLocked() {
	from, to := m.limit, min(m.limit*recovery, 1)
	top, first := float32(0), len(m.sum)
	for i, v := range m.sum {
		v = max(v, -v)
		top = max(top, v)
		if v*max(from, to) > full && first == len(m.sum) {
			first = i
		}
	}
	if top*to > full {
		to = full / top
	}
	step := (to - from) / float32(max(first, 1))
	g := from
	for i, v := range m.sum {
		if g += step; i >= first {
			g = to
		}
		m.mixed[i] = int16(min(max(v*g, -full), full))
	}
	m.limit = to
}
