package present_test

import (
	"errors"
	"strings"
	"testing"

	"parley/ui/present"
)

func TestStartAtSignIn(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageCalls)
	if m := w.model().Settings.AtLogin; !m.Can || m.On {
		t.Errorf("%+v", m)
	}
	w.Settings.SetAtLogin(true)
	if m := w.model().Settings.AtLogin; !m.On || m.Problem != "" {
		t.Errorf("%+v", m)
	}
	w.atLogin.Fail(errors.New("read-only"))
	w.Settings.SetAtLogin(false)
	if m := w.model().Settings.AtLogin; !m.On || !strings.Contains(m.Problem, "could not be changed") {
		t.Errorf("%+v", m)
	}
	w = newWorldUnder(t, present.Rules{AtLogin: true})
	w.Settings.Open(present.PageCalls)
	w.Settings.SetAtLogin(true)
	if m := w.model().Settings.AtLogin; m.On || !m.Fixed {
		t.Errorf("it is not the person's to choose: %+v", m)
	}
}
