package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"
	"sync"
	"time"

	"parley/assets"
	"parley/call"
	"parley/signaling/wire"
	"parley/ui/i18n"
	"parley/ui/present"
)

// findFor is how long a service on this network is looked for.
const findFor = time.Second

// appearFor is how long --call waits for somebody who is not there yet: bots
// are started together.
const appearFor = 5 * time.Second

// errand does what the flags ask of the phone: --call, --for, --stats, and with
// --headless the end of it. It returns how the call ended.
func (p *program) errand(ctx context.Context, stderr io.Writer) (call.State, error) {
	var wg sync.WaitGroup
	defer wg.Wait()
	changed, unsubscribe := p.phone.Subscribe()
	defer unsubscribe()
	type outcome struct {
		state call.State
		err   error
	}
	ended := make(chan outcome, 1)
	refused := make(chan error, 1)
	seen := map[string]bool{}
	follow := func(s *call.Session) {
		if id := s.State().ID; seen[id] {
			return
		} else if id != "" {
			seen[id] = true
		}
		wg.Go(func() {
			end, err := p.follow(ctx, s)
			select {
			case ended <- outcome{end, err}:
			case <-ctx.Done():
			}
		})
	}
	// In a window a link opens the screen before the call instead.
	if p.flags.Call != "" || p.flags.Link != "" && p.flags.Headless {
		s, err := p.dial(ctx)
		if err != nil {
			return call.State{}, err
		}
		follow(s)
	} else if p.flags.Headless {
		wg.Go(func() { refused <- p.reachable(ctx, stderr) })
	}
	for {
		select {
		case err := <-refused:
			if err != nil {
				return call.State{}, err
			}
		case <-ctx.Done():
			return call.State{}, ctx.Err()
		case <-changed:
			for _, s := range p.phone.Sessions() {
				follow(s)
			}
		case end := <-ended:
			if p.flags.Headless {
				return end.state, end.err
			}
		}
	}
}

// dial waits until the program is signed in, and calls.
func (p *program) dial(ctx context.Context) (*call.Session, error) {
	to, link := p.flags.Call, ""
	if p.flags.Link != "" {
		_, code, _ := parseLink(p.flags.Link)
		to, link = "", code
	} else if _, code, err := parseLink(to); err == nil {
		to, link = "", code
	}
	if err := p.signedIn(ctx); err != nil {
		return nil, err
	}
	if err := p.choose(ctx); err != nil {
		return nil, err
	}
	if link == "" && !strings.EqualFold(to, p.line.Me().Name) {
		p.appeared(ctx, to)
	}
	return p.phone.Dial(to, link, true)
}

// signedIn waits for the service; what a person has to mend is an error.
func (p *program) signedIn(ctx context.Context) error {
	changed, unsubscribe := p.line.Subscribe()
	defer unsubscribe()
	words := english()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	hurry := false // something is wrong that may pass: the service is just starting
	for {
		s := p.line.State().Service
		if s.Phase == present.ServiceLoginNeeded && s.Problem == "" {
			p.askLogin(s.Login) // which takes minutes
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
			}
			patience.Reset(20 * time.Second)
			continue
		}
		if s.Problem != "" && !hurry {
			hurry = true
			patience.Reset(5 * time.Second)
		}
		switch s.Phase {
		case present.ServiceOnline:
			return nil
		case present.ServiceFailed, present.ServiceNameTaken, present.ServiceNameNeeded, present.ServiceInviteNeeded, present.ServiceLoginNeeded:
			if s.Phase == present.ServiceNameNeeded && p.line.State().Me.Name != "" && s.Problem == "" {
				break // the client is on its way to say the name
			}
			return p.serviceError(words, s)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return p.serviceError(words, s)
		case <-changed:
		}
	}
}

