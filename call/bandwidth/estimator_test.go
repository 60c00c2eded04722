package bandwidth

import (
	"testing"
	"time"
)

func steady(bps float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return bps }
}

// steps is a link of 1 Mbit/s, from 30 s on 2.5, from 60 s on 0.5.
func steps(t time.Duration) float64 {
	switch {
	case t < 30*time.Second:
		return 1e6
	case t < 60*time.Second:
		return 2.5e6
	}
	return 0.5e6
}

// TestPaths drives the estimator over simulated bottlenecks. The floors are
// what it reached when it was written, less a few points: a change that costs
// more has to say why.
func TestPaths(t *testing.T) {
	const ms = time.Millisecond
	cfg := Config{Start: 600_000, Min: 60_000, Max: 3_000_000}
	cut := func(t time.Duration) bool { return t > 35*time.Second && t < 45*time.Second }
	for _, c := range []struct {
		name string
		p    path
		use  [3]float64    // share of the link, at least
		mean time.Duration // that sound waits in queues, at most
	}{
		{"steps", path{rate: steps, delay: 20 * ms, queue: 500 * ms}, [3]float64{0.88, 0.88, 0.88}, 80 * ms},
		{"deep queue", path{rate: steps, delay: 20 * ms, queue: 2000 * ms}, [3]float64{0.88, 0.88, 0.88}, 120 * ms},
		{"policed: hardly a queue", path{rate: steps, delay: 20 * ms, queue: 60 * ms}, [3]float64{0.84, 0.85, 0.80}, 40 * ms},
		{"far away", path{rate: steps, delay: 120 * ms, queue: 500 * ms}, [3]float64{0.88, 0.86, 0.80}, 60 * ms},
		{"jitter of 20 ms", path{rate: steps, delay: 20 * ms, queue: 500 * ms, jitter: 20 * ms}, [3]float64{0.90, 0.85, 0.86}, 90 * ms},
		{"jitter of 100 ms", path{rate: steps, delay: 20 * ms, queue: 500 * ms, jitter: 100 * ms}, [3]float64{0.82, 0.75, 0.80}, 170 * ms},
		{"1 % lost", path{rate: steps, delay: 20 * ms, queue: 500 * ms, loss: 0.01}, [3]float64{0.86, 0.85, 0.86}, 80 * ms},
		{"5 % lost", path{rate: steps, delay: 20 * ms, queue: 500 * ms, loss: 0.05}, [3]float64{0.78, 0.78, 0.75}, 80 * ms},
		{"10 % lost", path{rate: steps, delay: 20 * ms, queue: 500 * ms, loss: 0.10}, [3]float64{0.68, 0.73, 0.68}, 80 * ms},
		{"20 % lost", path{rate: steps, delay: 20 * ms, queue: 500 * ms, loss: 0.20}, [3]float64{0.60, 0.68, 0.62}, 80 * ms},
		{"200 kbit/s", path{rate: steady(200e3), delay: 20 * ms, queue: 500 * ms}, [3]float64{0.71, 0.70, 0.70}, 80 * ms},
		{"more than is wanted", path{rate: steady(10e6), delay: 20 * ms, queue: 500 * ms}, [3]float64{0.25, 0.25, 0.25}, 20 * ms},
		{"busy machines", path{rate: steps, delay: 20 * ms, queue: 300 * ms, stall: 0.1}, [3]float64{0.82, 0.78, 0.82}, 90 * ms},
		{"very busy machines", path{rate: steps, delay: 20 * ms, queue: 300 * ms, stall: 0.3}, [3]float64{0.75, 0.63, 0.76}, 90 * ms},
		{"outage of 10 s", path{rate: steady(1e6), delay: 20 * ms, queue: 500 * ms, down: cut}, [3]float64{0.88, 0.52, 0.87}, 60 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			phases := runs(c.p, cfg)
			for i, ph := range phases {
				use := float64(ph.arrived*8) / 30 / seeds / c.p.rate(time.Duration(30*i+1)*time.Second)
				mean := ph.sum / time.Duration(ph.sounds)
				t.Logf("phase %d: %.0f %% used, %d of %d lost; sound waits %v, at most %v", i, 100*use, ph.lost, ph.all, mean.Round(ms), ph.worst.Round(ms))
				if use < c.use[i] {
					t.Errorf("phase %d: %.0f %% of the link is used, want %.0f", i, 100*use, 100*c.use[i])
				}
				if mean > c.mean {
					t.Errorf("phase %d: sound waits %v on average, want at most %v", i, mean, c.mean)
				}
			}
		})
	}
}

