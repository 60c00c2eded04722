// Package localtest has cameras, microphones and speakers that a test can plug
// in, pull out and look at. They run in real time, or in the time of a
// testing/synctest bubble.
package localtest

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/latest"
)

// Devices is a computer's devices. It has the methods of device.Catalog that
// call/local uses.
type Devices struct {
	clock   device.Clock
	changed chan struct{}

	mu    sync.Mutex
	list  []device.Info
	state map[string]*unit // by kind and id
	slow  chan struct{}    // opening waits until it is closed; nil: it does not
}

type unit struct {
	refuse device.Reason // why it cannot be opened; 0: it can
	opens  int
	open   int // now
	lost   chan struct{}
	heard  []int16 // speaker
	tone   float64
	bright byte
	from   time.Duration // of beats; see SetBeat
	every  time.Duration // 0: no beats
}

// on reports whether a beat is on at a capture time.
func (u unit) on(pts time.Duration) bool {
	return u.every == 0 || pts >= u.from && (pts-u.from)/u.every%2 == 0
}

// New returns a computer with no devices.
func New() *Devices {
	return &Devices{clock: device.NewClock(), changed: make(chan struct{}, 1), state: map[string]*unit{}}
}

// WithAll returns a computer with one device of each kind: camera "cam",
// microphone "mic", speaker "spk".
func WithAll() *Devices {
	d := New()
	d.Plug(device.Camera, "cam", true)
	d.Plug(device.Microphone, "mic", true)
	d.Plug(device.Speaker, "spk", true)
	return d
}

func key(k device.Kind, id string) string { return k.String() + " " + id }

// Plug adds a device; its name is its id.
func (d *Devices) Plug(k device.Kind, id string, standard bool) {
	d.mu.Lock()
	d.list = append(d.list, device.Info{ID: id, Name: id, Kind: k, Default: standard})
	if d.state[key(k, id)] == nil {
		d.state[key(k, id)] = &unit{tone: 440, bright: 120}
	}
	d.state[key(k, id)].lost = make(chan struct{})
	d.mu.Unlock()
	d.poke()
}

// Pull removes a device, open or not.
func (d *Devices) Pull(k device.Kind, id string) {
	d.mu.Lock()
	d.list = slices.DeleteFunc(d.list, func(i device.Info) bool { return i.Kind == k && i.ID == id })
	close(d.state[key(k, id)].lost)
	d.mu.Unlock()
	d.poke()
}

// SetBusy gives a device to another program, or takes it back.
func (d *Devices) SetBusy(k device.Kind, id string, busy bool) {
	if busy {
		d.Refuse(k, id, device.Busy)
	} else {
		d.Refuse(k, id, 0)
	}
}

// Refuse lets every try to open a device fail for a reason; 0 ends that.
func (d *Devices) Refuse(k device.Kind, id string, why device.Reason) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state[key(k, id)].refuse = why
}

// SetTone changes what a microphone hears: Hz, 0 for silence.
func (d *Devices) SetTone(id string, hz float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state[key(device.Microphone, id)].tone = hz
}

// SetBright changes what a camera sees: luma.
func (d *Devices) SetBright(id string, luma byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state[key(device.Camera, id)].bright = luma
}

// SetBeat makes the microphone hear its tone, and the camera see its
// brightness, for every and then silence and darkness for as long, from start
// on, to the sample and the picture by when they are captured.
func (d *Devices) SetBeat(camera, microphone string, start time.Time, every time.Duration) {
	from := d.clock.Now() + time.Until(start)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range []string{key(device.Camera, camera), key(device.Microphone, microphone)} {
		d.state[k].from, d.state[k].every = from, every
	}
}

// Slow makes opening wait until the function is called.
func (d *Devices) Slow() (release func()) {
	c := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slow = c
	return sync.OnceFunc(func() {
		d.mu.Lock()
		d.slow = nil
		d.mu.Unlock()
		close(c)
	})
}

// Opens counts how often a device was opened.
func (d *Devices) Opens(k device.Kind, id string) int { return d.look(k, id).opens }

