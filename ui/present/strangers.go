package present

import (
	"context"
	"slices"
	"strings"
	"time"

	"parley/assets"
	"parley/signaling/wire"
)

// maxRequests are listed on Home at a time: the next ones follow as they are
// answered.
const maxRequests = 3

// requests are the strangers who ask to be allowed to call.
func (h *Home) requests(st People, now time.Time, query string) SectionModel {
	l := h.p.lang
	s := SectionModel{ID: "requests"}
	for _, r := range st.Requests {
		if query != "" && !strings.Contains(fold(r.Name), fold(query)) || len(s.Rows) == maxRequests {
			continue
		}
		s.Rows = append(s.Rows, RowModel{
			ID: r.Name, Name: r.Name, Note: l.T("request.note", "when", When(l, r.At, now)), Symbol: assets.IconUserPlus,
			Selected: h.selected == r.Name, Open: func() { h.Select(r.Name) },
		})
	}
	s.Title = l.N("home.requests", len(st.Requests))
	return s
}

// stranger adds to the chosen person whether they ask, or are blocked.
func (h *Home) stranger(d *DetailModel, st People, now time.Time) {
	l := h.p.lang
	if st.Strangers == "" {
		d.CanBlock = false
		return
	}
	if slices.Contains(st.Blocked, d.Name) {
		d.Blocked, d.CanBlock, d.CanCall, d.ShowDot = true, true, false, false
		d.Note = l.T("detail.blocked", "name", d.Name)
		return
	}
	for _, r := range st.Requests {
		if r.Name == d.Name {
			d.Request, d.CanBlock, d.ShowDot = true, true, false
			d.Note = l.T("request.detail", "when", When(l, r.At, now))
		}
	}
}

// followAccepted tells of people who have accepted a request.
func (h *Home) followAccepted() {
	accepted := h.p.deps.Directory.State().Accepted
	if len(accepted) <= h.told {
		return
	}
	name, l := accepted[len(accepted)-1], h.p.lang
	call := Action{ID: "home.accepted.call", Text: l.T("person.video_call"), Do: func() { h.p.Before.Open(name, "") }}
	for _, n := range accepted[h.told:] {
		h.p.screen.Notify(l.T("home.accepted_title"), l.T("home.accepted", "name", n))
	}
	h.told = len(accepted)
	h.say(ToneInfo, l.T("home.accepted", "name", name), call)
}

// AcceptRequest lets the chosen stranger call, and puts them on the own list.
func (h *Home) AcceptRequest() { h.answer(true) }

// DeclineRequest takes the chosen stranger's request away. They are not told.
func (h *Home) DeclineRequest() { h.answer(false) }

func (h *Home) answer(accept bool) {
	name := h.selected
	if name == "" {
		return
	}
	h.p.async(func(ctx context.Context) func() {
		err := h.p.deps.Directory.AnswerRequest(ctx, name, accept)
		return func() {
			switch {
			case err != nil:
				h.refused(err, name)
			case !accept && h.selected == name:
				h.selected = ""
			}
		}
	})
}

// ToggleBlock blocks the chosen person, or unblocks them.
func (h *Home) ToggleBlock() {
	if h.selected != "" {
		h.block(h.selected, !slices.Contains(h.p.deps.Directory.State().Blocked, h.selected))
	}
}

func (h *Home) block(name string, on bool) {
	h.p.async(func(ctx context.Context) func() {
		f := h.p.deps.Directory.Block
		if !on {
			f = h.p.deps.Directory.Unblock
		}
		err := f(ctx, name)
		return func() {
			l := h.p.lang
			switch {
			case err != nil:
				h.refused(err, name)
			case on:
				h.say(ToneInfo, l.T("home.blocked", "name", name),
					Action{ID: "home.unblock", Text: l.T("person.unblock"), Do: func() { h.block(name, false) }})
			default:
				h.notice = BannerModel{}
			}
		}
	})
}

func (h *Home) refused(err error, name string) {
	h.say(ToneWarning, ProblemSentence(h.p.lang, problemOf(err), h.p.deps.Directory.State().Service.Address, name))
}

// PrivacyModel is the page about who may reach this person.
type PrivacyModel struct {
	Ready     bool   // the service has rule and block list
	Why       string // it has not
	Strangers PickerModel
	Rule      string // what the chosen rule means
	Hide      bool
	Blocked   []string
	Problem   string
}

func (s *SettingsScreen) privacy(c Choices) PrivacyModel {
	l, st := s.p.lang, s.p.deps.Directory.State()
	m := PrivacyModel{Ready: st.Strangers != "", Hide: c.HideFromStrangers, Blocked: st.Blocked}
	switch {
	case m.Ready:
	case st.Service.Phase == ServiceOnline:
		m.Why = l.T("privacy.unsupported")
	default:
		m.Why = l.T("privacy.offline")
	}
	m.Strangers = PickerModel{Label: l.T("privacy.strangers"), Value: string(st.Strangers), Options: []OptionModel{
		{string(StrangersRing), l.T("privacy.ring")}, {string(StrangersAsk), l.T("privacy.ask")}, {string(StrangersRefuse), l.T("privacy.refuse")},
	}}
	if s.p.deps.Rules.Strangers {
		m.Strangers.Fixed, m.Strangers.Note = true, l.T("policy.set")
	}
	switch st.Strangers {
	case StrangersRing:
		m.Rule = l.T("privacy.ring_note")
	case StrangersAsk:
		m.Rule = l.T("privacy.ask_note")
	case StrangersRefuse:
		m.Rule = l.T("privacy.refuse_note")
	}
	if s.denied != ProblemNone {
		m.Problem = ProblemSentence(l, s.denied, st.Service.Address, "")
	}
	return m
}

// SetStrangers says what happens when somebody calls whom this person does not
// know.
func (s *SettingsScreen) SetStrangers(rule string) {
	s.ask(func(ctx context.Context) error { return s.p.deps.Directory.SetStrangers(ctx, wire.Rule(rule)) })
}

// SetHideFromStrangers gives strangers who call the addresses of a relay only.
func (s *SettingsScreen) SetHideFromStrangers(v bool) {
	s.set(func(c *Choices) { c.HideFromStrangers = v })
}

// Unblock takes somebody off the block list.
func (s *SettingsScreen) Unblock(name string) {
	s.ask(func(ctx context.Context) error { return s.p.deps.Directory.Unblock(ctx, name) })
}

// ask asks the service for a change.
func (s *SettingsScreen) ask(f func(context.Context) error) {
	s.denied = ProblemNone
	s.p.async(func(ctx context.Context) func() {
		err := f(ctx)
		return func() {
			if err != nil {
				s.denied = problemOf(err)
			}
		}
	})
}
