package recv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"parley/media"
	"parley/media/jitter"
)

// keyRequester asks the sender for a key frame: *Feedback.
type keyRequester interface{ RequestKey() error }

// nackSender asks the sender for packets again: *Feedback. It does not keep
// the slice.
type nackSender interface{ SendNack(seqs []uint16) error }

// videoDecoder is *codec.VideoDecoder. A nil frame without an error is a
// picture that is not to be shown.
type videoDecoder interface {
	Decode(u media.Unit) (*media.Frame, error)
	Close() error
}

// frameSink is *latest.Slot[*media.Frame].
type frameSink interface {
	Put(f *media.Frame) (old *media.Frame, dropped bool)
}

// VideoConfig is what a Video is made of. Reader, Decoder and Sink are needed.
type VideoConfig struct {
	Reader  packetReader
	Decoder videoDecoder // closed by Run
	Sink    frameSink
	Keys    keyRequester // nil: key frames cannot be asked for
	Nacks   nackSender   // nil: nor packets
	Jitter  jitter.Config
	// Tap sees every frame before it is decoded, on Run's goroutine, with Data
	// valid until it returns: for recording.
	Tap func(media.Unit)
	Log *slog.Logger // nil: none
}

// Video receives one remote picture.
type Video struct {
	cfg   VideoConfig
	log   *slog.Logger
	reads reads
	queue chan received
	// overflow counts packets that came faster than they could be taken; the
	// newest are dropped, and asked for again.
	overflow atomic.Uint64

	nacks  []uint16  // owned by Run
	logged time.Time // owned by Run

	mu      sync.Mutex // guards all below
	buffer  *jitter.Buffer
	freezes jitter.FreezeMeter
	bytes   rate
	frames  rate
	stats   VideoStats
	age     time.Duration
	aged    bool
}

// VideoStats is a snapshot of one received picture, named as in getStats.
type VideoStats struct {
	jitter.Stats
	jitter.Freezes
	RetransmittedPacketsReceived uint64 // by RTX
	FramesDecoded                uint64
	KeyFramesDecoded             uint64
	FramesShown                  uint64 // handed to the sink and not overwritten there
	DecodeErrors                 uint64
	TotalDecodeTime              time.Duration
	FrameWidth, FrameHeight      int     // of the last frame; 0 before the first
	FramesPerSecond              float64 // decoded within the last second
	BitrateBps                   float64 // payload received within the last second
	FirstFrame, LastFrame        time.Time
	LastPacket                   time.Time
}

// NewVideo returns a Video that begins with Run.
func NewVideo(cfg VideoConfig) *Video {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Jitter == (jitter.Config{}) {
		cfg.Jitter = jitter.Default()
	}
	return &Video{
		cfg:    cfg,
		log:    cfg.Log,
		reads:  reads{reader: cfg.Reader},
		queue:  make(chan received, queueDepth),
		buffer: jitter.New(cfg.Jitter),
	}
}

// SetRTT tells the round-trip time, by which requests are paced.
func (v *Video) SetRTT(rtt time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.SetRTT(rtt)
}

// SetExtraDelay delays the picture by d more, for lip sync.
func (v *Video) SetExtraDelay(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.SetExtraDelay(d)
}

// SenderReport takes the NTP and RTP time of an RTCP sender report of this
// stream.
func (v *Video) SenderReport(ntp uint64, rtpTime uint32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.SenderReport(ntp, rtpTime)
}

// Age returns how long after its capture, by the sender's clock, the last
// frame was shown; false when that is not known or two seconds ago. Only
// differences between ages of one sender mean anything.
func (v *Video) Age(now time.Time) (time.Duration, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.age, v.aged && now.Sub(v.stats.LastFrame) < 2*time.Second
}

// Stats returns a snapshot.
func (v *Video) Stats(now time.Time) VideoStats {
	v.mu.Lock()
	defer v.mu.Unlock()
	st := v.stats
	st.Stats = v.buffer.Stats()
	st.Freezes = v.freezes.Counts()
	st.PacketsMalformed += v.reads.malformed.Load()
	st.PacketsDiscarded += v.overflow.Load()
	// To getStats a frame that could not be decoded, or that was overwritten
	// before anyone looked, is dropped too.
	st.FramesDropped += v.stats.DecodeErrors + v.stats.FramesDropped
	st.FramesPerSecond = v.frames.perSecond(now)
	st.BitrateBps = 8 * v.bytes.perSecond(now)
	return st
}

