package echo

import (
	"context"
	"math"
	"sync"
	"time"

	"parley/media"
	"parley/media/device"
	"parley/media/latest"
	"parley/media/picture"
)

// tape is the answering party's devices: a speaker that records what it is
// given to play, a microphone and a camera that play the recording back. It has
// the methods of device.Catalog that call/local uses.
//
//	call ──voice──> speaker (pull) ──> tape ──> microphone ──> call
//	call ──picture─> watch ──────────> tape ──> camera ──────> call
type tape struct {
	clock  device.Clock
	length time.Duration

	mu      sync.Mutex
	phase   Phase     // guarded by mu, as all below
	began   time.Time // of the phase
	sound   []int16
	frames  []shot
	at      int // samples played
	loud    int // blocks in which somebody spoke
	changed func()
	round   int
}

// shot is one recorded picture.
type shot struct {
	frame *media.Frame
	at    time.Duration // since the recording began
}

const (
	// Pictures are kept small: five seconds at 15 a second are 15 MB.
	shotWidth, shotHeight = 480, 270
	shotEvery             = time.Second / 15
	// spoken is the linear level above which a block counts as heard: -40 dB.
	spoken = 0.01
)

func newTape(length time.Duration, changed func()) *tape {
	return &tape{clock: device.NewClock(), length: length, changed: changed}
}

// record begins a round.
func (t *tape) record(now time.Time) {
	t.mu.Lock()
	t.eraseLocked()
	t.phase, t.began = Recording, now
	t.round++
	t.mu.Unlock()
	t.changed()
}

func (t *tape) eraseLocked() {
	for _, s := range t.frames {
		s.frame.Release()
	}
	t.frames, t.sound, t.at, t.loud = nil, nil, 0, 0
}

func (t *tape) erase() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.eraseLocked()
}

// hear records one block; a full tape is played.
func (t *tape) hear(block []int16) {
	t.mu.Lock()
	full := false
	if t.phase == Recording {
		t.sound = append(t.sound, block...)
		if rms(block) > spoken {
			t.loud++
		}
		if full = len(t.sound) >= samples(t.length); full {
			t.phase, t.began, t.at = Playing, time.Now(), 0
		}
	}
	t.mu.Unlock()
	if full {
		t.changed()
	}
}

// say fills one block from the tape, or with silence.
func (t *tape) say(block []int16) {
	t.mu.Lock()
	clear(block)
	over := false
	if t.phase == Playing {
		t.at += copy(block, t.sound[t.at:])
		if over = t.at >= len(t.sound); over {
			t.phase, t.began = Done, time.Now()
		}
	}
	t.mu.Unlock()
	if over {
		t.changed()
	}
}

// see records one picture; the caller keeps its reference.
func (t *tape) see(f *media.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := time.Since(t.began)
	if t.phase != Recording || len(t.frames) > 0 && since-t.frames[len(t.frames)-1].at < shotEvery {
		return
	}
	w, h := picture.FitSize(f.Width, f.Height, shotWidth, shotHeight)
	g, err := picture.Scale(f, w, h, nil)
	if err != nil {
		return
	}
	t.frames = append(t.frames, shot{g, since})
}

// show returns the picture that belongs to now, retained; nil: none.
func (t *tape) show(now time.Time) *media.Frame {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.phase != Playing {
		return nil
	}
	since := now.Sub(t.began)
	var f *media.Frame
	for _, s := range t.frames {
		if s.at > since {
			break
		}
		f = s.frame
	}
	if f == nil {
		return nil
	}
	return f.Retain()
}

// progress is where the tape is.
func (t *tape) progress(now time.Time) (phase Phase, left time.Duration, heard, seen bool, round int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch t.phase {
	case Recording:
		left = t.length - time.Duration(len(t.sound))*time.Second/media.SampleRate
	case Playing:
		left = time.Duration(len(t.sound)-t.at) * time.Second / media.SampleRate
	}
	// A word has a fifth of a second.
	return t.phase, max(left, 0), t.loud >= 20, len(t.frames) > 0, t.round
}

func samples(d time.Duration) int { return int(d * media.SampleRate / time.Second) }

func rms(block []int16) float64 {
	sum := 0.0
	for _, v := range block {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum/float64(max(len(block), 1))) / (1 << 15)
}

// List has one device of each kind.
func (t *tape) List(k device.Kind) []device.Info { return []device.Info{tapeInfo(k)} }

