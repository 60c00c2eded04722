package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"parley/call/calltest/chrome"
)

// trouble is what is done to the link of the person who is called; the picture
// goes towards him.
type trouble struct {
	name     string
	settings string // netlab's
	link     chrome.Conditions
	outage   time.Duration
	kbps     float64 // of the link; 0: as much as is sent
}

const (
	netRuns   = 5
	netFor    = 5 * time.Second // of each call
	netKbps   = 1000            // both sides' limit
	outageFor = 10 * time.Second
)

func troubles() []trouble {
	const delay = 20 * time.Millisecond
	return []trouble{
		{name: "loss 1 %", settings: "loss:1%"},
		{name: "loss 5 %", settings: "loss:5%"},
		{name: "loss 10 %", settings: "loss:10%"},
		{name: "loss 20 %", settings: "loss:20%"},
		{name: "jitter 100 ms", settings: "jitter:100ms"},
		{name: "200 kbit/s", settings: "rate:200kbit,queue:300ms", kbps: 200},
		{name: "10 s without a network", settings: "up", outage: outageFor},
		// netlab keeps packets in order: this one goes over a link of ours.
		{name: "5 % of packets overtaken", link: chrome.Conditions{Delay: delay, Reorder: 0.05, By: 30 * time.Millisecond}},
	}
}

// clean is what a link is set to before something is done to it.
const clean = "up,rate:0,delay:20ms,jitter:0ms,loss:0%,queue:0ms"

// outcome is what came of a call at the receiving end.
type outcome struct {
	kbps      float64
	freeze    float64 // s
	pause     float64 // s, of gaps of 5 s and more
	concealed float64 // %
}

// netlabRows makes the same calls over the same bad links, ours and Chromium's
// at the same time, each between two hosts of its own.
func netlabRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	n, err := openNetwork(ctx, t.dir, "hub", "oa", "ob", "ca", "cb")
	if err != nil {
		return []row{unmeasured("bad links", "", err.Error())}, nil
	}
	defer n.close()
	url, stop, err := serviceOn(ctx, n, t, "hub")
	if err != nil {
		return nil, err
	}
	defer stop()
	path, err := clip(ctx, 640, 360, 30)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, x := range troubles() {
		var ours, theirs []outcome
		for range netRuns {
			var a, b outcome
			var errs [2]error
			var wg sync.WaitGroup
			switch {
			case x.settings != "":
				for _, host := range []string{"ob", "cb"} {
					if err := errors.Join(n.set(host, clean), n.set(host, x.settings)); err != nil {
						return rows, err
					}
				}
				wg.Go(func() { a, errs[0] = ourNet(ctx, n, t, url, path, x) })
				wg.Go(func() { b, errs[1] = chromiumNet(ctx, n, path, x) })
			default:
				wg.Go(func() { a, errs[0] = ourReordered(ctx, x) })
				wg.Go(func() { b, errs[1] = chromiumReordered(ctx, path, x) })
			}
			wg.Wait()
			if err := errors.Join(errs[:]...); err != nil {
				return append(rows, unmeasured(x.name, "", err.Error())), err
			}
			ours, theirs = append(ours, a), append(theirs, b)
		}
		rows = append(rows, x.rows(ours, theirs)...)
	}
	return rows, nil
}

func (x trouble) rows(ours, theirs []outcome) []row {
	of := func(f func(outcome) float64) (p pairs) {
		for i := range ours {
			p.ours, p.theirs = append(p.ours, f(ours[i])), append(p.theirs, f(theirs[i]))
		}
		return p
	}
	compare := func(name, unit string, p pairs, met func(ours, theirs float64) bool) row {
		r := against(x.name+", "+name+"; theirs Chromium", unit, median(p.ours), median(p.theirs), 1).with(p.spread())
		*r.Met = met(*r.Ours, *r.Theirs)
		return r
	}
	of100 := func(o outcome) float64 { return 100 * o.kbps / netKbps }
	what := fmt.Sprintf("picture received, share of %d kbit/s, at least 3 points under theirs", netKbps)
	if x.kbps > 0 {
		of100 = func(o outcome) float64 { return 100 * o.kbps / x.kbps }
		what = "picture received, share of the link, at least 3 points under theirs"
	}
	rows := []row{
		compare(what, "%", of(of100), func(a, b float64) bool { return a >= b-3 }),
		// Half a second and half a point are chance in calls of that length.
		compare("seconds of freezes", "s", of(func(o outcome) float64 { return o.freeze }), func(a, b float64) bool { return a <= b+0.5 }),
		compare("sound concealed", "%", of(func(o outcome) float64 { return o.concealed }), func(a, b float64) bool { return a <= 1.2*b+0.5 }),
	}
	if x.settings == "" {
		rows = rows[1:] // ours sends a card at a steady rate: see ourReordered
	}
	if x.outage > 0 {
		back := of(func(o outcome) float64 { return max(0, o.pause-x.outage.Seconds()) })
		r := atMost(x.name+", picture back after; theirs Chromium", "s", median(back.ours), median(back.theirs), 2).with(back.spread())
		rows = append(rows[:1], r, rows[2])
	}
	return rows
}

