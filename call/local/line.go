package local

import (
	"context"
	"errors"
	"time"

	"parley/media/device"
	"parley/media/latest"
)

// source is an open device and what keeps it going.
type source struct {
	info device.Info
	// pump carries what the device delivers until ctx ends, or until the device
	// is lost: then it returns why.
	pump  func(ctx context.Context) error
	close func() error
}

// line is one device in use: a goroutine (run) that opens what is wanted, puts
// the next best in its place when that fails, and goes back to it. What to do
// next is decided by step, which is pure.
type line struct {
	media *Media
	kind  device.Kind
	open  func(ctx context.Context, selector string) (*source, error)
	wake  chan struct{} // capacity 1
	// failed is called when nothing could be opened; may be nil.
	failed func()

	// guarded by Media.mu
	use       Use
	chosen    int // counts choices
	opening   context.CancelFunc
	openingAs wish

	// owned by run
	cur  *running
	have holding
}

// wish is what a line shall do.
type wish struct {
	selector string
	active   bool
	chosen   int
}

// running is a source at work.
type running struct {
	*source
	since  time.Time
	start  func() // the pump
	cancel context.CancelFunc
	ended  chan error // capacity 1
}

func newLine(m *Media, k device.Kind, open func(context.Context, string) (*source, error)) *line {
	return &line{media: m, kind: k, open: open, wake: make(chan struct{}, 1), have: holding{chosen: -1}}
}

// poke makes the line look at its wish again. A device that is being opened
// and is no longer wanted is given up.
func (l *line) poke() {
	latest.Poke(l.wake)
	now := l.media.wish(l)
	l.media.mu.Lock()
	defer l.media.mu.Unlock()
	if l.opening != nil && now != l.openingAs {
		l.opening()
	}
}

// run is the goroutine of the line.
func (l *line) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	defer l.shut()
	for ctx.Err() == nil {
		w := l.media.wish(l)
		listed := l.listed(w)
		act, wait := l.have.step(time.Now(), w, listed)
		switch act {
		case actClose:
			l.shut()
			continue
		case actOpen:
			if l.have.chosen != w.chosen {
				// Whatever is open makes way first: it may be the same device.
				l.stop()
				l.have = holding{chosen: w.chosen}
			}
			l.best(ctx, w)
			continue
		case actBack:
			l.back(ctx, w)
			continue
		}
		l.have.absent = !listed
		timer.Reset(wait)
		var ended chan error
		if l.cur != nil {
			ended = l.cur.ended
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		case err := <-ended:
			l.lost(err)
		}
	}
}

// listed reports whether what is wanted can be seen.
func (l *line) listed(w wish) bool {
	want := l.have.want(w)
	sel, err := device.ParseSelector(want)
	if err != nil || sel.Choice != device.ByDevice && sel.Choice != device.ByDefault {
		return true
	}
	list := l.media.list(l.kind)
	if sel.Choice == device.ByDefault {
		_, ok := device.NextBest(l.kind, "", nil, list)
		return ok
	}
	_, ok := device.Match(list, sel.Value)
	return ok
}

// best opens what is wanted or, if that fails, the next best.
func (l *line) best(ctx context.Context, w wish) {
	l.have.open, l.have.back = false, false
	want := l.have.want(w)
	sel, _ := device.ParseSelector(want)
	var tried []string
	problem := l.have.problem
	if problem == nil {
		cur, err := l.try(ctx, want, w)
		if err == nil {
			l.opened(cur, nil)
			return
		}
		if ctx.Err() != nil || errors.Is(err, errGivenUp) {
			return
		}
		if errors.Is(err, device.ErrNone) {
			l.have.settled = true
			l.set(func(u *Use) { u.Opening, u.Open, u.Info, u.Problem = false, false, device.Info{}, nil })
			if l.failed != nil {
				l.failed()
			}
			return
		}
		problem = l.explain(want, err)
	}
	replaceable := sel.Choice == device.ByDefault || sel.Choice == device.ByDevice
	list := l.media.list(l.kind)
	if replaceable {
		// What did not work is not its own replacement.
		if l.have.lost != "" {
			tried = append(tried, l.have.lost)
		} else if i, ok := device.Match(list, sel.Value); ok {
			tried = append(tried, i.ID)
		} else if sel.Choice == device.ByDefault {
			if i, ok := device.NextBest(l.kind, "", nil, list); ok {
				tried = append(tried, i.ID)
			}
		}
		for {
			i, ok := device.NextBest(l.kind, "", tried, list)
			if !ok {
				break
			}
			tried = append(tried, i.ID)
			cur, err := l.try(ctx, device.Selector{Choice: device.ByDevice, Value: i.ID}.String(), w)
			if err == nil {
				l.have.postpone(time.Now())
				l.opened(cur, problem)
				return
			}
			if ctx.Err() != nil || errors.Is(err, errGivenUp) {
				return
			}
			l.media.log.Info("device not opened", "kind", l.kind, "name", i.Name, "err", err)
		}
	}
	l.have.postpone(time.Now())
	l.have.settled = !replaceable && problem.Reason != device.Lost
	l.have.problem, l.have.lost = nil, "" // next time what is wanted comes first again
	l.set(func(u *Use) { u.Opening, u.Open, u.Problem = false, false, problem })
	if l.failed != nil {
		l.failed()
	}
}

