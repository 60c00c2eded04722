package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"parley/signaling/wire"
)

// PinsName is the name in the profile directory of the file with the keys that
// people were met with.
const PinsName = "people.json"

const (
	maxPinsFile = 16 << 20
	maxPins     = 10_000
)

// Pin is the key that a person was met with first.
type Pin struct {
	Name     string    `json:"name"`
	Service  string    `json:"service"` // where the name means this person
	Key      []byte    `json:"key"`     // of the account
	Since    time.Time `json:"since"`
	Verified bool      `json:"verified,omitempty"` // safety numbers were compared
	// Devices is the newest list of the person's devices that was seen; it was
	// signed with Key.
	Devices *wire.DeviceList `json:"devices,omitempty"`
}

// Pins are the keys of people met before. What a service says of a person whose
// key is here counts only if it is the same key. Its methods may be called from
// any goroutine.
type Pins struct {
	path string

	mu   sync.Mutex
	pins map[pinKey]Pin
}

type pinKey struct{ service, name string }

// PinsError says that the file is there and cannot be used. It is never
// overwritten: without it, nobody would notice a changed key.
type PinsError struct {
	Path string
	Err  error
}

// Error says what is wrong and what to do.
func (e *PinsError) Error() string {
	return fmt.Sprintf("the file of known people %s cannot be used (%v): put a copy of it back, or move it away to meet everybody anew",
		e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *PinsError) Unwrap() error { return e.Err }

// LoadPins reads the known people in dir; there may be none yet. dir "": they
// are kept in memory alone. The error is a *PinsError.
func LoadPins(dir string) (*Pins, error) {
	p := &Pins{pins: map[pinKey]Pin{}}
	if dir == "" {
		return p, nil
	}
	p.path = filepath.Join(dir, PinsName)
	st, err := os.Stat(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err == nil && (!st.Mode().IsRegular() || st.Size() > maxPinsFile) {
		err = errors.New("not a file of this program")
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(p.path)
	}
	var list []Pin
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil {
		return nil, &PinsError{Path: p.path, Err: err}
	}
	for _, pin := range list {
		if len(pin.Key) != 32 {
			return nil, &PinsError{Path: p.path, Err: fmt.Errorf("the key of %s is damaged", pin.Name)}
		}
		if pin.Devices != nil && !VerifyDevices(pin.Key, pin.Devices) {
			return nil, &PinsError{Path: p.path, Err: fmt.Errorf("the devices of %s are damaged", pin.Name)}
		}
		p.pins[keyOf(pin.Service, pin.Name)] = pin
	}
	return p, nil
}

func keyOf(service, name string) pinKey { return pinKey{service, wire.NameKey(name)} }

// Look returns what is known of a person.
func (p *Pins) Look(service, name string) (Pin, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pin, ok := p.pins[keyOf(service, name)]
	return pin, ok
}

// Check compares a person's key with the known one, and remembers it if the
// person is met for the first time. The error is ErrKeyChanged, or that the
// file could not be written, which is not a reason to refuse a call.
func (p *Pins) Check(service, name string, key []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(service, name)
	if pin, ok := p.pins[k]; ok {
		if !equal(pin.Key, key) {
			return ErrKeyChanged
		}
		return nil
	}
	return p.setLocked(k, Pin{Name: name, Service: service, Key: key, Since: time.Now().UTC().Truncate(time.Second)})
}

// Saw remembers which devices a person has: one that a newer list leaves out is
// not believed again. Lists of another key and older ones change nothing.
func (p *Pins) Saw(service, name string, key []byte, list *wire.DeviceList) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(service, name)
	pin, ok := p.pins[k]
	if !ok || !equal(pin.Key, key) || newest(key, pin.Devices, list) != list || list == nil || pin.Devices != nil && pin.Devices.Version == list.Version {
		return nil
	}
	pin.Devices = list
	return p.setLocked(k, pin)
}

// Trust puts a key in the place of the one that was known: a person said so.
func (p *Pins) Trust(service, name string, key []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.setLocked(keyOf(service, name), Pin{Name: name, Service: service, Key: key, Since: time.Now().UTC().Truncate(time.Second)})
}

// SetVerified notes that safety numbers were compared, or takes that back. It
// holds for the key alone: a person with another key is not verified.
func (p *Pins) SetVerified(service, name string, key []byte, verified bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := keyOf(service, name)
	pin, ok := p.pins[k]
	switch {
	case ok && !equal(pin.Key, key):
		return ErrKeyChanged
	case !ok:
		pin = Pin{Name: name, Service: service, Key: key, Since: time.Now().UTC().Truncate(time.Second)}
	}
	pin.Verified = verified
	return p.setLocked(k, pin)
}

// Forget drops everybody of a service.
func (p *Pins) Forget(service string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.pins)
	maps.DeleteFunc(p.pins, func(k pinKey, _ Pin) bool { return k.service == service })
	if len(p.pins) == n {
		return nil
	}
	return p.writeLocked()
}

// setLocked changes one and writes the file whole or not at all. What cannot be
// written holds for this run.
func (p *Pins) setLocked(k pinKey, pin Pin) error {
	if _, ok := p.pins[k]; !ok && len(p.pins) >= maxPins {
		oldest, when := pinKey{}, time.Time{}
		for k, v := range p.pins {
			if !v.Verified && (when.IsZero() || v.Since.Before(when)) {
				oldest, when = k, v.Since
			}
		}
		delete(p.pins, oldest)
	}
	p.pins[k] = pin
	return p.writeLocked()
}

// writeLocked writes the file whole or not at all.
func (p *Pins) writeLocked() error {
	if p.path == "" {
		return nil
	}
	list := make([]Pin, 0, len(p.pins))
	for _, v := range p.pins {
		list = append(list, v)
	}
	b, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return fmt.Errorf("known people: %w", err)
	}
	if err := replace(p.path, b); err != nil {
		return fmt.Errorf("write known people: %w", err)
	}
	return nil
}

// replace writes a file whole or not at all, for its owner alone.
func replace(path string, b []byte) error {
	tmp, err := temporary(path, b)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	return os.Rename(tmp, path)
}

// temporary writes a file beside path and returns its name; its mode is 0600.
func temporary(path string, b []byte) (string, error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(tmp.Name())
		return "", err
	}
	return tmp.Name(), nil
}
