package gallery

import (
	"errors"

	"parley/call"
	"parley/ui/present"
)

// ruled are scenes on a computer for which an organisation has set something.
func ruled() []Scene {
	set := present.Rules{Service: true, RelayOnly: true, Echo: true, Noise: true, Strangers: true, NoRecording: true, NoDeletion: true, AtLogin: true}
	page := func(p present.Page) func(*Bench) {
		return func(b *Bench) {
			_ = b.Settings.Update(func(c *present.Choices) { c.RelayOnly = true })
			b.Directory.Set(func(p *present.People) { p.Strangers = present.StrangersAsk })
			_ = b.AtLogin.Set(true)
			b.Program.Settings.Open(p)
		}
	}
	mistake := present.Rules{Service: true, Problem: `/etc/parley/policy.toml: "allow_recordings": this version of Parley knows no such key`}
	none := mistake
	none.NoService = true
	return []Scene{
		{Name: "welcome-ruled", Rules: set, Setup: func(b *Bench) {
			newcomer(b)
			_ = b.Settings.Update(func(c *present.Choices) { c.Service = "https://calls.example.org" })
		}},
		{Name: "welcome-rules-broken", Rules: none, Setup: newcomer},
		{Name: "home-rules-broken", Rules: none, Setup: func(b *Bench) {
			service(present.ServiceFailed, present.ProblemPolicyBroken)(b)
		}},
		{Name: "home-rules-strict", Rules: mistake, Setup: func(b *Bench) { b.Program.Home.Select("Maya Brandt") }},
		{Name: "home-none-here", Rules: present.Rules{NoOwn: true}, Setup: service(present.ServiceReconnecting, present.ProblemNoneHere)},
		{Name: "call-more-ruled", Rules: set, Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Recording.Barred = true })
			b.Program.Call.ToggleMore()
		}},
		{Name: "settings-account-ruled", Rules: set, Setup: page(present.PageAccount)},
		{Name: "settings-calls-at-login-failed", Setup: func(b *Bench) {
			b.AtLogin.Fail(errors.New("read-only"))
			b.Program.Settings.Open(present.PageCalls)
			b.Program.Settings.SetAtLogin(true)
		}},
		{Name: "settings-calls-at-login-refused", Setup: func(b *Bench) {
			b.AtLogin.Fail(present.ErrNotAllowed)
			b.Program.Settings.Open(present.PageCalls)
			b.Program.Settings.SetAtLogin(true)
		}},
		{Name: "settings-devices-ruled", Rules: set, Setup: page(present.PageDevices)},
		{Name: "settings-calls-ruled", Rules: set, Setup: page(present.PageCalls)},
		{Name: "settings-privacy-ruled", Rules: set, Setup: page(present.PagePrivacy)},
	}
}
