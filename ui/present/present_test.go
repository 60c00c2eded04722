package present_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"parley/assets"
	"parley/call"
	"parley/call/local"
	"parley/media/device"
	"parley/media/mic"
	"parley/ui/i18n"
	"parley/ui/present"
	"parley/ui/present/presenttest"
)

// world is a program with stand-ins for everything it drives, whose UI
// goroutine is the test's.
type world struct {
	t         *testing.T
	now       time.Time
	phone     *presenttest.Phone
	media     *presenttest.Media
	directory *presenttest.Directory
	settings  *presenttest.Settings
	echo      *presenttest.EchoTest
	screen    *presenttest.Screen
	account   *presenttest.Account
	posted    chan func()
	*present.Program
	recordings *presenttest.Recordings
	atLogin    *presenttest.AtLogin
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldUnder(t, present.Rules{})
}

func newWorldUnder(t *testing.T, rules present.Rules) *world {
	t.Helper()
	catalog, err := i18n.Load(assets.Translations())
	if err != nil {
		t.Fatal(err)
	}
	cam := device.Info{ID: "cam", Name: "Front Camera", Kind: device.Camera, Default: true}
	mic := device.Info{ID: "mic", Name: "Headset", Kind: device.Microphone, Default: true}
	spk := device.Info{ID: "spk", Name: "Speakers", Kind: device.Speaker, Default: true}
	w := &world{
		t: t, now: time.Date(2026, 5, 14, 10, 42, 0, 0, time.UTC), phone: &presenttest.Phone{},
		media: presenttest.NewMedia(local.State{
			Camera:     local.Use{Info: cam},
			Microphone: local.Use{On: true, Open: true, Info: mic}, Speaker: local.Use{On: true, Open: true, Info: spk},
			Cameras: []device.Info{cam}, Microphones: []device.Info{mic}, Speakers: []device.Info{spk},
		}),
		directory: presenttest.NewDirectory(present.People{
			Service: present.Service{Phase: present.ServiceOnline, Address: "calls.example.org"}, Me: present.Me{Name: "Anna"},
			People: []present.Person{
				{Name: "Zoe", Presence: present.PresenceAvailable}, {Name: "Bob", Presence: present.PresenceOffline},
				{Name: "José Núñez", Presence: present.PresenceInCall}, {Name: "Maya", Presence: present.PresenceAvailable, Contact: true, Verified: true},
			},
		}),
		settings:   presenttest.NewSettings(present.Choices{Name: "Anna", Welcome: true, UpdateNotices: true, Theme: "system", Language: "en", TextSize: 100}),
		echo:       &presenttest.EchoTest{Begin: present.EchoState{Phase: present.EchoRecording, Left: 3 * time.Second, Length: 5 * time.Second}},
		recordings: &presenttest.Recordings{},
		atLogin:    &presenttest.AtLogin{},
		account: presenttest.NewAccount(
			present.OwnDevice{Key: "a", Main: true, This: true, Here: true},
			present.OwnDevice{Key: "b", Name: "Laptop", Seen: time.Date(2026, 5, 13, 9, 0, 0, 0, time.UTC)},
		),
		screen: &presenttest.Screen{}, posted: make(chan func(), 100),
	}
	w.Program = present.New(present.Deps{
		Phone: w.phone, Media: w.media, Directory: w.directory, Account: w.account, Host: "studio", Settings: w.settings, Echo: w.echo, Recordings: w.recordings,
		Rules: rules, AtLogin: w.atLogin,
		About: present.About{Version: "1.0", Diagnose: func() string { return "all well" }},
		Now:   func() time.Time { return w.now }, Language: "de_DE",
	}, catalog, func(f func()) { w.posted <- f }, w.screen)
	w.Refresh()
	return w
}

// model is what shows now.
func (w *world) model() present.Model {
	w.Refresh()
	return w.screen.Model()
}

// settle runs what was posted until nothing more comes for what async calls
// need.
func (w *world) await(what string, ready func() bool) {
	w.t.Helper()
	deadline := time.After(5 * time.Second)
	for !ready() {
		select {
		case f := <-w.posted:
			f()
		case <-deadline:
			w.t.Fatalf("%s did not happen", what)
		}
	}
}

func (w *world) row(section, name string) *present.RowModel {
	for _, s := range w.model().Home.Sections {
		for i, r := range s.Rows {
			if s.ID == section && r.Name == name {
				return &s.Rows[i]
			}
		}
	}
	return nil
}

func names(s present.SectionModel) string {
	var all []string
	for _, r := range s.Rows {
		all = append(all, r.Name)
	}
	return strings.Join(all, ", ")
}

// connected puts a call up.
func (w *world) connected(name string) *presenttest.Session {
	s := presenttest.NewSession(call.State{
		ID: "1", Phase: call.Connected, Outgoing: true, Video: true, Peer: call.Peer{ID: "p", Name: name}, ConnectedAt: w.now,
		Remote: call.Remote{MicOn: true, CameraOn: true, HasVideo: true}, Quality: call.Quality{Level: call.QualityGood},
	})
	s.OnEnd = func() {
		w.phone.SetCurrent(nil)
		s.Set(func(st *call.State) { st.Phase, st.End = call.Ended, call.End{Reason: call.EndedByMe, At: w.now} })
	}
	w.phone.SetCurrent(s)
	w.Refresh()
	return s
}

func TestHomeListsThoseWhoCanBeCalledFirst(t *testing.T) {
	w := newWorld(t)
	m := w.model()
	if m.Screen != present.ScreenHome {
		t.Fatalf("screen %d", m.Screen)
	}
	if got := names(m.Home.Sections[0]); got != "Maya, Zoe, José Núñez, Bob" {
		t.Errorf("people: %s", got)
	}
	if r := w.row("people", "Bob"); r.Call != nil || r.Note != "Not signed in" {
		t.Errorf("somebody away: %+v", r)
	}
	if r := w.row("people", "Maya"); r.Call == nil || r.Note != "Available" {
		t.Errorf("somebody there: %+v", r)
	}
}

