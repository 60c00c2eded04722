package sound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gen2brain/malgo"

	"parley/media"
	"parley/media/device"
)

// Config says how sound is opened.
type Config struct {
	Clock device.Clock
	// App is the name shown in the system's mixer; "" is Parley.
	App string
}

// System is the computer's sound. Safe for concurrent use. It connects to the
// sound server when it is first asked for something.
type System struct {
	// static
	cfg  Config
	log  *slog.Logger
	lock chan struct{} // held by whoever talks to the sound server
	wg   sync.WaitGroup

	// owned by the holder of lock
	ctx     *malgo.AllocatedContext // nil: not connected
	backend malgo.Backend
	broken  bool // the server went away: reconnect once no device is open
	looks   looks

	mu     sync.Mutex
	open   map[*stream]struct{} // guarded by mu
	closed bool                 // guarded by mu
}

// New returns the computer's sound without touching it.
func New(cfg Config, log *slog.Logger) *System {
	if cfg.App == "" {
		cfg.App = "Parley"
	}
	return &System{cfg: cfg, log: log, lock: make(chan struct{}, 1), open: make(map[*stream]struct{})}
}

// closeWait bounds every wait for a sound server on the way out.
const closeWait = 2 * time.Second

var errHangs = errors.New("the sound server does not answer")

// alone runs fn with the lock held, in a goroutine of its own, and waits for it
// or for ctx. In the latter case fn runs on, others wait for the lock until it
// returns, and drop gets what it made, still under the lock.
func alone[T any](ctx context.Context, s *System, fn func() T, drop func(T)) (T, error) {
	var zero T
	select {
	case s.lock <- struct{}{}:
	case <-ctx.Done():
		return zero, ctx.Err()
	}
	var mu sync.Mutex
	left := false
	made := make(chan T, 1)
	s.wg.Add(1)
	go func() {
		defer s.wg.Done()
		defer func() { <-s.lock }()
		v := fn()
		mu.Lock()
		defer mu.Unlock()
		if left {
			drop(v)
			return
		}
		made <- v
	}()
	select {
	case v := <-made:
		return v, nil
	case <-ctx.Done():
	}
	mu.Lock()
	defer mu.Unlock()
	select {
	case v := <-made: // in the same moment
		return v, nil
	default:
	}
	left = true
	return zero, ctx.Err()
}

// do is alone for what makes nothing.
func (s *System) do(ctx context.Context, fn func()) error {
	_, err := alone(ctx, s, func() struct{} { fn(); return struct{}{} }, func(struct{}) {})
	return err
}

// connect makes sure that there is a context, and looks now and then whether a
// better backend has come up: after a crash of PulseAudio, ALSA answers first.
// asked: somebody waits for a device. The caller holds lock.
func (s *System) connect(asked bool) error {
	good := s.ctx != nil && !s.broken
	due := s.looks.due(time.Now(), asked)
	if good && (s.backend == backends()[0] || !due) {
		return nil
	}
	s.mu.Lock()
	open, closed := len(s.open), s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return media.ErrClosed
	case good && open > 0:
		return nil
	case open > 0: // lost ones that their owners have not closed yet
		return fmt.Errorf("sound server: %w", media.ErrSourceLost)
	case !good && !due:
		return errNoBackend
	}
	for _, b := range backends() {
		if good && b == s.backend {
			break // nothing better
		}
		ctx, err := s.dial(b)
		if err != nil {
			continue
		}
		s.disconnect()
		s.ctx, s.backend = ctx, b
		s.log.Debug("sound connected", "backend", int(b))
		break
	}
	if s.broken {
		s.disconnect()
	}
	if s.ctx == nil || s.backend != backends()[0] {
		s.looks.failed(time.Now())
	} else {
		s.looks.found()
	}
	if s.ctx == nil {
		return errNoBackend
	}
	return nil
}

// dial connects to one backend.
func (s *System) dial(b malgo.Backend) (*malgo.AllocatedContext, error) {
	app := append([]byte(s.cfg.App), 0)
	var pin runtime.Pinner
	pin.Pin(&app[0])
	defer pin.Unpin()
	cfg := malgo.ContextConfig{}
	cfg.Pulse.PApplicationName = &app[0]
	return malgo.InitContext([]malgo.Backend{b}, cfg, func(m string) {
		s.log.Debug("sound", "msg", strings.TrimSpace(m))
	})
}

var errNoBackend = errors.New("there is no sound system")

// disconnect frees the context. The caller holds lock and no stream is open.
func (s *System) disconnect() {
	if s.ctx == nil {
		return
	}
	if err := s.ctx.Uninit(); err != nil {
		s.log.Debug("sound: disconnect", "err", err)
	}
	s.ctx.Free()
	s.ctx, s.broken = nil, false
}

