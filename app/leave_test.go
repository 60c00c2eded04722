package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parley/call/trust"
)

func TestDeleteAccountWithoutAWindow(t *testing.T) {
	t.Parallel()
	url, dir := localService(t), t.TempDir()
	code, printed := runHeadless(t, "--service", url, "--name", "Ada", "--profile", dir, "--delete-account", "Bob")
	refused(t, code, printed, "called Ada", "nothing was deleted")
	before, err := os.ReadFile(filepath.Join(dir, trust.FileName))
	if err != nil {
		t.Fatal(err)
	}
	code, printed = runHeadless(t, "--service", url, "--name", "Ada", "--profile", dir, "--delete-account", "ada")
	if code != 0 || !strings.Contains(printed, "The account Ada at") {
		t.Errorf("exit %d, printed %q", code, printed)
	}
	after, err := os.ReadFile(filepath.Join(dir, trust.FileName))
	if err != nil || string(before) == string(after) {
		t.Errorf("the key is still there (%v)", err)
	}
	code, printed = runHeadless(t, "--profile", dir, "--delete-account", "ada", "--answer")
	if code == 0 || !strings.Contains(printed, "does nothing else") {
		t.Errorf("exit %d, printed %q", code, printed)
	}
}
