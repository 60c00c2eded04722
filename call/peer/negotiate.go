package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"parley/media"
	"parley/media/latest"
	"parley/signaling/wire"
)

// negotiation is where the exchange of descriptions stands. An ICE generation
// counts exchanges with new credentials: the offerer takes the next number,
// the answer carries that of its offer, candidates carry that of their
// description.
type negotiation struct {
	sync.Mutex
	closed  bool
	begun   bool                       // Offer or Accept was called
	first   bool                       // the first exchange is complete
	gen     int                        // of the last description applied or sent
	pending *webrtc.SessionDescription // own offer that waits for its answer
	sentAt  time.Time                  // of pending
	ufrag   string                     // own credentials in use
	setup   string                     // own role in the encryption, settled by the first exchange
	in      inbox
	offered []byte // signature of pending
	glares  int    // offers given up or ignored
}

// Offer makes the first description and returns at once; candidates follow
// through the Signaler once Trickle was called.
func (p *Peer) Offer(ctx context.Context) (wire.Description, error) {
	if err := ctx.Err(); err != nil {
		return wire.Description{}, fmt.Errorf("offer: %w", err)
	}
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	if err := n.begin(); err != nil {
		return wire.Description{}, err
	}
	d, err := p.pc.CreateOffer(&webrtc.OfferOptions{
		OfferAnswerOptions: webrtc.OfferAnswerOptions{ICETricklingSupported: true},
	})
	if err != nil {
		return wire.Description{}, fmt.Errorf("offer: %w", err)
	}
	p.out.begin(false)
	// The first offer is applied at once, because that starts the gathering.
	// It cannot collide: the service settles two people calling each other.
	if err := p.pc.SetLocalDescription(d); err != nil {
		return wire.Description{}, fmt.Errorf("offer: %w", err)
	}
	n.pending, n.sentAt = &d, time.Now()
	p.commitLocked(d)
	return p.offerLocked(d), nil
}

// offerLocked is an own offer as it is sent.
func (p *Peer) offerLocked(d webrtc.SessionDescription) wire.Description {
	out := p.signed(d, p.neg.gen, nil)
	p.neg.offered = signature(out)
	return out
}

// signed is an own description as it is sent.
func (p *Peer) signed(d webrtc.SessionDescription, generation int, answers []byte) wire.Description {
	out := toWire(d)
	if p.guard != nil {
		out.Identity = p.guard.Sign(out, generation, answers)
	}
	return out
}

// genuine refuses a description that is not the other side's own. The first one
// settles which certificate the encryption must use.
func (p *Peer) genuine(d wire.Description, generation int, answers []byte) error {
	if p.guard != nil {
		if err := p.guard.Check(d, generation, answers); err != nil {
			return err
		}
	}
	prints := fingerprintsOf(d.SDP)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.prints == nil:
		p.prints = prints
	case !slices.Equal(p.prints, prints):
		return ErrFingerprint
	}
	return nil
}

// signature is what an answer refers to; nil: none.
func signature(d wire.Description) []byte {
	if d.Identity == nil {
		return nil
	}
	return d.Identity.Signature
}

func (n *negotiation) begin() error {
	switch {
	case n.closed:
		return media.ErrClosed
	case n.begun:
		return fmt.Errorf("%w: negotiation has begun", ErrOrder)
	}
	n.begun = true
	return nil
}

// Accept prepares the answer to an invitation. Addresses are gathered but
// neither sent nor tried before Trickle, so that it may be called while it
// still rings.
func (p *Peer) Accept(ctx context.Context, offer wire.Description) (wire.Description, error) {
	if err := ctx.Err(); err != nil {
		return wire.Description{}, fmt.Errorf("accept: %w", err)
	}
	d, list, err := fromWire(offer, webrtc.SDPTypeOffer)
	if err != nil {
		return wire.Description{}, fmt.Errorf("accept: %w", err)
	}
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	if err := n.begin(); err != nil {
		return wire.Description{}, err
	}
	if err := p.genuine(offer, 0, nil); err != nil {
		return wire.Description{}, fmt.Errorf("accept: %w", err)
	}
	answer, err := p.answerLocked(d)
	if err != nil {
		return wire.Description{}, fmt.Errorf("accept: %w", err)
	}
	p.commitLocked(answer)
	n.first, n.setup = true, setupOf(answer.SDP)
	n.in.held = append(n.in.held, wire.Candidates{Candidates: list})
	n.in.punching = true
	p.applyLocked(n.in.applied(0, ufragOf(d.SDP)))
	p.checkLiveLocked()
	return p.signed(answer, 0, signature(offer)), nil
}

