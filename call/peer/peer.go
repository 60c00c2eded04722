// Package peer is one connection to one remote device: it negotiates, keeps
// the path alive and mends it, packetises what is sent, hands out what
// arrives, and counts both. It knows nothing of calls, windows or codecs.
//
// Who sends what to whom:
//
//	Track.WriteUnit ──packets──> sender ──> RTP        (goroutine send: the only writer of media)
//	                  ledger ──> flow ──ticket──> sender, VideoRate ──> encoder
//	RTP ──> Remote.ReadRTP                             (the caller's goroutine; redReader takes sound apart)
//	RTCP, as it is decrypted ──> flow                  (pion's goroutine)
//	RTCP of senders ──> KeyRequests, retransmissions   (one goroutine per sent track)
//	RTCP of receivers ──> Remote.SenderReport          (one goroutine per received track)
//	pion's callbacks ──wake──> monitor                 (goroutine: state, mending, sender reports)
//	gathered candidates ──> outbox ──> Signaler        (goroutine trickle)
//
// Descriptions are made and applied one at a time under neg. pion cannot roll
// a local offer back (4.2.20 refuses have-local-offer -> stable), so a restart
// offer is kept aside and becomes the local description only together with its
// answer; rolling back is then forgetting it. pion's ICE restart closes the
// old sockets before new ones work, so a path that still carries packets is
// never restarted.
package peer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/sctp"
	"github.com/pion/transport/v4"
	"github.com/pion/webrtc/v4"

	"parley/media"
	"parley/media/latest"
	"parley/signaling/wire"
)

// signaler carries descriptions and candidates to the other side. Neither
// method may block, and they keep their order.
type signaler interface {
	Negotiate(wire.Negotiate) error
	Candidates(wire.Candidates) error
}

// guard ties descriptions to the people who make them. answers is the signature
// of the offer that a description answers.
type guard interface {
	Sign(d wire.Description, generation int, answers []byte) *wire.Identity
	Check(d wire.Description, generation int, answers []byte) error
}

// Config says how to reach the other side.
type Config struct {
	ICE       wire.ICE // STUN and TURN servers; entries that cannot be used are left out
	RelayOnly bool     // reveal no address but a relay's
	Polite    bool     // gives way when both offer at once: the callee
	Signaler  signaler
	Guard     guard                       // nil: descriptions are not signed, and those of the other side are believed
	Timing    Timing                      // zero: DefaultTiming
	Settings  func(*webrtc.SettingEngine) // last word on pion's settings; may be nil
	Net       transport.Net               // nil: this machine's network
	Log       *slog.Logger                // nil: none
}

// Timing is when a path counts as lost and what is done about it.
type Timing struct {
	Keepalive    time.Duration // between checks of a path in use
	Disconnected time.Duration // nothing arrived for this long: Disconnected
	Failed       time.Duration // Disconnected, or not yet connected, for this long: Failed
	Mend         time.Duration // Disconnected for this long: restart ICE, if a relay was used
	Polite       time.Duration // the polite side leaves the first try to the other
	Answer       time.Duration // an offer without an answer is made again
	Report       time.Duration // between sender reports, and between statistics of the path
}

// DefaultTiming returns what calls use: a lost path is noticed after 3 s, and
// mended from 4 s on if it led through a relay, from 13 s on if it was direct.
func DefaultTiming() Timing {
	return Timing{
		Keepalive:    time.Second,
		Disconnected: 3 * time.Second,
		Failed:       10 * time.Second,
		Mend:         time.Second,
		Polite:       1500 * time.Millisecond,
		Answer:       10 * time.Second,
		Report:       time.Second,
	}
}

// Errors of this package.
var (
	// ErrHandshake: the encryption could not be set up, or the certificate is
	// not the one announced. Restarting does not help.
	ErrHandshake = errors.New("encryption handshake refused")
	// ErrOrder: a description that does not fit where negotiation stands.
	ErrOrder = errors.New("description out of order")
	// ErrFingerprint: the other side's certificate is not the one of its first
	// description. Somebody stands in between.
	ErrFingerprint = errors.New("the other side's certificate is not the one that was signed")
)

