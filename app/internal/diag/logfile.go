// Package diag helps to find out what went wrong on somebody's machine: a log
// file that cannot fill the disk, a file for a crash, and the report of
// `parley --diagnose`.
package diag

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
)

// maxLog bounds the log file; one older file of the same size is kept.
const maxLog = 4 << 20

// LogFile is an io.Writer over dir/parley.log that starts anew at 4 MiB,
// keeping the old one as parley.log.1. A failing disk loses lines, never the
// program.
type LogFile struct {
	path string // static

	mu   sync.Mutex
	f    *os.File // guarded by mu
	size int64    // guarded by mu
	max  int64    // static
}

// OpenLog opens dir/parley.log for appending.
func OpenLog(dir string) (*LogFile, error) {
	l := &LogFile{path: filepath.Join(dir, "parley.log"), max: maxLog}
	if err := l.openLocked(); err != nil {
		return nil, fmt.Errorf("log file: %w", err)
	}
	return l, nil
}

func (l *LogFile) openLocked() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.f, l.size = f, st.Size()
	return nil
}

// Write appends b, first turning the file over when it is full.
func (l *LogFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return 0, os.ErrClosed
	}
	if l.size+int64(len(b)) > l.max {
		l.f.Close()
		l.f = nil
		_ = os.Rename(l.path, l.path+".1") // if not, the old file just goes on growing
		if err := l.openLocked(); err != nil {
			return 0, err
		}
	}
	n, err := l.f.Write(b)
	l.size += int64(n)
	return n, err
}

// Path returns where the log is.
func (l *LogFile) Path() string { return l.path }

// Close closes the file; later writes fail.
func (l *LogFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f == nil {
		return nil
	}
	err := l.f.Close()
	l.f = nil
	return err
}

// Logger writes every record of at least level to file, and warnings and
// errors to stderr as well.
func Logger(file, stderr io.Writer, level slog.Level) *slog.Logger {
	handlers := []slog.Handler{slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: max(level, slog.LevelWarn)})}
	if level < slog.LevelInfo {
		handlers[0] = slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})
	}
	if file != nil {
		handlers = append(handlers, slog.NewTextHandler(file, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewMultiHandler(handlers...))
}

// CrashFile makes the runtime write the report of a crash to dir/crash.log as
// well. It returns the path and whether a report of an earlier run lies there.
func CrashFile(dir string) (path string, earlier bool, err error) {
	path = filepath.Join(dir, "crash.log")
	if st, err := os.Stat(path); err == nil && st.Size() > 0 {
		earlier = true
		if err := os.Rename(path, path+".1"); err != nil {
			return path, earlier, err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return path, earlier, err
	}
	defer f.Close() // SetCrashOutput duplicates it
	return path, earlier, debug.SetCrashOutput(f, debug.CrashOptions{})
}
