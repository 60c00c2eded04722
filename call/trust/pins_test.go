package trust

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPinsStay(t *testing.T) {
	dir := t.TempDir()
	p, err := LoadPins(dir)
	if err != nil {
		t.Fatal(err)
	}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	if err := p.Check("a.example", "Ben", one); err != nil {
		t.Fatal(err)
	}
	if err := p.SetVerified("a.example", "ben", one, true); err != nil {
		t.Fatal(err)
	}
	p, err = LoadPins(dir) // as after a restart
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check("a.example", "BEN", two); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("another key: %v", err)
	}
	if err := p.SetVerified("a.example", "Ben", two, true); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("verify another key: %v", err)
	}
	if pin, ok := p.Look("a.example", "Ben"); !ok || !pin.Verified || !bytes.Equal(pin.Key, one) {
		t.Errorf("%+v %v", pin, ok)
	}
	if err := p.Check("b.example", "Ben", two); err != nil {
		t.Errorf("somebody of the same name elsewhere: %v", err)
	}
	if err := p.Trust("a.example", "Ben", two); err != nil {
		t.Fatal(err)
	}
	if pin, _ := p.Look("a.example", "Ben"); pin.Verified || !bytes.Equal(pin.Key, two) {
		t.Errorf("a new key is not verified because the old one was: %+v", pin)
	}
	if st, err := os.Stat(filepath.Join(dir, PinsName)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", st, err)
	}
}

func TestDamagedPinsAreKeptAndExplained(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "noise": "\x00", "cut short": `[{"name":"Be`, "bad key": `[{"name":"Ben","key":"AQ=="}]`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, PinsName)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := LoadPins(dir)
			var pe *PinsError
			if !errors.As(err, &pe) || !strings.Contains(err.Error(), "put a copy") {
				t.Fatalf("%v", err)
			}
			if b, _ := os.ReadFile(path); string(b) != content {
				t.Error("the file was changed")
			}
		})
	}
}

// A full disk does not make people strangers, nor let strangers in.
func TestPinsThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	p, err := LoadPins(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	one, two := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	if err := p.Check("", "Ben", one); err == nil || errors.Is(err, ErrKeyChanged) {
		t.Errorf("%v", err)
	}
	if err := p.Check("", "Ben", two); !errors.Is(err, ErrKeyChanged) {
		t.Errorf("in the same run: %v", err)
	}
}

// Who is forgotten is so on one service, and in the file.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	p, err := LoadPins(dir)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	for _, service := range []string{"one", "two"} {
		if err := p.Trust(service, "Ada", key); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing to do
		if err := p.Forget("one"); err != nil {
			t.Fatal(err)
		}
	}
	again, err := LoadPins(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*Pins{p, again} {
		_, one := q.Look("one", "Ada")
		_, two := q.Look("two", "Ada")
		if one || !two {
			t.Errorf("known on the service: %v, on another: %v", one, two)
		}
	}
}