func TestHomeSearch(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]string{
		"nunez": "José Núñez, nunez", "MAYA": "Maya", "o": "Zoe, José Núñez, Bob, o", "nobody at all": "nobody at all",
	} {
		w.Home.SetQuery(query)
		if got := names(w.model().Home.Sections[0]); got != want {
			t.Errorf("%q finds %s, want %s", query, got, want)
		}
	}
	w.Home.SetQuery("zo")
	w.Home.Submit()
	if d := w.model().Home.Detail; d == nil || d.Name != "Zoe" || !d.CanCall {
		t.Errorf("enter opens %+v", d)
	}
	w.Home.SetQuery("somebody else")
	w.Home.Submit()
	if d := w.model().Home.Detail; d == nil || d.Name != "somebody else" || d.Note == "" {
		t.Errorf("a name that nobody listed has: %+v", d)
	}
}

func TestHomeLinkOpensBefore(t *testing.T) {
	w := newWorld(t)
	w.Home.SetQuery(" https://calls.example.org/j/Zq8xT1 ")
	if s := w.model().Home.Sections; len(s) != 1 || s[0].ID != "link" {
		t.Fatalf("a link shows %+v", s)
	}
	w.Home.Submit()
	if m := w.model(); m.Screen != present.ScreenBefore || m.Before.Title != "Open the call link" {
		t.Fatalf("screen %d", m.Screen)
	}
	w.Before.Call()
	if got := w.phone.Dialled(); len(got) != 1 || got[0] != "video https://calls.example.org/j/Zq8xT1" {
		t.Errorf("dialled %v", got)
	}
}

func TestRecentCalls(t *testing.T) {
	w := newWorld(t)
	w.directory.Set(func(p *present.People) {
		p.History = []present.Entry{
			{Name: "Maya", Outcome: present.CallAnswered, At: w.now.Add(-150 * time.Minute), Duration: 24 * time.Minute},
			{Name: "Bob", Outcome: present.CallMissed, At: w.now.Add(-24 * time.Hour)},
			{Name: "Zoe", Outgoing: true, Outcome: present.CallMissed, At: w.now.Add(-72 * time.Hour)},
			{Name: "José Núñez", Outgoing: true, Outcome: present.CallUnreached, At: w.now.Add(-400 * 24 * time.Hour)},
		}
	})
	for name, want := range map[string]string{
		"Maya": "Today 08:12 · 24 min", "Bob": "Missed · yesterday 10:42", "Zoe": "No answer · Monday 10:42", "José Núñez": "Was away · 9 Apr 2025",
	} {
		if r := w.row("recent", name); r == nil || r.Note != want || r.Alarm != (name == "Bob") {
			t.Errorf("%s: %+v, want %q", name, r, want)
		}
	}
}

func TestServiceTroubleIsSaidAfterAMoment(t *testing.T) {
	w := newWorld(t)
	gone := func(p *present.People) {
		p.Service.Phase, p.Service.Since, p.Service.Problem = present.ServiceReconnecting, w.now, present.ProblemUnreachable
	}
	w.directory.Set(gone)
	if b := w.model().Home.Service; b.Text != "" {
		t.Errorf("at once: %q", b.Text)
	}
	w.now = w.now.Add(3 * time.Second)
	w.directory.Set(func(p *present.People) { p.Service.RetryIn = 4 * time.Second })
	m := w.model().Home
	if !strings.Contains(m.Service.Text, "calls.example.org") || !strings.Contains(m.Service.Text, "4 s") || len(m.Service.Actions) != 1 {
		t.Errorf("banner %+v", m.Service)
	}
	m.Service.Actions[0].Do()
	if got := w.directory.Calls(); len(got) != 1 || got[0] != "retry" {
		t.Errorf("try now did %v", got)
	}
	w.Home.Select("Maya")
	if w.model().Home.Detail.CanCall {
		t.Error("one can call without a service")
	}
	w.directory.Set(func(p *present.People) {
		p.Service = present.Service{Phase: present.ServiceFailed, Problem: present.ProblemPort}
	})
	b := w.model().Home.Service
	if b.Tone != present.ToneBad || len(b.Actions) != 2 {
		t.Fatalf("banner %+v", b)
	}
	b.Actions[1].Do()
	if m := w.model(); m.Screen != present.ScreenSettings || m.Settings.Page != present.PageAccount {
		t.Error("change service does not lead to the account")
	}
}

func TestContacts(t *testing.T) {
	w := newWorld(t)
	w.Home.Select("Zoe")
	w.Home.ToggleContact()
	w.await("adding", func() bool { return w.model().Home.Detail.Contact })
	w.Home.ToggleContact()
	w.await("removing", func() bool { return !w.model().Home.Detail.Contact })
	w.directory.Error = &present.ServiceError{Problem: present.ProblemNobody}
	w.Home.Select("Nobody")
	w.Home.ToggleContact()
	w.await("the sentence", func() bool { return strings.Contains(w.model().Home.Notice.Text, "“Nobody”") })
}

func TestNewLinkIsCopied(t *testing.T) {
	w := newWorld(t)
	w.directory.URL = "https://calls.example.org/j/abcd"
	w.Home.NewLink()
	w.await("the link", func() bool { return strings.Contains(w.model().Home.Notice.Text, w.directory.URL) })
	if w.screen.Copied != w.directory.URL {
		t.Errorf("copied %q", w.screen.Copied)
	}
	w.Home.Dismiss()
	if w.model().Home.Notice.Text != "" {
		t.Error("the notice cannot be put away")
	}
}

func TestWelcome(t *testing.T) {
	w := newWorld(t)
	w.settings.Update(func(c *present.Choices) { *c = present.Choices{Theme: "system", Language: "en", TextSize: 100} })
	m := w.model()
	if m.Screen != present.ScreenWelcome || m.Welcome.CanGo || !m.Welcome.Automatic {
		t.Fatalf("first start: %+v", m.Welcome)
	}
	w.Welcome.Go()
	w.Welcome.SetName("  Anna   Keller ")
	w.directory.Error = &present.ServiceError{Problem: present.ProblemNameTaken}
	w.Welcome.Go()
	if !w.model().Welcome.Busy {
		t.Error("a click shows nothing")
	}
	w.await("the refusal", func() bool { m := w.model().Welcome; return m != nil && strings.Contains(m.Error, "Anna Keller") })
	w.directory.Error = nil
	w.Welcome.SetName("Anna K")
	w.Welcome.SetAutomatic(false)
	if w.model().Welcome.CanGo {
		t.Error("one can start without an address")
	}
	w.Welcome.SetService("https://calls.example.org")
	w.Welcome.Go()
	w.await("home", func() bool { return w.model().Screen == present.ScreenHome })
	if c := w.settings.Get(); c.Name != "Anna K" || c.Service != "https://calls.example.org" || !c.Welcome {
		t.Errorf("kept %+v", c)
	}
	if got := w.directory.Calls(); got[len(got)-1] != "sign in Anna K https://calls.example.org" {
		t.Errorf("asked %v", got)
	}
}

