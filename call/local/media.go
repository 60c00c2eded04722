package local

import (
	"context"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"parley/call/send"
	"parley/media"
	"parley/media/device"
	"parley/media/latest"
	"parley/media/mic"
	"parley/media/voice"
)

// catalog is what Media needs of device.Catalog.
type catalog interface {
	List(k device.Kind) []device.Info
	Changed() <-chan struct{}
	OpenCamera(ctx context.Context, selector string, want device.VideoFormat) (device.VideoSource, error)
	OpenMicrophone(ctx context.Context, selector string) (device.AudioSource, error)
	OpenSpeaker(ctx context.Context, selector string, pull device.Pull) (device.SpeakerOut, error)
}

// unitWriter is one peer's track.
type unitWriter interface{ WriteUnit(u media.Unit) error }

// pacedWriter is one that sends at the pace of its path.
type pacedWriter interface {
	unitWriter
	Backlog() time.Duration
}

// Config says what a Media is made of.
type Config struct {
	Devices catalog
	// The encoders; nil: VP8 and Opus of media/codec.
	NewVideoEncoder func(send.Choice) (send.VideoEncoder, error)
	NewAudioEncoder func() (send.AudioEncoder, error)
	Format          device.VideoFormat // wanted of the camera; zero: 720p at 30
	Limits          send.Limits        // what is zero: as send.DefaultLimits
	LowData         bool               // to begin with; see SetLowData
	// Selectors to begin with (see device.ParseSelector); "" is the system's
	// choice, and for the ringer: the speaker.
	Camera, Microphone, Speaker, Ringer string
	CameraOff, MicrophoneOff            bool // to begin with
	// Mic cleans the microphone's sound as Cleaning says to begin with, with
	// Reference as what the speakers play; nil: it is left as it is.
	Mic       *mic.Kit
	Cleaning  mic.Options
	Reference *device.Reference
	Log       *slog.Logger
}

// Media are this person's devices. All methods return at once and may be
// called from any goroutine; what opens or closes shows in State.
type Media struct {
	// static
	cfg                       Config
	log                       *slog.Logger
	cam, mic, speaker, ringer *line
	video                     *send.Video
	audio                     *send.Audio
	camera                    *latest.Slot[*media.Frame] // to the encoder
	spk                       *playback
	ring                      *playback

	micLevel voice.LevelMeter
	speaking atomic.Uint32 // bits of a float32: as SpeakingLikely

	cleaning atomic.Pointer[mic.Options]

	delay atomic.Int64 // of the open speaker, nanoseconds

	changed latest.Bell // after State

	mu       sync.Mutex
	held     int                                     // guarded by mu
	heldCam  int                                     // guarded by mu: the camera alone
	lists    map[device.Kind][]device.Info           // guarded by mu
	watchers map[*latest.Slot[*media.Frame]]struct{} // guarded by mu
	ringerTo string                                  // guarded by mu: selector, "": the speaker

	limits    send.Limits // guarded by mu
	lowData   bool        // guarded by mu
	theirMost int         // guarded by mu: kilobits a second in all; 0: no bound
	cleaned   mic.State   // guarded by mu
}

// New returns devices that are all closed until Run and Hold.
func New(cfg Config) *Media {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Format = cfg.Format.OrDefault()
	if cfg.NewVideoEncoder == nil {
		cfg.NewVideoEncoder = newVP8
	}
	if cfg.NewAudioEncoder == nil {
		cfg.NewAudioEncoder = newOpus
	}
	m := &Media{
		cfg: cfg, log: cfg.Log,
		camera:   latest.New[*media.Frame](),
		lists:    map[device.Kind][]device.Info{},
		watchers: map[*latest.Slot[*media.Frame]]struct{}{},
		ringerTo: cfg.Ringer, limits: cfg.Limits, lowData: cfg.LowData,
	}
	m.video = send.NewVideo(send.VideoConfig{
		Source: m.camera, NewEncoder: cfg.NewVideoEncoder, Limits: bounded(cfg.Limits, cfg.LowData, 0), Log: cfg.Log,
	})
	m.audio = send.NewAudio(send.AudioConfig{NewEncoder: cfg.NewAudioEncoder, Log: cfg.Log})
	m.audio.SetMuted(cfg.MicrophoneOff)
	m.cleaning.Store(&cfg.Cleaning)
	m.spk = newPlayback()
	m.ring = newPlayback()
	m.cam = newLine(m, device.Camera, m.openCamera)
	m.mic = newLine(m, device.Microphone, m.openMicrophone)
	m.speaker = newLine(m, device.Speaker, m.openSpeaker)
	m.ringer = newLine(m, device.Speaker, m.openRinger)
	m.speaker.failed, m.ringer.failed = m.spk.unheard, m.ring.unheard
	m.cam.use = Use{Selector: cfg.Camera, On: !cfg.CameraOff}
	m.mic.use = Use{Selector: cfg.Microphone, On: !cfg.MicrophoneOff}
	m.speaker.use = Use{Selector: cfg.Speaker, On: true}
	m.ringer.use = Use{Selector: cfg.Ringer, On: true}
	m.listAll()
	return m
}