func tapeInfo(k device.Kind) device.Info {
	return device.Info{ID: "tape", Name: "tape", Kind: k, Default: true}
}

// Changed never has anything to tell.
func (t *tape) Changed() <-chan struct{} { return nil }

// OpenCamera plays the recorded pictures.
func (t *tape) OpenCamera(context.Context, string, device.VideoFormat) (device.VideoSource, error) {
	return &head{tape: t, kind: device.Camera, tick: time.NewTicker(shotEvery), closed: make(chan struct{})}, nil
}

// OpenMicrophone plays the recorded sound.
func (t *tape) OpenMicrophone(context.Context, string) (device.AudioSource, error) {
	return &micHead{head: head{
		tape: t, kind: device.Microphone, tick: time.NewTicker(media.BlockDur), closed: make(chan struct{}),
	}, pts: t.clock.Now()}, nil
}

// OpenSpeaker records what it is given to play.
func (t *tape) OpenSpeaker(_ context.Context, _ string, pull device.Pull) (device.SpeakerOut, error) {
	s := &speakerHead{head: head{
		tape: t, kind: device.Speaker, tick: time.NewTicker(media.BlockDur), closed: make(chan struct{}),
	}, done: make(chan struct{}), lost: make(chan struct{})}
	go s.run(pull)
	return s, nil
}

// head is one device at the tape.
type head struct {
	tape   *tape
	kind   device.Kind
	tick   *time.Ticker
	closed chan struct{}
	once   sync.Once
}

func (h *head) Info() device.Info { return tapeInfo(h.kind) }

func (h *head) Close() error {
	h.once.Do(func() {
		h.tick.Stop()
		close(h.closed)
	})
	return nil
}

func (h *head) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-h.closed:
		return media.ErrClosed
	case <-h.tick.C:
		return nil
	}
}

// Format is that of the recorded pictures.
func (h *head) Format() device.VideoFormat {
	return device.VideoFormat{Width: shotWidth, Height: shotHeight, FPS: float64(time.Second / shotEvery)}
}

// Next waits for a picture to play.
func (h *head) Next(ctx context.Context) (*media.Frame, error) {
	for {
		if err := h.wait(ctx); err != nil {
			return nil, err
		}
		f := h.tape.show(time.Now())
		if f == nil {
			continue
		}
		// The time stamp is that of playing: a copy, because the recording is shared.
		g := f.Clone(nil)
		f.Release()
		g.PTS = h.tape.clock.Now()
		return g, nil
	}
}

type micHead struct {
	head
	pts   time.Duration
	block [media.BlockSamples]int16
}

// Next waits for the next 10 ms. A ticker that was late is caught up with: a
// sound clock does not lose time.
func (m *micHead) Next(ctx context.Context) (media.PCM, error) {
	for m.pts > m.tape.clock.Now() {
		if err := m.wait(ctx); err != nil {
			return media.PCM{}, err
		}
	}
	select {
	case <-m.closed:
		return media.PCM{}, media.ErrClosed
	default:
	}
	m.tape.say(m.block[:])
	p := media.PCM{Samples: m.block[:], Rate: media.SampleRate, Channels: 1, PTS: m.pts}
	m.pts += media.BlockDur
	return p, nil
}

// Lost is zero: the tape waits.
func (m *micHead) Lost() uint64 { return 0 }

type speakerHead struct {
	head
	done chan struct{}
	lost chan struct{} // never closed
}

func (s *speakerHead) run(pull device.Pull) {
	defer close(s.done)
	var block [media.BlockSamples]int16
	next := s.tape.clock.Now()
	for s.wait(context.Background()) == nil {
		for ; next <= s.tape.clock.Now(); next += media.BlockDur {
			pull(block[:])
			s.tape.hear(block[:])
		}
	}
}

// Delay is none.
func (s *speakerHead) Delay() time.Duration { return 0 }

// Lost never happens.
func (s *speakerHead) Lost() <-chan struct{} { return s.lost }

// Close waits for the last pull.
func (s *speakerHead) Close() error {
	err := s.head.Close()
	<-s.done
	return err
}

// watch records the pictures of a slot until ctx ends.
func (t *tape) watch(ctx context.Context, slot *latest.Slot[*media.Frame]) {
	for {
		if f, ok := slot.Take(); ok {
			t.see(f)
			f.Release()
		}
		select {
		case <-ctx.Done():
			if f, ok := slot.Take(); ok {
				f.Release()
			}
			return
		case <-slot.Wake():
		}
	}
}
