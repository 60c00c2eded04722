// Package send encodes what this person's camera and microphone deliver, once,
// and hands every encoded unit to all who are in the call.
//
//	camera goroutine ──Frame──> latest.Slot ──> Video.Run ──Unit──> Leg ──> one track per peer
//	microphone goroutine ──PCM──> Audio.Write ──Unit──> one track per peer
//	peer ──how much the path carries──> Leg ──> rate, size and frame rate
//
// Video is one goroutine (Run); Audio is run by the microphone's. Which bit
// rate, size and frame rate is decided by pure functions of time (ladder.go,
// control.go). Data of a unit is valid only during WriteUnit.
package send

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
	"parley/media/latest"
)

// frameSource is a mailbox of the newest picture; latest.Slot is one.
type frameSource interface {
	Take() (*media.Frame, bool)
	Wake() <-chan struct{}
}

// VideoEncoder is an encoder that scales a picture of any size to its target.
type VideoEncoder interface {
	// Encode returns a unit whose Data is valid until the next call, or one
	// without Data if the picture was left out to keep the bit rate; a key frame
	// asked for then comes with the next picture that is not.
	Encode(f *media.Frame, key bool) (media.Unit, error)
	SetTarget(c Choice) error
	Close() error
}

// unitWriter is one receiver's track. WriteUnit must not block and must not
// keep u.Data.
type unitWriter interface{ WriteUnit(u media.Unit) error }

// pacedWriter is one that sends pictures at the pace of its path.
type pacedWriter interface {
	unitWriter
	// Backlog is how long what waits to be sent takes to leave.
	Backlog() time.Duration
}

// mostBacklog is how late a picture may leave: while more waits, the next one
// is left out, which costs less than a picture that comes too late.
const mostBacklog = 200 * time.Millisecond

// keyInterval is the least time between two key frames on request: a key
// frame costs as much as half a second of pictures, and all who lost one ask
// at the same time.
const keyInterval = 200 * time.Millisecond

// VideoConfig makes a Video.
type VideoConfig struct {
	Source     frameSource
	NewEncoder func(Choice) (VideoEncoder, error)
	Limits     Limits
	Log        *slog.Logger
	Now        func() time.Time // nil: time.Now
}

// VideoStats are totals since the Video was made.
type VideoStats struct {
	Frames, KeyFrames uint64 // sent
	Dropped           uint64 // captured in time for the frame rate, but left out by the encoder or for lack of time
	Bytes             uint64 // encoded, once however many receive it
	Width, Height     int    // of the last picture sent
	Choice            Choice
	EncodeTime        time.Duration // in all
	// SlowCPU: this machine cannot encode what the link would carry.
	SlowCPU bool
}

// Video encodes pictures from its source for all its legs.
type Video struct {
	cfg  VideoConfig
	wake chan struct{} // legs changed

	mu         sync.Mutex
	legs       []*Leg // replaced, never changed in place
	keyPending bool
	limits     Limits
	stats      VideoStats

	// Owned by Run.
	enc      VideoEncoder
	encFail  time.Time // when opening the encoder failed last
	target   Choice
	shape    shape
	cadence  cadence
	lastKey  time.Time
	firstKey bool // the encoder has yet to make its first picture
}

// NewVideo returns a Video that does nothing until Run.
func NewVideo(cfg VideoConfig) *Video {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Video{cfg: cfg, wake: make(chan struct{}, 1), limits: cfg.Limits.orDefault(), shape: newShape()}
}

// Leg is one receiver of the encoded pictures.
type Leg struct {
	video  *Video
	writer pacedWriter
	errors atomic.Uint64

	rate int // bit/s; guarded by video.mu
}

// Attach adds a receiver, which first gets a key frame.
func (v *Video) Attach(w pacedWriter) *Leg {
	v.mu.Lock()
	leg := &Leg{video: v, writer: w, rate: v.limits.StartBPS}
	v.legs = append(v.legs[:len(v.legs):len(v.legs)], leg)
	v.keyPending = true
	v.mu.Unlock()
	v.poke()
	return leg
}

// Close takes the receiver out. A unit that is being written may still arrive.
func (l *Leg) Close() {
	v := l.video
	v.mu.Lock()
	kept := make([]*Leg, 0, len(v.legs))
	for _, other := range v.legs {
		if other != l {
			kept = append(kept, other)
		}
	}
	v.legs = kept
	v.mu.Unlock()
	v.poke()
}

// RequestKey asks for a key frame; requests are coalesced.
func (l *Leg) RequestKey() { l.video.RequestKey() }

// SetRate says how many bits a second of pictures the leg's path carries; at 0
// none are sent.
func (l *Leg) SetRate(bps int) {
	l.video.mu.Lock()
	defer l.video.mu.Unlock()
	l.rate = max(bps, 0)
}

// Errors counts units that the receiver's track refused.
func (l *Leg) Errors() uint64 { return l.errors.Load() }

// RequestKey asks for a key frame for everybody.
func (v *Video) RequestKey() {
	v.mu.Lock()
	v.keyPending = true
	v.mu.Unlock()
}

