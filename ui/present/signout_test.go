package present_test

import (
	"slices"
	"strings"
	"testing"

	"parley/ui/present"
)

// Signing out asks first, says how to come back, and ends on the first screen
// with a word. Nothing is deleted.
func TestSignOut(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageAccount)
	out := func() present.SignOutModel { return w.model().Settings.Account.SignOut }
	if m := out(); !m.Can || m.Open || !strings.Contains(m.Words, "24 words") || !m.HasPhrase {
		t.Fatalf("%+v", m)
	}
	w.Settings.SignOut() // nobody asked
	w.Settings.AskToSignOut()
	w.Settings.StaySignedIn()
	w.Settings.SignOut()
	if m := out(); m.Open || slices.Contains(w.account.Calls(), "sign out") {
		t.Errorf("cancelled: %+v, %v", m, w.account.Calls())
	}
	w.Settings.AskToSignOut()
	w.account.Fail(&present.ServiceError{Problem: present.ProblemStorage})
	w.Settings.SignOut()
	if m := out(); !m.Busy {
		t.Errorf("a click shows nothing: %+v", m)
	}
	w.await("the refusal", func() bool { return out().Error != "" })
	if c := w.settings.Get(); c.Name != "Anna" || !c.Welcome {
		t.Errorf("signed out all the same: %+v", c)
	}
	w.account.Fail(nil)
	w.Settings.SignOut()
	w.directory.Set(func(p *present.People) {
		p.Service, p.Me.Name = present.Service{Phase: present.ServiceNameNeeded, Problem: present.ProblemSignedOut}, ""
	})
	w.await("the first screen", func() bool { return w.settings.Get().Name == "" && w.model().Screen == present.ScreenWelcome })
	if m := w.model().Welcome; !strings.Contains(m.Done, "signed out") || m.Error != "" || m.Name != "" {
		t.Errorf("%+v", m)
	}
	if slices.Contains(w.account.Calls(), "delete") {
		t.Error("the account was deleted")
	}
}

// A linked device has no words: it is linked again.
func TestSignOutOfALinkedDevice(t *testing.T) {
	w := newWorld(t)
	w.account.SetLinked("b")
	w.Settings.Open(present.PageAccount)
	if m := w.model().Settings.Account.SignOut; m.HasPhrase || !strings.Contains(m.Words, "link this computer again") {
		t.Errorf("%+v", m)
	}
}