// Open reports whether a device is open: a camera's light.
func (d *Devices) Open(k device.Kind, id string) bool { return d.look(k, id).open > 0 }

func (d *Devices) look(k device.Kind, id string) unit {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := d.state[key(k, id)]; u != nil {
		return *u
	}
	return unit{}
}

// Heard returns and forgets what a speaker has played.
func (d *Devices) Heard(id string) []int16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.state[key(device.Speaker, id)]
	h := u.heard
	u.heard = nil
	return h
}

func (d *Devices) poke() {
	latest.Poke(d.changed)
}

// List is as device.Catalog's.
func (d *Devices) List(k device.Kind) []device.Info {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []device.Info
	for _, i := range d.list {
		if i.Kind == k {
			out = append(out, i)
		}
	}
	return out
}

// Changed is as device.Catalog's.
func (d *Devices) Changed() <-chan struct{} { return d.changed }

func (d *Devices) open(ctx context.Context, k device.Kind, selector string) (*opened, error) {
	d.mu.Lock()
	slow := d.slow
	d.mu.Unlock()
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	sel, err := device.ParseSelector(selector)
	if err != nil {
		return nil, err
	}
	if sel.Choice == device.NoDevice {
		return nil, device.ErrNone
	}
	if sel.Virtual() {
		return nil, &device.Error{Kind: k, Name: selector, Reason: device.Broken}
	}
	info, ok := device.NextBest(k, "", nil, d.List(k))
	if sel.Choice == device.ByDevice {
		info, ok = device.Match(d.List(k), sel.Value)
	}
	if !ok {
		return nil, &device.Error{Kind: k, Name: sel.Value, Reason: device.Missing}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	u := d.state[key(k, info.ID)]
	if u.refuse != 0 {
		return nil, &device.Error{Kind: k, Name: info.Name, Reason: u.refuse}
	}
	u.opens++
	u.open++
	return &opened{devices: d, info: info, unit: u, lost: u.lost, closed: make(chan struct{})}, nil
}

// opened is one open device.
type opened struct {
	devices *Devices
	info    device.Info
	unit    *unit
	lost    chan struct{}
	closed  chan struct{}
	once    sync.Once
}

func (o *opened) Info() device.Info { return o.info }

func (o *opened) Close() error {
	o.once.Do(func() {
		o.devices.mu.Lock()
		o.unit.open--
		o.devices.mu.Unlock()
		close(o.closed)
	})
	return nil
}

// wait lets one period pass.
func (o *opened) wait(ctx context.Context, tick *time.Ticker) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-o.closed:
		return media.ErrClosed
	case <-o.lost:
		return media.ErrSourceLost
	case <-tick.C:
		return nil
	}
}

// look reads a property that a test may change.
func (o *opened) look() unit {
	o.devices.mu.Lock()
	defer o.devices.mu.Unlock()
	return *o.unit
}

// OpenCamera opens a camera of 320x180 at 30 pictures a second.
func (d *Devices) OpenCamera(ctx context.Context, selector string, _ device.VideoFormat) (device.VideoSource, error) {
	o, err := d.open(ctx, device.Camera, selector)
	if err != nil {
		return nil, err
	}
	return &camera{opened: o, tick: time.NewTicker(time.Second / 30)}, nil
}

type camera struct {
	*opened
	tick *time.Ticker
	pool media.FramePool
	n    int
}

func (c *camera) Format() device.VideoFormat {
	return device.VideoFormat{Width: 320, Height: 180, FPS: 30}
}

// Next makes a picture of one brightness with a bar that moves.
func (c *camera) Next(ctx context.Context) (*media.Frame, error) {
	if err := c.wait(ctx, c.tick); err != nil {
		return nil, err
	}
	f := c.pool.Get(320, 180)
	u, pts := c.look(), c.devices.clock.Now()
	luma := u.bright
	if !u.on(pts) {
		luma = 16
	}
	for i := range f.Y {
		f.Y[i] = luma
	}
	for i := range f.U {
		f.U[i], f.V[i] = 128, 128
	}
	c.n++
	for y := range 20 {
		for x := range 16 {
			f.Y[y*f.YStride+(c.n*4)%300+x] = 235
		}
	}
	f.PTS = pts
	return f, nil
}

