package sound

import (
	"testing"
	"time"

	"parley/media"
	"parley/media/device"
)

func ramp(from, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(from + i)
	}
	return s
}

func TestRingKeepsOrderAcrossItsEnd(t *testing.T) {
	r := newRing(1000)
	next, at := 0, time.Duration(0)
	want := 0
	block := make([]int16, media.BlockSamples)
	for _, n := range []int{480, 441, 500, 3, 900, 160, 480, 1} {
		at += time.Duration(n) * time.Second / media.SampleRate
		r.write(ramp(next, n), at)
		next += n
		for {
			index, pts, ok := r.read(block)
			if !ok {
				break
			}
			if int(index) < want {
				t.Fatalf("block starts at sample %d, %d had been read", index, want)
			}
			for i, v := range block {
				if v != int16(int(index)+i) {
					t.Fatalf("sample %d is %d", int(index)+i, v)
				}
			}
			if d := pts - time.Duration(index)*time.Second/media.SampleRate; d < -time.Microsecond || d > time.Microsecond {
				t.Fatalf("sample %d is stamped %v", index, pts)
			}
			want = int(index) + len(block)
		}
	}
	if lost := r.dropped(); lost > 900 {
		t.Errorf("%d samples lost", lost)
	}
}

func TestRingDropsTheOldest(t *testing.T) {
	r := newRing(1000)
	r.write(ramp(0, 3000), time.Second)
	r.write(ramp(3000, 100), time.Second)
	block := make([]int16, media.BlockSamples)
	index, _, ok := r.read(block)
	if !ok || index != 2100 || block[0] != 2100 || r.dropped() != 2100 {
		t.Fatalf("first sample %d at %d, %d lost, %v", block[0], index, r.dropped(), ok)
	}
}

// The callbacks go on, and allocate nothing, while nobody reads, the sound
// server hangs with the System's lock and somebody holds its other one.
func TestCallbacksWaitForNobody(t *testing.T) {
	s := New(Config{Clock: device.NewClock()}, testLog(t))
	s.lock <- struct{}{}
	s.mu.Lock()
	m := &Microphone{stream: &stream{sys: s}, ring: newRing(ringSamples), clock: s.cfg.Clock}
	capture := m.callback(m.hear)
	in := make([]byte, 2*441)
	if n := testing.AllocsPerRun(1000, func() { capture(nil, in, 441) }); n != 0 {
		t.Errorf("the microphone's callback: %v allocations", n)
	}
	if lost, want := m.Lost(), uint64(1001*441-ringSamples); lost != want {
		t.Errorf("%d samples lost, want %d: the oldest", lost, want)
	}
	pulled := 0
	b := &blocks{pull: func(out []int16) { pulled += len(out) }}
	play := (&stream{sys: s}).callback(func(out, _ []int16) { b.fill(out) })
	out := make([]byte, 2*960)
	if n := testing.AllocsPerRun(1000, func() { play(out, nil, 960) }); n != 0 || pulled != 1001*960 {
		t.Errorf("the speaker's callback: %v allocations, %d samples pulled", n, pulled)
	}
	s.mu.Unlock()
	<-s.lock
}

func TestRingAllocatesNothing(t *testing.T) {
	r := newRing(24000)
	in, out := make([]int16, 441), make([]int16, media.BlockSamples)
	if n := testing.AllocsPerRun(1000, func() {
		r.write(in, 0)
		r.read(out)
	}); n != 0 {
		t.Errorf("%v allocations per callback", n)
	}
}

func TestStampsAreEvenAndFollowTheClock(t *testing.T) {
	var s stamps
	var last time.Duration
	// A device that runs 100 ppm fast, whose callbacks jitter by 6 ms.
	for n := range 6000 {
		at := time.Duration(float64(n)*float64(media.BlockDur)/1.0001) + time.Duration(n*7919%13-6)*time.Millisecond
		pts := s.next(uint64(n*media.BlockSamples), at)
		if n > 200 {
			if d := pts - last; d < 9*time.Millisecond || d > 11*time.Millisecond {
				t.Fatalf("block %d comes %v after the one before", n, d)
			}
			if d := pts - at; d < -12*time.Millisecond || d > 12*time.Millisecond {
				t.Fatalf("block %d is %v off the clock", n, d)
			}
		}
		last = pts
	}
	// 300 ms were dropped: the stamps jump with the samples.
	if pts := s.next(6030*media.BlockSamples, last+310*time.Millisecond); pts != last+310*time.Millisecond {
		t.Errorf("after a gap of 300 ms: %v later", pts-last)
	}
}

func TestBlocksPullTenMillisecondsAtATime(t *testing.T) {
	n := 0
	b := blocks{pull: func(out []int16) {
		if len(out) != media.BlockSamples {
			t.Fatalf("pulled %d samples", len(out))
		}
		copy(out, ramp(n, len(out)))
		n += len(out)
	}}
	next := 0
	for _, size := range []int{1, 479, 480, 960, 1000, 441, 7} {
		out := make([]int16, size)
		b.fill(out)
		for _, v := range out {
			if v != int16(next) {
				t.Fatalf("sample %d is %d", next, v)
			}
			next++
		}
	}
	if n-next >= media.BlockSamples {
		t.Errorf("%d samples pulled for %d played", n, next)
	}
}
