//go:build !windows && !darwin

package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/app/internal/sandbox"
)

// In Flatpak's sandbox the computer's policy holds; one that it may not look
// for holds at its strictest.
func TestInFlatpak(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".flatpak-info", "[Application]\nname=org.parley.Parley\n")
	if p := load(sandbox.At(root)); !strings.Contains(p.Problem(), "flatpak override --filesystem=host-etc:ro org.parley.Parley") || !p.NoService || !p.NoRecording {
		t.Errorf("the sandbox may not look: %q, %+v", p.Problem(), p)
	}
	if err := os.MkdirAll(filepath.Join(root, "run/host/etc"), 0o700); err != nil {
		t.Fatal(err)
	}
	if p := load(sandbox.At(root)); p.There() || p.Problem() != "" {
		t.Errorf("there is none: %+v", p)
	}
	write("run/host/etc/parley/policy.toml", "relay_only = true\n")
	if p := load(sandbox.At(root)); !p.RelayOnly || p.NoRecording || p.Source != filepath.Join(root, "run/host/etc/parley/policy.toml") {
		t.Errorf("%+v", p)
	}
	if err := os.Remove(filepath.Join(root, "run/host/etc/parley/policy.toml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/nowhere/policy.toml", filepath.Join(root, "run/host/etc/parley/policy.toml")); err != nil {
		t.Fatal(err)
	}
	if p := load(sandbox.At(root)); p.Problem() == "" || !p.NoService {
		t.Errorf("a link that the sandbox cannot follow: %+v", p)
	}
}
