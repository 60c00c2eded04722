package line

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"strings"
	"syscall"
	"time"

	"parley/call/trust"
	"parley/media/latest"
	"parley/signaling/client"
	"parley/signaling/wire"
	"parley/ui/present"
)

// State implements present.Directory.
func (l *Line) State() present.People {
	l.mu.Lock()
	c, p := l.client, present.People{Service: l.base, History: l.history}
	contacts, embedded, found := l.contacts, l.mine != nil, l.found
	st := l.strangers
	p.Me = present.Me{Name: l.name, Key: l.cfg.Identity.Account()}
	l.mu.Unlock()
	if c == nil {
		return p
	}
	s := c.State()
	p.Service = serviceOf(s, c.URL(), time.Now())
	p.Service.Embedded, p.Service.Found = embedded, found
	if s.Me.Name != "" {
		p.Me.Name = s.Me.Name
	}
	p.Requests, p.Blocked, p.Accepted = st.requests, st.blocked, st.accepted
	if st.known {
		p.Strangers = present.Strangers(st.rule)
	}
	for _, w := range c.People() {
		person := present.Person{Name: w.Person.Name, Presence: presence(w.State), Contact: contacts[w.Person.ID]}
		person.Verified = l.cfg.Verified != nil && l.cfg.Verified(w.Person.Name, w.Person.Key)
		if w.State == wire.Offline && w.SeenMS > 0 {
			person.SeenAt = time.Now().Add(-time.Duration(w.SeenMS) * time.Millisecond)
		}
		p.People = append(p.People, person)
	}
	return p
}

func presence(s wire.PresenceState) present.Presence {
	switch s {
	case wire.Available:
		return present.PresenceAvailable
	case wire.Busy:
		return present.PresenceBusy
	case wire.InCall:
		return present.PresenceInCall
	}
	return present.PresenceOffline
}

// serviceOf turns the client's state into what the windows show.
func serviceOf(s client.State, address string, now time.Time) present.Service {
	out := present.Service{Address: host(address), Since: s.Since}
	if s.Newest != nil {
		out.Newest = present.Release{Version: s.Newest.Version, Page: s.Newest.Page}
	}
	switch s.Phase {
	case client.Online:
		out.Phase = present.ServiceOnline
	case client.NeedName:
		out.Phase, out.Proposed = present.ServiceNameNeeded, s.Login.Name
		if e, ok := errors.AsType[*wire.Error](s.Err); ok {
			switch e.Code {
			case wire.CodeNameTaken:
				out.Phase = present.ServiceNameTaken
			case wire.CodeInviteNeeded, wire.CodeInviteBad:
				out.Phase = present.ServiceInviteNeeded
			}
		}
	case client.NeedLogin:
		out.Phase, out.Login = present.ServiceLoginNeeded, present.BrowserLogin{URL: s.Login.URL, Code: s.Login.Code}
	case client.Failed:
		out.Phase = present.ServiceFailed
	case client.Reconnecting:
		out.Phase = present.ServiceReconnecting
	default:
		out.Phase = present.ServiceConnecting
		if s.Err != nil {
			out.Phase = present.ServiceReconnecting
		}
	}
	if s.NextTry.After(now) {
		out.RetryIn = s.NextTry.Sub(now)
	}
	if s.Err != nil && out.Phase != present.ServiceOnline {
		out.Problem, out.Detail = problem(s.Err), s.Err.Error()
	}
	return out
}

func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

// failure is what is shown when nothing goes on before a person acts.
func failure(err error) present.Service {
	return present.Service{Phase: present.ServiceFailed, Problem: problem(err), Detail: err.Error()}
}

