package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"parley/app/internal/sandbox"
)

// recordings implements present.Recordings: they go into the folder Parley in
// the person's videos. In a sandbox that does not share that folder they go
// where the sandbox keeps the program's data: what is written elsewhere is
// gone when the program ends.
type recordings struct {
	log *slog.Logger
	box sandbox.Sandbox
}

// NewFile implements present.Recordings.
func (r recordings) NewFile(with string, at time.Time) (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("recording: no home folder: %w", err)
	}
	dir := filepath.Join(videosDir(home), "Parley")
	if _, err := os.Stat(dir); r.box.Flatpak() && err != nil {
		dir = filepath.Join(first(os.Getenv("XDG_DATA_HOME"), filepath.Join(home, ".local", "share")), "Parley")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("recording: %w", err)
	}
	name := strings.TrimSpace(fileName(with) + at.Format(" 2006-01-02 15.04"))
	for n := 1; ; n++ {
		path := filepath.Join(dir, name+".webm")
		if n > 1 {
			path = filepath.Join(dir, fmt.Sprintf("%s (%d).webm", name, n))
		}
		if _, err := os.Lstat(path); os.IsNotExist(err) {
			return path, nil
		} else if err != nil {
			return "", fmt.Errorf("recording: %w", err)
		}
	}
}

// videosDir is where this system keeps videos.
func videosDir(home string) string {
	switch runtime.GOOS {
	case "windows":
		return filepath.Join(home, "Videos")
	case "darwin":
		return filepath.Join(home, "Movies")
	}
	config := first(os.Getenv("XDG_CONFIG_HOME"), filepath.Join(home, ".config"))
	f, err := os.Open(filepath.Join(config, "user-dirs.dirs"))
	if err != nil {
		return first(xdgDir(os.Getenv("XDG_VIDEOS_DIR"), home), filepath.Join(home, "Videos"))
	}
	defer f.Close()
	dir := ""
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if v, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "XDG_VIDEOS_DIR="); ok {
			dir = xdgDir(strings.Trim(v, `"`), home)
		}
	}
	return first(xdgDir(os.Getenv("XDG_VIDEOS_DIR"), home), dir, filepath.Join(home, "Videos"))
}

// xdgDir is a value of user-dirs.dirs (xdg-user-dirs: "$HOME/…" or absolute),
// "" if it is not one.
func xdgDir(v, home string) string {
	if rest, ok := strings.CutPrefix(v, "$HOME"); ok {
		v = filepath.Join(home, rest)
	}
	if !filepath.IsAbs(v) {
		return ""
	}
	return v
}

// fileName is a person's name without what file systems do not take, or read
// as something else.
func fileName(person string) string {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.Trim(strings.TrimSpace(person), "."))
	for len(s) > 120 { // of 255 bytes, with the time
		s = s[:strings.LastIndexFunc(s[:len(s)-1], func(rune) bool { return true })]
	}
	return s
}

// Show implements present.Recordings.
func (r recordings) Show(path string) {
	cmd := exec.Command("xdg-open", filepath.Dir(path))
	switch runtime.GOOS {
	case "windows":
		cmd = exec.Command("explorer", "/select,", path)
	case "darwin":
		cmd = exec.Command("open", "-R", path)
	}
	if err := cmd.Start(); err != nil {
		r.log.Warn("folder not opened", "err", err)
		return
	}
	go func() { _ = cmd.Wait() }() // its status says nothing of use
}
