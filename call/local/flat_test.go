package local_test

import (
	"runtime"
	"testing"
	"time"

	"parley/call/local"
	"parley/call/local/localtest"
	"parley/media/device"
)

// A thousand changes of camera, microphone and speaker in mid-call leave
// nothing behind: no goroutine, no memory, no device that stays open.
func TestFlatOver1000Switches(t *testing.T) {
	inBubble(t, two, local.Config{}, func(m *local.Media, d *localtest.Devices) {
		defer m.Hold()()
		sent := newUnits()
		leg := m.AttachVideo(sent)
		defer leg.Close()
		defer m.AttachAudio(sent)()
		settle(time.Second)
		change := func(n int) {
			for i := range n {
				cam, mic, spk := "cam", "mic", "spk"
				if i%2 == 0 {
					cam, mic, spk = "webcam", "headset", "headset"
				}
				m.UseCamera("device:" + cam)
				m.UseMicrophone("device:" + mic)
				m.UseSpeaker("device:" + spk)
				settle(50 * time.Millisecond)
				st := m.State()
				if st.Camera.Info.Name != cam || st.Microphone.Info.Name != mic || st.Speaker.Info.Name != spk {
					t.Fatalf("switch %d: %+v, %+v, %+v", i, st.Camera, st.Microphone, st.Speaker)
				}
				sent.drain()
				d.Heard(spk)
			}
		}
		heap := func() uint64 {
			runtime.GC()
			runtime.GC()
			var s runtime.MemStats
			runtime.ReadMemStats(&s)
			return s.HeapAlloc
		}
		change(20)
		routines, before := runtime.NumGoroutine(), heap()
		change(1000)
		after, left := heap(), runtime.NumGoroutine()
		if grown := int64(after) - int64(before); grown > 1<<20 {
			t.Errorf("the heap grew by %d kB", grown>>10)
		}
		if left != routines {
			t.Errorf("%d goroutines, %d before", left, routines)
		}
		for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker} {
			open := 0
			for _, i := range d.List(k) {
				if d.Open(k, i.ID) {
					open++
				}
			}
			if open != 1 {
				t.Errorf("%d of kind %v are open", open, k)
			}
		}
	})
}
