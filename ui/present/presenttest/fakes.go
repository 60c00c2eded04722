// Package presenttest has stand-ins for everything that the presenters drive:
// for their tests, for the gallery of screenshots, and for trying the windows
// without a service or a device. They keep what they are told and say what was
// set; nothing in them waits or times anything.
package presenttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"parley/call"
	"parley/call/local"
	"parley/media"
	"parley/media/latest"
	"parley/media/mic"
	"parley/signaling/wire"
	"parley/ui/present"
)

// Source is anything with subscribers.
type Source struct {
	mu   sync.Mutex
	subs map[chan struct{}]struct{}
}

// Subscribe implements present.Subscriber.
func (s *Source) Subscribe() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subs == nil {
		s.subs = map[chan struct{}]struct{}{}
	}
	s.subs[c] = struct{}{}
	return c, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.subs, c)
	}
}

// Changed wakes every subscriber.
func (s *Source) Changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.subs {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Subscribers counts those who watch.
func (s *Source) Subscribers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subs)
}

// Session is a call whose state is set by the test.
type Session struct {
	Source
	mu        sync.Mutex
	state     call.State
	Frames    present.Frames
	Mine      float64
	Theirs    float64
	SendError error
	Counted   []call.Number
	OnAccept  func(video bool) // what the phone does then; may be nil
	OnEnd     func()
	calls     []string
}

// NewSession returns a call in a state.
func NewSession(st call.State) *Session {
	return &Session{state: st, Frames: latest.New[*media.Frame]()}
}

// State implements present.Session.
func (s *Session) State() call.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Set changes the state and tells.
func (s *Session) Set(f func(*call.State)) {
	s.mu.Lock()
	f(&s.state)
	s.mu.Unlock()
	s.Changed()
}

func (s *Session) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, what)
}

// Calls returns what was asked of it, in order.
func (s *Session) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.calls...)
}

// Video implements present.Session.
func (s *Session) Video(call.PeerID, call.SourceKind) present.Frames { return s.Frames }

// Accept implements present.Session.
func (s *Session) Accept(video bool) {
	if video {
		s.note("accept video")
	} else {
		s.note("accept voice")
	}
	if s.OnAccept != nil {
		s.OnAccept(video)
	}
}

// Decline implements present.Session.
func (s *Session) Decline(_ wire.RejectReason, message string) {
	s.note("decline " + message)
	if s.OnEnd != nil {
		s.OnEnd()
	}
}

// Hangup implements present.Session.
func (s *Session) Hangup() {
	s.note("hangup")
	if s.OnEnd != nil {
		s.OnEnd()
	}
}

// SendChat implements present.Session.
func (s *Session) SendChat(text string) error {
	s.note("chat " + text)
	return s.SendError
}

// Record implements present.Session.
func (s *Session) Record(file, me string) { s.note("record " + file + " as " + me) }

// StopRecording implements present.Session.
func (s *Session) StopRecording() { s.note("stop recording") }

// AllowRecording implements present.Session.
func (s *Session) AllowRecording(allow bool) {
	if allow {
		s.note("allow recording")
	} else {
		s.note("refuse recording")
	}
}

// Recordings hands out files in a folder that is not there.
type Recordings struct {
	mu    sync.Mutex
	Error error
	shown []string
}

// NewFile implements present.Recordings.
func (r *Recordings) NewFile(with string, at time.Time) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return "/videos/" + with + at.Format(" 2006-01-02 15.04") + ".webm", r.Error
}

// Show implements present.Recordings.
func (r *Recordings) Show(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shown = append(r.shown, path)
}

// Shown are the files whose folders were opened.
func (r *Recordings) Shown() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.shown...)
}

// SetVerified implements present.Session.
func (s *Session) SetVerified(v bool) error {
	s.Set(func(st *call.State) { st.Peer.Verified = v })
	return nil
}

// TrustKey implements present.Session.
func (s *Session) TrustKey() error {
	s.note("trust key")
	return nil
}

// Numbers implements present.Session.
func (s *Session) Numbers() []call.Number { return s.Counted }

