// Package policy reads what an administrator has set for a computer, and what
// a person who uses it cannot change: /etc/parley/policy.toml on Linux, the
// registry's HKLM\Software\Policies\Parley on Windows, a device profile's
// managed preferences for org.parley.Parley on macOS. docs/policy.md lists the
// keys. The reader for macOS was never run there: it is compiled and nothing
// else.
//
// Nothing of the person's own says where the policy is: no flag, no variable of
// the environment, no file in the profile. Whoever builds a package can set
// another place with -ldflags "-X parley/app/internal/policy.Path=FILE".
//
// A policy that cannot be used as it is must not open what it was meant to
// close. So as soon as anything in it is wrong (it cannot be read, a key is
// unknown, a value is of the wrong kind), every key that it does not set
// correctly has its strictest value, and the program says what is wrong.
package policy

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"parley/signaling/client"
	"parley/signaling/wire"
)

// maxSize bounds a policy file in bytes.
const maxSize = 64 << 10

var errSize = fmt.Errorf("it has more than %d bytes", maxSize)

// Policy is what is set. The zero value is no policy: everything is the
// person's to choose.
type Policy struct {
	// Source is where it is from, as an administrator knows it; "": there is
	// none on this computer.
	Source string
	// Problems says what is wrong with it, a line each; empty: nothing.
	Problems []string

	// Service is the address, as client.ParseURL returns it; "": not set.
	Service string
	// FixedService: Service is the only one that may be used, or if it is "",
	// one that is found on the network of this computer.
	FixedService bool
	// NoService: none may be used, because a policy with a mistake names none.
	NoService bool
	// NoOwnService: the program does not run a service itself.
	NoOwnService bool
	// NoRecording: calls are not recorded here, and requests of the other side
	// to record are declined.
	NoRecording bool
	// RelayOnly: media goes through a relay.
	RelayOnly bool
	// Echo, Noise and Gain say what is done to the microphone's sound.
	Echo, Noise, Gain Switch
	// Strangers is what calls of people do who are not known; "": not set.
	Strangers wire.Rule
	// StartAtLogin says whether the program is started when its person signs in
	// to the computer.
	StartAtLogin Switch
	// NoUpdates: newer versions are not shown.
	NoUpdates bool
	// NoDeletion: the account cannot be deleted from this computer.
	NoDeletion bool
}

// Switch is a choice between on and off that can be left to the person.
type Switch uint8

// The values of a Switch.
const (
	Free Switch = iota
	On
	Off
)

// Set reports whether the choice is made, and not the person's.
func (s Switch) Set() bool { return s != Free }

// Apply returns what holds when a person chose v.
func (s Switch) Apply(v bool) bool {
	switch s {
	case On:
		return true
	case Off:
		return false
	}
	return v
}

func switchOf(v bool) Switch {
	if v {
		return On
	}
	return Off
}

// Key describes one that a policy may have, in the words of docs/policy.md and
// of the manual page.
type Key struct {
	Name string
	// Kind is Bool or Text.
	Kind Kind
	// Values are those that a text may have; nil: an address as people type it.
	Values []string
	// Meaning says what it does.
	Meaning string
	// Strictest is what holds in a policy with a mistake that does not set it.
	Strictest string
}

// Kind is the kind of a key's value.
type Kind string

// The kinds of values.
const (
	Bool Kind = "true or false"
	Text Kind = "text"
)

// key is one that a policy may have.
type key struct {
	Key
	// set takes a value over; an error says what to write instead.
	set func(p *Policy, v any) error
	// strictest is what holds in a policy with a mistake that does not set it.
	strictest func(p *Policy)
}

