package postgres_test

import (
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/store/postgres"
	"parley/signaling/store/storetest"
	"parley/signaling/store/storetest/pgtest"
	"parley/signaling/wire"
)

var shared = sync.OnceValues(pgtest.Start)

func TestMain(m *testing.M) {
	code := m.Run()
	if s, err := shared(); err == nil {
		s.Close()
	}
	os.Exit(code)
}

func server(t testing.TB) *pgtest.Server {
	t.Helper()
	s, err := shared()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t testing.TB, address string) *store.SQL {
	t.Helper()
	s, err := postgres.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	s := server(t)
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, s.Database(t)) })
}

// Nodes that start at the same time make the tables once.
func TestNodesMakeTheTablesOnce(t *testing.T) {
	address := server(t).Database(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s, err := postgres.Open(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if _, err := s.Claim(t.Context(), []byte{byte(i)}, string(rune('a'+i)), time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if rs, err := open(t, address).People(t.Context(), 10); err != nil || len(rs) != 8 {
		t.Errorf("%d people, %v", len(rs), err)
	}
}

func TestNewerIsRefused(t *testing.T) {
	address := server(t).Database(t)
	open(t, address)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE schema_version SET version = 1000"); err != nil {
		t.Fatal(err)
	}
	if s, err := postgres.Open(t.Context(), address); err == nil {
		s.Close()
		t.Error("it is opened")
	} else if !errors.Is(err, store.ErrNewer) {
		t.Error(err)
	}
}

func TestReadOnly(t *testing.T) {
	address := server(t).Database(t)
	open(t, address)
	s := open(t, address+"&default_transaction_read_only=on")
	if _, err := s.Claim(t.Context(), make([]byte, 32), "Ada", time.Now()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a new name: %v", err)
	}
	if _, err := s.People(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// A database that goes away is an error with a name, and comes back by itself.
func TestGoesAway(t *testing.T) {
	server(t)                   // skips where there is none
	mine, err := pgtest.Start() // others use the shared one
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	s := open(t, mine.Database(t))
	ada, err := s.Claim(t.Context(), make([]byte, 32), "Ada", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	mine.Pause()
	for range 20 { // more than are kept open
		_, err := s.ByName(t.Context(), "Ada")
		if !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("a read says %v", err)
		}
		if err := s.Log(t.Context(), ada.ID, wire.LogEntry{Call: "c", Other: ada}); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("a write says %v", err)
		}
	}
	if err := s.Ready(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ready says %v", err)
	}
	if err := mine.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := s.Log(t.Context(), ada.ID, wire.LogEntry{Call: "c", Other: ada}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAddress(t *testing.T) {
	for _, address := range []string{"postgres://ada:secret@127.0.0.1:1/x?sslmode=disable", "postgres://ada:secret@[bad/x"} {
		s, err := postgres.Open(t.Context(), address)
		if err == nil {
			s.Close()
			t.Errorf("%s is opened", address)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	s := open(b, server(b).Database(b))
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

func TestInspect(t *testing.T) {
	address := server(t).Database(t)
	if v, err := postgres.Inspect(t.Context(), address); err != nil || v.Have != 0 || v.Want < 4 {
		t.Errorf("an empty database: %+v, %v", v, err)
	}
	open(t, address)
	if v, err := postgres.Inspect(t.Context(), address); err != nil || v.Have != v.Want {
		t.Errorf("after a start: %+v, %v", v, err)
	}
	if _, err := postgres.Inspect(t.Context(), "postgres://x@127.0.0.1:1/x?connect_timeout=1"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("nobody there: %v", err)
	}
	if _, err := postgres.Inspect(t.Context(), "not an address"); err == nil {
		t.Error("no address passes")
	}
}
