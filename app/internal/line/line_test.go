package line

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/call/trust"
	"parley/signaling/discover"
	"parley/signaling/service"
	"parley/signaling/store"
	"parley/ui/present"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ours is a real service as the program brings it.
type ours struct {
	*service.Service
	found discover.Service
	ended atomic.Bool
}

func (o *ours) URL() string             { return o.LocalURL() }
func (o *ours) Public() string          { return "http://192.0.2.7:8437" }
func (o *ours) Found() discover.Service { return o.found }
func (o *ours) Close() error {
	o.ended.Store(true)
	return o.Service.Close()
}

func bring(t *testing.T, started time.Time) *ours {
	t.Helper()
	cfg := service.Embedded()
	cfg.Listen, cfg.Relay, cfg.DrainFor = "127.0.0.1:0", nil, 0
	s, err := service.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	id := discover.NewID()
	return &ours{Service: s, found: discover.Service{ID: id, URL: s.LocalURL(), Start: started}}
}

type rig struct {
	*Line
	kept string
}

func (r *rig) until(t *testing.T, what string, ok func(present.People) bool) present.People {
	t.Helper()
	changed, stop := r.Subscribe()
	defer stop()
	limit := time.After(20 * time.Second)
	for {
		if p := r.State(); ok(p) {
			return p
		}
		select {
		case <-changed:
		case <-limit:
			t.Fatalf("no %s; the service is %+v", what, r.State().Service)
		}
	}
}

func online(p present.People) bool { return p.Service.Phase == present.ServiceOnline }

// start runs a line; what is not set finds nothing, brings nothing.
func start(t *testing.T, cfg Config) *rig {
	t.Helper()
	id, err := trust.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{}
	cfg.Identity, cfg.Version, cfg.Log = id, "test", slog.New(slog.DiscardHandler)
	cfg.Keep = func(name, service string) error { r.kept = name + " at " + service; return nil }
	if cfg.InCall == nil {
		cfg.InCall = func() bool { return false }
	}
	if cfg.Find == nil {
		cfg.Find = func(context.Context) []discover.Service { return nil }
	}
	r.Line = New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

func TestWelcomeThenOwnService(t *testing.T) {
	t.Parallel()
	var mine *ours
	r := start(t, Config{Own: func(context.Context) (Own, error) { mine = bring(t, time.Now()); return mine, nil }})
	r.until(t, "name wanted", func(p present.People) bool { return p.Service.Phase == present.ServiceNameNeeded })
	if err := r.SignIn(t.Context(), "  Anna ", ""); err != nil {
		t.Fatal(err)
	}
	p := r.until(t, "sign-in", online)
	if !p.Service.Embedded || p.Me.Name != "Anna" || r.kept != "Anna at " {
		t.Fatalf("%+v as %q, kept %q", p.Service, p.Me.Name, r.kept)
	}
	link, err := r.CreateLink(t.Context())
	if err != nil || !strings.HasPrefix(link, "http://192.0.2.7:8437/j/") {
		t.Fatalf("link %q, %v: others cannot follow it", link, err)
	}
	if err := r.SignIn(t.Context(), "Anna", "ftp://nowhere"); err == nil {
		t.Fatal("an address that is none was taken")
	}
	if err := r.SignIn(t.Context(), "\x07", ""); err == nil {
		t.Fatal("a name that is none was taken")
	}
}

// A service that asks for invitations is told one, and then knows the person.
func TestInvitation(t *testing.T) {
	t.Parallel()
	cfg := service.Embedded()
	cfg.Listen, cfg.Relay, cfg.DrainFor, cfg.InviteOnly, cfg.DataDir = "127.0.0.1:0", nil, 0, true, t.TempDir()
	there, err := service.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	db, err := store.Open(t.Context(), filepath.Join(cfg.DataDir, store.File))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	code, err := db.Invite(t.Context(), 1, time.Now().Add(time.Hour), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, Config{Name: "Anna", Service: there.LocalURL()})
	r.until(t, "an invitation is wanted", func(p present.People) bool {
		return p.Service.Phase == present.ServiceInviteNeeded && p.Service.Problem == ""
	})
	if err := r.Invited(t.Context(), "not a code"); err == nil {
		t.Error("a code that cannot be one was taken")
	}
	if err := r.Invited(t.Context(), "abc"); err != nil {
		t.Fatal(err)
	}
	r.until(t, "the refusal", func(p present.People) bool {
		return p.Service.Phase == present.ServiceInviteNeeded && p.Service.Problem == present.ProblemInvite
	})
	if err := r.Invited(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	r.until(t, "sign-in", online)
}

func TestFoundServiceComesFirst(t *testing.T) {
	t.Parallel()
	there := bring(t, time.Now().Add(-time.Hour))
	r := start(t, Config{
		Name: "Anna",
		Find: func(context.Context) []discover.Service { return []discover.Service{there.found} },
		Own:  func(context.Context) (Own, error) { return nil, errors.New("not wanted") },
	})
	if p := r.until(t, "sign-in", online); !p.Service.Found || p.Service.Embedded {
		t.Fatalf("%+v", p.Service)
	}
}

func TestTwoThatStartTogetherAgree(t *testing.T) {
	t.Parallel()
	first := bring(t, time.Now().Add(-time.Second))
	mine := bring(t, time.Now())
	var looks atomic.Int32
	r := start(t, Config{
		Name: "Anna",
		Find: func(context.Context) []discover.Service {
			if looks.Add(1) == 1 {
				return nil // both look before either is there
			}
			return []discover.Service{first.found}
		},
		Own: func(context.Context) (Own, error) { return mine, nil },
	})
	r.until(t, "move", func(p present.People) bool { return online(p) && p.Service.Found })
	if !mine.ended.Load() {
		t.Fatal("the second service is still there: others would go on finding it")
	}
}

func TestNamedServiceIsNotReplaced(t *testing.T) {
	t.Parallel()
	r := start(t, Config{
		Name: "Anna", Service: "http://127.0.0.1:1",
		Own: func(context.Context) (Own, error) {
			t.Error("brought another service than the one asked for")
			return nil, errors.New("no")
		},
	})
	p := r.until(t, "sentence", func(p present.People) bool { return p.Service.Problem == present.ProblemUnreachable })
	if p.Service.Phase == present.ServiceFailed {
		t.Fatal("it gave up")
	}
	there := bring(t, time.Now())
	if err := r.SignIn(t.Context(), "Anna", there.LocalURL()); err != nil {
		t.Fatal(err)
	}
	r.until(t, "sign-in at the other", online)
}

func TestOwnServiceCannotStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want present.ServiceProblem
	}{
		{fmt.Errorf("listen: %w", syscall.EADDRINUSE), present.ProblemPort},
		{fmt.Errorf("database: %w", syscall.ENOSPC), present.ProblemStorage},
		{errors.New("something"), present.ProblemInternal},
	} {
		fail := true
		r := start(t, Config{Name: "Anna", Own: func(context.Context) (Own, error) {
			if fail {
				return nil, c.err
			}
			return bring(t, time.Now()), nil
		}})
		p := r.until(t, "failure", func(p present.People) bool { return p.Service.Phase == present.ServiceFailed })
		if p.Service.Problem != c.want {
			t.Errorf("%v shows as %q, want %q", c.err, p.Service.Problem, c.want)
		}
		fail = false
		r.Retry()
		r.until(t, "second try", online)
	}
}

