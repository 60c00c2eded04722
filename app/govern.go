package main

import (
	"errors"
	"fmt"

	"parley/app/internal/policy"
	"parley/app/internal/settings"
	"parley/ui/present"
)

// This file is where what an organisation has set meets what a person chose:
// the settings are read through governed, and the flags pass obey.

// governed are the settings as the policy lets them be. What it sets is not
// written into the person's file: without the policy their choice is back.
type governed struct {
	*settings.Store
	rules policy.Policy
}

// Get returns the settings that hold.
func (g governed) Get() settings.Settings {
	s := g.Store.Get()
	hold(g.rules, &s)
	return s
}

// Update changes the settings by f, but for what is not the person's to choose.
func (g governed) Update(f func(*settings.Settings)) error {
	return g.Store.Update(func(s *settings.Settings) {
		own := *s
		hold(g.rules, s)
		held := *s
		f(s)
		keep(g.rules, s, held, own)
	})
}

// hold puts into s what p sets.
func hold(p policy.Policy, s *settings.Settings) {
	switch {
	case p.NoService:
		s.Service = ""
	case p.FixedService:
		s.Service = p.Service
	case s.Service == "" && !s.Welcome:
		s.Service = p.Service
	}
	s.RelayOnly = s.RelayOnly || p.RelayOnly
	s.CancelEcho = p.Echo.Apply(s.CancelEcho)
	s.SuppressNoise = p.Noise.Apply(s.SuppressNoise)
	s.LevelVoice = p.Gain.Apply(s.LevelVoice)
	s.LeaveMicrophone = s.LeaveMicrophone && !microphoneSet(p)
}

// keep puts the person's own choice back where p sets something; held is what
// they saw when they changed s.
func keep(p policy.Policy, s *settings.Settings, held, own settings.Settings) {
	if p.NoService || p.FixedService || s.Service == held.Service && !s.Welcome {
		s.Service = own.Service
	}
	if p.RelayOnly {
		s.RelayOnly = own.RelayOnly
	}
	if p.Echo.Set() {
		s.CancelEcho = own.CancelEcho
	}
	if p.Noise.Set() {
		s.SuppressNoise = own.SuppressNoise
	}
	if p.Gain.Set() {
		s.LevelVoice = own.LevelVoice
	}
	if microphoneSet(p) {
		s.LeaveMicrophone = own.LeaveMicrophone
	}
}

// microphoneSet: something about the microphone's sound is set, so that "leave
// my microphone alone" is no choice.
func microphoneSet(p policy.Policy) bool { return p.Echo.Set() || p.Noise.Set() || p.Gain.Set() }

// rulesOf is what the windows show of a policy.
func rulesOf(p policy.Policy) present.Rules {
	return present.Rules{
		Service: p.NoService || p.FixedService, NoService: p.NoService, NoOwn: p.NoOwnService || !bringsService, RelayOnly: p.RelayOnly,
		Echo: p.Echo.Set(), Noise: p.Noise.Set(), Gain: p.Gain.Set(),
		Strangers: p.Strangers != "", NoRecording: p.NoRecording, AtLogin: p.StartAtLogin.Set(), NoDeletion: p.NoDeletion,
		NoUpdates: p.NoUpdates, Problem: p.Problem(),
	}
}

// permit is line.Config.Permit.
func permit(p policy.Policy) func(service string) *present.ServiceError {
	return func(service string) *present.ServiceError {
		err := p.Permit(service)
		switch {
		case errors.Is(err, policy.ErrNoService):
			return &present.ServiceError{Problem: present.ProblemPolicyBroken, Err: errors.New(p.Problem())}
		case err != nil:
			return &present.ServiceError{Problem: present.ProblemPolicyService, Address: p.Service, Err: err}
		}
		return nil
	}
}

// obey refuses flags that ask for what the policy of this computer does not
// allow. A link to another service is refused here only where there is no
// window to say so.
func (f *flags) obey(p policy.Policy) error {
	refuse := func(flag, why string) error {
		return fmt.Errorf("%s: the policy of this computer (%s) %s; leave it out", flag, p.Source, why)
	}
	service := "lets no service be used, because it has a mistake"
	switch {
	case !p.NoService && p.Service != "":
		service = "sets the service to " + p.Service
	case !p.NoService:
		service = "lets only a service of this network be used"
	}
	if f.Service != "" && p.Permit(f.Service) != nil {
		return refuse("--service", service)
	}
	for name, link := range map[string]string{"the link": f.Link, "--call": f.Call} {
		if of, _, err := parseLink(link); err == nil && f.Headless && p.Permit(of) != nil {
			return refuse(name, service)
		}
	}
	switch {
	case p.NoRecording && f.Record != "":
		return refuse("--record", "does not allow recordings")
	case p.NoRecording && f.AllowRecording:
		return refuse("--allow-recording", "does not allow recordings")
	case p.NoDeletion && f.DeleteAccount != "":
		return refuse("--delete-account", "does not allow the account to be deleted")
	case p.Strangers != "" && f.Strangers != "" && f.Strangers != string(p.Strangers):
		return refuse("--strangers", "sets it to "+string(p.Strangers))
	}
	return nil
}