// Levels implements present.Session.
func (s *Session) Levels() (mine, theirs float64) { return s.Mine, s.Theirs }

// Phone has the calls that the test puts there.
type Phone struct {
	Source
	mu        sync.Mutex
	current   present.Session
	ringing   []present.Session
	unsafe    present.Session
	OnDial    func(to, link string, video bool) (present.Session, error)
	dialled   []string
	DialError error
}

// Dial implements present.Phone.
func (p *Phone) Dial(to, link string, video bool) (present.Session, error) {
	kind := "voice "
	if video {
		kind = "video "
	}
	p.mu.Lock()
	p.dialled = append(p.dialled, kind+to+link)
	err, do := p.DialError, p.OnDial
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if do != nil {
		return do(to, link, video)
	}
	s := NewSession(call.State{ID: "1", Phase: call.Calling, Outgoing: true, Video: video, ViaLink: link != "", Peer: call.Peer{Name: to}})
	s.OnEnd = func() {
		p.SetCurrent(nil)
		s.Set(func(st *call.State) { st.Phase, st.End.Reason = call.Ended, call.EndedByMe })
	}
	p.SetCurrent(s)
	return s, nil
}

// Dialled returns the calls that were made: "video Maya".
func (p *Phone) Dialled() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.dialled...)
}

// Current implements present.Phone.
func (p *Phone) Current() present.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// Ringing implements present.Phone.
func (p *Phone) Ringing() []present.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]present.Session(nil), p.ringing...)
}

// Unsafe implements present.Phone.
func (p *Phone) Unsafe() present.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unsafe
}

// SetUnsafe is a call that does not ring because it may not be genuine.
func (p *Phone) SetUnsafe(s present.Session) {
	p.mu.Lock()
	p.unsafe = s
	p.mu.Unlock()
	p.Changed()
}

// SetCurrent changes the call that is up; nil: none.
func (p *Phone) SetCurrent(s present.Session) {
	p.mu.Lock()
	p.current = s
	p.mu.Unlock()
	p.Changed()
}

// SetRinging changes what rings.
func (p *Phone) SetRinging(s ...present.Session) {
	p.mu.Lock()
	p.ringing = s
	p.mu.Unlock()
	p.Changed()
}

// Media has devices that do as told at once.
type Media struct {
	Source
	mu       sync.Mutex
	state    local.State
	Level    float64
	Voice    float64 // likely, if Listens
	Listens  bool
	Frames   present.Frames
	held     int
	watching int
	playing  map[int]string
	played   []string
	next     int
}

// NewMedia returns devices in a state.
func NewMedia(st local.State) *Media {
	return &Media{state: st, Frames: latest.New[*media.Frame](), playing: map[int]string{}}
}

// State implements present.Media.
func (m *Media) State() local.State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Set changes the state and tells.
func (m *Media) Set(f func(*local.State)) {
	m.mu.Lock()
	f(&m.state)
	m.mu.Unlock()
	m.Changed()
}

// SetCamera implements present.Media.
func (m *Media) SetCamera(on bool) {
	m.Set(func(s *local.State) { s.Camera.On, s.Camera.Open = on, on && s.Camera.Problem == nil })
}

// SetMicrophone implements present.Media.
func (m *Media) SetMicrophone(on bool) { m.Set(func(s *local.State) { s.Microphone.On = on }) }

// UseCamera implements present.Media.
func (m *Media) UseCamera(v string) {
	m.Set(func(s *local.State) { s.Camera.Selector = v; use(&s.Camera, s.Cameras, v) })
}

// UseMicrophone implements present.Media.
func (m *Media) UseMicrophone(v string) {
	m.Set(func(s *local.State) { s.Microphone.Selector = v; use(&s.Microphone, s.Microphones, v) })
}

// UseSpeaker implements present.Media.
func (m *Media) UseSpeaker(v string) {
	m.Set(func(s *local.State) { s.Speaker.Selector = v; use(&s.Speaker, s.Speakers, v) })
}

// SetLowData implements present.Media.
func (m *Media) SetLowData(on bool) { m.Set(func(s *local.State) { s.LowData = on }) }

