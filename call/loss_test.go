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
// packets, delays them unevenly, lets them overtake each other, is narrow or
// away. The bounds are wide, because the machine may be busy with other things:
// they tell a call that goes on from one that does not. The figures are in the
// log, and make bench ONLY=netlab compares them.
func TestCallOverABadNetwork(t *testing.T) {
	const (
		ms      = time.Millisecond
		audible = 0.5 // least of the time that the tone is heard
		frozen  = 0.9 // most of the time that the picture may stand still
		fps     = 1.0 // fewest pictures a second, of 30
	)
	uneven := calltest.Options{Delay: 20 * ms, Jitter: 30 * ms, Seed: 7}
	with := func(change func(*calltest.Options)) calltest.Options {
		o := uneven
		change(&o)
		return o
	}
	for name, c := range map[string]struct {
		net calltest.Options
		cut time.Duration // the network is away for so long
	}{
		"1 % lost":         {net: with(func(o *calltest.Options) { o.Loss = 0.01 })},
		"5 % lost":         {net: with(func(o *calltest.Options) { o.Loss = 0.05 })},
		"10 % lost":        {net: with(func(o *calltest.Options) { o.Loss = 0.10 })},
		"20 % lost":        {net: with(func(o *calltest.Options) { o.Loss = 0.20 })},
		"jitter of 100 ms": {net: with(func(o *calltest.Options) { o.Jitter = 100 * ms })},
		"a fifth overtaken": {
			net: with(func(o *calltest.Options) { o.Jitter, o.Reorder, o.Held = 0, 0.2, 60*ms }),
		},
		"200 kbit/s": {
			net: with(func(o *calltest.Options) { o.Jitter, o.Rate, o.Queue = 0, 200_000, 500*ms }),
		},
		"away for 10 s": {net: calltest.Options{Delay: 20 * ms}, cut: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if !atSpeed && name != "5 % lost" {
				t.Skip("under the race detector one kind is enough")
			}
			t.Parallel()
			net := calltest.NewNetwork(t, c.net)
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

			if c.cut > 0 {
				net.SetDown(true)
				phase(t, sa, call.Reconnecting)
				phase(t, sb, call.Reconnecting)
				time.Sleep(c.cut) // it is the length of the outage that is tried
				net.SetDown(false)
				back := time.Now()
				phase(t, sa, call.Connected)
				phase(t, sb, call.Connected)
				a.hears(880, true)
				b.hears(440, true)
				t.Logf("heard again %v after the network is back", time.Since(back).Round(10*ms))
			}

			const heard = 2 * time.Second // of sound that was played: the machine's own slowness does not count
			for _, d := range []struct {
				to *person
				hz float64
			}{{a, 880}, {b, 440}} {
				share := d.to.audible(d.hz, heard)
				t.Logf("%s hears the tone in %.0f %% of the time", d.to.name, 100*share)
				if atSpeed && share < audible {
					t.Errorf("%s hears the tone in %.0f %% of the time, want %.0f", d.to.name, 100*share, 100*audible)
				}
			}
			sa.Hangup()
			over(t, sa, call.EndedByMe)
			over(t, sb, call.EndedByOther)
			for _, s := range []*call.Session{sa, sb} {
				r := s.Stats()
				if r.VideoIn.FreezeSeconds == nil || r.VideoIn.Frames == nil || r.DurationS == nil || r.AudioIn.ConcealedRatio == nil {
					t.Fatalf("account: %+v", r)
				}
				shown := float64(*r.VideoIn.Frames) / *r.DurationS
				still := *r.VideoIn.FreezeSeconds / *r.DurationS
				t.Logf("%d freezes, %.0f %% of %.1f s; %.1f pictures/s; %.1f %% of the sound concealed",
					*r.VideoIn.FreezeCount, 100*still, *r.DurationS, shown, 100**r.AudioIn.ConcealedRatio)
				if atSpeed && still > frozen {
					t.Errorf("the picture stands still in %.0f %% of the time, at most %.0f is bearable", 100*still, 100*frozen)
				}
				if atSpeed && shown < fps {
					t.Errorf("%.1f pictures a second, want %.0f", shown, fps)
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
