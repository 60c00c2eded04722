package client

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("a seed of 32 bytes for the tests"))
}

// running is a client and the end of its Run.
type running struct {
	*Client
	t    *testing.T
	stop func()
	end  chan error
}

// run starts a client against the fake; Cleanup stops it.
func run(t *testing.T, f *fake, change func(*Config)) *running {
	t.Helper()
	cfg := Config{URL: "http://fake.local", Key: key(), Name: "Ann", ClientVersion: "test", NetDial: f.dial, Backoff: plainBackoff}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Client: c, t: t, stop: cancel, end: make(chan error, 1)}
	go func() { r.end <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		synctest.Wait()
		<-r.end
	})
	return r
}

// finish stops the client and returns what Run said.
func (r *running) finish() error {
	r.stop()
	err := <-r.end
	r.end <- err
	return err
}

// reach waits for a phase.
func (r *running) reach(p Phase) State {
	r.t.Helper()
	wake, cancel := r.Subscribe()
	defer cancel()
	for {
		s := r.State()
		if s.Phase == p {
			return s
		}
		select {
		case <-wake:
		case <-time.After(10 * time.Minute): // of the bubble's time
			r.t.Fatalf("the phase stays %s (%v), want %s", s.Phase, s.Err, p)
		}
	}
}

// bubble runs a test in time of its own.
func bubble(t *testing.T, test func(t *testing.T, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newFake(t)) })
}

func TestSignsIn(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		people := []wire.Presence{
			{Person: wire.Person{ID: "z", Name: "zoe"}, State: wire.Available},
			{Person: wire.Person{ID: "me", Name: "Ann"}, State: wire.Available},
			{Person: wire.Person{ID: "b", Name: "Ben"}, State: wire.Offline, SeenMS: 1000},
		}
		f.answer = func(_ *fakeSession, e wire.Envelope) *wire.Envelope {
			var w wire.Watch
			if err := json.Unmarshal(e.Body, &w); err != nil || e.Kind != wire.KindWatch || !w.Everyone {
				t.Errorf("asked %s %s, want to watch everyone", e.Kind, e.Body)
			}
			ok := envelope(wire.KindOK, wire.PresenceList{People: people})
			return &ok
		}
		c := run(t, f, nil)
		s := c.reach(Online)
		if s.Me.Name != "Ann" || s.Service != "fake" || !s.Directory || s.LinkPrefix != "https://fake/j/" || !c.Online() {
			t.Errorf("state is %+v", s)
		}
		synctest.Wait()
		time.Sleep(2 * time.Second)
		if got := names(c.People()); got != "[Ben:offline zoe:available]" {
			t.Errorf("people are %s", got)
		}
		if ms := c.People()[0].SeenMS; ms < 3000 {
			t.Errorf("Ben was seen %d ms ago, 2 s after it was 1 s", ms)
		}
		wake, cancel := c.Subscribe()
		defer cancel()
		f.tell(envelope(wire.KindPresence, wire.PresenceList{
			People: []wire.Presence{{Person: wire.Person{ID: "b", Name: "Ben"}, State: wire.InCall}}, Gone: []string{"z"}}))
		<-wake
		if got := names(c.People()); got != "[Ben:in_call]" {
			t.Errorf("people are %s", got)
		}
		if err := c.finish(); err != nil {
			t.Errorf("Run ended with %v", err)
		}
		if !f.saidBye(f.session()) {
			t.Error("the service was not told bye")
		}
		if _, err := c.Request(t.Context(), wire.KindStatus, "", nil); !errors.Is(err, ErrStopped) {
			t.Errorf("a request after the end: %v", err)
		}
	})
}

func names(people []wire.Presence) string {
	var out []string
	for _, p := range people {
		out = append(out, p.Person.Name+":"+string(p.State))
	}
	return fmt.Sprint(out)
}

func TestName(t *testing.T) {
	for _, c := range []struct {
		name, wanted string
		code         wire.Code
	}{{"taken", "Ann", wire.CodeNameTaken}, {"none", "", wire.CodeNameNeeded}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				f.taken["Ann"] = true
				r := run(t, f, func(cfg *Config) { cfg.Name = c.wanted })
				s := r.reach(NeedName)
				if wire.AsError(s.Err).Code != c.code {
					t.Errorf("the reason is %v", s.Err)
				}
				r.Kick() // is no reason to try the same name again
				time.Sleep(time.Hour)
				if f.count(&f.hellos) != 1 {
					t.Errorf("%d attempts without another name", f.count(&f.hellos))
				}
				if err := r.Rename("\n"); err == nil {
					t.Error("a name that cannot be seen was accepted")
				}
				if err := r.Rename(" Anna "); err != nil {
					t.Fatal(err)
				}
				if s := r.reach(Online); s.Me.Name != "Anna" || s.Err != nil {
					t.Errorf("state is %+v", s)
				}
			})
		})
	}
}

func TestRenameWhileOnline(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		if err := c.Rename("Annette"); err != nil {
			t.Fatal(err)
		}
		for c.State().Me.Name != "Annette" {
			time.Sleep(time.Millisecond)
		}
		if f.count(&f.resumes) != 0 || f.count(&f.hellos) != 2 {
			t.Errorf("%d resumes, %d hellos", f.count(&f.resumes), f.count(&f.hellos))
		}
	})
}