func TestNameTakenAsksForAnother(t *testing.T) {
	w := newWorld(t)
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceNameTaken })
	m := w.model()
	if m.Screen != present.ScreenWelcome || !strings.Contains(m.Welcome.Error, "“Anna”") || m.Welcome.Name != "Anna" {
		t.Fatalf("%+v", m.Welcome)
	}
	w.directory.OnSignIn = func(name, _ string) {
		w.directory.Set(func(p *present.People) { p.Service.Phase, p.Me.Name = present.ServiceOnline, name })
	}
	w.Welcome.SetName("Anna 2")
	if w.model().Welcome.Error != "" {
		t.Error("the sentence stays while another name is typed")
	}
	w.Welcome.Go()
	w.await("home", func() bool { return w.model().Screen == present.ScreenHome })
}

func TestInvitationIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceInviteNeeded })
	m := w.model()
	if m.Screen != present.ScreenWelcome || !m.Welcome.Invited || m.Welcome.CanGo || m.Welcome.Error != "" {
		t.Fatalf("%+v", m.Welcome)
	}
	w.Welcome.Go() // nothing to send
	if got := w.directory.Calls(); len(got) != 0 {
		t.Errorf("asked %v", got)
	}
	w.Welcome.SetInvite(" abc ")
	if !w.model().Welcome.CanGo {
		t.Error("one cannot go on with an invitation")
	}
	w.Welcome.Go()
	w.await("the code is sent", func() bool { return slices.Contains(w.directory.Calls(), "invited abc") && !w.model().Welcome.Busy })
	w.directory.Set(func(p *present.People) { p.Service.Problem = present.ProblemInvite })
	if m := w.model().Welcome; !strings.Contains(m.Error, "invitation") || m.Invite != " abc " {
		t.Errorf("refused: %+v", m)
	}
	w.Welcome.SetInvite("abd")
	if m := w.model().Welcome; m.Error != "" {
		t.Errorf("the sentence stays while another code is typed: %q", m.Error)
	}
	w.Welcome.SetAutomatic(false)
	w.Welcome.SetService("https://calls.example.org")
	w.Welcome.Go()
	w.await("another service", func() bool { return !w.model().Welcome.Busy })
	if slices.Contains(w.directory.Calls(), "invited abd") {
		t.Error("the code of one service was sent to another")
	}
	w.directory.Set(func(p *present.People) { p.Service.Phase, p.Service.Problem = present.ServiceOnline, "" })
	w.await("home", func() bool { return w.model().Screen == present.ScreenHome })
}

func TestBeforeHoldsTheDevicesAndGivesThemBack(t *testing.T) {
	w := newWorld(t)
	w.Home.Select("Maya")
	w.Home.VideoCall()
	m := w.model()
	if m.Screen != present.ScreenBefore || m.Before.Title != "Call Maya" || m.Before.Devices.Preview.Frames == nil || !m.Before.Devices.Preview.Mirror {
		t.Fatalf("%+v", m.Before)
	}
	if h, v := w.media.Held(); h != 1 || v != 1 {
		t.Errorf("held %d, watched %d", h, v)
	}
	w.Before.Cancel()
	if h, v := w.media.Held(); h != 0 || v != 0 || w.media.State().Camera.On {
		t.Errorf("after cancel: held %d, watched %d, camera on %t", h, v, w.media.State().Camera.On)
	}
	w.Home.VideoCall()
	w.Before.Call()
	if w.model().Screen != present.ScreenCall || w.phone.Dialled()[0] != "video Maya" {
		t.Errorf("screen %d, dialled %v", w.screen.Model().Screen, w.phone.Dialled())
	}
	if h, _ := w.media.Held(); h != 0 {
		t.Error("the preview holds the devices in the call")
	}
}

func TestNoCameraIsNotOneThatOpens(t *testing.T) {
	w := newWorld(t)
	w.Home.Select("Maya")
	w.Home.VideoCall()
	w.media.Set(func(s *local.State) {
		s.Camera = local.Use{Selector: "none", On: true}
	})
	if note := w.model().Before.Devices.Preview.Note; note != "Your camera is off" {
		t.Errorf("somebody who chose no camera reads %q", note)
	}
}

func TestBeforeSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.settings.Update(func(c *present.Choices) { c.StartMuted = true })
	w.Before.Open("Maya", "")
	m := w.model().Before
	if m.Microphone.On || m.Devices.LevelNote != "Muted" {
		t.Errorf("start muted: %+v %q", m.Microphone, m.Devices.LevelNote)
	}
	w.Before.ToggleMicrophone()
	if m = w.model().Before; !m.Microphone.On || m.Devices.LevelNote != "Say something to test it" {
		t.Errorf("unmuted: %q", m.Devices.LevelNote)
	}
	w.media.Level = 0.1
	if m = w.model().Before; m.Devices.LevelNote != "We can hear you" || m.Devices.Level < 0.5 {
		t.Errorf("loud: %q %g", m.Devices.LevelNote, m.Devices.Level)
	}
	w.media.Set(func(s *local.State) {
		s.Camera = local.Use{On: true, Problem: &device.Error{Kind: device.Camera, Name: "Front Camera", Reason: device.Busy}}
		s.Microphone = local.Use{On: true, Problem: &device.Error{Kind: device.Microphone, Reason: device.Missing}}
	})
	m = w.model().Before
	if !strings.Contains(m.Devices.Preview.Note, "Front Camera is used by another program") || m.Devices.Preview.Frames != nil || !m.Camera.Missing {
		t.Errorf("camera busy: %+v", m.Devices.Preview)
	}
	if !strings.Contains(m.Devices.Microphone.Note, "No microphone was found") || !strings.Contains(m.Devices.LevelNote, "not be heard") || !m.CanCall {
		t.Errorf("no microphone: %q, can call %t", m.Devices.Microphone.Note, m.CanCall)
	}
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceReconnecting })
	if m = w.model().Before; m.CanCall || m.Problem == "" {
		t.Error("one can call although the service is away")
	}
	w.Before.Call()
	if len(w.phone.Dialled()) != 0 {
		t.Error("dialled without a service")
	}
}

