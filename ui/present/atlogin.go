package present

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
	if err != nil || s.loginErr {
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
	err := at.Set(on)
	if s.loginErr = err != nil; s.loginErr {
		s.p.log.Warn("start at sign-in not changed", "error", err)
	}
	s.p.Refresh()
}
