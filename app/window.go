package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"parley/app/internal/autostart"
	"parley/app/internal/instance"
	"parley/app/internal/policy"
	"parley/app/internal/sandbox"
	"parley/assets"
	"parley/call/echo"
	"parley/signaling/client"
	"parley/signaling/wire"
	"parley/ui"
	"parley/ui/present"
)

// windowed shows the window on the calling goroutine, which must be the main
// one, until it is closed or ctx ends.
func (p *program) windowed(ctx context.Context, in *instance.Instance) error {
	if err := displayThere(); err != nil {
		return err
	}
	desk := echo.New(echo.Config{Local: p.media, Rounds: 1, Name: assets.Branding().Name, Log: p.log})
	atLogin, err := p.atLogin()
	if err != nil {
		p.log.Warn("start at sign-in", "err", err)
	}
	if a, ok := atLogin.(asking); ok {
		defer a.Close()
	}
	calls := phoneOf{phone{p.phone}, p.line.State}
	u, err := ui.New(ui.Deps{
		Background: p.flags.Background,
		Deps: present.Deps{
			AtLogin: atLogin, CheckLink: calls.CheckLink,
			Phone: calls, Media: p.media, Directory: p.line, Account: p.line, Host: computerName(), Settings: choicesOf{p.settings, p.flags.Name, p.service},
			Rules: rulesOf(p.flags.rules),
			Echo:  echoOf{desk}, Recordings: recordings{p.log, sandbox.Here()}, Log: p.log, Language: systemLanguage(),
			About: present.About{Version: version, Commit: commit, Date: date, Diagnose: func() string {
				var out bytes.Buffer
				diagnose(ctx, p.flags, &out)
				return out.String()
			}},
		},
		MapFile: p.flags.Map,
	})
	if err != nil {
		return err
	}
	// The parts outlive the window, so that it can give back what it holds.
	below, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	var ran error
	wg.Go(func() { ran = p.run(below) })
	above, stop := context.WithCancel(ctx)
	var errands sync.WaitGroup
	errands.Go(func() {
		if _, err := p.errand(above, os.Stderr); err != nil && !errors.Is(err, context.Canceled) {
			p.log.Error("the call that was asked for was not made", "err", err)
		}
	})
	errands.Go(func() { p.openLinks(above, u, in.Messages()) })
	err = u.Run(ctx)
	stop()
	desk.Close()
	cancel()
	wg.Wait()
	errands.Wait()
	return errors.Join(err, ran)
}

// phoneOf lets the windows dial by whole links: calls know codes.
type phoneOf struct {
	phone
	people func() present.People
}

// Dial implements present.Phone.
func (p phoneOf) Dial(to, link string, video bool) (present.Session, error) {
	if link != "" {
		code, err := p.code(link)
		if err != nil {
			return nil, err
		}
		link = code
	}
	return p.dial(to, link, video)
}

// code is what the service in use knows a link by; the error is a
// *present.ServiceError.
func (p phoneOf) code(link string) (string, error) {
	service, code, err := parseLink(link)
	if err != nil {
		return "", &present.ServiceError{Problem: present.ProblemLink, Err: err}
	}
	want, err := client.ParseURL(service)
	if err != nil {
		return "", &present.ServiceError{Problem: present.ProblemLink, Err: err}
	}
	if !sameService(want, p.people().Service) {
		return "", &present.ServiceError{Problem: present.ProblemElsewhere, Address: want.Host}
	}
	return code, nil
}

// CheckLink is present.Deps.CheckLink.
func (p phoneOf) CheckLink(link string) error {
	_, err := p.code(link)
	return err
}

// opener is the window, for links.
type opener interface{ Open(link string) }

