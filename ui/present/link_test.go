package present_test

import (
	"strings"
	"testing"

	"parley/call"
	"parley/ui/present"
)

// A link in the middle of a call waits: neither camera nor microphone changes,
// and it is said. When the call is over it is there.
func TestALinkInACallWaits(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	w.media.SetMicrophone(false)
	w.media.SetCamera(false)
	w.Home.OpenLink("https://calls.example.org/j/abcdef")
	m := w.model()
	if m.Screen != present.ScreenCall || !strings.Contains(m.Call.Notice, "waits until this call is over") {
		t.Errorf("screen %v, notice %q", m.Screen, m.Call.Notice)
	}
	if st := w.media.State(); st.Camera.On || st.Microphone.On {
		t.Error("a link switched the camera or the microphone on in a call")
	}
	w.phone.SetCurrent(nil)
	s.Set(func(st *call.State) { st.Phase, st.End = call.Ended, call.End{Reason: call.EndedByMe, At: w.now} })
	w.Refresh()
	if m := w.model(); m.Screen != present.ScreenBefore || m.Before.Title == "" {
		t.Errorf("after the call: screen %v", m.Screen)
	}
}

// A link before there is a name waits for one.
func TestALinkBeforeTheName(t *testing.T) {
	w := newWorld(t)
	_ = w.settings.Update(func(c *present.Choices) { c.Name, c.Welcome = "", false })
	w.Home.OpenLink("https://calls.example.org/j/abcdef")
	if m := w.model(); m.Screen != present.ScreenWelcome {
		t.Errorf("screen %v", m.Screen)
	}
	_ = w.settings.Update(func(c *present.Choices) { c.Name, c.Welcome = "Anna", true })
	w.Refresh()
	if m := w.model(); m.Screen != present.ScreenBefore {
		t.Errorf("screen %v: the link is lost", m.Screen)
	}
}
