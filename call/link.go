package call

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"parley/call/data"
	"parley/call/local"
	"parley/call/peer"
	"parley/call/recv"
	"parley/call/trust"
	"parley/media"
	"parley/media/codec"
	"parley/media/latest"
	"parley/media/record"
	"parley/media/voice"
	"parley/signaling/wire"
)

// link is one connection of a session with all that hangs on it: what arrives
// is decoded and shown, what this person's devices deliver is sent. Its
// methods belong to the goroutine of ops, except level.
//
//	peer ──RTP──> recv.Video ──Frame──> Session's slot
//	peer ──RTP──> recv.Audio ──> Mixer
//	local ──Unit──> peer's tracks       (encoded once for all calls)
//	peer, line, local ──changed──> watch ──event──> Session
type link struct {
	s       *Session
	peer    *peer.Peer
	line    *data.Line
	local   *local.Media
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	waiting atomic.Bool
	resay   chan struct{} // capacity 1: tell the other what we send
	up      chan struct{} // closed when the path is there for the first time

	health health

	guard *trust.Guard // nil: without Config.Trust
	shown bool         // owned by watchPeer: the nonce for the emoji

	recorder atomic.Pointer[record.Recorder] // nil: nothing is recorded

	// set by startMedia
	started bool
	video   *recv.Video
	decoder *codec.AudioDecoder
	source  *voice.Source
	audio   atomic.Pointer[recv.Audio]
	meter   *metering
	losses  losses // owned by poll
}

// trickler sends what the connection wants to say to the other side.
type trickler struct {
	signal Signal
	id     string
}

func (t trickler) Negotiate(n wire.Negotiate) error {
	return t.signal.Send(wire.KindNegotiate, t.id, n)
}

func (t trickler) Candidates(c wire.Candidates) error {
	return t.signal.Send(wire.KindCandidates, t.id, c)
}

// iceWithin is how long a call waits for the service's relays; without them it
// is tried directly, unless that would reveal what is to stay hidden.
const iceWithin = 3 * time.Second

// What stands between a person who hides their address and a call.
var (
	errNoRelay       = errors.New("the service has no relay to hide behind")
	errRelaySpent    = errors.New("this person's share of the relay is used up")
	errRelaysUnknown = errors.New("the service does not say which relays it has")
)

func newLink(s *Session, polite bool) (*link, error) {
	cfg := &s.phone.cfg
	ictx, cancel := context.WithTimeout(s.ctx, iceWithin)
	ice, err := cfg.Signal.ICE(ictx)
	cancel()
	pc := peer.Config{
		ICE: ice, RelayOnly: cfg.RelayOnly, Polite: polite,
		Signaler: trickler{cfg.Signal, s.State().ID}, Log: s.log,
	}
	guard, err2 := s.newGuard(polite)
	if err2 != nil {
		return nil, err2
	}
	if guard != nil {
		pc.Guard = guard
	}
	// Not at the price of the call: without a relay that can be used there is
	// nothing to hide behind.
	if s.State().Peer.Stranger && peer.HasRelay(ice) && !ice.RelaySpent && cfg.HideFromStrangers != nil && cfg.HideFromStrangers() {
		pc.RelayOnly = true
	}
	if cfg.Peer != nil {
		cfg.Peer(&pc)
	}
	switch {
	case err != nil && pc.RelayOnly:
		return nil, fmt.Errorf("%w: %w", errRelaysUnknown, err)
	case pc.RelayOnly && !peer.HasRelay(pc.ICE):
		return nil, errNoRelay
	case pc.RelayOnly && pc.ICE.RelaySpent:
		return nil, errRelaySpent
	case pc.ICE.RelaySpent:
		s.post(evSpent{})
	case err != nil:
		s.log.Warn("no relays from the service; trying without", "err", err)
	}
	p, err := peer.New(pc)
	if err != nil {
		return nil, err
	}
	l := &link{
		s: s, peer: p, guard: guard, line: data.NewLine(p.DataChannel(), s.log), local: cfg.Local,
		resay: make(chan struct{}, 1), up: make(chan struct{}),
	}
	l.line.SetRecord(data.Record{}) // which says that we can be asked
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.wg.Go(func() { _ = l.line.Run(l.ctx) })
	l.wg.Go(l.watchPeer)
	l.wg.Go(l.watchLine)
	l.wg.Go(l.watchLocal)
	l.wg.Go(l.refreshICE)
	return l, nil
}

