//go:build e2e

package stage

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusalsAndTroubles goes through what does not go well, as two people
// see it, one thing after the other in the same windows.
func TestRefusalsAndTroubles(t *testing.T) {
	t.Parallel()
	ctx, p := open(t, withService(t), []string{"--camera", "testcard"}, []string{"--camera", "none"})
	says := func(a *Actor, control, words string) {
		t.Helper()
		_, err := a.Until(ctx, control, func(c Control) bool { return strings.Contains(c.Text, words) })
		must(t, p, err)
	}
	gone := func(a *Actor, control string) {
		t.Helper()
		must(t, p, Await(ctx, a.Name+": "+control+" to go", func() error {
			if _, there := a.Find(control); there {
				return errStill
			}
			return nil
		}))
	}

	// The callee declines with a message.
	must(t, p, p.Dial(ctx, "Ben"))
	must(t, p, p.Callee.Click(ctx, "incoming.message"))
	must(t, p, p.Callee.Click(ctx, "incoming.reply.1"))
	must(t, p, p.Caller.UntilScreen(ctx, "home"))
	says(p.Caller, "home.notice", "Ben declined")
	gone(p.Callee, "incoming.accept")

	// The caller gives up while it rings: a missed call, marked.
	must(t, p, p.Caller.Click(ctx, "person.video_call"))
	must(t, p, p.Caller.Click(ctx, "before.call"))
	_, err := p.Callee.Until(ctx, "incoming.accept", nil)
	must(t, p, err)
	must(t, p, p.Caller.ClickBar(ctx, "call.hangup"))
	gone(p.Callee, "incoming.accept")
	must(t, p, p.Callee.UntilAny(ctx, "home.", func(c Control) bool {
		return strings.HasPrefix(c.Text, "Anna") && strings.Contains(c.Text, "Missed")
	}))

	// By keyboard alone: find, call, mute, chat, hang up. Ben has no camera.
	must(t, p, p.Caller.UntilScreen(ctx, "home"))
	must(t, p, p.Caller.Raise(ctx))
	must(t, p, p.Caller.Key(ctx, "ctrl+k"))
	must(t, p, p.Caller.Type(ctx, "Ben"))
	must(t, p, p.Caller.Key(ctx, "Return"))
	_, err = p.Caller.Until(ctx, "person.video_call", func(c Control) bool { return c.Focused })
	must(t, p, err)
	must(t, p, p.Caller.Key(ctx, "Return"))
	must(t, p, p.Caller.UntilScreen(ctx, "before"))
	must(t, p, p.Caller.Key(ctx, "Return"))
	_, err = p.Callee.Until(ctx, "incoming.accept", nil)
	must(t, p, err)
	must(t, p, p.Callee.Key(ctx, "Return")) // its window has the focus
	must(t, p, p.Callee.UntilScreen(ctx, "call"))
	_, err = p.Caller.Until(ctx, "call.remote", func(c Control) bool { return c.State == "initials" })
	must(t, p, err)
	_, err = p.Sees(ctx, p.Callee, "Anna", "no-camera")
	must(t, p, err)

	// The microphone is pulled out in the call, which goes on, and put back.
	must(t, p, p.Stage.PullOut(ctx, "anna"))
	_, err = p.Caller.Until(ctx, "call.notice", nil)
	must(t, p, err)
	must(t, p, p.Stage.PutBack(ctx, "anna"))
	_, err = p.Hears(ctx, p.Caller, p.Callee, tone(t, p, 550))
	must(t, p, err)

	// A second start of a profile comes back to the first, and says so.
	out, err := exec.Command(program(t), "--profile", filepath.Join(p.Stage.Dir, "anna-profile")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "is running with this profile") {
		t.Errorf("second start: %v: %s", err, out)
	}
	must(t, p, p.Caller.Raise(ctx))
	must(t, p, p.Caller.Key(ctx, "ctrl+shift+h"))
	for _, a := range []*Actor{p.Caller, p.Callee} {
		must(t, p, a.UntilScreen(ctx, "home"))
	}

	// The test call records and plays back.
	must(t, p, p.Caller.Click(ctx, "home.test_call"))
	stop, err := p.Stage.Speak("anna", tone(t, p, 440).wav)
	must(t, p, err)
	says(p.Caller, "echo.words", "Speak")
	must(t, p, heardBack(ctx, p, stop))
	must(t, p, p.Caller.Click(ctx, "echo.close"))
	must(t, p, p.Caller.UntilScreen(ctx, "home"))
}

// heardBack stops speaking when the recording is over and waits for the tone
// in the speaker: then it can only be the recording.
func heardBack(ctx context.Context, p *Play, stop func()) error {
	first, err := p.Caller.Until(ctx, "echo.words", nil)
	if err != nil {
		stop()
		return err
	}
	word, _, _ := strings.Cut(first.Text, ":")
	_, err = p.Caller.Until(ctx, "echo.words", func(c Control) bool { return !strings.HasPrefix(c.Text, word) })
	stop()
	if err != nil {
		return err
	}
	return Await(ctx, "the recording in anna's speaker", func() error {
		heard, err := p.Stage.Hear(ctx, "anna", 400*1e6)
		if err == nil && ToneLevel(heard, 440) < -30 {
			return errQuiet
		}
		return err
	})
}