// Run receives until the reader ends, which is no error; then it closes the
// decoder. After the end of ctx nothing is shown any more: whoever ends it
// closes the connection, too. It can run once.
func (v *Video) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- v.reads.run(ctx, v.enqueue) }()
	err, over := v.loop(ctx, ended)
	if !over {
		cancel()
		err = <-ended
	}
	if cerr := v.cfg.Decoder.Close(); cerr != nil {
		err = errors.Join(err, fmt.Errorf("close video decoder: %w", cerr))
	}
	return err
}

// enqueue runs on the reader's goroutine.
func (v *Video) enqueue(r received) {
	select {
	case v.queue <- r:
	default:
		v.overflow.Add(1)
	}
}

func (v *Video) loop(ctx context.Context, ended <-chan error) (err error, over bool) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, false
		case err := <-ended:
			return err, true
		case r := <-v.queue:
			v.push(r)
			v.drain()
		case <-timer.C:
		}
		timer.Reset(v.work(ctx))
	}
}

// drain takes all packets that are there, so that the queue does not fill
// while pictures are being decoded.
func (v *Video) drain() {
	for {
		select {
		case r := <-v.queue:
			v.push(r)
		default:
			return
		}
	}
}

func (v *Video) push(r received) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.buffer.Push(r.packet, r.at)
	v.bytes.add(r.at, float64(len(r.packet.Payload)))
	v.stats.LastPacket = r.at
	if r.rtx {
		v.stats.RetransmittedPacketsReceived++
	}
}

// work asks for what is missing and shows what is due. It returns after how
// long to come back.
func (v *Video) work(ctx context.Context) time.Duration {
	for {
		v.ask()
		v.mu.Lock()
		u, wait, ok := v.buffer.Pop(time.Now())
		v.mu.Unlock()
		if !ok || ctx.Err() != nil {
			return wait
		}
		v.show(u)
		v.drain()
	}
}

func (v *Video) ask() {
	now := time.Now()
	v.mu.Lock()
	v.nacks = append(v.nacks[:0], v.buffer.Missing(now)...)
	key := v.buffer.NeedKey(now)
	v.mu.Unlock()
	if len(v.nacks) > 0 && v.cfg.Nacks != nil {
		if err := v.cfg.Nacks.SendNack(v.nacks); err != nil {
			v.complain("nack not sent", err)
		}
	}
	if key && v.cfg.Keys != nil {
		if err := v.cfg.Keys.RequestKey(); err != nil {
			v.complain("key frame not requested", err)
		}
	}
}

func (v *Video) show(u media.Unit) {
	if v.cfg.Tap != nil {
		v.cfg.Tap(u)
	}
	began := time.Now()
	f, err := v.cfg.Decoder.Decode(u)
	now := time.Now()
	if err != nil {
		v.mu.Lock()
		v.stats.DecodeErrors++
		v.buffer.RequireKey()
		v.mu.Unlock()
		v.complain("frame not decoded", err)
		return
	}
	var width, height int
	overwritten := false
	if f != nil {
		f.PTS, f.NTP = u.PTS, u.NTP
		width, height = f.Width, f.Height // f is the sink's after Put
		var old *media.Frame
		if old, overwritten = v.cfg.Sink.Put(f); overwritten && old != nil {
			old.Release()
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stats.FramesDecoded++
	v.stats.TotalDecodeTime += now.Sub(began)
	if u.Key {
		v.stats.KeyFramesDecoded++
	}
	v.frames.add(now, 1)
	if f == nil {
		return
	}
	v.stats.FrameWidth, v.stats.FrameHeight = width, height
	v.stats.FramesShown++
	if overwritten {
		v.stats.FramesShown--
		v.stats.FramesDropped++
	}
	if v.stats.FirstFrame.IsZero() {
		v.stats.FirstFrame = now
	}
	v.stats.LastFrame = now
	v.freezes.Shown(now)
	if v.aged = !u.NTP.IsZero(); v.aged {
		v.age = now.Sub(u.NTP)
	}
}

// complain logs at most once a second.
func (v *Video) complain(what string, err error) {
	if now := time.Now(); now.Sub(v.logged) >= time.Second {
		v.logged = now
		v.log.Debug(what, "err", err)
	}
}