// TestFirstSeconds is what a person sees first: a call that begins on a link of
// which nothing is known, and how much of what is wanted or of the link is
// used in the first five seconds.
func TestFirstSeconds(t *testing.T) {
	const ms = time.Millisecond
	cfg := Config{Start: 300_000, Min: 60_000, Max: 1_160_000}
	for _, c := range []struct {
		name  string
		p     path
		use   float64
		worst time.Duration // that sound waits
	}{
		{"200 kbit/s", path{rate: steady(200e3), queue: 300 * ms}, 0.65, 310 * ms},
		{"500 kbit/s", path{rate: steady(500e3), queue: 300 * ms}, 0.85, 260 * ms},
		{"good", path{rate: steady(10e6), queue: 300 * ms}, 0.95, 20 * ms},
		{"1 % lost", path{rate: steady(10e6), queue: 300 * ms, loss: 0.01}, 0.95, 20 * ms},
		{"5 % lost", path{rate: steady(10e6), queue: 300 * ms, loss: 0.05}, 0.9, 20 * ms},
		{"10 % lost", path{rate: steady(10e6), queue: 300 * ms, loss: 0.10}, 0.85, 20 * ms},
		{"20 % lost", path{rate: steady(10e6), queue: 300 * ms, loss: 0.20}, 0.6, 20 * ms},
		{"30 % lost", path{rate: steady(10e6), queue: 300 * ms, loss: 0.30}, 0.2, 20 * ms},
		{"1 Mbit/s, 10 % lost", path{rate: steady(1e6), queue: 300 * ms, loss: 0.10}, 0.7, 120 * ms},
		{"jitter of 100 ms", path{rate: steady(10e6), queue: 300 * ms, jitter: 100 * ms}, 0.8, 150 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.delay, c.p.back = 20*ms, c.p.loss
			var got, lost, all int
			var worst time.Duration
			for seed := range uint64(first) {
				c.p.seed = seed + 1
				ph, _ := run(c.p, cfg, 1e6, 5*time.Second)
				got, lost, all, worst = got+ph[0].arrived, lost+ph[0].lost, all+ph[0].all, max(worst, ph[0].worst)
			}
			use := float64(got*8) / 5 / first / min(c.p.rate(0), 1e6)
			t.Logf("%.0f %% used, %d of %d lost, sound waits at most %v", 100*use, lost, all, worst.Round(ms))
			if use < c.use {
				t.Errorf("%.0f %% is used, want %.0f", 100*use, 100*c.use)
			}
			if worst > c.worst {
				t.Errorf("sound waits %v, want at most %v", worst, c.worst)
			}
		})
	}
}

const (
	seeds = 4
	first = 16 // runs of the first seconds
)

// runs adds up what several runs gave, each with other luck.
func runs(p path, cfg Config) []tally {
	all := make([]tally, 3)
	for seed := range uint64(seeds) {
		p.seed = seed + 1
		phases, _ := run(p, cfg, 2.5e6, 90*time.Second, 30*time.Second, 60*time.Second)
		for i, ph := range phases {
			a := &all[i]
			a.arrived, a.lost, a.all = a.arrived+ph.arrived, a.lost+ph.lost, a.all+ph.all
			a.sum, a.sounds, a.worst = a.sum+ph.sum, a.sounds+ph.sounds, max(a.worst, ph.worst)
		}
	}
	return all
}

// After a drop to a fifth the target must be below the link within two
// seconds, and stay there but for short tries.
func TestDropIsFollowed(t *testing.T) {
	cfg := Config{Start: 600_000, Min: 60_000, Max: 3_000_000}
	_, targets := run(path{rate: steps, delay: 20 * time.Millisecond, queue: 500 * time.Millisecond}, cfg, 2.5e6, 90*time.Second)
	over := 0
	for i := 620; i < len(targets); i++ { // tenths of seconds
		if targets[i] > 600_000 {
			over++
		}
	}
	if targets[620] > 600_000 || over > 10 {
		t.Errorf("2 s after the drop the target is %d; above the link for %d tenths of a second later", targets[620], over)
	}
	mean := 0
	for _, v := range targets[650:680] {
		mean += v / 30
	}
	if mean < 400_000 {
		t.Errorf("5 to 8 s after the drop the target is %d, want 80 %% of 500000", mean)
	}
}

