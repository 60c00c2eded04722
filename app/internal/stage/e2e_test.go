//go:build e2e

package stage

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/media/device/virtual"
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
func open(t *testing.T, o Options, caller, callee []string) (context.Context, *Play) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second) // 25 s where nothing else runs
	t.Cleanup(cancel)
	o.Width, o.Height, o.People = ScreenWidth, ScreenHeight, []string{"anna", "ben"}
	s, err := Open(ctx, folder(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	p, err := OpenPlay(ctx, s, program(t), "Anna", "Ben", caller, callee)
	must(t, p, err)
	return ctx, p
}

func program(t *testing.T) string {
	t.Helper()
	if *bin == "" {
		t.Fatal("-bin PROGRAM is missing: make test-e2e gives it")
	}
	return *bin
}

// withService: the names of a service belong to one stage, and one call alone
// can go without.
func withService(t *testing.T) Options {
	return Options{Service: filepath.Join(filepath.Dir(program(t)), "parleyd")}
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

// scene is what two people show and say, and how to tell that it arrived.
type scene struct {
	caller, callee, again Voice // again: the caller's, no longer muted
	sees                  func(a *Actor, other, shot string) error
	recorded              func(file string) // nil: the call is not recorded
}

// converse is a whole call: both see and hear each other, write, mute, switch
// the camera off and on, and are back at Home when one hangs up.
func converse(ctx context.Context, t *testing.T, p *Play, s scene) {
	t.Helper()
	must(t, p, p.Dial(ctx, "Ben"))
	must(t, p, p.Accept(ctx))
	must(t, p, s.sees(p.Caller, "Ben", "call"))
	must(t, p, s.sees(p.Callee, "Anna", "call"))
	if s.recorded != nil {
		must(t, p, p.Record(ctx))
	}
	for _, a := range []struct {
		from, to *Actor
		voice    Voice
	}{{p.Caller, p.Callee, s.caller}, {p.Callee, p.Caller, s.callee}} {
		level, err := p.Hears(ctx, a.from, a.to, a.voice)
		must(t, p, err)
		t.Logf("%s hears %s of %s at %.1f dBFS", a.to.Name, a.voice.what, a.from.Name, level)
	}
	if s.recorded != nil {
		_, err := p.Stage.Screenshot(ctx, "recording")
		must(t, p, err)
		file, err := p.StopRecord(ctx)
		must(t, p, err)
		s.recorded(file)
	}
	// The words about the connection lead to what would help, and to numbers.
	must(t, p, p.Callee.ClickBar(ctx, "call.quality"))
	_, err := p.Callee.Until(ctx, "connection.help", func(c Control) bool { return c.Text != "" })
	must(t, p, err)
	// Beside them is what both compare: the same seven pictures.
	sevenIn := func(c Control) bool { return len(strings.Fields(c.Text)) == 7 }
	emoji, err := p.Callee.Until(ctx, "connection.emoji", sevenIn)
	must(t, p, err)
	must(t, p, p.Caller.ClickBar(ctx, "call.quality"))
	_, err = p.Caller.Until(ctx, "connection.emoji", func(c Control) bool { return sevenIn(c) && c.Text == emoji.Text })
	must(t, p, err)
	_, err = p.Stage.Screenshot(ctx, "compared")
	must(t, p, err)
	must(t, p, p.Caller.Click(ctx, "panel.close"))
	must(t, p, p.Callee.Click(ctx, "panel.close"))
	must(t, p, p.Chat(ctx, "Hello Ben"))

	must(t, p, p.Caller.ClickBar(ctx, "call.microphone"))
	must(t, p, p.Silent(ctx, p.Caller, p.Callee, s.caller))
	must(t, p, p.Caller.ClickBar(ctx, "call.microphone"))
	_, err = p.Hears(ctx, p.Caller, p.Callee, s.again)
	must(t, p, err)

	must(t, p, p.Callee.ClickBar(ctx, "call.camera"))
	_, err = p.Caller.Until(ctx, "call.remote", func(c Control) bool { return c.State == "initials" })
	must(t, p, err)
	must(t, p, p.Callee.ClickBar(ctx, "call.camera"))
	must(t, p, s.sees(p.Caller, "Ben", "camera-on-again"))

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

func tone(t *testing.T, p *Play, hz float64) Voice {
	t.Helper()
	v, err := p.Stage.Tone(hz)
	must(t, p, err)
	return v
}

func TestCallWithTestCards(t *testing.T) {
	t.Parallel()
	camera := []string{"--camera", "testcard"}
	ctx, p := open(t, Options{}, camera, camera) // nothing configured: they find one another
	converse(ctx, t, p, scene{
		caller: tone(t, p, 440), callee: tone(t, p, 880), again: tone(t, p, 660),
		sees: func(a *Actor, other, shot string) error {
			code, err := p.Sees(ctx, a, other, shot)
			t.Logf("%s sees picture %d of %s", a.Name, code.Frame, code.Name)
			return err
		},
		recorded: func(file string) { recorded(ctx, t, p, file) },
	})
}

// TestCallWithFootage is the same with a person and a voice, where the lab that
// has them is beside the project.
func TestCallWithFootage(t *testing.T) {
	t.Parallel()
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
	camera := []string{"--camera", "file:" + footage("camera", "640x360", "30", "20")}
	voice := Speech(footage("speech", strconv.Itoa(int(spoken.Seconds()))))
	o := withService(t)
	o.Speech = true
	ctx, p := open(t, o, camera, camera)
	converse(ctx, t, p, scene{
		caller: voice, callee: voice, again: voice,
		sees: func(a *Actor, _, shot string) error { return p.Moves(ctx, a, shot) },
	})
}

// TestPlainLanguage: a system without a language, as containers are, is nothing
// to complain of.
func TestPlainLanguage(t *testing.T) {
	for _, env := range []string{"LANG=", "LANG=C", "LANG=C.UTF-8", "LC_ALL=POSIX.UTF-8", "LANGUAGE=C"} {
		cmd := exec.Command(program(t), "--version")
		cmd.Env = []string{env}
		var complaint strings.Builder
		cmd.Stderr = &complaint
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), "parley ") || complaint.Len() > 0 {
			t.Errorf("%s: %v: %s%s", env, err, out, complaint.String())
		}
	}
}

// recorded looks for both pictures and both tones in a recording.
func recorded(ctx context.Context, t *testing.T, p *Play, file string) {
	t.Helper()
	for track, who := range []string{"Ben", "Anna"} {
		img, err := p.Stage.Picture(ctx, file, track)
		must(t, p, err)
		codes := virtual.ReadCodes(img)
		if len(codes) == 0 || codes[0].Code.Name != who {
			t.Errorf("picture %d of the recording is %v, not of %s", track, codes, who)
		}
	}
	for track, tones := range [][]float64{{440, 880}, {880}, {440}} {
		sound, err := p.Stage.Sound(ctx, file, track)
		must(t, p, err)
		for _, hz := range tones {
			loudest := -200.0
			for i := 0; i+4800 <= len(sound); i += 4800 {
				loudest = max(loudest, ToneLevel(sound[i:i+4800], hz))
			}
			if loudest < -40 {
				t.Errorf("sound %d of the recording has no tone of %v Hz (%.0f dBFS)", track, hz, loudest)
			}
		}
	}
}
