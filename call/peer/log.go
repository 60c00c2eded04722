package peer

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// logFactory sends pion's log to ours. Everything is Debug: pion prints
// addresses at every level, and what a person must know is in State.
type logFactory struct{ log *slog.Logger }

// NewLogger returns the logger of one part of pion.
func (f logFactory) NewLogger(scope string) logging.LeveledLogger {
	return pionLog{f.log.With("pion", scope)}
}

type pionLog struct{ log *slog.Logger }

func (l pionLog) say(msg string) { l.log.Debug(msg) }

func (l pionLog) sayf(format string, args []any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (pionLog) Trace(string)          {}
func (pionLog) Tracef(string, ...any) {}

func (l pionLog) Debug(msg string)               { l.say(msg) }
func (l pionLog) Debugf(format string, a ...any) { l.sayf(format, a) }
func (l pionLog) Info(msg string)                { l.say(msg) }
func (l pionLog) Infof(format string, a ...any)  { l.sayf(format, a) }
func (l pionLog) Warn(msg string)                { l.say(msg) }
func (l pionLog) Warnf(format string, a ...any)  { l.sayf(format, a) }
func (l pionLog) Error(msg string)               { l.say(msg) }
func (l pionLog) Errorf(format string, a ...any) { l.sayf(format, a) }