func (c *camera) Close() error {
	c.tick.Stop()
	return c.opened.Close()
}

// OpenMicrophone opens a microphone that hears a tone at half of full scale.
func (d *Devices) OpenMicrophone(ctx context.Context, selector string) (device.AudioSource, error) {
	o, err := d.open(ctx, device.Microphone, selector)
	if err != nil {
		return nil, err
	}
	return &microphone{opened: o, tick: time.NewTicker(media.BlockDur), pts: d.clock.Now()}, nil
}

type microphone struct {
	*opened
	tick  *time.Ticker
	pts   time.Duration
	phase float64
	buf   [media.BlockSamples]int16
}

func (m *microphone) Lost() uint64 { return 0 }

func (m *microphone) Next(ctx context.Context) (media.PCM, error) {
	// A ticker drops ticks when its reader is late; a microphone does not.
	for m.pts+media.BlockDur > m.devices.clock.Now() {
		if err := m.wait(ctx, m.tick); err != nil {
			return media.PCM{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return media.PCM{}, err
	}
	u := m.look()
	for i := range m.buf {
		m.buf[i] = 0
		if u.tone > 0 {
			if u.on(m.pts + time.Duration(i)*time.Second/media.SampleRate) {
				m.buf[i] = int16(16000 * math.Sin(m.phase))
			}
			m.phase += 2 * math.Pi * u.tone / media.SampleRate
		}
	}
	p := media.PCM{Samples: m.buf[:], Rate: media.SampleRate, Channels: 1, PTS: m.pts}
	m.pts += media.BlockDur
	return p, nil
}

func (m *microphone) Close() error {
	m.tick.Stop()
	return m.opened.Close()
}

// OpenSpeaker opens a speaker that keeps what it plays.
func (d *Devices) OpenSpeaker(ctx context.Context, selector string, pull device.Pull) (device.SpeakerOut, error) {
	o, err := d.open(ctx, device.Speaker, selector)
	if err != nil {
		return nil, err
	}
	s := &speaker{opened: o, gone: make(chan struct{}), done: make(chan struct{})}
	go s.run(pull)
	return s, nil
}

type speaker struct {
	*opened
	gone chan struct{}
	done chan struct{}
}

func (s *speaker) run(pull device.Pull) {
	defer close(s.done)
	tick := time.NewTicker(media.BlockDur)
	defer tick.Stop()
	var out [media.BlockSamples]int16
	next := s.devices.clock.Now()
	for {
		if err := s.wait(context.Background(), tick); err != nil {
			if err != media.ErrClosed { //nolint:errorlint // made by wait
				close(s.gone)
			}
			return
		}
		for ; next <= s.devices.clock.Now(); next += media.BlockDur {
			pull(out[:])
			s.devices.mu.Lock()
			s.unit.heard = append(s.unit.heard, out[:]...)
			s.devices.mu.Unlock()
		}
	}
}

func (s *speaker) Delay() time.Duration  { return 20 * time.Millisecond }
func (s *speaker) Lost() <-chan struct{} { return s.gone }

func (s *speaker) Close() error {
	err := s.opened.Close()
	<-s.done
	return err
}

// Loudness is how much of a tone of hz is in sound: its amplitude over full
// scale (Goertzel).
func Loudness(sound []int16, hz float64) float64 {
	if len(sound) == 0 {
		return 0
	}
	w := 2 * math.Pi * hz / media.SampleRate
	c := 2 * math.Cos(w)
	var a, b float64
	for _, v := range sound {
		a, b = float64(v)/(1<<15)+c*a-b, a
	}
	power := a*a + b*b - c*a*b
	return 2 * math.Sqrt(max(power, 0)) / float64(len(sound))
}
