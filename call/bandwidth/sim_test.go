package bandwidth

import (
	"math/rand/v2"
	"time"
)

// path is a simulated bottleneck: a queue that is drained at a rate, a delay,
// jitter, loss.
type path struct {
	rate   func(t time.Duration) float64 // bit/s
	delay  time.Duration                 // one way
	jitter time.Duration                 // uniform, does not reorder
	queue  time.Duration                 // that fits into the queue at most
	loss   float64
	back   float64 // share of the reports that get lost
	seed   uint64
	down   func(t time.Duration) bool
	stall  float64 // share of the time in which a machine on the way does nothing, 10 to 40 ms at once
}

// tally is what a simulated run was like, per phase.
type tally struct {
	arrived int           // bytes
	lost    int           // packets
	all     int           // packets
	worst   time.Duration // queueing of sound
	sum     time.Duration
	sounds  int
	lostSnd int
}

var origin = time.Unix(1_000_000, 0)

type flight struct {
	Packet
	at    time.Duration // arrival, sim time; <0: lost
	sound bool
}

// run simulates an encoder that fills what it is given, up to need, with sound
// of 50 packets a second, for d; phases are cut at the times given.
func run(p path, cfg Config, need float64, d time.Duration, cuts ...time.Duration) (phases []tally, targets []int) {
	rng := rand.New(rand.NewPCG(p.seed, 2))
	e := New(cfg)
	e.SetRTT(2 * p.delay)
	var pacer Pacer
	var free, lastAt, stalled time.Duration // of the bottleneck
	var air []flight
	type item struct{ size int }
	var video []item
	var cluster Probe
	left := 0
	phases = make([]tally, len(cuts)+1)
	phase := func(t time.Duration) *tally {
		i := 0
		for i < len(cuts) && t >= cuts[i] {
			i++
		}
		return &phases[i]
	}
	put := func(t time.Duration, size int, sound bool, id int) {
		now := origin.Add(t)
		e.Sent(now, size)
		f := flight{Packet: Packet{Departure: now, Size: size, Cluster: id}, sound: sound, at: -1}
		ph := phase(t)
		ph.all++
		if sound {
			ph.sounds++
		}
		waits := max(0, free-t)
		lost := rng.Float64() < p.loss || waits > p.queue || p.down != nil && p.down(t)
		if !lost {
			free = max(free, t, stalled) + time.Duration(float64(size*8)/p.rate(t)*float64(time.Second))
			f.at = max(free+p.delay+time.Duration(rng.Float64()*float64(p.jitter)), lastAt)
			lastAt = f.at
			ph.arrived += size
			if sound {
				ph.worst = max(ph.worst, f.at-t-p.delay)
				ph.sum += f.at - t - p.delay
			}
		} else {
			ph.lost++
			if sound {
				ph.lostSnd++
			}
		}
		air = append(air, f)
	}
	told := 0
	seen := -1
	var resume, due time.Duration // of the sender; of the next picture
	var wan time.Duration         // of the machine in the middle
	for t := time.Duration(0); t < d; t += time.Millisecond {
		now := origin.Add(t)
		if t%(20*time.Millisecond) == 0 {
			put(t, 130, true, 0)
		}
		if rng.Float64() < p.stall/25 {
			resume = t + time.Duration(10+30*rng.Float64())*time.Millisecond
		}
		if rng.Float64() < p.stall/25 {
			wan = t + time.Duration(10+30*rng.Float64())*time.Millisecond
		}
		stalled = wan
		if t < resume {
			continue
		}
		queued := 0
		for _, i := range video {
			queued += i.size
		}
		fps := 30.0
		if e.Target() < 400_000 {
			fps = 15
		}
		if t >= due && float64(queued*8)/max(float64(e.Target()), 1) < 0.2 {
			due = max(due, t-20*time.Millisecond) + time.Duration(1000/fps)*time.Millisecond
			bits := min(float64(e.Target())-60_000, need) / fps * (0.7 + 0.6*rng.Float64())
			for b := int(bits / 8); b > 0; b -= 1200 {
				video = append(video, item{min(b, 1200) + 60})
			}
		}
		if left <= 0 {
			if pr, ok := e.Probe(now, true); ok {
				cluster, left = pr, pr.Bytes
			}
		}
		pace := int(2.5 * float64(e.Target()))
		if left > 0 {
			pace = cluster.Rate
		}
		pacer.SetRate(pace)
		for pacer.Wait(now) == 0 && e.Room() {
			size := 0
			if len(video) > 0 {
				size = video[0].size
				video = video[1:]
			} else if left > 0 {
				size = 1100
			} else {
				break
			}
			id := 0
			if left > 0 {
				id = cluster.ID
				left -= size
			}
			put(t, size, false, id)
			pacer.Took(now, size)
		}
		if t%(50*time.Millisecond) == 0 {
			e.Tick(now)
			back := p.delay
			if p.down != nil && p.down(t) {
				continue
			}
			high := seen
			for i := told; i < len(air); i++ {
				if air[i].at >= 0 && air[i].at+back <= t {
					high = max(high, i)
				}
			}
			if rng.Float64() < p.back {
				seen = high // what the report told is never known
			} else {
				var pkts []Packet
				for ; told <= seen; told++ { // what left later is told of: it is not on its way any more
					e.Gone(air[told].Size)
				}
				for ; told <= high; told++ {
					f := air[told]
					f.Arrived = f.at >= 0
					f.Arrival = f.at
					e.Gone(f.Size)
					pkts = append(pkts, f.Packet)
				}
				seen = high
				e.Feedback(now, pkts)
			}
		}
		if t%(100*time.Millisecond) == 0 {
			targets = append(targets, e.Target())
		}
	}
	return phases, targets
}
