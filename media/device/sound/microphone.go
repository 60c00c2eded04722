package sound

import (
	"context"

	"parley/media"
	"parley/media/device"
)

// ringSamples is half a second: longer than any reader may pause.
const ringSamples = media.SampleRate / 2

// Microphone is an open microphone. Next belongs to one goroutine.
type Microphone struct {
	*stream
	ring   *ring
	clock  device.Clock
	stamps stamps
	block  [media.BlockSamples]int16
}

// OpenMicrophone opens the system's default or the microphone with an ID of
// List. The error is an *device.Error or that of ctx.
func (s *System) OpenMicrophone(ctx context.Context, sel device.Selector) (device.AudioSource, error) {
	m := &Microphone{ring: newRing(ringSamples), clock: s.cfg.Clock}
	st, err := s.openStream(ctx, device.Microphone, sel, media.BlockDur, m.hear)
	if err != nil {
		return nil, err
	}
	m.stream = st
	return m, nil
}

// hear runs in the device's callback: one copy under the ring's lock, which a
// reader holds for one copy too.
func (m *Microphone) hear(_, in []int16) { m.ring.write(in, m.clock.Now()) }

// Next implements device.AudioSource.
func (m *Microphone) Next(ctx context.Context) (media.PCM, error) {
	for {
		select {
		case <-m.stop:
			return media.PCM{}, media.ErrClosed
		default:
		}
		if index, at, ok := m.ring.read(m.block[:]); ok {
			return media.PCM{
				Samples: m.block[:], Rate: media.SampleRate, Channels: 1, PTS: m.stamps.next(index, at),
			}, nil
		}
		select {
		case <-m.ring.wake:
		case <-m.stop:
			return media.PCM{}, media.ErrClosed
		case <-m.stream.lost:
			return media.PCM{}, m.lostError()
		case <-ctx.Done():
			return media.PCM{}, ctx.Err()
		}
	}
}

// Info implements device.AudioSource: for the system's default, the device
// that it was when it was opened.
func (m *Microphone) Info() device.Info { return m.info }

// Lost implements device.AudioSource.
func (m *Microphone) Lost() uint64 { return m.ring.dropped() }
