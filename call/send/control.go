package send

import "time"

// Limits bound what the controller may choose. A field that is zero is as in
// DefaultLimits.
type Limits struct {
	BitrateBPS    int // video in all: the person's or the operator's cap
	StartBPS      int // to begin with
	MinBPS        int // below this video is not worth sending
	Width, Height int // a box that the picture fits into, lying or standing; zero: any size
	FPS           int
}

// DefaultLimits are for a camera.
func DefaultLimits() Limits {
	return Limits{BitrateBPS: 2_500_000, StartBPS: 1_000_000, MinBPS: 60_000, FPS: 30}
}

// orDefault fills in what is zero, and sees to it that min <= start <= cap.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		have *int
		def  int
	}{{&l.BitrateBPS, d.BitrateBPS}, {&l.StartBPS, d.StartBPS}, {&l.MinBPS, d.MinBPS}, {&l.FPS, d.FPS}} {
		if *f.have <= 0 {
			*f.have = f.def
		}
	}
	l.MinBPS = min(l.MinBPS, l.BitrateBPS)
	l.StartBPS = clamp(l.StartBPS, l.MinBPS, l.BitrateBPS)
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

// Feedback is what one receiver reported since the last feedback.
type Feedback struct {
	Mute bool          // it reported nothing; Loss is not known
	Loss float64       // 0 to 1 of the packets sent to it
	RTT  time.Duration // 0: not known
	Sent int           // bit/s of video that were sent to it
}

// Choice is what the encoder shall produce.
type Choice struct {
	Bitrate       int // bit/s
	Width, Height int
	FPS           float64
}

// The rates of the controller. Loss thresholds are media.md's.
const (
	lossLow      = 0.02
	lossHigh     = 0.10
	lossHeavy    = 0.20                    // a link that is full, not one that is bad
	lossOld      = 1500 * time.Millisecond // after a cut, what is lost was partly sent before it
	growProbing  = 0.25                    // per second until the first sign of a full link
	growSteady   = 0.08                    // per second after it
	backOff      = 0.85
	backOffBlind = 0.7
	episode      = 5 * time.Second        // cuts within it are one
	queueing     = 250 * time.Millisecond // above the shortest round trip seen: a queue is filling
	upMargin     = 1.3
	upAfter      = 5 * time.Second
	cpuBudget    = 0.85 // of the frame interval
	cpuAfter     = 2 * time.Second
	cpuRetry     = 30 * time.Second // after stepping down, before a higher rung is tried again
	cpuRetryMost = 8 * time.Minute
	topFPS       = 30 // of the ladder
)

// rate decides how many bits one receiver is sent: by loss, and by a round
// trip that grows, because a deep queue at a slow link delays before it drops.
// Pure: time is an argument.
type rate struct {
	limits Limits
	now    int // bit/s
	last   time.Time
	minRTT time.Duration
	full   bool      // the link has once been full
	cut    time.Time // when it was last found that much slower
	knee   int       // what it was thought to carry then, bit/s
	mute   bool      // the last feedback was
	before int       // what it was thought to carry before that, bit/s
}

func newRate(l Limits) rate {
	return rate{limits: l, now: clamp(l.StartBPS, l.MinBPS, l.BitrateBPS)}
}

func (r *rate) feedback(now time.Time, f Feedback) {
	span := time.Second
	if !r.last.IsZero() {
		span = min(max(now.Sub(r.last), 0), 2*time.Second)
	}
	r.last = now
	if f.RTT > 0 && (r.minRTT == 0 || f.RTT < r.minRTT) {
		r.minRTT = f.RTT
	}
	delayed := f.RTT > 0 && f.RTT > r.minRTT+queueing
	wasMute := r.mute
	r.mute = f.Mute
	if wasMute && !f.Mute {
		if f.Loss <= lossHigh {
			r.now = max(r.now, r.before)
		}
	}
	switch {
	case f.Mute && (wasMute || f.Sent == 0):
	case f.Mute:
		// Reports get lost first where both directions are full. Once: it may
		// be an outage as well, after which the picture shall be as before.
		r.before = r.now
		r.now = int(float64(min(r.now, f.Sent)) * backOffBlind)
	case f.Loss > lossHeavy && f.Sent > 0 && now.Sub(r.cut) > lossOld:
		// What arrived is what the link carries. Half of the loss, as below,
		// would take seconds in which sound is lost as well; and with a still
		// picture less was sent than might have been.
		again := now.Sub(r.cut) < episode
		r.full, r.cut = true, now
		r.now = int(float64(min(r.now, f.Sent)) * (1 - min(f.Loss, 1)))
		if !again {
			r.knee = r.now
		}
	case f.Loss > lossHigh:
		r.full = true
		r.now = int(float64(r.now) * (1 - 0.5*min(f.Loss, 1)))
	case delayed:
		r.full = true
		r.now = int(float64(r.now) * backOff)
	case 2*f.Sent < r.now:
		// Not much was sent: that it arrived says nothing about more.
	case f.Loss <= lossLow:
		grow := growProbing
		if r.full && 2*r.now > r.knee {
			grow = growSteady // further down, the cuts were too deep
		}
		r.now += int(float64(r.now) * grow * span.Seconds())
	}
	r.now = clamp(r.now, r.limits.MinBPS, r.limits.BitrateBPS)
}

// shape decides size and frame rate from the bit rate and from how long
// encoding takes. Pure: time is an argument.
type shape struct {
	rung    int
	started bool
	upSince time.Time // the rate has been enough for more since

	ceiling   int // highest rung that the machine can encode; see cpu
	overSince time.Time
	retryAt   time.Time
	retry     time.Duration
}

func newShape() shape { return shape{ceiling: len(rungs) - 1, retry: cpuRetry} }

// choose returns what to encode at bitrate from a source of w by h.
func (s *shape) choose(now time.Time, bitrate, w, h int, l Limits) Choice {
	want := rungFor(bitrate)
	if !s.started {
		s.rung, s.started = want, true
	}
	switch {
	case want < s.rung:
		s.rung, s.upSince = want, time.Time{}
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
	default:
		s.upSince = time.Time{}
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

func clamp(v, lo, hi int) int { return max(lo, min(v, hi)) }
