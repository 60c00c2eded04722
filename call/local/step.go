package local

import (
	"time"

	"parley/media/device"
)

// How long until a wanted device that did not open is tried again, doubled
// each time; a device that worked for steady starts from the beginning.
const (
	retryFirst = 2 * time.Second
	retryMost  = time.Minute
	steady     = 30 * time.Second
	idleWait   = time.Hour // nothing is due: only a wake-up changes anything
)

// act is what a line does next.
type act uint8

const (
	actWait  act = iota
	actClose     // nothing is wanted
	actOpen      // open what is wanted, or the next best
	actBack      // what is wanted may be there again: try it beside its replacement
)

// holding is what a line has and knows. Pure: time is an argument.
type holding struct {
	chosen  int  // the choice it belongs to; -1: none, the line is closed
	open    bool // something is open
	back    bool // and it is what was wanted
	settled bool // nothing is open and only a new choice can change that
	// prefer stands in for the system's choice after that device was lost: when
	// it is back it is used again.
	prefer  string
	problem *device.Error
	lost    string // id of the device that problem is about, if it was in use
	absent  bool   // what is wanted was not to be seen when last looked
	retry   time.Duration
	due     time.Time
}

// want is the selector to open.
func (h *holding) want(w wish) string {
	if w.selector == "" && h.prefer != "" {
		return h.prefer
	}
	return w.selector
}

// step decides what to do, and how long to wait if nothing. listed: what is
// wanted can be seen.
func (h *holding) step(now time.Time, w wish, listed bool) (act, time.Duration) {
	switch {
	case !w.active && h.chosen == -1:
		return actWait, idleWait
	case !w.active:
		return actClose, 0
	case w.chosen != h.chosen:
		return actOpen, 0
	case h.settled, h.open && h.back:
		return actWait, idleWait
	}
	appeared := h.absent && listed
	due := !now.Before(h.due)
	switch {
	case !h.open && (appeared || due):
		return actOpen, 0
	case h.open && listed && (appeared || due):
		return actBack, 0
	case !due:
		return actWait, h.due.Sub(now)
	}
	return actWait, idleWait
}

// postpone sets when what is wanted is tried again.
func (h *holding) postpone(now time.Time) {
	if h.retry == 0 {
		h.retry = retryFirst
	}
	h.due = now.Add(h.retry)
	h.retry = min(2*h.retry, retryMost)
}

// gone notes that the open device, which was there since, is lost. The next
// best is due at once; what was lost is tried again later.
func (h *holding) gone(now, since time.Time, id string, problem *device.Error, wasWanted bool) {
	if now.Sub(since) >= steady {
		h.retry = 0
	}
	h.open, h.due, h.absent = false, now, false
	if wasWanted {
		h.problem, h.lost = problem, id
		if h.prefer == "" {
			h.prefer = device.Selector{Choice: device.ByDevice, Value: id}.String()
		}
	}
}