// SetLimits changes the bounds.
func (v *Video) SetLimits(l Limits) {
	l = l.orDefault()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.limits = l
}

// Limits are the bounds now.
func (v *Video) Limits() Limits {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.limits
}

// Stats are the totals so far.
func (v *Video) Stats() VideoStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.stats
}

func (v *Video) poke() {
	latest.Poke(v.wake)
}

// Run encodes until ctx ends, and returns nil then. While nobody receives, no
// encoder exists.
func (v *Video) Run(ctx context.Context) error {
	defer v.closeEncoder()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-v.wake:
			if legs, _, _ := v.plan(); len(legs) == 0 {
				v.closeEncoder()
			}
		case <-v.cfg.Source.Wake():
			if f, ok := v.cfg.Source.Take(); ok {
				v.picture(f)
				f.Release()
			}
		}
	}
}

// plan is who receives, at how many bits: the slowest link's, because all get
// the same picture.
func (v *Video) plan() ([]*Leg, int, Limits) {
	v.mu.Lock()
	defer v.mu.Unlock()
	bits := v.limits.BitrateBPS
	for _, l := range v.legs {
		bits = min(bits, l.rate)
	}
	return v.legs, bits, v.limits
}

func (v *Video) picture(f *media.Frame) {
	legs, bits, limits := v.plan()
	if len(legs) == 0 {
		v.closeEncoder()
		return
	}
	if bits == 0 {
		return // the path hardly carries sound
	}
	start := v.cfg.Now()
	choice := v.shape.choose(start, bits, f.Width, f.Height, limits)
	if !v.cadence.want(f.PTS, choice.FPS) {
		return
	}
	for _, l := range legs {
		if l.writer.Backlog() > mostBacklog {
			v.count(func(s *VideoStats) { s.Dropped++ })
			return
		}
	}
	if !v.retarget(start, choice) {
		return
	}
	key := v.takeKey(start)
	u, err := v.enc.Encode(f, key)
	end := v.cfg.Now()
	took := end.Sub(start)
	if err != nil {
		v.cfg.Log.Warn("picture not encoded", "err", err)
		v.closeEncoder()
		v.encFail = end
		v.count(func(s *VideoStats) { s.Dropped++ })
		return
	}
	if v.shape.encoded(end, took, time.Duration(float64(time.Second)/choice.FPS)) {
		v.cfg.Log.Info("encoding takes too long; sending a smaller picture", "took", took, "size", choice.Width)
	}
	if len(u.Data) == 0 {
		v.count(func(s *VideoStats) { s.Dropped++; s.EncodeTime += took })
		return
	}
	if u.Key {
		v.lastKey = end
	}
	if u.NTP.IsZero() {
		u.NTP = f.NTP
	}
	for _, l := range legs {
		if err := l.writer.WriteUnit(u); err != nil && l.errors.Add(1) == 1 && !errors.Is(err, media.ErrClosed) {
			v.cfg.Log.Warn("picture not sent", "err", err)
		}
	}
	slow := v.shape.ceiling < v.shape.rung
	v.count(func(s *VideoStats) {
		s.Frames++
		if u.Key {
			s.KeyFrames++
		}
		s.Bytes += uint64(len(u.Data))
		s.Width, s.Height = choice.Width, choice.Height
		s.Choice, s.SlowCPU = choice, slow
		s.EncodeTime += took
	})
}

// retarget makes the encoder, or changes it, so that it produces c.
func (v *Video) retarget(now time.Time, c Choice) bool {
	if v.enc == nil {
		// An encoder that cannot be made is tried again once a second, not per picture.
		if !v.encFail.IsZero() && now.Sub(v.encFail) < time.Second {
			return false
		}
		enc, err := v.cfg.NewEncoder(c)
		if err != nil {
			v.cfg.Log.Error("no video encoder", "err", err)
			v.encFail = now
			return false
		}
		v.enc, v.target, v.encFail, v.firstKey = enc, c, time.Time{}, true
		return true
	}
	if c == v.target {
		return true
	}
	if err := v.enc.SetTarget(c); err != nil {
		v.cfg.Log.Error("video encoder refused its target", "err", err, "target", c)
		v.closeEncoder()
		v.encFail = now
		return false
	}
	v.target = c
	return true
}

// takeKey says whether the picture at hand must be a key frame.
func (v *Video) takeKey(now time.Time) bool {
	if v.firstKey {
		v.firstKey = false
		v.mu.Lock()
		v.keyPending = false
		v.mu.Unlock()
		return true
	}
	if !v.lastKey.IsZero() && now.Sub(v.lastKey) < keyInterval {
		return false // still pending
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	key := v.keyPending
	v.keyPending = false
	return key
}

func (v *Video) count(change func(*VideoStats)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change(&v.stats)
}

func (v *Video) closeEncoder() {
	if v.enc == nil {
		return
	}
	if err := v.enc.Close(); err != nil {
		v.cfg.Log.Warn("video encoder", "err", err)
	}
	v.enc, v.cadence, v.lastKey = nil, cadence{}, time.Time{}
}