func TestPickersShowWhatIsOpen(t *testing.T) {
	w := newWorld(t)
	w.Before.Open("Maya", "")
	p := w.model().Before.Devices.Microphone
	if p.Shown != "Headset" || p.Options[0].Text != "System default (Headset)" || p.Options[len(p.Options)-1].Value != "none" {
		t.Errorf("%+v", p)
	}
	// A device chosen on the command line by name or path, and one that is gone.
	w.media.Set(func(s *local.State) { s.Microphone.Selector = "Headset" })
	if p = w.model().Before.Devices.Microphone; p.Value != "mic" {
		t.Errorf("chosen by name: value %q", p.Value)
	}
	w.media.Set(func(s *local.State) {
		s.Microphone.Selector = "usb-7"
		s.Microphone.Problem = &device.Error{Kind: device.Microphone, Name: "USB microphone", Reason: device.Lost}
	})
	p = w.model().Before.Devices.Microphone
	if p.Value != "usb-7" || p.Shown != "Headset" || !strings.Contains(p.Note, "USB microphone was unplugged") || !strings.Contains(p.Note, "Until then Headset is used") {
		t.Errorf("replaced: %+v", p)
	}
	w.Before.UseMicrophone("mic")
	if w.settings.Get().Microphone != "mic" || w.media.State().Microphone.Selector != "mic" {
		t.Error("the choice is not kept or not used")
	}
}

func TestIncomingRingsAndIsAccepted(t *testing.T) {
	w := newWorld(t)
	s := presenttest.NewSession(call.State{ID: "9", Phase: call.Incoming, Video: true, Peer: call.Peer{Name: "Maya", Verified: true}})
	s.OnAccept = func(bool) {
		w.phone.SetRinging()
		w.phone.SetCurrent(s)
		s.Set(func(st *call.State) { st.Phase = call.Connecting })
	}
	w.phone.SetRinging(s)
	m := w.model()
	if m.Incoming == nil || m.Incoming.Name != "Maya" || m.Incoming.Words != "is calling with video" || !m.Incoming.Sure {
		t.Fatalf("%+v", m.Incoming)
	}
	if !w.media.Playing("ring") || len(w.screen.Notified) != 1 {
		t.Error("it does not ring, or nobody was notified")
	}
	w.Refresh()
	if w.media.Played("ring") != 1 || len(w.screen.Notified) != 1 {
		t.Error("the ring begins anew with every refresh")
	}
	w.Incoming.Accept(true)
	m = w.model()
	if m.Incoming != nil || m.Screen != present.ScreenCall || w.media.Playing("ring") || !m.Awake {
		t.Errorf("after accept: screen %d", m.Screen)
	}
	if !w.media.State().Camera.On || s.Calls()[0] != "accept video" {
		t.Errorf("accepted as %v", s.Calls())
	}
}

func TestIncomingDeclinedOrCancelled(t *testing.T) {
	w := newWorld(t)
	ring := func() *presenttest.Session {
		s := presenttest.NewSession(call.State{ID: "9", Phase: call.Incoming, Peer: call.Peer{Name: "Maya"}})
		w.phone.SetRinging(s)
		if m := w.model(); m.Incoming.Sure || m.Incoming.Verified != "Not verified" {
			t.Errorf("nobody knows whether it is Maya: %+v", m.Incoming)
		}
		return s
	}
	s := ring()
	s.OnEnd = func() {
		w.phone.SetRinging()
		s.Set(func(st *call.State) { st.Phase, st.End.Reason = call.Ended, call.EndDeclined })
	}
	w.Incoming.Decline("I’m in a meeting.")
	if m := w.model(); m.Incoming != nil || m.Home.Notice.Text != "" || s.Calls()[0] != "decline I’m in a meeting." {
		t.Errorf("declined: notice %q, %v", m.Home.Notice.Text, s.Calls())
	}
	s = ring()
	w.phone.SetRinging()
	s.Set(func(st *call.State) { st.Phase, st.End.Reason = call.Ended, call.EndCancelled })
	m := w.model()
	if w.media.Playing("ring") || m.Incoming != nil || !strings.Contains(m.Home.Notice.Text, "Maya called") {
		t.Fatalf("cancelled: %q", m.Home.Notice.Text)
	}
	if a := m.Home.Notice.Actions; len(a) != 1 || a[0].Text != "Call back" {
		t.Errorf("actions %+v", a)
	}
}

func TestIncomingInACallEndsTheOther(t *testing.T) {
	w := newWorld(t)
	first := w.connected("Zoe")
	second := presenttest.NewSession(call.State{ID: "9", Phase: call.Incoming, Peer: call.Peer{Name: "Maya"}})
	second.OnAccept = func(bool) { w.phone.SetRinging(); w.phone.SetCurrent(second) }
	w.phone.SetRinging(second)
	m := w.model()
	if m.Incoming == nil || m.Incoming.Warning == "" || m.Screen != present.ScreenCall || w.media.Playing("ring") {
		t.Fatalf("waiting call: %+v", m.Incoming)
	}
	w.Incoming.Accept(false)
	if got := first.Calls(); len(got) != 1 || got[0] != "hangup" {
		t.Errorf("the first call: %v", got)
	}
	if m := w.model(); m.Screen != present.ScreenCall || m.Call.Name != "Maya" {
		t.Errorf("shows %q", m.Call.Name)
	}
}