// during is what happens while a call lasts.
func (x trouble) during(ctx context.Context, n *network, host string) error {
	if x.outage == 0 {
		return sleep(ctx, netFor)
	}
	if err := sleep(ctx, 4*time.Second); err != nil {
		return err
	}
	if err := n.set(host, "down"); err != nil {
		return err
	}
	err := sleep(ctx, x.outage)
	return errors.Join(err, n.set(host, "up"), sleep(ctx, 6*time.Second))
}

func ourNet(ctx context.Context, n *network, t *town, url, path string, x trouble) (o outcome, err error) {
	c := ourCall{
		caller: []string{
			"--camera", "file:" + path, "--microphone", "tone", "--speaker", "null",
			"--size", "640x360", "--rate", "30", "--bitrate", strconv.Itoa(netKbps),
		},
		callee: silent, url: url, command: [2][]string{on("oa"), on("ob")},
	}
	r, err := t.call(ctx, c, func(*running) error {
		// From the start of the programs to the call it is about a second.
		return errors.Join(sleep(ctx, time.Second), x.during(ctx, n, "ob"))
	})
	if err != nil {
		return o, err
	}
	in := r.accounts[1]
	if in.VideoIn.BitrateBPS == nil || in.VideoIn.FreezeSeconds == nil || in.VideoIn.PauseSeconds == nil || in.AudioIn.ConcealedRatio == nil {
		return o, fmt.Errorf("our call over %s gave no figures: %s", x.name, r.out[1])
	}
	return outcome{*in.VideoIn.BitrateBPS / 1000, *in.VideoIn.FreezeSeconds, *in.VideoIn.PauseSeconds, 100 * *in.AudioIn.ConcealedRatio}, nil
}

func chromiumNet(ctx context.Context, n *network, path string, x trouble) (o outcome, err error) {
	d, err := newDuet(ctx, [2]chrome.Options{
		{Video: path, Command: on("ca"), Listen: listenOn("ca")},
		{Command: on("cb"), Listen: listenOn("cb")},
	})
	if err != nil {
		return o, err
	}
	defer d.close()
	d.only = "10.99." // not the loopback of its own host
	return d.listen(nil, func() error { return x.during(ctx, n, "cb") })
}

func chromiumReordered(ctx context.Context, path string, x trouble) (o outcome, err error) {
	link, err := chrome.NewLink(x.link)
	if err != nil {
		return o, err
	}
	defer link.Close()
	d, err := newDuet(ctx, [2]chrome.Options{{Video: path}, {}})
	if err != nil {
		return o, err
	}
	defer d.close()
	return d.listen(link, func() error { return sleep(ctx, netFor) })
}

// listen lets the first browser send to the second and says what arrived.
func (d *duet) listen(link *chrome.Link, during func() error) (o outcome, err error) {
	want := chrome.Want{Audio: true, Tone: 440, Video: true, Width: 640, Height: 360, Rate: 30, Bitrate: netKbps * 1000}
	if err := d.call([2]chrome.Want{want, {}}, link); err != nil {
		return o, err
	}
	began := time.Now()
	if err := during(); err != nil {
		return o, err
	}
	s, err := d.pages[1].Stats()
	if err != nil {
		return o, err
	}
	took := time.Since(began).Seconds()
	v, a := s.One("inbound-rtp", "video"), s.One("inbound-rtp", "audio")
	o.kbps = chrome.Number(v, "bytesReceived") * 8 / 1000 / took
	o.freeze, o.pause = chrome.Number(v, "totalFreezesDuration"), chrome.Number(v, "totalPausesDuration")
	if all := chrome.Number(a, "totalSamplesReceived"); all > 0 {
		o.concealed = 100 * chrome.Number(a, "concealedSamples") / all
	}
	return o, nil
}

// ourReordered sends a test card at a steady rate: what is asked here is what
// the receiving end makes of the order.
func ourReordered(ctx context.Context, x trouble) (o outcome, err error) {
	link, err := chrome.NewLink(x.link)
	if err != nil {
		return o, err
	}
	defer link.Close()
	s, err := newStream(ctx, link)
	if err != nil {
		return o, err
	}
	defer s.close()
	if err := sleep(ctx, netFor); err != nil {
		return o, err
	}
	v, a := s.video.Stats(time.Now()), s.audio.Stats(time.Now())
	o.kbps, o.freeze, o.concealed = v.BitrateBps/1000, v.TotalFreezesDuration.Seconds(), 100*a.ConcealedRatio()
	return o, nil
}

// skipped reports whether a candidate is not to be passed on.
func (d *duet) skipped(line string) bool {
	f := strings.Fields(line)
	return d.only != "" && (len(f) < 5 || !strings.HasPrefix(f[4], d.only))
}
