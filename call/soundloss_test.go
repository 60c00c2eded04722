package call

import (
	"testing"
	"time"

	"parley/call/peer"
)

func TestLosses(t *testing.T) {
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	type tick struct{ lost, came int64 } // since the one before
	times := func(n int, t tick) (out []tick) {
		for range n {
			out = append(out, t)
		}
		return out
	}
	lossy, clear := tick{2, 18}, tick{0, 20}
	for name, c := range map[string]struct {
		ticks       []tick
		now         float64 // within a hundredth
		least, most float64 // of what lasts
	}{
		"at first":                     {times(1, clear), 0, supposedLoss, supposedLoss},
		"the first report tells":       {times(1, lossy), 0.10, 0.10, 0.10},
		"a tenth is lost":              {times(30, lossy), 0.10, 0.10, 0.10},
		"nothing for half a minute":    {times(150, clear), 0, 0, 0.005},
		"lost in the last report":      {append(times(150, clear), tick{10, 10}), 0.033, 0.033, 0.04},
		"lost three seconds ago":       {append(times(1, tick{10, 10}), times(lossRing+1, clear)...), 0, 0.25, 0.32},
		"nobody tells any more":        {append(times(30, lossy), times(lossRing+1, tick{})...), 0, 0.07, 0.10},
		"what was lost came after all": {append(times(5, clear), tick{-1, 21}), 0, 0.07, 0.10},
	} {
		var l losses
		var sum tally
		now, lasting := 0.0, 0.0
		for i, x := range c.ticks {
			sum.lost, sum.came = sum.lost+x.lost, sum.came+x.came
			now, lasting = l.add(start.Add(time.Duration(i)*lossTick), sum)
		}
		if now < c.now-0.01 || now > c.now+0.01 {
			t.Errorf("%s: %.3f is lost, want %.3f", name, now, c.now)
		}
		if lasting < c.least || lasting > c.most {
			t.Errorf("%s: %.3f is prepared for, want %.3f to %.3f", name, lasting, c.least, c.most)
		}
	}
}

// TestLossesForgetAnOutage: what was sent while there was no path is lost, and
// the reports of it come when there is one again.
func TestLossesForgetAnOutage(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	var l losses
	l.add(at, tally{0, 100})
	l.outage(at.Add(time.Second))
	if now, _ := l.add(at.Add(2*time.Second), tally{500, 100}); now != 0 {
		t.Errorf("right after it %.2f is lost", now)
	}
	after := at.Add(time.Second + afterOutage)
	l.add(after, tally{500, 150})
	if now, _ := l.add(after.Add(lossTick), tally{500, 170}); now != 0 {
		t.Errorf("then %.2f is lost", now)
	}
	if now, _ := l.add(after.Add(2*lossTick), tally{510, 180}); now == 0 {
		t.Error("what is lost later is not seen")
	}
}

func TestTallyOf(t *testing.T) {
	sound := &peer.RemoteInboundRTP{PacketsLost: 2, PacketsReceived: 10}
	picture := &peer.RemoteInboundRTP{PacketsLost: 3, PacketsReceived: 30}
	if _, known := tallyOf([2]*peer.RemoteInboundRTP{}); known {
		t.Error("something is known without a report")
	}
	if got, known := tallyOf([2]*peer.RemoteInboundRTP{sound, picture}); !known || got != (tally{5, 40}) {
		t.Errorf("%+v, %v", got, known)
	}
}
