package local

import (
	"sync"

	"parley/media/voice"
)

// playback is what one output device plays: voices of a call, and clips
// (ringing, "play a sound"). It knows when the clips are over, so that a device
// that was opened for them alone can be closed.
type playback struct {
	mixer *voice.Mixer
	idle  chan struct{} // capacity 1: a clip is over

	mu    sync.Mutex
	clips []*playing // guarded by mu
}

// playing is one clip in the mixer.
type playing struct {
	clip   *voice.Clip
	source *voice.Source
	loop   bool
	tail   int // blocks still to come after its end
}

// tailBlocks of silence follow a clip, so that a device that is closed after
// it has played all of it.
const tailBlocks = 30

func newPlayback() *playback {
	return &playback{mixer: voice.NewMixer(), idle: make(chan struct{}, 1)}
}

func (p *playback) play(samples []int16, loop bool) *voice.Clip {
	clip := voice.NewClip(samples, loop)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clips = append(p.clips, &playing{clip: clip, source: p.mixer.Add(clip), loop: loop, tail: tailBlocks})
	return clip
}

// unheard is called when no device could be opened: a sound that comes minutes
// late, when one is plugged in, helps nobody; ringing goes on.
func (p *playback) unheard() {
	p.forget(func(c *playing) bool { return !c.loop || stopped(c.clip) })
}

// busy reports whether any clip is to be played.
func (p *playback) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.clips) > 0
}

// pull fills out with the next 10 ms. It runs in the callback of the sound
// device, which also finds out here that a clip is over.
func (p *playback) pull(out []int16) {
	p.mixer.Pull(out)
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.clips[:0]
	for _, c := range p.clips {
		if stopped(c.clip) {
			c.tail--
		}
		if c.tail > 0 {
			kept = append(kept, c)
		} else {
			p.mixer.Remove(c.source)
		}
	}
	if len(kept) == len(p.clips) {
		return
	}
	clear(p.clips[len(kept):])
	p.clips = kept
	select {
	case p.idle <- struct{}{}:
	default:
	}
}

// forget drops the clips that gone says are of no use any more.
func (p *playback) forget(gone func(*playing) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.clips[:0]
	for _, c := range p.clips {
		if gone(c) {
			c.clip.Stop()
			p.mixer.Remove(c.source)
		} else {
			kept = append(kept, c)
		}
	}
	clear(p.clips[len(kept):])
	p.clips = kept
}

func stopped(c *voice.Clip) bool {
	select {
	case <-c.Done():
		return true
	default:
		return false
	}
}

// Play plays 48 kHz mono samples, again and again if loop, on the ringer or
// the speaker, which is opened for it if need be, until they end or stop is
// called. The samples must not change any more.
func (m *Media) Play(samples []int16, ringer, loop bool) (stop func()) {
	m.mu.Lock()
	own := m.ringerTo != ""
	m.mu.Unlock()
	p, l := m.spk, m.speaker
	if ringer && own {
		p, l = m.ring, m.ringer
	}
	clip := p.play(samples, loop)
	l.poke()
	return func() {
		clip.Stop()
		if !m.open(l) { // nobody pulls, who would notice
			p.forget(func(c *playing) bool { return stopped(c.clip) })
			l.poke()
		}
	}
}