func TestCallSaysWhereItStands(t *testing.T) {
	w := newWorld(t)
	w.Home.Select("Maya")
	w.Home.VoiceCall()
	m := w.model()
	if m.Screen != present.ScreenCall || m.Call.Status != "Calling Maya…" || m.Call.Timer != "" || w.media.State().Camera.On {
		t.Fatalf("%+v", m.Call)
	}
	s := w.phone.Current().(*presenttest.Session)
	s.Set(func(st *call.State) { st.Phase = call.Ringing })
	if m = w.model(); !strings.Contains(m.Call.Status, "ringing") || !w.media.Playing("ringback") {
		t.Errorf("ringing: %q", m.Call.Status)
	}
	s.Set(func(st *call.State) { st.Phase = call.Connecting })
	if m = w.model(); m.Call.Status != "Connecting…" || w.media.Playing("ringback") {
		t.Errorf("connecting: %q", m.Call.Status)
	}
	s.Set(func(st *call.State) {
		st.Phase, st.ConnectedAt, st.Remote = call.Connected, w.now, call.Remote{MicOn: true, CameraOn: true}
		st.Quality = call.Quality{Level: call.QualityGood}
	})
	w.now = w.now.Add(766 * time.Second)
	m = w.model()
	if m.Call.Status != "" || m.Call.Timer != "12:46" || m.Call.Quality != "Good connection" || m.Call.Remote.Frames == nil || m.Call.Security != "Encrypted" {
		t.Errorf("connected: %+v", m.Call)
	}
	s.Set(func(st *call.State) { st.Remote.CameraOn, st.Remote.MicOn = false, false })
	if m = w.model(); m.Call.Remote.Frames != nil || !strings.Contains(m.Call.Remote.Note, "camera is off") || m.Call.Muted == "" {
		t.Errorf("their camera off: %+v", m.Call.Remote)
	}
	s.Set(func(st *call.State) { st.Quality = call.Quality{Level: call.QualityPoor, Trouble: call.TroubleCPU} })
	if m = w.model(); m.Call.QualityDot != present.DotBad || m.Call.Quality != "This computer is at its limit" {
		t.Errorf("poor: %q", m.Call.Quality)
	}
}

func TestReconnectingCountsSeconds(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	s.Set(func(st *call.State) { st.Phase, st.LostAt = call.Reconnecting, w.now })
	before := w.media.Played("sound")
	w.now = w.now.Add(4 * time.Second)
	m := w.model().Call
	if m.Overlay != "Reconnecting… 4 s" || !m.Remote.Dimmed || m.Remote.Frames == nil || m.Timer == "" {
		t.Errorf("%q, dimmed %t", m.Overlay, m.Remote.Dimmed)
	}
	if w.media.Played("sound") != before+1 {
		t.Error("no tone when the network is gone")
	}
	s.Set(func(st *call.State) { st.Phase, st.Remote.Waiting = call.Connected, true })
	if m = w.model().Call; m.Overlay != "Waiting for Maya…" {
		t.Errorf("the other side lost us: %q", m.Overlay)
	}
}

func TestHangUpGoesHomeInSilence(t *testing.T) {
	w := newWorld(t)
	w.connected("Maya")
	w.Call.Hangup()
	m := w.model()
	if m.Screen != present.ScreenHome || m.Home.Notice.Text != "" || m.Awake || m.Home.Detail == nil || m.Home.Detail.Name != "Maya" {
		t.Errorf("screen %d, notice %q", m.Screen, m.Home.Notice.Text)
	}
	if h, v := w.media.Held(); h != 0 || v != 0 {
		t.Errorf("still held %d, watched %d", h, v)
	}
}

func TestEveryEndHasASentence(t *testing.T) {
	w := newWorld(t)
	lang := w.Lang()
	silent := map[call.EndReason]bool{call.EndedByMe: true, call.EndElsewhere: true, call.EndCancelled: true, call.EndMissed: true}
	all := []call.EndReason{
		call.EndedByMe, call.EndedByOther, call.EndCancelled, call.EndDeclined, call.EndBusy, call.EndNoAnswer, call.EndMissed, call.EndElsewhere,
		call.EndAway, call.EndRequested, call.EndKnownOnly, call.EndBlocked, call.EndNobody, call.EndSelf, call.EndLinkUnknown, call.EndLinkUsed, call.EndLinkExpired, call.EndNoService, call.EndSlowDown,
		call.EndNoRoute, call.EndNoRelay, call.EndRelaySpent, call.EndLost, call.EndIncompatible, call.EndKeyChanged, call.EndNotGenuine, call.EndInternal,
	}
	seen := map[string]call.EndReason{}
	for _, r := range all {
		got := present.EndSentence(lang, call.State{Outgoing: true, Peer: call.Peer{Name: "Maya"}, End: call.End{Reason: r}})
		if (got == "") != silent[r] {
			t.Errorf("%s says %q", r, got)
		}
		if got != "" && r != call.EndedByOther && strings.Count(got, ".") < 2 {
			t.Errorf("%s says %q, and not what to do", r, got)
		}
		if other, twice := seen[got]; twice && got != "" {
			t.Errorf("%s and %s say the same: %q", r, other, got)
		}
		seen[got] = r
	}
	if got := present.EndSentence(lang, call.State{Peer: call.Peer{Name: "Maya"}, End: call.End{Reason: call.EndMissed}}); !strings.Contains(got, "Maya called") {
		t.Errorf("missed: %q", got)
	}
	said := call.State{Outgoing: true, Peer: call.Peer{Name: "Maya"}, End: call.End{Reason: call.EndDeclined, Message: "Later"}}
	if got := present.EndSentence(lang, said); got != "Maya declined: “Later”" {
		t.Errorf("declined saying: %q", got)
	}
}

// The own picture on Home is off until it is asked for, and its camera closes
// again whichever way Home is left.
func TestOwnPictureOnHome(t *testing.T) {
	for name, c := range map[string]struct {
		leave   func(w *world)
		camera  bool // on afterwards
		watches int  // by the call's own screen
	}{
		"put away":     {func(w *world) { w.Home.ToggleSelf() }, false, 0},
		"settings":     {func(w *world) { w.Settings.Open(present.PageAccount) }, false, 0},
		"a voice call": {func(w *world) { w.Home.Select("Maya"); w.Home.VoiceCall() }, false, 1},
		"a video call": {func(w *world) { w.Home.CallNow("Maya") }, true, 1},
		"the end":      {func(w *world) { w.Close() }, false, 0},
		"the name taken": {func(w *world) {
			w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceNameTaken })
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if h := w.model().Home; h.SelfOn || w.media.State().Camera.On {
				t.Fatalf("on without being asked for: %+v", h.Self)
			}
			w.Home.ToggleSelf()
			if h := w.model().Home; !h.SelfOn || h.Self.Frames == nil || !h.Self.Mirror || !w.media.State().Camera.Open {
				t.Fatalf("%+v", h.Self)
			}
			c.leave(w)
			w.Refresh()
			if holds, watches := w.media.Held(); holds != 0 || watches != c.watches {
				t.Errorf("%d hold the camera, %d watch", holds, watches)
			}
			if on := w.media.State().Camera.On; on != c.camera {
				t.Errorf("the camera is on: %v, want %v", on, c.camera)
			}
		})
	}
}

