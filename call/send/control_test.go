package send

import (
	"testing"
	"time"
)

var t0 = time.Unix(1_000_000, 0)

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		kbps   int
		w, h   int
		sw, sh int // source
	}{
		{60, 320, 180, 1280, 720},
		{200, 320, 180, 1280, 720},
		{300, 480, 270, 1280, 720},
		{450, 640, 360, 1280, 720},
		{900, 960, 540, 1280, 720},
		{1600, 1280, 720, 1280, 720},
		{5000, 1280, 720, 1280, 720}, // never enlarged
		{5000, 1920, 1080, 1920, 1080},
		{900, 640, 480, 640, 480},
		{450, 554, 416, 640, 480}, // the same area in another shape
		{450, 360, 640, 720, 1280},
	} {
		r := rungs[rungFor(c.kbps*1000)]
		if w, h := r.Fit(c.sw, c.sh); w != c.w || h != c.h {
			t.Errorf("%d kbit/s of %dx%d: %dx%d, want %dx%d", c.kbps, c.sw, c.sh, w, h, c.w, c.h)
		}
	}
}

func TestRungsAreTakenDownAtOnceAndUpSlowly(t *testing.T) {
	l := DefaultLimits().orDefault()
	s := newShape()
	now := t0
	width := func(bps int) int { return s.choose(now, bps, 1280, 720, l).Width }
	if w := width(500_000); w != 640 {
		t.Fatalf("500 kbit/s: %d wide", w)
	}
	now = now.Add(300 * time.Millisecond)
	if w := width(1_000_000); w != 960 {
		t.Fatalf("the first probe found 1 Mbit/s: %d wide, want 960 at once", w)
	}
	for range 9 { // a little less than the rung's rate, for less than a second
		now = now.Add(100 * time.Millisecond)
		if w := width(800_000); w != 960 {
			t.Fatalf("after %v of 800 kbit/s: %d wide, want patience", now.Sub(t0), w)
		}
	}
	now = now.Add(time.Second)
	width(1_000_000)
	if w := width(300_000); w != 480 {
		t.Fatalf("300 kbit/s: %d wide, want 480 at once", w)
	}
	for range 49 { // enough for a higher rung, for 4.9 s
		now = now.Add(100 * time.Millisecond)
		if w := width(600_000); w != 480 {
			t.Fatalf("%v after the drop: %d wide, want patience", now.Sub(t0), w)
		}
	}
	now = now.Add(200 * time.Millisecond)
	width(600_000)
	now = now.Add(5 * time.Second)
	width(600_000)
	now = now.Add(5 * time.Second)
	if w := width(600_000); w != 640 {
		t.Fatalf("%d wide, want 640 after 5 s", w)
	}
	// At the cap there is no 1.3 times of more to wait for.
	l.BitrateBPS = 1_600_000
	for range 12 {
		now = now.Add(time.Second)
		width(1_600_000)
	}
	if w := width(1_600_000); w != 1280 {
		t.Errorf("at a cap of 1.6 Mbit/s: %d wide, want 1280", w)
	}
}

func TestSlowMachineGetsASmallerPicture(t *testing.T) {
	l := DefaultLimits().orDefault()
	s := newShape()
	now := t0
	s.choose(now, 2_500_000, 1280, 720, l)
	interval := time.Second / 30
	down := 0
	for range 65 {
		now = now.Add(interval)
		if s.encoded(now, interval, interval) {
			down++
		}
	}
	if c := s.choose(now, 2_500_000, 1280, 720, l); down != 1 || c.Width != 960 {
		t.Fatalf("after 2 s of too much work: %d steps, %d wide", down, c.Width)
	}
	// One slow picture among good ones means nothing.
	for i := range 200 {
		now = now.Add(interval)
		took := interval / 3
		if i%10 == 0 {
			took = 2 * interval
		}
		if s.encoded(now, took, interval) {
			t.Fatal("stepped down for single slow pictures")
		}
	}
	now = now.Add(cpuRetry)
	s.choose(now, 2_500_000, 1280, 720, l)
	if c := s.choose(now, 2_500_000, 1280, 720, l); c.Width != 1280 {
		t.Errorf("half a minute later: %d wide, want another try", c.Width)
	}
}

func TestLimits(t *testing.T) {
	l := Limits{BitrateBPS: 300_000}.orDefault()
	if l.StartBPS != 300_000 || l.FPS != 30 {
		t.Errorf("a low cap: %+v", l)
	}
	for _, c := range []struct{ w, h, bw, bh, ww, wh int }{
		{1280, 720, 0, 0, 1280, 720},
		{1280, 720, 640, 360, 640, 360},
		{720, 1280, 640, 360, 360, 640},
		{640, 480, 640, 360, 480, 360},
		{320, 180, 640, 360, 320, 180},
	} {
		if w, h := (Limits{Width: c.bw, Height: c.bh}).box(c.w, c.h); w != c.ww || h != c.wh {
			t.Errorf("%dx%d in %dx%d: %dx%d, want %dx%d", c.w, c.h, c.bw, c.bh, w, h, c.ww, c.wh)
		}
	}
}

func TestCadence(t *testing.T) {
	for _, c := range []struct {
		source float64
		fps    float64
		want   int // of one second
	}{{30, 30, 30}, {30, 15, 15}, {30, 24, 24}, {30, 10, 10}, {25, 30, 25}, {60, 30, 30}, {29.97, 30, 30}} {
		var k cadence
		n := 0
		for i := range int(c.source * 10) {
			if k.want(time.Duration(float64(i)/c.source*float64(time.Second)), c.fps) {
				n++
			}
		}
		if n < c.want*10-3 || n > c.want*10+3 {
			t.Errorf("%v of %v pictures/s: %d in 10 s, want %d", c.fps, c.source, n, c.want*10)
		}
	}
	var k cadence
	k.want(10*time.Second, 30)
	if !k.want(0, 30) {
		t.Error("a clock that began anew stops the picture")
	}
}
