package call_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/call"
	"parley/call/calltest"
	"parley/call/local"
	"parley/call/local/localtest"
	"parley/call/peer"
	"parley/media"
	"parley/media/device"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// person is one running program, without a window.
type person struct {
	t       *testing.T
	name    string
	party   *calltest.Party
	devices *localtest.Devices
	media   *local.Media
	phone   *call.Phone
	stop    func()
}

// setup changes how a person's phone is made.
type setup func(*call.Config)

// onHost puts a person on a machine of a network that can be broken; a lost
// path is noticed sooner than in real calls.
func onHost(h *calltest.Host) setup {
	return func(c *call.Config) {
		c.Peer = func(p *peer.Config) {
			p.Net = h.Net()
			p.Timing = peer.DefaultTiming()
			p.Timing.Keepalive, p.Timing.Disconnected, p.Timing.Mend = 100*time.Millisecond, 500*time.Millisecond, 200*time.Millisecond
		}
	}
}

func answering(c *call.Config) { c.AutoAnswer = true }

func join(t *testing.T, s *calltest.Service, name string, how ...setup) *person {
	t.Helper()
	d := localtest.WithAll()
	return joinWith(t, s, name, d, local.Config{Devices: d}, how...)
}

// joinWith is join with media of one's own, on devices.
func joinWith(t *testing.T, s *calltest.Service, name string, devices *localtest.Devices, m local.Config, how ...setup) *person {
	t.Helper()
	p := &person{t: t, name: name, party: s.Join(name), devices: devices, media: local.New(m)}
	cfg := call.Config{Signal: p.party, Local: p.media}
	for _, f := range how {
		f(&cfg)
	}
	p.phone = call.NewPhone(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	phoneDone, mediaDone := make(chan error, 1), make(chan error, 1)
	mctx, mcancel := context.WithCancel(context.Background())
	go func() { mediaDone <- p.media.Run(mctx) }()
	go func() { phoneDone <- p.phone.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-phoneDone; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		mcancel()
		if err := <-mediaDone; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	t.Cleanup(p.stop)
	return p
}

// within bounds every wait of these tests; it is only reached when one fails.
const within = 20 * time.Second

// await waits until a subscribed state is as wanted.
func await(t *testing.T, what string, subscribe func() (<-chan struct{}, func()), ok func() bool) {
	t.Helper()
	changed, stop := subscribe()
	defer stop()
	limit := time.NewTimer(within)
	defer limit.Stop()
	for !ok() {
		select {
		case <-changed:
		case <-limit.C:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func (p *person) dial(to string, video bool) *call.Session {
	p.t.Helper()
	s, err := p.phone.Dial(to, "", video)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// rings waits for an incoming call.
func (p *person) rings() *call.Session {
	p.t.Helper()
	await(p.t, p.name+" hears it ring", p.phone.Subscribe, func() bool { return len(p.phone.Ringing()) > 0 })
	return p.phone.Ringing()[0]
}

func (p *person) current() *call.Session {
	p.t.Helper()
	await(p.t, p.name+" is in a call", p.phone.Subscribe, func() bool { return p.phone.Current() != nil })
	return p.phone.Current()
}

func phase(t *testing.T, s *call.Session, want call.Phase) call.State {
	t.Helper()
	await(t, "phase", s.Subscribe, func() bool { p := s.State().Phase; return p == want || p == call.Ended })
	st := s.State()
	if st.Phase != want {
		t.Fatalf("the call is in phase %d (ended %q, %v), want %d", st.Phase, st.End.Reason, st.End.Err, want)
	}
	return st
}

func state(t *testing.T, s *call.Session, what string, ok func(call.State) bool) call.State {
	t.Helper()
	await(t, what, s.Subscribe, func() bool { return ok(s.State()) })
	return s.State()
}

func over(t *testing.T, s *call.Session, want call.EndReason) call.State {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(within):
		t.Fatalf("the call is not over: %+v", s.State())
	}
	st := s.State()
	if st.Phase != call.Ended || st.End.Reason != want {
		t.Fatalf("ended as %q (%v), want %q", st.End.Reason, st.End.Err, want)
	}
	return st
}

// connected calls and answers.
func connected(t *testing.T, a, b *person) (sa, sb *call.Session) {
	t.Helper()
	sa = a.dial(b.name, true)
	sb = b.rings()
	phase(t, sa, call.Ringing)
	sb.Accept(true)
	phase(t, sa, call.Connected)
	phase(t, sb, call.Connected)
	return sa, sb
}

// sees waits for a picture of about one brightness.
func sees(t *testing.T, s *call.Session, luma byte) {
	t.Helper()
	slot := s.Video("", call.CameraSource)
	limit := time.After(within)
	for {
		if f, ok := slot.Take(); ok {
			got := f.Y[f.YStride*(f.Height-10)+5]
			f.Release()
			if d := int(got) - int(luma); d > -12 && d < 12 {
				return
			}
		}
		select {
		case <-slot.Wake():
		case <-limit:
			t.Fatalf("no picture of brightness %d arrives", luma)
		}
	}
}

// hears waits until a tone comes out of the speaker, or is gone.
func (p *person) hears(hz float64, want bool) {
	p.t.Helper()
	limit := time.After(within)
	var sound []int16
	for {
		sound = append(sound, p.devices.Heard("spk")...)
		const window = media.SampleRate / 5
		if n := len(sound); n >= window {
			if (localtest.Loudness(sound[n-window:], hz) > 0.1) == want {
				return
			}
			sound = slices.Clone(sound[n-window:])
		}
		select {
		case <-time.After(20 * time.Millisecond): // the speaker has no other sign
		case <-limit:
			p.t.Fatalf("%s: tone of %v Hz heard: %v, want %v", p.name, hz, !want, want)
		}
	}
}

func TestACallFromRingingToHangup(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	a.devices.SetTone("mic", 440)
	b.devices.SetTone("mic", 880)
	a.devices.SetBright("cam", 60)
	b.devices.SetBright("cam", 180)

	sa := a.dial("Ben", true)
	sb := b.rings()
	if st := sb.State(); st.Peer.Name != "Ada" || st.Outgoing || !st.Video {
		t.Fatalf("ringing: %+v", st)
	}
	if b.devices.Open(device.Camera, "cam") {
		t.Fatal("the camera is on before the call was accepted")
	}
	phase(t, sa, call.Ringing)
	if p := sa.State().Peer; p.Name != "Ben" || p.ID == "" || len(p.Key) != 32 {
		t.Fatalf("peer: %+v", p)
	}
	sb.Accept(true)
	phase(t, sa, call.Connected)
	phase(t, sb, call.Connected)
	sees(t, sa, 180)
	sees(t, sb, 60)
	a.hears(880, true)
	b.hears(440, true)
	st := state(t, sa, "a's view of b", func(s call.State) bool { return s.Remote.HasVideo && s.Remote.CameraOn && s.Remote.MicOn })
	if st.ConnectedAt.IsZero() {
		t.Error("connected, but since when?")
	}

	// Chat, with a mark that it has arrived.
	if err := sa.SendChat("hello Ben"); err != nil {
		t.Fatal(err)
	}
	st = state(t, sb, "the line of chat", func(s call.State) bool { return len(s.Chat) == 1 })
	if c := st.Chat[0]; c.Text != "hello Ben" || c.Mine {
		t.Errorf("chat: %+v", c)
	}
	state(t, sa, "the delivery mark", func(s call.State) bool { return len(s.Chat) == 1 && s.Chat[0].Status == call.Delivered })

	// Mute and unmute.
	a.media.SetMicrophone(false)
	state(t, sb, "muted", func(s call.State) bool { return !s.Remote.MicOn })
	b.hears(440, false)
	a.media.SetMicrophone(true)
	b.hears(440, true)

	// Camera off and on.
	a.media.SetCamera(false)
	state(t, sb, "camera off", func(s call.State) bool { return !s.Remote.CameraOn })
	a.devices.SetBright("cam", 100)
	a.media.SetCamera(true)
	state(t, sb, "camera on", func(s call.State) bool { return s.Remote.CameraOn })
	sees(t, sb, 100)

	sb.Hangup()
	over(t, sb, call.EndedByMe)
	over(t, sa, call.EndedByOther)
	for _, p := range []*person{a, b} {
		if p.phone.Current() != nil {
			t.Errorf("%s: still in a call", p.name)
		}
		await(t, "devices close", p.media.Subscribe, func() bool { return !p.media.State().Camera.Open })
	}
	for _, s := range []*call.Session{sa, sb} {
		r := s.Stats()
		if r.SetupMS == nil || r.FirstFrameMS == nil || r.CandidatePair == nil || *r.CandidatePair != "host" {
			t.Errorf("account: setup %v, first frame %v, pair %v", r.SetupMS, r.FirstFrameMS, r.CandidatePair)
			continue
		}
		t.Logf("setup %.0f ms, first frame %.0f ms", *r.SetupMS, *r.FirstFrameMS)
		if r.VideoIn.Frames == nil || *r.VideoIn.Frames == 0 || r.VideoOut.Frames == nil || *r.VideoOut.Frames == 0 ||
			r.AudioIn.Packets == nil || *r.AudioIn.Packets == 0 || r.AudioIn.Level == nil || *r.AudioIn.Level < 0.05 {
			t.Errorf("account: %+v", r)
		}
	}
}

func TestDecline(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa := a.dial("Ben", false)
	sb := b.rings()
	sb.Decline(wire.RejectDeclined, "In a meeting, I call you at five.")
	over(t, sb, call.EndDeclined)
	if st := over(t, sa, call.EndDeclined); !strings.Contains(st.End.Message, "at five") {
		t.Errorf("message: %q", st.End.Message)
	}
}

func TestCallerCancels(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa := a.dial("Ben", false)
	sb := b.rings()
	sa.Hangup()
	over(t, sa, call.EndedByMe)
	over(t, sb, call.EndCancelled)
}

// However early or late the caller gives up, nobody is left ringing or waiting.
func TestCancelCrossesAnswer(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben", answering)
	for i := range 12 {
		sa := a.dial("Ben", false)
		switch i % 4 {
		case 1:
			state(t, sa, "invited", func(s call.State) bool { return s.Phase > call.Preparing })
		case 2:
			state(t, sa, "ringing", func(s call.State) bool { return s.Phase > call.Calling })
		case 3:
			state(t, sa, "answered", func(s call.State) bool { return s.Phase >= call.Connecting })
		}
		sa.Hangup()
		over(t, sa, call.EndedByMe)
		await(t, "Ben is free", b.phone.Subscribe, func() bool { return len(b.phone.Sessions()) == 0 })
		await(t, "Ada is free", a.phone.Subscribe, func() bool { return len(a.phone.Sessions()) == 0 })
		if st := s.Presence("Ada"); st != wire.Available {
			t.Fatalf("round %d: the service has Ada as %s", i, st)
		}
	}
}

func TestNobodyAwaySelfLinks(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben", answering)
	gone := s.Join("Cleo")
	gone.Leave()
	over(t, a.dial("Zed", false), call.EndNobody)
	over(t, a.dial("Cleo", false), call.EndAway)
	over(t, a.dial("Ada", false), call.EndSelf)
	unknown, err := a.phone.Dial("", "nosuch", false)
	if err != nil {
		t.Fatal(err)
	}
	over(t, unknown, call.EndLinkUnknown)
	s.AddLink("abc", "Ben")
	sa, err := a.phone.Dial("", "abc", false)
	if err != nil {
		t.Fatal(err)
	}
	if st := phase(t, sa, call.Connected); st.Peer.Name != "Ben" || !st.ViaLink {
		t.Errorf("by link: %+v", st)
	}
	b.current().Hangup()
	over(t, sa, call.EndedByOther)
}

func TestBusy(t *testing.T) {
	s := calltest.NewService(t)
	a, b, c := join(t, s, "Ada"), join(t, s, "Ben"), join(t, s, "Cleo")
	sa, sb := connected(t, a, b)
	over(t, c.dial("Ben", false), call.EndBusy)
	if _, err := a.phone.Dial("Cleo", "", false); !errors.Is(err, call.ErrInCall) {
		t.Errorf("a second call: %v", err)
	}
	if sa.State().Phase != call.Connected || sb.State().Phase != call.Connected {
		t.Error("the first call suffered")
	}
}

func TestOtherDevicesStopRinging(t *testing.T) {
	s := calltest.NewService(t)
	a, desk, phone := join(t, s, "Ada"), join(t, s, "Ben"), join(t, s, "Ben")
	sa := a.dial("Ben", false)
	s1, s2 := desk.rings(), phone.rings()
	s2.Accept(false)
	phase(t, sa, call.Connected)
	over(t, s1, call.EndElsewhere)
	phase(t, s2, call.Connected)
}

func TestNoAnswer(t *testing.T) {
	s := calltest.NewService(t, ringFor(300*time.Millisecond))
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa := a.dial("Ben", false)
	sb := b.rings()
	over(t, sa, call.EndNoAnswer)
	over(t, sb, call.EndMissed)
}

func TestBothCallEachOther(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	for range 6 {
		sa, sb := a.dial("Ben", true), b.dial("Ada", true)
		phase(t, sa, call.Connected)
		phase(t, sb, call.Connected)
		if sa.State().ID != sb.State().ID {
			t.Fatalf("two calls: %s and %s", sa.State().ID, sb.State().ID)
		}
		if len(a.phone.Ringing())+len(b.phone.Ringing()) > 0 {
			t.Fatal("connected, and it rings as well")
		}
		if len(a.phone.Sessions()) != 1 || len(b.phone.Sessions()) != 1 {
			t.Fatalf("%d and %d calls", len(a.phone.Sessions()), len(b.phone.Sessions()))
		}
		sa.Hangup()
		over(t, sa, call.EndedByMe)
		over(t, sb, call.EndedByOther)
		for _, p := range []*person{a, b} {
			await(t, "free", p.phone.Subscribe, func() bool { return len(p.phone.Sessions()) == 0 })
		}
	}
}

// Whoever calls back while it rings takes the call that rings.
func TestCallingBackWhileItRings(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa := a.dial("Ben", true)
	sb := b.rings()
	if back := b.dial("ada", true); back != sb {
		t.Fatal("a second call beside the one that rings")
	}
	phase(t, sa, call.Connected)
	phase(t, sb, call.Connected)
	sb.Hangup()
	over(t, sa, call.EndedByOther)
	await(t, "free", b.phone.Subscribe, func() bool { return len(b.phone.Sessions()) == 0 })
	await(t, "free", a.phone.Subscribe, func() bool { return len(a.phone.Sessions()) == 0 })

	// By a link nobody knows whose it is before the service says so.
	s.AddLink("hers", "Ada")
	sa = a.dial("Ben", true)
	b.rings()
	sb, err := b.phone.Dial("", "hers", true)
	if err != nil {
		t.Fatal(err)
	}
	phase(t, sa, call.Connected)
	if st := phase(t, sb, call.Connected); st.Peer.Name != "Ada" || st.ID != sa.State().ID {
		t.Errorf("through the link: %+v", st.Peer)
	}
	if len(b.phone.Ringing()) > 0 {
		t.Error("connected, and it rings as well")
	}
	sees(t, sb, 120)
}

// What came while the line was down comes at once: a call given up, and the
// next one, which must not find the line busy with the first.
func TestCalledAgainWhileTheLineWasDown(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	for range 5 {
		b.party.SetOnline(false)
		first := a.dial("Ben", false)
		phase(t, first, call.Calling)
		first.Hangup()
		over(t, first, call.EndedByMe)
		second := a.dial("Ben", false)
		phase(t, second, call.Calling)
		b.party.SetOnline(true)
		state(t, second, "ringing", func(s call.State) bool { return s.Phase == call.Ringing || s.Phase == call.Ended })
		await(t, "only the second", b.phone.Subscribe, func() bool {
			r := b.phone.Ringing()
			return len(r) == 1 && r[0].State().ID == second.State().ID || second.State().Phase == call.Ended
		})
		if end := second.State().End; end.Reason != "" {
			t.Fatalf("the second call ended: %q", end.Reason)
		}
		second.Hangup()
		over(t, second, call.EndedByMe)
		for _, p := range []*person{a, b} {
			await(t, "free", p.phone.Subscribe, func() bool { return len(p.phone.Sessions()) == 0 })
		}
	}
}

func TestServiceGoneInMidCall(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa, sb := connected(t, a, b)
	sees(t, sa, 120)
	a.party.SetOnline(false)
	state(t, sa, "the trouble", func(s call.State) bool { return s.Quality.Trouble == call.TroubleService })
	if err := sb.SendChat("still there?"); err != nil {
		t.Fatal(err)
	}
	state(t, sa, "chat without the service", func(s call.State) bool { return len(s.Chat) == 1 })
	sees(t, sa, 120)
	a.party.SetOnline(true)
	state(t, sa, "no trouble", func(s call.State) bool { return s.Quality.Trouble != call.TroubleService })
	// Hanging up without the service reaches the other side too.
	b.party.SetOnline(false)
	sb.Hangup()
	over(t, sa, call.EndedByOther)
	b.party.SetOnline(true)
}

func TestDialWithoutService(t *testing.T) {
	s := calltest.NewService(t)
	a := join(t, s, "Ada")
	join(t, s, "Ben")
	a.party.SetOnline(false)
	sa := a.dial("Ben", false)
	state(t, sa, "preparing", func(s call.State) bool { return s.Phase == call.Preparing })
	sa.Hangup() // before the service is back: nothing may ring afterwards
	over(t, sa, call.EndedByMe)
	a.party.SetOnline(true)
	if st := s.Presence("Ada"); st != wire.Available {
		t.Errorf("the service has Ada as %s", st)
	}
}

// Whoever hides their address is told at once that there is nothing to hide it
// behind, as the caller and as the one who is called.
func TestNoRelayToHideBehind(t *testing.T) {
	hiding := func(c *call.Config) { c.RelayOnly = true }
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada", hiding), join(t, s, "Ben")
	sa := a.dial("Ben", false)
	over(t, sa, call.EndNoRelay)
	for _, e := range a.party.Sent() {
		if e.Kind == wire.KindInvite {
			t.Error("it rang at Ben's all the same")
		}
	}
	over(t, b.dial("Ada", false), call.EndIncompatible)

	a.party.SetICE(wire.ICE{}, errors.New("no answer"))
	over(t, a.dial("Ben", false), call.EndNoService)
	a.party.SetICE(wire.ICE{RelaySpent: true, Servers: []wire.ICEServer{{URLs: []string{"turn:h"}, Username: "u", Credential: "c"}}}, nil)
	over(t, a.dial("Ben", false), call.EndRelaySpent)
}

func TestDeviceLostInACall(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	a.devices.Plug(device.Camera, "usb", false)
	a.devices.SetBright("usb", 40)
	_, sb := connected(t, a, b)
	sa := a.current()
	sees(t, sb, 120)
	a.devices.Pull(device.Camera, "cam")
	sees(t, sb, 40)
	st := state(t, sa, "a notice", func(s call.State) bool { return len(s.Notices) > 0 })
	if n := st.Notices[0]; n.Kind != call.NoticeDeviceReplaced || n.Dev != device.Camera || n.Name != "usb" {
		t.Errorf("notice: %+v", n)
	}
	a.devices.Plug(device.Camera, "cam", true)
	sees(t, sb, 120)
	state(t, sa, "another notice", func(s call.State) bool {
		return slices.ContainsFunc(s.Notices, func(n call.Notice) bool { return n.Kind == call.NoticeDeviceBack && n.Name == "cam" })
	})
}

func TestACallWithoutCameraAndMicrophone(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	b.devices.Pull(device.Camera, "cam")
	b.devices.Pull(device.Microphone, "mic")
	sa, sb := connected(t, a, b)
	sees(t, sb, 120)
	state(t, sa, "nothing comes from b", func(s call.State) bool { return !s.Remote.CameraOn && !s.Remote.MicOn })
	b.hears(440, true)
}

func TestOutage(t *testing.T) {
	net := calltest.NewNetwork(t, calltest.Options{Delay: 5 * time.Millisecond})
	ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
	net.Start()
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
	sa, sb := connected(t, a, b)
	sees(t, sa, 120)
	net.SetDown(true)
	st := phase(t, sa, call.Reconnecting)
	if st.LostAt.IsZero() || st.Quality.Level != call.QualityLost {
		t.Errorf("lost since %v, quality %+v", st.LostAt, st.Quality)
	}
	phase(t, sb, call.Reconnecting)
	net.SetDown(false)
	if st := phase(t, sa, call.Connected); !st.LostAt.IsZero() {
		t.Errorf("connected, but lost since %v", st.LostAt)
	}
	phase(t, sb, call.Connected)
	b.devices.SetBright("cam", 200)
	sees(t, sa, 200)
	state(t, sb, "a is not waiting any more", func(s call.State) bool { return !s.Remote.Waiting })
}

func TestAnotherNetworkInMidCall(t *testing.T) {
	net := calltest.NewNetwork(t, calltest.Options{Delay: 5 * time.Millisecond})
	ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
	net.Start()
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
	sa, sb := connected(t, a, b)
	sees(t, sb, 120)
	ha.Move()
	a.phone.NetworkChanged()
	a.devices.SetBright("cam", 30)
	sees(t, sb, 30)
	phase(t, sa, call.Connected)
	phase(t, sb, call.Connected)
}

// A service that was started anew knows nothing of the call. It is told, so that
// the call can be mended through it, and ended.
func TestServiceRestartedInMidCall(t *testing.T) {
	for name, c := range map[string]struct{ away bool }{
		"another network afterwards":      {false},
		"another network in the meantime": {true},
	} {
		t.Run(name, func(t *testing.T) {
			net := calltest.NewNetwork(t, calltest.Options{Delay: 5 * time.Millisecond})
			ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
			net.Start()
			s := calltest.NewService(t)
			a, b := join(t, s, "Ada", onHost(ha)), join(t, s, "Ben", onHost(hb))
			sa, sb := connected(t, a, b)
			sees(t, sb, 120)
			move := func() {
				ha.Move()
				a.phone.NetworkChanged()
			}
			if c.away {
				a.party.SetOnline(false)
				b.party.SetOnline(false)
				move()
				phase(t, sb, call.Reconnecting)
			}
			s.Restart()
			a.party.SetOnline(true)
			b.party.SetOnline(true)
			for limit := time.After(within); s.Presence("Ben") != wire.InCall; {
				select {
				case <-time.After(5 * time.Millisecond): // the service has no other sign
				case <-limit:
					t.Fatal("the service is not told of the call")
				}
			}
			if !c.away {
				move()
			}
			a.devices.SetBright("cam", 30)
			sees(t, sb, 30)
			phase(t, sa, call.Connected)
			phase(t, sb, call.Connected)
			sa.Hangup()
			over(t, sa, call.EndedByMe)
			over(t, sb, call.EndedByOther)
			if got := s.Presence("Ben"); got != wire.Available {
				t.Errorf("after the call Ben is seen as %s", got)
			}
		})
	}
}

func TestEverythingClosesWithTheProgram(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	c := join(t, s, "Cleo")
	_, sb := connected(t, a, b)
	c.dial("Ada", false) // busy, or just being so
	a.stop()
	over(t, sb, call.EndedByOther)
	if _, err := a.phone.Dial("Ben", "", false); !errors.Is(err, call.ErrClosed) {
		t.Errorf("dial after the end: %v", err)
	}
}

// Low data caps what is sent here and there, in the call that is up.
func TestLowData(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa, _ := connected(t, a, b)
	full := a.media.VideoWanted()
	most := func(p *person, want int) {
		t.Helper()
		await(t, p.name+"'s bound", p.media.Subscribe, func() bool { return p.media.VideoWanted() == want })
	}
	a.media.SetLowData(true)
	low := a.media.VideoWanted()
	if low >= local.LowDataKbps*1000 || low < 100_000 {
		t.Errorf("the picture may cost %d bit/s", low)
	}
	most(b, low)
	a.media.SetLowData(false)
	most(b, full)
	b.media.SetLowData(true)
	most(a, low)
	sa.Hangup()
	over(t, sa, call.EndedByMe)
	most(a, full) // the next call is with somebody else
}

func TestNumbersOfACall(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	sa, _ := connected(t, a, b)
	state(t, sa, "a second", func(s call.State) bool { return s.Quality.Level != call.QualityUnknown })
	seen := map[string]bool{}
	for _, n := range sa.Numbers() {
		seen[n.Part+" "+n.Name] = true
		if n.Value == "" {
			t.Errorf("%s %s is empty", n.Part, n.Name)
		}
	}
	for _, want := range []string{
		"candidate-pair path", "inbound-rtp video framesPerSecond", "inbound-rtp audio jitterBufferDelay",
		"outbound-rtp video bitrate", "outbound-rtp video encodeTime",
	} {
		if !seen[want] {
			t.Errorf("no %s among %v", want, sa.Numbers())
		}
	}
}