func TestGoneServiceIsReplaced(t *testing.T) {
	t.Parallel()
	there := bring(t, time.Now().Add(-time.Hour))
	var gone atomic.Bool
	r := start(t, Config{
		Name: "Anna",
		Find: func(context.Context) []discover.Service {
			if gone.Load() {
				return nil
			}
			return []discover.Service{there.found}
		},
		Own: func(context.Context) (Own, error) { return bring(t, time.Now()), nil },
	})
	r.until(t, "sign-in", online)
	gone.Store(true)
	if err := there.Service.Close(); err != nil {
		t.Fatal(err)
	}
	r.until(t, "own service", func(p present.People) bool { return online(p) && p.Service.Embedded })
}

func TestNameTaken(t *testing.T) {
	t.Parallel()
	there := bring(t, time.Now())
	start(t, Config{Name: "Anna", Service: there.LocalURL()}).until(t, "sign-in", online)
	second := start(t, Config{Name: "anna", Service: there.LocalURL()})
	second.until(t, "sentence", func(p present.People) bool { return p.Service.Phase == present.ServiceNameTaken })
	if err := second.SignIn(t.Context(), "Ben", there.LocalURL()); err != nil {
		t.Fatal(err)
	}
	second.until(t, "sign-in by another name", online)
	if err := second.AddContact(t.Context(), "Anna"); err != nil {
		t.Fatal(err)
	}
	p := second.State()
	if len(p.People) != 1 || p.People[0].Name != "Anna" || !p.People[0].Contact {
		t.Fatalf("people: %+v", p.People)
	}
}

func TestOfflineSaysSo(t *testing.T) {
	r := start(t, Config{})
	if _, err := r.CreateLink(t.Context()); !errors.Is(err, ErrOffline) {
		t.Fatalf("a link without a service: %v", err)
	}
	if r.Online() || r.Send("hangup", "x", nil) == nil {
		t.Fatal("offline looks online")
	}
}
