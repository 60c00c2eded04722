package local

import (
	"slices"
	"testing"
	"time"
)

func TestStep(t *testing.T) {
	t0 := time.Unix(1000, 0)
	on := wish{active: true, chosen: 3}
	for name, c := range map[string]struct {
		have   holding
		wish   wish
		listed bool
		act    act
		wait   time.Duration
	}{
		"closed and not wanted":           {holding{chosen: -1}, wish{}, true, actWait, idleWait},
		"no longer wanted":                {holding{chosen: 3, open: true, back: true}, wish{chosen: 3}, true, actClose, 0},
		"switched on":                     {holding{chosen: -1}, on, true, actOpen, 0},
		"another choice":                  {holding{chosen: 2, open: true, back: true}, on, true, actOpen, 0},
		"all well":                        {holding{chosen: 3, open: true, back: true}, on, true, actWait, idleWait},
		"none wanted":                     {holding{chosen: 3, settled: true}, on, true, actWait, idleWait},
		"failed, not due":                 {holding{chosen: 3, due: t0.Add(time.Second)}, on, true, actWait, time.Second},
		"failed, due":                     {holding{chosen: 3, due: t0}, on, false, actOpen, 0},
		"failed, plugged in":              {holding{chosen: 3, absent: true, due: t0.Add(time.Minute)}, on, true, actOpen, 0},
		"replaced, wanted not there":      {holding{chosen: 3, open: true, due: t0}, on, false, actWait, idleWait},
		"replaced, wanted due":            {holding{chosen: 3, open: true, due: t0}, on, true, actBack, 0},
		"replaced, wanted is back":        {holding{chosen: 3, open: true, absent: true, due: t0.Add(time.Hour)}, on, true, actBack, 0},
		"replaced, wanted there, not due": {holding{chosen: 3, open: true, due: t0.Add(time.Second)}, on, true, actWait, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			act, wait := c.have.step(t0, c.wish, c.listed)
			if act != c.act || wait != c.wait {
				t.Errorf("act %d, wait %v; want %d, %v", act, wait, c.act, c.wait)
			}
		})
	}
}

func TestRetriesBackOffUntilADeviceWorkedForAWhile(t *testing.T) {
	now := time.Unix(1000, 0)
	var h holding
	var got []time.Duration
	for range 7 {
		h.postpone(now)
		got = append(got, h.due.Sub(now))
	}
	want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute}
	if !slices.Equal(got, want) {
		t.Fatalf("retries after %v, want %v", got, want)
	}
	h.gone(now, now.Add(-time.Second), "x", nil, true)
	if h.postpone(now); h.due.Sub(now) != time.Minute {
		t.Error("a device that worked for a second is tried as if it were sound")
	}
	h.gone(now, now.Add(-time.Minute), "x", nil, true)
	if h.postpone(now); h.due.Sub(now) != retryFirst {
		t.Error("a device that worked for a minute is still held back")
	}
}
