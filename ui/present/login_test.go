package present_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"parley/ui/present"
)

func TestLoginWithTheBrowser(t *testing.T) {
	w := newWorld(t)
	const first, second = "https://calls.example.org/login/one", "https://calls.example.org/login/two"
	asks := func(url, code string, why present.ServiceProblem) {
		w.directory.Set(func(p *present.People) {
			p.Service.Phase, p.Service.Problem, p.Service.Login = present.ServiceLoginNeeded, why, present.BrowserLogin{URL: url, Code: code}
		})
	}
	asks(first, "KTQ-482", present.ProblemNone)
	m := w.model()
	if m.Screen != present.ScreenWelcome || m.Welcome.Login == nil || m.Welcome.Login.Code != "KTQ-482" || m.Welcome.Login.Opened ||
		!strings.Contains(m.Welcome.Login.Words, "calls.example.org") || m.Welcome.Login.Error != "" {
		t.Fatalf("%+v, %+v", m.Welcome, m.Welcome.Login)
	}
	if len(w.screen.Browsed) > 0 {
		t.Error("a browser opens before anybody wants it")
	}
	w.screen.BrowseError = errors.New("there is none")
	w.Welcome.OpenBrowser()
	if m := w.model().Welcome.Login; m.Opened || !strings.Contains(m.Error, "Copy the address") {
		t.Errorf("without a browser: %+v", m)
	}
	w.Welcome.CopyLogin()
	if m := w.model().Welcome.Login; !m.Copied || m.Error != "" || w.screen.Copied != first {
		t.Errorf("copied: %+v, %q", m, w.screen.Copied)
	}
	w.screen.BrowseError = nil
	w.Welcome.OpenBrowser()
	w.Welcome.OpenBrowser() // again
	if m := w.model().Welcome.Login; !m.Opened || !slices.Equal(w.screen.Browsed, []string{first, first}) {
		t.Errorf("opened: %+v, %v", m, w.screen.Browsed)
	}

	asks("", "", present.ProblemLoginNotAllowed)
	if m := w.model().Welcome.Login; m.Code != "" || m.Opened || m.Copied || !strings.Contains(m.Error, "may not use calls.example.org") {
		t.Errorf("refused: %+v", m)
	}
	w.Welcome.OpenBrowser()
	if got := w.directory.Calls(); !slices.Equal(got, []string{"login"}) || len(w.screen.Browsed) != 2 {
		t.Errorf("asked %v, opened %v", got, w.screen.Browsed)
	}
	asks(second, "ABC-234", present.ProblemNone)
	if m := w.model().Welcome.Login; m.Code != "ABC-234" || m.Opened || m.Copied || m.Error != "" {
		t.Errorf("another try: %+v", m)
	}

	// Back to the name, and on with the same.
	w.Welcome.CancelLogin()
	if m := w.model(); m.Screen != present.ScreenWelcome || m.Welcome.Login != nil || m.Welcome.Name != "Anna" {
		t.Errorf("cancelled: %+v", m.Welcome)
	}
	w.Welcome.SetName("Anna K")
	w.Welcome.Go()
	w.await("the step shows again", func() bool { m := w.model().Welcome; return m != nil && m.Login != nil && m.Login.Code == "ABC-234" })
	if got := w.directory.Calls(); got[len(got)-1] != "sign in Anna K " {
		t.Errorf("asked %v", got)
	}
	// After one that failed, starting is another try.
	asks("", "", present.ProblemLoginExpired)
	w.Welcome.CancelLogin()
	w.Welcome.Go()
	w.await("another login", func() bool { return slices.Equal(w.directory.Calls()[2:], []string{"sign in Anna K ", "login"}) })

	// The name is somebody's; the provider's is proposed, and can be changed.
	w.directory.Set(func(p *present.People) {
		p.Service = present.Service{Phase: present.ServiceNameTaken, Address: "calls.example.org", Proposed: "Anna Keller"}
		p.Me.Name = "Anna K"
	})
	w.await("the proposal", func() bool { m := w.model().Welcome; return m != nil && m.Name == "Anna Keller" })
	if m := w.model().Welcome; !strings.Contains(m.Error, "“Anna K”") {
		t.Errorf("taken: %+v", m)
	}
	w.Welcome.SetName("Anna from the office")
	if m := w.model().Welcome; m.Name != "Anna from the office" || m.Error != "" {
		t.Errorf("typed: %+v", m)
	}
	w.directory.Set(func(p *present.People) { p.Service.Phase, p.Service.Proposed = present.ServiceOnline, "" })
	w.await("home", func() bool { return w.model().Screen == present.ScreenHome })
}
