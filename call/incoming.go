package call

import (
	"errors"
	"time"

	"parley/call/peer"
	"parley/call/trust"
	"parley/signaling/wire"
)

// incoming routes one message of the service. It runs on Run's goroutine.
func (p *Phone) incoming(env wire.Envelope) {
	switch env.Kind {
	case wire.KindInvite:
		inv, err := wire.Body[wire.Invite](env)
		if err != nil || env.From == nil {
			p.log.Warn("invitation not understood", "err", err)
			p.reject(env.Call, wire.RejectFailed)
			return
		}
		p.invited(invitation{
			id: env.Call, from: *env.From, video: inv.Media.Video, offer: inv.Offer,
			ttl: time.Duration(env.TTLms) * time.Millisecond, stranger: env.Stranger,
		})
	case wire.KindResync:
		p.mu.Lock()
		p.held, p.trail = nil, map[string][]wire.Envelope{} // what stands will ring again
		p.mu.Unlock()
		for _, s := range p.Sessions() {
			s.post(evResync{})
		}
	default:
		if s := p.find(env.Call); s != nil {
			p.deliver(s, env)
			return
		}
		if p.followsHeld(env) {
			return
		}
		if env.Kind == wire.KindAnswer {
			// Somebody took a call that is over here: they must not wait.
			p.send(wire.KindHangup, env.Call, wire.Reason{Reason: wire.EndHangup})
		}
	}
}

// followsHeld keeps what comes after an invitation that is not decided on.
func (p *Phone) followsHeld(env wire.Envelope) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, in := range p.held {
		if in.id != env.Call {
			continue
		}
		switch env.Kind {
		case wire.KindCandidates:
			if len(p.trail[in.id]) < wire.MaxCandidates {
				p.trail[in.id] = append(p.trail[in.id], env)
			}
		case wire.KindCancel, wire.KindHangup, wire.KindTaken:
			p.held = append(p.held[:i:i], p.held[i+1:]...)
			delete(p.trail, in.id)
		}
		return true
	}
	return false
}

// deliver turns a message into an event of its session.
func (p *Phone) deliver(s *Session, env wire.Envelope) {
	ev, err := s.eventOf(env)
	if err != nil {
		s.log.Warn("message of the service not understood", "kind", env.Kind, "err", err)
		return
	}
	switch ev := ev.(type) {
	case nil:
	case evLink:
		s.post(ev)
	default:
		p.mu.Lock()
		s.unread++
		p.mu.Unlock()
		s.post(evSaid{ev})
	}
}

// eventOf is what a message means to its call; nil: nothing.
func (s *Session) eventOf(env wire.Envelope) (event, error) {
	switch env.Kind {
	case wire.KindRinging:
		return evRinging{}, nil
	case wire.KindAnswer:
		a, err := wire.Body[wire.Answer](env)
		return evAnswer{a}, err
	case wire.KindReject:
		r, err := wire.Body[wire.Reject](env)
		return evReject{r}, err
	case wire.KindCancel, wire.KindHangup:
		r, err := wire.Body[wire.Reason](env)
		return evEnd{r}, err
	case wire.KindTaken:
		return evTaken{}, nil
	case wire.KindCandidates:
		c, err := wire.Body[wire.Candidates](env)
		return evLink{func(l *link) { l.peer.HandleCandidates(c) }}, err
	case wire.KindNegotiate:
		n, err := wire.Body[wire.Negotiate](env)
		return evLink{func(l *link) {
			if err := l.peer.HandleNegotiate(s.ctx, n); err != nil && s.ctx.Err() == nil {
				s.log.Warn("negotiation", "err", err)
				if errors.Is(err, trust.ErrNotGenuine) || errors.Is(err, peer.ErrFingerprint) {
					s.post(evApplied{err})
				}
			}
		}}, err
	}
	return nil, nil
}

// verdict is what an invitation means.
type verdict uint8

const (
	rings   verdict = iota // a call of its own
	again                  // known already: the service rings anew
	crossed                // it crossed our own, and won: it is answered
	waits                  // what it means is not known yet: it may have crossed our own
	oneMore                // the line is busy
	tooLate                // the phone is being switched off; the service sees that by itself
)

// invited decides about an invitation and acts on it. It runs on Run's
// goroutine; events are posted without the lock, which sessions take too.
func (p *Phone) invited(in invitation) {
	p.mu.Lock()
	v, s := p.judgeLocked(in)
	var trail []wire.Envelope
	switch v {
	case waits:
		p.held = append(p.held, in)
	case rings:
		m, acts := newIncoming(time.Now(), in, p.cfg.Signal.Online())
		bad := p.vetLocked(in)
		if bad != nil {
			// It does not even ring; the person is told that there was a call.
			acts = m.end(time.Now(), End{Reason: whyNot(bad, EndInternal), Err: bad}, doReject{wire.Reject{Reason: wire.RejectFailed}})
		}
		s = p.addLocked(m, acts)
		if s.rang = in; bad != nil {
			p.unsafe = s
		}
	case crossed:
		s.adopted = in.id
	}
	if v != waits {
		trail = p.trail[in.id]
		delete(p.trail, in.id)
	}
	p.mu.Unlock()

	switch v {
	case again, crossed:
		s.post(evInvite{in})
	case oneMore:
		p.reject(in.id, wire.RejectBusy)
	}
	if s == nil {
		return
	}
	for _, env := range trail {
		p.deliver(s, env)
	}
	if v == rings && p.cfg.AutoAnswer {
		s.post(evAccept{p.cfg.Local.State().Camera.On})
	}
}

func (p *Phone) judgeLocked(in invitation) (verdict, *Session) {
	if p.closed {
		return tooLate, nil
	}
	roles := make([]role, len(p.sessions))
	for i, s := range p.sessions {
		roles[i] = s.role
		if s.unread > 0 {
			// It may be told this moment that its call is over: the service's
			// messages count in the order in which they came.
			roles[i].undecided = true
		}
		if s.adopted != "" {
			roles[i].claim.id = s.adopted
		}
	}
	v, i := judge(roles, len(p.held), in)
	if i < 0 {
		return v, nil
	}
	return v, p.sessions[i]
}

// judge decides what an invitation means beside the calls there are, of which
// i is the one it belongs to, or -1. Pure.
func judge(calls []role, held int, in invitation) (v verdict, i int) {
	v = rings
	for i, r := range calls {
		switch {
		case r.over:
		case r.claim.id == in.id:
			return again, i
		case r.claim.wants(in):
			return crossed, i
		case !r.undecided:
			v = oneMore
		case v == rings && held < maxHeld:
			v = waits
		case v == rings:
			v = oneMore
		}
	}
	return v, -1
}

// find returns the session of a call, if need be one that is being closed.
func (p *Phone) find(id string) (found *Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		if (s.role.claim.id == id || s.adopted == id) && (found == nil || found.role.over || s.adopted == id) {
			found = s
		}
	}
	return found
}

func (p *Phone) reject(id string, reason wire.RejectReason) {
	p.send(wire.KindReject, id, wire.Reject{Reason: reason})
}

func (p *Phone) send(kind wire.Kind, id string, body any) {
	if err := p.cfg.Signal.Send(kind, id, body); err != nil {
		p.log.Warn("not sent to the service", "kind", kind, "err", err)
	}
}