// reachable says what keeps a program that waits for calls from the service: an
// error when a person has to mend it, a line when it may pass by itself, after
// which the program goes on trying.
func (p *program) reachable(ctx context.Context, stderr io.Writer) error {
	err := p.signedIn(ctx)
	if err == nil {
		return p.choose(ctx)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	switch p.line.State().Service.Phase {
	case present.ServiceFailed, present.ServiceNameTaken, present.ServiceNameNeeded, present.ServiceInviteNeeded, present.ServiceLoginNeeded:
		return err
	default:
		fmt.Fprintf(stderr, "parley: %v; trying on\n", err)
		return nil
	}
}

// choose tells the service what --strangers says.
func (p *program) choose(ctx context.Context) error {
	if p.flags.Strangers == "" {
		return nil
	}
	if err := p.line.SetStrangers(ctx, wire.Rule(p.flags.Strangers)); err != nil {
		return fmt.Errorf("--strangers %s: the service did not take it (%w); leave it out, or try again later", p.flags.Strangers, err)
	}
	return nil
}

// askLogin says once where to sign in, where no window does.
func (p *program) askLogin(l present.BrowserLogin) {
	if p.prompt == nil || l.URL == "" {
		return
	}
	p.mu.Lock()
	said := p.asked == l.URL
	p.asked = l.URL
	p.mu.Unlock()
	if !said {
		p.prompt(fmt.Sprintf("To sign in, open %s in a browser, and go on there only if the page shows the code %s. Waiting…", l.URL, l.Code))
	}
}

func (p *program) serviceError(words *i18n.Lang, s present.Service) error {
	name := p.line.State().Me.Name
	switch {
	case s.Phase == present.ServiceNameTaken:
		return fmt.Errorf("the name %q belongs to somebody else on this service: choose another with --name", name)
	case s.Phase == present.ServiceNameNeeded:
		return errors.New("this profile has no name yet: give one with --name")
	case s.Phase == present.ServiceInviteNeeded:
		return errors.New("this service asks new people for an invitation: start Parley with its window once and type the code")
	case s.Problem != "":
		return fmt.Errorf("%s (%s)", present.ProblemSentence(words, s.Problem, s.Address, name), s.Detail)
	}
	return fmt.Errorf("no answer from the service %s: check its address and the network, then try again", s.Address)
}

// appeared waits a little for a person to be there.
func (p *program) appeared(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, appearFor)
	defer cancel()
	changed, unsubscribe := p.line.Subscribe()
	defer unsubscribe()
	for {
		for _, q := range p.line.State().People {
			if strings.EqualFold(q.Name, name) && q.Presence != present.PresenceOffline {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// follow watches one call to its end: hangs up after --for, writes --stats.
func (p *program) follow(ctx context.Context, s *call.Session) (end call.State, notWritten error) {
	changed, unsubscribe := s.Subscribe()
	defer unsubscribe()
	var over <-chan time.Time
	var rec recordErrand
	for running := true; running; {
		if p.flags.Headless {
			rec.step(p, s)
		}
		if p.flags.For > 0 && over == nil && !s.State().ConnectedAt.IsZero() {
			over = time.After(p.flags.For)
		}
		select {
		case <-s.Done():
			running = false
		case <-over:
			s.Hangup()
			over = nil
			p.flagsSpent()
			<-s.Done()
			running = false
		case <-changed:
		}
	}
	st := s.State()
	came := !st.ConnectedAt.IsZero()
	if came {
		p.came.Store(true)
	}
	// A call that did not come about is told by its nulls, but does not take the
	// place of one that did.
	if p.flags.Stats != "" && (came || !p.came.Load()) {
		if err := s.Stats().WriteFile(p.flags.Stats); err != nil {
			notWritten = fmt.Errorf("the statistics of the call could not be written to %s: choose another file with --stats (%w)", p.flags.Stats, err)
			p.log.Error("statistics", "err", notWritten)
		}
	}
	p.line.Refresh(ctx)
	return st, errors.Join(notWritten, rec.verdict(p, st))
}

func (p *program) flagsSpent() { p.log.Info("hung up", "after", p.flags.For) }

// good reports whether a call went as a script would wish.
func good(s call.State) bool {
	return !s.ConnectedAt.IsZero() && (s.End.Reason == call.EndedByMe || s.End.Reason == call.EndedByOther)
}

// endSentence says in English how a call ended, where there is no window.
func (p *program) endSentence(s call.State) string {
	if s.End.Reason == call.EndNoRelay && p.flags.RelayOnly {
		return fmt.Sprintf("The call with %s was not set up: this service has no relay to hide your network address behind. "+
			"Leave out --relay-only, or ask whoever runs the service for a relay.", first(s.Peer.Name, "the other"))
	}
	if s.End.Reason == call.EndRequested {
		return fmt.Sprintf("%s does not know you yet and was asked whether you may call. Call again once they have accepted.", s.Peer.Name)
	}
	return present.EndSentence(english(), s)
}

func english() *i18n.Lang {
	c, err := i18n.Load(assets.Translations())
	if err != nil {
		panic(err) // the files are compiled in and tested
	}
	return c.Pick("en")
}

// loginName is how a program without a window is called when nobody says.
func loginName() string {
	host, _ := os.Hostname()
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username + "@" + host
	}
	return host
}
