package turn

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers gives pion a logger. What pion calls an error is a caller's error
// (an expired credential, a connection that broke) and is Debug here; its
// trace and debug lines, several per packet, are not formatted at all.
type loggers struct{ log *slog.Logger }

// NewLogger returns the logger of a part of pion.
func (l loggers) NewLogger(scope string) logging.LeveledLogger {
	return leveled{l.log.With("part", scope)}
}

type leveled struct{ log *slog.Logger }

func (l leveled) on() bool { return l.log.Enabled(context.Background(), slog.LevelDebug) }

func (leveled) Trace(string)          {}
func (leveled) Tracef(string, ...any) {}
func (leveled) Debug(string)          {}
func (leveled) Debugf(string, ...any) {}
func (leveled) Info(string)           {}
func (leveled) Infof(string, ...any)  {}

func (l leveled) Warn(msg string)  { l.log.Debug(msg) }
func (l leveled) Error(msg string) { l.log.Debug(msg) }

func (l leveled) Warnf(format string, args ...any) {
	if l.on() {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l leveled) Errorf(format string, args ...any) { l.Warnf(format, args...) }