// keys are all of them, in the order of docs/policy.md.
func keys() []key {
	flag := func(name string, set func(p *Policy, v bool), strictest bool, meaning string) key {
		return key{Key{name, Bool, nil, meaning, strconv.FormatBool(strictest)}, func(p *Policy, v any) error {
			b, ok := v.(bool)
			if !ok {
				return errors.New("write true or false")
			}
			set(p, b)
			return nil
		}, func(p *Policy) { set(p, strictest) }}
	}
	sound := " of the microphone's sound: always or never. With this key \"leave my microphone alone\" is no choice any more"
	return []key{
		{Key{"service", Text, nil, "the service that is used, and no other: what people type, `--service` and links of other services are refused", "no service"}, func(p *Policy, v any) error {
			s, ok := v.(string)
			if !ok {
				return errors.New("write an address in quotes")
			}
			u, err := client.ParseURL(s)
			if err != nil {
				return err
			}
			p.Service = u.String()
			return nil
		}, func(p *Policy) { p.NoService = true }},
		flag("allow_service_change", func(p *Policy, v bool) { p.FixedService = !v }, false,
			"true: `service` is only what a new profile begins with. false without `service`: only a service that is found on the network of this computer, or its own. Left out: false with `service`, true without"),
		flag("allow_own_service", func(p *Policy, v bool) { p.NoOwnService = !v }, false,
			"false: Parley never runs a service itself when it finds none; it goes on looking"),
		flag("allow_recording", func(p *Policy, v bool) { p.NoRecording = !v }, false,
			"false: this computer does not record, and answers no at once when the other side asks whether it may"),
		flag("allow_account_deletion", func(p *Policy, v bool) { p.NoDeletion = !v }, false,
			"false: nobody deletes their account from this computer"),
		flag("update_notices", func(p *Policy, v bool) { p.NoUpdates = !v }, false,
			"false: nobody is told that a newer version is there, because you install it"),
		flag("relay_only", func(p *Policy, v bool) { p.RelayOnly = v }, true,
			"true: calls go through the service's relay and nobody learns this computer's address; without a relay there is no call. false: the person's choice"),
		{Key{"strangers", Text, []string{string(wire.RuleRing), string(wire.RuleAsk), string(wire.RuleRefuse)},
			"what calls of people do who are not known here. It is told to the service at each sign-in, which keeps it for the account and so for all devices of the person", string(wire.RuleRefuse)}, func(p *Policy, v any) error {
			s, ok := v.(string)
			if !ok || !wire.Rule(s).Valid() {
				return errors.New(`write "ring", "ask" or "refuse"`)
			}
			p.Strangers = wire.Rule(s)
			return nil
		}, func(p *Policy) { p.Strangers = wire.RuleRefuse }},
		{Key{"start_at_login", Bool, nil,
			"whether Parley is started, without a window, when somebody signs in to the computer. It is written (or taken away) when Parley starts for that person; in Flatpak the desktop is asked to, and may refuse", "the person's choice"}, func(p *Policy, v any) error {
			b, ok := v.(bool)
			if !ok {
				return errors.New("write true or false")
			}
			p.StartAtLogin = switchOf(b)
			return nil
		}, func(*Policy) {}}, // opens nothing
		flag("echo_cancellation", func(p *Policy, v bool) { p.Echo = switchOf(v) }, true, "echo cancellation"+sound),
		flag("noise_suppression", func(p *Policy, v bool) { p.Noise = switchOf(v) }, true, "noise suppression"+sound),
		flag("gain_control", func(p *Policy, v bool) { p.Gain = switchOf(v) }, true, "control of the loudness"+sound),
	}
}

// Keys describes all keys.
func Keys() []Key {
	var out []Key
	for _, k := range keys() {
		out = append(out, k.Key)
	}
	return out
}

// Decode makes a policy of the values that source has, by key: bool, string,
// or anything else, which no key takes.
func Decode(source string, values map[string]any) Policy {
	p := Policy{Source: source}
	set := map[string]bool{}
	for _, k := range keys() {
		v, ok := values[k.Name]
		if !ok {
			continue
		}
		if err := k.set(&p, v); err != nil {
			p.Problems = append(p.Problems, fmt.Sprintf("%s: %v", k.Name, err))
			continue
		}
		set[k.Name] = true
	}
	var unknown []string
	for name := range values {
		if !slices.ContainsFunc(Keys(), func(k Key) bool { return k.Name == name }) {
			unknown = append(unknown, fmt.Sprintf("%.64q: this version of Parley knows no such key", name))
		}
	}
	slices.Sort(unknown)
	p.Problems = append(p.Problems, unknown...)
	if !set["allow_service_change"] {
		p.FixedService = p.Service != ""
	}
	p.close(set)
	return p
}

