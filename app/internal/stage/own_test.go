//go:build e2e

package stage

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestLinkedDevice: a second program becomes Anna by a code that is typed, and
// is nobody again once she removes it.
func TestLinkedDevice(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second) // 15 s where nothing else runs
	t.Cleanup(cancel)
	o := withService(t)
	o.Width, o.Height, o.People = ScreenWidth, ScreenHeight, []string{"anna", "laptop"}
	s, err := Open(ctx, folder(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p := &Play{Stage: s}
	start := func(name string, x int) *Actor {
		a, err := s.Start(program(t), name)
		must(t, p, err)
		must(t, p, a.UntilScreen(ctx, "welcome"))
		must(t, p, a.Place(ctx, x, 24, windowWidth, windowHeight))
		return a
	}
	click := func(a *Actor, names ...string) {
		t.Helper()
		for _, n := range names {
			must(t, p, a.Click(ctx, n))
		}
	}
	shot := func(name string) {
		_, err := s.Screenshot(ctx, name)
		must(t, p, err)
	}

	p.Caller = start("anna", 4)
	click(p.Caller, "welcome.name")
	must(t, p, p.Caller.Type(ctx, "Anna"))
	click(p.Caller, "welcome.start")
	must(t, p, p.Caller.UntilScreen(ctx, "home"))
	click(p.Caller, "home.settings", "settings.page.own", "own.link")
	code, err := p.Caller.Until(ctx, "own.code", func(c Control) bool { return len(c.Text) == 19 })
	must(t, p, err)

	p.Callee = start("laptop", ScreenWidth-windowWidth-4)
	click(p.Callee, "welcome.existing", "welcome.code")
	must(t, p, p.Callee.Type(ctx, code.Text))
	shot("code")
	click(p.Callee, "welcome.start")
	_, err = p.Caller.Until(ctx, "own.asker", func(c Control) bool { return strings.Contains(c.Text, "has the code") })
	must(t, p, err)
	shot("asker")
	click(p.Caller, "own.admit")
	must(t, p, p.Callee.UntilScreen(ctx, "home"))
	_, err = p.Callee.Until(ctx, "home.me", func(c Control) bool { return c.Text == "Anna" })
	must(t, p, err)
	click(p.Callee, "home.settings", "settings.page.own")
	_, err = p.Callee.Until(ctx, "own.remove.1", func(c Control) bool { return c.Text == "Leave this account" })
	must(t, p, err)
	_, err = p.Caller.Until(ctx, "own.remove.1", nil)
	must(t, p, err)
	shot("linked")
	click(p.Caller, "own.remove.1", "own.remove.1")
	must(t, p, p.Callee.UntilScreen(ctx, "welcome"))
	_, err = p.Callee.Until(ctx, "welcome.problem", func(c Control) bool { return strings.Contains(c.Text, "removed") })
	must(t, p, err)
	shot("removed")
	for _, a := range []*Actor{p.Caller, p.Callee} {
		if err := a.Stop(); err != nil {
			t.Errorf("%s ended with %v:\n%s", a.Name, err, tail(a.Log()))
		}
	}
}
