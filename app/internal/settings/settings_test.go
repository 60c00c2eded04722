package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeptBetweenRuns(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	changed, stop := s.Subscribe()
	defer stop()
	if err := s.Update(func(v *Settings) { v.Name = "Maya"; v.Theme = "dark" }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Fatal("a subscriber was not told of the change")
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Get(); got.Name != "Maya" || got.Theme != "dark" {
		t.Fatalf("read back %+v", got)
	}
}

func TestBrokenFileIsSetAside(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":     "{",
		"wrong value":  `{"theme":"pink","language":"en","text_size":100}`,
		"wrong type":   `{"text_size":"big"}`,
		"out of range": `{"text_size":5000}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "settings.json")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir)
			if err == nil || !strings.Contains(err.Error(), "settings.json.broken") {
				t.Fatalf("error %v does not say where the old file is", err)
			}
			if s.Get() != Default() {
				t.Fatalf("settings %+v, want the defaults", s.Get())
			}
			if b, err := os.ReadFile(path + ".broken"); err != nil || string(b) != text {
				t.Fatalf("the old file is lost: %q, %v", b, err)
			}
			if err := s.Update(func(v *Settings) { v.Name = "x" }); err != nil {
				t.Fatalf("the store does not work afterwards: %v", err)
			}
		})
	}
}

func TestInvalidUpdateChangesNothing(t *testing.T) {
	s, _ := Open(t.TempDir())
	if err := s.Update(func(v *Settings) { v.Theme = "pink" }); err == nil {
		t.Fatal("an unknown theme was taken")
	}
	if s.Get() != Default() {
		t.Fatal("settings changed")
	}
}

func TestFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "p")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(v *Settings) { v.Name = "Maya" })
	if err == nil || !strings.Contains(err.Error(), "could not be kept") {
		t.Fatalf("error %v", err)
	}
	if s.Get().Name != "Maya" {
		t.Fatal("the choice is lost for this run too")
	}
}
