package present_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/call"
	"parley/ui/present"
)

func card(m *present.CallModel) (text string, buttons []string) {
	for _, a := range m.Card.Actions {
		buttons = append(buttons, a.ID)
	}
	return m.Card.Text, buttons
}

func TestRecordingACall(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	if m := w.model().Call; m.Record.Can || !strings.Contains(m.Record.Note, "too old") {
		t.Errorf("a program that does not know of recordings: %+v", m.Record)
	}
	w.Call.Record()
	if len(s.Calls()) != 0 {
		t.Errorf("asked all the same: %v", s.Calls())
	}
	s.Set(func(st *call.State) { st.Recording.CanAsk = true })
	w.Call.ToggleMore()
	if m := w.model().Call; !m.Record.Can || m.Record.Text != "Record this call" || m.Panel != present.MorePanel {
		t.Errorf("before: %+v", m.Record)
	}
	w.Call.Record()
	w.await("the question", func() bool { return len(s.Calls()) > 0 })
	if got := s.Calls()[0]; got != "record /videos/Maya 2026-05-14 10.42.webm as Anna" {
		t.Errorf("asked %q", got)
	}
	if m := w.model().Call; m.Panel != present.NoPanel {
		t.Error("the panel hides what is asked")
	}
	s.Set(func(st *call.State) { st.Recording.Mine = call.RecordAsking })
	if m := w.model().Call; !strings.Contains(m.Notice, "Waiting for Maya") || m.Recording != "" || m.Record.Text != "Take the question back" {
		t.Errorf("asking: %q, %q, %+v", m.Notice, m.Recording, m.Record)
	}
	s.Set(func(st *call.State) { st.Recording.Mine, st.Recording.Since = call.RecordOn, w.now })
	w.now = w.now.Add(75 * time.Second)
	if m := w.model().Call; m.Recording != "Recording 01:15" || m.Record.Text != "Stop recording" || m.Notice != "" {
		t.Errorf("recording: %q, %+v", m.Recording, m.Record)
	}
	w.Call.Record()
	if got := s.Calls(); got[len(got)-1] != "stop recording" {
		t.Errorf("asked %v", got)
	}
	s.Set(func(st *call.State) {
		st.Recording = call.Recording{CanAsk: true, Outcome: call.RecordSaved, File: "/videos/Maya.webm", At: w.now}
	})
	m := w.model().Call
	text, buttons := card(m)
	if text != "The recording is saved: Maya.webm" || len(buttons) != 1 || m.Recording != "" {
		t.Errorf("saved: %q %v, sign %q", text, buttons, m.Recording)
	}
	m.Card.Actions[0].Do()
	if got := w.recordings.Shown(); len(got) != 1 || got[0] != "/videos/Maya.webm" {
		t.Errorf("opened %v", got)
	}
	w.now = w.now.Add(time.Hour)
	if text, _ = card(w.model().Call); text == "" {
		t.Error("where the recording is went by itself")
	}
	m.Card.Close()
	if text, _ = card(w.model().Call); text != "" {
		t.Errorf("put away, but says %q", text)
	}
}

func TestAskedForARecording(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	before := w.media.Played("sound")
	s.Set(func(st *call.State) { st.Recording.Theirs = call.RecordAsking })
	m := w.model().Call
	text, buttons := card(m)
	if !strings.Contains(text, "Maya wants to record") || len(buttons) != 2 || m.Card.Close != nil || m.Recording != "" {
		t.Fatalf("question %q %v", text, buttons)
	}
	if w.media.Played("sound") != before+1 {
		t.Error("the question makes no sound")
	}
	m.Card.Actions[1].Do()
	m.Card.Actions[0].Do()
	if got := s.Calls(); len(got) != 2 || got[0] != "refuse recording" || got[1] != "allow recording" {
		t.Errorf("answered %v", got)
	}
	s.Set(func(st *call.State) { st.Recording.Theirs = call.RecordOn })
	if m = w.model().Call; m.Recording != "Being recorded" || m.Card.Text != "" || !m.Record.Running {
		t.Errorf("recorded: %q, %+v", m.Recording, m.Record)
	}
	w.Call.Record()
	if got := s.Calls(); got[2] != "stop recording" {
		t.Errorf("asked %v", got)
	}
}

func TestHowARecordingFails(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	for outcome, want := range map[call.RecordOutcome]string{
		call.RecordRefused: "does not want", call.RecordUnheard: "did not answer", call.RecordDisk: "could not be made", call.RecordCannotAsk: "too old",
	} {
		s.Set(func(st *call.State) { st.Recording = call.Recording{CanAsk: true, Outcome: outcome, At: w.now} })
		if m := w.model().Call; !strings.Contains(m.Notice, want) || m.Card.Text != "" {
			t.Errorf("%s: %q, card %q", outcome, m.Notice, m.Card.Text)
		}
	}
	for outcome, want := range map[call.RecordOutcome]string{call.RecordDiskFull: "disk is full", call.RecordDisk: "not be written", call.RecordStopped: "Maya ended"} {
		s.Set(func(st *call.State) {
			st.Recording = call.Recording{CanAsk: true, Outcome: outcome, At: w.now, File: "/videos/x.webm"}
		})
		if text, _ := card(w.model().Call); !strings.Contains(text, want) || !strings.Contains(text, "x.webm") {
			t.Errorf("%s with a file: %q", outcome, text)
		}
	}
	s.Set(func(st *call.State) { st.Recording = call.Recording{CanAsk: true} })
	w.recordings.Error = errors.New("no folder")
	w.Call.Record()
	w.await("the failure", func() bool { return strings.Contains(w.model().Call.Notice, "could not be made") })
	if len(s.Calls()) != 0 {
		t.Errorf("asked without a file: %v", s.Calls())
	}
}

// Hanging up ends a recording; Home says where it is once it is complete.
func TestTheCallEndsWithItsRecording(t *testing.T) {
	synctest.Test(t, testTheCallEndsWithItsRecording)
}

func testTheCallEndsWithItsRecording(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	s.Set(func(st *call.State) { st.Recording.Mine, st.Recording.File = call.RecordOn, "/videos/Maya.webm" })
	w.model()
	w.Call.Hangup()
	if m := w.model(); m.Home == nil || m.Home.Notice.Text != "" {
		t.Fatalf("right after: %+v", m.Home)
	}
	s.Set(func(st *call.State) {
		st.Recording.Mine, st.Recording.Outcome, st.Recording.At = call.NoRecord, call.RecordSaved, w.now
	})
	n := w.model().Home.Notice
	if !strings.Contains(n.Text, "Maya.webm") || len(n.Actions) != 1 {
		t.Errorf("Home says %+v", n)
	}
	synctest.Wait()
	if n := s.Subscribers(); n != 0 {
		t.Errorf("%d watch a call that is over", n)
	}
}