// List enumerates microphones or speakers; without a sound system the list is
// empty. A stream whose device is gone from it is lost.
func (s *System) List(ctx context.Context, k device.Kind) ([]device.Info, error) {
	type result struct {
		list []device.Info
		err  error
	}
	r, err := alone(ctx, s, func() (r result) {
		r.list, r.err = s.enumerate(k, false)
		r.list = visible(s.backend, r.list)
		return r
	}, func(result) {})
	if err != nil {
		return nil, err
	}
	list, err := r.list, r.err
	if errors.Is(err, errNoBackend) {
		return nil, nil
	}
	return list, err
}

// enumerate returns every device of kind k, also those that are not shown. The
// caller holds lock; asked is as connect's.
func (s *System) enumerate(k device.Kind, asked bool) ([]device.Info, error) {
	if k != device.Microphone && k != device.Speaker {
		return nil, nil
	}
	if err := s.connect(asked); err != nil {
		return nil, err
	}
	t := malgo.Playback
	if k == device.Microphone {
		t = malgo.Capture
	}
	raw, err := s.ctx.Devices(t)
	if err != nil {
		s.broken = true
		s.eachOpen(func(st *stream) { st.gone.Store(true) })
		return nil, fmt.Errorf("list sound devices: %w", err)
	}
	list := make([]device.Info, 0, len(raw))
	for _, r := range raw {
		list = append(list, describe(k, s.backend, r))
	}
	s.eachOpen(func(st *stream) {
		if st.kind == k && st.id != "" && !st.free && !slices.ContainsFunc(list, func(i device.Info) bool { return i.ID == st.id }) {
			st.gone.Store(true)
		}
	})
	return list, nil
}

func (s *System) eachOpen(fn func(*stream)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.open {
		fn(st)
	}
}

// pick finds what sel means. The caller holds lock.
func (s *System) pick(k device.Kind, sel device.Selector) (info device.Info, id string, free bool, err error) {
	list, err := s.enumerate(k, true)
	if err != nil {
		return device.Info{}, "", false, err
	}
	shown := visible(s.backend, list)
	if sel.Choice == device.ByDefault {
		n := slices.IndexFunc(shown, func(i device.Info) bool { return i.Default })
		alsa := slices.IndexFunc(list, func(i device.Info) bool { return i.ID == "default" })
		switch {
		case n >= 0:
			return shown[n], "", false, nil
		case len(shown) > 0 && alsa >= 0 && s.backend == malgo.BackendAlsa:
			return list[alsa], "", false, nil
		case len(shown) > 0:
			return shown[0], shown[0].ID, false, nil
		}
		// There may still be a monitor, which the system would take: but nobody
		// wants to send what the speaker plays.
		return device.Info{}, "", false, errNoDevice
	}
	if i, ok := device.Match(shown, sel.Value); ok {
		return i, i.ID, false, nil
	}
	if n := slices.IndexFunc(list, func(i device.Info) bool { return i.ID == sel.Value }); n >= 0 {
		return list[n], list[n].ID, false, nil // a hidden one, by its exact name
	}
	if s.backend == malgo.BackendAlsa {
		// A PCM that is not enumerated: plug:..., a definition in .asoundrc.
		return device.Info{ID: sel.Value, Name: sel.Value, Path: sel.Value, Kind: k}, sel.Value, true, nil
	}
	return device.Info{}, "", false, errNoDevice
}

var errNoDevice = errors.New("no such device")

// Close closes what is open and disconnects. When the sound server hangs it
// gives up after two seconds and leaves the connection to the system.
func (s *System) Close() error {
	s.mu.Lock()
	s.closed = true
	open := make([]*stream, 0, len(s.open))
	for st := range s.open {
		open = append(open, st)
	}
	s.mu.Unlock()
	var errs []error
	for _, st := range open {
		errs = append(errs, st.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	if err := s.do(ctx, s.disconnectIfIdle); err != nil {
		return errors.Join(append(errs, errHangs)...)
	}
	s.wg.Wait()
	return errors.Join(errs...)
}

func (s *System) disconnectIfIdle() {
	s.mu.Lock()
	n := len(s.open)
	s.mu.Unlock()
	if n == 0 {
		s.disconnect()
	}
}

// explain makes an *device.Error of what the sound system said.
func explain(k device.Kind, name string, err error) error {
	e := &device.Error{Kind: k, Name: name, Err: err}
	switch {
	case errors.Is(err, media.ErrClosed) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, errNoBackend), errors.Is(err, errNoDevice),
		errors.Is(err, malgo.ErrNoDevice), errors.Is(err, malgo.ErrDoesNotExist), errors.Is(err, malgo.ErrNoBackend):
		e.Reason = device.Missing
	case errors.Is(err, malgo.ErrBusy), errors.Is(err, malgo.ErrAlreadyInUse):
		e.Reason = device.Busy
	case errors.Is(err, malgo.ErrAccessDenied):
		e.Reason = device.Denied
	case errors.Is(err, malgo.ErrFormatNotSupported), errors.Is(err, malgo.ErrDeviceTypeNotSupported), errors.Is(err, malgo.ErrShareModeNotSupported):
		e.Reason = device.Unsupported
	case errors.Is(err, media.ErrSourceLost):
		e.Reason = device.Lost
	default:
		e.Reason = device.Broken
	}
	return e
}
