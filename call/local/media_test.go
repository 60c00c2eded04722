package local_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"parley/call/local"
	"parley/call/local/localtest"
	"parley/call/send"
	"parley/media"
	"parley/media/device"
)

// inBubble runs f with devices that are opened and closed by a running Media,
// in a bubble of fake time.
func inBubble(t *testing.T, d func() *localtest.Devices, cfg local.Config, f func(*local.Media, *localtest.Devices)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		devices := d()
		cfg.Devices = devices
		cfg.NewVideoEncoder = func(send.Choice) (send.VideoEncoder, error) { return encoder{}, nil }
		cfg.NewAudioEncoder = func() (send.AudioEncoder, error) { return &opus{}, nil }
		m := local.New(cfg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		defer func() {
			cancel()
			<-done
		}()
		f(m, devices)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		done <- nil
		for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker} {
			for _, i := range devices.List(k) {
				if devices.Open(k, i.ID) {
					t.Errorf("%v %s is still open after the end", k, i.ID)
				}
			}
		}
	})
}

// encoder makes a unit of one byte of every picture.
type encoder struct{}

func (encoder) Encode(f *media.Frame, key bool) (media.Unit, error) {
	return media.Unit{Codec: media.VP8, Data: []byte{f.Y[len(f.Y)-1]}, PTS: f.PTS, Key: key}, nil
}
func (encoder) SetTarget(send.Choice) error { return nil }
func (encoder) Close() error                { return nil }

type opus struct{}

func (*opus) Encode(s []int16) ([]byte, error) { return []byte{byte(s[1] >> 8), byte(s[1])}, nil }
func (*opus) SetPacketLoss(int) error          { return nil }
func (*opus) Close() error                     { return nil }

// units collects what a peer would be sent.
type units struct{ c chan media.Unit }

func newUnits() units { return units{make(chan media.Unit, 10000)} }

func (u units) Backlog() time.Duration { return 0 }

func (u units) WriteUnit(x media.Unit) error {
	x.Data = append([]byte(nil), x.Data...)
	u.c <- x
	return nil
}

func (u units) drain() (out []media.Unit) {
	for {
		select {
		case x := <-u.c:
			out = append(out, x)
		default:
			return out
		}
	}
}

func two() *localtest.Devices {
	d := localtest.WithAll()
	d.Plug(device.Camera, "webcam", false)
	d.Plug(device.Microphone, "headset", false)
	d.Plug(device.Speaker, "headset", false)
	return d
}

func settle(d time.Duration) { time.Sleep(d); synctest.Wait() }

func TestCameraLightFollowsHoldAndSwitch(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		settle(time.Second)
		if d.Open(device.Camera, "cam") || d.Open(device.Microphone, "mic") {
			t.Fatal("a device is open although nobody asked for it")
		}
		release := m.Hold()
		settle(time.Second)
		if st := m.State(); !st.Camera.Open || st.Camera.Info.Name != "cam" || !st.Microphone.Open || !st.Speaker.Open {
			t.Fatalf("held, but: %+v", st)
		}
		m.SetCamera(false)
		settle(time.Second)
		if d.Open(device.Camera, "cam") {
			t.Fatal("camera off, but its light is on")
		}
		if st := m.State(); st.Camera.On || st.Camera.Open || st.Camera.Problem != nil {
			t.Fatalf("camera is off: %+v", st.Camera)
		}
		m.SetCamera(true)
		settle(time.Second)
		if !d.Open(device.Camera, "cam") {
			t.Fatal("camera on again, but it is closed")
		}
		release()
		release() // a second time changes nothing
		settle(time.Second)
		if d.Open(device.Camera, "cam") || d.Open(device.Microphone, "mic") || d.Open(device.Speaker, "spk") {
			t.Fatal("released, but something is open")
		}
	})
}

