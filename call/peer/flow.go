package peer

import (
	"log/slog"
	"sync"
	"time"

	"github.com/pion/rtcp"

	"parley/call/bandwidth"
	"parley/media/latest"
)

const (
	wireOverhead = 20 + 8 + 16 // bytes beside RTP: IPv4, UDP, the tag of SRTP
	rtpOverhead  = 12 + 16     // bytes of header, about

	startRate    = 300_000   // bit/s, before anything is known: probes find more within half a second
	leastBPS     = 60_000    // in all: voice
	leastVideo   = 25_000    // bit/s of pictures that are worth sending
	wantedAtMost = 3_000_000 // until SetVideoWanted

	paceFactor = 2.5                    // a picture leaves within this part of its time
	queueFor   = time.Second            // what waits longer is sent faster than the path may take
	rememberFB = 8192                   // packets; it divides 2^16
	lateFB     = 100 * time.Millisecond // two reports: what is missing then is lost
	unknownFB  = time.Second            // of what no report has told
)

// departed is a packet that left, until the other side has told of it.
type departed struct {
	at      time.Time
	size    int32
	cluster int32
	seq     uint16
	state   fate
}

type fate uint8

const (
	settled fate = iota
	flying
	missing // reported as not arrived; it may just be late
)

type absent struct {
	seq   uint16
	since time.Time
}

// flow is how fast this connection sends: it keeps account of what left, makes
// of the other side's reports what the estimator wants, and lets packets go.
// It is called by the sender's goroutine (ask, begin, record) and by the one
// that decrypts what arrives (feedback, see buffers).
type flow struct {
	wake    chan struct{} // capacity 1, the sender's: there may be room
	changed chan struct{} // capacity 1: VideoRate

	mu      sync.Mutex // guards the rest
	est     *bandwidth.Estimator
	pacer   bandwidth.Pacer
	reports bool // the other side reports on transport-wide numbers
	told    bool // and has done so
	wanted  int  // bit/s of video at most

	probe     bandwidth.Probe
	left      int // bytes of probe
	video     time.Time
	cluster   int // of the packet being written
	said      int // VideoRate as of the last wake
	path      Path
	lastTick  time.Time
	ring      [rememberFB]departed
	tail      uint16 // oldest that may be flying
	head      uint16 // one after the newest
	any       bool
	latest    time.Time // departure of the newest packet that was told of
	absent    []absent
	report    []bandwidth.Packet // reused
	reference int64              // of the last report, unwrapped, in 64 ms
	referred  bool

	sound, repeats rateMeter
	payload, wire  float64 // bytes of pictures lately: how much of what is sent is picture
}

func newFlow(wake chan struct{}) *flow {
	f := &flow{wake: wake, changed: make(chan struct{}, 1), wanted: wantedAtMost}
	f.startLocked(startRate)
	return f
}

func (f *flow) startLocked(bps int) {
	f.est = bandwidth.New(bandwidth.Config{Start: bps, Min: leastBPS, Max: f.mostLocked()})
	f.left = 0
	for i := range f.ring {
		f.ring[i].state = settled
	}
	f.absent = f.absent[:0]
}

// mostLocked is what the pictures that are wanted take with sound and headers.
func (f *flow) mostLocked() int { return f.wanted + f.wanted/12 + 80_000 }

// want says how many bits a second of pictures there can be at most.
func (f *flow) want(bps int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = max(bps, leastVideo)
	f.est.SetBounds(min(leastBPS, f.mostLocked()), f.mostLocked())
	f.sayLocked()
}

// onPath is called when there is a path: what was known of another is forgotten.
func (f *flow) onPath(p Path, rtt time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.est.SetRTT(rtt)
	if p == PathNone || f.path == p {
		return
	}
	start := startRate
	if f.path != PathNone { // a new way: not faster than the old one was
		start = min(start, f.est.Target())
	}
	f.path = p
	f.startLocked(min(start, f.mostLocked()))
	f.est.SetRTT(rtt)
	f.sayLocked()
}

// ticket is what the flow says to sending a packet of a picture.
type ticket struct {
	wait    time.Duration // 0: it may go
	cluster int           // of the probe that it is part of
	probing bool          // more is wanted, if need be something sent before
}