// watchPeer tells the session how the path is.
func (l *link) watchPeer() {
	changed, stop := l.peer.Subscribe()
	defer stop()
	ready := sync.OnceFunc(func() { close(l.up) })
	last := connNone
	for {
		st := l.peer.State()
		if l.ctx.Err() != nil {
			// Closed here, which says nothing of the other side: the session
			// may have given this link up for the call that crossed its own.
			return
		}
		if c := connOf(st, last); c != last {
			if c == connUp {
				ready()
				l.reveal()
			}
			last = c
			l.s.post(evConn{conn: c, err: st.Err})
		}
		select {
		case <-l.ctx.Done():
			return
		case <-changed:
		}
	}
}

func connOf(st peer.State, last conn) conn {
	switch {
	case st.Conn == peer.ConnClosed:
		return connClosed
	case st.Conn == peer.ConnConnected:
		return connUp
	case st.Conn == peer.ConnFailed && st.Err != nil:
		return connRefused
	case st.Conn == peer.ConnDisconnected, st.Conn == peer.ConnFailed, st.Conn == peer.ConnConnecting && st.Ever:
		return connLost
	}
	return last
}

// watchLine tells the session what the other side says.
func (l *link) watchLine() {
	var stand data.Record
	heard := false
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.line.Changed():
		}
		l.s.post(evChat{conversation(l.line.Entries())})
		l.local.SetTheirMost(l.line.Health().MaxKbps)
		l.emoji()
		if m, ok := l.line.Remote(); ok {
			l.s.post(evRemote{mic: m.Mic, camera: m.Camera, waiting: m.Waiting})
			l.recordCameras()
		}
		if r, ok := l.line.Record(); ok && (!heard || r != stand) {
			heard, stand = true, r
			l.s.post(evTheirRecord{r})
		}
	}
}

func conversation(list []data.Entry) []Message {
	if len(list) == 0 {
		return nil
	}
	marks := map[data.Status]Delivery{
		data.Sending: Sending, data.Sent: Sent, data.Arrived: Delivered, data.Undelivered: Undelivered,
	}
	out := make([]Message, len(list))
	for i, e := range list {
		out[i] = Message{ID: e.ID, Mine: e.Mine, Text: e.Text, At: e.At, Status: marks[e.Status]}
	}
	return out
}

// watchLocal tells the other side what is sent, and the session what happens
// to the devices.
func (l *link) watchLocal() {
	changed, stop := l.local.Subscribe()
	defer stop()
	var said data.Media
	first := true
	before := l.local.State()
	for {
		now := l.local.State()
		if l.s.State().Phase.Live() {
			for _, n := range deviceNotices(time.Now(), before, now) {
				l.s.post(evNotice{n})
			}
		}
		before = now
		l.peer.SetVideoWanted(l.local.VideoWanted()) // low data changes it
		l.health.say(l.line, func(h *data.Health) { h.MaxKbps = mostKbps(now.LowData) })
		m := data.Media{
			Mic:     now.Microphone.On && (now.Microphone.Open || now.Microphone.Opening),
			Camera:  now.Camera.On && (now.Camera.Open || now.Camera.Opening),
			Waiting: l.waiting.Load(),
		}
		if first || m != said {
			first, said = false, m
			l.line.SetMedia(m)
			l.recordCameras()
		}
		select {
		case <-l.ctx.Done():
			return
		case <-changed:
		case <-l.resay:
		}
	}
}

func (l *link) setWaiting(waiting bool) {
	l.waiting.Store(waiting)
	latest.Poke(l.resay)
}

// refreshICE keeps the relays' credentials, which live for minutes, good for
// a restart, also when the service is away at the time.
func (l *link) refreshICE() {
	tick := time.NewTicker(2 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(l.ctx, 10*time.Second)
		ice, err := l.s.phone.cfg.Signal.ICE(ctx)
		cancel()
		if err == nil {
			err = l.peer.UpdateICE(ice)
		}
		if err != nil && l.ctx.Err() == nil {
			l.s.log.Debug("relays not renewed", "err", err)
		}
	}
}

// startMedia begins to send and to receive: the call was taken.
func (l *link) startMedia() {
	if l.started {
		return
	}
	l.started = true
	if err := l.receive(); err != nil {
		l.s.log.Error("nothing can be received", "err", err)
		l.s.post(evApplied{fmt.Errorf("decoder: %w", err)})
		return
	}
	l.meter = newMetering(l)
	l.wg.Go(l.transmit)
	l.wg.Go(l.poll)
}