func TestWhoLooksAtThemselvesIsNotListenedTo(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		release := m.HoldCamera()
		settle(time.Second)
		if !d.Open(device.Camera, "cam") || d.Open(device.Microphone, "mic") || d.Open(device.Speaker, "spk") {
			t.Fatalf("the camera alone was asked for: %+v", m.State())
		}
		inCall := m.Hold()
		release()
		release()
		settle(time.Second)
		if d.Opens(device.Camera, "cam") != 1 || !d.Open(device.Camera, "cam") || !d.Open(device.Microphone, "mic") {
			t.Fatal("a call takes the camera over as it is")
		}
		inCall()
		settle(time.Second)
		if d.Open(device.Camera, "cam") || d.Open(device.Microphone, "mic") {
			t.Fatal("released, but something is open")
		}
	})
}

func TestAClickAnswersWhileACameraTakesSecondsToOpen(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		opened := d.Slow()
		defer m.Hold()()
		settle(time.Second)
		if st := m.State(); !st.Camera.Opening || st.Camera.Open {
			t.Fatalf("camera: %+v, want it to be opening", st.Camera)
		}
		before := time.Now()
		m.SetCamera(false)
		if m.State().Camera.On || time.Since(before) > 0 {
			t.Fatal("the switch did not answer at once")
		}
		settle(0)
		if m.State().Camera.Opening {
			t.Fatal("still opening a camera that is off")
		}
		opened()
		settle(time.Second)
		if d.Opens(device.Camera, "cam") != 0 {
			t.Fatal("the camera was opened although it is off")
		}
	})
}

func TestPulledOutDeviceIsReplacedAndComesBack(t *testing.T) {
	inBubble(t, two, local.Config{Camera: "cam", Microphone: "mic", Speaker: "spk"}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		d.Pull(device.Camera, "cam")
		d.Pull(device.Microphone, "mic")
		d.Pull(device.Speaker, "spk")
		settle(time.Second)
		st := m.State()
		for _, u := range []struct {
			use  local.Use
			want string
		}{{st.Camera, "webcam"}, {st.Microphone, "headset"}, {st.Speaker, "headset"}} {
			if !u.use.Open || u.use.Info.Name != u.want {
				t.Errorf("in use is %+v, want %s", u.use, u.want)
			}
			if u.use.Problem == nil || u.use.Problem.Reason != device.Lost {
				t.Errorf("%s: problem %v, want lost", u.want, u.use.Problem)
			}
		}
		if len(st.Cameras) != 1 {
			t.Errorf("the list still has %v", st.Cameras)
		}
		d.Plug(device.Camera, "cam", true)
		d.Plug(device.Microphone, "mic", true)
		d.Plug(device.Speaker, "spk", true)
		settle(time.Second)
		st = m.State()
		for _, u := range []local.Use{st.Camera, st.Microphone, st.Speaker} {
			if !u.Open || u.Problem != nil || u.Info.Name == "webcam" || u.Info.Name == "headset" {
				t.Errorf("back, but in use is %+v", u)
			}
		}
		if d.Open(device.Camera, "webcam") {
			t.Error("the replacement is still open")
		}
	})
}

func TestSystemsChoiceIsTakenAgainAfterItWasPulledOut(t *testing.T) {
	inBubble(t, two, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		d.Pull(device.Camera, "cam")
		settle(time.Second)
		if u := m.State().Camera; !u.Open || u.Info.Name != "webcam" {
			t.Fatalf("in use is %+v", u)
		}
		d.Plug(device.Camera, "cam", true)
		settle(time.Second)
		if u := m.State().Camera; !u.Open || u.Info.Name != "cam" || u.Problem != nil {
			t.Fatalf("in use is %+v", u)
		}
	})
}

func TestBusyCameraSaysSoAndIsTriedAgain(t *testing.T) {
	one := func() *localtest.Devices {
		d := localtest.WithAll()
		d.SetBusy(device.Camera, "cam", true)
		return d
	}
	inBubble(t, one, local.Config{Camera: "cam"}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		if u := m.State().Camera; u.Open || u.Opening || u.Problem == nil || u.Problem.Reason != device.Busy || u.Problem.Name != "cam" {
			t.Fatalf("camera in use elsewhere, shown as %+v", u)
		}
		if !m.State().Microphone.Open {
			t.Fatal("no sound because there is no picture")
		}
		d.SetBusy(device.Camera, "cam", false)
		settle(5 * time.Second)
		if u := m.State().Camera; !u.Open || u.Problem != nil {
			t.Fatalf("the camera is free again, shown as %+v", u)
		}
	})
}