// A path of which nothing comes back is not filled, and the rate is kept for
// when it is back.
func TestSilentPathIsNotFilled(t *testing.T) {
	e := New(Config{Start: 1_000_000, Min: 60_000, Max: 3_000_000})
	e.SetRTT(40 * time.Millisecond)
	now := origin
	sent := 0
	for range 5000 {
		now = now.Add(time.Millisecond)
		if e.Room() {
			e.Sent(now, 1200)
			sent += 1200
		}
		e.Tick(now)
		if _, ok := e.Probe(now, true); ok && now.Sub(origin) > 2*time.Second {
			t.Fatal("a silent path is probed")
		}
	}
	if most := 5 * 1_000_000 * 0.3 / 8; float64(sent) > 1.1*most { // tried again every second
		t.Errorf("%d bytes were sent into nothing, want about %.0f", sent, most)
	}
	e.Gone(sent)
	e.Feedback(now, []Packet{{Departure: now.Add(-time.Second), Size: 1200, Arrived: true}})
	if e.Target() != 1_000_000 || !e.Room() {
		t.Errorf("after it: target %d, room %v; want as before", e.Target(), e.Room())
	}
}

func TestProbeShowsTheRate(t *testing.T) {
	for _, c := range []struct {
		name     string
		lossy    bool
		gap, at  time.Duration // between packets, sent and received
		n        int
		want     float64
		wantNone bool
	}{
		{"unhindered", false, 2 * time.Millisecond, 2 * time.Millisecond, 6, 4e6, false},
		{"the path is full", false, 2 * time.Millisecond, 4 * time.Millisecond, 6, 1.9e6, false},
		{"too few arrive", false, 2 * time.Millisecond, 2 * time.Millisecond, 3, 0, true},
		{"too few would arrive, but many get lost", true, 2 * time.Millisecond, 2 * time.Millisecond, 3, 4e6, false},
		{"let go together", false, 2 * time.Millisecond, 100 * time.Microsecond, 6, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p prober
			p.want(4e6, 12*time.Millisecond)
			pr, ok := p.take(origin)
			if !ok || pr.Rate != 4_000_000 || pr.Bytes != 6000 {
				t.Fatalf("%+v %v", pr, ok)
			}
			var got float64
			ok = false
			for i := range c.n {
				if g, k := p.arrived(Packet{Departure: origin.Add(time.Duration(i * int(c.gap))), Arrival: time.Duration(i * int(c.at)), Size: 1000, Arrived: true, Cluster: pr.ID}, c.lossy, 1e6, 1e9); k {
					got, ok = g, true
				}
			}
			if ok == c.wantNone || got < 0.99*c.want || got > 1.01*c.want {
				t.Errorf("%v %v, want %v", got, ok, c.want)
			}
		})
	}
}

func TestPacer(t *testing.T) {
	var p Pacer
	if p.Wait(origin) != 0 {
		t.Error("without a rate something waits")
	}
	p.SetRate(1_000_000)
	sent := 0
	for now := origin; now.Before(origin.Add(time.Second)); now = now.Add(time.Millisecond) {
		burst := 0
		for p.Wait(now) == 0 {
			p.Took(now, 1250)
			burst++
		}
		sent += 1250 * burst
		if burst > 1 {
			t.Fatalf("%d packets of 10 ms at once", burst)
		}
	}
	if sent < 124_000 || sent > 127_500 {
		t.Errorf("%d bytes in a second at 1 Mbit/s", sent)
	}
}

func FuzzEstimator(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 200, 100, 50, 25})
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := Config{Start: 300_000, Min: 60_000, Max: 2_000_000}
		e := New(cfg)
		now := origin
		for i := 0; i+3 < len(b); i += 4 {
			now = now.Add(time.Duration(b[i]) * time.Millisecond)
			size := int(b[i+1]) * 8
			e.Sent(now, size)
			e.Gone(size)
			pr, _ := e.Probe(now, b[i+2]&1 == 0)
			e.Feedback(now, []Packet{{
				Departure: now.Add(-time.Duration(b[i+2]) * time.Millisecond), Size: size, Arrived: b[i+3]&3 != 0,
				Arrival: time.Duration(int8(b[i+3])) * 10 * time.Millisecond, Cluster: pr.ID,
			}})
			e.Tick(now)
			if g := e.Target(); g < cfg.Min || g > cfg.Max {
				t.Fatalf("target %d", g)
			}
		}
	})
}

func BenchmarkFeedback(b *testing.B) {
	e := New(Config{Start: 1_000_000, Min: 60_000, Max: 3_000_000})
	pkts := make([]Packet, 10)
	now := origin
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(50 * time.Millisecond)
		for i := range pkts {
			at := now.Add(time.Duration(i*5) * time.Millisecond)
			pkts[i] = Packet{Departure: at, Size: 1200, Arrived: true, Arrival: at.Sub(origin)}
			e.Sent(at, 1200)
			e.Gone(1200)
		}
		e.Feedback(now, pkts)
	}
}
