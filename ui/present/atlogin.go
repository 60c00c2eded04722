package present

import "errors"

// ErrNotAllowed: a desktop that decides about start at sign-in did not grant it.
var ErrNotAllowed = errors.New("the desktop does not allow it")

// AtLoginModel is the switch that has the program started at sign-in.
type AtLoginModel struct {
	Can, On bool
	Fixed   bool
	Problem string // it could not be changed
}

func (s *SettingsScreen) atLogin() AtLoginModel {
	at := s.p.deps.AtLogin
	if at == nil {
		return AtLoginModel{}
	}
	on, err := at.On()
	m := AtLoginModel{Can: true, On: on, Fixed: s.p.deps.Rules.AtLogin}
	switch err = errors.Join(err, s.loginErr); {
	case errors.Is(err, ErrNotAllowed):
		m.Problem = s.p.lang.T("settings.at_login_refused")
	case err != nil:
		m.Problem = s.p.lang.T("settings.at_login_failed")
	}
	return m
}

// SetAtLogin has the program started when the person signs in to the computer.
func (s *SettingsScreen) SetAtLogin(on bool) {
	at := s.p.deps.AtLogin
	if at == nil || s.p.deps.Rules.AtLogin {
		return
	}
	if s.loginErr = at.Set(on); s.loginErr != nil {
		s.p.log.Warn("start at sign-in not changed", "error", s.loginErr)
	}
	s.p.Refresh()
}
