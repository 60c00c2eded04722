package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"parley/app/internal/sandbox"
)

func TestWhereRecordingsGo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the folders of other systems are fixed")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	r := recordings{log: slog.New(slog.DiscardHandler)}
	at := time.Date(2026, 5, 14, 10, 42, 30, 0, time.UTC)
	for _, c := range []struct{ env, file, want string }{
		{"", "", "Videos"},
		{"", "# made by xdg-user-dirs\nXDG_MUSIC_DIR=\"$HOME/Musik\"\nXDG_VIDEOS_DIR=\"$HOME/Filme\"\n", "Filme"},
		{filepath.Join(home, "elsewhere"), "", "elsewhere"},
		{"not absolute", "", "Videos"},
	} {
		t.Setenv("XDG_VIDEOS_DIR", c.env)
		config := filepath.Join(home, ".config")
		if err := os.RemoveAll(config); err != nil {
			t.Fatal(err)
		}
		if c.file != "" {
			if err := os.MkdirAll(config, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(config, "user-dirs.dirs"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := r.NewFile("Ben", at)
		if want := filepath.Join(home, c.want, "Parley", "Ben 2026-05-14 10.42.webm"); err != nil || got != want {
			t.Errorf("%q, %q: %s (%v), want %s", c.env, c.file, got, err, want)
		}
	}
	t.Setenv("XDG_VIDEOS_DIR", "")
	first, err := r.NewFile("Ben", at)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(first, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if second, err := r.NewFile("Ben", at); err != nil || second == first {
		t.Errorf("the same file twice: %s, %v", second, err)
	}
}

func TestFileNames(t *testing.T) {
	for in, want := range map[string]string{
		"Ben": "Ben", "../../etc/passwd": "_.._etc_passwd", `a\b:c*?"<>|d`: "a_b_c______d", " Jörg. ": "Jörg", "\x00x": "_x", "": "",
	} {
		if got := fileName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := fileName(strings.Repeat("ß", 200)); len(got) > 120 || !strings.HasPrefix(got, "ß") || strings.ContainsRune(got, '\uFFFD') {
		t.Errorf("a long name: %d bytes, %q", len(got), got)
	}
}

// In a sandbox a folder that it makes itself is gone with it: recordings go
// into the videos only if they are shared.
func TestWhereRecordingsGoInFlatpak(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Flatpak is Linux's")
	}
	home, root := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("XDG_VIDEOS_DIR", "")
	t.Setenv("XDG_DATA_HOME", filepath.Join(home, "data"))
	if err := os.WriteFile(filepath.Join(root, ".flatpak-info"), []byte("[Application]\nname=org.parley.Parley\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := recordings{slog.New(slog.DiscardHandler), sandbox.At(root)}
	in := func() string {
		t.Helper()
		path, err := r.NewFile("Ben", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Dir(path)
	}
	if got, want := in(), filepath.Join(home, "data", "Parley"); got != want {
		t.Errorf("not shared: %s, want %s", got, want)
	}
	shared := filepath.Join(home, "Videos", "Parley")
	if err := os.MkdirAll(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := in(); got != shared {
		t.Errorf("shared: %s, want %s", got, shared)
	}
}
