package present

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"parley/assets"
	"parley/call"
	"parley/ui/i18n"
)

// Program decides which screen shows and keeps it up to date.
type Program struct {
	deps    Deps
	catalog *i18n.Catalog
	post    func(func())
	screen  Screen
	log     *slog.Logger
	now     func() time.Time
	hub     *hub

	posted  atomic.Bool   // a refresh is on its way
	retimed chan struct{} // capacity 1: due was changed

	due atomic.Int64 // nanoseconds until the next refresh without a wake-up; 0: none

	// Owned by the UI goroutine.
	closing  bool
	page     ScreenID // what the person asked for: Home, Before, Echo or Settings
	session  Session  // shown in the call screen
	unsafe   Session  // the last one that was told of
	stopWake func()   // ends the watch on session
	ringing  map[Session]func()
	file     completing
	pending  string // a call link that waits for the end of a call, or for a name
	sound    soundBoard
	lang     *i18n.Lang

	Welcome  *Welcome
	Home     *Home
	Before   *Before
	Call     *Call
	Echo     *EchoScreen
	Settings *SettingsScreen
	Own      *OwnScreen
	Incoming *Incoming
}

// New returns the presenters. post runs a function on the UI goroutine soon,
// from any goroutine.
func New(d Deps, catalog *i18n.Catalog, post func(func()), screen Screen) *Program {
	p := &Program{
		deps: d, catalog: catalog, post: post, screen: screen, log: d.Log, now: d.Now,
		hub: newHub(), retimed: make(chan struct{}, 1), page: ScreenHome, ringing: map[Session]func(){},
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	p.sound = soundBoard{media: d.Media}
	p.Welcome, p.Home, p.Before, p.Own = newWelcome(p), newHome(p), &Before{p: p}, &OwnScreen{p: p}
	p.Call, p.Echo, p.Settings, p.Incoming = &Call{p: p}, &EchoScreen{p: p}, &SettingsScreen{p: p, page: PageAccount}, &Incoming{p: p}
	p.lang = p.language()
	return p
}

// Run keeps the screens up to date until ctx ends, then waits for whatever it
// started.
func (p *Program) Run(ctx context.Context) error {
	for _, s := range []Subscriber{p.deps.Directory, p.deps.Phone, p.deps.Media, p.deps.Settings} {
		p.hub.watch(s)
	}
	if s, ok := p.deps.AtLogin.(Subscriber); ok {
		p.hub.watch(s)
	}
	defer p.hub.close()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.hub.wake:
			p.schedule()
		case <-timer.C:
			p.schedule()
		case <-p.retimed:
			if d := time.Duration(p.due.Load()); d > 0 {
				timer.Reset(d)
			} else {
				timer.Stop()
			}
		}
	}
}

// schedule posts a refresh unless one is on its way already.
func (p *Program) schedule() {
	if !p.posted.CompareAndSwap(false, true) {
		return
	}
	p.post(func() {
		p.posted.Store(false)
		p.Refresh()
	})
}

// Close gives back what the open screen holds. Call it on the UI goroutine,
// before the devices are closed.
func (p *Program) Close() {
	p.closing = true
	p.Home.leave()
	p.Before.leave()
	p.Echo.leave()
	p.Settings.leave()
	p.Call.leave()
	if p.file.stop != nil {
		p.file.stop()
		p.file = completing{}
	}
	p.sound.silence()
}

// async runs f off the UI goroutine and what it returns on it.
func (p *Program) async(f func(ctx context.Context) func()) {
	p.hub.start(func(ctx context.Context) {
		if then := f(ctx); then != nil {
			p.post(func() {
				if p.closing {
					return
				}
				then()
				p.Refresh()
			})
		}
	})
}

func (p *Program) language() *i18n.Lang {
	wish := p.deps.Settings.Get().Language
	if wish == "" || wish == "system" {
		wish = p.deps.Language
	}
	return p.catalog.Pick(wish)
}

// Lang returns the language in use.
func (p *Program) Lang() *i18n.Lang { return p.lang }

// Refresh shows the state as it is now. UI goroutine only.
func (p *Program) Refresh() {
	if p.closing {
		return
	}
	now := p.now()
	p.lang = p.language()
	p.follow(now)
	if p.offerPending() {
		return // it refreshes
	}
	choices := p.deps.Settings.Get()
	m := Model{
		Lang: p.lang, Theme: choices.Theme, TextSize: choices.TextSize,
		Title: assets.Branding().Name, Incoming: p.Incoming.model(now),
	}
	var due time.Duration
	switch screen := p.current(); screen {
	case ScreenWelcome:
		m.Screen, m.Welcome = screen, p.Welcome.model()
	case ScreenCall:
		m.Screen = screen
		m.Call, due = p.Call.model(now)
		m.Awake = true
		m.Title = p.lang.T("window.call", "name", m.Call.Name)
	case ScreenBefore:
		m.Screen = screen
		m.Before, due = p.Before.model()
		m.Title = m.Before.Title
	case ScreenEcho:
		m.Screen = screen
		m.Echo, due = p.Echo.model()
		m.Title = p.lang.T("echo.title")
	case ScreenSettings:
		m.Screen = screen
		m.Settings, due = p.Settings.model()
		m.Title = p.lang.T("settings.title")
	case ScreenHome:
		m.Screen = screen
		m.Home, due = p.Home.model(now)
	}
	if m.Incoming != nil && (due == 0 || due > time.Second) {
		due = time.Second
	}
	p.due.Store(int64(due))
	select {
	case p.retimed <- struct{}{}:
	default:
	}
	p.screen.Render(m)
}