// problem names what is wrong for the windows' sentences.
func problem(err error) present.ServiceProblem {
	if e, ok := errors.AsType[*client.DialError](err); ok {
		switch e.Problem {
		case client.NoNetwork:
			return present.ProblemNetwork
		case client.NotFound, client.Refused, client.NoAnswer, client.BadProxy:
			return present.ProblemUnreachable
		case client.BadCertificate, client.NotTLS, client.NeedsTLS:
			return present.ProblemCertificate
		case client.NotParley:
			return present.ProblemNotParley
		case client.Busy:
			return present.ProblemSlowDown
		case client.Forbidden:
			return present.ProblemRefused
		}
		return present.ProblemUnreachable
	}
	if e, ok := errors.AsType[*wire.Error](err); ok {
		switch e.Code {
		case wire.CodeBadName:
			return present.ProblemBadName
		case wire.CodeBadSignature, wire.CodeNotYours:
			return present.ProblemRefused
		case wire.CodeInviteNeeded:
			return present.ProblemNone // the phase says it
		case wire.CodeInviteBad:
			return present.ProblemInvite
		case wire.CodeDisabled:
			return present.ProblemDisabled
		case wire.CodeDeviceRemoved:
			return present.ProblemRemoved
		case wire.CodePlaceUnknown:
			return present.ProblemPlace
		case wire.CodeListOld:
			return present.ProblemTryAgain
		case wire.CodeNotMain:
			return present.ProblemNotMain
		case wire.CodeDeleted:
			return present.ProblemDeleted
		case wire.CodeLoginNeeded:
			return present.ProblemNone // the phase says it
		case wire.CodeLoginFailed:
			return loginProblem(e.Login)
		case wire.CodeReplaced:
			return present.ProblemReplaced
		case wire.CodeStorage:
			return present.ProblemStorage
		case wire.CodeSlowDown, wire.CodeTooMany:
			return present.ProblemSlowDown
		}
		return present.ProblemInternal
	}
	switch {
	case errors.Is(err, trust.ErrNotMain):
		return present.ProblemNotMain
	case errors.Is(err, trust.ErrNotGenuine):
		return present.ProblemForged
	case errors.Is(err, trust.ErrTooManyDevices):
		return present.ProblemDevices
	case errors.Is(err, syscall.EADDRINUSE):
		return present.ProblemPort
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES):
		return present.ProblemStorage
	case errors.Is(err, ErrOffline), errors.Is(err, context.DeadlineExceeded), errors.Is(err, client.ErrSessionLost):
		return present.ProblemUnreachable
	}
	return present.ProblemInternal
}

func loginProblem(l *wire.Login) present.ServiceProblem {
	if l == nil {
		return present.ProblemLoginProvider
	}
	switch l.Reason {
	case wire.LoginDenied:
		return present.ProblemLoginDenied
	case wire.LoginNotAllowed:
		return present.ProblemLoginNotAllowed
	case wire.LoginExpired:
		return present.ProblemLoginExpired
	case wire.LoginElsewhere:
		return present.ProblemLoginElsewhere
	}
	return present.ProblemLoginProvider
}

// said is err for the windows, which have a sentence for each problem.
func said(err error) error { return &present.ServiceError{Problem: problem(err), Err: err} }

// requestWithin bounds what a window waits for.
const requestWithin = 10 * time.Second

// AddContact implements present.Directory.
func (l *Line) AddContact(ctx context.Context, name string) error {
	return l.contact(ctx, wire.KindContactAdd, name)
}

// RemoveContact implements present.Directory.
func (l *Line) RemoveContact(ctx context.Context, name string) error {
	return l.contact(ctx, wire.KindContactDel, name)
}

func (l *Line) contact(ctx context.Context, kind wire.Kind, name string) error {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	if _, err := l.Request(ctx, kind, "", wire.Contact{Name: name}); err != nil {
		return refused(err)
	}
	l.Refresh(ctx)
	return nil
}

