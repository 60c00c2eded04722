package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/call/calltest/chrome"
)

// The link of part link gets faster and then much slower.
const (
	linkRuns  = 5
	linkPhase = 15 // s
	linkClean = "up,delay:20ms,jitter:0ms,loss:0%,queue:300ms"
	linkMost  = 3000 // kbit/s of picture that both may send
)

// linkRates are the phases, kbit/s.
func linkRates() [3]int { return [3]int{1000, 2500, 500} }

// usage is what came of a call over that link.
type usage struct {
	use     [3]float64 // % of each phase
	dropped float64    // % of the slow link in the fifth and sixth second after the drop
	freeze  float64    // s
}

// linkRows lets a program and Chromium send a picture at the same time, each
// over a link of its own whose rate changes under the call, and compares how
// much of the link arrives. What arrives is counted at the network interface.
func linkRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	n, err := openNetwork(ctx, t.dir, "hub", "oa", "ob", "ca", "cb")
	if err != nil {
		return []row{unmeasured("changing link", "", err.Error())}, nil
	}
	defer n.close()
	url, stop, err := serviceOn(ctx, n, t, "hub")
	if err != nil {
		return nil, err
	}
	defer stop()
	path, err := clip(ctx, 1280, 720, 30)
	if err != nil {
		return nil, err
	}
	var ours, theirs []usage
	for range linkRuns {
		a, b, err := linkOnce(ctx, n, t, url, path)
		if err != nil {
			return nil, err
		}
		ours, theirs = append(ours, a), append(theirs, b)
	}
	of := func(f func(usage) float64) (p pairs) {
		for i := range ours {
			p.ours, p.theirs = append(p.ours, f(ours[i])), append(p.theirs, f(theirs[i]))
		}
		return p
	}
	compare := func(name, unit string, p pairs, met func(ours, theirs float64) bool) row {
		r := against(name+"; theirs Chromium", unit, median(p.ours), median(p.theirs), 1).with(p.spread())
		*r.Met = met(*r.Ours, *r.Theirs)
		return r
	}
	var rows []row
	for i, kbps := range linkRates() {
		rows = append(rows, compare(fmt.Sprintf("use of a link of %d kbit/s, at least 3 points under theirs", kbps), "%",
			of(func(u usage) float64 { return u.use[i] }), func(a, b float64) bool { return a >= b-3 }))
	}
	dropped := of(func(u usage) float64 { return u.dropped })
	return append(rows,
		atLeast("use 5 s after the drop; theirs Chromium", "%", median(dropped.ours), median(dropped.theirs), 80).with(dropped.spread()),
		compare("seconds of freezes", "s", of(func(u usage) float64 { return u.freeze }), func(a, b float64) bool { return a <= b+0.5 }),
	), nil
}

// linkOnce is one call of each over the three phases.
func linkOnce(ctx context.Context, n *network, t *town, url, path string) (a, b usage, err error) {
	rate := func(kbps int) error {
		settings := fmt.Sprintf("%s,rate:%dkbit", linkClean, kbps)
		return errors.Join(n.set("ob", settings), n.set("cb", settings))
	}
	if err := rate(linkRates()[0]); err != nil {
		return a, b, err
	}
	var counts [2][]int // bytes that have arrived, each second
	over := make(chan struct{})
	var up, calls sync.WaitGroup
	up.Add(2)
	var errs [2]error
	calls.Go(func() {
		once := sync.OnceFunc(up.Done)
		defer once()
		c := ourCall{
			caller: []string{"--camera", "file:" + path, "--microphone", "tone", "--speaker", "null", "--bitrate", strconv.Itoa(linkMost)},
			callee: silent, url: url, command: [2][]string{on("oa"), on("ob")},
		}
		r, err := t.call(ctx, c, func(*running) error {
			err := sleep(ctx, time.Second) // from the start of the programs to the call
			once()
			return errors.Join(err, hold(ctx, over))
		})
		if err == nil && r.accounts[1].VideoIn.FreezeSeconds == nil {
			err = errors.New("our call gave no figures")
		}
		if errs[0] = err; err == nil {
			a.freeze = *r.accounts[1].VideoIn.FreezeSeconds
		}
	})
	calls.Go(func() {
		once := sync.OnceFunc(up.Done)
		defer once()
		b.freeze, errs[1] = chromiumOver(ctx, path, func() error {
			once()
			return hold(ctx, over)
		})
	})
	up.Wait()
	for second := 0; second <= 3*linkPhase; second++ {
		if second > 0 && second < 3*linkPhase && second%linkPhase == 0 {
			if err := rate(linkRates()[second/linkPhase]); err != nil {
				errs[0] = errors.Join(errs[0], err)
			}
		}
		for i, host := range []string{"ob", "cb"} {
			got, err := received(host)
			errs[i] = errors.Join(errs[i], err)
			counts[i] = append(counts[i], got)
		}
		if err := sleep(ctx, time.Second); err != nil {
			break
		}
	}
	close(over)
	calls.Wait()
	if err := errors.Join(append(errs[:], ctx.Err())...); err != nil {
		return a, b, err
	}
	for i, u := range []*usage{&a, &b} {
		share := func(from, to, kbps int) float64 {
			return 100 * float64(counts[i][to]-counts[i][from]) * 8 / 1000 / float64(to-from) / float64(kbps)
		}
		for p, kbps := range linkRates() {
			u.use[p] = share(p*linkPhase, (p+1)*linkPhase, kbps)
		}
		drop := 2 * linkPhase
		u.dropped = share(drop+4, drop+6, linkRates()[2])
	}
	return a, b, nil
}

// chromiumOver is a call between two browsers that lasts as long as during.
func chromiumOver(ctx context.Context, path string, during func() error) (freeze float64, err error) {
	d, err := newDuet(ctx, [2]chrome.Options{
		{Video: path, Command: on("ca"), Listen: listenOn("ca")},
		{Command: on("cb"), Listen: listenOn("cb")},
	})
	if err != nil {
		return 0, err
	}
	defer d.close()
	d.only = "10.99." // not the loopback of its own host
	want := chrome.Want{Audio: true, Tone: 440, Video: true, Width: 1280, Height: 720, Rate: 30, Bitrate: linkMost * 1000}
	if err := d.call([2]chrome.Want{want, {}}, nil); err != nil {
		return 0, err
	}
	if err := during(); err != nil {
		return 0, err
	}
	s, err := d.pages[1].Stats()
	return chrome.Number(s.One("inbound-rtp", "video"), "totalFreezesDuration"), err
}

// received is how many bytes have come to a host from outside.
func received(host string) (int, error) {
	line := append(on(host), "cat", "/proc/net/dev")
	out, err := exec.Command(line[0], line[1:]...).Output()
	if err != nil {
		return 0, err
	}
	total := 0
	for l := range strings.Lines(string(out)) {
		name, rest, ok := strings.Cut(l, ":")
		if f := strings.Fields(rest); ok && strings.TrimSpace(name) != "lo" && len(f) > 0 {
			bytes, err := strconv.Atoi(f[0])
			if err != nil {
				return 0, err
			}
			total += bytes
		}
	}
	return total, nil
}

// hold waits until over.
func hold(ctx context.Context, over <-chan struct{}) error {
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
