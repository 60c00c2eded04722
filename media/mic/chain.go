package mic

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
	"parley/media/internal/apm"
)

const rate = media.SampleRate

// reference is what the speaker plays: device.ReferenceReader.
type reference interface {
	// Read fills dst with what is played while the microphone hears its next
	// block; false: there is no speaker.
	Read(dst []int16) bool
	// Moved counts how often the echo may have moved.
	Moved() int
}

// Chain is what the sound of one open microphone goes through. It belongs to
// the goroutine that reads the microphone.
type Chain struct {
	kit *Kit
	ref reference

	asked bool
	wg    sync.WaitGroup
	made  atomic.Pointer[stages] // by the goroutine that builds them

	have  *stages // nil: not made yet
	high  *highPass
	gain  gain
	limit *limiter
	far   far
	guard guard

	movedAt int

	state   State
	voice   float32 // as Voice
	listens bool
	does    path // in the block before
	last    int16
	spk     [media.BlockSamples]int16
	ref32   [media.BlockSamples]float32
	sound   [media.BlockSamples]float32
	spare   [media.BlockSamples]float32
	out     [media.BlockSamples]int16
}

// path is which stages a block went through.
type path struct{ high, echo, noise, limit bool }

// delay is how much later the sound comes out, in samples.
func (p path) delay() (n int) {
	if p.echo {
		n += apm.CancellerDelay
	}
	if p.noise {
		n += apm.SuppressorDelay
	}
	if p.limit {
		n += lookAhead
	}
	return n
}

// NewChain returns the way of one microphone's sound. ref may be nil: nothing
// is played.
func (k *Kit) NewChain(ref reference) *Chain {
	return &Chain{kit: k, ref: ref, high: newHighPass(cutHz), limit: newLimiter()}
}

// Process does to 10 ms of 48 kHz mono what o says. The result is valid until
// the next call; it is p itself when nothing is wanted. What comes out later
// than it went in has its time stamp put back as far.
func (c *Chain) Process(p media.PCM, o Options) media.PCM {
	playing := c.ref != nil && c.ref.Read(c.spk[:])
	if p.Rate != rate || p.Channels != 1 || len(p.Samples) != media.BlockSamples {
		return p // call/send refuses it and says why
	}
	if o == (Options{}) {
		c.state, c.voice, c.listens = State{}, 0, false
		c.does, c.last = path{}, p.Samples[len(p.Samples)-1]
		return p
	}
	c.prepare(o)
	does := path{high: true}
	if !c.does.high {
		c.high.reset()
	}
	sound := c.sound[:]
	for i, v := range p.Samples {
		sound[i] = float32(v)
	}
	c.high.process(sound)
	before := meanPower(sound)
	does.echo = o.Echo && c.cancel(sound, playing)
	c.far.note(c.spk[:], playing, before, meanPower(sound))
	if does.echo {
		if n := c.moved(); n != c.movedAt {
			c.movedAt = n
			c.guard.again()
		}
		c.guard.process(sound, c.far.speaks(), c.far.echoes())
	}
	theirs := c.far.alone(does.echo) || does.echo && c.guard.holds(c.far.echoes())
	does.noise = c.suppress(sound, o)
	if o.Gain {
		does.limit = true
		if !c.does.limit {
			c.limit.reset()
		}
		c.gain.process(sound, c.voice, theirs)
		c.limit.process(sound)
	}
	if theirs {
		c.voice = 0 // what is left of the other's
	}
	c.finish(does)
	c.note(o)
	p.Samples = c.out[:]
	p.PTS -= time.Duration(does.delay()) * time.Second / rate
	return p
}

func (c *Chain) moved() int {
	if c.ref == nil {
		return 0
	}
	return c.ref.Moved()
}

// prepare has what is wanted built, off this goroutine.
func (c *Chain) prepare(o Options) {
	if c.have == nil {
		c.have = c.made.Load()
	}
	if !c.asked && (HasEcho() && o.Echo || HasNoise() && (o.Noise || o.Gain)) {
		c.asked = true
		c.wg.Go(func() { c.made.Store(c.kit.build()) })
	}
}

// cancel takes the speaker's sound out; false when it could not.
func (c *Chain) cancel(sound []float32, playing bool) bool {
	if c.have == nil || c.have.echo == nil || c.have.echoErr != nil {
		return false
	}
	if !playing {
		clear(c.ref32[:])
	} else {
		for i, v := range c.spk {
			c.ref32[i] = float32(v)
		}
	}
	if err := c.have.echo.Process(c.ref32[:], sound); err != nil {
		c.have.echoErr = err
		c.kit.log.Error("echo is not cancelled any more", "err", err)
		return false
	}
	return true
}

// suppress takes noise out if that is wanted, and listens for a voice in any case.
func (c *Chain) suppress(sound []float32, o Options) bool {
	c.voice, c.listens = 0, false
	if !o.Noise && !o.Gain || c.have == nil || c.have.noise == nil || c.have.noiseErr != nil {
		return false
	}
	to := sound
	if !o.Noise {
		to = c.spare[:]
		copy(to, sound)
	}
	voice, err := c.have.noise.Process(to)
	if err != nil {
		c.have.noiseErr = err
		c.kit.log.Error("noise is not suppressed any more", "err", err)
		return false
	}
	c.voice, c.listens = voice, true
	return o.Noise
}

// finish makes whole samples. Where the way of the sound has changed, and with
// it the moment that is heard, the first 2 ms lead over from the last sample.
func (c *Chain) finish(does path) {
	const lead = 2 * rate / 1000
	var off float32
	if does != c.does {
		off = float32(c.last) - c.sound[0]
	}
	for i, v := range c.sound {
		if i < lead {
			v += off * float32(lead-i) / lead
		}
		c.out[i] = int16(math.RoundToEven(float64(min(max(v, -32768), 32767))))
	}
	c.does, c.last = does, c.out[len(c.out)-1]
}

func (c *Chain) note(o Options) {
	c.state = State{Gain: stageOf(o.Gain, true, nil)}
	var echoErr, noiseErr error
	there := c.have != nil
	switch {
	case there:
		echoErr, noiseErr = c.have.echoErr, c.have.noiseErr
	default:
		if !HasEcho() {
			echoErr = ErrMissing
		}
		if !HasNoise() {
			noiseErr = ErrMissing
		}
	}
	c.state.Echo, c.state.Noise = stageOf(o.Echo, there, echoErr), stageOf(o.Noise, there, noiseErr)
}

// State is what was done to the block that Process returned last.
func (c *Chain) State() State { return c.state }

// Voice is how likely somebody at this microphone speaks, 0 to 1, as of the
// last block. ok is false when nothing listens for it.
func (c *Chain) Voice() (likely float32, ok bool) { return c.voice, c.listens }

// Close waits for what is still being built, and frees it.
func (c *Chain) Close() error {
	c.wg.Wait()
	s := c.made.Swap(nil)
	c.have = nil
	if s == nil {
		return nil
	}
	return s.close()
}
