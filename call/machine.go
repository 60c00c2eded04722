package call

import (
	"errors"
	"time"

	"parley/call/peer"
	"parley/call/trust"
	"parley/signaling/wire"
)

// machine is one call as a pure state machine: an event and the time go in,
// actions come out, and st is what is shown. It has no goroutine, no clock and
// no I/O; Session is the shell that feeds it and does what it says.
//
//	outgoing  Preparing ─offer─> Calling ─ringing─> Ringing ─answer─> Connecting
//	incoming  Incoming ──────────accept──────────────────────────────> Connecting
//	          Connecting ─path─> Connected <─path─ lost ─> Reconnecting
//	any       ─hang-up, refusal, deadline─> Ended
type machine struct {
	st     State
	to     string // dialled by name
	link   string // dialled by link
	online bool

	inviting bool // the invitation is on its way to the service
	invited  bool // the service has it
	rung     bool // a device of the other rings; this may be heard before who is rung
	offer    wire.Description
	answer   *wire.Description // incoming: prepared
	accepted bool              // a person, here or there, took the call
	answered bool              // incoming: the answer was sent
	early    *wire.Answer      // came before it was known who is rung
	spent    bool              // this person's share of the relay is used up
	glare    glare
	conn     conn
	deadline time.Time // of the present phase; zero: none
	record   consent

	acceptedAt time.Time
}

// glare is what is known of an invitation by the other that crossed ours and
// won: it is answered instead.
type glare struct {
	waiting bool
	call    string // its id; "": any invitation by that person
	adopted bool
}

// conn is the path as the machine sees it.
type conn uint8

const (
	connNone conn = iota
	connUp
	connLost
	connClosed // by the other side
	connRefused
)

// How long each phase may take. The service ends ringing after wire.RingFor;
// ours are a little longer and count only when the service is away.
const (
	prepareWithin = 10 * time.Second
	inviteWithin  = 10 * time.Second
	ringWithin    = wire.RingFor + 10*time.Second
	routeWithin   = 20 * time.Second
	mendWithin    = 60 * time.Second
	glareWithin   = 5 * time.Second
	resyncWithin  = 3 * time.Second
)

// maxNotices bounds what a call remembers.
const maxNotices = 20

// invitation is an invite as it came.
type invitation struct {
	id    string
	from  wire.Person
	video bool
	offer wire.Description
	ttl   time.Duration
	// stranger: this person does not know who calls, as the service says.
	stranger bool
}

func newOutgoing(now time.Time, id, to, link string, video, online bool) (*machine, []action) {
	m := &machine{to: to, link: link, online: online}
	m.st = State{
		ID: id, Phase: Preparing, Outgoing: true, Video: video, ViaLink: link != "", Began: now,
		Peer: Peer{Name: to},
	}
	m.deadline = now.Add(prepareWithin)
	return m, []action{doHold{video}, doOffer{}}
}

func newIncoming(now time.Time, in invitation, online bool) (*machine, []action) {
	m := &machine{online: online, invited: true, offer: in.offer}
	m.st = State{ID: in.id, Phase: Incoming, Video: in.video, Began: now}
	m.setPeer(in.from)
	m.st.ViaLink = in.from.Guest
	m.st.Peer.Stranger = in.stranger || in.from.Guest
	m.deadline = now.Add(ringFor(in))
	m.assume(in.video)
	return m, []action{doRinging{}, doPrepare{in.offer}}
}

func ringFor(in invitation) time.Duration {
	if in.ttl > 0 {
		return in.ttl + 10*time.Second
	}
	return ringWithin
}

// assume says what the other side sends until it says so itself.
func (m *machine) assume(video bool) { m.st.Remote.MicOn, m.st.Remote.CameraOn = true, video }

func (m *machine) setPeer(p wire.Person) {
	// Nothing was signed yet: an answer waits until it is known whose it is.
	m.st.Peer = Peer{ID: PeerID(p.ID), Name: p.Name, Key: p.Key, Guest: p.Guest}
}

// undecided reports whether it is still open what becomes of a dialled call:
// the service may yet say that the other is calling at this moment.
func (m *machine) undecided() bool {
	return m.st.Outgoing && !m.glare.adopted && (m.st.Phase == Preparing || m.st.Phase == Calling) &&
		(!m.invited || m.glare.waiting)
}

// claim is what decides whether an invitation is the one that a dialled call
// waits for.
type claim struct {
	id    string
	name  string
	glare glare
}

func (m *machine) claim() claim {
	return claim{id: m.st.ID, name: wire.NameKey(m.st.Peer.Name), glare: m.glare}
}

func (c claim) wants(in invitation) bool {
	if !c.glare.waiting || in.from.Guest { // whose name is anybody's
		return false
	}
	if c.glare.call != "" {
		return c.glare.call == in.id
	}
	return wire.NameKey(in.from.Name) == c.name
}

