package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"time"
)

// with starts a service and signs people in.
func (l *load) with(ctx context.Context, people int, f func(d *daemon, all []*person) error) error {
	d, err := startDaemon(ctx, l.Parleyd)
	if err != nil {
		return err
	}
	defer d.close()
	all, err := l.joinAll(ctx, d, people)
	if err != nil {
		return err
	}
	defer leaveAll(all)
	return f(d, all)
}

// idle is what a session costs that does nothing.
func idle(ctx context.Context, l *load) error {
	return l.with(ctx, 1, func(d *daemon, _ []*person) error {
		before, err := d.resident()
		if err != nil {
			return err
		}
		all, err := l.joinAll(ctx, d, l.Sessions)
		if err != nil {
			return err
		}
		defer leaveAll(all)
		if err := pause(ctx, 15*time.Second); err != nil { // a ping goes by
			return err
		}
		after, err := d.resident()
		if err != nil {
			return err
		}
		l.add(fmt.Sprintf("resident memory per session, %d sessions", l.Sessions), "kB", (after-before)/1000/float64(l.Sessions))
		was, err := d.cpu()
		if err != nil {
			return err
		}
		const span = 10 * time.Second
		if err := pause(ctx, span); err != nil {
			return err
		}
		now, err := d.cpu()
		l.add("CPU of a thousand idle sessions", "% of a core", 100*(now-was).Seconds()/span.Seconds()/float64(l.Sessions)*1000)
		return err
	})
}

