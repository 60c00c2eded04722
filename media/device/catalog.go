package device

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// capturer opens what delivers: cameras, microphones and screens, real and
// virtual. native.Registry is one.
type capturer interface {
	// List enumerates anew.
	List(ctx context.Context, k Kind) ([]Info, error)
	// OpenVideo opens a camera or screen: sel is ByDevice with an ID of List, or virtual.
	OpenVideo(ctx context.Context, k Kind, sel Selector, want VideoFormat) (VideoSource, error)
	// OpenAudio opens a microphone: sel is ByDefault, ByDevice with an ID of List, or virtual.
	OpenAudio(ctx context.Context, sel Selector) (AudioSource, error)
	Close() error
}

// player opens speakers. sound.System is one, virtual.Speakers another.
type player interface {
	List(ctx context.Context, k Kind) ([]Info, error)
	OpenSpeaker(ctx context.Context, sel Selector, pull Pull) (SpeakerOut, error)
	Close() error
}

// Config says what a Catalog is made of. Capture, Sound and Virtual are
// closed by the Catalog.
type Config struct {
	Clock   Clock    // zero: a new one
	Capture capturer // cameras, microphones, screens
	Sound   player   // the computer's speakers; nil: none
	Virtual player   // null and file speakers

	Poll        time.Duration // between looks at the sound devices; 0: 2 s
	OpenTimeout time.Duration // for a device that does not answer; 0: 10 s
	// WatchDir is where device nodes appear; "": /dev on Linux, nothing elsewhere.
	WatchDir string
}

// Catalog lists and opens devices. Safe for concurrent use.
type Catalog struct {
	// static
	cfg    Config
	log    *slog.Logger
	ref    *Reference
	cancel context.CancelFunc
	done   chan struct{} // closed when watch has ended
	ready  chan struct{} // closed after the first enumeration
	change chan struct{} // capacity 1

	mu    sync.Mutex
	lists map[Kind][]Info // guarded by mu; slices are never changed in place
}

// New starts to enumerate and watch; it does not wait for either.
func New(cfg Config, log *slog.Logger) *Catalog {
	if cfg.Clock == (Clock{}) {
		cfg.Clock = NewClock()
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 2 * time.Second
	}
	if cfg.OpenTimeout <= 0 {
		cfg.OpenTimeout = 10 * time.Second
	}
	if cfg.WatchDir == "" {
		cfg.WatchDir = defaultWatchDir
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Catalog{
		cfg:    cfg,
		log:    log,
		ref:    NewReference(cfg.Clock.Now),
		cancel: cancel,
		done:   make(chan struct{}),
		ready:  make(chan struct{}),
		change: make(chan struct{}, 1),
		lists:  make(map[Kind][]Info),
	}
	go c.watch(ctx)
	return c
}

// Clock returns the capture clock of every source.
func (c *Catalog) Clock() Clock { return c.cfg.Clock }

// Reference returns what the open speakers play, for an echo canceller.
func (c *Catalog) Reference() *Reference { return c.ref }

// List returns the devices of kind as last seen, real ones first. It never
// blocks; before the first enumeration (see Ready) it is empty.
func (c *Catalog) List(k Kind) []Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lists[k])
}