// Who cannot hide behind a relay is led to the switch.
func TestNoRelayLeadsToTheSwitch(t *testing.T) {
	w := newWorld(t)
	w.Home.CallNow("Maya")
	s := w.phone.Current().(*presenttest.Session)
	w.phone.SetCurrent(nil)
	s.Set(func(st *call.State) { st.Phase, st.End.Reason = call.Ended, call.EndNoRelay })
	n := w.model().Home.Notice
	if n.Tone != present.ToneWarning || !strings.Contains(n.Text, w.Lang().T("settings.relay_only")) || len(n.Actions) != 2 {
		t.Fatalf("%+v", n)
	}
	n.Actions[1].Do()
	if m := w.model(); m.Screen != present.ScreenSettings || m.Settings.Page != present.PageCalls {
		t.Errorf("screen %d", m.Screen)
	}
}

// A call that may not be from whom it seems to be does not ring; the person is
// told once, and decides about the new key.
func TestUnsafeCallIsTold(t *testing.T) {
	w := newWorld(t)
	s := presenttest.NewSession(call.State{ID: "7", Phase: call.Ended, Peer: call.Peer{Name: "Maya"}, End: call.End{Reason: call.EndKeyChanged}})
	w.phone.SetUnsafe(s)
	n := w.model().Home.Notice
	if n.Tone != present.ToneBad || !strings.HasPrefix(n.Text, "Maya now has another key") || len(n.Actions) != 1 {
		t.Fatalf("%+v", n)
	}
	n.Actions[0].Do()
	if got := s.Calls(); len(got) != 1 || got[0] != "trust key" {
		t.Errorf("%v", got)
	}
	if n := w.model().Home.Notice; n.Tone != present.ToneInfo || !strings.Contains(n.Text, "trusted from now on") {
		t.Errorf("%+v", n)
	}
	w.Home.Dismiss()
	if n := w.model().Home.Notice; n.Text != "" {
		t.Errorf("it is told again: %+v", n)
	}
}

// What two people compare is in the panel about the connection.
func TestComparingIsInThePanel(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	w.Call.ToggleConnection()
	if m := w.model().Call.Connection.Safety; m.Number != "" || !strings.Contains(m.Note, "not signed") {
		t.Errorf("before anything is signed: %+v", m)
	}
	s.Set(func(st *call.State) {
		st.Peer.Signed, st.Peer.Emoji = true, []string{"🐶", "🐱"}
		st.Peer.SafetyNumber = strings.TrimSpace(strings.Repeat("12345 ", 12))
	})
	m := w.model().Call.Connection.Safety
	if m.Emoji != "🐶 🐱" || strings.Count(m.Number, "\n") != 2 || m.Verified || !strings.Contains(m.Note, "Maya must see") {
		t.Errorf("%+v", m)
	}
	w.Call.SetVerified(true)
	if m := w.model().Call; !m.Connection.Safety.Verified || m.Security != w.Lang().T("call.verified") {
		t.Errorf("%+v", m)
	}
}

func TestCallAgainAfterNoAnswer(t *testing.T) {
	w := newWorld(t)
	w.Home.CallNow("Maya")
	s := w.phone.Current().(*presenttest.Session)
	w.phone.SetCurrent(nil)
	s.Set(func(st *call.State) { st.Phase, st.End.Reason = call.Ended, call.EndNoAnswer })
	n := w.model().Home.Notice
	if !strings.HasPrefix(n.Text, "Maya does not answer.") || len(n.Actions) != 1 {
		t.Fatalf("%+v", n)
	}
	n.Actions[0].Do()
	if got := w.phone.Dialled(); len(got) != 2 || got[1] != "video Maya" {
		t.Errorf("dialled %v", got)
	}
}

func TestDialThatIsRefused(t *testing.T) {
	w := newWorld(t)
	w.phone.DialError = present.ErrInCall
	w.Home.CallNow("Maya")
	if m := w.model(); m.Screen != present.ScreenHome || m.Home.Notice.Tone != present.ToneBad {
		t.Errorf("screen %d, %+v", m.Screen, m.Home.Notice)
	}
}

func TestChat(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	s.Set(func(st *call.State) { st.Chat = []call.Message{{ID: "1", Text: "Hello", At: w.now}} })
	m := w.model().Call
	if m.Unread != 1 || m.Panel != present.NoPanel {
		t.Errorf("unread %d", m.Unread)
	}
	w.Call.ToggleChat()
	if m = w.model().Call; m.Panel != present.ChatPanel || m.Unread != 0 || m.Chat[0].Note != "10:42" {
		t.Errorf("open: %+v", m)
	}
	if w.Call.Send("   ") {
		t.Error("an empty line was sent")
	}
	if !w.Call.Send(" Hi ") || s.Calls()[0] != "chat Hi" {
		t.Errorf("sent %v", s.Calls())
	}
	s.SendError = errors.New("full")
	if w.Call.Send("More") {
		t.Error("a line that was not taken is gone from the entry")
	}
	if m = w.model().Call; !strings.Contains(m.Notice, "could not be sent") {
		t.Errorf("notice %q", m.Notice)
	}
	for status, want := range map[call.Delivery]string{call.Sending: "10:42 · sending", call.Sent: "10:42 · sent", call.Delivered: "10:42 · delivered", call.Undelivered: "10:42 · not delivered"} {
		s.Set(func(st *call.State) {
			st.Chat = []call.Message{{ID: "2", Mine: true, Text: "x", At: w.now, Status: status}}
		})
		if got := w.model().Call.Chat[0]; got.Note != want || got.Bad != (status == call.Undelivered) {
			t.Errorf("%d: %+v", status, got)
		}
	}
	if !w.Call.ClosePanel() || w.Call.ClosePanel() {
		t.Error("the panel closes once")
	}
}

