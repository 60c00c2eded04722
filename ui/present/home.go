package present

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"parley/call"
	"parley/ui/i18n"
)

// HomeModel is the screen that a person sees most.
type HomeModel struct {
	Query    string
	Sections []SectionModel
	Empty    string      // instead of people
	Rules    BannerModel // what is wrong with what an organisation has set
	Service  BannerModel
	Update   BannerModel // a newer version is there
	Notice   BannerModel // how a call ended, a link that was made
	Me       string
	MeNote   string
	MeOnline bool
	Detail   *DetailModel // nil: nobody is chosen
	Hint     string       // when nobody is chosen
	CanLink  bool
	SelfOn   bool // the own picture shows
	Self     TileModel
}

// DetailModel is the chosen person.
type DetailModel struct {
	Name     string
	Note     string // what can be said of them
	Presence Presence
	ShowDot  bool
	Verified string // words beside the lock; "": no lock
	CanCall  bool
	Contact  bool
	CanSave  bool // adding or removing works now
	Request  bool // a stranger who asks to be allowed to call: accept, decline, block
	Blocked  bool
	CanBlock bool // or unblock
}

// Home lists people and past calls.
type Home struct {
	p        *Program
	query    string
	selected string
	notice   BannerModel
	self     preview
	told     int  // how many people who accepted a request were told of
	camera   bool // whether the camera was set on before the own picture was asked for
}

func newHome(p *Program) *Home { return &Home{p: p} }

func (h *Home) model(now time.Time) (*HomeModel, time.Duration) {
	l, st := h.p.lang, h.p.deps.Directory.State()
	m := &HomeModel{
		Query: h.query, Notice: h.notice, Me: st.Me.Name,
		MeOnline: st.Service.Phase == ServiceOnline, CanLink: st.Service.Phase == ServiceOnline,
		Hint: l.T("home.hint"),
	}
	if m.Me == "" {
		m.Me = h.p.deps.Settings.Get().Name
	}
	m.MeNote = serviceNote(l, st.Service)
	if text := h.p.rulesProblem(); text != "" {
		m.Rules = BannerModel{Tone: ToneBad, Text: text}
	}
	var due time.Duration
	m.Service, due = h.serviceBanner(st, now)
	m.Update = h.updateBanner(st.Service)
	m.Sections = h.sections(st, now)
	if len(m.Sections) == 0 {
		switch {
		case h.query != "":
			m.Empty = l.T("home.nothing_found")
		case st.Service.Phase == ServiceOnline:
			m.Empty = l.T("home.nobody")
		default:
			m.Empty = l.T("home.not_yet")
		}
	}
	if h.selected != "" {
		m.Detail = h.detail(st, now)
	}
	if h.self.release != nil {
		m.SelfOn, m.Self = true, selfTile(h.p, h.p.deps.Media.State().Camera, h.self.frames)
	}
	return m, due
}

// serviceNote is the line below the person's own name.
func serviceNote(l *i18n.Lang, s Service) string {
	switch {
	case s.Phase == ServiceLooking:
		return l.T("service.looking")
	case s.Phase == ServiceConnecting:
		return l.T("service.connecting")
	case s.Phase != ServiceOnline:
		return l.T("service.offline")
	case s.Embedded:
		return l.T("service.this_computer")
	case s.Found:
		return l.T("service.found", "address", s.Address)
	}
	return s.Address
}

