//go:build e2e

package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// again starts the program once more with the profile of a, as a desktop does
// for a link, and returns what it says and how it ends.
func again(ctx context.Context, t *testing.T, s *Stage, a *Actor, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(ctx, program(t), append([]string{"--profile", filepath.Join(s.Dir, a.Name+"-profile")}, args...)...)
	cmd.Env = append(append(os.Environ(), s.env...), "LANG=en_US.UTF-8", "LC_ALL=")
	out, err := cmd.CombinedOutput()
	if e := new(exec.ExitError); err != nil && !errors.As(err, &e) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// front waits until the window that has the keyboard is one of a's.
func front(ctx context.Context, s *Stage, a *Actor) error {
	return Await(ctx, a.Name+"'s window in front", func() error {
		pid, err := s.tool(ctx, "xdotool", "getactivewindow", "getwindowpid")
		if err != nil {
			return err
		}
		if pid != strconv.Itoa(a.proc.cmd.Process.Pid) {
			return fmt.Errorf("the window in front is of process %s", pid)
		}
		return nil
	})
}

// title is that of a's main window.
func title(a *Actor) string {
	v, _ := a.look()
	return v.Windows["main"].Title
}

// windows are the visible windows of a.
func windows(ctx context.Context, s *Stage, a *Actor) []string {
	out, err := s.tool(ctx, "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(a.proc.cmd.Process.Pid))
	if err != nil {
		return nil // it found none
	}
	return strings.Fields(out)
}

// TestLinksAndStartAtSignIn: a link that the desktop opens reaches the program
// that runs, and its window comes to the front; a program that was started at
// sign-in has no window until a call is taken or it is opened again.
func TestLinksAndStartAtSignIn(t *testing.T) {
	t.Parallel()
	o := withService(t)
	ctx, p := open(t, o, nil, nil)
	s := p.Stage
	anna, ben := p.Caller, p.Callee

	// Ben's window is in front; a click on a link brings Anna's there.
	must(t, p, ben.Raise(ctx))
	must(t, p, front(ctx, s, ben))
	for _, link := range []string{s.service + "/j/abcdef", "parley://" + strings.TrimPrefix(s.service, "http://") + "/j/abcdef"} {
		said, code := again(ctx, t, s, anna, link)
		if code != 0 || !strings.Contains(said, "asked to come forward") {
			t.Errorf("started again with %s: exit %d, %q", link, code, said)
		}
		must(t, p, anna.UntilScreen(ctx, "before"))
		must(t, p, front(ctx, s, anna))
		must(t, p, anna.Key(ctx, "Escape"))
		must(t, p, anna.UntilScreen(ctx, "home"))
		must(t, p, ben.Raise(ctx))
		must(t, p, front(ctx, s, ben))
	}
	for link, says := range map[string]string{
		"parley:nonsense":                    "not a call link",
		s.service + "/elsewhere":             "not a call link",
		"https://calls.example.org/j/abcdef": "belongs to another service",
	} {
		said, code := again(ctx, t, s, anna, link)
		if code != 0 {
			t.Errorf("%s: exit %d, %q", link, code, said)
		}
		_, err := anna.Until(ctx, "home.notice", func(c Control) bool { return strings.Contains(c.Text, says) })
		must(t, p, err)
		must(t, p, front(ctx, s, anna))
	}

	// Anna has it started at sign-in, ends it, and signs in again.
	must(t, p, anna.Click(ctx, "home.settings"))
	must(t, p, anna.Click(ctx, "settings.page.calls"))
	must(t, p, anna.Click(ctx, "settings.at_login"))
	_, err := anna.Until(ctx, "settings.at_login", func(c Control) bool { return c.State == "on" })
	must(t, p, err)
	entries, err := filepath.Glob(filepath.Join(s.Dir, "config", "autostart", "*.desktop"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("the desktop's list: %v, %v", entries, err)
	}
	text, err := os.ReadFile(entries[0])
	must(t, p, err)
	if !strings.Contains(string(text), "Exec="+program(t)+" --background --profile ") {
		t.Errorf("%s", text)
	}
	must(t, p, anna.Key(ctx, "ctrl+q"))
	select {
	case <-anna.Ended():
	case <-ctx.Done():
		t.Fatal("Ctrl+Q does not end it")
	}
	anna, err = s.Start(program(t), "anna", "--background", "--microphone", "anna_microphone", "--speaker", "anna_speaker")
	must(t, p, err)
	p.Caller, p.Callee = ben, anna
	must(t, p, p.Dial(ctx, "Anna"))
	if w := windows(ctx, s, anna); len(w) > 1 {
		t.Errorf("windows %v: more than the one that rings", w)
	}
	_, err = anna.Until(ctx, "incoming.accept", nil)
	must(t, p, err)
	if w := windows(ctx, s, anna); len(w) != 1 {
		t.Errorf("windows %v while it rings: one is enough", w)
	}
	must(t, p, p.Accept(ctx))
	must(t, p, Await(ctx, "the call's window", func() error { _, err := s.window(ctx, anna.proc.cmd.Process.Pid, title(anna)); return err }))
	must(t, p, ben.ClickBar(ctx, "call.hangup"))
	must(t, p, anna.UntilScreen(ctx, "home"))

	// Closed it waits on; started in the background again it stays there; opened
	// again it shows.
	must(t, p, anna.Raise(ctx))
	must(t, p, front(ctx, s, anna))
	must(t, p, anna.Key(ctx, "alt+F4"))
	must(t, p, Await(ctx, "no window", func() error {
		if w := windows(ctx, s, anna); len(w) > 0 {
			return fmt.Errorf("windows %v", w)
		}
		return nil
	}))
	if said, code := again(ctx, t, s, anna, "--background"); code != 0 {
		t.Errorf("exit %d, %q", code, said)
	}
	if w := windows(ctx, s, anna); len(w) > 0 {
		t.Errorf("windows %v", w)
	}
	if said, code := again(ctx, t, s, anna); code != 0 {
		t.Errorf("exit %d, %q", code, said)
	}
	must(t, p, front(ctx, s, anna))
}