// back tries what is wanted beside its replacement, which goes on if that fails.
func (l *line) back(ctx context.Context, w wish) {
	next, err := l.try(ctx, l.have.want(w), w)
	if err != nil {
		l.have.postpone(time.Now())
		l.have.absent = false
		l.set(func(u *Use) { u.Opening = false })
		return
	}
	l.stop()
	l.opened(next, nil)
}

// errGivenUp: the wish changed while the device was being opened.
var errGivenUp = errors.New("no longer wanted")

// try opens one device; its pump is started by opened.
func (l *line) try(ctx context.Context, selector string, w wish) (*running, error) {
	octx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.media.change(func() {
		l.use.Opening = true
		l.opening, l.openingAs = cancel, w
	})
	src, err := l.open(octx, selector)
	l.media.mu.Lock()
	l.opening = nil
	l.media.mu.Unlock()
	if l.media.wish(l) != w {
		if err == nil {
			l.closeSource(src)
		}
		l.set(func(u *Use) { u.Opening = false })
		return nil, errGivenUp
	}
	if err != nil {
		return nil, err
	}
	pctx, stop := context.WithCancel(ctx)
	r := &running{source: src, since: time.Now(), cancel: stop, ended: make(chan error, 1)}
	r.start = func() { go func() { r.ended <- src.pump(pctx) }() }
	return r, nil
}

// opened starts the pump and notes what is in use now, and why it is not what
// was wanted. No other pump of the line runs: where the sound goes there is room
// for one microphone.
func (l *line) opened(cur *running, problem *device.Error) {
	cur.start()
	l.cur = cur
	l.have.open, l.have.back, l.have.problem = true, problem == nil, problem
	if problem == nil {
		l.have.lost = ""
	}
	l.have.absent = false
	l.media.log.Info("device open", "kind", l.kind, "name", cur.info.Name, "instead", problem != nil)
	l.set(func(u *Use) { u.Opening, u.Open, u.Info, u.Problem = false, true, cur.info, problem })
}

// lost takes note that the device in use ended by itself.
func (l *line) lost(err error) {
	cur := l.cur
	l.media.log.Info("device lost", "kind", l.kind, "name", cur.info.Name, "err", err)
	l.cur = nil
	cur.cancel()
	l.closeSource(cur.source)
	problem := &device.Error{Kind: l.kind, Name: cur.info.Name, Reason: device.Lost, Err: err}
	wasWanted := l.have.back
	l.have.gone(time.Now(), cur.since, cur.info.ID, problem, wasWanted)
	// Open stays set: the next best follows at once, and until then nobody
	// should see a flicker of "no device". best says otherwise if there is none.
	l.set(func(u *Use) { u.Opening = true })
}

// explain makes a device error of any.
func (l *line) explain(selector string, err error) *device.Error {
	if e, ok := errors.AsType[*device.Error](err); ok {
		return e
	}
	return &device.Error{Kind: l.kind, Name: selector, Reason: device.ReasonFor(err), Err: err}
}

// stop closes what is open and waits for its pump.
func (l *line) stop() {
	if l.cur == nil {
		return
	}
	cur := l.cur
	l.cur = nil
	cur.cancel()
	l.closeSource(cur.source)
	if err := <-cur.ended; err != nil {
		l.media.log.Debug("device ended", "kind", l.kind, "name", cur.info.Name, "err", err)
	}
}

func (l *line) closeSource(s *source) {
	if err := s.close(); err != nil {
		l.media.log.Warn("device not closed", "kind", l.kind, "name", s.info.Name, "err", err)
	}
}

// shut closes the line: nothing is wanted.
func (l *line) shut() {
	l.stop()
	l.have = holding{chosen: -1}
	l.set(func(u *Use) { u.Opening, u.Open, u.Problem = false, false, nil })
}

func (l *line) set(f func(*Use)) { l.media.change(func() { f(&l.use) }) }
