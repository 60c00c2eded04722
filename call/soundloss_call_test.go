package call_test

import (
	"fmt"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest"
)

// TestSoundThroughLoss: what is lost on the way is nevertheless heard. The tone
// is a steady one, for which Opus' own repair data is not made: what mends it
// is what is sent twice.
func TestSoundThroughLoss(t *testing.T) {
	for _, lost := range []float64{0.01, 0.05, 0.10, 0.20} {
		t.Run(fmt.Sprintf("%.0f %%", 100*lost), func(t *testing.T) {
			if !atSpeed {
				t.Skip("about figures: too slow under the race detector")
			}
			net := calltest.NewNetwork(t, calltest.Options{Delay: 20 * time.Millisecond, Loss: lost, Seed: 3})
			ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
			net.Start()
			s := calltest.NewService(t)
			a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
			a.devices.SetTone("mic", 440)
			b.devices.SetTone("mic", 880)
			sa, sb := connected(t, a, b)
			a.audible(880, 5*time.Second)
			b.audible(440, time.Second)
			sa.Hangup()
			over(t, sa, call.EndedByMe)
			over(t, sb, call.EndedByOther)
			for _, s := range []*call.Session{sa, sb} {
				share := s.Stats().AudioIn.ConcealedRatio
				if share == nil {
					t.Fatal("no account of the sound")
				}
				t.Logf("%.1f %% of the sound concealed", 100**share)
				// Half a point is what the beginning may cost by itself.
				if *share > lost/2+0.005 {
					t.Errorf("%.1f %% of the sound concealed where %.0f %% are lost", 100**share, 100*lost)
				}
			}
		})
	}
}
