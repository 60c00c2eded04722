package device

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"parley/media"
)

// room is a microphone and a speaker with clocks of their own, seen by a
// computer that is late now and then.
type room struct {
	ppm     float64       // the speaker's clock is that much faster
	burst   int           // blocks that the speaker takes at a time
	prefill int           // blocks that it takes at first
	jitter  time.Duration // callbacks are up to so late
	// speaker and microphone are called at all at time t?
	speakerLate, microphoneLate func(t time.Duration) time.Duration
	// gap: at this time the speaker plays a gap, or the microphone loses
	// samples, of so many blocks
	speakerGap, microphoneGap map[time.Duration]int
}

// offsets runs the room for as long as that and returns for every block of the
// microphone how far the sample that was read is from that which the speaker
// plays in that moment, in ms; NaN where there was silence.
func (r room) offsets(length time.Duration) []float64 {
	const n = media.BlockSamples
	now := time.Duration(0)
	ref := NewReference(func() time.Duration { return now })
	out, reader := ref.Attach(), ref.NewReader()
	rnd := rand.New(rand.NewPCG(1, uint64(r.burst)))
	type event struct {
		at   time.Duration
		true float64 // s: when the block was really due
		mic  bool
		size int
	}
	var events []event
	late := func(t time.Duration, f func(time.Duration) time.Duration) time.Duration {
		d := time.Duration(rnd.Float64() * float64(r.jitter))
		if f != nil {
			d += f(t)
		}
		return t + d
	}
	const start = 300 * time.Millisecond
	gone := time.Duration(0)
	for k := 0; ; k++ {
		due := time.Duration(k)*media.BlockDur + media.BlockDur + gone
		if due > length {
			break
		}
		if g := r.microphoneGap[due]; g > 0 {
			gone += time.Duration(g) * media.BlockDur
			due += time.Duration(g) * media.BlockDur
		}
		events = append(events, event{at: late(due, r.microphoneLate), true: due.Seconds(), mic: true})
	}
	every := float64(r.burst) * 0.01 / (1 + r.ppm*1e-6)
	pause := 0.0
	taken := map[time.Duration]bool{}
	for k := 0; ; k++ {
		at := start.Seconds() + float64(k)*every + pause
		for g, blocks := range r.speakerGap {
			if at > g.Seconds() && !taken[g] {
				taken[g] = true
				pause += float64(blocks) * 0.01
				at += float64(blocks) * 0.01
			}
		}
		due := time.Duration(at * float64(time.Second))
		if due > length {
			break
		}
		size := r.burst
		if k == 0 {
			size += r.prefill
		}
		events = append(events, event{at: late(due, r.speakerLate), true: at, size: size})
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	// The samples are numbered, in 16 bits: enough to tell them apart.
	sent := 0
	var truth []float64 // by block of the speaker: s when it is due
	var block [n]int16
	var offs []float64
	for _, e := range events {
		now = e.at
		if !e.mic {
			for i := range e.size {
				for s := range block {
					block[s] = int16((sent*n + s) % 32000)
				}
				out.Put(block[:], e.at)
				truth = append(truth, e.true+float64(i)*0.01/(1+r.ppm*1e-6))
				sent++
			}
			continue
		}
		var at float64 // the block's first sample, in blocks of the speaker
		if len(reader.taps) > 0 {
			at = (float64(reader.taps[0].pos) + reader.taps[0].part) / n
		}
		reader.Read(block[:])
		k := int(at)
		if block[n/2] == 0 && block[n/2+1] == 0 || k < 0 || k >= len(truth) {
			offs = append(offs, math.NaN())
			continue
		}
		if want := math.Mod(at*n+n/2, 32000); math.Abs(float64(block[n/2])-want) > 3 && want > 10 && want < 31990 {
			offs = append(offs, math.Inf(1))
			continue
		}
		played := truth[k] + (at-float64(k)+1)*0.01/(1+r.ppm*1e-6)
		offs = append(offs, 1000*(e.true-played))
	}
	return offs
}

// Whatever the clocks and the scheduler do, the speaker's sound stays where it
// was beside the microphone's.
func TestReferenceKeepsItsDistance(t *testing.T) {
	at := func(from, d time.Duration) func(time.Duration) time.Duration {
		return func(t time.Duration) time.Duration { // a stall: all that is due is late until its end
			if t >= from && t < from+d {
				return max(from+d-t, 0)
			}
			return 0
		}
	}
	for name, c := range map[string]struct {
		room
		length, from time.Duration
		within       float64 // ms, of the median
		silent       int     // blocks at most, after from
		astray       int     // blocks at most that are not within
	}{
		"on one clock":                     {room: room{burst: 1}, length: time.Minute, from: time.Second, within: 0.01},
		"two blocks at a time, and jitter": {room: room{burst: 2, prefill: 4, jitter: 3 * time.Millisecond}, length: time.Minute, from: 2 * time.Second, within: 0.01},
		"five blocks at a time":            {room: room{burst: 5, jitter: 2 * time.Millisecond}, length: time.Minute, from: 2 * time.Second, within: 0.01},
		"100 ppm fast":                     {room: room{burst: 2, ppm: 100, jitter: 3 * time.Millisecond}, length: 10 * time.Minute, from: 3 * time.Second, within: 2.5},
		"100 ppm slow":                     {room: room{burst: 2, ppm: -100, jitter: 3 * time.Millisecond}, length: 10 * time.Minute, from: 3 * time.Second, within: 2.5},
		"the speaker is late once": {
			room: room{burst: 2, speakerLate: at(20*time.Second, 200*time.Millisecond)}, length: time.Minute, from: 2 * time.Second, within: 0.01, silent: 21,
		},
		"the microphone is late once": {
			room: room{burst: 2, microphoneLate: at(20*time.Second, 300*time.Millisecond)}, length: time.Minute, from: 2 * time.Second, within: 0.01,
		},
		"the speaker plays a gap": {
			room: room{burst: 2, speakerGap: map[time.Duration]int{20 * time.Second: 15}}, length: time.Minute, from: 2 * time.Second, within: 0.3, silent: 15, astray: 130,
		},
		"the speaker stands still for 3 s": {
			room: room{burst: 2, speakerGap: map[time.Duration]int{20 * time.Second: 300}}, length: time.Minute, from: 2 * time.Second, within: 0.3, silent: 300, astray: 130,
		},
		"the microphone loses samples": {
			room: room{burst: 2, microphoneGap: map[time.Duration]int{20 * time.Second: 20}}, length: time.Minute, from: 2 * time.Second, within: 0.3, astray: 160,
		},
	} {
		t.Run(name, func(t *testing.T) {
			offs := c.offsets(c.length)[int(c.from/media.BlockDur):]
			var there []float64
			silent, wrong := 0, 0
			for _, o := range offs {
				switch {
				case math.IsNaN(o):
					silent++
				case math.IsInf(o, 0):
					wrong++
				default:
					there = append(there, o)
				}
			}
			if len(there) == 0 {
				t.Fatal("nothing was read")
			}
			slices.Sort(there)
			mid := there[len(there)/2]
			astray, worst := 0, 0.0
			for _, o := range there {
				if d := math.Abs(o - mid); d > c.within {
					astray++
					worst = max(worst, d)
				}
			}
			// In one block the reading may go on from another place than before.
			if astray > c.astray || wrong > 1 {
				t.Errorf("%d of %d blocks are up to %.2f ms off; %d are not what was played", astray, len(there), worst, wrong)
			}
			if silent > c.silent {
				t.Errorf("%d blocks are silent, want at most %d", silent, c.silent)
			}
			if mid < 0 {
				t.Errorf("it is read %.1f ms before it is played: its echo could come first", -mid)
			}
			t.Logf("%.1f ms after it was taken; %d silent, %d astray", mid, silent, astray)
		})
	}
}

// Two speakers at a time are added; one that is closed is played to its end.
func TestReferenceAddsSpeakers(t *testing.T) {
	var now time.Duration
	ref := NewReference(func() time.Duration { return now })
	reader := ref.NewReader()
	a, b := ref.Attach(), ref.Attach()
	var block, got [media.BlockSamples]int16
	put := func(o *Output, v int16) {
		for i := range block {
			block[i] = v
		}
		o.Put(block[:], now)
	}
	for range 20 {
		now += media.BlockDur
		put(a, 30000)
		put(b, 5000)
		reader.Read(got[:])
	}
	if got[100] != 32767 {
		t.Errorf("30000 and 5000 are %d", got[100])
	}
	a.Detach()
	for range 10 {
		now += media.BlockDur
		put(b, 5000)
		reader.Read(got[:])
	}
	if got[100] != 5000 || len(reader.taps) != 1 {
		t.Errorf("after one is closed: %d from %d speakers", got[100], len(reader.taps))
	}
	if n := testing.AllocsPerRun(100, func() { put(b, 1); reader.Read(got[:]) }); n != 0 {
		t.Errorf("%v allocations per block", n)
	}
}
