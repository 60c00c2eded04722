package server

import (
	"context"
	"errors"
	"time"

	"parley/signaling/room"
	"parley/signaling/store"
	"parley/signaling/wire"
)

// maxBody is the longest body that still fits into a message with the sender's
// name and key around it.
const maxBody = wire.MaxMessage - 1024

func errBody() error {
	return wire.Errorf(wire.CodeTooLarge, "A call message has at most %d bytes of body.", maxBody)
}

// call carries out a call message other than invite; false: it is none.
func (srv *Server) call(s *session, e wire.Envelope) bool {
	switch e.Kind {
	case wire.KindRinging, wire.KindAnswer, wire.KindReject, wire.KindCancel,
		wire.KindCandidates, wire.KindNegotiate, wire.KindHangup, wire.KindStanding:
	default:
		return false
	}
	if len(e.Body) > maxBody {
		srv.answer(s, e, nil, errBody())
		return true
	}
	if remote, err := srv.elsewhere(srv.ctx, s, e, nil, false); remote {
		if err != nil {
			srv.answer(s, e, nil, err)
		}
		return true
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.cluster.follows() { // since just now
		srv.answer(s, e, nil, restarting())
		return true
	}
	ds, werr := srv.room.Handle(time.Now(), s.device(), e)
	if werr != nil {
		srv.applyLocked(ds, s)
		srv.answer(s, e, nil, werr)
		return true
	}
	srv.replyLocked(ds, s, e, nil)
	return true
}

// invite rings somebody by name or by link.
func (srv *Server) invite(ctx context.Context, s *session, e wire.Envelope) error {
	inv, err := wire.Body[wire.Invite](e)
	if err != nil {
		return err
	}
	if e.Call == "" {
		return wire.Errorf(wire.CodeMalformed, "The field call of invite is empty.")
	}
	if len(e.Body) > maxBody {
		return errBody()
	}
	now := time.Now()
	if wait, ok := srv.invites.take(now, s.caller()); !ok {
		srv.m.limits.WithLabelValues("invites").Inc()
		werr := wire.Errorf(wire.CodeSlowDown, "Too many calls in a short time. Please wait a moment.")
		werr.RetryMS = max(1, wait.Milliseconds())
		return werr
	}
	callee, limited, err := srv.callee(ctx, inv, now)
	if err != nil {
		return err
	}
	how, err := srv.reach(ctx, s, callee, inv.Link != "", now)
	if err == nil {
		err = srv.ring(s, e, callee, how)
	}
	if err != nil && limited {
		// Nobody was rung: the use is given back.
		if err := srv.store.ReturnLink(ctx, inv.Link); err != nil && !errors.Is(err, store.ErrNotFound) {
			srv.log.Error("storage", "operation", "return link", "err", err)
		}
	}
	if err != nil {
		return err
	}
	return errAnswered
}

// callee finds out who is called. limited: a use of the link was taken.
func (srv *Server) callee(ctx context.Context, inv wire.Invite, now time.Time) (who wire.Person, limited bool, err error) {
	if inv.Link == "" {
		r, err := srv.byName(ctx, inv.To)
		return r.Person, false, err
	}
	l, err := srv.store.RedeemLink(ctx, inv.Link, now)
	if err != nil {
		return wire.Person{}, false, linkError(err)
	}
	return l.Owner, l.Limited, nil
}

// ring gives the invitation to the room.
func (srv *Server) ring(s *session, e wire.Envelope, callee wire.Person, how reach) error {
	e.Stranger = how.stranger
	if remote, err := srv.elsewhere(srv.ctx, s, e, &callee, how.unseen); remote {
		return err
	}
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.draining || srv.cluster.follows() {
		return wire.Errorf(wire.CodeDraining, "The service is restarting. Please try again in a moment.")
	}
	invited, ds, werr := srv.inviteLocked(s.device(), callee, e, how.unseen)
	if werr != nil {
		srv.applyLocked(ds, s)
		return werr
	}
	srv.replyLocked(ds, s, e, invited)
	return nil
}

// replyLocked carries out decisions with the reply in its place: after it is
// stored for the others, before what follows for the session itself.
func (srv *Server) replyLocked(ds []room.Decision, s *session, e wire.Envelope, body any) {
	var own, others []room.Decision
	for _, d := range ds {
		if dl, ok := d.(room.Deliver); ok && dl.Session == s.id {
			own = append(own, d)
		} else {
			others = append(others, d)
		}
	}
	err := srv.tryLocked(others, s)
	if !relayed(e.Kind) {
		err = nil
	}
	if err != nil {
		err = srv.notTakenLocked(s.device(), e)
	}
	srv.answer(s, e, body, err)
	srv.applyLocked(own, s)
}

// notTakenLocked is the answer to a message that the other end did not take.
func (srv *Server) notTakenLocked(from room.Device, e wire.Envelope) *wire.Error {
	if e.Kind == wire.KindAnswer { // a call that only one side knows of is none
		if end, err := wire.New(wire.KindHangup, wire.Reason{Reason: wire.EndUnreachable}); err == nil {
			end.Call = e.Call
			after, _ := srv.room.Handle(time.Now(), from, end)
			srv.applyLocked(after, srv.sessions[from.Session])
		}
	}
	return wire.Errorf(wire.CodeAway, "The other device does not take messages just now.")
}

// relayed reports whether a message means nothing if the other did not get it.
// The others have changed the call whether or not a device heard of it.
func relayed(k wire.Kind) bool {
	return k == wire.KindAnswer || k == wire.KindCandidates || k == wire.KindNegotiate
}

// applyLocked carries out decisions that stand whether or not everybody takes
// the message: a session that does not is told to look again by its inbox.
func (srv *Server) applyLocked(ds []room.Decision, self *session) {
	_ = srv.tryLocked(ds, self)
}

// tryLocked carries out the room's decisions and returns the last
// failure to store a message. self is looked at, too, for its ping interval.
func (srv *Server) tryLocked(ds []room.Decision, self *session) error {
	var failed error
	var remote []string // sessions on other nodes
	touched := map[string]*session{}
	if self != nil {
		touched[self.id] = self
	}
	for _, d := range ds { // first: who is told of the end finds it in the history
		if d, ok := d.(room.Log); ok {
			srv.rec.log(d.Owner, d.Entry)
		}
	}
	for _, d := range ds {
		switch d := d.(type) {
		case room.Deliver:
			if err := srv.deliverLocked(d.Session, d.Env); err != nil {
				failed = err
			}
			if t := srv.sessions[d.Session]; t != nil {
				touched[d.Session] = t
			} else if srv.cluster != nil {
				remote = append(remote, d.Session)
			}
		case room.Presence:
			p := wire.Presence{Person: d.Person, State: d.State}
			if d.State == wire.Offline {
				p.SeenMS = 1 // just now; 0 would say nothing
			}
			srv.publishLocked(p)
		case room.Stage:
			srv.count(d)
		}
	}
	for _, t := range touched {
		_, setup := srv.inCallLocked(t)
		if t.setup.Swap(setup) != setup {
			t.poke()
		}
	}
	for _, id := range remote {
		srv.cluster.mark(time.Now(), id)
	}
	if at, ok := srv.room.Next(); ok {
		srv.tickAtLocked(at)
	}
	ringing, answered := srv.room.Live()
	srv.m.calls.WithLabelValues("ringing").Set(float64(ringing))
	srv.m.calls.WithLabelValues("answered").Set(float64(answered))
	return failed
}

// count keeps the funnel from the invitation to the end.
func (srv *Server) count(st room.Stage) {
	srv.m.steps.WithLabelValues(string(st.Step)).Inc()
	switch st.Step {
	case room.StepRinging:
		srv.m.toRinging.Observe(st.After.Seconds())
	case room.StepEnd:
		srv.m.ends.WithLabelValues(string(st.Outcome)).Inc()
	}
	srv.log.Info("call", "call", st.Call, "step", st.Step, "outcome", st.Outcome, "after_ms", st.After.Milliseconds())
}

// bye ends a session because its client said so.
func (srv *Server) bye(s *session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	srv.endLocked(time.Now(), s, true)
}