// handle is the whole of the machine.
func (m *machine) handle(now time.Time, ev event) []action {
	if m.st.Phase == Ended {
		return m.afterEnd(now, ev)
	}
	switch ev := ev.(type) {
	case evAccept:
		return m.accept(now, ev.video)
	case evDecline:
		return m.decline(now, ev)
	case evHangup:
		return m.hangup(now)
	case evClose:
		if m.st.Phase == Incoming {
			// Other devices of this person ring on; that this one is gone the
			// service sees by itself.
			return m.end(now, End{Reason: EndMissed})
		}
		return m.hangup(now)
	case evOffer:
		return m.offered(now, ev)
	case evInvited:
		m.inviting, m.invited = false, true
		m.setPeer(ev.person)
		if m.st.Phase == Preparing {
			m.st.Phase = Calling
		}
		m.ring()
		if m.early != nil {
			return m.answeredBy(now, *m.early)
		}
		if !m.accepted {
			m.deadline = now.Add(ringWithin)
		}
		return []action{doTrickle{}}
	case evStranger:
		m.inviting, m.invited = false, true
		m.setPeer(ev.person)
		return m.end(now, End{Reason: EndKeyChanged}, doCancel{wire.Reason{Reason: wire.EndCancelled}})
	case evRefused:
		return m.refused(now, ev.err)
	case evPrepared:
		return m.prepared(now, ev)
	case evApplied:
		if ev.err != nil {
			return m.end(now, End{Reason: whyNot(ev.err, EndIncompatible), Err: ev.err}, doHangup{wire.Reason{Reason: wire.EndError}})
		}
	case evSpent:
		m.spent = true
	case evInvite:
		return m.invitedAgain(now, ev.invite)
	case evRinging:
		m.rung = true
		m.ring()
	case evAnswer:
		return m.answeredBy(now, ev.answer)
	case evReject:
		return m.rejected(now, ev.reject)
	case evEnd:
		return m.endedBy(now, ev.reason)
	case evTaken:
		if !m.st.Outgoing || m.glare.adopted {
			return m.end(now, End{Reason: EndElsewhere})
		}
	case evResync:
		return m.resync(now)
	case evOnline:
		back := ev.online && !m.online
		m.online = ev.online
		m.trouble()
		if back && m.st.Phase == Reconnecting {
			return []action{doMend{}}
		}
	case evConn:
		return m.connection(now, ev)
	case evTick:
		return append(m.unheard(now), m.tick(now)...)
	case evRecord, evStopRecord, evAllowRecord, evTheirRecord, evRecorded:
		return m.recording(now, ev)
	default:
		m.show(ev)
	}
	return nil
}

// next is when something is due; zero: never.
func (m *machine) next() time.Time {
	if d := m.record.deadline; !d.IsZero() && (m.deadline.IsZero() || d.Before(m.deadline)) {
		return d
	}
	return m.deadline
}

// ring shows that it rings, once it is known whom.
func (m *machine) ring() {
	if m.rung && m.invited && m.st.Phase == Calling && !m.glare.waiting {
		m.st.Phase = Ringing
	}
}

func (m *machine) accept(now time.Time, video bool) []action {
	if m.st.Phase != Incoming {
		return nil
	}
	m.accepted, m.acceptedAt = true, now
	m.st.Phase = Connecting
	m.deadline = now.Add(routeWithin)
	return append([]action{doHold{video}}, m.takeCall()...)
}

// takeCall sends the answer once it is both wanted and there.
func (m *machine) takeCall() []action {
	if !m.accepted || m.answer == nil || m.answered {
		return nil
	}
	m.answered = true
	return []action{doAnswer{*m.answer}, doTrickle{}, doMedia{}}
}

func (m *machine) decline(now time.Time, ev evDecline) []action {
	if m.st.Phase != Incoming {
		return nil
	}
	reason := EndDeclined
	if ev.reason == wire.RejectBusy {
		reason = EndBusy
	}
	return m.end(now, End{Reason: reason, Message: ev.message},
		doReject{wire.Reject{Reason: ev.reason, Message: ev.message}})
}

func (m *machine) hangup(now time.Time) []action {
	switch {
	case m.st.Phase == Incoming:
		return m.decline(now, evDecline{reason: wire.RejectDeclined})
	case m.st.Phase.Live():
		return m.end(now, End{Reason: EndedByMe}, doHangup{wire.Reason{Reason: wire.EndHangup}})
	case m.invited && !m.glare.waiting:
		return m.end(now, End{Reason: EndedByMe}, doCancel{wire.Reason{Reason: wire.EndCancelled}})
	}
	// An invitation under way is withdrawn when its fate is known: afterEnd.
	return m.end(now, End{Reason: EndedByMe})
}

func (m *machine) offered(now time.Time, ev evOffer) []action {
	if ev.err != nil {
		return m.end(now, End{Reason: whyNot(ev.err, m.orNoService(EndInternal)), Err: ev.err})
	}
	if m.st.Phase != Preparing || m.inviting || m.invited {
		return nil
	}
	m.inviting = true
	m.deadline = now.Add(inviteWithin + 2*time.Second)
	return []action{doInvite{ev.offer}}
}

