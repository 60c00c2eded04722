package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// box makes a root of a sandbox with the files of this text.
func box(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const info = "[Application]\nname=org.parley.Parley\nruntime=runtime/a/b/c\n\n[Instance]\nname=other\n"

func TestNoSandbox(t *testing.T) {
	t.Setenv("FLATPAK_ID", "org.parley.Parley") // anybody can say that
	s := At(t.TempDir())
	if s.Flatpak() || s.Authorities() != "" || s.TempDir() != os.TempDir() {
		t.Errorf("%+v", s)
	}
	if at, ok := s.Host("/etc/parley/policy.toml"); at != "/etc/parley/policy.toml" || !ok {
		t.Errorf("%s, %v", at, ok)
	}
}

func TestFlatpak(t *testing.T) {
	root := box(t, map[string]string{".flatpak-info": info})
	s := At(root)
	if !s.Flatpak() || s.ID != "org.parley.Parley" {
		t.Fatalf("%+v", s)
	}
	if _, ok := s.Host("/etc/parley/policy.toml"); ok {
		t.Error("it sees the computer's /etc, which is not there")
	}
	if s.Authorities() != "" {
		t.Error("authorities from nowhere")
	}
	if at, ok := s.Host("/opt/policy.toml"); at != "/opt/policy.toml" || !ok {
		t.Errorf("%s, %v", at, ok)
	}
	if at := At(box(t, map[string]string{".flatpak-info": "nonsense"})); !at.Flatpak() {
		t.Error("a file that cannot be read as one is no sandbox")
	}
}

func TestHostFiles(t *testing.T) {
	const pem = "-----BEGIN CERTIFICATE-----\n"
	for _, place := range []string{"etc/ssl/certs/ca-certificates.crt", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"} {
		root := box(t, map[string]string{".flatpak-info": info, "run/host/" + place: pem, "run/host/etc/ssl/cert.pem": "empty"})
		s := At(root)
		if got := s.Authorities(); got != filepath.Join(root, "run/host", place) {
			t.Errorf("%s: %q", place, got)
		}
		if at, ok := s.Host("/etc/parley/policy.toml"); at != filepath.Join(root, "run/host/etc/parley/policy.toml") || !ok {
			t.Errorf("%s, %v", at, ok)
		}
	}
}

// Two runs of the program meet in a folder that both see.
func TestTempDir(t *testing.T) {
	s := At(box(t, map[string]string{".flatpak-info": info}))
	run := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", run)
	if got := s.TempDir(); got != os.TempDir() {
		t.Errorf("without the shared folder: %s", got)
	}
	shared := filepath.Join(run, "app", "org.parley.Parley")
	if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := s.TempDir(); got != shared {
		t.Errorf("%s, want %s", got, shared)
	}
}

func FuzzName(f *testing.F) {
	f.Add([]byte(info))
	f.Add([]byte("name=a\n[Application]\n name = b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := name(text); strings.ContainsAny(got, "\n") {
			t.Errorf("%q", got)
		}
	})
}
