package autostart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func (e Entry) file() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("autostart: %w", err)
	}
	return filepath.Join(home, "Library", "LaunchAgents", e.ID+".plist"), nil
}

// On reports whether the program is started at sign-in.
func (e Entry) On() (bool, error) {
	path, err := e.file()
	if err != nil {
		return false, err
	}
	_, err = os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
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
	var words bytes.Buffer
	for _, s := range append([]string{p}, e.Args...) {
		words.WriteString("<string>")
		if err := xml.EscapeText(&words, []byte(s)); err != nil {
			return fmt.Errorf("autostart: %w", err)
		}
		words.WriteString("</string>")
	}
	return replace(path, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>`+e.ID+`</string>
<key>ProgramArguments</key><array>`+words.String()+`</array>
<key>RunAtLoad</key><true/>
</dict></plist>
`)
}
