package recv

import (
	"context"
	"sync"
	"time"

	"parley/media"
	"parley/media/jitter"
	"parley/media/voice"
)

// audioDecoder is *codec.AudioDecoder with one channel.
type audioDecoder interface {
	Decode(data []byte) ([]int16, error)
	DecodeFEC(data []byte) ([]int16, error)
	Conceal(samples int) ([]int16, error)
}

// AudioConfig is what an Audio is made of. Reader and Decoder are needed.
type AudioConfig struct {
	Reader packetReader
	// Decoder is used by the puller of Stream alone and stays the caller's to
	// close, once nobody pulls any more.
	Decoder audioDecoder
	Voice   voice.Config
	// Tap sees every packet as it arrives, on Run's goroutine, with Data valid
	// until it returns: for recording.
	Tap func(media.Unit)
}

// Audio receives one remote talker.
type Audio struct {
	cfg    AudioConfig
	reads  reads
	stream *voice.Stream

	mu         sync.Mutex // guards all below
	wall       jitter.ClockMap
	bytes      rate
	lastPacket time.Time
	clock      jitter.Timestamp
	firstTS    int64
	begun      bool
}

// AudioStats is a snapshot of one received talker, named as in getStats.
type AudioStats struct {
	voice.Stats
	BitrateBps float64 // payload received within the last second
	LastPacket time.Time
}

// NewAudio returns an Audio that receives with Run and is heard through Stream.
func NewAudio(cfg AudioConfig) *Audio {
	if cfg.Voice == (voice.Config{}) {
		cfg.Voice = voice.Default()
	}
	return &Audio{
		cfg:    cfg,
		reads:  reads{reader: cfg.Reader},
		stream: voice.NewStream(cfg.Decoder, cfg.Voice),
		wall:   jitter.NewClockMap(media.SampleRate),
	}
}

// Stream is what a Mixer pulls from.
func (a *Audio) Stream() *voice.Stream { return a.stream }

// Run receives until the reader ends, which is no error. After the end of ctx
// nothing is played any more: whoever ends it closes the connection, too.
func (a *Audio) Run(ctx context.Context) error { return a.reads.run(ctx, a.push) }

func (a *Audio) push(r received) {
	n := len(r.packet.Payload)
	if r.mended {
		a.stream.PushRepeated(r.packet, r.at)
	} else {
		a.stream.Push(r.packet, r.at)
	}
	a.mu.Lock()
	a.bytes.add(r.at, float64(n))
	a.lastPacket = r.at
	ts := a.clock.Extend(r.packet.Timestamp)
	if !a.begun {
		a.begun, a.firstTS = true, ts
	}
	pts := jitter.Ticks(ts-a.firstTS, media.SampleRate)
	ntp, _ := a.wall.Wall(r.packet.Timestamp)
	a.mu.Unlock()
	if a.cfg.Tap != nil && n > 0 {
		a.cfg.Tap(media.Unit{Codec: media.Opus, Data: r.packet.Payload, PTS: pts, Key: true, NTP: ntp})
	}
}

// SenderReport takes the NTP and RTP time of an RTCP sender report of this
// stream.
func (a *Audio) SenderReport(ntp uint64, rtpTime uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wall.Report(ntp, rtpTime)
}

// SetExtraDelay delays the sound by d more, for lip sync.
func (a *Audio) SetExtraDelay(d time.Duration) { a.stream.SetExtraDelay(d) }

// Age returns how long after its capture, by the sender's clock, what is heard
// at now was captured; false when nothing is heard or it is not known.
func (a *Audio) Age(now time.Time) (time.Duration, bool) {
	ts, ok := a.stream.Playing(now)
	if !ok {
		return 0, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.wall.Wall(ts)
	return now.Sub(at), ok
}

// Stats returns a snapshot.
func (a *Audio) Stats(now time.Time) AudioStats {
	st := AudioStats{Stats: a.stream.Stats()}
	st.PacketsMalformed += a.reads.malformed.Load()
	a.mu.Lock()
	defer a.mu.Unlock()
	st.BitrateBps = 8 * a.bytes.perSecond(now)
	st.LastPacket = a.lastPacket
	return st
}
