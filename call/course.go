package call

import (
	"errors"
	"time"

	"parley/signaling/wire"
)

// endedBy: cancel and hangup are one wish, which may cross the message that
// makes it the other one.
func (m *machine) endedBy(now time.Time, r wire.Reason) []action {
	live := m.st.Phase.Live()
	e := End{Reason: EndedByOther, Message: r.Message}
	switch {
	case r.Reason == wire.EndGlare && m.st.Outgoing && !m.accepted:
		return m.yield(now, "")
	case r.Reason == wire.EndUnreachable && m.st.Phase == Connected:
		// The service lost the other side, but we have not: the call goes on.
		return nil
	case r.Reason == wire.EndUnreachable && !m.st.ConnectedAt.IsZero():
		e.Reason = EndLost
	case r.Reason == wire.EndUnreachable && live:
		e.Reason = EndNoRoute
	case r.Reason == wire.EndUnreachable && m.st.Outgoing:
		e.Reason = EndAway
	case r.Reason == wire.EndUnreachable:
		e.Reason = EndMissed
	case r.Reason == wire.EndError:
		e.Reason = EndIncompatible
	case r.Reason == wire.EndNoAnswer && m.st.Outgoing:
		e.Reason = EndNoAnswer
	case r.Reason == wire.EndNoAnswer:
		e.Reason = EndMissed
	case !live && !m.st.Outgoing:
		e.Reason = EndCancelled
	}
	return m.end(now, e)
}

// resync: the service knows nothing any more of what it had not yet settled,
// and nothing at all if it was started anew. What stands is told to it again,
// or nothing could be mended through it; if there is something to mend, that is
// begun anew behind it.
func (m *machine) resync(now time.Time) []action {
	switch {
	case m.st.Phase.Live():
		acts := []action{doStand{wire.Standing{
			Peer: m.st.Peer.Key, Caller: m.st.Outgoing && !m.glare.adopted,
			Media: wire.Media{Audio: true, Video: m.st.Video}, AgeMS: now.Sub(m.acceptedAt).Milliseconds(),
		}}}
		if m.st.Phase == Reconnecting {
			acts = append(acts, doMend{})
		}
		return acts
	case m.st.Phase == Incoming:
		if soon := now.Add(resyncWithin); soon.Before(m.deadline) {
			m.deadline = soon // unless it rings again
		}
	case m.st.Outgoing && !m.accepted && m.invited && !m.glare.waiting:
		return m.end(now, End{Reason: EndNoService}, doCancel{wire.Reason{Reason: wire.EndCancelled}})
	}
	return nil
}

func (m *machine) connection(now time.Time, ev evConn) []action {
	m.conn = ev.conn
	if !m.st.Phase.Live() {
		return nil
	}
	switch ev.conn {
	case connUp:
		var acts []action
		if m.st.ConnectedAt.IsZero() {
			m.st.ConnectedAt = now
		}
		if m.st.Phase == Reconnecting {
			acts = append(acts, doWaiting{false})
		}
		m.st.Phase, m.st.LostAt, m.deadline = Connected, time.Time{}, time.Time{}
		m.trouble()
		return acts
	case connLost:
		if m.st.Phase == Connected {
			m.st.Phase, m.st.LostAt = Reconnecting, now
			m.deadline = now.Add(mendWithin)
			m.trouble()
			return []action{doWaiting{true}}
		}
	case connClosed:
		return m.end(now, End{Reason: EndedByOther}, doHangup{wire.Reason{Reason: wire.EndHangup}})
	case connRefused:
		return m.end(now, End{Reason: whyNot(ev.err, EndIncompatible), Err: ev.err}, doHangup{wire.Reason{Reason: wire.EndError}})
	}
	return nil
}

// tick ends what has taken too long.
func (m *machine) tick(now time.Time) []action {
	if m.deadline.IsZero() || now.Before(m.deadline) {
		return nil
	}
	switch m.st.Phase {
	case Preparing, Calling, Ringing:
		e := End{Reason: EndNoAnswer}
		switch {
		case m.glare.waiting, !m.invited && !m.inviting:
			e.Reason = m.orNoService(EndInternal)
		case !m.invited:
			e.Reason = EndNoService
		}
		if !m.invited || m.glare.waiting {
			return m.end(now, e) // if it is under way: afterEnd
		}
		return m.end(now, e, doCancel{wire.Reason{Reason: wire.EndNoAnswer}})
	case Incoming:
		return m.end(now, End{Reason: EndMissed})
	case Connecting:
		return m.end(now, End{Reason: EndNoRoute}, doHangup{wire.Reason{Reason: wire.EndUnreachable}})
	case Reconnecting:
		return m.end(now, End{Reason: EndLost}, doHangup{wire.Reason{Reason: wire.EndUnreachable}})
	}
	return nil
}

// end is the only way into Ended.
func (m *machine) end(now time.Time, e End, acts ...action) []action {
	e.At = now
	if m.spent && e.Reason == EndNoRoute {
		e.Reason = EndRelaySpent
	}
	m.st.Phase, m.st.End, m.deadline = Ended, e, time.Time{}
	m.st.LostAt = time.Time{}
	m.overRecord()
	m.glare.waiting = false
	return append(acts, doStop{})
}

// afterEnd takes back what reached the service, or the other, after the end
// here: otherwise it would ring, or wait, for nobody.
func (m *machine) afterEnd(now time.Time, ev event) []action {
	switch ev := ev.(type) {
	case evInvited, evStranger:
		m.inviting, m.invited = false, true
		return []action{doCancel{wire.Reason{Reason: wire.EndCancelled}}}
	case evRefused:
		m.inviting = false
		if _, no := errors.AsType[*wire.Error](ev.err); !no {
			return []action{doCancel{wire.Reason{Reason: wire.EndCancelled}}}
		}
	case evAnswer:
		if !m.accepted {
			m.accepted = true
			return []action{doHangup{wire.Reason{Reason: wire.EndHangup}}}
		}
	case evRecorded:
		m.recorded(now, ev.result)
	case evChat:
		m.st.Chat = ev.chat // what was not delivered by now is marked so
	}
	return nil
}
