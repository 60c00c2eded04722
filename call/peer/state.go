package peer

import (
	"slices"
	"time"

	"github.com/pion/webrtc/v4"

	"parley/media/latest"
)

// Conn is where a connection stands.
type Conn uint8

// The states. Connecting after Connected means that the path is being replaced.
const (
	ConnNew          Conn = iota // not both descriptions, or the gate is closed
	ConnConnecting               // checks and handshake run
	ConnConnected                // media flows
	ConnDisconnected             // nothing has arrived for a while; it may come back by itself
	ConnFailed                   // it did not; restarts go on unless Err is set
	ConnClosed                   // final: by Close, or by the other side (Close is still due)
)

// String names the state as RTCPeerConnectionState does.
func (c Conn) String() string {
	switch c {
	case ConnNew:
		return "new"
	case ConnConnecting:
		return "connecting"
	case ConnConnected:
		return "connected"
	case ConnDisconnected:
		return "disconnected"
	case ConnFailed:
		return "failed"
	}
	return "closed"
}

// State is a snapshot of the connection.
type State struct {
	Conn     Conn
	Since    time.Time     // when Conn became what it is
	Ever     bool          // was Connected once
	Path     Path          // "" while there is none
	RTT      time.Duration // 0: not measured yet
	Restarts int           // ICE restarts offered from here
	Err      error         // ErrHandshake: Failed for good
}

// State returns the state now. RTT is at most a second old.
func (p *Peer) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Subscribe returns a channel that is readable after State changed in more
// than RTT, and a function that ends the subscription.
func (p *Peer) Subscribe() (<-chan struct{}, func()) { return p.changed.Subscribe() }

// setState changes the snapshot and wakes subscribers if more than RTT changed.
func (p *Peer) setState(change func(*State)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.state
	if old.Conn == ConnClosed {
		return
	}
	change(&p.state)
	if p.state.Conn != old.Conn {
		p.state.Since = time.Now()
	}
	p.state.Ever = old.Ever || p.state.Conn == ConnConnected
	if p.state.Conn == ConnClosed {
		p.state.Path, p.state.RTT = PathNone, 0
	}
	cmp := p.state
	cmp.RTT = old.RTT
	if cmp == old {
		return
	}
	p.changed.Ring()
}

// onConnectionState is pion's callback: it only notes and wakes.
func (p *Peer) onConnectionState(s webrtc.PeerConnectionState) {
	var cert []byte
	if s == webrtc.PeerConnectionStateConnected {
		cert = p.pc.SCTP().Transport().GetRemoteCertificate()
	}
	p.mu.Lock()
	if p.raw != s {
		p.raw, p.rawSince = s, time.Now()
	}
	switch {
	case s == webrtc.PeerConnectionStateConnected && !slices.Contains(p.prints, fingerprint(cert)):
		// pion compares as well; here it is the description that was signed.
		p.foreign, p.handshake = true, true
	case s == webrtc.PeerConnectionStateConnected:
		p.encrypted = true
	case s == webrtc.PeerConnectionStateFailed:
		p.handshake = true // ICE never fails by itself: see newSettings
	case s == webrtc.PeerConnectionStateClosed && !p.encrypted && !p.closed:
		// pion closes a connection whose handshake was refused by either side,
		// sometimes before it says that it failed.
		p.handshake = true
	}
	p.mu.Unlock()
	latest.Poke(p.wake)
}

// observed is what the monitor knows when it decides.
type observed struct {
	raw       webrtc.PeerConnectionState
	since     time.Time // of raw
	live      time.Time // zero: not both descriptions, or gate closed
	handshake bool
}

// derive says which Conn pion's state amounts to, and when to look again
// (0: not before something happens).
func derive(o observed, t Timing, now time.Time) (Conn, time.Duration) {
	if o.handshake {
		return ConnFailed, 0
	}
	if o.raw == webrtc.PeerConnectionStateClosed {
		return ConnClosed, 0
	}
	if o.live.IsZero() {
		return ConnNew, 0
	}
	from := o.since
	if o.live.After(from) {
		from = o.live
	}
	left := from.Add(t.Failed).Sub(now)
	switch o.raw {
	case webrtc.PeerConnectionStateConnected:
		return ConnConnected, 0
	case webrtc.PeerConnectionStateFailed:
		return ConnFailed, 0
	case webrtc.PeerConnectionStateDisconnected:
		if left > 0 {
			return ConnDisconnected, left
		}
	default:
		if left > 0 {
			return ConnConnecting, left
		}
	}
	return ConnFailed, 0
}

// Fingerprints are the SHA-256 of the certificates of both sides, as the
// descriptions name them; the own one first. Empty before both are known.
func (p *Peer) Fingerprints() [][]byte {
	own := p.pc.LocalDescription()
	if own == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var out [][]byte
	for _, f := range append(fingerprintsOf(own.SDP), p.prints...) {
		out = append(out, []byte(f))
	}
	return out
}
