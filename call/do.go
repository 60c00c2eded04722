package call

import (
	"context"

	"parley/signaling/wire"
)

// do carries out what the machine wants. Nothing here blocks.
func (s *Session) do(acts []action) {
	for _, a := range acts {
		switch a := a.(type) {
		case doHold:
			if s.release == nil {
				s.release = s.phone.cfg.Local.Hold()
			}
			s.phone.cfg.Local.SetCamera(a.video)
		case doOffer:
			s.ops.add(func() { s.offer() })
		case doInvite:
			s.invite(a.offer)
		case doPrepare:
			s.ops.add(func() { s.prepare(a.offer) })
		case doRinging:
			s.signal(wire.KindRinging, nil)
		case doAnswer:
			s.signal(wire.KindAnswer, wire.Answer{
				Media: wire.Media{Audio: true, Video: s.phone.cfg.Local.State().Camera.On}, Answer: a.answer,
			})
		case doApply:
			s.ops.add(func() { s.apply(a.answer) })
		case doTrickle:
			s.onLink(func(l *link) { l.peer.Trickle() })
		case doMedia:
			s.onLink(func(l *link) { l.startMedia() })
		case doDrop:
			s.ops.add(s.closeLink)
		case doMend:
			s.onLink(func(l *link) { l.peer.ServiceBack() })
		case doWaiting:
			s.onLink(func(l *link) { l.setWaiting(a.waiting) })
		case doReject:
			s.signal(wire.KindReject, a.reject)
		case doCancel:
			s.signal(wire.KindCancel, a.reason)
		case doHangup:
			s.signal(wire.KindHangup, a.reason)
		case doSayRecord:
			s.onLink(func(l *link) { l.line.SetRecord(a.record) })
		case doRecord:
			s.onLink(func(l *link) { l.record(a.file, a.me) })
		case doStopRecord:
			s.onLink(func(l *link) { l.stopRecord() })
		case doStand:
			s.signal(wire.KindStanding, a.standing)
		case doStop:
			s.stop()
		}
	}
}

// stop closes everything, behind what is already under way.
func (s *Session) stop() {
	if s.stopped {
		return
	}
	s.stopped = true
	s.cancel()
	if s.endInvite != nil {
		s.endInvite()
	}
	if s.release != nil {
		s.release()
		s.release = nil
	}
	s.ops.last(s.closeLink)
}

// signal sends what needs no answer. A queue that is full means that the line
// is dead for good; the call's own deadlines then end it.
func (s *Session) signal(kind wire.Kind, body any) {
	if err := s.phone.cfg.Signal.Send(kind, s.m.st.ID, body); err != nil {
		s.log.Warn("not sent to the service", "kind", kind, "err", err)
	}
}

func (s *Session) invite(offer wire.Description) {
	id := s.m.st.ID
	inv := wire.Invite{To: s.m.to, Link: s.m.link, Media: wire.Media{Audio: true, Video: s.m.st.Video}, Offer: offer}
	ctx, cancel := context.WithTimeout(context.Background(), inviteWithin)
	s.endInvite = cancel
	go func() {
		defer cancel()
		env, err := s.phone.cfg.Signal.Request(ctx, wire.KindInvite, id, inv)
		if err != nil {
			s.post(evRefused{err})
			return
		}
		done, err := wire.Body[wire.Invited](env)
		if err != nil {
			s.post(evRefused{err})
			return
		}
		if err := s.rung(done.Person); err != nil {
			s.log.Warn("not the person known by that name", "err", err)
			s.post(evStranger{done.Person})
			return
		}
		s.post(evInvited{done.Person})
	}()
}

// onLink queues f for the connection, if there is one by then.
func (s *Session) onLink(f func(*link)) {
	s.ops.add(func() {
		if l := s.current(); l != nil {
			f(l)
		}
	})
}

// The following run on the goroutine of ops.

func (s *Session) offer() {
	l, err := s.connect(false)
	if err != nil {
		s.post(evOffer{err: err})
		return
	}
	d, err := l.peer.Offer(s.ctx)
	s.post(evOffer{offer: d, err: err})
}

func (s *Session) prepare(offer wire.Description) {
	l, err := s.connect(true)
	if err != nil {
		s.post(evPrepared{err: err})
		return
	}
	d, err := l.peer.Accept(s.ctx, offer)
	if err == nil {
		s.met(l)
	}
	s.post(evPrepared{answer: d, err: err})
}

func (s *Session) apply(answer wire.Description) {
	l := s.current()
	if l == nil {
		return
	}
	if err := l.peer.Answered(s.ctx, answer); err != nil {
		s.post(evApplied{err})
		return
	}
	s.met(l)
}

// connect replaces the connection.
func (s *Session) connect(polite bool) (*link, error) {
	s.closeLink()
	l, err := newLink(s, polite)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.link, s.line = l, l.line
	s.mu.Unlock()
	return l, nil
}

func (s *Session) closeLink() {
	s.mu.Lock()
	l := s.link
	s.line = nil
	s.mu.Unlock()
	if l == nil {
		return
	}
	l.close()
	s.mu.Lock()
	s.link = nil
	s.mu.Unlock()
}
