package present_test

import (
	"slices"
	"strings"
	"testing"

	"parley/ui/present"
)

// Deleting the account asks for the own name, forgets nothing before the
// service has done it, and ends on the first screen with a word.
func TestDeleteAccount(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageAccount)
	leave := func() present.LeaveModel { return w.model().Settings.Account.Leave }
	if m := leave(); !m.Can || m.Open || !strings.Contains(m.Words, "cannot be undone") {
		t.Fatalf("%+v", m)
	}
	w.Settings.Leave() // nobody asked
	w.Settings.AskToLeave()
	if m := leave(); !m.Open || m.CanGo || !strings.Contains(m.Ask, "Anna") {
		t.Errorf("the question: %+v", m)
	}
	for _, wrong := range []string{"", "Ann", "Maya", "Anna Keller"} {
		w.Settings.SetLeaveName(wrong)
		w.Settings.Leave()
		if leave().CanGo {
			t.Errorf("%q is taken for the own name", wrong)
		}
	}
	if got := w.account.Calls(); slices.Contains(got, "delete") {
		t.Errorf("asked %v", got)
	}
	w.Settings.StayHere()
	if leave().Open {
		t.Error("cancelled, and the question stays")
	}

	w.Settings.AskToLeave()
	w.Settings.SetLeaveName(" anna ")
	w.account.Fail(&present.ServiceError{Problem: present.ProblemUnreachable})
	w.Settings.Leave()
	if m := leave(); !m.Busy || m.CanGo {
		t.Errorf("a click shows nothing: %+v", m)
	}
	w.await("the refusal", func() bool { return leave().Error != "" })
	if c := w.settings.Get(); c.Name != "Anna" || !c.Welcome {
		t.Errorf("forgotten before the service did: %+v", c)
	}
	if m := leave(); !m.Open || m.Typed != " anna " || !m.CanGo {
		t.Errorf("after it failed: %+v", m)
	}

	w.account.Fail(nil)
	w.directory.Set(func(p *present.People) {
		p.Service, p.Me.Name = present.Service{Phase: present.ServiceNameNeeded, Problem: present.ProblemLeft}, "Anna"
	})
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceOnline })
	w.Settings.Leave()
	w.directory.Set(func(p *present.People) { p.Service.Phase, p.Me.Name = present.ServiceNameNeeded, "" })
	w.await("the first screen", func() bool { return w.settings.Get().Name == "" && w.model().Screen == present.ScreenWelcome })
	if m := w.model().Welcome; !strings.Contains(m.Done, "is deleted") || m.Error != "" || m.Name != "" {
		t.Errorf("%+v", m)
	}
	if c := w.settings.Get(); c.Welcome {
		t.Error("the next start skips the first screen")
	}
}

func TestDeleteAccountNeedsTheService(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageAccount)
	w.Settings.AskToLeave()
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceReconnecting })
	m := w.model().Settings.Account.Leave
	if m.Can || m.Open || !strings.Contains(m.Words, "needs the service") {
		t.Errorf("offline: %+v", m)
	}
	w.Settings.SetLeaveName("Anna")
	w.Settings.Leave()
	if got := w.account.Calls(); slices.Contains(got, "delete") {
		t.Errorf("asked %v", got)
	}
}

// Deleted on another device: the first screen says so.
func TestDeletedElsewhere(t *testing.T) {
	w := newWorld(t)
	w.settings.Update(func(c *present.Choices) { c.Name, c.Welcome = "", false })
	w.directory.Set(func(p *present.People) {
		p.Service, p.Me.Name = present.Service{Phase: present.ServiceNameNeeded, Problem: present.ProblemDeleted}, ""
	})
	if m := w.model(); m.Screen != present.ScreenWelcome || !strings.Contains(m.Welcome.Error, "another of your devices") {
		t.Errorf("%+v", m.Welcome)
	}
}

// A linked device may not delete what is not its own.
func TestLeaveOnALinkedDevice(t *testing.T) {
	w := newWorld(t)
	w.account.SetLinked("b")
	w.Settings.Open(present.PageAccount)
	w.Settings.AskToLeave()
	if m := w.model().Settings.Account.Leave; m.Can || m.Open || !strings.Contains(m.Words, "first device") {
		t.Errorf("%+v", m)
	}
}
