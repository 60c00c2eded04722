package voice

import (
	"sync"
	"time"

	"github.com/pion/rtp"

	"parley/media"
	"parley/media/jitter"
)

// decoder is Opus, mono at 48 kHz. What it returns is valid until its next
// call. Only Pull uses it.
type decoder interface {
	Decode(data []byte) ([]int16, error)
	// DecodeFEC restores the packet before data from the repair data in data.
	DecodeFEC(data []byte) ([]int16, error)
	// Conceal makes up so many samples, a multiple of 2.5 ms.
	Conceal(samples int) ([]int16, error)
}

// Config sets up a Stream.
type Config struct {
	StartDelay time.Duration // before anything is known of the path
	MinDelay   time.Duration
	MaxDelay   time.Duration // without lip sync
	Quantile   float64       // share of packets that shall come in time
	Forget     float64       // how much each packet fades those before it
}

// Default returns what a call uses.
func Default() Config {
	return Config{
		StartDelay: 80 * time.Millisecond,
		MinDelay:   20 * time.Millisecond,
		MaxDelay:   time.Second,
		Quantile:   0.95,
		Forget:     0.983,
	}
}

const (
	block = media.BlockSamples
	msec  = media.SampleRate / 1000

	latenessWindow = 2 * time.Second // the fastest packet is looked for in it
	latenessBucket = 10 * time.Millisecond
	startPackets   = 10 // until then StartDelay is the least
	spell          = 500 * time.Millisecond
	spellForget    = 0.95 // what happens once is no rule; what does not any more is forgotten after half a minute

	// Concealment plays as the decoder makes it, then fades.
	fadeFrom = 100 * msec
	fadeTo   = 200 * msec
	fadeIn   = 5 * msec // after it

	maxGap    = 120 * msec // longer losses are skipped, not made up
	maxExcess = 1000 * msec
	tolerance = 15 * msec // delay over or under target that is left alone
	hurry     = 200 * msec
	pause     = 5 // Pulls between two stretches

	// slack is what the delay needs beyond the network's jitter because the
	// device pulls unevenly; it grows when a packet that came in time was
	// nevertheless too late.
	slackMin  = 10 * msec
	slackMax  = 60 * msec
	slackStep = 10 * msec
	slackFall = 0.48 // samples per Pull: 1 ms a second

	history     = window // played samples that are kept for stretching
	pcmSize     = 16384
	newTimeline = 5 * time.Second // later than that is no delay
	silenced    = 2 * time.Second // without packets: nothing is being said
)

// Stream plays out one remote talker.
type Stream struct {
	cfg   Config     // static
	dec   decoder    // owned by Pull
	meter LevelMeter // written by Pull, read by all

	mu       sync.Mutex // guards all up to the next group
	queue    queue
	seq      jitter.Sequence
	clock    jitter.Timestamp
	arrivals *jitter.Arrivals
	lateness *jitter.Histogram // of packets
	spells   spells            // of the latest packets
	mends    mends             // of what was lost and came with a later one
	jitter   jitter.Interarrival
	begun    bool
	ssrc     uint32
	epoch    time.Time
	firstTS  int64
	heard    time.Time
	extra    int64   // lip sync, samples
	device   int64   // from Pull to the ear, samples
	slack    float64 // samples
	tick     int64   // Pulls so far
	next     int64   // sequence number to decode next
	nextTS   int64   // timestamp behind what was decoded
	settled  bool    // next is final
	hold     bool    // silent: wait until enough is in store
	played   bool    // something has been decoded
	dtx      bool    // the sender does not transmit its silence
	run      int64   // samples made up since the last decoded one
	idle     int64   // of those, silence that may turn out not to be loss
	lastDur  int64   // samples of the last packet
	newest   newest
	delay    float64 // samples, smoothed
	position int64   // timestamp of the next sample to be pulled
	stats    Stats

	// Owned by Pull.
	pcm      [pcmSize]int16
	cur, end int // what is yet to be played
	gain     float32
	calm     int // Pulls until the next stretch
	wanting  int // Pulls for which one has been wanted
	floor    float64
}

