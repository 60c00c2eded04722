package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/pion/mediadevices/pkg/driver"
	"github.com/pion/mediadevices/pkg/driver/screen"

	"parley/media"
	"parley/media/device"
	"parley/media/device/virtual"
)

// microphones is what the registry needs of device/sound.
type microphones interface {
	List(ctx context.Context, k device.Kind) ([]device.Info, error)
	OpenMicrophone(ctx context.Context, sel device.Selector) (device.AudioSource, error)
}

// Config says what the registry is made of.
type Config struct {
	Clock  device.Clock
	Sound  microphones   // nil: only virtual microphones
	Person func() string // the name on the test card; nil: none
}

// managerMu serialises scans: the manager of mediadevices is one per process,
// and a scan empties it on the way. It is not state of ours.
var managerMu sync.Mutex //nolint:gochecknoglobals // guards a global of mediadevices

// Registry lists and opens capture devices. One per process: they share
// mediadevices' manager. Safe for concurrent use.
type Registry struct {
	// static
	cfg  Config
	log  *slog.Logger
	scan chan struct{} // held while devices are looked at

	mu     sync.Mutex
	found  map[device.Kind]map[string]hardware // guarded by mu; by ID
	held   map[string]*capture                 // guarded by mu; by kind and ID
	own    map[string]bool                     // guarded by mu; IDs in the manager of what we registered for the lists
	closed bool                                // guarded by mu
	wg     sync.WaitGroup
}

// hardware is a camera or screen of the computer.
type hardware struct {
	info device.Info
	drv  driver.Driver
}

// New returns a registry; it looks at nothing before List.
func New(cfg Config, log *slog.Logger) *Registry {
	return &Registry{
		cfg: cfg, log: log, scan: make(chan struct{}, 1),
		found: make(map[device.Kind]map[string]hardware),
		held:  make(map[string]*capture),
		own:   make(map[string]bool),
	}
}

// List enumerates anew. A driver that hangs costs a goroutine and the caller
// the patience of his ctx.
func (r *Registry) List(ctx context.Context, k device.Kind) ([]device.Info, error) {
	switch k {
	case device.Camera, device.Screen:
		if err := r.rescan(ctx); err != nil {
			return nil, err
		}
		list := r.hardware(k)
		if k == device.Camera {
			list = append(list,
				device.Info{ID: "testcard", Name: "Test card", Kind: k, Virtual: true},
				device.Info{ID: "null", Name: "Blank", Kind: k, Virtual: true})
		}
		return list, nil
	case device.Microphone:
		var list []device.Info
		var err error
		if r.cfg.Sound != nil {
			list, err = r.cfg.Sound.List(ctx, k)
		}
		list = append(list,
			device.Info{ID: "tone", Name: "Tone", Kind: k, Virtual: true},
			device.Info{ID: "null", Name: "Silence", Kind: k, Virtual: true})
		r.listMicrophones(list)
		return list, err
	}
	return nil, nil
}

// hardware lists what look has found.
func (r *Registry) hardware(k device.Kind) []device.Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return ordered(k, r.found[k])
}

func ordered(k device.Kind, found map[string]hardware) []device.Info {
	list := make([]device.Info, 0, len(found))
	for _, h := range found {
		list = append(list, h.info)
	}
	if k == device.Camera {
		sortCameras(list)
	} else {
		slices.SortFunc(list, func(a, b device.Info) int { return compareIDs(a.ID, b.ID) })
	}
	return list
}

// name gives two alike names that differ, and says which is the first one. It
// is done once for what was found, so that an open device is called what the
// list calls it.
func name(k device.Kind, found map[string]hardware) {
	for n, i := range device.Distinct(ordered(k, found)) {
		i.Default = n == 0
		found[i.ID] = hardware{i, found[i.ID].drv}
	}
}

