package line

import (
	"errors"
	"slices"
	"testing"

	"parley/signaling/service"
	"parley/signaling/wire"
	"parley/ui/present"
)

// hosted is a service as an operator runs it: nobody sees everybody.
func hosted(t *testing.T) string {
	t.Helper()
	cfg := service.Embedded()
	cfg.Listen, cfg.Relay, cfg.DrainFor, cfg.Directory = "127.0.0.1:0", nil, 0, false
	s, err := service.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.LocalURL()
}

func sees(name string, contact bool, presence present.Presence) func(present.People) bool {
	return func(p present.People) bool {
		return slices.ContainsFunc(p.People, func(q present.Person) bool {
			return q.Name == name && q.Contact == contact && q.Presence == presence
		})
	}
}

// A stranger who calls becomes a request; once it is accepted both have each
// other on their lists and see whether they are there.
func TestAStrangerAsks(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	ada, ben := start(t, Config{Name: "Ada", Service: url}), start(t, Config{Name: "Ben", Service: url})
	for _, l := range []*rig{ada, ben} {
		p := l.until(t, "sign-in", func(p present.People) bool { return online(p) && p.Strangers != "" })
		if p.Strangers != present.StrangersAsk || len(p.People) != 0 {
			t.Errorf("%+v", p)
		}
	}
	if !ada.Near() {
		t.Error("a service of this computer is far away")
	}
	ask := func() {
		_, err := ada.Request(t.Context(), wire.KindInvite, "call", wire.Invite{To: "Ben", Offer: wire.Description{Type: "offer", SDP: "x"}})
		if no := wire.AsError(err); no.Code != wire.CodeRequested {
			t.Errorf("a call by a stranger: %v", err)
		}
	}
	ask()
	p := ben.until(t, "request", func(p present.People) bool { return len(p.Requests) == 1 })
	if p.Requests[0].Name != "Ada" || p.Requests[0].At.IsZero() {
		t.Errorf("%+v", p.Requests)
	}
	if err := ben.AnswerRequest(t.Context(), "Ada", true); err != nil {
		t.Fatal(err)
	}
	p = ada.until(t, "acceptance", func(p present.People) bool {
		return len(p.Accepted) == 1 && sees("Ben", true, present.PresenceAvailable)(p)
	})
	if p.Accepted[0] != "Ben" {
		t.Errorf("%+v", p.Accepted)
	}
	ben.until(t, "contact", func(p present.People) bool {
		return len(p.Requests) == 0 && sees("Ada", true, present.PresenceAvailable)(p)
	})

	// What changes among the contacts is seen.
	if _, err := ben.Request(t.Context(), wire.KindStatus, "", wire.Status{State: wire.Busy}); err != nil {
		t.Fatal(err)
	}
	ada.until(t, "busy", sees("Ben", true, present.PresenceBusy))

	// Whoever blocks is away for the other, who keeps them on the list.
	if err := ben.Block(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	if p := ben.State(); !slices.Equal(p.Blocked, []string{"Ada"}) {
		t.Errorf("blocked: %+v", p.Blocked)
	}
	ada.until(t, "away", sees("Ben", true, present.PresenceOffline))
	if err := ben.Unblock(t.Context(), "Ada"); err != nil {
		t.Fatal(err)
	}
	ada.until(t, "there again", sees("Ben", true, present.PresenceBusy))
	for what, err := range map[string]error{
		"a request that is none was accepted": ben.AnswerRequest(t.Context(), "Ada", true),
		"somebody who is none was blocked":    ben.Block(t.Context(), "Zoe"),
		"somebody who is none was added":      ben.AddContact(t.Context(), "Zoe"),
	} {
		if e, ok := errors.AsType[*present.ServiceError](err); !ok || e.Problem != present.ProblemNobody {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTheRuleForStrangers(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Name: "Ada", Service: hosted(t)})
	r.until(t, "the rule", func(p present.People) bool { return p.Strangers == present.StrangersAsk })
	if err := r.SetStrangers(t.Context(), wire.RuleRefuse); err != nil {
		t.Fatal(err)
	}
	if p := r.State(); p.Strangers != present.StrangersRefuse {
		t.Errorf("%q", p.Strangers)
	}
	if err := r.SetStrangers(t.Context(), "perhaps"); err == nil {
		t.Error("a rule that is none was taken")
	}
}
