package virtual

import (
	"context"
	"math"
	"time"

	"parley/media"
	"parley/media/device"
)

// audioSlack is what a microphone of this package keeps for a late reader.
const audioSlack = 200 * time.Millisecond

// Tone is a microphone that hears a sine of -12 dBFS, or nothing.
type Tone struct {
	pace
	info  device.Info
	step  float64 // radians per sample; 0: silence
	block [media.BlockSamples]int16
	lost  lostCounter
}

// toneAmplitude is -12 dBFS.
const toneAmplitude = 0.2512 * 32768

// NewTone returns a microphone that hears a sine of hz.
func NewTone(hz float64, clock device.Clock) *Tone {
	sel := device.Selector{Choice: device.Tone, Hz: hz}
	return &Tone{
		pace: newPace(clock, media.BlockDur.Seconds()),
		info: device.Info{ID: sel.String(), Name: "Tone", Kind: device.Microphone, Virtual: true},
		step: 2 * math.Pi * hz / media.SampleRate,
	}
}

// NewSilence returns a microphone that hears nothing.
func NewSilence(clock device.Clock) *Tone {
	return &Tone{
		pace: newPace(clock, media.BlockDur.Seconds()),
		info: device.Info{ID: "null", Name: "Silence", Kind: device.Microphone, Virtual: true},
	}
}

// Next implements device.AudioSource.
func (t *Tone) Next(ctx context.Context) (media.PCM, error) {
	before := t.n
	n, pts, err := t.next(ctx, audioSlack)
	if err != nil {
		return media.PCM{}, err
	}
	t.lost.add(n - before)
	if t.step != 0 {
		for i := range t.block {
			// From the sample's number, so that the tone has no seam anywhere.
			k := (n*media.BlockSamples + int64(i)) % (media.SampleRate * 1000)
			t.block[i] = int16(toneAmplitude * math.Sin(t.step*float64(k)))
		}
	}
	return media.PCM{Samples: t.block[:], Rate: media.SampleRate, Channels: 1, PTS: pts}, nil
}

// Info implements device.AudioSource.
func (t *Tone) Info() device.Info { return t.info }

// Lost implements device.AudioSource.
func (t *Tone) Lost() uint64 { return t.lost.samples.Load() }
