package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/signaling/store"
	"parley/signaling/wire"
)

func TestBytes(t *testing.T) {
	for text, want := range map[string]byteCount{"0": 0, "1500": 1500, "50GB": 50e9, "1.5 MiB": 3 << 19, "2TiB": 2 << 40, "7kB": 7000, "9B": 9} {
		var got byteCount
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "GB", "-1", "5 apples", "5gb", "1e30", "NaN", "5 GB more", "99999999999TB"} {
		var got byteCount
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1500: "1.5 kB", 2_340_000: "2.3 MB", 50e9: "50.0 GB", 3e12: "3.0 TB"} {
		if got := inWords(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"", "1", "50GB", "1.5 MiB", "-1", "NaN", "Inf", "1e99", "kB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b byteCount
		if err := b.UnmarshalText([]byte(s)); err == nil && b < 0 {
			t.Errorf("%q is %d", s, b)
		}
	})
}

// stats and user list say who used how much, and how many calls there were.
func TestUseIsShown(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, store.File))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	var ids []string
	for i, name := range []string{"Ada", "Bob", "Cy"} {
		p, err := db.Claim(t.Context(), []byte(strings.Repeat(string(rune('a'+i)), 32)), name, now)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
	}
	if err := db.AddRelayUse(t.Context(), now, []store.RelayUse{{Person: ids[0], Bytes: 1_500_000, Relays: 3}, {Person: ids[1], Bytes: 2_000_000_000, Relays: 40}}); err != nil {
		t.Fatal(err)
	}
	for i, outcome := range []wire.Outcome{wire.Answered, wire.Missed} {
		if err := db.Log(t.Context(), ids[0], wire.LogEntry{Call: string(rune('a' + i)), Other: wire.Person{ID: ids[1]}, Outcome: outcome, Unix: now.Unix()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	line := func(text, about string) string {
		t.Helper()
		for l := range strings.Lines(text) {
			if strings.Contains(l, about) {
				return l
			}
		}
		t.Fatalf("nothing about %s in\n%s", about, text)
		return ""
	}
	list := does(t, "user", "list", "--data", dir)
	says(t, line(list, "Ada"), "1.5 MB")
	says(t, line(list, "Bob"), "2.0 GB")
	says(t, line(list, "Cy"), "0 B")
	stats := does(t, "stats", "--data", dir)
	says(t, line(stats, "calls on "+now.UTC().Format(time.DateOnly)), "2, 1 answered")
	says(t, line(stats, "relayed this month"), "2.0 GB by 2 people, 43 relays")
	says(t, line(stats, "relayed by Bob"), "2.0 GB, 40 relays")
	if b, a := strings.Index(stats, "relayed by Bob"), strings.Index(stats, "relayed by Ada"); a < b {
		t.Error("the biggest is not the first")
	}
}