// Peer is one remote connection. All methods may be called from any goroutine.
type Peer struct {
	// static
	pc      *webrtc.PeerConnection
	timing  Timing
	polite  bool
	relay   bool
	sig     signaler
	guard   guard
	log     *slog.Logger
	network transport.Net
	relays  *relayNet // network as pion has it
	tracks  [kinds]*Track
	remotes [kinds]*Remote
	channel *Channel
	send    *sender
	flow    *flow // of send
	rtp     *rtpStats
	keys    chan struct{} // capacity 1
	wake    chan struct{} // capacity 1: monitor looks again
	done    chan struct{} // closed by Close
	out     outbox        // has its own lock

	neg negotiation // has its own lock

	// owned by the monitor
	connectedWith []netip.Addr // own addresses when the path was found

	mu        sync.Mutex
	raw       webrtc.PeerConnectionState // guarded by mu
	rawSince  time.Time                  // guarded by mu; also the last new credentials
	encrypted bool                       // guarded by mu: DTLS is up
	handshake bool                       // guarded by mu: DTLS failed
	prints    []string                   // guarded by mu: fingerprints of the other side, as first described
	foreign   bool                       // guarded by mu: its certificate has another one
	live      time.Time                  // guarded by mu: both descriptions are there and checks may run
	state     State                      // guarded by mu
	changed   latest.Bell                // after state
	asked     askedFor                   // guarded by mu
	relayed   relayed                    // guarded by mu
	addrs     addrs                      // guarded by mu
	closed    bool                       // guarded by mu
	wg        sync.WaitGroup             // Add only under mu and while not closed
	closeErr  error
	closeOnce sync.Once
}

// askedFor is what Restart and NetworkChanged left for the monitor.
type askedFor struct {
	restart bool
	network bool
	service bool
}

// New returns a connection that has gathered nothing and sent nothing yet.
func New(cfg Config) (*Peer, error) {
	if cfg.Signaler == nil {
		return nil, errors.New("peer: no signaler")
	}
	if cfg.Timing == (Timing{}) {
		cfg.Timing = DefaultTiming()
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	network := cfg.Net
	if network == nil {
		n, err := newLiveNet()
		if err != nil {
			return nil, fmt.Errorf("peer: network: %w", err)
		}
		network = n
	}
	p := &Peer{
		timing: cfg.Timing, polite: cfg.Polite, relay: cfg.RelayOnly,
		sig: cfg.Signaler, guard: cfg.Guard, log: log, network: network, relays: newRelayNet(network, cfg.ICE),
		rtp:   &rtpStats{},
		keys:  make(chan struct{}, 1),
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
		raw:   webrtc.PeerConnectionStateNew,
		state: State{Conn: ConnNew, Since: time.Now()},
	}
	p.rawSince = p.state.Since
	p.out.init(cfg.RelayOnly)

	p.send = newSender()
	p.flow = p.send.flow
	api, err := newAPI(cfg, p.relays, p.rtp, p.flow, log)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	policy := webrtc.ICETransportPolicyAll
	if cfg.RelayOnly {
		policy = webrtc.ICETransportPolicyRelay
	}
	p.pc, err = api.NewPeerConnection(webrtc.Configuration{
		ICEServers:         iceServers(cfg.ICE, log),
		ICETransportPolicy: policy,
		BundlePolicy:       webrtc.BundlePolicyMaxBundle,
		RTCPMuxPolicy:      webrtc.RTCPMuxPolicyRequire,
	})
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	if err := p.setUp(); err != nil {
		_ = p.pc.GracefulClose()
		return nil, fmt.Errorf("peer: %w", err)
	}
	return p, nil
}

// setUp adds tracks, channel and callbacks, and starts the goroutines.
func (p *Peer) setUp() error {
	for _, k := range []Kind{Audio, Video} {
		p.tracks[k] = newTrack(k, p.send, p.requestKeyHere)
		p.remotes[k] = newRemote(k, p)
		tr, err := p.pc.AddTransceiverFromTrack(p.tracks[k], webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendrecv,
		})
		if err != nil {
			return fmt.Errorf("add %v: %w", k, err)
		}
		t, snd := p.tracks[k], tr.Sender()
		p.spawn(func() { p.readSenderRTCP(t, snd) })
	}
	p.send.pad = p.tracks[Video].repeat
	var err error
	if p.channel, err = newChannel(p.pc, p.done); err != nil {
		return err
	}
	p.pc.OnTrack(p.onTrack)
	p.pc.OnICECandidate(p.onCandidate)
	p.pc.OnConnectionStateChange(p.onConnectionState)
	p.spawn(func() { p.send.run(p.done) })
	p.spawn(p.trickle)
	p.spawn(p.monitor)
	return nil
}

