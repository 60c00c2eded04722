//go:build !windows && !darwin

package autostart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func (e Entry) file() (string, error) {
	for _, v := range []string{"FLATPAK_ID", "SNAP"} {
		if os.Getenv(v) != "" {
			return "", ErrUnavailable
		}
	}
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
	return replace(path, desktopFile(e, p))
}