func TestMicrophoneThatTheSystemDenies(t *testing.T) {
	denied := func() *localtest.Devices {
		d := localtest.WithAll()
		d.Refuse(device.Microphone, "mic", device.Denied)
		return d
	}
	inBubble(t, denied, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		if u := m.State().Microphone; u.Open || u.Opening || u.Problem == nil || u.Problem.Reason != device.Denied || u.Problem.Name != "mic" {
			t.Fatalf("denied, shown as %+v", u)
		}
		if !m.State().Camera.Open || !m.State().Speaker.Open {
			t.Fatal("no picture, or nothing to hear, because there is no microphone")
		}
		d.Plug(device.Microphone, "headset", false)
		settle(5 * time.Second)
		if u := m.State().Microphone; !u.Open || u.Info.Name != "headset" || u.Problem == nil || u.Problem.Reason != device.Denied {
			t.Fatalf("another one is there, shown as %+v", u)
		}
		d.Refuse(device.Microphone, "mic", 0)
		settle(time.Minute)
		if u := m.State().Microphone; !u.Open || u.Info.Name != "mic" || u.Problem != nil {
			t.Fatalf("allowed again, shown as %+v", u)
		}
	})
}

func TestNoCameraAtAll(t *testing.T) {
	none := func() *localtest.Devices {
		d := localtest.New()
		d.Plug(device.Microphone, "mic", true)
		return d
	}
	inBubble(t, none, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		st := m.State()
		if st.Camera.Open || st.Camera.Problem == nil || st.Camera.Problem.Reason != device.Missing {
			t.Fatalf("camera: %+v", st.Camera)
		}
		if !st.Microphone.Open || st.Speaker.Open {
			t.Fatalf("microphone %+v, speaker %+v", st.Microphone, st.Speaker)
		}
		d.Plug(device.Camera, "new", false)
		settle(time.Second)
		if u := m.State().Camera; !u.Open || u.Info.Name != "new" {
			t.Fatalf("plugged in, but %+v", u)
		}
	})
}

func TestNoneMeansNoneAndIsNoProblem(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{Camera: "none"}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Minute)
		if u := m.State().Camera; u.Open || u.Problem != nil {
			t.Fatalf("camera: %+v", u)
		}
		if d.Opens(device.Camera, "cam") > 0 {
			t.Fatal("a camera was opened although none is wanted")
		}
		m.UseCamera("")
		settle(time.Second)
		if !m.State().Camera.Open {
			t.Fatal("the camera was chosen, but is closed")
		}
	})
}

func TestABrokenFileIsNotReplacedByACamera(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{Camera: "file:/nowhere.y4m"}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Minute)
		if u := m.State().Camera; u.Open || u.Problem == nil {
			t.Fatalf("camera: %+v", u)
		}
		if d.Opens(device.Camera, "cam") > 0 {
			t.Fatal("somebody who asked for a file is shown by their camera")
		}
	})
}

func TestChangingTheDeviceInACall(t *testing.T) {
	inBubble(t, two, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		settle(time.Second)
		m.UseMicrophone("headset")
		m.UseSpeaker("headset")
		m.UseCamera("webcam")
		settle(time.Second)
		st := m.State()
		if st.Microphone.Info.Name != "headset" || st.Speaker.Info.Name != "headset" || st.Camera.Info.Name != "webcam" {
			t.Fatalf("in use: %+v", st)
		}
		if d.Open(device.Camera, "cam") || d.Open(device.Microphone, "mic") || d.Open(device.Speaker, "spk") {
			t.Fatal("the old devices are still open")
		}
	})
}