// newest describes the packet with the highest number.
type newest struct {
	end  int64 // timestamp behind it
	dur  int64
	late int64
	tick int64
}

// NewStream returns a stream that decodes with dec, which stays the caller's
// to close, after the last Pull.
func NewStream(dec decoder, cfg Config) *Stream {
	return &Stream{
		cfg:      cfg,
		dec:      dec,
		arrivals: jitter.NewArrivals(latenessWindow, 256),
		lateness: jitter.NewHistogram(latenessBucket, int(cfg.MaxDelay/latenessBucket)+1, cfg.Forget),
		spells:   spells{worst: jitter.NewHistogram(latenessBucket, int(cfg.MaxDelay/latenessBucket)+1, spellForget)},
		mends:    newMends(),
		slack:    slackMin,
		hold:     true,
		lastDur:  960,
		cur:      history,
		end:      history,
		gain:     1,
	}
}

func samples(d time.Duration) int64 { return int64(d * msec / time.Millisecond) }

func duration(n int64) time.Duration { return jitter.Ticks(n, media.SampleRate) }

// Push takes a packet that arrived at now, in any order. The stream keeps
// p.Payload until it has been played; the caller must not write to it. A
// payload that is not Opus is counted and otherwise ignored.
func (s *Stream) Push(p *rtp.Packet, now time.Time) { s.push(p, now, false) }

// PushRepeated takes a packet that did not come but was found in a later one,
// which came at now and is yet to be pushed.
func (s *Stream) PushRepeated(p *rtp.Packet, now time.Time) { s.push(p, now, true) }

func (s *Stream) push(p *rtp.Packet, now time.Time, repeated bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !repeated {
		s.stats.PacketsReceived++
		s.stats.BytesReceived += uint64(len(p.Payload))
	}
	if len(p.Payload) == 0 {
		return // padding
	}
	dur, ok := opusDuration(p.Payload)
	if !ok {
		s.stats.PacketsMalformed++
		return
	}
	if s.begun && p.SSRC != s.ssrc {
		s.begun = false
		s.seq, s.clock = jitter.Sequence{}, jitter.Timestamp{}
		s.restartLocked()
	}
	seq, reset, ok := s.seq.Extend(p.SequenceNumber)
	if !ok {
		s.stats.PacketsDiscarded++
		return
	}
	ts := s.clock.Extend(p.Timestamp)
	if !s.begun {
		s.begun, s.ssrc, s.epoch, s.firstTS = true, p.SSRC, now, ts
		s.next = seq
	}
	if reset {
		s.restartLocked()
		s.next = seq
	}
	s.heard = now
	at := duration(ts - s.firstTS)
	late := s.arrivals.Add(now, at)
	if late > newTimeline {
		s.arrivals.Reset()
		late = s.arrivals.Add(now, at)
	}
	if repeated {
		s.mends.add(late)
	} else {
		s.lateness.Add(late)
		if seq == s.queue.highest+2 && opusHasFEC(p.Payload) {
			s.mends.add(late + duration(s.lastDur))
		}
		if seq >= s.queue.highest {
			s.spells.add(now, late)
		}
		s.jitter.Add(now.Sub(s.epoch), at)
	}

	if seq < s.next && !s.settled && s.next-seq < queueSize/2 {
		s.next = seq // the very first packets overtook each other
	}
	if seq < s.next || s.queue.get(seq) != nil {
		if !repeated {
			s.stats.PacketsDiscarded++
		}
		return
	}
	if repeated {
		s.stats.FECPacketsReceived++
	}
	for ; seq-s.next >= queueSize; s.next++ {
		s.settled = true
		if old := s.queue.get(s.next); old != nil {
			s.stats.PacketsDiscarded++
			s.queue.drop(old)
		} else {
			s.stats.PacketsLost++
		}
	}
	if seq >= s.queue.highest {
		s.newest = newest{end: ts + int64(dur), dur: int64(dur), late: samples(late), tick: s.tick}
	}
	s.queue.put(packet{seq: seq, ts: ts, dur: int64(dur), late: samples(late), data: p.Payload, tick: s.tick})
}

