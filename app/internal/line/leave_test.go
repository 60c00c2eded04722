package line

import (
	"errors"
	"testing"

	"parley/ui/present"
)

// The account is deleted, its other devices begin anew with a word, and nobody
// comes back by themselves.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	var forgotten []string
	main := start(t, Config{Name: "Anna", Service: url, Forget: func(scope string) error { forgotten = append(forgotten, scope); return errors.New("disk full") }})
	main.until(t, "sign-in", online)
	second := start(t, Config{})
	link(t, main, second, url)
	ben := start(t, Config{Name: "Ben", Service: url})
	sees := func(p present.People) bool {
		for _, q := range p.People {
			if q.Name == "Anna" {
				return true
			}
		}
		return false
	}
	ben.until(t, "sign-in", online)
	if err := ben.AddContact(t.Context(), "Anna"); err != nil {
		t.Fatal(err)
	}
	ben.until(t, "Anna among his contacts", sees)
	key, key2 := main.cfg.Identity.Public(), second.cfg.Identity.Public()

	if err := main.DeleteAccount(t.Context()); err != nil {
		t.Fatal(err)
	}
	main.until(t, "the first screen", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemLeft && p.Me.Name == ""
	})
	second.until(t, "the first screen on the other device", func(p present.People) bool {
		return p.Service.Phase == present.ServiceNameNeeded && p.Service.Problem == present.ProblemDeleted
	})
	ben.until(t, "Anna gone", func(p present.People) bool { return online(p) && !sees(p) })
	if main.kept != " at "+url || len(forgotten) != 1 || forgotten[0] == "" {
		t.Errorf("kept %q, forgot the people of %q", main.kept, forgotten)
	}
	if key.Equal(main.cfg.Identity.Public()) || key2.Equal(second.cfg.Identity.Public()) || !second.Main() {
		t.Error("a key of the deleted account is kept")
	}
	// She comes back, as somebody new.
	if err := main.SignIn(t.Context(), "Anna", url); err != nil {
		t.Fatal(err)
	}
	main.until(t, "sign-in as somebody new", func(p present.People) bool { return online(p) && p.Me.Name == "Anna" })
}

func TestDeleteAccountOffline(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Name: "Anna", Service: "http://127.0.0.1:1"})
	key := r.cfg.Identity.Public()
	wantProblem(t, r.DeleteAccount(t.Context()), present.ProblemUnreachable)
	if !key.Equal(r.cfg.Identity.Public()) || r.kept != "" {
		t.Error("something was forgotten before the service did")
	}
}