// serviceBanner shows only when something is wrong.
func (h *Home) serviceBanner(st People, now time.Time) (BannerModel, time.Duration) {
	l, s := h.p.lang, st.Service
	retry := Action{ID: "home.service.retry", Text: l.T("service.retry"), Do: h.p.deps.Directory.Retry}
	change := Action{ID: "home.service.change", Text: l.T("service.change"), Do: func() { h.p.Settings.Open(PageAccount) }}
	switch s.Phase {
	case ServiceReconnecting:
		// Seconds go by before a person needs to know: most gaps heal themselves.
		if away := now.Sub(s.Since); away < 2*time.Second && s.Problem != ProblemNetwork {
			return BannerModel{}, 2*time.Second - away
		}
		text := l.T("service.lost", "address", cmp.Or(s.Address, l.T("service.own")))
		if s.Problem != ProblemNone && s.Problem != ProblemUnreachable {
			text = ProblemSentence(l, s.Problem, s.Address, st.Me.Name)
		}
		if left := s.RetryIn.Round(time.Second); left > 0 {
			text += " " + l.T("service.next_try", "s", strconv.Itoa(int(left/time.Second)))
		}
		return BannerModel{Tone: ToneWarning, Text: text, Actions: []Action{retry}}, time.Second
	case ServiceFailed:
		if s.Problem == ProblemPolicyBroken {
			return BannerModel{}, 0 // said as what it is
		}
		return BannerModel{Tone: ToneBad, Text: ProblemSentence(l, s.Problem, s.Address, st.Me.Name), Actions: []Action{retry, change}}, 0
	}
	return BannerModel{}, 0
}

func (h *Home) detail(st People, now time.Time) *DetailModel {
	l := h.p.lang
	online := st.Service.Phase == ServiceOnline
	d := &DetailModel{Name: h.selected, Note: l.T("detail.unknown"), CanCall: online, CanSave: online}
	for _, p := range st.People {
		if p.Name != h.selected {
			continue
		}
		d.Presence, d.ShowDot, d.Contact, d.Note = p.Presence, true, p.Contact, presenceWords(l, p, now)
		if p.Verified {
			d.Verified = l.T("detail.verified")
		}
		d.CanBlock = true
	}
	for _, e := range st.History {
		d.CanBlock = d.CanBlock || e.Name == h.selected
	}
	h.stranger(d, st, now)
	return d
}

// ended says on Home why a call is over, with what to do.
func (h *Home) ended(over Session, s call.State, now time.Time) {
	h.notice = BannerModel{}
	if s.Peer.Name != "" && !s.ViaLink {
		h.selected = s.Peer.Name
	}
	text := EndSentence(h.p.lang, s)
	if text == "" {
		return
	}
	h.notice = BannerModel{Tone: ToneInfo, Text: text, Close: h.Dismiss}
	switch s.End.Reason {
	case call.EndBlocked:
		h.notice.Actions = []Action{{ID: "home.unblock", Text: h.p.lang.T("person.unblock"), Do: h.ToggleBlock}}
	case call.EndNoRoute, call.EndNoRelay, call.EndRelaySpent, call.EndLost, call.EndInternal, call.EndIncompatible, call.EndNoService:
		h.notice.Tone = ToneWarning
	case call.EndKeyChanged, call.EndNotGenuine:
		h.notice.Tone = ToneBad
	}
	if retryable(s.End.Reason) && s.Peer.Name != "" && !(s.End.Reason == call.EndedByOther && !s.ConnectedAt.IsZero()) {
		name, video := s.Peer.Name, s.Video
		words := h.p.lang.T("home.call_again")
		if !s.Outgoing {
			words = h.p.lang.T("home.call_back")
		}
		h.notice.Actions = []Action{{ID: "home.call_again", Text: words, Do: func() { h.dial(name, video) }}}
	}
	if s.End.Reason == call.EndKeyChanged {
		h.notice.Actions = append(h.notice.Actions, Action{
			ID: "home.trust_key", Text: h.p.lang.T("home.trust_key"), Do: func() { h.trustKey(over, s.Peer.Name) },
		})
	}
	if s.End.Reason == call.EndNoRelay || s.End.Reason == call.EndRelaySpent {
		h.notice.Actions = append(h.notice.Actions, Action{
			ID: "home.relay_settings", Text: h.p.lang.T("home.relay_settings"), Do: func() { h.p.Settings.Open(PageCalls) },
		})
	}
}

// trustKey takes the new key of somebody who was known by another one.
func (h *Home) trustKey(over Session, name string) {
	if err := over.TrustKey(); err != nil {
		h.p.log.Warn("the new key is not kept", "error", err)
		h.say(ToneWarning, h.p.lang.T("home.not_kept"))
	} else {
		h.say(ToneInfo, h.p.lang.T("home.key_trusted", "name", name))
	}
	h.p.Refresh()
}

