package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/signaling/client"
	"parley/signaling/wire"
)

// does runs a command and returns what it prints.
func does(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatalf("parleyd %s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

// refuses runs a command that must fail, and say so.
func refuses(t *testing.T, says string, args ...string) {
	t.Helper()
	err := run(t.Context(), args, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("parleyd %s: %v, want %q", strings.Join(args, " "), err, says)
	}
}

func says(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(got, s) {
			t.Errorf("%q does not say %q", got, s)
		}
	}
}

// All of it beside a service that runs.
func TestOperate(t *testing.T) {
	dir := t.TempDir()
	start(t, dir, "serve", "--invite-only").operate(t, dir)
}

func (p *program) operate(t *testing.T, dir string) {
	code := strings.TrimSpace(does(t, "user", "invite", "--uses", "2", "--data", dir))
	ada := device(t, p.url, "Ada")
	ada.until("asked for an invitation", func() bool { return asks(ada, wire.CodeInviteNeeded) })
	if err := ada.Invited("nonsense"); err != nil {
		t.Fatal(err)
	}
	ada.until("the invitation is refused", func() bool { return asks(ada, wire.CodeInviteBad) })
	if err := ada.Invited(" " + code + " "); err != nil {
		t.Fatal(err)
	}
	ada.online()
	device(t, p.url, "Bob", func(c *client.Config) { c.Invite = code }).online()

	says(t, does(t, "user", "list", "--data", dir), "Ada", "Bob", "enabled")
	does(t, "user", "disable", "ada", "--data", dir)
	ada.until("refused", func() bool {
		s := ada.State()
		return s.Phase == client.Failed && s.Err != nil
	})
	says(t, does(t, "user", "list", "--data", dir), "disabled")
	says(t, does(t, "stats", "--data", dir), "people", "disabled", "database version")
}

func asks(l *line, code wire.Code) bool {
	s := l.State()
	return s.Phase == client.NeedName && wire.AsError(s.Err).Code == code
}

// A backup made while the service runs is what restore brings back.
func TestBackupRestore(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.db")
	refuses(t, "no database", "stats", "--data", dir)
	p := start(t, dir)
	device(t, p.url, "Ada").online()
	says(t, does(t, "backup", file, "--data", dir), file)
	refuses(t, "exists", "backup", file, "--data", dir)
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", i, err)
	}
	device(t, p.url, "Bob").online()
	refuses(t, "in use by a service", "restore", file, "--data", dir)
	refuses(t, "in use by a service", "migrate", "--data", dir)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	bad := write(t, "this is no database at all, however long it may be")
	refuses(t, "nothing was changed", "restore", bad, "--data", dir)
	refuses(t, "no such file", "restore", bad+"x", "--data", dir)
	refuses(t, "nobody here", "user", "enable", "Cy", "--data", dir)
	refuses(t, "--yes", "user", "delete", "Bob", "--data", dir)
	refuses(t, "--uses", "user", "invite", "--uses", "0", "--data", dir)
	refuses(t, "--for", "user", "invite", "--for", "1s", "--data", dir)

	kept := filepath.Join(dir, "parley.db.before-restore")
	says(t, does(t, "restore", file, "--data", dir), kept)
	if people := does(t, "user", "list", "--data", dir); strings.Contains(people, "Bob") || !strings.Contains(people, "Ada") {
		t.Errorf("restored: %s", people)
	}
	says(t, does(t, "migrate", "--data", dir), "version")
	does(t, "user", "delete", "Ada", "--yes", "--data", dir)
	if people := does(t, "user", "list", "--data", dir); strings.Contains(people, "Ada") {
		t.Errorf("deleted: %s", people)
	}
	// Once more: what was kept the first time stays.
	says(t, does(t, "restore", file, "--data", dir), kept+"-2")
	write := func(name string) { // a copy of a database in use
		if err := os.WriteFile(name, []byte("journal"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(file + "-wal")
	refuses(t, "journal beside it", "restore", file, "--data", dir)
	other := t.TempDir()
	does(t, "restore", kept, "--data", other)
	says(t, does(t, "user", "list", "--data", other), "Ada", "Bob")
}

// Whom the operator deletes is out, and stays out with this device until let
// in again; with --may-return, they may come back at once.
func TestDeleteHolds(t *testing.T) {
	dir := t.TempDir()
	p := start(t, dir)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again := func() *line { return device(t, p.url, "Ada", func(c *client.Config) { c.Key = key }) }
	out := func(l *line) {
		t.Helper()
		l.until("out", func() bool {
			s := l.State()
			c := wire.AsError(s.Err).Code
			return s.Phase == client.Failed && (c == wire.CodeDisabled || c == wire.CodeDeleted)
		})
	}
	ada := again().online()
	id := ada.State().Me.ID
	says(t, does(t, "user", "delete", "Ada", "--yes", "--data", dir), "readmit "+id)
	out(ada)
	out(again())
	says(t, does(t, "user", "list", "--data", dir), id, "deleted")
	refuses(t, "nobody with the id", "user", "readmit", "Ada", "--data", dir)
	says(t, does(t, "user", "readmit", id, "--data", dir), id)
	ada = again().online()
	if ada.State().Me.ID == id {
		t.Error("the same person came back")
	}
	does(t, "user", "delete", "Ada", "--yes", "--may-return", "--data", dir)
	out(ada)
	again().online()
}
