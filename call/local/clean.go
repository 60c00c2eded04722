package local

import (
	"math"

	"parley/media"
	"parley/media/device"
	"parley/media/mic"
)

// unknown is what SpeakingLikely does not know.
const unknown = -1

// cleaner returns what the sound of one open microphone goes through, and what
// ends that. Both belong to the microphone's pump.
func (m *Media) cleaner(info device.Info) (clean func(media.PCM) media.PCM, done func()) {
	m.hear(unknown)
	if m.cfg.Mic == nil || madeUp(info) {
		return func(p media.PCM) media.PCM { return p }, func() {}
	}
	var chain *mic.Chain
	if m.cfg.Reference != nil {
		chain = m.cfg.Mic.NewChain(m.cfg.Reference.NewReader())
	} else {
		chain = m.cfg.Mic.NewChain(nil)
	}
	var state mic.State
	show := func(now mic.State) {
		if now == state {
			return
		}
		state = now
		m.log.Info("microphone's sound", "echo", now.Echo, "noise", now.Noise, "gain", now.Gain)
		m.change(func() { m.cleaned = now })
	}
	clean = func(p media.PCM) media.PCM {
		p = chain.Process(p, *m.cleaning.Load())
		now := chain.State()
		show(now)
		if p, ok := chain.Voice(); ok {
			m.hear(p)
		} else {
			m.hear(unknown)
		}
		return p
	}
	done = func() {
		m.hear(unknown)
		show(mic.State{})
		if err := chain.Close(); err != nil {
			m.log.Warn("microphone stages not freed", "err", err)
		}
	}
	return clean, done
}

func (m *Media) hear(likely float32) { m.speaking.Store(math.Float32bits(likely)) }

// madeUp reports whether a microphone hears nothing but a test tone, which a
// noise suppression would rightly take out.
func madeUp(info device.Info) bool {
	sel, err := device.ParseSelector(info.ID)
	return info.Virtual && err == nil && sel.Choice == device.Tone
}
