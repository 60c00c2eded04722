package present_test

import (
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/ui/present"
)

func TestWhoseTroubleAndWhatHelps(t *testing.T) {
	l := newWorld(t).Lang()
	for _, c := range []struct {
		trouble call.Trouble
		whose   call.Whose
		pill    string
		help    string
	}{
		{call.TroubleNone, call.Nobodys, "Good connection", "Nothing is short"},
		{call.TroubleLoss, call.Mine, "on the way to you", "Your connection loses packets"},
		{call.TroubleLoss, call.Theirs, "on the way to you", "Ben’s connection loses packets"},
		{call.TroubleLoss, call.Between, "on the way to you", "between you and Ben"},
		{call.TroubleLossUp, call.Mine, "on the way there", "use a cable"},
		{call.TroubleUneven, call.Between, "uneven", "in bursts"},
		{call.TroubleDelay, call.Mine, "slow", "Your connection is busy"},
		{call.TroubleDelay, call.Theirs, "slow", "Ben’s connection is busy"},
		{call.TroubleDelay, call.Between, "slow", "VPN"},
		{call.TroubleCPU, call.Mine, "This computer", "Close other programs"},
		{call.TroubleCPU, call.Theirs, "The other computer", "Ben’s computer is busy"},
		{call.TroubleNarrow, call.Mine, "Your upload", "pause uploads"},
		{call.TroubleNarrow, call.Theirs, "The other’s upload", "Ben’s connection"},
		{call.TroubleNoSound, call.Theirs, "Nothing to be heard", "Ben’s microphone"},
		{call.TroubleNoRoute, call.Mine, "Nothing arrives", "Your network is gone"},
		{call.TroubleNoRoute, call.Theirs, "Nothing arrives", "from Ben"},
		{call.TroubleService, call.TheService, "Service away", "nobody can call you"},
		{call.TroubleRelaying, call.Between, "Through a relay", "firewall"},
	} {
		q := call.Quality{Level: call.QualityGood, Trouble: c.trouble, Whose: c.whose}
		if got := present.QualitySentence(l, q); !strings.Contains(got, c.pill) {
			t.Errorf("%q of %d: %q, want %q in it", c.trouble, c.whose, got, c.pill)
		}
		if got := present.HelpSentence(l, q, "Ben"); !strings.Contains(got, c.help) {
			t.Errorf("%q of %d: help %q, want %q in it", c.trouble, c.whose, got, c.help)
		}
	}
}

func TestTheConnectionInWordsAndNumbers(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	w.Call.CopyNumbers()
	s.Set(func(st *call.State) {
		st.Quality = call.Quality{Level: call.QualityFair, Trouble: call.TroubleCPU, Whose: call.Theirs}
	})
	w.Call.ToggleConnection()
	m := w.model().Call
	if m.Panel != present.ConnectionPanel || m.Connection.Words != m.Quality || !strings.Contains(m.Connection.Help, "Maya’s computer") || len(m.Connection.Numbers) != 0 {
		t.Errorf("%+v", m.Connection)
	}
	s.Counted = []call.Number{{Part: "a", Name: "x", Value: "1"}, {Part: "a", Name: "y", Value: "2"}, {Part: "b", Name: "x", Value: "3"}}
	m = w.model().Call
	want := []present.NumberModel{{Name: "a"}, {Name: "x", Value: "1"}, {Name: "y", Value: "2"}, {Name: "b"}, {Name: "x", Value: "3"}}
	if len(m.Connection.Numbers) != len(want) {
		t.Fatalf("%+v", m.Connection.Numbers)
	}
	for i := range want {
		if m.Connection.Numbers[i] != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, m.Connection.Numbers[i], want[i])
		}
	}
	w.Call.CopyNumbers()
	if w.screen.Copied != "a x: 1\na y: 2\nb x: 3\n" || !w.model().Call.Connection.Copied {
		t.Errorf("copied %q", w.screen.Copied)
	}
	w.now = w.now.Add(time.Minute)
	if w.model().Call.Connection.Copied {
		t.Error("says for ever that it was copied")
	}
	w.Call.ToggleMore() // from there, too
	w.Call.ToggleConnection()
	if w.model().Call.Panel != present.ConnectionPanel {
		t.Error("not reached from the panel More")
	}
}

func TestLowData(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageCalls)
	w.Settings.SetLowData(true)
	if !w.media.State().LowData || !w.settings.Get().LowData || !w.model().Settings.LowData {
		t.Error("not in effect, or not kept")
	}
	w.connected("Maya")
	w.Call.ToggleConnection()
	if !w.model().Call.Connection.LowData {
		t.Error("the call does not show it")
	}
	w.Call.SetLowData(false)
	if w.media.State().LowData || w.settings.Get().LowData || w.model().Call.Connection.LowData {
		t.Error("not switched off in the call")
	}
}

// The frame of whoever speaks stays through the pauses between words, and goes
// at once when they mute.
func TestSpeakingFrame(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	frames := func(mine, theirs bool, when string) {
		t.Helper()
		if m := w.model().Call; m.Self.Speaking != mine || m.Remote.Speaking != theirs {
			t.Errorf("%s: mine %t, theirs %t", when, m.Self.Speaking, m.Remote.Speaking)
		}
	}
	frames(false, false, "silent")
	s.Theirs = 0.1
	frames(false, true, "Maya speaks")
	s.Mine, s.Theirs = 0.1, 0
	w.now = w.now.Add(300 * time.Millisecond)
	frames(true, true, "both, nearly")
	w.now = w.now.Add(400 * time.Millisecond)
	frames(true, false, "Maya is silent")
	w.Call.ToggleMicrophone()
	frames(false, false, "muted")
	s.Theirs = 0.1
	s.Set(func(st *call.State) { st.Remote.CameraOn = false })
	if m := w.model().Call; m.Remote.Frames != nil || !m.Remote.Speaking {
		t.Error("no frame round the initials")
	}
}
