package present

import (
	"cmp"
	"context"
	"errors"
	"strings"
)

// WelcomeModel is the first screen: a name, and where to sign in.
type WelcomeModel struct {
	Name      string
	Service   string // address, when Own is false
	Automatic bool   // a service on this network, or our own
	Invite    string // code of an invitation
	Invited   bool   // the service asks for one
	Error     string
	Busy      bool
	CanGo     bool
	Done      string         // what was done just before: the account was deleted
	Rules     string         // what is wrong with what an organisation has set
	Where     PickerModel    // how the service is chosen
	Existing  *ExistingModel // an account that is there already; nil: a new one
	Login     *LoginModel    // instead of all that: signing in with the browser
}

// Welcome asks for a name once, and again when the service wants another one.
type Welcome struct {
	p           *Program
	begun       bool
	name        string
	service     string
	automatic   bool
	invite      string
	refused     string // the invitation that was sent, until another is typed
	busy        bool
	problem     ServiceProblem
	asked       string // the name in the sentence about what is wrong
	told        string // the name whose owner was told that it is taken
	existing    existing
	saidRemoved bool // that this device was removed
	login       login
}

func newWelcome(p *Program) *Welcome {
	w := &Welcome{p: p}
	w.existing = existing{w: w, device: p.deps.Host}
	return w
}

// needed says whether there is no name to work with.
func (w *Welcome) needed() bool {
	choices := w.p.deps.Settings.Get()
	st := w.p.deps.Directory.State()
	switch st.Service.Phase {
	case ServiceLoginNeeded:
		w.begin(choices)
		return true
	case ServiceInviteNeeded:
		w.begin(choices)
		if st.Service.Problem == ProblemInvite && w.refused == w.invite && w.problem == ProblemNone && !w.busy {
			w.problem = ProblemInvite
		}
		return true
	case ServiceNameTaken, ServiceNameNeeded:
		w.begin(choices)
		if p := st.Service.Problem; (p == ProblemRemoved || p == ProblemDeleted) && !w.saidRemoved {
			w.problem, w.saidRemoved = p, true
		}
		// Said once for each name: it goes when another one is typed.
		if refused := cmp.Or(st.Me.Name, choices.Name); st.Service.Phase == ServiceNameTaken && w.told != refused && !w.busy {
			w.problem, w.asked, w.told = ProblemNameTaken, refused, refused
			if st.Service.Proposed != "" && w.name == refused {
				w.name = st.Service.Proposed
			}
		}
		return true
	}
	if choices.Welcome || choices.Name != "" {
		if !w.busy {
			w.begun, w.problem, w.told = false, ProblemNone, ""
			return false
		}
		return w.begun
	}
	w.begin(choices)
	return true
}

func (w *Welcome) begin(c Choices) {
	if w.begun {
		return
	}
	w.begun, w.name, w.service, w.automatic = true, c.Name, c.Service, c.Service == ""
	w.invite, w.refused = "", ""
	w.login = login{}
}

func (w *Welcome) model() *WelcomeModel {
	l := w.p.lang
	if w.existing.open {
		m := w.existing.model()
		m.Where, m.Rules = w.p.servicePicker(m.Automatic), w.p.rulesProblem()
		return m
	}
	if m := w.loginModel(); m != nil {
		return &WelcomeModel{Login: m}
	}
	invited := w.p.deps.Directory.State().Service.Phase == ServiceInviteNeeded
	m := &WelcomeModel{
		Invite: w.invite, Invited: invited, Where: w.p.servicePicker(w.automatic), Rules: w.p.rulesProblem(),
		Name: w.name, Service: w.service, Automatic: w.automatic, Busy: w.busy,
		CanGo: !w.busy && strings.TrimSpace(w.name) != "" && (w.automatic || strings.TrimSpace(w.service) != "") &&
			(!invited || strings.TrimSpace(w.invite) != ""),
	}
	if done := w.p.deps.Directory.State().Service.Problem; (done == ProblemLeft || done == ProblemSignedOut) && !w.busy {
		m.Done = ProblemSentence(l, done, "", "")
	}
	if w.problem != ProblemNone {
		m.Error = ProblemSentence(l, w.problem, strings.TrimSpace(w.service), w.asked)
	}
	return m
}

// SetName is called as the person types.
func (w *Welcome) SetName(s string) {
	w.name, w.problem = s, ProblemNone
	w.p.Refresh()
}

// SetService is called as the person types.
func (w *Welcome) SetService(s string) {
	w.service, w.problem = s, ProblemNone
	w.p.Refresh()
}

// SetInvite is called as the person types.
func (w *Welcome) SetInvite(s string) {
	w.invite, w.refused, w.problem = s, "", ProblemNone
	w.p.Refresh()
}

// SetAutomatic chooses between looking for a service and an address.
func (w *Welcome) SetAutomatic(v bool) {
	w.automatic, w.problem = v, ProblemNone
	w.p.Refresh()
}

// Go signs in.
func (w *Welcome) Go() {
	name, service := strings.Join(strings.Fields(w.name), " "), strings.TrimSpace(w.service)
	if w.automatic {
		service = ""
	}
	if w.busy || name == "" || !w.automatic && service == "" {
		return
	}
	invite := ""
	if w.p.deps.Directory.State().Service.Phase == ServiceInviteNeeded && service == w.p.deps.Settings.Get().Service {
		// Another service asks for its own, if it wants one.
		if invite = strings.TrimSpace(w.invite); invite == "" {
			return
		}
	}
	w.busy, w.problem, w.asked, w.refused = true, ProblemNone, name, w.invite
	w.login.hidden = false
	w.p.async(func(ctx context.Context) func() {
		err := w.signIn(ctx, name, service)
		if err == nil && invite != "" {
			err = w.p.deps.Directory.Invited(ctx, invite)
		}
		return func() {
			w.busy = false
			if err != nil {
				w.problem = problemOf(err)
				w.p.log.Warn("not signed in", "error", err)
				return
			}
			if err := w.p.deps.Settings.Update(func(c *Choices) { c.Name, c.Service, c.Welcome = name, service, true }); err != nil {
				w.p.log.Warn("settings not kept", "error", err)
			}
		}
	})
	w.p.Refresh()
}

// problemOf is what an error of the Directory says to a person.
func problemOf(err error) ServiceProblem {
	if e, ok := errors.AsType[*ServiceError](err); ok {
		return e.Problem
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return ProblemUnreachable
	}
	return ProblemInternal
}