// current is the screen to show: a call before everything, then what keeps the
// person from being reachable, then where they went.
func (p *Program) current() ScreenID {
	if p.session != nil {
		return ScreenCall
	}
	if p.Welcome.needed() {
		p.Home.leave()
		p.Before.leave()
		p.Echo.leave()
		p.Settings.leave()
		return ScreenWelcome
	}
	return p.page
}

// goTo changes the page and lets the old one give back what it holds.
func (p *Program) goTo(page ScreenID) {
	if page != ScreenHome {
		p.Home.leave()
	}
	if page != ScreenBefore {
		p.Before.leave()
	}
	if page != ScreenEcho {
		p.Echo.leave()
	}
	if page != ScreenSettings {
		p.Settings.leave()
	}
	p.page = page
}

// follow notices calls that began, rang or ended since the last refresh.
func (p *Program) follow(now time.Time) {
	if s := p.deps.Phone.Current(); s != nil && s != p.session {
		p.adopt(s)
	}
	p.followRinging()
	p.followUnsafe(now)
	p.Home.followAccepted()
	p.followFile()
	if p.session == nil {
		p.sound.set(p.ringSound())
		return
	}
	s := p.session.State()
	if s.Phase == call.Ended {
		p.finish(s, now)
		p.sound.set(p.ringSound())
		return
	}
	p.Call.follow(s)
	if s.Phase == call.Ringing {
		p.sound.set(loopRingback)
	} else {
		p.sound.set(loopNone)
	}
}

// adopt shows a call.
func (p *Program) adopt(s Session) {
	p.release()
	p.goTo(ScreenHome)
	p.Home.self.end() // whether the camera stays on the call has said
	p.session, p.stopWake = s, p.hub.watch(s)
	p.Call.enter(s)
}

// release lets the shown call go.
func (p *Program) release() {
	if p.session == nil {
		return
	}
	p.Call.leave()
	p.stopWake()
	p.session, p.stopWake = nil, nil
}

// finish goes back to Home and says why the call ended.
func (p *Program) finish(s call.State, now time.Time) {
	over := p.session
	p.release()
	p.sound.once(soundHangUp)
	p.page = ScreenHome
	p.Home.ended(over, s, now)
	p.complete(over)
}

func (p *Program) ringSound() loop {
	if len(p.ringing) > 0 {
		return loopRing
	}
	return loopNone
}

// followRinging keeps a watch on every call that rings here.
func (p *Program) followRinging() {
	waiting := p.deps.Phone.Ringing()
	there := map[Session]bool{}
	for _, s := range waiting {
		there[s] = true
		if p.ringing[s] == nil {
			p.ringing[s] = p.hub.watch(s)
			p.Incoming.rang(s)
		}
	}
	for s, stop := range p.ringing {
		if !there[s] {
			stop()
			delete(p.ringing, s)
			if st := s.State(); st.Phase == call.Ended && s != p.session {
				p.Home.ended(s, st, p.now())
			}
		}
	}
}

// followUnsafe tells of a call that did not even ring.
func (p *Program) followUnsafe(now time.Time) {
	if s := p.deps.Phone.Unsafe(); s != nil && s != p.unsafe {
		p.unsafe = s
		p.Home.ended(s, s.State(), now)
	}
}

// notBegun says why a call could not begin.
func (p *Program) notBegun(err error) string {
	if e, ok := errors.AsType[*ServiceError](err); ok {
		return ProblemSentence(p.lang, e.Problem, e.Address, "")
	}
	if errors.Is(err, ErrInCall) {
		return p.lang.T("call.in_call")
	}
	return p.lang.T("call.not_begun")
}

// dial begins a call and shows it.
func (p *Program) dial(to, link string, video bool) {
	s, err := p.deps.Phone.Dial(to, link, video)
	if err != nil {
		p.log.Warn("call not begun", "error", err)
		p.goTo(ScreenHome)
		p.Home.say(ToneBad, p.notBegun(err))
		p.Refresh()
		return
	}
	p.Home.query = "" // who was looked for is found
	p.adopt(s)
	p.Refresh()
}
