package present_test

import (
	"strings"
	"testing"

	"parley/call"
	"parley/ui/present"
)

// What an organisation has set shows as that, and cannot be changed.
func TestWhatAnOrganisationHasSet(t *testing.T) {
	w := newWorldUnder(t, present.Rules{
		Service: true, RelayOnly: true, Echo: true, Strangers: true, NoRecording: true, NoDeletion: true,
	})
	_ = w.settings.Update(func(c *present.Choices) { c.Service, c.RelayOnly = "https://calls.example.org", true })
	w.Settings.Open(present.PageAccount)
	a := w.model().Settings.Account
	if !a.Where.Fixed || a.Where.Shown != "https://calls.example.org" || a.Where.Note != "Set by your organisation." {
		t.Errorf("the service: %+v", a.Where)
	}
	if a.Leave.Can || !strings.Contains(a.Leave.Words, "does not allow the account to be deleted") {
		t.Errorf("deletion: %+v", a.Leave)
	}
	w.Settings.AskToLeave()
	w.Settings.SetLeaveName("Anna")
	w.Settings.Leave()
	if calls := w.account.Calls(); len(calls) != 0 {
		t.Errorf("it was deleted: %v", calls)
	}
	w.Settings.Show(present.PageCalls)
	if m := w.model().Settings; !m.Rules.RelayOnly || !strings.Contains(m.Recording, "does not allow calls to be recorded") {
		t.Errorf("calls: %+v, %q", m.Rules, m.Recording)
	}
	w.Settings.Show(present.PageDevices)
	if m := w.model().Settings.Cleaning; !m.EchoSet || m.NoiseSet {
		t.Errorf("microphone: %+v", m)
	}
	w.directory.Set(func(p *present.People) { p.Strangers = present.StrangersAsk })
	w.Settings.Show(present.PagePrivacy)
	if m := w.model().Settings.Privacy.Strangers; !m.Fixed || m.Note == "" {
		t.Errorf("strangers: %+v", m)
	}
	s := w.connected("Maya")
	s.Set(func(st *call.State) { st.Recording.CanAsk, st.Recording.Barred = true, true })
	w.Call.ToggleMore()
	if m := w.model().Call.Record; m.Can || !strings.Contains(m.Note, "Your organisation") {
		t.Errorf("recording: %+v", m)
	}
	w.Call.Record()
	if len(s.Calls()) != 0 {
		t.Errorf("asked all the same: %v", s.Calls())
	}
}

// A mistake in what is set is said on the first screens, in words for the
// person and for whoever has set it.
func TestAMistakeInWhatIsSet(t *testing.T) {
	w := newWorldUnder(t, present.Rules{Service: true, Problem: "/etc/parley/policy.toml: line 3"})
	if b := w.model().Home.Rules; b.Tone != present.ToneBad || !strings.Contains(b.Text, "(/etc/parley/policy.toml: line 3)") || !strings.Contains(b.Text, "strictest rules hold") {
		t.Errorf("%+v", b)
	}
	w = newWorldUnder(t, present.Rules{Service: true, NoService: true, Problem: "line 3"})
	w.directory.Set(func(p *present.People) {
		p.Service.Phase, p.Service.Problem = present.ServiceFailed, present.ProblemPolicyBroken
	})
	m := w.model().Home
	if !strings.Contains(m.Rules.Text, "calls are off") || m.Service.Text != "" {
		t.Errorf("said once: %q, %q", m.Rules.Text, m.Service.Text)
	}
	_ = w.settings.Update(func(c *present.Choices) { c.Name, c.Welcome = "", false })
	if m := w.model().Welcome; !strings.Contains(m.Rules, "calls are off") || !m.Where.Fixed || m.Where.Shown != "None" {
		t.Errorf("the first screen: %+v", m)
	}
}

func TestNoServiceOfItsOwnIsOffered(t *testing.T) {
	w := newWorldUnder(t, present.Rules{NoOwn: true})
	w.Settings.Open(present.PageAccount)
	if o := w.model().Settings.Account.Where; o.Fixed || o.Options[0].Text != "Look for one on this network" {
		t.Errorf("%+v", o)
	}
}