// Being busy outlasts the session.
func TestStatusIsSaidAgain(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		if _, err := c.Request(t.Context(), wire.KindStatus, "", wire.Status{State: wire.Busy}); err != nil {
			t.Fatal(err)
		}
		f.cut()
		time.Sleep(time.Second)
		f.forget()
		f.cut()
		time.Sleep(time.Second)
		got := f.got(f.session(), wire.KindStatus)
		if len(got) != 1 || string(got[0].Body) != `{"state":"busy"}` {
			t.Errorf("the new session was told %+v", got)
		}
	})
}

func TestICE(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		c := run(t, f, nil)
		c.reach(Online)
		asked := func() int { return len(f.got(f.session(), wire.KindICE)) }
		for _, step := range []struct {
			wait time.Duration
			ms   int64
			n    int
		}{{0, 300_000, 0}, {200 * time.Second, 100_000, 0}, {50 * time.Second, 300_000, 1}, {time.Second, 299_000, 1}} {
			time.Sleep(step.wait)
			ice, err := c.ICE(t.Context())
			if err != nil || ice.ExpiresMS != step.ms || len(ice.Servers) != 1 {
				t.Errorf("%s later: %+v, %v; want %d ms", step.wait, ice, err, step.ms)
			}
			if asked() != step.n {
				t.Errorf("%s later the service was asked %d times, want %d", step.wait, asked(), step.n)
			}
		}
		// The service is away: what is still valid is better than nothing.
		time.Sleep(270 * time.Second)
		f.set(func() { f.refuse = func(int) int { return 502 } })
		f.cut()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if ice, err := c.ICE(ctx); err != nil || ice.ExpiresMS != 28_000 {
			t.Errorf("while away: %+v, %v", ice, err)
		}
		time.Sleep(time.Minute)
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.ICE(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("expired and away: %v", err)
		}
	})
}

// Watch is for good: it is asked again in every session.
func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.welcome.Directory = false
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		if n := len(f.got(f.session(), wire.KindContacts)); n != 1 {
			t.Errorf("without a directory the contacts were asked for %d times", n)
		}
		if err := c.Watch(wire.Watch{Names: []string{"Ben"}}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f.forget()
		f.cut()
		time.Sleep(time.Second)
		got := f.got(f.session(), wire.KindWatch)
		if len(got) != 1 || string(got[0].Body) != `{"names":["Ben"]}` {
			t.Errorf("the new session was asked %+v", got)
		}
	})
}

// Where not everybody is seen, the contacts are: as they are now, what changes
// from then on, and anew when there are others.
func TestContactsAreWatched(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.welcome.Directory = false
		ben := wire.Person{ID: "b", Name: "Ben", Key: make([]byte, 32)}
		f.answer = func(_ *fakeSession, e wire.Envelope) *wire.Envelope {
			if e.ID == "" {
				return nil
			}
			state := wire.Available
			if e.Kind == wire.KindWatch {
				state = wire.Busy // meanwhile
			}
			ok := envelope(wire.KindOK, wire.PresenceList{People: []wire.Presence{{Person: ben, State: state}}})
			return &ok
		}
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		if p := c.People(); len(p) != 1 || p[0].State != wire.Busy {
			t.Errorf("people: %+v", p)
		}
		f.push(f.session(), wire.Envelope{Kind: wire.KindRequests})
		if e := <-c.Incoming(); e.Kind != wire.KindRequests {
			t.Errorf("incoming has %s", e.Kind)
		}
		c.Look()
		synctest.Wait()
		asked, watched := f.got(f.session(), wire.KindContacts), f.got(f.session(), wire.KindWatch)
		if len(asked) != 2 || len(watched) != 2 || string(watched[1].Body) != `{"names":["Ben"]}` {
			t.Errorf("asked %d times, watched %+v", len(asked), watched)
		}
	})
}

// Somebody among the contacts is deleted before they are watched: they do not
// stay in the list.
func TestContactDeletedMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		f.welcome.Directory = false
		ben := wire.Presence{Person: wire.Person{ID: "b", Name: "Ben", Key: make([]byte, 32)}, State: wire.Available}
		ada := wire.Presence{Person: wire.Person{ID: "a", Name: "Ada", Key: make([]byte, 32)}, State: wire.Available}
		contacts := []wire.Presence{ada, ben}
		f.answer = func(_ *fakeSession, e wire.Envelope) *wire.Envelope {
			if e.ID == "" {
				return nil
			}
			if e.Kind == wire.KindWatch {
				contacts = []wire.Presence{ben}
			}
			ok := envelope(wire.KindOK, wire.PresenceList{People: contacts})
			return &ok
		}
		c := run(t, f, nil)
		c.reach(Online)
		synctest.Wait()
		if p := c.People(); len(p) != 1 || p[0].Person.Name != "Ben" {
			t.Errorf("people: %+v", p)
		}
		if n := len(f.got(f.session(), wire.KindContacts)); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}
