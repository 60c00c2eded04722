package present

import (
	"context"
	"strings"
)

// LeaveModel is the end of the account's page: deleting it.
type LeaveModel struct {
	Words string // what is deleted, or why it cannot be now
	Can   bool   // the service is there to do it
	Open  bool   // the question is asked
	Ask   string // what to type
	Typed string
	CanGo bool // it was typed
	Busy  bool
	Error string
}

// leaving is what a person does there.
type leaving struct {
	open    bool
	typed   string
	busy    bool
	problem ServiceProblem
}

func (s *SettingsScreen) leaveModel() LeaveModel {
	l, st := s.p.lang, s.p.deps.Directory.State()
	m := LeaveModel{Words: l.T("leave.words"), Typed: s.leaving.typed, Busy: s.leaving.busy,
		Can: st.Service.Phase == ServiceOnline && st.Me.Name != ""}
	if !m.Can && !m.Busy {
		m.Words = l.T("leave.offline")
		return m
	}
	if s.p.deps.Rules.NoDeletion {
		m.Words, m.Can = l.T("policy.no_deletion"), false
		return m
	}
	if !s.p.deps.Account.Main() {
		m.Words, m.Can = l.T("leave.linked"), false
		return m
	}
	m.Open = s.leaving.open
	m.Ask = l.T("leave.ask", "name", st.Me.Name)
	m.CanGo = !m.Busy && oneLine(s.leaving.typed) == oneLine(st.Me.Name)
	if s.leaving.problem != ProblemNone {
		m.Error = ProblemSentence(l, s.leaving.problem, st.Service.Address, st.Me.Name)
	}
	return m
}

func oneLine(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// AskToLeave asks whether the account is to be deleted.
func (s *SettingsScreen) AskToLeave() {
	s.leaving, s.signingOut = leaving{open: true}, signingOut{}
	s.p.Refresh()
}

// StayHere takes the question back.
func (s *SettingsScreen) StayHere() {
	if !s.leaving.busy {
		s.leaving = leaving{}
	}
	s.p.Refresh()
}

// SetLeaveName is called as the person types the own name.
func (s *SettingsScreen) SetLeaveName(v string) {
	s.leaving.typed, s.leaving.problem = v, ProblemNone
	s.p.Refresh()
}

// Leave deletes the account. Here everything stays as it is until the service
// has done so; then the first screen says that it is done.
func (s *SettingsScreen) Leave() {
	if m := s.leaveModel(); !m.Open || !m.CanGo {
		return
	}
	s.leaving.busy, s.leaving.problem = true, ProblemNone
	s.p.async(func(ctx context.Context) func() {
		err := s.p.deps.Account.DeleteAccount(ctx)
		return func() {
			s.leaving.busy = false
			if err != nil {
				s.leaving.problem = problemOf(err)
				s.p.log.Warn("account not deleted", "error", err)
				return
			}
			s.leaving = leaving{}
			s.beginAnew()
		}
	})
	s.p.Refresh()
}
