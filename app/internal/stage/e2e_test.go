//go:build e2e

package stage

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var bin = flag.String("bin", "", "the program under test")

// shots is where screenshots and logs stay; a folder of the test's own if empty.
func folder(t *testing.T) string {
	if d := os.Getenv("PARLEY_E2E_DIR"); d != "" {
		d = filepath.Join(d, t.Name())
		if err := os.RemoveAll(d); err != nil { // profiles of an earlier run
			t.Fatal(err)
		}
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
		return d
	}
	return t.TempDir()
}

// open puts Anna and Ben on a stage; what was seen last is kept on failure.
func open(t *testing.T, caller, callee []string) (context.Context, *Play) {
	t.Helper()
	if *bin == "" {
		t.Fatal("-bin PROGRAM is missing: make test-e2e gives it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	s, err := Open(ctx, folder(t), Options{Width: ScreenWidth, Height: ScreenHeight, People: []string{"anna", "ben"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p, err := OpenPlay(ctx, s, *bin, "Anna", "Ben", caller, callee)
	must(t, p, err)
	return ctx, p
}

func must(t *testing.T, p *Play, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if p != nil && p.Stage != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, _ = p.Stage.Screenshot(ctx, "failed")
		for _, a := range []*Actor{p.Caller, p.Callee} {
			if a != nil {
				t.Logf("%s's log:\n%s", a.Name, tail(filepath.Join(p.Stage.Dir, a.Name+"-profile", "parley.log")))
			}
		}
	}
	t.Fatal(err)
}

func TestCallWithTestCards(t *testing.T) {
	ctx, p := open(t, []string{"--camera", "testcard"}, []string{"--camera", "testcard"})
	must(t, p, p.Dial(ctx, "Ben"))
	must(t, p, p.Accept(ctx))
	for _, a := range []struct {
		who   *Actor
		other string
	}{{p.Caller, "Ben"}, {p.Callee, "Anna"}} {
		code, err := p.Sees(ctx, a.who, a.other, "call")
		must(t, p, err)
		t.Logf("%s sees picture %d of %s", a.who.Name, code.Frame, code.Name)
	}
	for _, a := range []struct {
		from, to *Actor
		hz       float64
	}{{p.Caller, p.Callee, 440}, {p.Callee, p.Caller, 880}} {
		level, err := p.Hears(ctx, a.from, a.to, a.hz)
		must(t, p, err)
		t.Logf("%s hears %.0f Hz of %s at %.1f dBFS", a.to.Name, a.hz, a.from.Name, level)
	}
	must(t, p, p.Chat(ctx, "Hello Ben"))

	must(t, p, p.Caller.ClickBar(ctx, "call.microphone"))
	must(t, p, p.Silent(ctx, p.Caller, p.Callee, 440))
	must(t, p, p.Caller.ClickBar(ctx, "call.microphone"))
	_, err := p.Hears(ctx, p.Caller, p.Callee, 660)
	must(t, p, err)

	must(t, p, p.Callee.ClickBar(ctx, "call.camera"))
	_, err = p.Caller.Until(ctx, "call.remote", func(c Control) bool { return c.State == "initials" })
	must(t, p, err)
	must(t, p, p.Callee.ClickBar(ctx, "call.camera"))
	_, err = p.Sees(ctx, p.Caller, "Ben", "camera-on-again")
	must(t, p, err)

	must(t, p, p.Hangup(ctx))
	for _, a := range []*Actor{p.Caller, p.Callee} {
		if err := a.Stop(); err != nil {
			t.Errorf("%s ended with %v:\n%s", a.Name, err, tail(a.Log()))
		}
		if out := tail(a.Log()); strings.Contains(out, "Error in Fyne call thread") {
			t.Errorf("%s touched the window from a wrong goroutine:\n%s", a.Name, out)
		}
	}
}

// TestCallWithFootage is the same with a person and a voice, where the lab that
// has them is beside the project.
func TestCallWithFootage(t *testing.T) {
	lab, err := filepath.Abs("../../../../shared/lab/footage")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(lab); err != nil {
		t.Skipf("no footage here: %v", err)
	}
	footage := func(args ...string) string {
		out, err := exec.Command(lab, args...).Output()
		if err != nil {
			t.Fatalf("footage %v: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	video, speech := footage("camera", "640x360", "30", "20"), footage("speech", "20")
	ctx, p := open(t, []string{"--camera", "file:" + video}, []string{"--camera", "file:" + video})
	must(t, p, p.Dial(ctx, "Ben"))
	must(t, p, p.Accept(ctx))
	for _, a := range []*Actor{p.Caller, p.Callee} {
		_, err := a.Until(ctx, "call.remote", func(c Control) bool { return c.State == "picture" })
		must(t, p, err)
		must(t, p, p.Moves(ctx, a))
	}
	stop, err := p.Stage.Speak("anna", speech)
	must(t, p, err)
	defer stop()
	must(t, p, Await(ctx, "the voice in ben's speaker", func() error {
		heard, err := p.Stage.Hear(ctx, "ben", time.Second)
		if err == nil && Level(heard) < -40 {
			return errQuiet
		}
		return err
	}))
	_, err = p.Stage.Screenshot(ctx, "call")
	must(t, p, err)
	must(t, p, p.Hangup(ctx))
}
