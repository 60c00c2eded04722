package present

import "context"

// SignOutModel is where a person ends the use of the account on this computer.
type SignOutModel struct {
	Can       bool   // there is an account
	Words     string // what becomes of it
	Open      bool   // the question is asked
	Busy      bool
	Error     string
	HasPhrase bool // the device has the words that bring the account back
}

// signingOut is what a person does there.
type signingOut struct {
	open, busy bool
	problem    ServiceProblem
}

func (s *SettingsScreen) signOutModel() SignOutModel {
	l, st := s.p.lang, s.p.deps.Directory.State()
	m := SignOutModel{Can: s.p.deps.Settings.Get().Name != "", Open: s.signingOut.open, Busy: s.signingOut.busy,
		HasPhrase: s.p.deps.Account.Main(), Words: l.T("signout.linked")}
	if m.HasPhrase {
		m.Words = l.T("signout.words")
	}
	if s.signingOut.problem != ProblemNone {
		m.Error = ProblemSentence(l, s.signingOut.problem, st.Service.Address, st.Me.Name)
	}
	return m
}

// AskToSignOut asks whether the account is to be left here.
func (s *SettingsScreen) AskToSignOut() {
	s.signingOut, s.leaving = signingOut{open: true}, leaving{}
	s.p.Refresh()
}

// StaySignedIn takes the question back.
func (s *SettingsScreen) StaySignedIn() {
	if !s.signingOut.busy {
		s.signingOut = signingOut{}
	}
	s.p.Refresh()
}

// SignOut makes this program nobody's and ends on the first screen.
func (s *SettingsScreen) SignOut() {
	if !s.signingOut.open || s.signingOut.busy {
		return
	}
	s.signingOut = signingOut{open: true, busy: true}
	s.p.async(func(ctx context.Context) func() {
		err := s.p.deps.Account.SignOut(ctx)
		return func() {
			if err != nil {
				s.signingOut = signingOut{open: true, problem: problemOf(err)}
				s.p.log.Warn("not signed out", "error", err)
				return
			}
			s.signingOut = signingOut{}
			s.beginAnew()
		}
	})
	s.p.Refresh()
}

// beginAnew shows the first screen, for whoever comes next.
func (s *SettingsScreen) beginAnew() {
	s.set(func(c *Choices) { c.Name, c.Welcome = "", false })
	s.p.Welcome.begun = false
	s.p.goTo(ScreenHome)
}
