package main

import (
	"context"
	"errors"
	"time"

	"parley/call/calltest/chrome"
	"parley/call/peer"
)

const (
	fileRuns = 5
	fileSize = 48 << 20
)

// fileRows measures how fast a file would go: the data channel of a call over
// the loopback, as fast as it takes messages.
func fileRows(ctx context.Context) ([]row, error) {
	p, err := turns(fileRuns, func() (float64, error) { return ourFile(ctx) }, func() (float64, error) { return chromiumFile(ctx) })
	if err != nil {
		return nil, err
	}
	return []row{timesTheirs("data channel over the loopback; theirs Chromium", "Mbit/s", median(p.ours), median(p.theirs), 1.3).with(p.spread())}, nil
}

func ourFile(ctx context.Context) (float64, error) {
	p, err := newPair(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer p.close()
	from, to := p.peers[0].DataChannel(), p.peers[1].DataChannel()
	for _, c := range []*peer.Channel{from, to} {
		select {
		case <-c.Ready():
		case <-time.After(10 * time.Second):
			return 0, errors.New("the data channel does not open")
		}
	}
	began := time.Now()
	go func() {
		block := make([]byte, peer.MaxData)
		for sent := 0; sent < fileSize; sent += len(block) {
			for {
				err := from.Send(block)
				if err == nil {
					break
				}
				if !errors.Is(err, peer.ErrFull) {
					return // the receiver's clock tells
				}
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	limit := time.After(time.Minute)
	for got := 0; got < fileSize; {
		select {
		case b := <-to.Messages():
			got += len(b)
		case <-limit:
			return 0, errors.New("the file did not arrive within a minute")
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return fileSize * 8 / 1e6 / time.Since(began).Seconds(), nil
}

func chromiumFile(ctx context.Context) (float64, error) {
	d, err := newDuet(ctx, [2]chrome.Options{})
	if err != nil {
		return 0, err
	}
	defer d.close()
	if err := d.call([2]chrome.Want{}, nil); err != nil {
		return 0, err
	}
	for range 200 { // the channel opens after the connection
		s, err := d.pages[0].State()
		if err != nil {
			return 0, err
		}
		if s.Chat == "open" {
			break
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return 0, err
		}
	}
	took := make(chan error, 1)
	var seconds float64
	go func() {
		took <- d.pages[1].EvalWithin(time.Minute, &seconds, "call.expect", fileSize)
	}()
	if err := d.pages[0].EvalWithin(time.Minute, nil, "call.pour", fileSize, peer.MaxData); err != nil {
		return 0, err
	}
	if err := <-took; err != nil {
		return 0, err
	}
	return fileSize * 8 / 1e6 / seconds, nil
}