func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b) // X11Screen2 before X11Screen10
	}
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// rescan brings found up to date.
func (r *Registry) rescan(ctx context.Context) error {
	select {
	case r.scan <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan struct{})
	r.wg.Add(1)
	go func() {
		defer r.wg.Done()
		defer close(done)
		defer func() { <-r.scan }()
		r.look()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look asks for cameras and screens and registers ours again.
func (r *Registry) look() {
	managerMu.Lock()
	defer managerMu.Unlock()
	m := driver.GetManager()
	for _, d := range m.Query(driver.FilterVideoRecorder()) {
		m.Delete(d.ID())
	}
	cams, screens := r.lookForCameras(), r.lookForScreens()
	name(device.Camera, cams)
	name(device.Screen, screens)
	for _, sel := range []device.Selector{{Choice: device.TestCard}, {Choice: device.Null}} {
		a := &videoAdapter{open: func() (device.VideoSource, error) { return r.makeVideo(device.Camera, sel, device.VideoFormat{}) }}
		_, err := r.register(a, sel.String(), driver.Camera)
		if err != nil {
			r.log.Debug("virtual camera not registered", "err", err)
		}
	}
	r.mu.Lock()
	r.found[device.Camera], r.found[device.Screen] = cams, screens
	r.mu.Unlock()
}

func (r *Registry) lookForScreens() map[string]hardware {
	r.guarded("screens", screen.Initialize)
	screens := make(map[string]hardware)
	drivers := driver.GetManager().Query(driver.FilterDeviceType(driver.Screen))
	slices.SortFunc(drivers, func(a, b driver.Driver) int { return compareIDs(a.Info().Label, b.Info().Label) })
	for _, d := range drivers {
		i := device.Info{ID: d.Info().Label, Kind: device.Screen}
		i.Name = fmt.Sprintf("Screen %d", len(screens)+1)
		screens[i.ID] = hardware{i, d}
	}
	return screens
}

// guarded runs an Initialize of mediadevices, which panics on macOS when the
// system refuses the list.
func (r *Registry) guarded(what string, fn func()) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Warn("devices cannot be listed", "what", what, "err", p)
		}
	}()
	fn()
}

// listMicrophones registers the microphones as drivers, the old ones replaced.
func (r *Registry) listMicrophones(list []device.Info) {
	managerMu.Lock()
	defer managerMu.Unlock()
	m := driver.GetManager()
	have := make(map[string]driver.Driver)
	r.mu.Lock()
	for _, d := range m.Query(driver.FilterAudioRecorder()) {
		if r.own[d.ID()] {
			have[d.Info().Label] = d
		}
	}
	r.mu.Unlock()
	for _, i := range list {
		if _, ok := have[i.ID]; ok {
			delete(have, i.ID)
			continue
		}
		sel := device.Selector{Choice: device.ByDevice, Value: i.ID}
		if i.Virtual {
			sel, _ = device.ParseSelector(i.ID)
		}
		a := &audioAdapter{open: func() (device.AudioSource, error) { return r.makeAudio(context.Background(), sel) }}
		d, err := r.register(a, i.ID, driver.Microphone)
		if err != nil {
			r.log.Debug("microphone not registered", "err", err)
			continue
		}
		r.mu.Lock()
		r.own[d.ID()] = true
		r.mu.Unlock()
	}
	for _, d := range have { // unplugged
		m.Delete(d.ID())
		r.mu.Lock()
		delete(r.own, d.ID())
		r.mu.Unlock()
	}
}

// register adds a driver of ours and returns it.
func (r *Registry) register(a driver.Adapter, label string, t driver.DeviceType) (driver.Driver, error) {
	// Register does not say which ID it gave: a name nobody else has finds it.
	name := uuid.NewString()
	m := driver.GetManager()
	if err := m.Register(a, driver.Info{Label: label, Name: name, DeviceType: t}); err != nil {
		return nil, err
	}
	for _, d := range m.Query(func(d driver.Driver) bool { return d.Info().Name == name }) {
		return d, nil
	}
	return nil, errors.New("the registry lost a driver")
}

// makeVideo makes a camera of ours.
func (r *Registry) makeVideo(k device.Kind, sel device.Selector, want device.VideoFormat) (device.VideoSource, error) {
	switch sel.Choice {
	case device.TestCard:
		return virtual.NewCard(virtual.CardConfig{Kind: k, Format: want, Person: r.cfg.Person, Clock: r.cfg.Clock}), nil
	case device.Null:
		return virtual.NewBlank(want, r.cfg.Clock), nil
	case device.File:
		return virtual.OpenY4M(sel.Value, r.cfg.Clock)
	}
	return nil, &device.Error{Kind: k, Name: sel.String(), Reason: device.Missing}
}

// makeAudio makes a microphone.
func (r *Registry) makeAudio(ctx context.Context, sel device.Selector) (device.AudioSource, error) {
	switch sel.Choice {
	case device.Tone:
		return virtual.NewTone(sel.Hz, r.cfg.Clock), nil
	case device.Null:
		return virtual.NewSilence(r.cfg.Clock), nil
	case device.File:
		return virtual.OpenWAV(sel.Value, r.cfg.Clock)
	}
	if r.cfg.Sound == nil {
		return nil, &device.Error{Kind: device.Microphone, Name: sel.Value, Reason: device.Missing}
	}
	return r.cfg.Sound.OpenMicrophone(ctx, sel)
}

// Close closes what is open. It gives up on a driver that hangs after a few
// seconds and says so.
func (r *Registry) Close() error {
	r.mu.Lock()
	r.closed = true
	open := make([]*capture, 0, len(r.held))
	for _, c := range r.held {
		open = append(open, c)
	}
	r.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
	return waitFor(&r.wg)
}

var errClosed = fmt.Errorf("device registry: %w", media.ErrClosed)