// UseRinger implements present.Media.
func (m *Media) UseRinger(string) {}

// SetCleaning implements present.Media.
func (m *Media) SetCleaning(o mic.Options) { m.Set(func(s *local.State) { s.Cleaning = o }) }

// Hold implements present.Media.
func (m *Media) Hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held++
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.held--
	}
}

// HoldCamera implements present.Media.
func (m *Media) HoldCamera() (release func()) { return m.Hold() }

// Watch implements present.Media.
func (m *Media) Watch() (present.Frames, func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watching++
	return m.Frames, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.watching--
	}
}

// Held counts who holds the devices and who watches the own picture.
func (m *Media) Held() (holds, watches int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.held, m.watching
}

// MicLevel implements present.Media.
func (m *Media) MicLevel() float64 { return m.Level }

// SpeakingLikely implements present.Media.
func (m *Media) SpeakingLikely() (float64, bool) { return m.Voice, m.Listens }

// Play implements present.Media.
func (m *Media) Play(samples []int16, ringer, loop bool) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	what := "sound"
	switch {
	case ringer:
		what = "ring"
	case loop:
		what = "ringback"
	}
	m.next++
	id := m.next
	m.playing[id] = what
	m.played = append(m.played, what)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.playing, id)
	}
}

// Playing says whether a "ring", "ringback" or short "sound" plays.
func (m *Media) Playing(what string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.playing {
		if p == what {
			return true
		}
	}
	return false
}

// Played counts how often something was begun.
func (m *Media) Played(what string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.played {
		if p == what {
			n++
		}
	}
	return n
}

// Directory says what the test puts there.
type Directory struct {
	Source
	mu       sync.Mutex
	state    present.People
	Error    error
	URL      string
	OnSignIn func(name, service string)
	calls    []string
}

// NewDirectory returns a directory in a state.
func NewDirectory(st present.People) *Directory { return &Directory{state: st} }

// State implements present.Directory.
func (d *Directory) State() present.People {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// Set changes the state and tells.
func (d *Directory) Set(f func(*present.People)) {
	d.mu.Lock()
	f(&d.state)
	d.mu.Unlock()
	d.Changed()
}

func (d *Directory) note(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, what)
	return d.Error
}

// Calls returns what was asked of it, in order.
func (d *Directory) Calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.calls...)
}

// AddContact implements present.Directory.
func (d *Directory) AddContact(_ context.Context, name string) error {
	return d.contact("add "+name, name, true)
}

// RemoveContact implements present.Directory.
func (d *Directory) RemoveContact(_ context.Context, name string) error {
	return d.contact("remove "+name, name, false)
}

func (d *Directory) contact(what, name string, on bool) error {
	if err := d.note(what); err != nil {
		return err
	}
	d.Set(func(p *present.People) {
		people := append([]present.Person(nil), p.People...)
		for i := range people {
			if people[i].Name == name {
				people[i].Contact = on
			}
		}
		p.People = people
	})
	return nil
}

// Block implements present.Directory.
func (d *Directory) Block(_ context.Context, name string) error {
	if err := d.note("block " + name); err != nil {
		return err
	}
	d.Set(func(p *present.People) { p.Blocked = append([]string{name}, p.Blocked...) })
	d.answered(name)
	return nil
}

// Unblock implements present.Directory.
func (d *Directory) Unblock(_ context.Context, name string) error {
	if err := d.note("unblock " + name); err != nil {
		return err
	}
	d.Set(func(p *present.People) {
		p.Blocked = slices.DeleteFunc(slices.Clone(p.Blocked), func(s string) bool { return s == name })
	})
	return nil
}

// AnswerRequest implements present.Directory.
func (d *Directory) AnswerRequest(_ context.Context, name string, accept bool) error {
	what := "decline "
	if accept {
		what = "accept "
	}
	if err := d.note(what + name); err != nil {
		return err
	}
	d.answered(name)
	if accept {
		d.Set(func(p *present.People) {
			p.People = append(slices.Clone(p.People), present.Person{Name: name, Presence: present.PresenceAvailable, Contact: true})
		})
	}
	return nil
}

