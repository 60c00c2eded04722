package present_test

import (
	"context"
	"errors"
	"fmt"
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
	w.atLogin.Fail(fmt.Errorf("%w: no", present.ErrNotAllowed))
	w.Settings.SetAtLogin(false)
	if m := w.model().Settings.AtLogin; !m.On || !strings.Contains(m.Problem, "desktop did not allow") {
		t.Errorf("%+v", m)
	}
	w = newWorldUnder(t, present.Rules{AtLogin: true})
	w.Settings.Open(present.PageCalls)
	w.Settings.SetAtLogin(true)
	if m := w.model().Settings.AtLogin; m.On || !m.Fixed {
		t.Errorf("it is not the person's to choose: %+v", m)
	}
}

// A desktop that decides answers later; what it says shows by itself.
func TestTheDesktopAnswersLater(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageCalls)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.Run(ctx) }()
	for _, on := range []bool{true, false} {
		w.atLogin.Answer(on)
		w.await("the answer", func() bool { return w.screen.Model().Settings.AtLogin.On == on })
	}
	stop()
	<-done
}
