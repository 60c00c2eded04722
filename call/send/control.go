package send

import "time"

// Limits bound what the controller may choose. A field that is zero is as in
// DefaultLimits.
type Limits struct {
	BitrateBPS    int // video in all: the person's or the operator's cap
	StartBPS      int // until the link is known
	Width, Height int // a box that the picture fits into, lying or standing; zero: any size
	FPS           int
}

// DefaultLimits are for a camera.
func DefaultLimits() Limits {
	return Limits{BitrateBPS: 2_500_000, StartBPS: 600_000, FPS: 30}
}

// orDefault fills in what is zero, and sees to it that start <= cap.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		have *int
		def  int
	}{{&l.BitrateBPS, d.BitrateBPS}, {&l.StartBPS, d.StartBPS}, {&l.FPS, d.FPS}} {
		if *f.have <= 0 {
			*f.have = f.def
		}
	}
	l.StartBPS = min(l.StartBPS, l.BitrateBPS)
	return l
}

// box makes w by h fit into the limits' box.
func (l Limits) box(w, h int) (int, int) {
	long, short := max(l.Width, l.Height), min(l.Width, l.Height)
	if short <= 0 {
		return w, h
	}
	scale := min(1, float64(long)/float64(max(w, h)), float64(short)/float64(min(w, h)))
	if scale == 1 {
		return w, h
	}
	return even(float64(w) * scale), even(float64(h) * scale)
}

// Choice is what the encoder shall produce.
type Choice struct {
	Bitrate       int // bit/s
	Width, Height int
	FPS           float64
}

// When the picture changes its size and rate.
const (
	downMargin   = 0.85            // of a rung's rate: below it at once
	downAfter    = time.Second     // between that and the rung's rate
	early        = 8 * time.Second // from the first picture on, rungs are taken as fast as the link is found
	upMargin     = 1.3
	upAfter      = 5 * time.Second
	cpuBudget    = 0.85 // of the frame interval
	cpuAfter     = 2 * time.Second
	cpuRetry     = 30 * time.Second // after stepping down, before a higher rung is tried again
	cpuRetryMost = 8 * time.Minute
	topFPS       = 30 // of the ladder
)

// shape decides size and frame rate from the bit rate and from how long
// encoding takes. Pure: time is an argument.
type shape struct {
	rung      int
	started   time.Time // the first picture
	fell      bool      // a rung was given up for the link
	upSince   time.Time // the rate has been enough for more since
	downSince time.Time // the rate has been too little since

	ceiling   int // highest rung that the machine can encode; see cpu
	overSince time.Time
	retryAt   time.Time
	retry     time.Duration
}

func newShape() shape { return shape{ceiling: len(rungs) - 1, retry: cpuRetry} }

// choose returns what to encode at bitrate from a source of w by h.
func (s *shape) choose(now time.Time, bitrate, w, h int, l Limits) Choice {
	want := rungFor(bitrate)
	if s.started.IsZero() {
		s.rung, s.started = want, now
	}
	if want >= s.rung {
		s.downSince = time.Time{}
	}
	if want <= s.rung {
		s.upSince = time.Time{}
	}
	switch {
	case want < s.rung:
		if s.downSince.IsZero() {
			s.downSince = now
		}
		if float64(bitrate) < downMargin*float64(rungs[s.rung].Bitrate) || now.Sub(s.downSince) >= downAfter {
			s.rung, s.fell, s.downSince = want, true, time.Time{}
		}
	case want > s.rung && !s.fell && now.Sub(s.started) < early:
		s.rung = want // the first seconds show what the link carries
	case want > s.rung:
		// The cap may lie below 1.3 times the next rung; being at the cap is then enough.
		need := min(int(upMargin*float64(rungs[s.rung+1].Bitrate)), l.BitrateBPS)
		switch {
		case bitrate < need:
			s.upSince = time.Time{}
		case s.upSince.IsZero():
			s.upSince = now
		case now.Sub(s.upSince) >= upAfter:
			s.rung, s.upSince = s.rung+1, time.Time{}
		}
	}
	if s.ceiling < len(rungs)-1 && !now.Before(s.retryAt) {
		s.ceiling++
		s.retryAt = now.Add(s.retry)
	}
	r := rungs[min(s.rung, s.ceiling)]
	c := Choice{Bitrate: bitrate, FPS: min(r.FPS, float64(l.FPS))}
	if r.FPS >= topFPS {
		c.FPS = float64(l.FPS) // also above 30, if that is what is wanted
	}
	c.Width, c.Height = r.Fit(l.box(w, h))
	return c
}

// encoded takes in how long one picture took, with interval between pictures
// as encoded. It reports whether the machine is too slow for the present rung,
// which is then given up.
func (s *shape) encoded(now time.Time, took, interval time.Duration) (down bool) {
	if float64(took) <= cpuBudget*float64(interval) {
		s.overSince = time.Time{}
		return false
	}
	if s.overSince.IsZero() {
		s.overSince = now
		return false
	}
	if now.Sub(s.overSince) < cpuAfter {
		return false
	}
	s.overSince = time.Time{}
	at := min(s.rung, s.ceiling)
	if at == 0 {
		return false
	}
	if s.ceiling < len(rungs)-1 {
		// Not the first time: what was too much once is tried less and less often.
		s.retry = min(2*s.retry, cpuRetryMost)
	}
	s.ceiling = at - 1
	s.retryAt = now.Add(s.retry)
	return true
}

// cadence lets through as many pictures as the frame rate asks for, evenly, by
// their capture times: a 30 Hz camera at 15 gives every second picture, at 24
// four of five.
type cadence struct {
	due  time.Duration // capture time from which the next picture is wanted
	last time.Duration
	any  bool
}

func (c *cadence) want(pts time.Duration, fps float64) bool {
	if fps <= 0 {
		return false
	}
	step := time.Duration(float64(time.Second) / fps)
	if !c.any || pts < c.last || pts-c.last > time.Second {
		c.any, c.last, c.due = true, pts, pts+step
		return true
	}
	// A quarter of a step early is on time: cameras jitter.
	if pts < c.due-step/4 {
		return false
	}
	c.last = pts
	c.due += step
	if c.due < pts {
		c.due = pts + step
	}
	return true
}
