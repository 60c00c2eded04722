package mic

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"parley/media"
	"parley/media/internal/apm"
)

// Kit compiles what the Chains use, once, when the first one needs it. Safe for
// concurrent use.
type Kit struct {
	log *slog.Logger

	mu     sync.Mutex // held while compiling
	engine *apm.Engine
	err    error // why there is no engine
	closed bool
}

// NewKit compiles nothing yet.
func NewKit(log *slog.Logger) *Kit {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Kit{log: log}
}

// ErrMissing: the program was built without this stage.
var ErrMissing = apm.ErrMissing

// HasEcho reports whether this build has an echo canceller.
func HasEcho() bool { return apm.HasCanceller() }

// HasNoise reports whether this build has noise suppression.
func HasNoise() bool { return apm.HasSuppressor() }

// Missing names what this build does not have, for a log; "" when all is there.
func Missing() string {
	switch echo, noise := HasEcho(), HasNoise(); {
	case !echo && !noise:
		return "echo canceller, noise suppression"
	case !echo:
		return "echo canceller"
	case !noise:
		return "noise suppression"
	}
	return ""
}

// load returns the compiled code; it waits for it to be compiled.
func (k *Kit) load() (*apm.Engine, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.closed:
		return nil, fmt.Errorf("microphone stages: %w", media.ErrClosed)
	case k.engine == nil && k.err == nil:
		if k.engine, k.err = apm.Open(); k.err != nil {
			k.log.Warn("the microphone's sound stays as it is", "err", k.err)
		}
	}
	return k.engine, k.err
}

// Close frees the code. All Chains are closed before.
func (k *Kit) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.engine == nil {
		k.closed = true
		return nil
	}
	k.closed = true
	return k.engine.Close()
}

// stages are the two that take time to make.
type stages struct {
	echo              *apm.Canceller
	noise             *apm.Suppressor
	echoErr, noiseErr error
}

// build makes both: one that is switched off now may be switched on later.
func (k *Kit) build() *stages {
	e, err := k.load()
	if err != nil {
		return &stages{echoErr: err, noiseErr: err}
	}
	s := &stages{}
	s.echo, s.echoErr = e.NewCanceller()
	s.noise, s.noiseErr = e.NewSuppressor()
	for _, err := range []error{s.echoErr, s.noiseErr} {
		if err != nil && !errors.Is(err, ErrMissing) {
			k.log.Warn("the microphone does without", "err", err)
		}
	}
	return s
}

func (s *stages) close() error {
	var errs []error
	if s.echo != nil {
		errs = append(errs, s.echo.Close())
	}
	if s.noise != nil {
		errs = append(errs, s.noise.Close())
	}
	return errors.Join(errs...)
}
