// Package autostart has the desktop start the program when its person signs
// in: a file in the autostart folder of XDG desktops, a value of the registry's
// Run key on Windows, a LaunchAgent on macOS. The one for macOS was never tried
// there. In Flatpak's sandbox the desktop is asked to do it (Asking).
package autostart

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"parley/app/internal/sandbox"
)

// ErrUnavailable: the program cannot write such an entry where it runs.
var ErrUnavailable = errors.New("start at sign-in is up to the sandbox that this program runs in")

// ErrRefused: the desktop, or its person, did not grant it.
var ErrRefused = errors.New("the desktop does not start this program at sign-in")

// Entry is what is started at sign-in.
type Entry struct {
	ID   string   // names the entry: org.example.Program
	Name string   // for people
	Args []string // after the program
	Box  sandbox.Sandbox
}

// program is what starts this program: its name where it is found by that, so
// that an update may move it, else its whole path.
func program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("autostart: %w", err)
	}
	// An AppImage is mounted somewhere else in each run.
	if image, dir := os.Getenv("APPIMAGE"), os.Getenv("APPDIR"); filepath.IsAbs(image) && dir != "" && strings.HasPrefix(self, dir+string(filepath.Separator)) {
		return image, nil
	}
	return shortest(self), nil
}

func shortest(self string) string {
	name := filepath.Base(self)
	found, err := exec.LookPath(name)
	if err != nil || !filepath.IsAbs(found) {
		return self
	}
	a, err := os.Stat(found)
	if err != nil {
		return self
	}
	b, err := os.Stat(self)
	if err != nil || !os.SameFile(a, b) {
		return self
	}
	return name
}

// execLine quotes a command as the Desktop Entry Specification wants Exec to
// be ("The Exec key").
func execLine(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		w = strings.ReplaceAll(w, "%", "%%")
		if w == "" || strings.ContainsAny(w, " \t\n\"'\\><~|&;$*?#()`") {
			w = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(w) + `"`
			w = strings.ReplaceAll(w, `\`, `\\`) // once more, as every string of such a file
		}
		out[i] = w
	}
	return strings.Join(out, " ")
}

// desktopFile is the entry of XDG desktops that starts a program with these
// words.
func desktopFile(e Entry, words []string) string {
	return "[Desktop Entry]\nType=Application\nName=" + e.Name + "\nExec=" + execLine(words) +
		"\nIcon=" + e.ID + "\nTerminal=false\nX-GNOME-Autostart-enabled=true\n"
}

// desktopOn reports whether such a file starts its program.
func desktopOn(text string) bool {
	for line := range strings.Lines(text) {
		switch key, v, _ := strings.Cut(strings.TrimSpace(line), "="); strings.TrimSpace(key) {
		case "Hidden":
			if strings.TrimSpace(v) == "true" {
				return false
			}
		case "X-GNOME-Autostart-enabled":
			if strings.TrimSpace(v) == "false" {
				return false
			}
		}
	}
	return strings.Contains(text, "[Desktop Entry]")
}

// Refresh renews an entry that is on, in case the program has moved.
func (e Entry) Refresh() error {
	if on, err := e.On(); err != nil || !on {
		return err
	}
	return e.Set(true)
}

// replace writes a file whole or not at all, unless it is so already.
func replace(path, text string) error {
	if b, err := os.ReadFile(path); err == nil && string(b) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("autostart: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".parley-*")
	if err != nil {
		return fmt.Errorf("autostart: %w", err)
	}
	_, err = tmp.WriteString(text)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("autostart: %w", err)
	}
	return nil
}

// remove takes a file away; one that is not there is gone already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("autostart: %w", err)
	}
	return nil
}
