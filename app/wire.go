package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"parley/app/internal/line"
	"parley/app/internal/settings"
	"parley/call"
	"parley/call/local"
	"parley/call/peer"
	"parley/call/send"
	"parley/call/trust"
	"parley/media/device"
	"parley/media/device/native"
	"parley/media/device/sound"
	"parley/media/device/virtual"
	"parley/media/mic"
	"parley/signaling/discover"
	"parley/ui/present"
)

// program is everything that runs whether or not there is a window. This file
// is the only one that names concrete types of every layer.
type program struct {
	flags    *flags
	dir      string
	log      *slog.Logger
	settings governed
	service  string // that a flag or a link names; "": none does
	catalog  *device.Catalog
	mic      *mic.Kit
	media    *local.Media
	line     *line.Line
	phone    *call.Phone
	came     atomic.Bool // a call came about

	prompt func(text string) // tells a person what to do; nil: the window does

	mu    sync.Mutex
	asked string // guarded by mu: the address for signing in that was said last
}

// assemble makes the parts of a program; none runs before run.
func assemble(f *flags, dir string, store *settings.Store, log *slog.Logger) (*program, error) {
	id, err := trust.Load(dir)
	if err != nil {
		return nil, err
	}
	pins, err := trust.LoadPins(dir)
	if err != nil {
		return nil, err
	}
	rules := f.rules
	chosen := governed{store, rules}
	p := &program{flags: f, dir: dir, log: log, settings: chosen}
	book := &trust.Book{Identity: id, Pins: pins, Service: func() string { return p.line.Scope() }}
	s := chosen.Get()
	name := first(f.Name, s.Name)
	if name == "" && f.Headless {
		name = loginName()
	}
	p.service = f.Service
	if f.Link != "" { // a link names its service
		service, _, err := parseLink(f.Link)
		if err == nil && rules.Permit(service) == nil { // else the window says so
			p.service = service
		}
	}

	desk := discover.Config{Self: discover.NewID(), Log: log}
	own := func(ctx context.Context) (line.Own, error) {
		return startOwn(ctx, filepath.Join(dir, "service"), desk, log)
	}
	if rules.NoOwnService || !bringsService {
		own = nil
	}
	p.line = line.New(line.Config{
		Identity: id, Name: name, Service: first(p.service, s.Service), Version: "parley " + version,
		Keep: func(name, service string) error {
			return chosen.Update(func(s *settings.Settings) { s.Name, s.Service, s.Welcome = name, service, true })
		},
		Find: func(ctx context.Context) []discover.Service { return discover.Find(ctx, desk, findFor) },
		Own:  own, Permit: permit(rules), Strangers: rules.Strangers, NoDeletion: rules.NoDeletion,
		Verified: func(name string, key []byte) bool {
			pin, ok := book.Look(name)
			return ok && pin.Verified && bytes.Equal(pin.Key, key)
		},
		Forget: pins.Forget,
		InCall: func() bool { return p.phone.Current() != nil || len(p.phone.Ringing()) > 0 },
		Log:    log,
	})

	clock := device.NewClock()
	speakers := sound.New(sound.Config{Clock: clock}, log)
	person := func() string { return p.line.State().Me.Name }
	p.catalog = device.New(device.Config{
		Clock:   clock,
		Capture: native.New(native.Config{Clock: clock, Sound: speakers, Person: person}, log),
		Sound:   speakers, Virtual: virtual.NewSpeakers(clock),
	}, log)
	limits := send.DefaultLimits()
	limits.Width, limits.Height, limits.FPS, limits.BitrateBPS = f.width, f.height, f.Rate, f.Bitrate*1000
	p.mic = mic.NewKit(log)
	if missing := mic.Missing(); missing != "" {
		log.Warn("this build does not have all that cleans a microphone's sound", "missing", missing)
	}
	p.media = local.New(local.Config{
		Devices: p.catalog, Mic: p.mic, Reference: p.catalog.Reference(),
		Cleaning: present.Choices(s).Cleaning(),
		Format:   device.VideoFormat{Width: f.width, Height: f.height, FPS: float64(f.Rate)},
		Limits:   limits,
		Camera:   first(f.Camera, s.Camera), Microphone: first(f.Microphone, s.Microphone),
		Speaker: first(f.Speaker, s.Speaker), Ringer: s.Ringer,
		LowData: s.LowData, CameraOff: s.StartCameraOff, MicrophoneOff: s.StartMuted,
		Log: log,
	})
	p.phone = call.NewPhone(call.Config{
		Signal: p.line, Local: p.media, AutoAnswer: f.Answer, Trust: book, NoRecording: rules.NoRecording,
		Peer: func(c *peer.Config) { c.RelayOnly = c.RelayOnly || f.RelayOnly || chosen.Get().RelayOnly },
		// On this network everybody sees everybody's address anyway.
		HideFromStrangers: func() bool { return chosen.Get().HideFromStrangers && !p.line.Near() },
		Log:               log,
	})
	return p, nil
}

// run keeps everything going until ctx ends. The phone stops first, while the
// devices and the line are still there to hang up with.
func (p *program) run(ctx context.Context) error {
	below, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.line.Run(below); err != nil {
			p.log.Error("line", "err", err)
		}
	})
	wg.Go(func() {
		if err := p.media.Run(below); err != nil {
			p.log.Error("media", "err", err)
		}
	})
	wg.Go(func() {
		if err := peer.WatchNetwork(below, func() {
			p.line.NetworkChanged()
			p.phone.NetworkChanged()
		}); err != nil {
			p.log.Warn("changes of the network will not be seen", "err", err)
		}
	})
	err := p.phone.Run(ctx)
	cancel()
	wg.Wait()
	return errors.Join(err, p.catalog.Close(), p.mic.Close())
}

// phone is call.Phone with the windows' types.
type phone struct{ *call.Phone }

func (p phone) dial(to, link string, video bool) (present.Session, error) {
	s, err := p.Phone.Dial(to, link, video)
	if errors.Is(err, call.ErrInCall) {
		return nil, present.ErrInCall
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Current implements present.Phone.
func (p phone) Current() present.Session {
	if s := p.Phone.Current(); s != nil {
		return s
	}
	return nil
}

// Unsafe implements present.Phone.
func (p phone) Unsafe() present.Session {
	if s := p.Phone.Unsafe(); s != nil {
		return s
	}
	return nil
}

// Ringing implements present.Phone.
func (p phone) Ringing() []present.Session {
	var out []present.Session
	for _, s := range p.Phone.Ringing() {
		out = append(out, s)
	}
	return out
}

// choicesOf lets the windows see the settings as they know them. A name given
// by --name holds for this run and makes the welcome screen superfluous. A
// service that is named is what that screen offers.
type choicesOf struct {
	governed
	name, service string
}

// Get implements present.Settings.
func (c choicesOf) Get() present.Choices {
	v := present.Choices(c.governed.Get())
	if c.service != "" && !v.Welcome {
		v.Service = c.service
	}
	if c.name != "" {
		v.Name, v.Welcome = c.name, true
	}
	return v
}

// Update implements present.Settings.
func (c choicesOf) Update(f func(*present.Choices)) error {
	return c.governed.Update(func(s *settings.Settings) {
		v := present.Choices(*s)
		f(&v)
		*s = settings.Settings(v)
	})
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