func TestNoticesGoByThemselves(t *testing.T) {
	w := newWorld(t)
	s := w.connected("Maya")
	s.Set(func(st *call.State) {
		st.Notices = []call.Notice{{At: w.now, Kind: call.NoticeDeviceReplaced, Dev: device.Microphone, Name: "Built-in Microphone"}}
	})
	if got := w.model().Call.Notice; got != "Now using Built-in Microphone" {
		t.Errorf("notice %q", got)
	}
	w.now = w.now.Add(7 * time.Second)
	if got := w.model().Call.Notice; got != "" {
		t.Errorf("stays: %q", got)
	}
}

func TestPushToTalkAndTheHint(t *testing.T) {
	w := newWorld(t)
	w.connected("Maya")
	w.Call.PushToTalk(true)
	if !w.media.State().Microphone.On {
		t.Error("space muted somebody")
	}
	w.Call.PushToTalk(false)
	if !w.media.State().Microphone.On {
		t.Error("letting go of space muted somebody who was not muted")
	}
	w.Call.ToggleMicrophone()
	w.Call.PushToTalk(true)
	if !w.media.State().Microphone.On {
		t.Error("no push to talk")
	}
	w.Call.PushToTalk(false)
	if w.media.State().Microphone.On {
		t.Error("stays on after push to talk")
	}
	w.media.Level = 0.1
	w.Refresh()
	w.now = w.now.Add(600 * time.Millisecond)
	if got := w.model().Call.Notice; !strings.Contains(got, "You are muted") {
		t.Errorf("no hint for somebody who talks while muted: %q", got)
	}
	// Where a voice is listened for, typing is none.
	w.media.Listens, w.media.Voice = true, 0.1
	w.now = w.now.Add(5 * time.Second)
	w.Refresh()
	w.now = w.now.Add(600 * time.Millisecond)
	if got := w.model().Call.Notice; got != "" {
		t.Errorf("a hint for somebody who types while muted: %q", got)
	}
	w.media.Voice = 0.9
	w.Refresh()
	w.now = w.now.Add(600 * time.Millisecond)
	if got := w.model().Call.Notice; !strings.Contains(got, "You are muted") {
		t.Errorf("no hint for a voice: %q", got)
	}
}

func TestEcho(t *testing.T) {
	w := newWorld(t)
	w.Home.TestCall()
	m := w.model()
	if m.Screen != present.ScreenEcho || m.Echo.Words != "Speak now: 3 s" || m.Echo.Progress < 0.39 || m.Echo.Progress > 0.41 {
		t.Fatalf("%+v", m.Echo)
	}
	run := w.echo.Last
	run.Set(present.EchoState{Phase: present.EchoPlaying, Left: time.Second, Length: 5 * time.Second, Seen: true})
	if m = w.model(); m.Echo.Tile.Frames != run.Frames || m.Echo.Tile.Mirror {
		t.Error("what was recorded is not shown as others see it")
	}
	for _, c := range []struct {
		st   present.EchoState
		want string
	}{
		{present.EchoState{Phase: present.EchoDone, Heard: true, Seen: true}, "Camera and microphone work."},
		{present.EchoState{Phase: present.EchoDone, Seen: true}, "The microphone picked up nothing"},
		{present.EchoState{Phase: present.EchoDone, Heard: true}, "The camera gave no picture"},
	} {
		run.Set(c.st)
		if m = w.model(); !strings.Contains(m.Echo.Tip, c.want) || !m.Echo.CanAgain {
			t.Errorf("%+v: %q", c.st, m.Echo.Tip)
		}
	}
	w.Echo.Again()
	if w.echo.Last == run || !run.Closed() {
		t.Error("once more did not begin a new one")
	}
	w.Echo.Cancel()
	if h, v := w.media.Held(); h != 0 || v != 0 || !w.echo.Last.Closed() || w.model().Screen != present.ScreenHome {
		t.Error("the test holds something after it was closed")
	}
	w.echo.Error = errors.New("no device")
	w.Home.TestCall()
	if m = w.model(); m.Echo.Words != "The test could not be made" {
		t.Errorf("%q", m.Echo.Words)
	}
}

func TestACallInterruptsWhateverIsOpen(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageDevices)
	w.Settings.ToggleCamera()
	if h, _ := w.media.Held(); h != 1 {
		t.Fatal("the settings show no preview")
	}
	w.connected("Maya")
	if m := w.model(); m.Screen != present.ScreenCall {
		t.Errorf("screen %d", m.Screen)
	}
	if h, v := w.media.Held(); h != 0 || v != 1 {
		t.Errorf("held %d, watched %d: the settings' preview goes on behind the call", h, v)
	}
}

func TestSettings(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageDevices)
	if w.media.State().Camera.On {
		t.Error("opening the settings lights the camera")
	}
	w.Settings.Show(present.PageAppearance)
	if h, _ := w.media.Held(); h != 0 {
		t.Error("another page holds the devices")
	}
	w.Settings.SetLanguage("de")
	m := w.model()
	if m.Lang.Code != "de" || m.Title != "Einstellungen" || m.Settings.Language.Options[1].Text != "Deutsch" {
		t.Errorf("language %s, title %q", m.Lang.Code, m.Title)
	}
	w.Settings.SetLanguage("system")
	if w.model().Lang.Code != "de" {
		t.Error("the system's language is German")
	}
	w.Settings.SetTheme("dark")
	w.Settings.SetTextSize("130")
	w.Settings.SetTextSize("large")
	if m = w.model(); m.Theme != "dark" || m.TextSize != 130 {
		t.Errorf("theme %s, size %d", m.Theme, m.TextSize)
	}
	w.settings.Error = errors.New("disk full")
	w.Settings.SetStartMuted(true)
	if m = w.model(); !m.Settings.Muted || m.Settings.Problem == "" {
		t.Error("nobody is told that the choice could not be kept")
	}
	w.Settings.Show(present.PageAbout)
	w.Settings.CopyDiagnostics()
	w.await("the copy", func() bool { return w.screen.Copied == "all well" && w.model().Settings.About.Copied })
	w.Settings.Close()
	if w.model().Screen != present.ScreenHome {
		t.Error("back does not lead home")
	}
}

