package main

import (
	"context"
	"errors"
	"math"
	"time"

	"parley/call/calltest/chrome"
)

const (
	lipRuns = 3
	lipFor  = 10 * time.Second
)

// uneven is a path on which sound and picture need different delays.
var uneven = chrome.Conditions{Delay: 30 * time.Millisecond, Jitter: 50 * time.Millisecond, Loss: 0.01} //nolint:gochecknoglobals // a constant

// lipRows measures how far sound and picture of one moment are apart where
// they are played, over a path with jitter and loss; in Chromium by the
// difference of its estimatedPlayoutTimestamps.
func lipRows(ctx context.Context) ([]row, error) {
	p, err := turns(lipRuns, func() (float64, error) { return ourLips(ctx) }, func() (float64, error) { return chromiumLips(ctx) })
	if err != nil {
		return nil, err
	}
	return []row{atMost("sound and picture apart, p95, jitter 50 ms and loss 1 %; theirs Chromium", "ms", median(p.ours), median(p.theirs), 40).with(p.spread())}, nil
}

func ourLips(ctx context.Context) (float64, error) {
	link, err := chrome.NewLink(uneven)
	if err != nil {
		return 0, err
	}
	defer link.Close()
	s, err := newStream(ctx, link)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	return apart(ctx, func() (float64, bool, error) {
		now := time.Now()
		a, ok := s.audio.Age(now)
		v, shown := s.video.Age(now)
		return (a - v).Seconds() * 1000, ok && shown, nil
	})
}

func chromiumLips(ctx context.Context) (float64, error) {
	link, err := chrome.NewLink(uneven)
	if err != nil {
		return 0, err
	}
	defer link.Close()
	d, err := newDuet(ctx, [2]chrome.Options{})
	if err != nil {
		return 0, err
	}
	defer d.close()
	want := chrome.Want{Audio: true, Tone: 440, Video: true, Width: 640, Height: 360, Rate: 30, Bitrate: 500_000}
	if err := d.call([2]chrome.Want{want, {}}, link); err != nil {
		return 0, err
	}
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	return apart(ctx, func() (float64, bool, error) {
		s, err := d.pages[1].Stats()
		a := chrome.Number(s.One("inbound-rtp", "audio"), "estimatedPlayoutTimestamp")
		v := chrome.Number(s.One("inbound-rtp", "video"), "estimatedPlayoutTimestamp")
		return v - a, a > 0 && v > 0, err
	})
}

// apart is the p95 of what look gives for a while.
func apart(ctx context.Context, look func() (ms float64, ok bool, err error)) (float64, error) {
	var all []float64
	for end := time.Now().Add(lipFor); time.Now().Before(end); {
		ms, ok, err := look()
		if err != nil {
			return 0, err
		}
		if ok {
			all = append(all, math.Abs(ms))
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
	if len(all) < 20 {
		return 0, errors.New("sound and picture were seldom there together")
	}
	return quantile(all, 0.95), nil
}