// answerLocked applies an offer and the answer to it.
func (p *Peer) answerLocked(offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	p.out.begin(ufragOf(offer.SDP) != p.neg.in.ufrag)
	if err := p.pc.SetRemoteDescription(offer); err != nil {
		return webrtc.SessionDescription{}, err
	}
	answer, err := p.pc.CreateAnswer(&webrtc.AnswerOptions{
		OfferAnswerOptions: webrtc.OfferAnswerOptions{ICETricklingSupported: true},
	})
	if err != nil {
		return webrtc.SessionDescription{}, err
	}
	return answer, p.pc.SetLocalDescription(answer)
}

// commitLocked lets candidates of the given own description go.
func (p *Peer) commitLocked(d webrtc.SessionDescription) {
	p.neg.ufrag = ufragOf(d.SDP)
	p.out.commit(p.neg.gen, p.neg.ufrag)
}

// Answered applies the answer to Offer.
func (p *Peer) Answered(ctx context.Context, answer wire.Description) error {
	return p.HandleNegotiate(ctx, wire.Negotiate{Description: answer})
}

// Trickle opens the gate: gathered candidates are sent, received ones are
// tried. The caller calls it when the service knows the call, the callee when
// the person has accepted.
func (p *Peer) Trickle() {
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	p.out.openGate()
	p.applyLocked(n.in.openGate())
	p.checkLiveLocked()
}

// checkLiveLocked notes the moment from which a connection can be expected.
func (p *Peer) checkLiveLocked() {
	if !p.neg.first || !p.neg.in.open {
		return
	}
	p.mu.Lock()
	if p.live.IsZero() {
		p.live = time.Now()
	}
	p.mu.Unlock()
	latest.Poke(p.wake)
}

// HandleNegotiate applies a description of the other side. When both have
// offered, the impolite side ignores the other's offer and the polite side
// gives up its own (perfect negotiation, W3C webrtc section 10.7). What comes
// too late to matter is dropped without an error.
func (p *Peer) HandleNegotiate(ctx context.Context, m wire.Negotiate) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("negotiate: %w", err)
	}
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	if n.closed {
		return media.ErrClosed
	}
	switch m.Description.Type {
	case "offer":
		return p.handleOfferLocked(m)
	case "answer":
		return p.handleAnswerLocked(m)
	}
	return fmt.Errorf("negotiate: %w: type %q", ErrOrder, m.Description.Type)
}

func (p *Peer) handleOfferLocked(m wire.Negotiate) error {
	n := &p.neg
	if !n.first {
		return fmt.Errorf("negotiate: %w: offer before the first answer", ErrOrder)
	}
	if n.pending != nil {
		n.glares++
		if !p.polite {
			p.log.Debug("offer ignored: ours goes first", "generation", m.Generation)
			return nil
		}
	} else if m.Generation < n.gen {
		p.log.Debug("stale offer dropped", "generation", m.Generation, "now", n.gen)
		return nil
	}
	d, list, err := fromWire(m.Description, webrtc.SDPTypeOffer)
	if err == nil {
		err = p.genuine(m.Description, m.Generation, nil)
	}
	if err != nil {
		return fmt.Errorf("negotiate: %w", err)
	}
	n.pending = nil
	answer, err := p.answerLocked(d)
	if err != nil {
		p.out.commit(n.gen, n.ufrag)
		return fmt.Errorf("negotiate: %w", err)
	}
	if n.gen != m.Generation {
		p.freshTry()
	}
	n.gen = m.Generation
	// The encryption stays as it is, and so do the roles (RFC 8842 section
	// 5.3). pion (4.2.20) answers "active" to every offer, which browsers
	// refuse where they have that role.
	answer.SDP = withSetup(answer.SDP, n.setup)
	err = p.sig.Negotiate(wire.Negotiate{
		Description: p.signed(answer, n.gen, signature(m.Description)), Generation: n.gen, Restart: m.Restart,
	})
	if ufragOf(d.SDP) != n.in.ufrag {
		n.in.punching = true
	}
	p.commitLocked(answer)
	p.receivedLocked(d.SDP, list)
	if err != nil {
		return fmt.Errorf("negotiate: send answer: %w", err)
	}
	return nil
}

