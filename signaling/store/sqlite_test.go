package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/store/storetest"
	"parley/signaling/wire"
)

func open(t testing.TB, path string) *store.SQL {
	t.Helper()
	s, err := store.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSQLiteInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, ":memory:") })
}

func TestSQLiteInFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		// A name with characters that mean something in a URI.
		return open(t, filepath.Join(t.TempDir(), "a?b#c d%.db"))
	})
}

// What is written is there for the next program that opens the file.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.File)
	s := open(t, path)
	key := make([]byte, 32)
	ada, err := s.Claim(t.Context(), key, "Ada", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := open(t, path).Claim(t.Context(), key, "", time.Now())
	if err != nil || again.ID != ada.ID {
		t.Fatalf("after opening again: %+v, %v", again, err)
	}
}

func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.File)
	open(t, path).Close()
	exec(t, path, "PRAGMA user_version = 1000")
	if s, err := store.Open(t.Context(), path); err == nil {
		s.Close()
		t.Fatal("a file of a newer version was opened")
	}
}

func TestNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.File)
	if err := os.WriteFile(path, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(path, []byte("this is a text file, and has been one for a long time\n"), 0o600)
	if s, err := store.Open(t.Context(), path); err == nil {
		s.Close()
		t.Fatal("a text file was opened as a database")
	}
}

// A database that may not grow any more refuses writes and goes on reading.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.File)
	s, err := store.OpenWith(t.Context(), path, store.Options{MaxBytes: 400 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ada, err := s.Claim(t.Context(), make([]byte, 32), "Ada", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; err == nil && i < 10000; i++ {
		err = s.Log(t.Context(), ada.ID, wire.LogEntry{Call: fmt.Sprintf("%064d", i), Other: ada})
	}
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("log into a full database: %v", err)
	}
	if p, err := s.Claim(t.Context(), make([]byte, 32), "", time.Now()); err != nil || p.Name != "Ada" {
		t.Errorf("sign-in with a full database: %+v, %v", p, err)
	}
	if _, _, err := s.History(t.Context(), ada.ID, 0, 10); err != nil {
		t.Errorf("history of a full database: %v", err)
	}
	s.Close()
	if err := open(t, path).Log(t.Context(), ada.ID, wire.LogEntry{Call: "c", Other: ada}); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.File)
	s := open(t, path)
	ada, err := s.Claim(t.Context(), make([]byte, 32), "Ada", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s, err = store.OpenWith(t.Context(), path, store.Options{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Log(t.Context(), ada.ID, wire.LogEntry{Other: ada}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("log into a read-only database: %v", err)
	}
	if _, err := s.ByName(t.Context(), "ada"); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func exec(t *testing.T, path, stmt string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(stmt); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkLog(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), store.File))
	p, err := s.Claim(b.Context(), make([]byte, 32), "Ada", time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Log(b.Context(), p.ID, wire.LogEntry{Call: "c", Other: p}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkByName(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), store.File))
	if _, err := s.Claim(b.Context(), make([]byte, 32), "Ada", time.Now()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.ByName(b.Context(), "ada"); err != nil {
			b.Fatal(err)
		}
	}
}

// What an invitation costs beyond finding the callee, with a long call log.
func BenchmarkStanding(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), store.File))
	var people []wire.Person
	for i := range 100 {
		key := make([]byte, 32)
		key[0] = byte(i)
		p, err := s.Claim(b.Context(), key, fmt.Sprint("Person ", i), time.Now())
		if err != nil {
			b.Fatal(err)
		}
		people = append(people, p)
	}
	for i := range 5000 { // the callee has missed calls of all but the caller
		e := wire.LogEntry{Call: "c", Other: people[2+i%98], Outcome: wire.Missed}
		if err := s.Log(b.Context(), people[0].ID, e); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if st, err := s.Standing(b.Context(), people[0].ID, people[1].ID, time.Now()); err != nil || st.Known {
			b.Fatal(st, err)
		}
	}
}
