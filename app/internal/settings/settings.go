// Package settings keeps what a person chose, as one JSON file in the profile's
// folder. A file of our own, not the toolkit's preferences: a profile is a
// folder that can be copied, two profiles run beside each other, and a program
// without a window reads the same file.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"parley/media/latest"
)

// Settings are the choices of one profile. The zero value of a field is never
// meant: use Default.
type Settings struct {
	Name    string `json:"name"`    // how others see this person
	Service string `json:"service"` // "": a service on this network, or our own
	Welcome bool   `json:"welcome"` // the welcome screen was gone through

	Camera     string `json:"camera"` // device id; "": the system's choice
	Microphone string `json:"microphone"`
	Speaker    string `json:"speaker"`
	Ringer     string `json:"ringer"`

	CancelEcho      bool `json:"cancel_echo"`
	SuppressNoise   bool `json:"suppress_noise"`
	LevelVoice      bool `json:"level_voice"`
	LeaveMicrophone bool `json:"leave_microphone"` // none of the three, whatever they are

	StartMuted     bool `json:"start_muted"`
	StartCameraOff bool `json:"start_camera_off"`
	RelayOnly      bool `json:"relay_only"`
	// HideFromStrangers gives strangers who call the addresses of a relay only.
	HideFromStrangers bool `json:"hide_from_strangers"`
	LowData           bool `json:"low_data"` // calls cost at most 250 kbit/s in each direction

	UpdateNotices bool   `json:"update_notices"` // newer versions are shown
	VersionSeen   string `json:"version_seen"`   // the newest one that was put away

	Theme    string `json:"theme"`     // system, light, dark
	Language string `json:"language"`  // system, en, de, fr, es
	TextSize int    `json:"text_size"` // percent: 100, 115, 130, 150
}

// Default is what a new profile starts with.
func Default() Settings {
	return Settings{
		CancelEcho: true, SuppressNoise: true, LevelVoice: true, HideFromStrangers: true, UpdateNotices: true,
		Theme: "system", Language: "system", TextSize: 100,
	}
}

// Validate names the first field that is wrong.
func (s Settings) Validate() error {
	switch {
	case !slices.Contains([]string{"system", "light", "dark"}, s.Theme):
		return fmt.Errorf("theme %q: use system, light or dark", s.Theme)
	case !slices.Contains([]string{"system", "en", "de", "fr", "es"}, s.Language):
		return fmt.Errorf("language %q: use system, en, de, fr or es", s.Language)
	case s.TextSize < 80 || s.TextSize > 200:
		return fmt.Errorf("text_size %d: use 80 to 200 (percent)", s.TextSize)
	case len(s.Name) > 64:
		return fmt.Errorf("name has %d bytes: use at most 64", len(s.Name))
	}
	return nil
}

// Store is a Settings file. Safe for concurrent use.
type Store struct {
	path string // static

	changed latest.Bell

	mu      sync.Mutex
	current Settings // guarded by mu
}

// Open reads dir/settings.json. A missing file gives the defaults. A broken
// one is set aside as settings.json.broken, the defaults are used, and the
// error says so: the store works all the same.
func Open(dir string) (*Store, error) {
	s := &Store{path: filepath.Join(dir, "settings.json"), current: Default()}
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("settings: %w; the defaults are used", err)
	}
	read := Default()
	if err = json.Unmarshal(b, &read); err == nil {
		err = read.Validate()
	}
	if err != nil {
		aside := s.path + ".broken"
		if moveErr := os.Rename(s.path, aside); moveErr != nil {
			aside = s.path
		}
		return s, fmt.Errorf("settings: %s could not be used (%w); it was kept as %s and the defaults are used", s.path, err, aside)
	}
	s.current = read
	return s, nil
}

// Get returns the settings.
func (s *Store) Get() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}

// Update changes the settings by f and writes them. An invalid result changes
// nothing. If writing fails the change holds for this run and the error says
// why it was not kept.
func (s *Store) Update(f func(*Settings)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.current
	f(&changed)
	if err := changed.Validate(); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if changed == s.current {
		return nil
	}
	s.current = changed
	s.changed.Ring()
	b, err := json.MarshalIndent(changed, "", "  ")
	if err == nil {
		err = writeFile(s.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("settings are used but could not be kept: %w", err)
	}
	return nil
}

// Subscribe returns a channel that is readable after a change, and a function
// that ends the subscription.
func (s *Store) Subscribe() (<-chan struct{}, func()) { return s.changed.Subscribe() }

// writeFile replaces path whole or not at all.
func writeFile(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".settings-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		os.Remove(tmp.Name())
	}
	return err
}