// Ready waits for the first enumeration.
func (c *Catalog) Ready(ctx context.Context) error {
	select {
	case <-c.ready:
		return nil
	case <-c.done:
		select {
		case <-c.ready:
			return nil
		default:
			return fmt.Errorf("device catalog: %w", context.Canceled)
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Changed is readable after a list has changed. Wake-ups are coalesced and
// taken by one reader.
func (c *Catalog) Changed() <-chan struct{} { return c.change }

// OpenCamera opens what selector names (see ParseSelector). The error is
// ErrNone for "none", otherwise an *Error or that of ctx.
func (c *Catalog) OpenCamera(ctx context.Context, selector string, want VideoFormat) (VideoSource, error) {
	return c.openVideo(ctx, Camera, selector, want)
}

// OpenScreen opens a screen by its ID; "" is the first one.
func (c *Catalog) OpenScreen(ctx context.Context, id string, want VideoFormat) (VideoSource, error) {
	return c.openVideo(ctx, Screen, id, want)
}

func (c *Catalog) openVideo(ctx context.Context, k Kind, selector string, want VideoFormat) (VideoSource, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.OpenTimeout)
	defer cancel()
	sel, info, err := c.resolve(ctx, k, selector)
	if err != nil {
		return nil, err
	}
	src, err := c.cfg.Capture.OpenVideo(ctx, k, sel, want.OrDefault())
	if err != nil {
		return nil, c.explain(k, info, err)
	}
	return src, nil
}

// OpenMicrophone opens what selector names. "" follows the system's default
// where the system moves streams along (PulseAudio, PipeWire).
func (c *Catalog) OpenMicrophone(ctx context.Context, selector string) (AudioSource, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.OpenTimeout)
	defer cancel()
	sel, info, err := c.resolve(ctx, Microphone, selector)
	if err != nil {
		return nil, err
	}
	src, err := c.cfg.Capture.OpenAudio(ctx, sel)
	if err != nil {
		return nil, c.explain(Microphone, info, err)
	}
	return src, nil
}

// OpenSpeaker opens what selector names and plays what pull delivers, from
// before it returns until Close or loss. Every block also goes to Reference.
func (c *Catalog) OpenSpeaker(ctx context.Context, selector string, pull Pull) (SpeakerOut, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.OpenTimeout)
	defer cancel()
	sel, info, err := c.resolve(ctx, Speaker, selector)
	if err != nil {
		return nil, err
	}
	p := c.cfg.Sound
	if sel.Virtual() {
		p = c.cfg.Virtual
	}
	if p == nil {
		return nil, &Error{Kind: Speaker, Name: info.Name, Reason: Missing}
	}
	played := c.ref.Attach()
	spk, err := p.OpenSpeaker(ctx, sel, func(out []int16) {
		pull(out)
		played.Put(out, c.cfg.Clock.Now())
	})
	if err != nil {
		played.Detach()
		return nil, c.explain(Speaker, info, err)
	}
	return heard{spk, played}, nil
}

// resolve turns what a person typed into what a backend opens.
func (c *Catalog) resolve(ctx context.Context, k Kind, selector string) (Selector, Info, error) {
	sel, err := ParseSelector(selector)
	if err != nil {
		return sel, Info{}, &Error{Kind: k, Name: selector, Reason: Unsupported, Err: err}
	}
	if err := sel.Fits(k); err != nil {
		return sel, Info{}, err
	}
	if sel.Choice == NoDevice {
		return sel, Info{}, ErrNone
	}
	if sel.Virtual() {
		return sel, Info{Name: selector, Kind: k, Virtual: true}, nil
	}
	if err := c.Ready(ctx); err != nil {
		return sel, Info{}, c.explain(k, Info{Name: sel.Value}, err)
	}
	find := func() (Info, bool) {
		if sel.Choice == ByDefault {
			return NextBest(k, "", nil, c.List(k))
		}
		return Match(c.List(k), sel.Value)
	}
	info, ok := find()
	if !ok { // plugged in a moment ago?
		c.refresh(ctx, k)
		info, ok = find()
	}
	switch {
	case !ok && sel.Choice == ByDevice && k != Camera && k != Screen:
		// A sound system has more names than it lists: monitors, remapped
		// devices, ALSA plugins. It knows best whether this is one.
		return sel, Info{Name: sel.Value, Kind: k}, nil
	case !ok:
		return sel, Info{}, &Error{Kind: k, Name: sel.Value, Reason: Missing}
	case info.Virtual:
		sel, err := ParseSelector(info.ID)
		return sel, info, err
	case sel.Choice == ByDefault && (k == Microphone || k == Speaker):
		return sel, info, nil
	}
	return Selector{Choice: ByDevice, Value: info.ID}, info, nil
}

// explain makes an *Error of what a backend or the clock said. A backend that
// got no answer may know no more of the device than the ID that it was given.
func (c *Catalog) explain(k Kind, info Info, err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Name == info.ID && info.Name != "" {
		named := *e
		named.Name = info.Name
		return &named
	} else if ok || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it does not answer: %w", err)
	}
	return &Error{Kind: k, Name: info.Name, Reason: ReasonFor(err), Err: err}
}

// Close ends the watch and closes the backends, which waits for what they
// started. It gives up on a driver that hangs after five seconds and says so.
func (c *Catalog) Close() error {
	c.cancel()
	var errs []error
	select {
	case <-c.done:
	case <-time.After(5 * time.Second):
		errs = append(errs, errors.New("device catalog: enumeration hangs in a driver"))
	}
	errs = append(errs, c.cfg.Capture.Close())
	if c.cfg.Sound != nil {
		errs = append(errs, c.cfg.Sound.Close())
	}
	if c.cfg.Virtual != nil {
		errs = append(errs, c.cfg.Virtual.Close())
	}
	return errors.Join(errs...)
}
