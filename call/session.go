package call

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"parley/call/data"
	"parley/call/stats"
	"parley/media"
	"parley/media/latest"
	"parley/signaling/wire"
)

// Session is one call with one person: what the window of the call shows and
// drives. Its methods return at once and may be called from any goroutine.
//
//	window ──Accept, Hangup …──┐
//	Phone ──service messages───┼──event──> run: machine ──action──> ops (connection, in order)
//	connection, ops ───────────┘             └──State──> subscribers     └──> Signal
type Session struct {
	// static
	phone  *Phone
	log    *slog.Logger
	mail   chan event // several senders, never closed; run reads until done
	done   chan struct{}
	gone   chan struct{} // run has returned
	ops    *ops
	rec    *stats.Recorder
	camera *latest.Slot[*media.Frame]
	screen *latest.Slot[*media.Frame] // nothing is put there until screens are shared
	ctx    context.Context            // ends with the call
	cancel context.CancelFunc

	state   atomic.Pointer[State]
	changed latest.Bell   // after state
	watched atomic.Bool   // somebody takes pictures from camera
	volume  atomic.Uint64 // bits of a float64
	numbers atomic.Pointer[[]Number]

	mu   sync.Mutex
	line *data.Line // guarded by mu; nil before there is a connection
	link *link      // guarded by mu

	rang    invitation // guarded by phone.mu: what rang, if anything did
	role    role       // guarded by phone.mu
	unread  int        // guarded by phone.mu: service messages that role does not reflect yet
	adopted string     // guarded by phone.mu: the call that this one became after a glare

	// owned by run
	m         *machine
	release   func() // devices
	endInvite context.CancelFunc
	stopped   bool // doStop was done
}

// mailDepth is far more than happens at once; a full mailbox holds up its
// senders, none of which run waits for.
const mailDepth = 64

// errNoLine: chat before there is a connection.
var errNoLine = errors.New("the call is not connected yet")

func newSession(p *Phone, m *machine) *Session {
	ctx, cancel := context.WithCancel(context.Background())
	m.st.Recording.Barred = p.cfg.NoRecording
	s := &Session{
		phone: p, log: p.log.With("call", m.st.ID),
		mail: make(chan event, mailDepth), done: make(chan struct{}), gone: make(chan struct{}),
		rec: stats.NewRecorder(m.st.Began), camera: latest.New[*media.Frame](), screen: latest.New[*media.Frame](),
		ctx: ctx, cancel: cancel, m: m,
	}
	s.ops = newOps()
	s.volume.Store(math.Float64bits(1))
	st := m.st
	s.state.Store(&st)
	return s
}

// State is a snapshot of the call.
func (s *Session) State() State { return *s.state.Load() }

// Subscribe returns a channel that is readable after State changed, and what
// ends the subscription.
func (s *Session) Subscribe() (<-chan struct{}, func()) { return s.changed.Subscribe() }

// Video is where a participant's pictures arrive, the newest only; the same
// slot for the whole call. The last picture stays until it is taken. Who asks
// for it takes the frames and releases them.
func (s *Session) Video(_ PeerID, k SourceKind) *latest.Slot[*media.Frame] {
	if k == ScreenSource {
		return s.screen
	}
	s.watched.Store(true)
	return s.camera
}

// Done is closed when the call has ended and everything it opened is closed.
func (s *Session) Done() <-chan struct{} { return s.done }

// Accept takes an incoming call, with the camera on if video.
func (s *Session) Accept(video bool) { s.post(evAccept{video}) }

// Decline refuses an incoming call; reason is wire.RejectDeclined, or
// wire.RejectBusy to appear as being in another call. The message may be empty.
func (s *Session) Decline(reason wire.RejectReason, message string) {
	s.post(evDecline{reason, message})
}

// Hangup ends the call, whatever its phase.
func (s *Session) Hangup() { s.post(evHangup{}) }

// SendChat says a line; State shows it and how far it got. The error is
// data.ErrEmpty, data.ErrTooLong, data.ErrFull, or that there is no connection
// (not yet, or no more).
func (s *Session) SendChat(text string) error {
	s.mu.Lock()
	line := s.line
	s.mu.Unlock()
	if line == nil {
		return errNoLine
	}
	_, err := line.Chat(text)
	return err
}

// Record asks the other side whether the call may be recorded, and records it
// to file, which must not be there yet, once it says yes. me is how this person
// is called in the file. What becomes of it is in State.
func (s *Session) Record(file, me string) { s.post(evRecord{file, me}) }

