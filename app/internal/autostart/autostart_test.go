//go:build linux

package autostart

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEntry(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	e := Entry{ID: "org.example.Test", Name: "Test", Args: []string{"--background"}}
	file := filepath.Join(dir, "autostart", "org.example.Test.desktop")
	is := func(want bool) {
		t.Helper()
		if on, err := e.On(); err != nil || on != want {
			t.Errorf("on: %v, %v, want %v", on, err, want)
		}
	}
	is(false)
	if err := e.Set(false); err != nil {
		t.Error(err)
	}
	if err := e.Set(true); err != nil {
		t.Fatal(err)
	}
	is(true)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), "\nExec="+self+" --background\n") || !strings.Contains(string(b), "\nName=Test\n") {
		t.Errorf("%v\n%s", err, b)
	}

	// The program was moved: the next start says where it is now.
	moved := strings.ReplaceAll(string(b), self, "/gone/parley")
	if err := os.WriteFile(file, []byte(moved), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := e.Refresh(); err != nil {
		t.Fatal(err)
	}
	if again, _ := os.ReadFile(file); string(again) != string(b) {
		t.Errorf("after the move:\n%s", again)
	}

	// Switched off in the desktop's own settings it is off, and stays so.
	for _, line := range []string{"Hidden=true", "X-GNOME-Autostart-enabled=false"} {
		if err := os.WriteFile(file, []byte("[Desktop Entry]\nExec=x\n"+line+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		is(false)
		if err := e.Refresh(); err != nil {
			t.Fatal(err)
		}
		is(false)
	}
	if err := e.Set(true); err != nil {
		t.Fatal(err)
	}
	is(true)
	if err := e.Set(false); err != nil {
		t.Fatal(err)
	}
	is(false)
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", file)
	if err := (Entry{ID: "x"}).Set(true); err == nil {
		t.Error("no error")
	}
	t.Setenv("SNAP", "/snap/parley")
	if err := (Entry{ID: "x"}).Set(true); !errors.Is(err, ErrUnavailable) {
		t.Errorf("in a sandbox: %v", err)
	}
}

// What is found by its name is started by it: an update may move it.
func TestProgramByName(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "parley")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	if got := shortest(file); got != "parley" {
		t.Errorf("on the path: %q", got)
	}
	other := filepath.Join(t.TempDir(), "parley")
	if err := os.WriteFile(other, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := shortest(other); got != other {
		t.Errorf("another of that name is on the path: %q", got)
	}
	t.Setenv("APPIMAGE", "/home/anna/Parley.AppImage")
	if got, err := program(); err != nil || got == "/home/anna/Parley.AppImage" {
		t.Errorf("started from another AppImage: %q, %v", got, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("APPDIR", filepath.Dir(self))
	if got, err := program(); err != nil || got != "/home/anna/Parley.AppImage" {
		t.Errorf("an AppImage: %q, %v", got, err)
	}
}

func TestExecLine(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"parley", "--background"}, "parley --background"},
		{[]string{"/opt/my programs/parley", "--profile", "/tmp/100%"}, `"/opt/my programs/parley" --profile /tmp/100%%`},
		{[]string{`a"b`, "$x", `c\d`}, `"a\\"b" "\\$x" "c\\\\d"`},
	} {
		if got := execLine(c.words); got != c.want {
			t.Errorf("%q: %s, want %s", c.words, got, c.want)
		}
	}
}
