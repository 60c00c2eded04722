package gallery

import (
	"time"

	"parley/call"
	"parley/call/local"
	"parley/media/device"
	"parley/media/mic"
	"parley/ui/present"
	"parley/ui/present/presenttest"
)

// NewBench returns stand-ins with made-up people, at a fixed time.
func NewBench(o Options) *Bench {
	now := time.Date(2026, 5, 14, 10, 42, 30, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	cameras := []device.Info{{ID: "c920", Name: "Logitech C920", Kind: device.Camera, Default: true}, {ID: "built-in", Name: "Integrated Camera", Kind: device.Camera}}
	mics := []device.Info{{ID: "headset", Name: "Headset (USB)", Kind: device.Microphone, Default: true}, {ID: "built-in-mic", Name: "Built-in Microphone", Kind: device.Microphone}}
	speakers := []device.Info{{ID: "headset-out", Name: "Headset (USB)", Kind: device.Speaker, Default: true}, {ID: "hdmi", Name: "HDMI", Kind: device.Speaker}}
	return &Bench{
		Now:   now,
		Phone: &presenttest.Phone{},
		Media: presenttest.NewMedia(local.State{
			Camera:     local.Use{On: true, Open: true, Info: cameras[0]},
			Microphone: local.Use{On: true, Open: true, Info: mics[0]},
			Speaker:    local.Use{On: true, Open: true, Info: speakers[0]},
			Cameras:    cameras, Microphones: mics, Speakers: speakers,
		}),
		Directory: presenttest.NewDirectory(present.People{
			Service: present.Service{Phase: present.ServiceOnline, Address: "calls.example.org"},
			Me:      present.Me{Name: "Anna Keller"},
			People: []present.Person{
				{Name: "Maya Brandt", Presence: present.PresenceAvailable, Contact: true, Verified: true},
				{Name: "Jonas Okafor", Presence: present.PresenceInCall, Contact: true},
				{Name: "Lucía Romero", Presence: present.PresenceOffline, SeenAt: ago(62 * time.Minute), Contact: true},
				{Name: "Théo Lefèvre", Presence: present.PresenceBusy},
			},
			History: []present.Entry{
				{Name: "Maya Brandt", Outgoing: true, Video: true, Outcome: present.CallAnswered, At: ago(150 * time.Minute), Duration: 24 * time.Minute},
				{Name: "Jonas Okafor", Outcome: present.CallMissed, At: ago(17 * time.Hour)},
				{Name: "Lucía Romero", Outgoing: true, Outcome: present.CallMissed, At: ago(60 * time.Hour)},
				{Name: "Maya Brandt", Outcome: present.CallAnswered, At: ago(20 * 24 * time.Hour), Duration: 72 * time.Minute},
			},
		}),
		Account: presenttest.NewAccount(
			present.OwnDevice{Key: "a", Main: true, This: true, Here: true},
			present.OwnDevice{Key: "b", Name: "Laptop", Here: true},
			present.OwnDevice{Key: "c", Name: "Anna’s old computer in the office on the second floor", Seen: ago(62 * time.Hour)},
		),
		Settings: presenttest.NewSettings(present.Choices{Name: "Anna Keller", Service: "https://calls.example.org", Welcome: true, CancelEcho: true, SuppressNoise: true, LevelVoice: true, HideFromStrangers: true, UpdateNotices: true, Theme: "system", Language: "system", TextSize: percent(o)}),
		Echo:     &presenttest.EchoTest{},
		AtLogin:  &presenttest.AtLogin{},
	}
}

func percent(o Options) int {
	if o.TextSize == 0 {
		return 100
	}
	return o.TextSize
}

// inCall puts a call on the bench.
func inCall(b *Bench, change func(*call.State)) *presenttest.Session {
	st := call.State{
		ID: "1", Phase: call.Connected, Outgoing: true, Video: true, Peer: call.Peer{ID: "p", Name: "Maya Brandt", Verified: true},
		Began: b.Now.Add(-767 * time.Second), ConnectedAt: b.Now.Add(-766 * time.Second),
		Remote:    call.Remote{MicOn: true, CameraOn: true, HasVideo: true},
		Recording: call.Recording{CanAsk: true},
		Quality:   call.Quality{Level: call.QualityGood, RTT: 24 * time.Millisecond, Path: "host"},
	}
	if change != nil {
		change(&st)
	}
	s := presenttest.NewSession(st)
	s.OnEnd = func() {
		b.Phone.SetCurrent(nil)
		s.Set(func(st *call.State) { st.Phase, st.End = call.Ended, call.End{Reason: call.EndedByMe, At: b.Now} })
	}
	b.Phone.SetCurrent(s)
	b.Program.Refresh()
	return s
}

// ended puts a call that is over on the bench.
func ended(b *Bench, reason call.EndReason, message string) {
	s := inCall(b, func(st *call.State) {
		st.Phase = call.Ringing
		if reason != call.EndedByOther && reason != call.EndLost {
			st.ConnectedAt = time.Time{}
		}
	})
	b.Phone.SetCurrent(nil)
	s.Set(func(st *call.State) {
		st.Phase, st.End = call.Ended, call.End{Reason: reason, Message: message, At: b.Now}
	})
	b.Program.Refresh()
}

func ring(b *Bench, name string, video, verified bool) {
	b.Phone.SetRinging(presenttest.NewSession(call.State{
		ID: "2", Phase: call.Incoming, Video: video, Peer: call.Peer{Name: name, Verified: verified}, Began: b.Now,
	}))
}

// requests puts people who ask to be allowed to call on the bench.
func requests(b *Bench) {
	b.Directory.Set(func(p *present.People) {
		p.Strangers = present.StrangersAsk
		p.Requests = []present.Request{
			{Name: "Freya Nakamura", At: b.Now.Add(-22 * time.Minute)}, {Name: "Gustavo Hohenstein", At: b.Now.Add(-26 * time.Hour)},
		}
	})
}

func service(phase present.ServicePhase, problem present.ServiceProblem) func(*Bench) {
	return func(b *Bench) {
		b.Directory.Set(func(p *present.People) {
			p.Service.Phase, p.Service.Problem = phase, problem
			p.Service.Since, p.Service.RetryIn = b.Now.Add(-20*time.Second), 4*time.Second
		})
		b.Program.Home.Select("Maya Brandt")
	}
}

// browserLogin is a service that signs new people in with the browser.
func browserLogin(b *Bench, failed present.ServiceProblem) {
	b.Directory.Set(func(p *present.People) {
		p.Service.Phase, p.Service.Problem = present.ServiceLoginNeeded, failed
		if failed == present.ProblemNone {
			p.Service.Login = present.BrowserLogin{URL: "https://calls.example.org/login/c7vb2xk8w0qjt5mzhn3fr9gp", Code: "KTQ-482"}
		}
	})
	b.Program.Refresh()
}

func chat(b *Bench) []call.Message {
	return []call.Message{
		{ID: "a", Text: "Here is the contract I mentioned.", At: b.Now.Add(-90 * time.Second)},
		{ID: "b", Mine: true, Text: "Thanks, reading it now", At: b.Now.Add(-30 * time.Second), Status: call.Delivered},
		{ID: "c", Text: "Page four is the one that matters: the notice period. https://contracts.example.org/2026/05/a-very-long-name-without-any-break", At: b.Now.Add(-20 * time.Second)},
		{ID: "d", Mine: true, Text: "Got it.", At: b.Now.Add(-5 * time.Second), Status: call.Sent},
		{ID: "e", Mine: true, Text: "Shall we sign today?", At: b.Now, Status: call.Undelivered},
	}
}

// numbers are a second of a call.
func numbers() []call.Number {
	return []call.Number{
		{Part: "candidate-pair", Name: "path", Value: "host"},
		{Part: "candidate-pair", Name: "currentRoundTripTime", Value: "24.3 ms"},
		{Part: "inbound-rtp video", Name: "frameWidth × frameHeight", Value: "1280 × 720"},
		{Part: "inbound-rtp video", Name: "retransmittedPacketsReceived", Value: "184"},
		{Part: "inbound-rtp video", Name: "totalFreezesDuration", Value: "1250.0 ms"},
		{Part: "outbound-rtp video", Name: "bitrate", Value: "2480 kbit/s"},
		{Part: "outbound-rtp video", Name: "qualityLimitationReason", Value: "bandwidth"},
		{Part: "process", Name: "cpu", Value: "38.5 %"},
	}
}

// own opens the page with the person's devices.
func own(b *Bench) {
	b.Program.Settings.Open(present.PageOwn)
	b.Settle(func(m present.Model) bool { return len(m.Settings.Own.Rows) > 0 })
}

// newcomer has no name yet.
func newcomer(b *Bench) {
	_ = b.Settings.Update(func(c *present.Choices) { c.Name, c.Service, c.Welcome = "", "", false })
	b.Directory.Set(func(p *present.People) { p.Me.Name = "" })
}

// Scenes lists every scene in the order of the overview.
func Scenes() []Scene {
	lost := &device.Error{Kind: device.Camera, Name: "Logitech C920", Reason: device.Busy}
	settings := func(p present.Page) func(*Bench) {
		return func(b *Bench) { b.Program.Settings.Open(p) }
	}
	return append([]Scene{
		{Name: "welcome", Setup: newcomer},
		{Name: "welcome-taken", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceNameTaken })
		}},
		{Name: "welcome-invite", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceInviteNeeded })
		}},
		{Name: "welcome-existing", Setup: func(b *Bench) {
			newcomer(b)
			b.Program.Welcome.UseExisting()
		}},
		{Name: "welcome-phrase", Setup: func(b *Bench) {
			newcomer(b)
			b.Program.Welcome.UseExisting()
			b.Program.Welcome.SetByPhrase(true)
			b.Program.Welcome.SetPhrase("lamp orbit velvet canyon ripple magnet oyster fabric window tornado pencil saddle harvest umbrella cradle monkey granite lizard blossom whisper anchor puzzle meadow silver")
		}},
		{Name: "welcome-waiting", Setup: func(b *Bench) {
			newcomer(b)
			b.Account.OnJoin(func() error { return nil })
			b.Program.Welcome.UseExisting()
			b.Program.Welcome.SetCode("k7wn-x3hf-9gqt-m2pb")
			b.Program.Welcome.Continue()
		}},
		{Name: "welcome-removed", Setup: func(b *Bench) {
			newcomer(b)
			b.Directory.Set(func(p *present.People) {
				p.Service.Phase, p.Service.Problem = present.ServiceNameNeeded, present.ProblemRemoved
			})
		}},
		{Name: "welcome-left", Setup: func(b *Bench) {
			newcomer(b)
			b.Directory.Set(func(p *present.People) {
				p.Service.Phase, p.Service.Problem = present.ServiceNameNeeded, present.ProblemLeft
			})
		}},
		{Name: "welcome-signed-out", Setup: func(b *Bench) {
			newcomer(b)
			b.Directory.Set(func(p *present.People) {
				p.Service.Phase, p.Service.Problem = present.ServiceNameNeeded, present.ProblemSignedOut
			})
		}},
		{Name: "welcome-login", Setup: func(b *Bench) { browserLogin(b, present.ProblemNone) }},
		{Name: "welcome-login-open", Setup: func(b *Bench) {
			browserLogin(b, present.ProblemNone)
			b.Program.Welcome.OpenBrowser()
		}},
		{Name: "welcome-login-failed", Setup: func(b *Bench) { browserLogin(b, present.ProblemLoginElsewhere) }},
		{Name: "home", Setup: func(b *Bench) { b.Program.Home.Select("Maya Brandt") }},
		{Name: "home-self", Setup: func(b *Bench) {
			b.Program.Home.Select("Maya Brandt")
			b.Program.Home.ToggleSelf()
		}},
		{Name: "home-self-list", Setup: func(b *Bench) { b.Program.Home.ToggleSelf() }},
		{Name: "home-list", Setup: func(b *Bench) {}},
		{Name: "home-empty", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) {
				p.People, p.History = nil, nil
				p.Service.Address, p.Service.Embedded = "192.168.1.20:7443", true
			})
		}},
		{Name: "home-request", Setup: func(b *Bench) {
			requests(b)
			b.Program.Home.Select("Freya Nakamura")
		}},
		{Name: "home-requests", Setup: requests},
		{Name: "home-blocked", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Strangers, p.Blocked = present.StrangersRing, []string{"Théo Lefèvre"} })
			b.Program.Home.Select("Théo Lefèvre")
		}},
		{Name: "home-requested", Setup: func(b *Bench) { ended(b, call.EndRequested, "") }},
		{Name: "home-known-only", Setup: func(b *Bench) { ended(b, call.EndKnownOnly, "") }},
		{Name: "home-accepted", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Accepted = []string{"Jonas Okafor"} })
		}},
		{Name: "home-search", Setup: func(b *Bench) { b.Program.Home.SetQuery("ma") }},
		{Name: "home-link", Setup: func(b *Bench) { b.Program.Home.SetQuery("https://calls.example.org/j/Zq8xT1") }},
		{Name: "home-reconnecting", Setup: service(present.ServiceReconnecting, present.ProblemUnreachable)},
		{Name: "home-failed", Setup: service(present.ServiceFailed, present.ProblemCertificate)},
		{Name: "home-declined", Setup: func(b *Bench) { ended(b, call.EndDeclined, "I’m in a meeting.") }},
		{Name: "home-update", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) {
				p.Service.Newest = present.Release{Version: "1.4.0", Page: "https://calls.example.org/parley"}
			})
		}},
		{Name: "home-no-answer", Setup: func(b *Bench) { ended(b, call.EndNoAnswer, "") }},
		{Name: "home-no-route", Setup: func(b *Bench) { ended(b, call.EndNoRoute, "") }},
		{Name: "home-key-changed", Setup: func(b *Bench) { ended(b, call.EndKeyChanged, "") }},
		{Name: "home-not-genuine", Setup: func(b *Bench) { ended(b, call.EndNotGenuine, "") }},
		{Name: "home-no-relay", Setup: func(b *Bench) { ended(b, call.EndNoRelay, "") }},
		{Name: "home-relay-spent", Setup: func(b *Bench) { ended(b, call.EndRelaySpent, "") }},
		{Name: "home-hung-up", Setup: func(b *Bench) { ended(b, call.EndedByOther, "") }},
		{Name: "before", Setup: func(b *Bench) {
			b.Media.Level = 0.05
			b.Program.Home.Select("Maya Brandt")
			b.Program.Home.VideoCall()
		}},
		{Name: "before-no-camera", Setup: func(b *Bench) {
			b.Program.Before.Open("Maya Brandt", "")
			b.Media.Set(func(s *local.State) {
				s.Camera = local.Use{On: true, Problem: &device.Error{Kind: device.Camera, Reason: device.Missing}}
				s.Cameras, s.Microphone.On = nil, false
			})
		}},
		{Name: "before-busy", Setup: func(b *Bench) {
			b.Program.Before.Open("Maya Brandt", "")
			b.Media.Set(func(s *local.State) {
				s.Camera = local.Use{On: true, Open: true, Selector: "c920", Info: s.Cameras[1], Problem: lost}
			})
		}},
		{Name: "incoming-video", Ring: true, Setup: func(b *Bench) { ring(b, "Jonas Okafor", true, false) }},
		{Name: "incoming-voice", Ring: true, Setup: func(b *Bench) { ring(b, "Maya Brandt", false, true) }},
		{Name: "incoming-in-call", Ring: true, Setup: func(b *Bench) {
			inCall(b, nil)
			ring(b, "Maximilian von Hohenstein-Lichtenberg", true, false)
		}},
		{Name: "incoming-stranger", Ring: true, Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Strangers = present.StrangersRing })
			b.Phone.SetRinging(presenttest.NewSession(call.State{
				ID: "4", Phase: call.Incoming, Video: true, Began: b.Now, Peer: call.Peer{Name: "Freya Nakamura", Stranger: true},
			}))
		}},
		{Name: "incoming-guest", Ring: true, Setup: func(b *Bench) {
			b.Phone.SetRinging(presenttest.NewSession(call.State{
				ID: "3", Phase: call.Incoming, Video: true, ViaLink: true, Began: b.Now, Peer: call.Peer{Name: "Jo from the shop", Guest: true},
			}))
		}},
		{Name: "call-guest", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Peer = call.Peer{ID: "g", Name: "Jo from the shop", Guest: true} })
		}},
		{Name: "call-connection-guest", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Peer = call.Peer{ID: "g", Name: "Jo from the shop", Guest: true} })
			b.Program.Call.ToggleConnection()
		}},
		{Name: "call-calling", Setup: func(b *Bench) {
			b.NoPicture = true
			inCall(b, func(s *call.State) { s.Phase, s.ConnectedAt = call.Calling, time.Time{} })
		}},
		{Name: "call-ringing", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Phase, s.ConnectedAt = call.Ringing, time.Time{} })
			b.Main.Call.Reset()
		}},
		{Name: "call-video", Setup: func(b *Bench) { inCall(b, nil).Theirs = 0.1 }},
		{Name: "call-chat", Setup: func(b *Bench) {
			// As it is before the two have compared anything: the picture of README.md.
			inCall(b, func(s *call.State) { s.Chat, s.Peer.Verified = chat(b), false })
			b.Program.Call.ToggleChat()
		}},
		{Name: "call-chat-empty", Setup: func(b *Bench) {
			inCall(b, nil)
			b.Program.Call.ToggleChat()
		}},
		{Name: "call-more", Setup: func(b *Bench) {
			inCall(b, nil)
			b.Program.Call.ToggleMore()
		}},
		{Name: "call-connection", Setup: func(b *Bench) {
			s := inCall(b, func(s *call.State) {
				s.Quality = call.Quality{Level: call.QualityPoor, Trouble: call.TroubleLoss, Whose: call.Between}
				s.Peer.Signed, s.Peer.Emoji = true, []string{"🐶", "🌵", "🚀", "❤️", "☂️", "📌", "🎸"}
				s.Peer.SafetyNumber = "52817 00923 71846 25519 83344 10672 95120 48831 67105 22094 31758 60417"
			})
			s.Counted = numbers()
			b.Program.Call.ToggleConnection()
		}},
		{Name: "call-recording", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) {
				s.Recording.Mine, s.Recording.Since, s.Remote.MicOn = call.RecordOn, b.Now.Add(-95*time.Second), false
				s.Quality = call.Quality{Level: call.QualityPoor, Trouble: call.TroubleLoss}
			})
		}},
		{Name: "call-recorded", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Recording.Theirs, s.Peer.Name = call.RecordOn, "Maximilian von Hohenstein" })
			b.Program.Call.ToggleMore()
		}},
		{Name: "call-record-question", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Recording.Theirs = call.RecordAsking })
		}},
		{Name: "call-record-chat", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Recording.Theirs, s.Chat = call.RecordOn, chat(b) })
			b.Program.Call.ToggleChat()
		}},
		{Name: "call-record-saved", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) {
				s.Recording.Outcome, s.Recording.At = call.RecordStopped, b.Now
				s.Recording.File = "/home/anna/Videos/Parley/Maya Brandt 2026-05-14 10.30.webm"
			})
		}},
		{Name: "call-more-alone", Setup: func(b *Bench) {
			inCall(b, nil)
			b.Program.Call.ToggleMore()
			b.Media.Set(func(s *local.State) { s.Cleaned.Echo, s.Cleaned.Noise = mic.Lacking, mic.Lacking })
			b.Program.Call.Cleaning().SetAlone(true)
		}},
		{Name: "call-avatar", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) { s.Remote.CameraOn, s.Remote.MicOn, s.Peer.Verified = false, false, false })
		}},
		{Name: "call-muted", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) {
				s.Chat = chat(b)[:1]
				s.Notices = []call.Notice{{At: b.Now, Kind: call.NoticeDeviceReplaced, Dev: device.Microphone, Name: "Built-in Microphone"}}
			})
			b.Media.SetMicrophone(false)
			b.Media.SetCamera(false)
		}},
		{Name: "call-poor", Setup: func(b *Bench) {
			inCall(b, func(s *call.State) {
				s.Quality = call.Quality{Level: call.QualityPoor, Trouble: call.TroubleLoss}
			})
		}},
		{Name: "call-reconnecting", Setup: func(b *Bench) {
			s := inCall(b, nil)
			b.Program.Refresh()
			s.Set(func(st *call.State) {
				st.Phase, st.LostAt = call.Reconnecting, b.Now.Add(-4*time.Second)
			})
		}},
		{Name: "call-other-lost", Setup: func(b *Bench) { inCall(b, func(s *call.State) { s.Remote.Waiting = true }) }},
		{Name: "call-bar-hidden", Setup: func(b *Bench) {
			inCall(b, nil)
			b.Now = b.Now.Add(5 * time.Second)
		}},
		{Name: "echo-recording", Setup: func(b *Bench) {
			b.Echo.Begin = present.EchoState{Phase: present.EchoRecording, Left: 3 * time.Second, Length: 5 * time.Second}
			b.Program.Echo.Open()
			b.Echo.Last.Loud = 0.06
		}},
		{Name: "echo-done", Setup: func(b *Bench) {
			b.Echo.Begin = present.EchoState{Phase: present.EchoDone, Seen: true}
			b.Program.Echo.Open()
		}},
		{Name: "settings-account", Setup: settings(present.PageAccount)},
		{Name: "settings-leave", Setup: func(b *Bench) {
			b.Program.Settings.Open(present.PageAccount)
			b.Program.Settings.AskToLeave()
			b.Program.Settings.SetLeaveName("anna keller")
		}},
		{Name: "settings-signout", Setup: func(b *Bench) {
			b.Program.Settings.Open(present.PageAccount)
			b.Program.Settings.AskToSignOut()
		}},
		{Name: "settings-own", Setup: own},
		{Name: "settings-own-sure", Setup: func(b *Bench) {
			own(b)
			b.Program.Own.Remove("b")
		}},
		{Name: "settings-own-code", Setup: func(b *Bench) {
			own(b)
			b.Program.Own.Link()
			b.Settle(func(m present.Model) bool { return m.Settings.Own.Code != "" })
		}},
		{Name: "settings-own-asker", Setup: func(b *Bench) {
			own(b)
			b.Account.Came <- "Maya’s laptop in the kitchen"
			b.Program.Own.Link()
			b.Settle(func(m present.Model) bool { return m.Settings.Own.Asker != "" })
		}},
		{Name: "settings-own-phrase", Setup: func(b *Bench) {
			own(b)
			b.Program.Own.TogglePhrase()
		}},
		{Name: "settings-own-linked", Setup: func(b *Bench) {
			b.Account.SetLinked("b")
			own(b)
		}},
		{Name: "settings-devices", Setup: func(b *Bench) {
			b.Media.Level = 0.02
			b.Program.Settings.Open(present.PageDevices)
		}},
		{Name: "settings-calls", Setup: settings(present.PageCalls)},
		{Name: "settings-privacy", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) {
				p.Strangers, p.Blocked = present.StrangersAsk, []string{"Théo Lefèvre", "Maximilian von Hohenstein"}
			})
			b.Program.Settings.Open(present.PagePrivacy)
		}},
		{Name: "settings-privacy-none", Setup: func(b *Bench) {
			b.Directory.Set(func(p *present.People) { p.Strangers = present.StrangersRing })
			b.Program.Settings.Open(present.PagePrivacy)
		}},
		{Name: "settings-privacy-old", Setup: settings(present.PagePrivacy)},
		{Name: "settings-appearance", Setup: settings(present.PageAppearance)},
		{Name: "settings-shortcuts", Setup: settings(present.PageShortcuts)},
		{Name: "settings-about", Setup: settings(present.PageAbout)},
	}, ruled()...)
}