func (d *Directory) answered(name string) {
	d.Set(func(p *present.People) {
		p.Requests = slices.DeleteFunc(slices.Clone(p.Requests), func(r present.Request) bool { return r.Name == name })
	})
}

// SetStrangers implements present.Directory.
func (d *Directory) SetStrangers(_ context.Context, rule wire.Rule) error {
	if err := d.note("strangers " + string(rule)); err != nil {
		return err
	}
	d.Set(func(p *present.People) { p.Strangers = present.Strangers(rule) })
	return nil
}

// CreateLink implements present.Directory.
func (d *Directory) CreateLink(context.Context) (string, error) { return d.URL, d.note("link") }

// SignIn implements present.Directory.
func (d *Directory) SignIn(_ context.Context, name, service string) error {
	if err := d.note("sign in " + name + " " + service); err != nil {
		return err
	}
	if d.OnSignIn != nil {
		d.OnSignIn(name, service)
	}
	return nil
}

// Invited implements present.Directory.
func (d *Directory) Invited(_ context.Context, code string) error { return d.note("invited " + code) }

// Login implements present.Directory.
func (d *Directory) Login() { _ = d.note("login") }

// Retry implements present.Directory.
func (d *Directory) Retry() { _ = d.note("retry") }

// Settings keeps choices in memory.
type Settings struct {
	Source
	mu    sync.Mutex
	c     present.Choices
	Error error // of every Update; the change holds all the same
}

// NewSettings returns settings with choices.
func NewSettings(c present.Choices) *Settings { return &Settings{c: c} }

// Get implements present.Settings.
func (s *Settings) Get() present.Choices {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.c
}

// Update implements present.Settings.
func (s *Settings) Update(f func(*present.Choices)) error {
	s.mu.Lock()
	f(&s.c)
	err := s.Error
	s.mu.Unlock()
	s.Changed()
	return err
}

// EchoTest begins test calls whose state the test sets.
type EchoTest struct {
	Begin present.EchoState
	Error error
	Last  *Echo
}

// Start implements present.EchoTest.
func (e *EchoTest) Start() (present.Echo, error) {
	if e.Error != nil {
		return nil, e.Error
	}
	e.Last = &Echo{state: e.Begin, Frames: latest.New[*media.Frame]()}
	return e.Last, nil
}

// Echo is one test call.
type Echo struct {
	Source
	mu     sync.Mutex
	state  present.EchoState
	Frames present.Frames
	Loud   float64
	closed bool
}

// State implements present.Echo.
func (e *Echo) State() present.EchoState {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Set changes the state and tells.
func (e *Echo) Set(st present.EchoState) {
	e.mu.Lock()
	e.state = st
	e.mu.Unlock()
	e.Changed()
}

// Video implements present.Echo.
func (e *Echo) Video() present.Frames { return e.Frames }

// Level implements present.Echo.
func (e *Echo) Level() float64 { return e.Loud }

// Close implements present.Echo.
func (e *Echo) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// Closed reports whether it was closed.
func (e *Echo) Closed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed
}

// Screen keeps the last model.
type Screen struct {
	mu      sync.Mutex
	model   present.Model
	renders int
	Copied  string
	Browsed []string
	// BrowseError is why no browser opens.
	BrowseError error
	Notified    []string
}

// Render implements present.Screen.
func (s *Screen) Render(m present.Model) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.model = m
	s.renders++
}

// Model returns the last model.
func (s *Screen) Model() present.Model {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.model
}

// Renders counts the models.
func (s *Screen) Renders() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.renders
}

// Notify implements present.Screen.
func (s *Screen) Notify(title, _ string) { s.Notified = append(s.Notified, title) }

// Copy implements present.Screen.
func (s *Screen) Copy(text string) { s.Copied = text }

// Browse implements present.Screen.
func (s *Screen) Browse(address string) error {
	if s.BrowseError != nil {
		return s.BrowseError
	}
	s.Browsed = append(s.Browsed, address)
	return nil
}
