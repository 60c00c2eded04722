package present

// Rules are what an organisation has set for this computer, and what is
// therefore not this person's to choose. What holds is in Settings and in the
// parts themselves; here is what the windows show of it.
type Rules struct {
	Service     bool // which service is used
	NoService   bool // none is used: what is set has a mistake and names none
	NoOwn       bool // the program brings none of its own
	RelayOnly   bool
	Echo        bool // whether this is done to the microphone's sound, and so on
	Noise, Gain bool
	Strangers   bool
	NoRecording bool
	NoDeletion  bool
	NoUpdates   bool // newer versions are not shown
	AtLogin     bool // whether the program is started at sign-in
	// Problem says what is wrong with what is set, for whoever has set it; "":
	// nothing.
	Problem string
}

// rulesProblem says on the first screens that what is set has a mistake.
func (p *Program) rulesProblem() string {
	r, l := p.deps.Rules, p.lang
	if r.Problem == "" {
		return ""
	}
	text := l.T("policy.mistake", "detail", r.Problem) + " "
	if r.NoService {
		return text + l.T("policy.none")
	}
	return text + l.T("policy.strict")
}

// automatic is the choice of a service that is not named by its address.
func (p *Program) automatic() OptionModel {
	if p.deps.Rules.NoOwn {
		return OptionModel{"", p.lang.T("policy.look")}
	}
	return OptionModel{"", p.lang.T("service.automatic")}
}

// servicePicker chooses between looking for a service and an address. Where the
// service is set it shows which.
func (p *Program) servicePicker(automatic bool) PickerModel {
	l, r := p.lang, p.deps.Rules
	m := PickerModel{Label: l.T("welcome.service"), Options: []OptionModel{p.automatic(), {"address", l.T("service.by_address")}}}
	if !automatic {
		m.Value = "address"
	}
	if r.Service {
		m.Fixed, m.Note = true, l.T("policy.set")
		switch set := p.deps.Settings.Get().Service; {
		case r.NoService:
			m.Shown = l.T("policy.no_service")
		case set != "":
			m.Shown = set
		}
	}
	return m
}
