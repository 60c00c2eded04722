package call_test

import (
	"context"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest"
	"parley/call/local"
	"parley/call/local/localtest"
	"parley/media"
	"parley/media/device"
	"parley/media/device/virtual"
)

// withCard is a computer whose camera sees a test card: pictures of several
// packets, as from a real one.
type withCard struct{ *localtest.Devices }

func (withCard) OpenCamera(context.Context, string, device.VideoFormat) (device.VideoSource, error) {
	return virtual.NewCard(virtual.CardConfig{
		Format: device.VideoFormat{Width: 480, Height: 270, FPS: 30}, Clock: device.NewClock(),
	}), nil
}

// TestCallOverABadNetwork: what two people notice of a network that loses
// packets and delays them unevenly. The bounds are those of a call that one
// would go on with; the figures are in the log.
func TestCallOverABadNetwork(t *testing.T) {
	for name, c := range map[string]struct {
		loss    float64
		frozen  float64 // most of the time that the picture may stand still
		fps     float64 // fewest pictures a second, of 30
		audible float64 // least of the time that the tone is heard
	}{
		"5 % lost":  {0.05, 0.5, 6, 0.9},
		"20 % lost": {0.20, 0.75, 3, 0.8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := calltest.NewNetwork(t, calltest.Options{
				Delay: 20 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: c.loss, Seed: 7,
			})
			ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
			net.Start()
			s := calltest.NewService(t)
			at := func(h *calltest.Host, name string) *person {
				d := localtest.WithAll()
				return joinWith(t, s, name, d, local.Config{Devices: withCard{d}}, onHost(h))
			}
			a, b := at(ha, "Ada"), at(hb, "Ben")
			a.devices.SetTone("mic", 440)
			b.devices.SetTone("mic", 880)
			sa, sb := connected(t, a, b)
			hasVideo := func(s call.State) bool { return s.Remote.HasVideo }
			state(t, sa, "Ben's picture", hasVideo)
			state(t, sb, "Ada's picture", hasVideo)
			a.hears(880, true)
			b.hears(440, true)

			const heard = 5 * time.Second // of sound that was played: the machine's own slowness does not count
			for _, d := range []struct {
				to *person
				hz float64
			}{{a, 880}, {b, 440}} {
				share := d.to.audible(d.hz, heard)
				t.Logf("%s hears the tone in %.0f %% of the time", d.to.name, 100*share)
				if atSpeed && share < c.audible {
					t.Errorf("%s hears the tone in %.0f %% of the time, want %.0f", d.to.name, 100*share, 100*c.audible)
				}
			}
			sa.Hangup()
			over(t, sa, call.EndedByMe)
			over(t, sb, call.EndedByOther)
			for _, s := range []*call.Session{sa, sb} {
				r := s.Stats()
				if r.VideoIn.FreezeSeconds == nil || r.VideoIn.FPS == nil || r.DurationS == nil || r.AudioIn.ConcealedRatio == nil {
					t.Fatalf("account: %+v", r)
				}
				frozen := *r.VideoIn.FreezeSeconds / *r.DurationS
				t.Logf("%d freezes, %.0f %% of %.1f s; %.1f pictures/s; %.1f %% of the sound concealed",
					*r.VideoIn.FreezeCount, 100*frozen, *r.DurationS, *r.VideoIn.FPS, 100**r.AudioIn.ConcealedRatio)
				if atSpeed && frozen > c.frozen {
					t.Errorf("the picture stands still in %.0f %% of the time, at most %.0f is bearable", 100*frozen, 100*c.frozen)
				}
				if atSpeed && *r.VideoIn.FPS < c.fps {
					t.Errorf("%.1f pictures a second, want %.0f", *r.VideoIn.FPS, c.fps)
				}
			}
		})
	}
}

// audible is the share of what the speaker plays, in pieces of a fifth of a
// second, in which a tone is heard.
func (p *person) audible(hz float64, during time.Duration) float64 {
	p.t.Helper()
	const piece = media.SampleRate / 5
	want := int(during / (time.Second / 5))
	limit := time.After(within + during)
	var sound []int16
	for {
		sound = append(sound, p.devices.Heard("spk")...)
		if len(sound) >= want*piece {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond): // the speaker has no other sign
		case <-limit:
			p.t.Fatalf("%s: the speaker stands still", p.name)
		}
	}
	heard := 0
	for i := range want {
		if localtest.Loudness(sound[i*piece:(i+1)*piece], hz) > 0.1 {
			heard++
		}
	}
	return float64(heard) / float64(want)
}
