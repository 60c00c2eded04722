//go:build unix

package instance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/app/internal/sandbox"
)

// Two starts in two sandboxes meet, however long the profile's name is: what
// is in /tmp there is each one's own.
func TestSocketInFlatpak(t *testing.T) {
	root, run := t.TempDir(), t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	if err := os.WriteFile(filepath.Join(root, ".flatpak-info"), []byte("[Application]\nname=org.parley.Parley\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shared := filepath.Join(run, "app", "org.parley.Parley")
	if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := socketIn("/home/anna/.var/app/x/config/parley", sandbox.At(root)); got != "/home/anna/.var/app/x/config/parley/socket" {
		t.Errorf("a short name: %s", got)
	}
	if got := socketIn("/home/"+strings.Repeat("anna", 30), sandbox.At(root)); filepath.Dir(got) != shared {
		t.Errorf("a long name: %s, want it in %s", got, shared)
	}
}