// ask says whether a packet of a picture may go now, or after how long.
func (f *flow) ask(now time.Time, queued int) ticket {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickLocked(now)
	if queued > 0 {
		f.video = now
	}
	busy := f.told && now.Sub(f.video) < 500*time.Millisecond
	if f.left <= 0 {
		if pr, ok := f.est.Probe(now, busy); ok {
			f.probe, f.left = pr, pr.Bytes
		}
	}
	rate := max(int(paceFactor*float64(f.est.Target())), int(float64(queued*8)/queueFor.Seconds()))
	if f.left > 0 {
		rate = f.probe.Rate
	}
	f.pacer.SetRate(rate)
	p := ticket{wait: f.pacer.Wait(now), probing: f.left > 0}
	if p.probing {
		p.cluster = f.probe.ID
	}
	if f.reports && !f.est.Room() {
		p.wait = 20 * time.Millisecond // or until feedback
	}
	return p
}

// idle ends a probe that has nothing left to send.
func (f *flow) idle() {
	f.mu.Lock()
	f.left = 0
	f.mu.Unlock()
}

// begin says what the packet is that is written next.
func (f *flow) begin(k Kind, repair bool, cluster, payload int, now time.Time) {
	size := payload + rtpOverhead + wireOverhead
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cluster = cluster
	switch {
	case k == Audio:
		f.sound.add(now, size)
		return
	case repair && cluster == 0:
		f.repeats.add(now, size)
	case !repair:
		f.payload = 0.99*f.payload + float64(payload)
		f.wire = 0.99*f.wire + float64(size)
	}
	f.pacer.Took(now, size)
	if cluster != 0 {
		f.left -= size
	}
}

// record notes a packet that leaves with a transport-wide number.
func (f *flow) record(seq uint16, size int, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reports = true
	if !f.any {
		f.any, f.tail, f.head = true, seq, seq
	}
	d := &f.ring[seq%rememberFB]
	if d.state != settled { // never told of
		f.est.Gone(int(d.size))
	}
	*d = departed{at: now, size: int32(size), cluster: int32(f.cluster), seq: seq, state: flying}
	f.head = seq + 1
	if f.head-f.tail > rememberFB {
		f.tail = f.head - rememberFB
	}
	f.est.Sent(now, size)
}

// feedback takes a report of the other side.
func (f *flow) feedback(now time.Time, fb *rtcp.TransportLayerCC) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = true
	f.report = f.report[:0]
	at := f.unwrapLocked(fb.ReferenceTime)
	seq, delta := fb.BaseSequenceNumber, 0
	left := int(fb.PacketStatusCount)
	tell := func(symbol uint16) bool {
		if left == 0 {
			return false
		}
		left--
		came := symbol != rtcp.TypeTCCPacketNotReceived
		timed := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		if timed {
			if delta >= len(fb.RecvDeltas) {
				return false // malformed
			}
			at += time.Duration(fb.RecvDeltas[delta].Delta) * time.Microsecond
			delta++
		}
		f.fateLocked(seq, came, timed, at, now)
		seq++
		return true
	}
	for _, c := range fb.PacketChunks {
		switch c := c.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				if !tell(c.PacketStatusSymbol) {
					break
				}
			}
		case *rtcp.StatusVectorChunk:
			for _, s := range c.SymbolList {
				if !tell(s) {
					break
				}
			}
		}
	}
	f.lostLocked(now)
	f.est.Feedback(now, f.report)
	f.sayLocked()
	latest.Poke(f.wake)
}

// unwrapLocked makes a time that does not wrap of a report's reference, which
// has 24 bits.
func (f *flow) unwrapLocked(ref uint32) time.Duration {
	const wrap = 1 << 24
	v := int64(ref)
	if f.referred {
		v += (f.reference - v + wrap/2) / wrap * wrap
		if v-f.reference > wrap/2 {
			v -= wrap
		}
	}
	f.reference, f.referred = v, true
	return time.Duration(v) * 64 * time.Millisecond
}

func (f *flow) fateLocked(seq uint16, came, timed bool, at time.Duration, now time.Time) {
	d := &f.ring[seq%rememberFB]
	if d.state == settled || d.seq != seq {
		return
	}
	if d.at.After(f.latest) {
		f.latest = d.at
	}
	if !came {
		if d.state == flying {
			d.state = missing
			f.absent = append(f.absent, absent{seq, now})
		}
		return
	}
	d.state = settled
	f.est.Gone(int(d.size))
	if timed {
		f.report = append(f.report, bandwidth.Packet{
			Departure: d.at, Size: int(d.size), Arrived: true, Arrival: at, Cluster: int(d.cluster),
		})
	}
}

