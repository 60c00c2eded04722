package record

import "time"

const (
	alignWindow = 10 * time.Second // how long the fastest unit counts, twice that at most
	alignSlew   = 500              // the offset follows by 1/500 of the time that passes: 2 ms a second
	alignHurry  = 50               // by 1/50 if it is off by more than alignFar
	alignFar    = 40 * time.Millisecond
	alignJump   = 500 * time.Millisecond
	alignSettle = time.Second // until then whoever is faster is believed at once
)

// align places what one clock stamped on another: a person's capture clock on
// the clock of this machine. The units that were fastest from the end of their
// capture to here say how far apart the two are; the offset follows them
// slowly, so that neither a clock that runs too fast nor a route that changes
// tears sound and picture apart. The zero value is ready.
type align struct {
	begun  bool
	began  time.Duration
	offset time.Duration
	moved  time.Duration // when it last followed
	best   [2]time.Duration
	since  time.Duration // when best[0] was begun
}

// observe takes a unit whose capture ended at end by the clock to be placed,
// and which was there at now.
func (a *align) observe(end, now time.Duration) {
	d := now - end
	if !a.begun {
		a.begin(d, now)
		return
	}
	if now-a.since > alignWindow {
		a.best[1], a.best[0], a.since = a.best[0], d, now
	}
	a.best[0] = min(a.best[0], d)
	diff := min(a.best[0], a.best[1]) - a.offset
	if diff.Abs() > alignJump { // somebody set a clock
		a.begin(d, now)
		return
	}
	step := max(now-a.moved, 0) / alignSlew
	switch {
	case now-a.began < alignSettle:
		step = diff.Abs()
	case diff.Abs() > alignFar:
		step = max(now-a.moved, 0) / alignHurry
	}
	a.offset += min(max(diff, -step), step)
	a.moved = now
}

func (a *align) begin(d, now time.Duration) {
	*a = align{begun: true, began: now, offset: d, moved: now, best: [2]time.Duration{d, d}, since: now}
}

// place returns where a capture time lies.
func (a *align) place(capture time.Duration) time.Duration { return capture + a.offset }
