package main

import (
	"context"
	"errors"
	"time"

	"parley/call/calltest/chrome"
)

// settle is how long a call of Chromium's runs before it is measured: its
// estimate of the link and its picture's size are then where they stay.
const settle = 4 * time.Second

// chromiumEncodes is how long Chromium takes to encode a picture of the clip,
// in ms, while it has a call with itself.
func chromiumEncodes(ctx context.Context, clip string, f format) (float64, error) {
	b, err := chrome.Start(ctx, chrome.Options{Video: clip})
	if err != nil {
		return 0, err
	}
	defer b.Close()
	p, err := b.Page()
	if err != nil {
		return 0, err
	}
	if _, _, err := p.Loop(chrome.Want{Video: true, Width: f.w, Height: f.h, Rate: 30, Bitrate: f.kbps * 1000}); err != nil {
		return 0, err
	}
	read := func() (map[string]any, error) {
		s, err := p.Stats()
		return s.One("outbound-rtp", "video"), err
	}
	if err := sleep(ctx, settle); err != nil {
		return 0, err
	}
	before, err := read()
	if err != nil {
		return 0, err
	}
	if err := sleep(ctx, 6*time.Second); err != nil {
		return 0, err
	}
	after, err := read()
	if err != nil {
		return 0, err
	}
	frames := chrome.Number(after, "framesEncoded") - chrome.Number(before, "framesEncoded")
	if frames == 0 || chrome.Number(after, "frameHeight") != float64(f.h) {
		return 0, errors.New("the picture was not sent in its size")
	}
	return 1000 * (chrome.Number(after, "totalEncodeTime") - chrome.Number(before, "totalEncodeTime")) / frames, nil
}

// sleep lets d pass, or less when ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
