// Package sandbox tells whether the program runs in Flatpak's sandbox, and
// where it sees there what belongs to the computer.
//
// What counts is the file /.flatpak-info, which Flatpak puts into the root of
// the sandbox, and nobody inside or outside of it can (flatpak-run(1)). The
// environment's FLATPAK_ID, which everybody can set, says nothing here.
package sandbox

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Sandbox is where the program runs. The zero value is no sandbox.
type Sandbox struct {
	// ID is what Flatpak knows the program by, as in "org.example.Program"; "":
	// there is no sandbox.
	ID   string
	root string // "/", but for tests
}

// Here is the sandbox of this program.
func Here() Sandbox { return At("/") }

// At is the sandbox whose root is the folder root.
func At(root string) Sandbox {
	f, err := os.Open(filepath.Join(root, ".flatpak-info"))
	if err != nil {
		return Sandbox{}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return Sandbox{}
	}
	id := name(text)
	if id == "" {
		id = "unknown" // a sandbox all the same
	}
	return Sandbox{ID: id, root: root}
}

// name is the program's name in the text of /.flatpak-info, "" if it has none.
func name(text []byte) string {
	group := ""
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			group = line
		}
		if v, ok := strings.CutPrefix(line, "name="); ok && group == "[Application]" {
			return v
		}
	}
	return ""
}

// Flatpak reports whether this is Flatpak's sandbox.
func (s Sandbox) Flatpak() bool { return s.ID != "" }

// Host is where a file of the computer is seen: below /run/host what is in
// /etc, which in the sandbox is the runtime's. ok is false if the sandbox may
// not see the computer's /etc at all.
func (s Sandbox) Host(path string) (at string, ok bool) {
	if !s.Flatpak() || !strings.HasPrefix(path, "/etc/") {
		return path, true
	}
	host := filepath.Join(s.root, "run", "host")
	st, err := os.Stat(filepath.Join(host, "etc"))
	return filepath.Join(host, path), err == nil && st.IsDir()
}

// authorities are where systems keep the certificate authorities that they
// trust, in one file.
var authorities = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, Red Hat
	"/etc/ssl/ca-bundle.pem",                            // SUSE
	"/etc/ssl/cert.pem",                                 // Alpine
}

// Authorities is the file with the certificate authorities that the computer
// trusts, such as an organisation's own, which the runtime does not know; "":
// the program sees them as it is, or cannot.
func (s Sandbox) Authorities() string {
	if !s.Flatpak() {
		return ""
	}
	for _, path := range authorities {
		at, _ := s.Host(path)
		if text, err := os.ReadFile(at); err == nil && bytes.Contains(text, []byte("-----BEGIN CERTIFICATE-----")) {
			return at
		}
	}
	return ""
}

// TempDir is a folder for what all runs of the program of one person share:
// /tmp in the sandbox is each run's own.
func (s Sandbox) TempDir() string {
	if s.Flatpak() {
		if dir := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "app", s.ID); os.Getenv("XDG_RUNTIME_DIR") != "" {
			if st, err := os.Stat(dir); err == nil && st.IsDir() {
				return dir
			}
		}
	}
	return os.TempDir()
}