// say shows one sentence on Home until it is put away.
func (h *Home) say(t Tone, text string, actions ...Action) {
	h.notice = BannerModel{Tone: t, Text: text, Actions: actions, Close: h.Dismiss}
}

// Dismiss puts the notice away.
func (h *Home) Dismiss() {
	h.notice = BannerModel{}
	h.p.Refresh()
}

// SetQuery is called as the person types in the search line.
func (h *Home) SetQuery(s string) {
	if h.query == s {
		return
	}
	h.query = s
	h.p.Refresh()
}

// Submit is Enter in the search line: the first row, or the link.
func (h *Home) Submit() {
	for _, s := range h.sections(h.p.deps.Directory.State(), h.p.now()) {
		for _, r := range s.Rows {
			if r.Open != nil {
				r.Open()
				return
			}
		}
	}
}

// Select chooses a person; "" nobody. What was said of a call with somebody
// else has been read by then.
func (h *Home) Select(name string) {
	if h.selected != name && h.notice.Tone == ToneInfo {
		h.notice = BannerModel{}
	}
	h.selected = name
	h.p.Refresh()
}

// VideoCall opens the screen before the call.
func (h *Home) VideoCall() {
	if h.selected != "" {
		h.p.Before.Open(h.selected, "")
	}
}

// VoiceCall calls at once, without a camera.
func (h *Home) VoiceCall() {
	if h.selected != "" {
		h.dial(h.selected, false)
	}
}

// CallNow calls with video without asking for anything.
func (h *Home) CallNow(name string) {
	h.selected = name
	h.dial(name, true)
}

func (h *Home) dial(name string, video bool) {
	h.notice = BannerModel{}
	choices := h.p.deps.Settings.Get()
	video = video && !choices.StartCameraOff
	h.p.deps.Media.SetMicrophone(!choices.StartMuted)
	h.p.deps.Media.SetCamera(video)
	h.p.dial(name, "", video)
}

// ToggleContact adds the chosen person to the own list or takes them off it.
func (h *Home) ToggleContact() {
	name := h.selected
	if name == "" {
		return
	}
	add := true
	for _, p := range h.p.deps.Directory.State().People {
		if p.Name == name && p.Contact {
			add = false
		}
	}
	h.p.async(func(ctx context.Context) func() {
		f := h.p.deps.Directory.AddContact
		if !add {
			f = h.p.deps.Directory.RemoveContact
		}
		err := f(ctx, name)
		return func() {
			if err != nil {
				h.say(ToneWarning, ProblemSentence(h.p.lang, problemOf(err), h.p.deps.Directory.State().Service.Address, name))
			}
		}
	})
}

// NewLink makes a call link and copies it.
func (h *Home) NewLink() {
	h.p.async(func(ctx context.Context) func() {
		url, err := h.p.deps.Directory.CreateLink(ctx)
		return func() {
			l := h.p.lang
			if err != nil {
				h.say(ToneWarning, ProblemSentence(l, problemOf(err), h.p.deps.Directory.State().Service.Address, ""))
				return
			}
			h.p.screen.Copy(url)
			h.say(ToneInfo, l.T("home.link_made", "url", url),
				Action{ID: "home.link.copy", Text: l.T("home.copy_again"), Do: func() { h.p.screen.Copy(url) }})
		}
	})
}

// ToggleSelf shows the own picture, which is off until it is asked for, or puts
// it away. Only the camera opens for it.
func (h *Home) ToggleSelf() {
	if h.self.release != nil {
		h.leave()
	} else {
		m := h.p.deps.Media
		h.camera = m.State().Camera.On
		m.SetCamera(true)
		h.self.beginWith(m, m.HoldCamera)
	}
	h.p.Refresh()
}

// leave closes the camera when another page opens.
func (h *Home) leave() {
	if h.self.release != nil {
		h.self.end()
		h.p.deps.Media.SetCamera(h.camera)
	}
}

// TestCall opens the echo test.
func (h *Home) TestCall() { h.p.Echo.Open() }
