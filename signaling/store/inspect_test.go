package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestInspect(t *testing.T) {
	want := len(sqlite.Migrations)
	path := filepath.Join(t.TempDir(), File)
	if _, err := Inspect(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	put := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	see := func(about string, have int, is error) {
		t.Helper()
		v, err := Inspect(t.Context(), path)
		if (is == nil) != (err == nil) || is != nil && !errors.Is(err, is) || err == nil && v != (Versions{have, want}) {
			t.Errorf("%s: %+v, %v, want version %d, %v", about, v, err, have, is)
		}
	}
	put(nil)
	see("an empty file", 0, nil)
	put([]byte("not a database"))
	see("a short text", 0, ErrDamaged)
	put(make([]byte, 5000))
	see("zeros", 0, ErrDamaged)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	see("in use, with a journal", want, nil)
	if _, err := db.db.Exec("PRAGMA user_version = 1"); err != nil {
		t.Fatal(err)
	}
	see("changed in the journal", 1, nil)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	see("at rest", 1, nil)
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("it left files beside the database: %v, %v", files, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[62] = 1 // version 257
	put(b)
	see("a newer one", 0, ErrNewer)
}
