package line

import (
	"context"
	"errors"
	"testing"

	"parley/signaling/discover"
	"parley/signaling/wire"
	"parley/ui/present"
)

// only permits one service.
func only(url string) func(string) *present.ServiceError {
	return func(service string) *present.ServiceError {
		if service != url {
			return &present.ServiceError{Problem: present.ProblemPolicyService}
		}
		return nil
	}
}

// A service that is not permitted is not used, however it comes about.
func TestOnlyWhatIsPermitted(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	r := start(t, Config{Name: "Ada", Service: "http://127.0.0.1:1", Permit: only(url)})
	p := r.until(t, "refusal", func(p present.People) bool { return p.Service.Phase == present.ServiceFailed })
	if p.Service.Problem != present.ProblemPolicyService {
		t.Errorf("%+v", p.Service)
	}
	for what, err := range map[string]error{
		"sign in":         r.SignIn(t.Context(), "Ada", "http://127.0.0.1:2"),
		"look for one":    r.SignIn(t.Context(), "Ada", ""),
		"recover there":   r.Recover(t.Context(), "http://127.0.0.1:2", phrase),
		"recover, looked": r.Recover(t.Context(), "", phrase),
	} {
		if e, ok := errors.AsType[*present.ServiceError](err); !ok || e.Problem != present.ProblemPolicyService {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := r.SignIn(t.Context(), "Ada", url); err != nil {
		t.Fatal(err)
	}
	r.until(t, "sign-in", online)
}

// phrase is one as people write it down.
const phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art"

// Who may not bring a service waits for one, and takes it when it is there.
func TestNoServiceOfItsOwn(t *testing.T) {
	t.Parallel()
	url, there := hosted(t), make(chan struct{})
	r := start(t, Config{Name: "Ada", Find: func(context.Context) []discover.Service {
		select {
		case <-there:
			return []discover.Service{{ID: "x", URL: url}}
		default:
			return nil
		}
	}})
	r.until(t, "nobody", func(p present.People) bool { return p.Service.Problem == present.ProblemNoneHere })
	close(there)
	r.Retry()
	r.until(t, "sign-in", online)
}

// The rule for strangers that is set holds at the service as well, and is
// nobody's to change here; an account is not deleted where it must not be.
func TestWhatIsSetHoldsAtTheService(t *testing.T) {
	t.Parallel()
	url := hosted(t)
	r := start(t, Config{Name: "Ada", Service: url, Strangers: wire.RuleRefuse, NoDeletion: true})
	r.until(t, "rule", func(p present.People) bool { return p.Strangers == present.StrangersRefuse })
	for what, err := range map[string]error{
		"rule": r.SetStrangers(t.Context(), wire.RuleRing), "deletion": r.DeleteAccount(t.Context()),
	} {
		if e, ok := errors.AsType[*present.ServiceError](err); !ok || e.Problem != present.ProblemPolicy {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := r.SetStrangers(t.Context(), wire.RuleRefuse); err != nil {
		t.Errorf("what holds anyway: %v", err)
	}
	ben := start(t, Config{Name: "Ben", Service: url})
	ben.until(t, "sign-in", online)
	_, err := ben.Request(t.Context(), wire.KindInvite, "call", wire.Invite{To: "Ada", Offer: wire.Description{Type: "offer", SDP: "x"}})
	if no := wire.AsError(err); no.Code != wire.CodeKnownOnly {
		t.Errorf("a stranger calls: %v", err)
	}
}