// Run opens, watches and closes devices until ctx ends; then all are closed,
// and it returns nil.
func (m *Media) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, l := range m.allLines() {
		wg.Go(func() { l.run(ctx) })
	}
	wg.Go(func() { _ = m.video.Run(ctx) })
	for {
		select {
		case <-ctx.Done():
			wg.Wait()
			m.drain(m.camera)
			for _, p := range []*playback{m.spk, m.ring} {
				p.forget(func(*playing) bool { return true })
			}
			if err := m.audio.Close(); err != nil {
				m.log.Warn("sound encoder", "err", err)
			}
			return nil
		case <-m.cfg.Devices.Changed():
			m.listAll()
			for _, l := range m.allLines() {
				l.poke()
			}
		case <-m.spk.idle:
			m.speaker.poke()
		case <-m.ring.idle:
			m.ringer.poke()
		}
	}
}

func (m *Media) allLines() []*line {
	return []*line{m.cam, m.mic, m.speaker, m.ringer}
}

func (m *Media) listAll() {
	m.change(func() {
		for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker} {
			m.lists[k] = m.cfg.Devices.List(k)
		}
	})
}

// change runs f under the lock and wakes who watches the state.
func (m *Media) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	m.changed.Ring()
}

// State is a snapshot of the devices.
func (m *Media) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return State{
		Camera:      m.cam.use,
		Microphone:  m.mic.use,
		Speaker:     m.speaker.use,
		Cameras:     m.lists[device.Camera],
		Microphones: m.lists[device.Microphone],
		Speakers:    m.lists[device.Speaker],
		LowData:     m.lowData,
		Cleaning:    *m.cleaning.Load(),
		Cleaned:     m.cleaned,
	}
}

// Subscribe returns a channel that is readable after State changed, and what
// ends the subscription.
func (m *Media) Subscribe() (<-chan struct{}, func()) { return m.changed.Subscribe() }

// SetCamera switches the camera. Off closes it, so that its light goes out.
func (m *Media) SetCamera(on bool) { m.setOn(m.cam, on) }

// SetMicrophone unmutes or mutes. A muted microphone stays open, so that
// MicLevel can tell that its owner speaks into it.
func (m *Media) SetMicrophone(on bool) {
	m.audio.SetMuted(!on)
	m.setOn(m.mic, on)
}

func (m *Media) setOn(l *line, on bool) {
	m.change(func() { l.use.On = on })
	l.poke()
}

// UseCamera chooses the camera by selector, also while one is open.
func (m *Media) UseCamera(selector string) { m.choose(m.cam, selector) }

// UseMicrophone chooses the microphone by selector, also while one is open.
func (m *Media) UseMicrophone(selector string) { m.choose(m.mic, selector) }

// UseSpeaker chooses the speaker by selector, also while one is open.
func (m *Media) UseSpeaker(selector string) { m.choose(m.speaker, selector) }

// UseRinger chooses where it rings; "" is the speaker.
func (m *Media) UseRinger(selector string) {
	m.change(func() { m.ringerTo = selector })
	m.choose(m.ringer, selector)
}

func (m *Media) choose(l *line, selector string) {
	m.change(func() {
		l.use.Selector = selector
		l.chosen++ // also the same one again: a person who picks it wants it tried
	})
	l.poke()
}

// Hold keeps the microphone and the speaker open, and the camera as long as
// it is on, until release is called: for a call, a preview or a test.
// Several may hold at the same time; release may be called more than once.
func (m *Media) Hold() (release func()) { return m.holdBy(&m.held) }

// HoldCamera is Hold for the camera alone: who looks at themselves is not
// listened to.
func (m *Media) HoldCamera() (release func()) { return m.holdBy(&m.heldCam) }

func (m *Media) holdBy(count *int) (release func()) {
	m.hold(count, 1)
	return sync.OnceFunc(func() { m.hold(count, -1) })
}

func (m *Media) hold(count *int, n int) {
	m.change(func() { *count += n })
	for _, l := range m.allLines() {
		l.poke()
	}
}

// wish is what a line shall do now.
func (m *Media) wish(l *line) wish {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := wish{selector: l.use.Selector, chosen: l.chosen}
	switch {
	case l == m.ringer:
		w.active = m.ring.busy()
	case l.kind == device.Speaker:
		w.active = m.held > 0 || m.spk.busy()
	case l.kind == device.Camera:
		w.active = (m.held > 0 || m.heldCam > 0) && l.use.On
	default:
		w.active = m.held > 0
	}
	return w
}

