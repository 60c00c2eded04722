package local

import (
	"context"
	"time"

	"parley/media/device"
)

// openCamera opens a camera whose pictures go to the encoder and to all who watch.
func (m *Media) openCamera(ctx context.Context, selector string) (*source, error) {
	src, err := m.cfg.Devices.OpenCamera(ctx, selector, m.cfg.Format)
	if err != nil {
		return nil, err
	}
	pump := func(ctx context.Context) error {
		for {
			f, err := src.Next(ctx)
			if err != nil {
				return err
			}
			m.show(f)
			f.Release()
		}
	}
	return &source{info: src.Info(), pump: pump, close: src.Close}, nil
}

// openMicrophone opens a microphone whose sound is cleaned and goes to the
// meter and to the peers.
func (m *Media) openMicrophone(ctx context.Context, selector string) (*source, error) {
	src, err := m.cfg.Devices.OpenMicrophone(ctx, selector)
	if err != nil {
		return nil, err
	}
	pump := func(ctx context.Context) error {
		clean, done := m.cleaner(src.Info())
		defer done()
		var said time.Time
		for {
			p, err := src.Next(ctx)
			if err != nil {
				return err
			}
			p = clean(p)
			m.micLevel.Write(p.Samples)
			if err := m.audio.Write(p); err != nil && time.Since(said) > time.Minute {
				said = time.Now()
				m.log.Warn("sound not sent", "err", err)
			}
		}
	}
	return &source{info: src.Info(), pump: pump, close: src.Close}, nil
}

// openSpeaker opens a speaker that plays the call's voices and sounds.
func (m *Media) openSpeaker(ctx context.Context, selector string) (*source, error) {
	return m.openOutput(ctx, selector, m.spk, func(d time.Duration) { m.delay.Store(int64(d)) })
}

// openRinger opens what rings, if that is not the speaker.
func (m *Media) openRinger(ctx context.Context, selector string) (*source, error) {
	return m.openOutput(ctx, selector, m.ring, func(time.Duration) {})
}

func (m *Media) openOutput(ctx context.Context, selector string, p *playback, delay func(time.Duration)) (*source, error) {
	out, err := m.cfg.Devices.OpenSpeaker(ctx, selector, p.pull)
	if err != nil {
		return nil, err
	}
	delay(out.Delay())
	pump := func(ctx context.Context) error {
		defer delay(0)
		tick := time.NewTicker(time.Second) // the delay of a sound system changes as it adapts
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-out.Lost():
				return &device.Error{Kind: device.Speaker, Name: out.Info().Name, Reason: device.Lost}
			case <-tick.C:
				delay(out.Delay())
			}
		}
	}
	return &source{info: out.Info(), pump: pump, close: out.Close}, nil
}