// CreateLink implements present.Directory.
func (l *Line) CreateLink(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	e, err := l.Request(ctx, wire.KindLinkCreate, "", wire.LinkCreate{})
	if err != nil {
		return "", said(err)
	}
	link, err := wire.Body[wire.Link](e)
	if err != nil {
		return "", said(err)
	}
	l.mu.Lock()
	mine := l.mine
	l.mu.Unlock()
	if mine != nil { // our own way to it leads nobody else there
		if path, ok := strings.CutPrefix(link.URL, mine.URL()); ok {
			return mine.Public() + path, nil
		}
	}
	return link.URL, nil
}

// SignIn implements present.Directory: it takes effect at once and is kept.
// What the service says to it shows in State.
func (l *Line) SignIn(_ context.Context, name, address string) error {
	name, err := wire.CleanName(name)
	if err != nil {
		return &present.ServiceError{Problem: present.ProblemBadName, Err: err}
	}
	if address != "" {
		if _, err := client.ParseURL(address); err != nil {
			return &present.ServiceError{Problem: present.ProblemAddress, Address: address, Err: err}
		}
	}
	if err := l.permit(address); err != nil {
		return err
	}
	l.change(func() { l.name, l.service, l.lost = name, address, present.ProblemNone })
	latest.Poke(l.wake)
	return l.cfg.Keep(name, address)
}

// Invited implements present.Directory. The code is for this sign-in: who is
// known needs none, so it is not kept.
func (l *Line) Invited(_ context.Context, code string) error {
	c := l.current()
	if c == nil {
		return &present.ServiceError{Problem: present.ProblemUnreachable}
	}
	if err := c.Invited(code); err != nil {
		return &present.ServiceError{Problem: present.ProblemInvite, Err: err}
	}
	return nil
}

// Login implements present.Directory.
func (l *Line) Login() {
	if c := l.current(); c != nil {
		c.Login()
	}
}

// Retry implements present.Directory.
func (l *Line) Retry() {
	if c := l.current(); c != nil && c.State().Phase != client.Failed {
		c.Kick()
		return
	}
	latest.Poke(l.wake)
}

// Refresh reads contacts and the call log anew: after signing in, and when a
// call has ended.
func (l *Line) Refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, requestWithin)
	defer cancel()
	contacts := map[string]bool{}
	e, err := l.Request(ctx, wire.KindContacts, "", nil)
	if err == nil {
		var list wire.ContactList
		if list, err = wire.Body[wire.ContactList](e); err == nil {
			for _, p := range list.People {
				contacts[p.Person.ID] = true
			}
		}
	}
	if err != nil {
		l.log.Info("contacts are not known", "err", err)
		contacts = nil
	}
	var entries []present.Entry
	e, err = l.Request(ctx, wire.KindHistory, "", wire.HistoryQuery{Limit: 50})
	if err == nil {
		var h wire.History
		if h, err = wire.Body[wire.History](e); err == nil {
			entries = make([]present.Entry, 0, len(h.Entries))
			for _, x := range h.Entries {
				entries = append(entries, entry(x))
			}
		}
	}
	if err != nil {
		l.log.Info("the call log is not known", "err", err)
	}
	if c := l.current(); c != nil && contacts != nil {
		l.mu.Lock()
		same := maps.Equal(contacts, l.contacts)
		l.mu.Unlock()
		if !same {
			c.Look()
		}
	}
	l.change(func() {
		if contacts != nil {
			l.contacts = maps.Clone(contacts)
		}
		if entries != nil {
			l.history = entries
		}
	})
}

func entry(x wire.LogEntry) present.Entry {
	outcomes := map[wire.Outcome]present.Outcome{
		wire.Answered: present.CallAnswered, wire.Missed: present.CallMissed, wire.Declined: present.CallDeclined,
		wire.Cancelled: present.CallCancelled, wire.WasBusy: present.CallBusy, wire.Unreached: present.CallUnreached,
	}
	return present.Entry{
		Name: x.Other.Name, Outgoing: x.Outgoing, Video: x.Video, Outcome: outcomes[x.Outcome],
		At: time.Unix(x.Unix, 0), Duration: time.Duration(x.Seconds) * time.Second,
	}
}
