package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/app/internal/policy"
	"parley/app/internal/settings"
	"parley/ui/present"
)

func policyFile(t *testing.T, text string) (func() policy.Policy, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return func() policy.Policy { return policy.ReadFile(file) }, file
}

// What is set holds whatever the person chose before or chooses now, and is
// not written over their own choice.
func TestPolicyHoldsOverSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	own := func(s *settings.Settings) {
		s.Name, s.Service, s.Welcome = "Anna", "https://own.example", true
		s.CancelEcho, s.SuppressNoise, s.LevelVoice, s.LeaveMicrophone = false, true, false, true
	}
	if err := store.Update(own); err != nil {
		t.Fatal(err)
	}
	load, _ := policyFile(t, "service = \"https://calls.example.org\"\nrelay_only = true\necho_cancellation = true\nnoise_suppression = false")
	c := choicesOf{governed: governed{store, load()}}
	check := func(when string) {
		t.Helper()
		v := c.Get()
		if v.Service != "https://calls.example.org" || !v.RelayOnly || !v.CancelEcho || v.SuppressNoise || v.LeaveMicrophone {
			t.Errorf("%s: %+v", when, v)
		}
		if o := v.Cleaning(); !o.Echo || o.Noise {
			t.Errorf("%s: the microphone's sound %+v", when, o)
		}
	}
	check("before")
	err = c.Update(func(v *present.Choices) {
		v.Service, v.RelayOnly, v.CancelEcho, v.SuppressNoise, v.LeaveMicrophone = "https://evil.example", false, false, true, true
		v.LevelVoice, v.Theme = true, "dark"
	})
	if err != nil {
		t.Fatal(err)
	}
	check("after")
	if v := c.Get(); !v.LevelVoice || v.Theme != "dark" {
		t.Errorf("what is the person's was not kept: %+v", v)
	}
	again, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := again.Get()
	if s.Service != "https://own.example" || s.RelayOnly || s.CancelEcho || !s.SuppressNoise || !s.LeaveMicrophone || !s.LevelVoice {
		t.Errorf("without the policy the person's own choice is back: %+v", s)
	}
}

// A service that may be changed is what a new profile begins with, and no more.
func TestPolicyProposesAService(t *testing.T) {
	t.Parallel()
	store, err := settings.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	load, _ := policyFile(t, "service = \"https://calls.example.org\"\nallow_service_change = true")
	c := choicesOf{governed: governed{store, load()}}
	if v := c.Get(); v.Service != "https://calls.example.org" {
		t.Errorf("a new profile begins with %q", v.Service)
	}
	if err := c.Update(func(v *present.Choices) { v.Theme = "dark" }); err != nil || store.Get().Service != "" {
		t.Errorf("%v; it is taken for the person's choice: %q", err, store.Get().Service)
	}
	if err := c.Update(func(v *present.Choices) { v.Name, v.Service, v.Welcome = "Anna", "", true }); err != nil {
		t.Fatal(err)
	}
	if v := c.Get(); v.Service != "" {
		t.Errorf("the person chose to look for one, and gets %q", v.Service)
	}
}

// Flags are the person's, too.
func TestPolicyHoldsOverFlags(t *testing.T) {
	t.Parallel()
	load, file := policyFile(t, "service = \"https://calls.example.org\"\nallow_recording = false\nallow_account_deletion = false\nstrangers = \"refuse\"")
	broken, _ := policyFile(t, "servise = \"https://calls.example.org\"")
	none, gone := policyFile(t, "")
	os.Remove(gone)
	base := "--headless --answer --profile " + t.TempDir()
	for _, c := range []struct {
		load func() policy.Policy
		args string
		says string
	}{
		{load, base + " --service https://other.example", "--service: the policy of this computer (" + file + ") sets the service to https://calls.example.org"},
		{load, "--headless --for 1s https://other.example/j/abcdef", "the link: the policy"},
		{load, "--headless --call https://other.example/j/abcdef", "--call: the policy"},
		{load, base + " --allow-recording", "does not allow recordings"},
		{load, base + " --record " + filepath.Join(t.TempDir(), "x.webm"), "does not allow recordings"},
		{load, base + " --strangers ring", "sets it to refuse"},
		{load, "--headless --delete-account Anna", "does not allow the account to be deleted"},
		{broken, base + " --service https://calls.example.org", "lets no service be used"},
	} {
		var out, errOut syncBuffer
		if code := runUnder(t.Context(), c.load, strings.Fields(c.args), &out, &errOut); code != 2 || !strings.Contains(errOut.String(), c.says) {
			t.Errorf("%s: exit %d, %q, want it to say %q", c.args, code, errOut.String(), c.says)
		}
	}
	f, err := parseFlags(strings.Fields(base+" --strangers refuse --service calls.example.org"), os.Stdout, os.Stderr)
	if err != nil || f.obey(load()) != nil {
		t.Errorf("what the policy says itself is refused: %v, %v", err, f.obey(load()))
	}
	if f.obey(none()) != nil {
		t.Error("no policy refuses something")
	}
}

