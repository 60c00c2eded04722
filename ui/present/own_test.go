package present_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/ui/present"
)

func (w *world) own() present.OwnModel { return w.model().Settings.Own }

func (w *world) openOwn() {
	w.t.Helper()
	w.Settings.Open(present.PageOwn)
	w.await("the list", func() bool { return len(w.own().Rows) == 2 })
}

func TestLinkADevice(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageOwn)
	if m := w.own(); m.Empty == "" || len(m.Rows) != 0 {
		t.Errorf("before the service answered: %+v", m)
	}
	w.await("the list", func() bool { return len(w.own().Rows) == 2 })
	m := w.own()
	if r := m.Rows[0]; r.Name != "First device" || r.Note != "This device" || r.CanRemove {
		t.Errorf("the main device: %+v", r)
	}
	if r := m.Rows[1]; r.Name != "Laptop" || !strings.Contains(r.Note, "yesterday 09:00") || !r.CanRemove {
		t.Errorf("the linked device: %+v", r)
	}
	w.Own.Link()
	w.await("a code", func() bool { return w.own().Code != "" })
	if m := w.own(); m.CanLink || m.Asker != "" || !strings.Contains(m.Steps, "already") {
		t.Errorf("while the code shows: %+v", m)
	}
	w.account.Came <- "Kitchen"
	w.await("the question", func() bool { return strings.Contains(w.own().Asker, "Kitchen") })
	w.Own.Admit()
	w.await("the end", func() bool { m := w.own(); return m.Code == "" && m.CanLink })
	if !slices.Contains(w.account.Calls(), "admit") {
		t.Errorf("calls %q", w.account.Calls())
	}

	// A code that is left open is taken back, and so is one that is refused.
	for _, end := range []func(){w.Own.Refuse, w.Settings.Close, func() { w.Settings.Show(present.PageAbout) }} {
		w.openOwn()
		w.Own.Link()
		w.await("a code", func() bool { return w.own().Code != "" })
		end()
		select {
		case <-w.account.Refused:
		case <-time.After(5 * time.Second):
			t.Fatal("the code is still good")
		}
	}
}

func TestRemoveADevice(t *testing.T) {
	w := newWorld(t)
	w.openOwn()
	w.Own.Remove("b")
	if r := w.own().Rows[1]; !r.Sure || r.Remove != "Really remove" || len(w.account.Calls()) != 0 {
		t.Errorf("after one press: %+v, %q", r, w.account.Calls())
	}
	w.Own.Remove("b")
	w.await("it is removed", func() bool { return slices.Contains(w.account.Calls(), "remove b") })

	w.account.Fail(&present.ServiceError{Problem: present.ProblemTryAgain})
	w.Own.Remove("b")
	w.await("ready again", func() bool { return w.own().Rows[1].CanRemove })
	w.Own.Remove("b")
	w.Own.Remove("b")
	w.await("a sentence", func() bool { return strings.Contains(w.own().Error, "try again") })
}

// The words are shown when asked for, and gone with the page.
func TestPhrase(t *testing.T) {
	w := newWorld(t)
	w.openOwn()
	if m := w.own(); m.Phrase != nil || !m.CanShow {
		t.Errorf("unasked: %+v", m)
	}
	w.Own.TogglePhrase()
	if m := w.own(); len(m.Phrase) != 24 {
		t.Errorf("%d words", len(m.Phrase))
	}
	w.Own.CopyPhrase()
	if got := w.screen.Copied; len(strings.Fields(got)) != 24 || !w.own().Copied {
		t.Errorf("the clipboard has %q", got)
	}
	w.Settings.Show(present.PageAbout)
	w.Settings.Show(present.PageOwn)
	if m := w.own(); m.Phrase != nil || m.Copied {
		t.Error("the words are still there")
	}
	w.account.SetLinked("b")
	if m := w.own(); m.CanShow || m.CanLink {
		t.Errorf("on a linked device: %+v", m)
	}
}

func TestExistingAccount(t *testing.T) {
	w := newWorld(t)
	_ = w.settings.Update(func(c *present.Choices) { c.Name, c.Service, c.Welcome = "", "", false })
	w.Welcome.UseExisting()
	m := w.model().Welcome
	if m.Existing == nil || m.CanGo || m.Existing.Device != "studio" {
		t.Fatalf("%+v", m)
	}
	w.Welcome.SetCode("k7wn-x3hf-9gqt-m2pb")
	w.Welcome.SetAutomatic(false)
	if w.model().Welcome.CanGo {
		t.Error("without an address")
	}
	w.Welcome.SetService(" https://calls.example.org ")
	if !w.model().Welcome.CanGo {
		t.Fatal("all is there")
	}
	asked := make(chan struct{})
	w.account.OnJoin(func() error { close(asked); return nil }) // nobody says yes
	w.Welcome.Continue()
	<-asked
	if m := w.model().Welcome; !m.Busy || !m.Existing.Waiting || m.CanGo {
		t.Errorf("while it waits: %+v", m)
	}
	w.Welcome.Back()
	if m := w.model().Welcome; m.Existing != nil || m.Busy {
		t.Errorf("given up: %+v", m)
	}
	w.Welcome.UseExisting()
	w.account.OnJoin(func() error { return &present.ServiceError{Problem: present.ProblemPlace} })
	w.Welcome.Continue()
	w.await("a sentence", func() bool { return strings.Contains(w.model().Welcome.Error, "Nothing waits") })
	w.Welcome.SetByPhrase(true)
	if m := w.model().Welcome; m.Error != "" || m.CanGo {
		t.Errorf("another way: %+v", m)
	}
	w.account.OnJoin(func() error {
		return &present.ServiceError{Problem: present.ProblemWord, Detail: "parlez"}
	})
	w.Welcome.SetPhrase("lamp parlez")
	w.Welcome.Continue()
	w.await("the word", func() bool { return strings.Contains(w.model().Welcome.Error, "“parlez”") })
	w.account.OnJoin(nil)
	w.Welcome.Continue()
	w.await("the end", func() bool { return w.model().Welcome == nil || w.model().Welcome.Existing == nil })
	want := []string{
		"join|https://calls.example.org|k7wn-x3hf-9gqt-m2pb|studio", "join|https://calls.example.org|k7wn-x3hf-9gqt-m2pb|studio",
		"recover|https://calls.example.org|lamp parlez", "recover|https://calls.example.org|lamp parlez",
	}
	if got := w.account.Calls(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}

func TestRemovedHere(t *testing.T) {
	w := newWorld(t)
	_ = w.settings.Update(func(c *present.Choices) { c.Name = "" })
	w.directory.Set(func(p *present.People) {
		p.Service.Phase, p.Service.Problem, p.Me.Name = present.ServiceNameNeeded, present.ProblemRemoved, ""
	})
	if m := w.model().Welcome; m == nil || !strings.Contains(m.Error, "removed") {
		t.Fatalf("%+v", m)
	}
	w.Welcome.SetName("Ben")
	if m := w.model().Welcome; m.Error != "" {
		t.Errorf("it is said again: %q", m.Error)
	}
}
