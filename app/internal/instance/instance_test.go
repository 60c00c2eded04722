package instance

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecondStartHandsOver(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), strings.Repeat("long", 30))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		first, err := Take(t.Context(), dir, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer first.Close()
		_, err = Take(t.Context(), dir, "parley://host/j/abc", slog.New(slog.DiscardHandler))
		if !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), "--profile") {
			t.Fatalf("second start: %v; want one that says it runs and what to do", err)
		}
		if got := <-first.Messages(); got != "parley://host/j/abc" {
			t.Fatalf("the first got %q", got)
		}
		first.Close()
		third, err := Take(t.Context(), dir, "", slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("after the first ended: %v", err)
		}
		third.Close()
	}
}

func TestFolderMissing(t *testing.T) {
	if _, err := Take(t.Context(), "/nonexistent/folder", "", slog.New(slog.DiscardHandler)); err == nil || errors.Is(err, ErrRunning) {
		t.Fatalf("error %v", err)
	}
}