// close gives a policy with a mistake the strictest value of every key that it
// does not set.
func (p *Policy) close(set map[string]bool) {
	if len(p.Problems) == 0 {
		return
	}
	for _, k := range keys() {
		if !set[k.Name] {
			k.strictest(p)
		}
	}
}

// Unreadable is the policy of a source that cannot be read.
func Unreadable(source string, err error) Policy {
	p := Policy{Source: source, Problems: []string{err.Error()}}
	p.close(nil)
	return p
}

// ParseTOML makes a policy of the text of a file.
func ParseTOML(source string, text []byte) Policy {
	if len(text) > maxSize {
		return Unreadable(source, errSize)
	}
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, _ := at.Position()
			err = fmt.Errorf("line %d: %s", line, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return Unreadable(source, err)
	}
	return Decode(source, values)
}

// There reports whether this computer has a policy.
func (p Policy) There() bool { return p.Source != "" }

// Why Permit refuses a service.
var (
	// ErrNoService: the policy has a mistake and names no service.
	ErrNoService = errors.New("the policy of this computer has a mistake and names no service, so none is used")
	// ErrFixed: another service is set.
	ErrFixed = errors.New("the policy of this computer sets which service is used")
)

// Permit reports whether a service may be used; address is as a person types
// it, and "" is one that is found on this network, or the program's own.
func (p Policy) Permit(address string) error {
	switch {
	case p.NoService:
		return ErrNoService
	case !p.FixedService:
		return nil
	case address == "" && p.Service == "":
		return nil
	case address == "" || p.Service == "":
		return ErrFixed
	}
	want, err := url.Parse(p.Service)
	if err != nil {
		return ErrFixed
	}
	if u, err := client.ParseURL(address); err != nil || u.Scheme != want.Scheme || port(u) != port(want) || !strings.EqualFold(u.Hostname(), want.Hostname()) {
		return ErrFixed
	}
	return nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// Problem says in one line what is wrong with the policy; "": nothing.
func (p Policy) Problem() string {
	if len(p.Problems) == 0 {
		return ""
	}
	return p.Source + ": " + strings.Join(p.Problems, "; ")
}

// Lines say what is in force, a line each, for an administrator.
func (p Policy) Lines() []string {
	if !p.There() {
		return []string{"none (" + Place() + " is not there)"}
	}
	out := []string{p.Source}
	for _, s := range p.Problems {
		out = append(out, "mistake: "+s)
	}
	if len(p.Problems) > 0 {
		out = append(out, "the strictest value holds for every key that is not set correctly")
	}
	say := func(holds bool, text string) {
		if holds {
			out = append(out, text)
		}
	}
	say(p.NoService, "no service is used")
	say(!p.NoService && p.Service != "" && p.FixedService, "service: "+p.Service)
	say(!p.NoService && p.Service != "" && !p.FixedService, "service: "+p.Service+" unless the person chooses another")
	say(!p.NoService && p.Service == "" && p.FixedService, "service: only one found on this network")
	say(p.NoOwnService, "no service of the program's own")
	say(p.NoRecording, "no recording")
	say(p.NoDeletion, "the account cannot be deleted")
	say(p.NoUpdates, "newer versions are not shown")
	say(p.RelayOnly, "through a relay only")
	say(p.Strangers != "", "strangers: "+string(p.Strangers))
	for _, s := range []struct {
		name string
		v    Switch
	}{{"echo cancellation", p.Echo}, {"noise suppression", p.Noise}, {"gain control", p.Gain}, {"start at sign-in", p.StartAtLogin}} {
		say(s.v == On, s.name+": on")
		say(s.v == Off, s.name+": off")
	}
	if len(out) == 1 {
		out = append(out, "sets nothing")
	}
	return out
}