// lostLocked settles what has been missing for too long, and what no report
// tells of because the report was lost: what left later is told of, so that it
// is not on its way any more, and who counts it as such believes in a queue.
func (f *flow) lostLocked(now time.Time) {
	kept := f.absent[:0]
	for _, a := range f.absent {
		d := &f.ring[a.seq%rememberFB]
		switch {
		case d.state != missing || d.seq != a.seq:
		case now.Sub(a.since) < lateFB:
			kept = append(kept, a)
		default:
			d.state = settled
			f.est.Gone(int(d.size))
			f.report = append(f.report, bandwidth.Packet{Departure: d.at, Size: int(d.size), Cluster: int(d.cluster)})
		}
	}
	f.absent = kept
	for ; f.tail != f.head; f.tail++ {
		d := &f.ring[f.tail%rememberFB]
		if d.seq != f.tail || d.state == settled {
			continue
		}
		if now.Sub(d.at) < unknownFB+lateFB && (d.state == missing || f.latest.Sub(d.at) < lateFB) {
			break
		}
		d.state = settled
		f.est.Gone(int(d.size))
	}
}

// tick looks at the clock.
func (f *flow) tick(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tickLocked(now)
	f.sayLocked()
}

func (f *flow) tickLocked(now time.Time) {
	if now.Sub(f.lastTick) >= 50*time.Millisecond {
		f.lastTick = now
		f.est.Tick(now)
	}
}

// sayLocked wakes who sets the encoder if the rate for pictures has changed.
func (f *flow) sayLocked() {
	v := f.videoLocked(time.Now())
	if d := v - f.said; d > f.said/50 || -d > f.said/50 {
		f.said = v
		latest.Poke(f.changed)
	}
}

// videoLocked is what is left for pictures, without headers: sound goes first,
// then what is repeated.
func (f *flow) videoLocked(now time.Time) int {
	all := float64(f.est.Target())
	left := all - f.sound.rate(now) - min(f.repeats.rate(now), all/3)
	share := 0.93
	if f.wire > 20_000 {
		share = f.payload / f.wire
	}
	v := min(int(left*share), f.wanted)
	if v < leastVideo {
		return 0
	}
	return v
}

// backlog is how long so many bytes take to leave.
func (f *flow) backlog(bytes int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Duration(float64(bytes*8) / float64(max(f.est.Target(), 1)) * float64(time.Second))
}

// rateMeter is bits per second over about the last second.
type rateMeter struct {
	bits float64
	at   time.Time
}

const meterSpan = time.Second

func (m *rateMeter) decay(now time.Time) {
	if m.at.IsZero() {
		m.at = now
	}
	if d := now.Sub(m.at); d > 0 {
		m.bits *= max(0, 1-d.Seconds()/meterSpan.Seconds())
		m.at = now
	}
}

func (m *rateMeter) add(now time.Time, bytes int) {
	m.decay(now)
	m.bits += float64(bytes * 8)
}

func (m *rateMeter) rate(now time.Time) float64 {
	m.decay(now)
	return m.bits / meterSpan.Seconds()
}

// VideoRate is how many bits a second of pictures the path carries now, beside
// sound and repairs; 0: none, there is hardly enough for sound.
func (p *Peer) VideoRate() int {
	p.flow.mu.Lock()
	defer p.flow.mu.Unlock()
	return p.flow.videoLocked(time.Now())
}

// VideoRateChanged is readable after VideoRate changed by more than a fiftieth.
func (p *Peer) VideoRateChanged() <-chan struct{} { return p.flow.changed }

// SetVideoWanted says how many bits a second of pictures there can be at most:
// the path is not probed for more.
func (p *Peer) SetVideoWanted(bps int) { p.flow.want(bps) }

// Backlog is how long what waits to be sent takes to leave: while that is
// long, another picture would only be late.
func (t *Track) Backlog() time.Duration {
	t.send.mu.Lock()
	bytes := t.send.bytes
	t.send.mu.Unlock()
	return t.send.flow.backlog(bytes)
}

// LogValue implements slog.LogValuer.
func (f *flow) LogValue() slog.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	return slog.GroupValue(
		slog.Int("target", f.est.Target()), slog.Int("received", f.est.Received()), slog.Float64("loss", f.est.Loss()),
		slog.Int("video", f.videoLocked(now)), slog.Float64("sound", f.sound.rate(now)), slog.Float64("repeats", f.repeats.rate(now)),
		slog.Bool("room", f.est.Room()), slog.String("usage", f.est.Usage()),
	)
}