// Nobody in the environment or the profile says where the policy is.
func TestPolicyIsNotTheUsers(t *testing.T) {
	before := policy.Place()
	dir := t.TempDir()
	for _, v := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PARLEY_POLICY", "PARLEY_POLICY_FILE"} {
		t.Setenv(v, dir)
	}
	if policy.Place() != before || strings.HasPrefix(before, dir) {
		t.Errorf("the policy is looked for at %s", policy.Place())
	}
	for _, args := range [][]string{{"--policy", "x"}, {"--policy-file", "x"}} {
		if _, err := parseFlags(args, os.Stdout, os.Stderr); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}

// With a policy that has a mistake the program signs in nowhere, whatever is in
// the settings, and says why: where it is started, in the log, in --diagnose.
func TestPolicyWithAMistake(t *testing.T) {
	t.Parallel()
	url := localService(t)
	dir := t.TempDir()
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Update(func(s *settings.Settings) { s.Name, s.Service, s.Welcome = "Anna", url, true }); err != nil {
		t.Fatal(err)
	}
	load, file := policyFile(t, "relay_only = \"yes\"")
	var out, errOut syncBuffer
	code := runUnder(t.Context(), load, []string{"--headless", "--answer", "--profile", dir, "--speaker", "null"}, &out, &errOut)
	for _, says := range []string{file + ": relay_only: write true or false", "Parley uses no service"} {
		if !strings.Contains(errOut.String(), says) {
			t.Errorf("it says %q, and not %q", errOut.String(), says)
		}
	}
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "parley.log")); err != nil || !strings.Contains(string(b), "relay_only: write true or false") {
		t.Errorf("the log: %v\n%s", err, b)
	}
	var said syncBuffer
	if code := runUnder(t.Context(), load, []string{"--diagnose", "--profile", dir, "--speaker", "null"}, &said, &errOut); code != 1 ||
		!strings.Contains(said.String(), "mistake: relay_only: write true or false") || !strings.Contains(said.String(), "A call could not work: the policy of this computer has a mistake") {
		t.Errorf("exit %d\n%s", code, said.String())
	}
}

// Where recordings are not allowed the other side is told no at once.
func TestPolicyForbidsRecording(t *testing.T) {
	t.Parallel()
	url := localService(t)
	load, _ := policyFile(t, "allow_recording = false")
	answeringUnder(t, load, url, "Ben", t.TempDir())
	file := filepath.Join(t.TempDir(), "x.webm")
	code, printed := runHeadless(t, "--service", url, "--name", "Anna", "--call", "Ben", "--for", "2s", "--profile", t.TempDir(), "--record", file)
	refused(t, code, printed, "Ben does not want to be recorded")
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a file")
	}
}

func TestCheckPolicy(t *testing.T) {
	t.Parallel()
	_, good := policyFile(t, "relay_only = true")
	_, bad := policyFile(t, "relay_onyl = true")
	for _, c := range []struct {
		file string
		code int
		says string
	}{{good, 0, "through a relay only"}, {bad, 1, `"relay_onyl": this version of Parley knows no such key`}, {good + ".gone", 2, "there is no such file"}} {
		var out syncBuffer
		if code := run(t.Context(), []string{"--check-policy", c.file}, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("exit %d, want %d; it says %q, want %q", code, c.code, out.String(), c.says)
		}
	}
}

// Start at sign-in is written and taken away as the policy says, and is the
// person's where it says nothing.
func TestPolicyOverStartAtSignIn(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	is := func(when string, text string, want bool) {
		t.Helper()
		load, _ := policyFile(t, text)
		p := &program{flags: &flags{rules: load()}}
		at, err := p.atLogin()
		if err != nil {
			t.Fatal(err)
		}
		if on, err := at.On(); err != nil || on != want {
			t.Errorf("%s: on %v, %v", when, on, err)
		}
	}
	is("nothing set", "", false)
	is("set", "start_at_login = true", true)
	is("nothing set any more", "", true)
	is("forbidden", "start_at_login = false", false)
}

type opened chan string

func (o opened) Open(link string) { o <- link }

// A link waits for the service, a bad one is told at once, and a start in the
// background leaves the window where it is.
func TestLinksReachTheWindow(t *testing.T) {
	t.Parallel()
	url := localService(t)
	dir := t.TempDir()
	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := assemble(&flags{Service: url, Name: "Anna", Camera: "none", Microphone: "none", Speaker: "null", width: 320, height: 180, Rate: 15, Bitrate: 500, Link: url + "/j/first"},
		dir, store, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	window, messages := make(opened, 16), make(chan string)
	var wg sync.WaitGroup
	wg.Go(func() { p.openLinks(ctx, window, messages) })
	next := func(want string) {
		t.Helper()
		select {
		case got := <-window:
			if got != want {
				t.Errorf("the window is told %q, want %q", got, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("the window is not told %q", want)
		}
	}
	next("") // to the front, while there is no service yet
	messages <- "https://calls.example.org/elsewhere"
	next("https://calls.example.org/elsewhere")
	wg.Go(func() {
		if err := p.run(ctx); err != nil {
			t.Error(err)
		}
	})
	next(url + "/j/first")
	messages <- stayThere
	messages <- url + "/j/second"
	next("")
	next(url + "/j/second")
	cancel()
	wg.Wait()
}