// talk lets everybody send at a rate in all until ctx ends.
func talk(ctx context.Context, all []*person, rate int) {
	gap := time.Duration(float64(time.Second) * float64(len(all)) / float64(rate))
	var wg sync.WaitGroup
	for _, p := range all {
		wg.Go(func() {
			if pause(ctx, time.Duration(rand.Int64N(int64(gap)))) != nil { //nolint:gosec // spreads, hides nothing
				return
			}
			tick := time.NewTicker(gap)
			defer tick.Stop()
			for {
				if p.say() != nil {
					p.sent.Add(^uint64(0)) // not queued: nobody waits for it
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	wg.Wait()
}

// settle waits until everything that was sent has arrived, or for d.
func settle(ctx context.Context, all []*person, d time.Duration) error {
	for end := time.Now().Add(d); time.Now().Before(end); {
		missing := false
		for _, p := range all {
			if p.peer != nil && uint64(p.got.Load()+p.lost.Load()) < p.peer.sent.Load() { //nolint:gosec // counts
				missing = true
			}
		}
		if !missing {
			return nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// tally counts what did not arrive, what came twice, and what was sent.
func tally(all []*person) (lost, twice, sent float64) {
	for _, p := range all {
		sent += float64(p.sent.Load())
		twice += float64(p.twice.Load())
		if p.peer != nil {
			lost += float64(p.peer.sent.Load()) - float64(p.got.Load()) + float64(p.twice.Load())
		}
	}
	return lost, twice, sent
}

// relay is what passing on messages of calls costs.
func relay(ctx context.Context, l *load) error {
	return l.with(ctx, 2*l.Pairs, func(d *daemon, all []*person) error {
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		late := &delays{}
		for _, p := range all {
			p.late = late
		}
		was, err := d.cpu()
		if err != nil {
			return err
		}
		const span = 10 * time.Second
		talking, stop := context.WithTimeout(ctx, span)
		talk(talking, all, l.Rate)
		stop()
		now, err := d.cpu()
		if err != nil {
			return err
		}
		if err := settle(ctx, all, 10*time.Second); err != nil {
			return err
		}
		lost, twice, sent := tally(all)
		l.add("messages relayed a second", "1/s", sent/span.Seconds())
		l.add("CPU per relayed message", "µs", (now-was).Seconds()*1e6/sent)
		l.add("from one client to the other, p50", "ms", late.quantile(0.5))
		l.add("from one client to the other, p99", "ms", late.quantile(0.99))
		l.add("lost", "", lost)
		l.add("twice", "", twice)
		return nil
	})
}

// cuts breaks links in the middle of everything.
func cuts(ctx context.Context, l *load) error {
	const people = 1000
	return l.with(ctx, people, func(_ *daemon, all []*person) error {
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		back, err := l.cutInTurn(ctx, all, l.Cuts, 2*people, func(*person) {})
		if err != nil {
			return err
		}
		lost, twice, sent := tally(all)
		l.add(fmt.Sprintf("lost over %d link cuts, of %.0f", l.Cuts, sent), "", lost)
		l.add("twice", "", twice)
		l.add("resumed after a cut, p50", "ms", back.quantile(0.5))
		l.add("resumed after a cut, p99", "ms", back.quantile(0.99))
		return nil
	})
}

// cutInTurn breaks links while everybody talks at a rate, everybody's in turn:
// a client whose link breaks again and again waits longer each time. It waits
// until everything has arrived, and returns how long it took to be back.
func (l *load) cutInTurn(ctx context.Context, all []*person, cuts, rate int, before func(*person)) (*delays, error) {
	talking, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { talk(talking, all, rate) })
	back := &delays{}
	for i := range cuts {
		p := all[i%len(all)]
		if !p.client.Online() {
			if err := online(ctx, []*person{p}); err != nil {
				return nil, err
			}
		}
		changed, unsubscribe := p.client.Subscribe()
		at := time.Now()
		before(p)
		p.cut()
		wg.Go(func() {
			defer unsubscribe()
			for gone := false; ; {
				up := p.client.Online()
				if gone && up {
					back.add(time.Since(at))
					return
				}
				gone = gone || !up
				select {
				case <-talking.Done():
					return
				case <-changed:
				}
			}
		})
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if err := online(ctx, all); err != nil {
		return nil, err
	}
	stop()
	wg.Wait()
	if err := settle(ctx, all, 20*time.Second); err != nil {
		return nil, err
	}
	return back, nil
}

// stuck has receivers that stop reading while others talk.
func stuck(ctx context.Context, l *load) error {
	const good = 100
	return l.with(ctx, good+2*l.Stuck, func(d *daemon, all []*person) error {
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		well, bad := all[:good], all[good:]
		measure := func() (float64, error) {
			late := &delays{}
			for _, p := range well {
				p.late = late
			}
			talking, stop := context.WithTimeout(ctx, 8*time.Second)
			defer stop()
			talk(talking, well, 15*good)
			return late.quantile(0.99), settle(ctx, well, 5*time.Second)
		}
		alone, err := measure()
		if err != nil {
			return err
		}
		before, err := d.resident()
		if err != nil {
			return err
		}
		var senders []*person
		for i, p := range bad {
			if i%2 == 1 { // the called one
				p.mu.Lock()
				p.conn.stuck.Store(true)
				p.mu.Unlock()
				continue
			}
			senders = append(senders, p)
		}
		filling, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { talk(filling, senders, 10*len(senders)) })
		beside, err := measure()
		stop()
		wg.Wait()
		if err != nil {
			return err
		}
		after, err := d.resident()
		if err != nil {
			return err
		}
		l.add("others' p99 without", "ms", alone)
		l.add(fmt.Sprintf("others' p99 beside %d receivers that do not read", l.Stuck), "ms", beside)
		l.add("memory that each of them costs", "kB", (after-before)/1000/float64(l.Stuck))
		return nil
	})
}

// dead is how soon a link is given up that is gone without a word.
func dead(ctx context.Context, l *load) error {
	return l.with(ctx, 10, func(_ *daemon, all []*person) error {
		gone := &delays{}
		var wg sync.WaitGroup
		for _, p := range all {
			wg.Add(1)
			at := time.Now()
			p.mu.Lock()
			p.conn.ended = sync.OnceFunc(func() {
				gone.add(time.Since(at))
				wg.Done()
			})
			p.conn.black.Store(true)
			p.mu.Unlock()
		}
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(90 * time.Second):
			return fmt.Errorf("a dead link is not given up: %w", errNoAnswer)
		case <-ctx.Done():
			return ctx.Err()
		}
		l.add("dead link noticed by the service, idle, slowest of ten", "s", gone.quantile(1)/1000)
		return nil
	})
}

// storm kills the service with everybody on it and starts it again.
func storm(ctx context.Context, l *load) error {
	return l.with(ctx, l.Storm, func(d *daemon, all []*person) error {
		if err := d.end(syscall.SIGKILL); err != nil {
			return err
		}
		if err := d.start(ctx); err != nil {
			return err
		}
		began := time.Now()
		changed := 0
		for _, p := range all { // who has not noticed yet is online no more, either
			if !p.client.Online() {
				changed++
			}
		}
		if err := online(ctx, all); err != nil {
			return err
		}
		l.add(fmt.Sprintf("all %d are back after a kill", l.Storm), "s", time.Since(began).Seconds())
		cpu, err := d.cpu()
		l.add("CPU for each that comes back", "µs", cpu.Seconds()*1e6/float64(l.Storm))
		return err
	})
}

// restart is an update of the service while calls are up.
func restart(ctx context.Context, l *load) error {
	return l.with(ctx, 2*l.Calls, func(d *daemon, all []*person) error {
		if err := pairUp(ctx, all); err != nil {
			return err
		}
		if err := d.end(syscall.SIGTERM); err != nil {
			return err
		}
		if err := d.start(ctx); err != nil {
			return err
		}
		if err := online(ctx, all); err != nil {
			return err
		}
		// A service knows of a call what it is told first: whatever else is said
		// about it comes after.
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
			if !slices.ContainsFunc(all, func(p *person) bool { return !p.stood.Load() }) {
				break
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
		for _, p := range all {
			if err := p.say(); err != nil {
				return err
			}
		}
		if err := settle(ctx, all, 20*time.Second); err != nil {
			return err
		}
		dropped := 0
		for i := 0; i+1 < len(all); i += 2 {
			a, b := all[i], all[i+1]
			if a.ended.Load() || b.ended.Load() || a.got.Load() == 0 || b.got.Load() == 0 {
				dropped++
			}
		}
		l.add(fmt.Sprintf("calls dropped by a restart, of %d", l.Calls), "", float64(dropped))
		return nil
	})
}

// invite is how long it takes until it rings.
func invite(ctx context.Context, l *load) error {
	const pairs = 200
	return l.with(ctx, 2*pairs, func(_ *daemon, all []*person) error {
		rang := &delays{}
		for i := 0; i+1 < len(all); i += 2 {
			d, err := dial(ctx, all[i], all[i+1])
			if err != nil {
				return err
			}
			rang.add(d)
		}
		l.add("invitation to ringing, p50", "ms", rang.quantile(0.5))
		l.add("invitation to ringing, p95", "ms", rang.quantile(0.95))
		return nil
	})
}
