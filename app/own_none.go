//go:build noservice

package main

import (
	"context"
	"errors"
	"log/slog"

	"parley/app/internal/line"
	"parley/signaling/discover"
)

const bringsService = false

// startOwn is never called: this build has no service of its own.
func startOwn(context.Context, string, discover.Config, *slog.Logger) (line.Own, error) {
	return nil, errors.ErrUnsupported
}
