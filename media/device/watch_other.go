//go:build !linux

package device

import "log/slog"

const defaultWatchDir = ""

// watchNodes has nothing to watch: the caller polls.
func watchNodes(string, *slog.Logger) (<-chan struct{}, func()) { return nil, func() {} }
