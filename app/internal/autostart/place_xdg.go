//go:build !windows && !darwin

package autostart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func (e Entry) file() (string, error) {
	if e.Box.Flatpak() || os.Getenv("SNAP") != "" {
		return "", ErrUnavailable
	}
	return e.entryFile()
}

// entryFile is where a desktop looks for the entry.
func (e Entry) entryFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("autostart: %w", err)
	}
	return filepath.Join(dir, "autostart", e.ID+".desktop"), nil
}

// On reports whether the program is started at sign-in.
func (e Entry) On() (bool, error) {
	path, err := e.file()
	if err != nil {
		return false, err
	}
	return read(path)
}

func read(path string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("autostart: %w", err)
	}
	return desktopOn(string(text)), nil
}

// Set has the program started at sign-in, or not any more.
func (e Entry) Set(on bool) error {
	path, err := e.file()
	if err != nil {
		return err
	}
	if !on {
		return remove(path)
	}
	p, err := program()
	if err != nil {
		return err
	}
	return replace(path, desktopFile(e, append([]string{p}, e.Args...)))
}
