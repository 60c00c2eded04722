package peer

import (
	"net/netip"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"
)

// monitor keeps State true, mends the path, and sends reports, until Close.
func (p *Peer) monitor() {
	m := mender{timing: p.timing, polite: p.polite}
	tick := time.NewTicker(p.timing.Report)
	defer tick.Stop()
	again := time.NewTimer(time.Hour)
	again.Stop()
	defer again.Stop()
	was := ConnNew
	for {
		select {
		case <-p.done:
			return
		case <-p.wake:
		case <-again.C:
		case <-tick.C:
			if was == ConnConnected {
				p.sendReports(time.Now())
				p.measure()
			}
			p.flow.tick(time.Now())
			if was == ConnConnected {
				p.log.Debug("path", "carries", p.flow)
			}
		}
		conn, wait := p.observe()
		if conn != was {
			p.entered(conn, was)
			was = conn
		}
		if w := p.mend(&m, conn); w > 0 && (wait == 0 || w < wait) {
			wait = w
		}
		if wait > 0 {
			again.Reset(wait)
		} else {
			again.Stop()
		}
	}
}

// observe updates State from pion's.
func (p *Peer) observe() (Conn, time.Duration) {
	p.mu.Lock()
	o := observed{raw: p.raw, since: p.rawSince, live: p.live, handshake: p.handshake}
	foreign := p.foreign
	p.mu.Unlock()
	conn, wait := derive(o, p.timing, time.Now())
	p.setState(func(s *State) {
		s.Conn = conn
		switch {
		case foreign:
			s.Err = ErrFingerprint
		case o.handshake:
			s.Err = ErrHandshake
		}
	})
	return conn, wait
}

// entered does what a change of state calls for.
func (p *Peer) entered(now, was Conn) {
	p.log.Debug("connection", "state", now, "was", was)
	live := now == ConnConnected || now == ConnDisconnected
	p.send.setLive(live)
	if now == ConnConnected {
		// Whoever lost packets cannot decode what follows them.
		p.tracks[Video].wantKey()
		p.connectedWith, _ = localAddrs(p.network)
		p.measure()
	} else if !live {
		p.setState(func(s *State) { s.Path, s.RTT = PathNone, 0 })
	}
}

// measure updates path and round trip.
func (p *Peer) measure() {
	c := p.pair()
	if c == nil {
		return
	}
	rtt := c.CurrentRoundTripTime
	p.setState(func(s *State) {
		s.Path = c.Path
		if rtt > 0 {
			s.RTT = rtt
		}
	})
	p.flow.onPath(c.Path, rtt)
}

// mend restarts ICE if it is time, and says when to look again.
func (p *Peer) mend(m *mender, conn Conn) time.Duration {
	p.mu.Lock()
	asked := p.asked
	p.asked = askedFor{}
	since, err, path := p.state.Since, p.state.Err, p.state.Path
	p.mu.Unlock()
	m.asked = m.asked || asked.restart || asked.service && (conn == ConnConnecting || conn == ConnFailed)
	if asked.network {
		m.changed = time.Now()
	}

	v := view{conn: conn, since: since, dead: err != nil, relayed: path.Relayed()}
	p.neg.Lock()
	v.first = p.neg.first
	if p.neg.pending != nil && p.neg.first {
		v.pending = p.neg.sentAt
	}
	p.neg.Unlock()
	if asked.network && (conn == ConnNew || conn == ConnConnected && p.addressGone()) {
		m.asked = true // while it rings: what was gathered is stale by the time of the answer
	}
	restart, wait := m.next(v, time.Now())
	if !restart {
		return wait
	}
	p.log.Info("restarting ice", "state", conn, "try", m.tries)
	if err := p.restart(); err != nil {
		p.log.Warn("ice restart", "err", err)
		return mendGap
	}
	p.setState(func(s *State) { s.Restarts++ })
	return p.timing.Answer
}

// addressGone reports whether the own address of the path in use is no longer
// one of this machine's.
func (p *Peer) addressGone() bool {
	sel, err := p.iceTransport().GetSelectedCandidatePair()
	if err != nil || sel == nil {
		return false
	}
	own := sel.Local.Address
	if sel.Local.Typ != webrtc.ICECandidateTypeHost {
		own = sel.Local.RelatedAddress
	}
	a := addrOrZero(own)
	if a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	now, err := localAddrs(p.network)
	if err != nil || len(now) == 0 {
		return false // offline: nothing to restart with
	}
	if a.IsValid() && !a.IsUnspecified() {
		return !slices.Contains(now, a)
	}
	// The socket is bound to every address: it is lost when all are.
	return !slices.ContainsFunc(p.connectedWith, func(b netip.Addr) bool { return slices.Contains(now, b) })
}