func (l *link) receive() error {
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		return err
	}
	l.decoder = dec
	audio := recv.NewAudio(recv.AudioConfig{
		Reader: l.peer.RemoteAudio(), Decoder: dec, Tap: l.tapTheirs,
	})
	remote := l.peer.RemoteVideo()
	l.video = recv.NewVideo(recv.VideoConfig{
		Reader: remote, Decoder: codec.NewVideoDecoder(nil), Sink: &sink{s: l.s},
		Keys: remote, Nacks: nacks{remote}, Tap: l.tapTheirs, Log: l.s.log,
	})
	l.audio.Store(audio)
	l.source = l.local.Mixer().Add(audio.Stream())
	l.applyVolume()
	l.wg.Go(func() {
		if err := audio.Run(l.ctx); err != nil {
			l.s.log.Warn("sound no longer received", "err", err)
		}
	})
	l.wg.Go(func() {
		if err := l.video.Run(l.ctx); err != nil {
			l.s.log.Warn("picture no longer received", "err", err)
		}
	})
	return nil
}

// nacks asks for packets again.
type nacks struct{ *peer.Remote }

func (n nacks) SendNack(seqs []uint16) error { return n.SendNACK(seqs) }

func (l *link) applyVolume() {
	if l.source != nil {
		l.source.SetVolume(math.Float64frombits(l.s.volume.Load()))
	}
}

// level is how loud the other side speaks now; for any goroutine.
func (l *link) level() float64 {
	if a := l.audio.Load(); a != nil {
		return a.Stream().Level().RMS()
	}
	return 0
}

// transmit sends from when there is a path: a key frame encoded before would
// be lost, and the next one has to wait. It passes on the other side's wish for
// key frames and what the path carries.
func (l *link) transmit() {
	select {
	case <-l.ctx.Done():
		return
	case <-l.up:
	}
	leg := l.local.AttachVideo(tee{l.peer.VideoTrack(), l})
	defer leg.Close()
	l.local.SetAudioLoss(supposedLoss)
	defer l.local.AttachAudio(tee{l.peer.AudioTrack(), l})()
	l.peer.SetVideoWanted(l.local.VideoWanted())
	for {
		leg.SetRate(l.peer.VideoRate())
		select {
		case <-l.ctx.Done():
			return
		case <-l.peer.VideoRateChanged():
		case <-l.peer.KeyRequests():
			leg.RequestKey()
		}
	}
}

// poll keeps sound and picture together and measures, until the link closes.
func (l *link) poll() {
	tick := time.NewTicker(lossTick)
	defer tick.Stop()
	sync := recv.NewLipSync(l.audio.Load(), l.video)
	for n := 1; ; n++ {
		select {
		case <-l.ctx.Done():
			return
		case now := <-tick.C:
			l.meter.reports()
			l.audio.Load().Stream().SetDeviceDelay(l.local.SpeakerDelay())
			sync.Update(now)
			l.protect(now)
			if n%5 == 0 {
				l.second(now)
			}
		}
	}
}

// second is what is done once a second.
func (l *link) second(now time.Time) {
	m, up := l.meter.measure(now)
	if !up {
		return
	}
	l.peer.SetVideoWanted(l.local.VideoWanted())
	l.video.SetRTT(m.rtt)
	m.away, m.theirs = !l.s.phone.cfg.Signal.Online(), l.line.Health()
	l.health.say(l.line, func(h *data.Health) { h.CPU, h.Narrow, h.Away = m.slowCPU, m.narrow, m.away })
	l.s.post(evQuality{l.meter.steady.add(grade(m))})
}

// close ends everything; the last samples are taken first.
func (l *link) close() {
	l.stopRecord()
	l.cancel()
	if l.meter != nil {
		l.meter.sample(time.Now())
	}
	if l.source != nil {
		l.local.Mixer().Remove(l.source)
	}
	if err := l.peer.Close(); err != nil && !errors.Is(err, media.ErrClosed) {
		l.s.log.Debug("connection", "err", err)
	}
	l.wg.Wait()
	l.local.SetTheirMost(0)
	if l.decoder != nil {
		if err := l.decoder.Close(); err != nil {
			l.s.log.Debug("sound decoder", "err", err)
		}
	}
	l.s.post(evChat{conversation(l.line.Entries())})
}