// StopRecording ends the recording here, or takes the question back; without
// one it takes back what was allowed to the other side, which ends theirs.
func (s *Session) StopRecording() { s.post(evStopRecord{}) }

// AllowRecording answers the other side's question.
func (s *Session) AllowRecording(allow bool) { s.post(evAllowRecord{allow}) }

// SetVolume sets how loud the other side is heard, 0 to 2; 1 is as sent.
func (s *Session) SetVolume(v float64) {
	s.volume.Store(math.Float64bits(v))
	s.post(evLink{func(l *link) { l.applyVolume() }})
}

// Levels are how loud each side speaks now: linear RMS, 0 to 1. Mine is that
// of the microphone before muting.
func (s *Session) Levels() (mine, theirs float64) {
	if l := s.current(); l != nil {
		theirs = l.level()
	}
	return s.phone.cfg.Local.MicLevel(), theirs
}

// Numbers are the statistics of the last second, in the order in which they
// are shown; nil before there are any.
func (s *Session) Numbers() []Number {
	if n := s.numbers.Load(); n != nil {
		return *n
	}
	return nil
}

// Stats is the account of the call so far; after Done it is final.
func (s *Session) Stats() stats.Report { return s.rec.Report(time.Now()) }

func (s *Session) current() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

// evLink is for the connection alone; it goes through the mailbox so that it
// keeps its order with what makes the connection.
type evLink struct{ f func(*link) }

// post hands an event to run, unless it has returned.
func (s *Session) post(ev event) {
	select {
	case s.mail <- ev:
	case <-s.gone:
	}
}

// start runs the session; acts are what the new machine wants.
func (s *Session) start(acts []action) {
	go s.ops.run()
	go s.run(acts)
}

func (s *Session) run(acts []action) {
	defer func() {
		close(s.gone)
		s.phone.poke()
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	s.do(acts)
	for {
		wait := time.Hour
		if next := s.m.next(); !next.IsZero() {
			wait = time.Until(next)
		}
		timer.Reset(wait)
		select {
		case ev := <-s.mail:
			s.step(ev)
		case <-timer.C:
			s.step(evTick{})
		case <-s.ops.drained:
			// After doStop: everything is closed. What is left is to learn
			// what became of an invitation under way.
			s.ops.drained = nil
			s.rest()
			s.finish()
		}
		if s.ops.drained == nil && !s.m.inviting {
			return
		}
	}
}

// step feeds one event to the machine and does what it says.
func (s *Session) step(ev event) {
	if ev, ok := ev.(evLink); ok {
		s.onLink(ev.f)
		return
	}
	said, fromService := ev.(evSaid)
	if fromService {
		ev = said.event
	}
	acts := s.m.handle(time.Now(), ev)
	s.publish(fromService)
	s.do(acts)
}

// rest takes in what was said before everything closed.
func (s *Session) rest() {
	for {
		select {
		case ev := <-s.mail:
			s.step(ev)
		default:
			return
		}
	}
}

// finish makes the end visible.
func (s *Session) finish() {
	s.log.Info("call over", "reason", s.m.st.End.Reason, "err", s.m.st.End.Err)
	close(s.done)
}

// publish makes the machine's state visible, after a message of the service or
// something else. It runs on run's goroutine.
func (s *Session) publish(fromService bool) {
	st := s.m.st
	s.state.Store(&st)
	if !s.m.acceptedAt.IsZero() {
		s.rec.Accepted(s.m.acceptedAt)
	}
	if !st.ConnectedAt.IsZero() {
		s.rec.Connected(st.ConnectedAt)
	}
	if st.Phase == Ended {
		s.rec.Ended(st.End.At)
	}
	s.changed.Ring()
	s.phone.noted(s, s.m, fromService)
}

// sink is where the other side's pictures go.
type sink struct {
	s     *Session
	first bool
}

// Put hands a picture to whoever watches. While nobody does, for example
// without a window, it is as good as shown.
func (k *sink) Put(f *media.Frame) (*media.Frame, bool) {
	if !k.first {
		k.first = true
		now := time.Now()
		k.s.rec.FirstFrame(now)
		k.s.post(evPicture{})
	}
	if !k.s.watched.Load() {
		f.Release()
		return nil, false
	}
	return k.s.camera.Put(f)
}