// The switches of the microphone's sound are the same in the settings and in a
// call, are kept, and hold at once.
func TestCleaning(t *testing.T) {
	w := newWorld(t)
	w.settings.Update(func(c *present.Choices) { c.CancelEcho, c.SuppressNoise, c.LevelVoice = true, true, true })
	w.Settings.Open(present.PageDevices)
	if m := w.model().Settings.Cleaning; m != (present.CleaningModel{Echo: true, Noise: true, Gain: true}) {
		t.Errorf("at first: %+v", m)
	}
	w.Settings.Cleaning().SetNoise(false)
	if got := w.media.State().Cleaning; got != (mic.Options{Echo: true, Gain: true}) {
		t.Errorf("without noise suppression: %+v", got)
	}
	w.connected("Maya")
	w.Call.ToggleMore()
	if m := w.model().Call.Cleaning; m != (present.CleaningModel{Echo: true, Gain: true}) {
		t.Errorf("in the call: %+v", m)
	}
	w.Call.Cleaning().SetAlone(true)
	if got := w.media.State().Cleaning; got != (mic.Options{}) {
		t.Errorf("left alone: %+v", got)
	}
	w.Call.Cleaning().SetAlone(false)
	if got := w.media.State().Cleaning; got != (mic.Options{Echo: true, Gain: true}) {
		t.Errorf("no longer left alone: %+v: it does not remember", got)
	}
	w.Call.Cleaning().SetEcho(false)
	w.Call.Cleaning().SetGain(false)
	if c := w.settings.Get(); c.CancelEcho || c.LevelVoice || c.LeaveMicrophone || c.Cleaning() != (mic.Options{}) {
		t.Errorf("kept: %+v", c)
	}
	for _, c := range []struct {
		state mic.State
		want  string
	}{
		{mic.State{Echo: mic.Working, Noise: mic.Starting}, ""},
		{mic.State{}, ""},
		{mic.State{Echo: mic.Lacking, Noise: mic.Lacking}, "no echo canceller and no noise"},
		{mic.State{Echo: mic.Lacking, Noise: mic.Working}, "no echo canceller."},
		{mic.State{Echo: mic.Working, Noise: mic.Lacking}, "no noise suppression."},
		{mic.State{Echo: mic.Failed, Noise: mic.Lacking}, "Echo cancellation does not work"},
		{mic.State{Noise: mic.Failed}, "Noise suppression does not work"},
	} {
		w.media.Set(func(s *local.State) { s.Cleaned = c.state })
		if got := w.model().Call.Cleaning.Problem; !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q", c.state, got)
		}
	}
}

func TestAccountChange(t *testing.T) {
	w := newWorld(t)
	w.Settings.Open(present.PageAccount)
	if m := w.model().Settings.Account; m.Changed || m.Name != "Anna" || !m.Automatic {
		t.Fatalf("%+v", m)
	}
	w.Settings.SetAutomatic(false)
	w.Settings.SetService("nonsense")
	w.directory.Error = &present.ServiceError{Problem: present.ProblemAddress, Err: errors.New("no host")}
	w.Settings.SaveAccount()
	w.await("the refusal", func() bool {
		return strings.Contains(w.model().Settings.Account.Error, "“nonsense” is not an address")
	})
	w.directory.Error = nil
	w.Settings.SetService("https://other.example.org")
	w.Settings.SaveAccount()
	w.await("the change", func() bool { return w.settings.Get().Service == "https://other.example.org" })
}

func TestRunWakesOncePerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); _ = w.Run(ctx) }()
		synctest.Wait()
		drain := func() (n int) {
			for {
				select {
				case f := <-w.posted:
					f()
					n++
					synctest.Wait()
				default:
					return n
				}
			}
		}
		drain()
		for range 50 {
			w.directory.Changed()
			w.media.Changed()
			synctest.Wait()
		}
		if n := len(w.posted); n != 1 {
			t.Errorf("%d refreshes wait for a UI that is busy, want 1", n)
		}
		drain()
		// Home has nothing that moves: no wake-up without a change.
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(w.posted); n != 0 {
			t.Errorf("Home wakes up %d times a minute for nothing", n)
		}
		// A call counts its seconds.
		s := w.connected("Maya")
		synctest.Wait()
		drain()
		renders := w.screen.Renders()
		for range 10 {
			time.Sleep(time.Second)
			synctest.Wait()
			drain()
		}
		if n := w.screen.Renders() - renders; n < 10 || n > 80 {
			t.Errorf("10 s of a call were drawn %d times", n)
		}
		s.Hangup()
		synctest.Wait()
		drain()
		if n := s.Subscribers(); n != 0 {
			t.Errorf("%d watch a call that is over", n)
		}
		cancel()
		<-done
		for name, n := range map[string]int{"directory": w.directory.Subscribers(), "phone": w.phone.Subscribers(), "media": w.media.Subscribers(), "settings": w.settings.Subscribers()} {
			if n != 0 {
				t.Errorf("%d still watch the %s", n, name)
			}
		}
	})
}

func TestCloseGivesEverythingBack(t *testing.T) {
	w := newWorld(t)
	w.Before.Open("Maya", "")
	w.Before.PlaySound()
	w.Close()
	if h, v := w.media.Held(); h != 0 || v != 0 || w.media.Playing("sound") {
		t.Error("something is held or played after the end")
	}
	renders := w.screen.Renders()
	w.Refresh()
	if w.screen.Renders() != renders {
		t.Error("a closed program draws")
	}
}

func TestAGuestIsCalledOne(t *testing.T) {
	w := newWorld(t)
	s := presenttest.NewSession(call.State{ID: "9", Phase: call.Incoming, ViaLink: true, Peer: call.Peer{Name: "Maya", Guest: true}})
	w.phone.SetRinging(s)
	if m := w.model().Incoming; m.Sure || m.Verified != "Guest, not verified" || m.Words != "is calling through your link" {
		t.Errorf("while it rings: %+v", m)
	}
}
