package diag

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func TestLogTurnsOver(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	l.max = 1000
	line := bytes.Repeat([]byte("x"), 100)
	for range 35 {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{l.Path(), l.Path() + ".1"} {
		st, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		if st.Size() == 0 || st.Size() > 1000 {
			t.Errorf("%s has %d bytes, want 1 to 1000", p, st.Size())
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Write(line); err == nil {
		t.Error("a write after Close was taken")
	}
}

func TestWarningsReachThePerson(t *testing.T) {
	var file, stderr bytes.Buffer
	log := Logger(&file, &stderr, slog.LevelInfo)
	log.Info("quiet")
	log.Warn("loud")
	if strings.Contains(stderr.String(), "quiet") || !strings.Contains(stderr.String(), "loud") {
		t.Errorf("stderr has %q", stderr.String())
	}
	if !strings.Contains(file.String(), "quiet") || !strings.Contains(file.String(), "loud") {
		t.Errorf("file has %q", file.String())
	}
}
