package sound

import (
	"context"
	"time"

	"github.com/gen2brain/malgo"

	"parley/media/device"
)

// playPeriod is how much a speaker asks for at a time, and what PulseAudio
// keeps ahead of it. On two busy cores 10 ms ran dry now and then (180 ms of
// gaps in one of four runs of 10 s), 20 ms hardly ever (5 ms in one of five).
const playPeriod = 20 * time.Millisecond

// periods is how many of them ALSA buffers.
const periods = 3

// Speaker is an open speaker.
type Speaker struct {
	*stream
	delay time.Duration
}

// OpenSpeaker opens the system's default or the speaker with an ID of List and
// plays what pull delivers: media.BlockSamples samples at a time, in the
// callback of the device, so pull must not block or allocate.
func (s *System) OpenSpeaker(ctx context.Context, sel device.Selector, pull device.Pull) (device.SpeakerOut, error) {
	b := &blocks{pull: pull}
	st, err := s.openStream(ctx, device.Speaker, sel, playPeriod, func(out, _ []int16) { b.fill(out) })
	if err != nil {
		return nil, err
	}
	spk := &Speaker{stream: st, delay: periods * playPeriod}
	if st.backend == malgo.BackendPulseaudio {
		spk.delay = playPeriod * 5 / 4 // measured 25 ms from pull to the monitor's own stamp
	}
	return spk, nil
}

// Info implements device.SpeakerOut.
func (s *Speaker) Info() device.Info { return s.info }

// Delay implements device.SpeakerOut: the buffers of this program and the sound
// server. The path behind them (a Bluetooth headset) is not known here.
func (s *Speaker) Delay() time.Duration { return s.delay }

// Lost implements device.SpeakerOut.
func (s *Speaker) Lost() <-chan struct{} { return s.stream.lost }