// spawn starts a goroutine that Close waits for, unless Close has begun.
func (p *Peer) spawn(f func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.wg.Go(f)
	return true
}

// AudioTrack takes encoded Opus packets for the other side.
func (p *Peer) AudioTrack() *Track { return p.tracks[Audio] }

// VideoTrack takes encoded VP8 pictures for the other side.
func (p *Peer) VideoTrack() *Track { return p.tracks[Video] }

// RemoteAudio is the sound that arrives.
func (p *Peer) RemoteAudio() *Remote { return p.remotes[Audio] }

// RemoteVideo is the picture that arrives.
func (p *Peer) RemoteVideo() *Remote { return p.remotes[Video] }

// DataChannel is the reliable ordered channel "parley" (id 0, negotiated by
// both ends beforehand, so that it needs no renegotiation).
func (p *Peer) DataChannel() *Channel { return p.channel }

// KeyRequests is readable when the other side needs a key frame (PLI, FIR), or
// when pictures were dropped here and only a key frame can go on. Requests
// that come together are one.
func (p *Peer) KeyRequests() <-chan struct{} { return p.keys }

func (p *Peer) requestKeyHere() { latest.Poke(p.keys) }

// Done is closed when Close begins.
func (p *Peer) Done() <-chan struct{} { return p.done }

// UpdateICE replaces the servers, because their credentials expire. The next
// restart uses them.
func (p *Peer) UpdateICE(ice wire.ICE) error {
	p.relays.use(ice)
	cfg := p.pc.GetConfiguration()
	cfg.ICEServers = iceServers(ice, p.log)
	if err := p.pc.SetConfiguration(cfg); err != nil {
		return fmt.Errorf("peer: ice servers: %w", err)
	}
	return nil
}

// Close ends the connection and waits for everything it started. Calling it
// again returns the same result.
func (p *Peer) Close() error {
	p.closeOnce.Do(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		close(p.done)
		p.relays.close()
		p.send.close()
		for _, r := range p.remotes {
			r.close()
		}
		// A negotiation under way ends first: pion must not be closed in the
		// middle of a description.
		p.neg.Lock()
		p.neg.closed = true
		p.neg.Unlock()
		// The other side may have closed the data channel in the same moment.
		if err := p.pc.GracefulClose(); err != nil && !errors.Is(err, sctp.ErrResetPacketInStateNotExist) {
			p.closeErr = fmt.Errorf("peer: close: %w", err)
		}
		p.wg.Wait()
		p.setState(func(s *State) { s.Conn = ConnClosed })
	})
	return p.closeErr
}

// Kind tells sound from picture.
type Kind uint8

// The kinds.
const (
	Audio Kind = iota
	Video
	kinds // how many
)

// String returns "audio" or "video".
func (k Kind) String() string {
	if k == Audio {
		return "audio"
	}
	return "video"
}

// ClockRate is the RTP clock in Hz: 48000 for Opus, 90000 for VP8.
func (k Kind) ClockRate() uint32 {
	if k == Audio {
		return 48000
	}
	return 90000
}

func (k Kind) codec() media.Codec {
	if k == Audio {
		return media.Opus
	}
	return media.VP8
}