// openLinks brings the window to the front whenever the program is started
// again, and hands it the links it was started with. A link waits until it is
// known which service is used; the newest counts.
func (p *program) openLinks(ctx context.Context, u opener, messages <-chan string) {
	changed, unsubscribe := p.line.Subscribe()
	defer unsubscribe()
	waits := ""
	take := func(link string) {
		if _, _, err := parseLink(link); link != "" && err != nil {
			u.Open(link) // it says so
			return
		}
		u.Open("")
		if link != "" {
			waits = link
		}
	}
	if p.flags.Link != "" {
		take(p.flags.Link)
	}
	for {
		if waits != "" && p.line.State().Service.Phase == present.ServiceOnline {
			u.Open(waits)
			waits = ""
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case message := <-messages:
			if message != stayThere {
				take(message)
			}
		}
	}
}

// atLogin is present.AtLogin over the desktop's list of what it starts.
func (p *program) atLogin() (present.AtLogin, error) {
	e := autostart.Entry{ID: ui.AppID, Name: assets.Branding().Name, Args: []string{"--background"}, Box: sandbox.Here()}
	if p.flags.Profile != "" {
		e.ID += "-" + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(p.dir)))
		e.Args = append(e.Args, "--profile", p.dir)
	}
	if e.Box.Flatpak() {
		return p.askAtLogin(e)
	}
	err := e.Refresh()
	if set := p.flags.rules.StartAtLogin; set.Set() && !errors.Is(err, autostart.ErrUnavailable) {
		err = e.Set(set == policy.On)
	}
	if errors.Is(err, autostart.ErrUnavailable) {
		return nil, nil
	}
	return e, err
}

// askAtLogin is atLogin in Flatpak's sandbox.
func (p *program) askAtLogin(e autostart.Entry) (present.AtLogin, error) {
	a, err := autostart.Ask(e)
	if err != nil {
		p.log.Info("start at sign-in is not offered", "why", err)
		return nil, nil
	}
	if set := p.flags.rules.StartAtLogin; set.Set() {
		err = a.Set(set == policy.On)
	}
	return asking{a}, err
}

// asking lets the windows see what the desktop answers as they know it.
type asking struct{ *autostart.Asking }

// On implements present.AtLogin.
func (a asking) On() (bool, error) {
	on, err := a.Asking.On()
	if errors.Is(err, autostart.ErrRefused) {
		err = fmt.Errorf("%w: %w", present.ErrNotAllowed, err)
	}
	return on, err
}

// sameService reports whether a link leads to the service in use. One on this
// network may have several addresses; its port, chosen by the system, tells.
func sameService(link *url.URL, s present.Service) bool {
	if strings.EqualFold(link.Host, s.Address) {
		return true
	}
	_, port, err := net.SplitHostPort(s.Address)
	return err == nil && (s.Embedded || s.Found) && port == link.Port()
}

// echoOf lets the windows see test calls as they know them.
type echoOf struct{ *echo.Desk }

// Start implements present.EchoTest.
func (e echoOf) Start() (present.Echo, error) {
	c, err := e.Desk.Start()
	if err != nil {
		return nil, err
	}
	return echoCall{c}, nil
}

type echoCall struct{ *echo.Call }

// State implements present.Echo.
func (e echoCall) State() present.EchoState {
	s := e.Call.State()
	phases := map[echo.Phase]present.EchoPhase{
		echo.Opening: present.EchoOpening, echo.Recording: present.EchoRecording, echo.Playing: present.EchoPlaying,
		echo.Done: present.EchoDone, echo.Failed: present.EchoFailed,
	}
	return present.EchoState{Phase: phases[s.Phase], Left: s.Left, Length: s.Length, Heard: s.Heard, Seen: s.Seen, Problem: s.Problem}
}

// Video implements present.Echo.
func (e echoCall) Video() present.Frames { return e.Call.Video() }

// computerName is what a linked device is called unless the person says
// otherwise.
func computerName() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	name, _, _ = strings.Cut(name, ".")
	if name, err = wire.CleanName(name); err != nil {
		return ""
	}
	return name
}