func TestMuteSendsNothingAndStillMeasures(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		sent := newUnits()
		defer m.AttachAudio(sent)()
		settle(time.Second)
		before := sent.drain()
		if len(before) < 45 {
			t.Fatalf("%d packets in a second, want about 50", len(before))
		}
		for i := 1; i < len(before); i++ {
			if step := before[i].PTS - before[i-1].PTS; step != 20*time.Millisecond {
				t.Fatalf("packet %d comes %v after the one before", i, step)
			}
		}
		m.SetMicrophone(false)
		settle(time.Second)
		muted := sent.drain()
		if len(muted) > 12 {
			t.Errorf("%d packets after muting, want a tail of 200 ms", len(muted))
		}
		for _, u := range muted[min(2, len(muted)):] {
			if u.Data[0] != 0 || u.Data[1] != 0 {
				t.Fatal("muted, but sound was sent")
			}
		}
		if m.MicLevel() < 0.1 {
			t.Errorf("level %.3f while speaking muted, want the meter to show it", m.MicLevel())
		}
		m.SetMicrophone(true)
		settle(time.Second)
		after := sent.drain()
		if len(after) < 45 {
			t.Fatalf("%d packets after unmuting", len(after))
		}
		if gap := after[0].PTS - before[len(before)-1].PTS; gap < 900*time.Millisecond {
			t.Errorf("the time stamps stood still while muted: gap of %v", gap)
		}
	})
}

func TestOwnPictureForSeveralWatchersAndPeers(t *testing.T) {
	inBubble(t, localtest.WithAll, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		a, stopA := m.Watch()
		b, stopB := m.Watch()
		one, two := newUnits(), newUnits()
		legs := []*send.Leg{m.AttachVideo(one), m.AttachVideo(two)}
		settle(time.Second)
		for i, s := range []interface {
			Take() (*media.Frame, bool)
		}{a, b} {
			f, ok := s.Take()
			if !ok {
				t.Fatalf("watcher %d sees nothing", i)
			}
			f.Release()
		}
		x, y := one.drain(), two.drain()
		if len(x) < 25 || len(x) != len(y) {
			t.Fatalf("%d and %d pictures sent", len(x), len(y))
		}
		if !x[0].Key {
			t.Error("the first picture is no key frame")
		}
		legs[0].Close()
		m.SetCamera(false)
		settle(time.Second)
		one.drain()
		two.drain()
		m.SetCamera(true)
		settle(time.Second)
		if n := len(one.drain()); n != 0 {
			t.Errorf("%d pictures for a peer that has left", n)
		}
		if len(two.drain()) < 25 {
			t.Error("camera on again, but nothing is sent")
		}
		stopA()
		stopB()
		legs[1].Close()
	})
}

func TestSoundsOpenTheSpeakerAndCloseIt(t *testing.T) {
	inBubble(t, two, local.Config{Speaker: "spk", Ringer: "headset"}, func(m *local.Media, d *localtest.Devices) {
		tone := make([]int16, media.SampleRate/2)
		for i := range tone {
			tone[i] = 8000
		}
		m.Play(tone, false, false)
		settle(200 * time.Millisecond)
		if !d.Open(device.Speaker, "spk") {
			t.Fatal("a sound is played on a closed speaker")
		}
		settle(2 * time.Second)
		if d.Open(device.Speaker, "spk") {
			t.Fatal("the sound is over, but the speaker is open")
		}
		loud := 0
		for _, v := range d.Heard("spk") {
			if v > 7000 {
				loud++
			}
		}
		if loud < len(tone)-100 {
			t.Errorf("%d of %d samples were heard", loud, len(tone))
		}
		stop := m.Play(tone, true, true)
		settle(3 * time.Second)
		if d.Open(device.Speaker, "spk") || !d.Open(device.Speaker, "headset") {
			t.Fatal("it rings on the wrong device")
		}
		stop()
		settle(time.Second)
		if d.Open(device.Speaker, "headset") {
			t.Fatal("the ringer is open although it no longer rings")
		}
	})
}

func TestASoundWithoutASpeakerIsForgotten(t *testing.T) {
	none := func() *localtest.Devices {
		d := localtest.New()
		d.Plug(device.Microphone, "mic", true)
		return d
	}
	inBubble(t, none, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		m.Play(make([]int16, media.SampleRate), false, false)
		ring := m.Play(make([]int16, media.SampleRate), true, true)
		settle(time.Second)
		if st := m.State().Speaker; st.Problem == nil {
			t.Errorf("speaker: %+v", st)
		}
		ring()
		settle(time.Second)
		d.Plug(device.Speaker, "spk", true)
		settle(time.Minute)
		if d.Opens(device.Speaker, "spk") > 0 {
			t.Error("a speaker was opened for a sound of long ago")
		}
	})
}