func (p *Peer) handleAnswerLocked(m wire.Negotiate) error {
	n := &p.neg
	if n.pending == nil || m.Generation != n.gen {
		p.log.Debug("stale answer dropped", "generation", m.Generation, "now", n.gen)
		return nil
	}
	d, list, err := fromWire(m.Description, webrtc.SDPTypeAnswer)
	if err == nil {
		err = p.genuine(m.Description, m.Generation, n.offered)
	}
	if err != nil {
		return fmt.Errorf("negotiate: %w", err)
	}
	if n.first {
		p.freshTry()
		if err := p.pc.SetLocalDescription(*n.pending); err != nil {
			return fmt.Errorf("negotiate: %w", err)
		}
	}
	if err := p.pc.SetRemoteDescription(d); err != nil {
		return fmt.Errorf("negotiate: %w", err)
	}
	if !n.first {
		n.setup = otherSetup(setupOf(d.SDP))
	}
	n.pending, n.first = nil, true
	if ufragOf(d.SDP) != n.in.ufrag {
		n.in.punching = false // who offers begins at once
	}
	p.receivedLocked(d.SDP, list)
	p.checkLiveLocked()
	return nil
}

// receivedLocked notes an applied remote description and applies what waited
// for it.
func (p *Peer) receivedLocked(sdp string, list []wire.Candidate) {
	n := &p.neg
	if len(list) > 0 {
		n.in.held = append(n.in.held, wire.Candidates{Generation: n.gen, Candidates: list})
	}
	p.applyLocked(n.in.applied(n.gen, ufragOf(sdp)))
}

// HandleCandidates takes candidates of the other side, in any order with
// descriptions.
func (p *Peer) HandleCandidates(c wire.Candidates) {
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	if !n.closed {
		p.applyLocked(n.in.add(c))
	}
}

func (p *Peer) applyLocked(list []wire.Candidate) {
	for _, c := range list {
		p.mu.Lock()
		p.addrs.add(c)
		p.mu.Unlock()
		err := p.pc.AddICECandidate(webrtc.ICECandidateInit{
			Candidate: c.Candidate, SDPMid: c.SDPMid, SDPMLineIndex: c.SDPMLineIndex, UsernameFragment: c.Ufrag,
		})
		if err != nil {
			p.neg.in.dropped++
			p.log.Debug("candidate refused", "err", err)
		}
	}
}

// restart makes an offer with new ICE credentials. The path in use ends with it.
func (p *Peer) restart() error {
	n := &p.neg
	n.Lock()
	defer n.Unlock()
	if n.closed {
		return media.ErrClosed
	}
	if !n.first {
		return fmt.Errorf("restart: %w: before the first answer", ErrOrder)
	}
	p.out.begin(true)
	d, err := p.pc.CreateOffer(&webrtc.OfferOptions{
		ICERestart:         true,
		OfferAnswerOptions: webrtc.OfferAnswerOptions{ICETricklingSupported: true},
	})
	if err != nil {
		p.out.commit(n.gen, n.ufrag)
		return fmt.Errorf("restart: %w", err)
	}
	n.gen++
	n.pending, n.sentAt = &d, time.Now()
	err = p.sig.Negotiate(wire.Negotiate{Description: p.offerLocked(d), Generation: n.gen, Restart: true})
	p.commitLocked(d)
	p.freshTry()
	if err != nil {
		return fmt.Errorf("restart: send offer: %w", err)
	}
	return nil
}

// freshTry starts the clock of Failed anew: new credentials are being tried.
func (p *Peer) freshTry() {
	p.mu.Lock()
	p.rawSince = time.Now()
	p.mu.Unlock()
	latest.Poke(p.wake)
}

// Restart asks for an ICE restart: new addresses, new credentials. It returns
// at once; State shows what comes of it.
func (p *Peer) Restart() {
	p.mu.Lock()
	p.asked.restart = true
	p.mu.Unlock()
	latest.Poke(p.wake)
}

// ServiceBack tells that the service is there again. If the path is not, what
// was gathered in the meantime was gathered without a network: a connection
// that is being tried is tried anew.
func (p *Peer) ServiceBack() {
	p.mu.Lock()
	p.asked.service = p.state.Ever
	p.mu.Unlock()
	latest.Poke(p.wake)
}

// NetworkChanged tells that the machine's addresses changed. A path whose own
// address is gone is restarted at once, one that still works is left alone but
// watched more closely, and one that is down is tried anew.
func (p *Peer) NetworkChanged() {
	p.mu.Lock()
	p.asked.network = true
	p.mu.Unlock()
	latest.Poke(p.wake)
}
