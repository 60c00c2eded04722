package local_test

import (
	"testing"
	"time"

	"parley/call/local"
	"parley/call/local/localtest"
	"parley/media/device"
	"parley/media/mic"
)

// What is done to the microphone's sound changes while it is being sent.
func TestCleaningChangesInACall(t *testing.T) {
	if m := mic.Missing(); m != "" {
		t.Skipf("built without %s: run .ci/wasm", m)
	}
	kit := mic.NewKit(nil)
	inBubble(t, localtest.WithAll, local.Config{Mic: kit, Cleaning: mic.All()}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		sent := newUnits()
		defer m.AttachAudio(sent)()
		settle(time.Second)
		if st := m.State(); st.Cleaning != mic.All() || st.Cleaned != (mic.State{Echo: mic.Working, Noise: mic.Working, Gain: mic.Working}) {
			t.Errorf("after a second: %+v, %+v", st.Cleaning, st.Cleaned)
		}
		if _, ok := m.SpeakingLikely(); !ok {
			t.Error("nobody listens for a voice")
		}
		for _, o := range []mic.Options{{}, {Echo: true}, {Noise: true}, {Gain: true}, {}, mic.All(), {}} {
			sent.drain()
			m.SetCleaning(o)
			settle(100 * time.Millisecond)
			st := m.State()
			if st.Cleaning != o || (st.Cleaned.Echo == mic.Working) != o.Echo || (st.Cleaned.Noise == mic.Working) != o.Noise || (st.Cleaned.Gain == mic.Working) != o.Gain {
				t.Errorf("a tenth of a second after %+v was chosen: %+v, %+v", o, st.Cleaning, st.Cleaned)
			}
			if _, ok := m.SpeakingLikely(); ok != (o.Noise || o.Gain) {
				t.Errorf("%+v: somebody listens for a voice: %v", o, ok)
			}
			if n := len(sent.drain()); n < 4 {
				t.Errorf("%d packets in a tenth of a second after %+v was chosen", n, o)
			}
		}
		m.SetCleaning(mic.All())
		settle(time.Second)
		d.Pull(device.Microphone, "mic")
		settle(time.Second)
		if st := m.State(); st.Cleaned != (mic.State{}) {
			t.Errorf("without a microphone: %+v", st.Cleaned)
		}
	})
	if err := kit.Close(); err != nil {
		t.Error(err)
	}
}
