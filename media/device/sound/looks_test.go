package sound

import (
	"testing"
	"time"
)

// What is looked for in vain is looked for less and less often, but at once
// when somebody asks.
func TestLooks(t *testing.T) {
	var l looks
	now := time.Unix(1000, 0)
	count := func(d time.Duration) (n int) {
		for end := now.Add(d); now.Before(end); now = now.Add(2 * time.Second) {
			if l.due(now, false) {
				l.failed(now)
				n++
			}
		}
		return n
	}
	if n := count(time.Minute); n < 3 || n > 4 {
		t.Errorf("%d looks in the first minute", n)
	}
	if n := count(24 * time.Hour); n > 160 {
		t.Errorf("%d looks in a day", n)
	}
	l.failed(now)
	if l.due(now.Add(lookAfter-time.Second), true) || !l.due(now.Add(lookAfter), true) {
		t.Errorf("somebody who opens a device does not wait %v for the next look", lookAfter)
	}
	l.found()
	if !l.due(now, false) {
		t.Error("a server that was there and is gone is not looked for")
	}
}
