package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parley/call/calltest/chrome"
)

// Calls are made several times and their medians compared.
const callRuns = 5

// callRows compares whole calls on this machine: two Parleys with a service of
// their own, and two Chromiums with the page of call/calltest/chrome.
func callRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	rows, err := beginRows(ctx, t)
	if err != nil {
		return rows, err
	}
	more, err := burdenRows(ctx, t)
	return append(rows, more...), err
}

// beginRows measures how soon a call is there.
func beginRows(ctx context.Context, t *town) ([]row, error) {
	var connected, picture pairs
	for range callRuns {
		c, err := t.call(ctx, ourCall{caller: oneWay("testcard"), callee: silent, window: false}, func(*running) error {
			return sleep(ctx, 2*time.Second)
		})
		if err != nil {
			return nil, err
		}
		a, b := c.accounts[0], c.accounts[1]
		if a.SetupMS == nil || b.SetupMS == nil || b.FirstFrameMS == nil {
			return nil, errors.New("a call gave no figures")
		}
		theirs, shown, err := chromiumBegins(ctx)
		if err != nil {
			return nil, err
		}
		// The invitation goes through the service and rings; from the answer on
		// both have the same to do. Ours of the callee begins with its answer.
		connected.ours = append(connected.ours, *b.SetupMS)
		connected.theirs = append(connected.theirs, theirs)
		picture.ours = append(picture.ours, *b.FirstFrameMS)
		picture.theirs = append(picture.theirs, shown)
	}
	return []row{
		atMost("invitation arrives to connected; theirs Chromium in one page, offer to connected", "ms", median(connected.ours), median(connected.theirs), 25).with(connected.spread()),
		picture.against("accepted to first picture; theirs Chromium, offer to first picture", "ms", 1.0),
	}, nil
}

func chromiumBegins(ctx context.Context) (connected, picture float64, err error) {
	b, err := chrome.Start(ctx, chrome.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer b.Close()
	p, err := b.Page()
	if err != nil {
		return 0, 0, err
	}
	c, s, err := p.Loop(chrome.Want{Audio: true, Video: true, Width: 1280, Height: 720, Rate: 30})
	return c.Seconds() * 1000, s.Seconds() * 1000, err
}

// burden is what a call costs.
type burden struct{ cores, mb, fps float64 }

// bearFor is how long a call is measured.
const bearFor = 5 * time.Second

// burdenRows measures processor and memory of a one-way call of 720p30.
func burdenRows(ctx context.Context, t *town) ([]row, error) {
	path, err := clip(ctx, 1280, 720, 30)
	if err != nil {
		return nil, err
	}
	var bare, windows, mb pairs
	var worst float64 = 30
	for range callRuns {
		theirs, err := chromiumBurden(ctx, path)
		if err != nil {
			return nil, err
		}
		for _, window := range []bool{false, true} {
			var b burden
			c, err := t.call(ctx, ourCall{caller: oneWay("file:" + path), callee: silent, window: window}, func(r *running) error {
				if err := sleep(ctx, settle); err != nil {
					return err
				}
				l := startEffort(r.pids())
				if err := sleep(ctx, bearFor); err != nil {
					return err
				}
				b.cores, b.mb = l.cores(), memory(r.pids())
				return nil
			})
			if err != nil {
				return nil, err
			}
			if fps := c.accounts[1].VideoIn.FPS; fps != nil {
				worst = min(worst, *fps)
			}
			p := &bare
			if window {
				p = &windows
				mb.ours, mb.theirs = append(mb.ours, b.mb), append(mb.theirs, theirs.mb)
			}
			p.ours, p.theirs = append(p.ours, b.cores), append(p.theirs, theirs.cores)
		}
		worst = min(worst, theirs.fps)
	}
	return []row{
		bare.against("CPU of a one-way call of 720p30, both ends, no window; theirs Chromium's processes", "cores", 0.7),
		windows.against("the same with windows", "cores", 1.0),
		mb.against("memory of that call with windows, both ends; theirs Chromium's processes", "MB", 0.4),
		alone("pictures a second in the slowest of these calls", "1/s", worst, 0),
	}, nil
}

func chromiumBurden(ctx context.Context, clip string) (b burden, err error) {
	d, err := newDuet(ctx, [2]chrome.Options{{Video: clip}, {}})
	if err != nil {
		return b, err
	}
	defer d.close()
	send := chrome.Want{Audio: true, Video: true, Width: 1280, Height: 720, Rate: 30, Bitrate: burdenKbps * 1000}
	if err := d.call([2]chrome.Want{send, {}}, nil); err != nil {
		return b, err
	}
	if err := sleep(ctx, settle); err != nil {
		return b, err
	}
	l := startEffort(d.pids())
	if err := sleep(ctx, bearFor); err != nil {
		return b, err
	}
	b.cores, b.mb = l.cores(), memory(d.pids())
	s, err := d.pages[1].Stats()
	if err != nil {
		return b, err
	}
	in := s.One("inbound-rtp", "video")
	if h := chrome.Number(in, "frameHeight"); h != 720 {
		return b, fmt.Errorf("the browser's picture has %v lines", h)
	}
	b.fps = chrome.Number(in, "framesPerSecond")
	return b, nil
}
