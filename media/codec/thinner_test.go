package codec

import (
	"math/rand/v2"
	"testing"
	"time"
)

// run sends seconds of a source at rate frames/s, each up to jitter early or
// late, and returns how many frames were taken.
func run(t *thinner, fps, rate int, start, length, jitter time.Duration, r *rand.Rand) int {
	n := 0
	for i := range int(length.Seconds() * float64(rate)) {
		pts := start + time.Duration(i)*time.Second/time.Duration(rate)
		if jitter > 0 {
			pts += time.Duration(r.Int64N(int64(2*jitter))) - jitter
		}
		if t.take(pts, fps, false) {
			n++
		}
	}
	return n
}

func TestThinner(t *testing.T) {
	const ms = time.Millisecond
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		rate, fps int
		jitter    time.Duration
		want      int // in 10 s
	}{
		{30, 30, 0, 300}, {30, 20, 0, 200}, {30, 15, 0, 150}, {30, 10, 0, 100}, {30, 25, 0, 250}, {60, 30, 0, 300}, {25, 15, 0, 150},
		{15, 30, 0, 150}, {10, 30, 0, 100}, {30, 5, 0, 50},
		// A camera's clock shakes: a rate that is not above the target loses nothing.
		{30, 30, 8 * ms, 300}, {15, 15, 15 * ms, 150}, {30, 15, 5 * ms, 150},
	} {
		var th thinner
		if got := run(&th, c.fps, c.rate, time.Hour, 10*time.Second, c.jitter, r); got < c.want-3 || got > c.want+3 {
			t.Errorf("%d frames/s to %d, jitter %v: %d frames in 10 s, want %d", c.rate, c.fps, c.jitter, got, c.want)
		}
	}
}

func TestThinnerChangesRateAtOnce(t *testing.T) {
	var th thinner
	run(&th, 5, 30, 0, 2*time.Second, 0, nil)
	if got := run(&th, 30, 30, 2*time.Second, time.Second, 0, nil); got < 28 {
		t.Errorf("from 5 to 30: %d frames in the first second", got)
	}
	if got := run(&th, 5, 30, 3*time.Second, time.Second, 0, nil); got > 6 {
		t.Errorf("from 30 to 5: %d frames in the first second", got)
	}
}

func TestThinnerForcedAndRestarted(t *testing.T) {
	var th thinner
	for i, c := range []struct {
		pts   time.Duration
		force bool
		want  bool
	}{
		{0, false, true}, {10 * time.Millisecond, false, false}, {20 * time.Millisecond, true, true},
		{time.Hour, false, true}, {5 * time.Second, false, true}, {5 * time.Second, false, false},
	} {
		if got := th.take(c.pts, 10, c.force); got != c.want {
			t.Errorf("frame %d: %v", i, got)
		}
	}
}
