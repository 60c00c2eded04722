package stats

import (
	"math"
	"sync"
	"time"
)

// Sample is what the parts of a call have counted so far; Session takes one a
// second and one at the end. A pointer that is nil means not known yet: the
// recorder keeps the last known value.
type Sample struct {
	Path string        // "" while not known
	RTT  time.Duration // 0 while not known

	VideoIn  *VideoCounters
	VideoOut *VideoCounters
	AudioIn  *AudioCounters
	AudioOut *AudioCounters
}

// VideoCounters are totals since the call began.
type VideoCounters struct {
	Frames, KeyFrames, Dropped uint64
	Bytes                      uint64
	Width, Height              int // 0 before the first picture
	// Freezes as getStats defines them; only the receiving side knows.
	HasFreezes    bool
	FreezeCount   uint64
	FreezeSeconds float64
	PauseSeconds  float64 // of gaps of 5 s and more
}

// AudioCounters are totals since the call began.
type AudioCounters struct {
	Packets, Bytes uint64
	// Playout figures; only the receiving side knows.
	HasPlayout        bool
	Samples           uint64 // played, per channel
	Concealed         uint64 // of Samples
	JitterBufferDelay time.Duration
	// HasLevel: Level is the linear RMS (0 to 1) since the last sample.
	HasLevel bool
	Level    float64
}

// Recorder gathers one call's Report. Safe for concurrent use.
type Recorder struct {
	mu         sync.Mutex
	began      time.Time
	accepted   time.Time
	connected  time.Time
	firstFrame time.Time
	ended      time.Time
	cpuBegan   time.Duration
	cpuKnown   bool
	cpuNow     time.Duration
	path       string
	rttSum     time.Duration
	rttN       int
	in, out    *VideoCounters
	ain, aout  *AudioCounters
	inFPS      fps
	outFPS     fps
	inLevel    power
	outLevel   power
}

// fps averages the seconds in which pictures came, so that a camera that was
// off for half of the call does not halve its frame rate.
type fps struct {
	last   uint64
	at     time.Time
	frames uint64
	span   time.Duration
}

func (f *fps) add(now time.Time, frames uint64) {
	if !f.at.IsZero() && frames > f.last {
		f.frames += frames - f.last
		f.span += now.Sub(f.at)
	}
	f.last, f.at = frames, now
}

// rate is nil until it has seen half a second of pictures.
func (f *fps) rate() *float64 {
	if f.span < 500*time.Millisecond {
		return nil
	}
	return ptr(round(float64(f.frames)/f.span.Seconds(), 2))
}

// power averages levels as power.
type power struct {
	sum float64
	n   int
}

func (p *power) add(level float64) { p.sum += level * level; p.n++ }

func (p *power) level() *float64 {
	if p.n == 0 {
		return nil
	}
	return ptr(round(math.Sqrt(p.sum/float64(p.n)), 5))
}

// NewRecorder starts the account of a call whose invitation was sent, or came,
// at began.
func NewRecorder(began time.Time) *Recorder {
	r := &Recorder{began: began}
	r.cpuBegan, r.cpuKnown = ProcessCPU()
	return r
}

// Accepted notes when the call was taken, here or there. Only the first counts,
// as with Connected, FirstFrame and Ended.
func (r *Recorder) Accepted(at time.Time) { r.mark(&r.accepted, at) }

// Connected notes when media could first flow.
func (r *Recorder) Connected(at time.Time) { r.mark(&r.connected, at) }

// FirstFrame notes when the first remote picture was ready to be shown.
func (r *Recorder) FirstFrame(at time.Time) { r.mark(&r.firstFrame, at) }

// Ended notes the end; Report counts the duration and the processor time up to it.
func (r *Recorder) Ended(at time.Time) {
	cpu, ok := ProcessCPU()
	r.mu.Lock()
	if r.ended.IsZero() && ok {
		r.cpuNow = cpu
	}
	r.mu.Unlock()
	r.mark(&r.ended, at)
}

