//go:build e2e

package stage

import (
	"context"
	"strings"
	"testing"
	"time"
)

// TestDeleteAccount: somebody deletes their account in a real window, lands on
// the first screen with a word, begins anew, and signs out.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second) // 5 s where nothing else runs
	t.Cleanup(cancel)
	o := withService(t)
	o.Width, o.Height, o.People = ScreenWidth, ScreenHeight, []string{"anna"}
	s, err := Open(ctx, folder(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p := &Play{Stage: s}
	p.Caller, err = s.Start(program(t), "anna")
	must(t, p, err)
	must(t, p, p.Caller.UntilScreen(ctx, "welcome"))
	must(t, p, p.Caller.Place(ctx, 4, 24, windowWidth, windowHeight))
	click := func(names ...string) {
		t.Helper()
		for _, n := range names {
			must(t, p, p.Caller.Click(ctx, n))
		}
	}
	start := func() {
		t.Helper()
		click("welcome.name")
		must(t, p, p.Caller.Type(ctx, "Anna"))
		click("welcome.start")
		must(t, p, p.Caller.UntilScreen(ctx, "home"))
	}
	start()
	click("home.settings", "settings.page.account", "leave.begin", "leave.name")
	must(t, p, p.Caller.Type(ctx, "anna"))
	click("leave.do")
	must(t, p, p.Caller.UntilScreen(ctx, "welcome"))
	_, err = p.Caller.Until(ctx, "welcome.words", func(c Control) bool { return strings.Contains(c.Text, "is deleted") })
	must(t, p, err)
	_, err = s.Screenshot(ctx, "left")
	must(t, p, err)
	start()
	click("home.settings", "settings.page.account", "signout.begin", "signout.do")
	must(t, p, p.Caller.UntilScreen(ctx, "welcome"))
	_, err = p.Caller.Until(ctx, "welcome.words", func(c Control) bool { return strings.Contains(c.Text, "signed out") })
	must(t, p, err)
}