func (m *Media) list(k device.Kind) []device.Info {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lists[k]
}

// Watch gives the own picture, the newest only, until stop is called. It opens
// nothing. The taker releases the frames.
func (m *Media) Watch() (frames *latest.Slot[*media.Frame], stop func()) {
	s := latest.New[*media.Frame]()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watchers[s] = struct{}{}
	return s, func() {
		m.mu.Lock()
		delete(m.watchers, s)
		m.mu.Unlock()
		m.drain(s)
	}
}

func (m *Media) drain(s *latest.Slot[*media.Frame]) {
	if f, ok := s.Take(); ok {
		f.Release()
	}
}

// show hands a picture, of which the caller keeps its reference, to the
// encoder and to all who watch.
func (m *Media) show(f *media.Frame) {
	put := func(s *latest.Slot[*media.Frame]) {
		if old, dropped := s.Put(f.Retain()); dropped {
			old.Release()
		}
	}
	put(m.camera)
	m.mu.Lock()
	defer m.mu.Unlock()
	for s := range m.watchers {
		put(s)
	}
}

// SetCleaning says what is done to the microphone's sound from its next 10 ms on.
func (m *Media) SetCleaning(o mic.Options) {
	m.change(func() { m.cleaning.Store(&o) })
}

// SpeakingLikely is how likely this person speaks now, muted or not, 0 to 1;
// ok is false when nobody listens for that (noise suppression and gain are
// off, or not in this build).
func (m *Media) SpeakingLikely() (p float64, ok bool) {
	v := math.Float32frombits(m.speaking.Load())
	return float64(max(v, 0)), v >= 0 && m.open(m.mic)
}

// MicLevel is how loud the microphone is now as others would hear it, before
// muting: linear RMS, 0 to 1, falling as an eye can follow; 0 while none is
// open.
func (m *Media) MicLevel() float64 { return m.whileOpen(m.mic, &m.micLevel) }

// SpeakerLevel is how loud the speaker plays now, as MicLevel.
func (m *Media) SpeakerLevel() float64 { return m.whileOpen(m.speaker, m.spk.mixer.Level()) }

func (m *Media) whileOpen(l *line, meter *voice.LevelMeter) float64 {
	if !m.open(l) {
		return 0
	}
	return meter.RMS()
}

func (m *Media) open(l *line) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return l.use.Open
}

// Mixer is what the speaker plays: calls add their voices to it.
func (m *Media) Mixer() *voice.Mixer { return m.spk.mixer }

// SpeakerDelay is about how long a block travels from the mixer to the air; 0
// while no speaker is open.
func (m *Media) SpeakerDelay() time.Duration { return time.Duration(m.delay.Load()) }

// AttachVideo sends the camera's pictures to a peer until the Leg is closed.
func (m *Media) AttachVideo(w pacedWriter) *send.Leg { return m.video.Attach(w) }

// AttachAudio sends the microphone's sound to a peer until detach is called.
func (m *Media) AttachAudio(w unitWriter) (detach func()) { return m.audio.Attach(w) }

// RequestKey asks for a key frame for all peers.
func (m *Media) RequestKey() { m.video.RequestKey() }

// SetLimits changes what video may cost. Low data, here or there, is below it.
func (m *Media) SetLimits(l send.Limits) { m.bound(func() { m.limits = l }) }

// SetLowData caps what is sent, and what the other side is asked to send, at
// LowDataKbps in all; also while a call is up.
func (m *Media) SetLowData(on bool) { m.bound(func() { m.lowData = on }) }

// SetTheirMost caps what is sent at so many kilobits a second in all, because
// the other side asks for that; 0: no bound.
func (m *Media) SetTheirMost(kbps int) { m.bound(func() { m.theirMost = kbps }) }

// bound changes a bound and passes the lowest on.
func (m *Media) bound(f func()) {
	m.change(func() {
		before := bounded(m.limits, m.lowData, m.theirMost)
		f()
		if l := bounded(m.limits, m.lowData, m.theirMost); l != before {
			m.video.SetLimits(l)
		}
	})
}

// VideoWanted is how many bits a second of pictures there can be at most.
func (m *Media) VideoWanted() int { return m.video.Limits().BitrateBPS }

// VideoStats are the totals of the picture sent since the program began.
func (m *Media) VideoStats() send.VideoStats { return m.video.Stats() }

// AudioStats are the totals of the sound sent since the program began.
func (m *Media) AudioStats() send.AudioStats { return m.audio.Stats() }

// SetAudioLoss says which share of the sound's packets, 0 to 1, gets lost: as
// much repair data is sent.
func (m *Media) SetAudioLoss(share float64) { m.audio.SetLoss(share) }