func (r *Recorder) mark(t *time.Time, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.IsZero() {
		*t = at
	}
}

// Add takes in one sample.
func (r *Recorder) Add(now time.Time, s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Path != "" {
		r.path = s.Path
	}
	if s.RTT > 0 {
		r.rttSum += s.RTT
		r.rttN++
	}
	if s.VideoIn != nil {
		r.in = s.VideoIn
		r.inFPS.add(now, s.VideoIn.Frames)
	}
	if s.VideoOut != nil {
		r.out = s.VideoOut
		r.outFPS.add(now, s.VideoOut.Frames)
	}
	if s.AudioIn != nil {
		r.ain = s.AudioIn
		if s.AudioIn.HasLevel {
			r.inLevel.add(s.AudioIn.Level)
		}
	}
	if s.AudioOut != nil {
		r.aout = s.AudioOut
		if s.AudioOut.HasLevel {
			r.outLevel.add(s.AudioOut.Level)
		}
	}
}

// Report is the account up to now, or up to the end if that was noted.
func (r *Recorder) Report(now time.Time) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended.IsZero() {
		now = r.ended
	}
	var rep Report
	var span time.Duration
	if !r.connected.IsZero() {
		rep.SetupMS = ptr(millis(r.connected.Sub(r.began)))
		span = max(now.Sub(r.connected), 0)
		rep.DurationS = ptr(round(span.Seconds(), 3))
	}
	if !r.accepted.IsZero() && !r.firstFrame.IsZero() {
		rep.FirstFrameMS = ptr(millis(max(r.firstFrame.Sub(r.accepted), 0)))
	}
	if r.path != "" {
		rep.CandidatePair = ptr(r.path)
	}
	if r.rttN > 0 {
		rep.RTTMS = ptr(round((r.rttSum/time.Duration(r.rttN)).Seconds()*1000, 3))
	}
	if r.cpuKnown {
		cpu := r.cpuNow
		if r.ended.IsZero() {
			cpu, _ = ProcessCPU()
		}
		rep.CPUSeconds = ptr(round(max(cpu-r.cpuBegan, 0).Seconds(), 3))
	}
	rep.VideoIn = video(r.in, span, r.inFPS.rate())
	rep.VideoOut = video(r.out, span, r.outFPS.rate())
	rep.AudioIn = audio(r.ain, span, r.inLevel.level())
	rep.AudioOut = audio(r.aout, span, r.outLevel.level())
	return rep
}

func video(c *VideoCounters, span time.Duration, rate *float64) Video {
	if c == nil {
		return Video{}
	}
	v := Video{
		Frames: ptr(c.Frames), KeyFrames: ptr(c.KeyFrames), FramesDropped: ptr(c.Dropped),
		BitrateBPS: bitrate(c.Bytes, span), FPS: rate,
	}
	if c.Width > 0 && c.Height > 0 {
		v.Width, v.Height = ptr(c.Width), ptr(c.Height)
	}
	if c.HasFreezes {
		v.FreezeCount, v.FreezeSeconds = ptr(c.FreezeCount), ptr(round(c.FreezeSeconds, 3))
		v.PauseSeconds = ptr(round(c.PauseSeconds, 3))
	}
	return v
}

func audio(c *AudioCounters, span time.Duration, level *float64) Audio {
	if c == nil {
		return Audio{}
	}
	a := Audio{Packets: ptr(c.Packets), BitrateBPS: bitrate(c.Bytes, span), Level: level}
	if c.HasPlayout && c.Samples > 0 {
		a.ConcealedRatio = ptr(round(float64(c.Concealed)/float64(c.Samples), 5))
		a.JitterBufferMS = ptr(millis(c.JitterBufferDelay))
	}
	return a
}

func bitrate(bytes uint64, span time.Duration) *float64 {
	if span <= 0 {
		return nil
	}
	return ptr(round(float64(bytes)*8/span.Seconds(), 0))
}

func millis(d time.Duration) float64 { return round(d.Seconds()*1000, 1) }

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

func ptr[T any](v T) *T { return &v }