// restartLocked forgets what is in store: the sender began anew.
func (s *Stream) restartLocked() {
	s.queue.clear()
	s.arrivals.Reset()
	s.settled, s.hold, s.dtx = false, true, false
	s.newest = newest{}
}

// SetExtraDelay delays the sound by d more, for lip sync.
func (s *Stream) SetExtraDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extra = samples(min(max(d, 0), time.Second))
}

// SetDeviceDelay says how long after its Pull the first sample of a block is
// heard: what the device and the operating system hold.
func (s *Stream) SetDeviceDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.device = samples(max(d, 0))
}

// Playing returns the sender's timestamp of what leaves the speaker at now, to
// the block; false when nothing is being said.
func (s *Stream) Playing(now time.Time) (rtpTime uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.played || s.hold || now.Sub(s.heard) > silenced {
		return 0, false
	}
	return uint32(s.position - block - s.device), true
}

// Level is the meter of what this talker says now.
func (s *Stream) Level() *LevelMeter { return &s.meter }

// Stats returns the counters.
func (s *Stream) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Jitter = s.jitter.Seconds()
	st.AudioLevel = s.meter.RMS()
	st.Delay = duration(max(int64(s.delay), 0))
	st.Target = duration(s.targetLocked())
	st.Queued = duration(s.queue.level(s.next, s.lastDur))
	return st
}

// targetLocked is the wanted delay from the fastest packet's arrival to its
// Pull, in samples.
func (s *Stream) targetLocked() int64 {
	t := max(s.lateness.Quantile(s.cfg.Quantile), s.spells.worst.Quantile(s.cfg.Quantile), s.mends.wait(s.cfg.Quantile))
	if s.lateness.Count() < startPackets {
		t = max(t, s.cfg.StartDelay)
	}
	n := samples(t) + int64(s.slack)
	return min(max(n, samples(s.cfg.MinDelay)), samples(s.cfg.MaxDelay)) + s.extra
}

// Pull fills out with the next 48 kHz mono samples, whole blocks of 10 ms; a
// rest shorter than a block is silence. It never waits for the network.
func (s *Stream) Pull(out []int16) {
	for len(out) >= block {
		s.pull(out[:block])
		out = out[block:]
	}
	clear(out)
}

func (s *Stream) pull(out []int16) {
	wish := s.begin()
	if wish == faster || wish == muchFaster {
		for s.end-s.cur < window && s.more() {
			s.fill()
		}
	}
	for s.end-s.cur < block {
		s.fill()
	}
	if wish == slower && s.end-s.cur < maxLag && s.more() {
		s.fill()
	}
	changed := s.stretch(wish)
	copy(out, s.pcm[s.cur:s.cur+block])
	s.cur += block
	s.finish(out, changed)
}

// more reports whether the packet that follows is in store.
func (s *Stream) more() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.hold && s.queue.get(s.next) != nil
}

// finish accounts for a block that goes to the device.
func (s *Stream) finish(out []int16, changed int) {
	s.meter.Write(out)
	energy := 0.0
	for _, v := range out {
		f := float64(v) / 32768
		energy += f * f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.position = s.nextTS - int64(s.end-s.cur)
	s.delay += float64(changed)
	switch {
	case changed > 0:
		s.stats.InsertedSamplesForDeceleration += uint64(changed)
	case changed < 0:
		s.stats.RemovedSamplesForAcceleration += uint64(-changed)
	}
	if s.played {
		s.stats.TotalSamplesReceived += block
		s.stats.TotalSamplesDuration += media.BlockDur
		// The mean square of the block times its 10 ms.
		s.stats.TotalAudioEnergy += energy / block * media.BlockDur.Seconds()
	}
}
