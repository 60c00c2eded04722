package call_test

import (
	"fmt"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest"
)

// TestSoundThroughLoss: of what is lost on the way not half has to be made up.
// The tone is a steady one, for which Opus' own repair data is not made: what
// mends it is what is sent twice.
func TestSoundThroughLoss(t *testing.T) {
	if !atSpeed {
		t.Skip("about figures: too slow under the race detector")
	}
	for _, lost := range []float64{0.01, 0.05, 0.10, 0.20} {
		t.Run(fmt.Sprintf("%.0f %%", 100*lost), func(t *testing.T) {
			var heard, clean float64
			for range 3 { // a busy machine has gaps of its own
				heard, clean = madeUp(t, lost), 0
				if heard > lost/2 {
					clean = madeUp(t, 0)
				}
				t.Logf("%.1f %% of the sound made up, %.1f without loss", 100*heard, 100*clean)
				if heard <= clean+lost/2 {
					return
				}
			}
			t.Errorf("%.1f %% of the sound made up where %.0f %% are lost, %.1f where nothing is", 100*heard, 100*lost, 100*clean)
		})
	}
}

// madeUp is the share of the sound that is made up in a call over a network that
// loses so much.
func madeUp(t *testing.T, lost float64) float64 {
	t.Helper()
	net := calltest.NewNetwork(t, calltest.Options{Delay: 20 * time.Millisecond, Loss: lost, Seed: 3})
	ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
	net.Start()
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
	a.devices.SetTone("mic", 440)
	b.devices.SetTone("mic", 880)
	sa, sb := connected(t, a, b)
	a.audible(880, 4*time.Second)
	sa.Hangup()
	over(t, sa, call.EndedByMe)
	over(t, sb, call.EndedByOther)
	sum := 0.0
	for _, s := range []*call.Session{sa, sb} {
		share := s.Stats().AudioIn.ConcealedRatio
		if share == nil {
			t.Fatal("no account of the sound")
		}
		sum += *share / 2
	}
	return sum
}