// orNoService blames the service if it is away.
func (m *machine) orNoService(r EndReason) EndReason {
	if !m.online {
		return EndNoService
	}
	return r
}

// whyNot is what kept a connection from being made; otherwise if nothing that a
// person could do something about.
func whyNot(err error, otherwise EndReason) EndReason {
	switch {
	case errors.Is(err, errNoRelay):
		return EndNoRelay
	case errors.Is(err, errRelaySpent):
		return EndRelaySpent
	case errors.Is(err, errRelaysUnknown):
		return EndNoService
	case errors.Is(err, trust.ErrKeyChanged):
		return EndKeyChanged
	case errors.Is(err, trust.ErrNotGenuine), errors.Is(err, peer.ErrFingerprint):
		return EndNotGenuine
	}
	return otherwise
}

// refusals say how a call ends that the service would not set up.
var refusals = map[wire.Code]EndReason{
	wire.CodeNobody:      EndNobody,
	wire.CodeAway:        EndAway,
	wire.CodeSelf:        EndSelf,
	wire.CodeLinkUnknown: EndLinkUnknown,
	wire.CodeLinkUsed:    EndLinkUsed,
	wire.CodeLinkExpired: EndLinkExpired,
	wire.CodeRequested:   EndRequested,
	wire.CodeKnownOnly:   EndKnownOnly,
	wire.CodeBlocked:     EndBlocked,
	wire.CodeSlowDown:    EndSlowDown,
	wire.CodeTooMany:     EndSlowDown,
	wire.CodeDraining:    EndNoService,
	wire.CodeStorage:     EndNoService,
	wire.CodeBadName:     EndNobody,
	wire.CodeUnknownKind: EndIncompatible,
}

func (m *machine) refused(now time.Time, err error) []action {
	m.inviting = false
	no, ok := errors.AsType[*wire.Error](err)
	if !ok {
		if m.early != nil { // it did arrive, and somebody took the call
			return m.answeredBy(now, *m.early)
		}
		// Nobody knows whether the invitation arrived: it is withdrawn in case it did.
		return m.end(now, End{Reason: EndNoService, Err: err}, doCancel{wire.Reason{Reason: wire.EndCancelled}})
	}
	if no.Code == wire.CodeGlare && !m.accepted {
		return m.yield(now, no.Call)
	}
	reason, known := refusals[no.Code]
	if !known {
		reason = EndInternal
	}
	return m.end(now, End{Reason: reason, Message: no.Message, Err: err})
}

// yield gives way to the other's invitation, which crossed ours and won.
func (m *machine) yield(now time.Time, call string) []action {
	m.glare = glare{waiting: true, call: call}
	m.deadline = now.Add(glareWithin)
	return []action{doDrop{}}
}

func (m *machine) invitedAgain(now time.Time, in invitation) []action {
	switch {
	case m.claim().wants(in):
		// Both called at once: whoever dialled has said yes already.
		m.glare = glare{adopted: true}
		m.st.ID, m.offer = in.id, in.offer
		m.setPeer(in.from)
		m.assume(in.video)
		m.invited, m.accepted, m.acceptedAt = true, true, now
		m.st.Phase = Connecting
		m.deadline = now.Add(routeWithin)
		return []action{doPrepare{in.offer}}
	case in.id == m.st.ID && m.st.Phase == Incoming:
		// The service lost our session and rings the new one.
		m.deadline = now.Add(ringFor(in))
		return []action{doRinging{}}
	}
	return nil
}

func (m *machine) prepared(now time.Time, ev evPrepared) []action {
	if ev.err != nil {
		return m.end(now, End{Reason: whyNot(ev.err, EndIncompatible), Err: ev.err}, doReject{wire.Reject{Reason: wire.RejectFailed}})
	}
	m.answer = &ev.answer
	return m.takeCall()
}

func (m *machine) answeredBy(now time.Time, a wire.Answer) []action {
	if !m.st.Outgoing || m.accepted || m.st.Phase.Live() {
		return nil
	}
	if m.inviting { // the service says next who that is
		m.early = &a
		return nil
	}
	m.accepted, m.acceptedAt, m.invited = true, now, true
	m.assume(a.Media.Video)
	m.st.Phase = Connecting
	m.deadline = now.Add(routeWithin)
	return []action{doApply{a.Answer}, doTrickle{}, doMedia{}}
}

func (m *machine) rejected(now time.Time, r wire.Reject) []action {
	if !m.st.Outgoing || m.st.Phase.Live() {
		return nil
	}
	e := End{Reason: EndDeclined, Message: r.Message}
	switch r.Reason {
	case wire.RejectBusy:
		e.Reason = EndBusy
	case wire.RejectFailed:
		e.Reason = EndIncompatible
	}
	return m.end(now, e)
}
