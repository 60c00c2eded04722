package present

import (
	"context"
	"strconv"
	"strings"
	"time"

	"parley/call/local"
	"parley/media/device"
)

// Page is one page of the settings.
type Page string

// The pages.
const (
	PageAccount    Page = "account"
	PageOwn        Page = "own"
	PageDevices    Page = "devices"
	PageCalls      Page = "calls"
	PagePrivacy    Page = "privacy"
	PageAppearance Page = "appearance"
	PageShortcuts  Page = "shortcuts"
	PageAbout      Page = "about"
)

// Pages lists the pages in their order.
func Pages() []Page {
	return []Page{PageAccount, PageOwn, PageDevices, PageCalls, PagePrivacy, PageAppearance, PageShortcuts, PageAbout}
}

// SettingsModel is the settings with one page open.
type SettingsModel struct {
	Page      Page
	Pages     []OptionModel
	Account   AccountModel
	Own       OwnModel
	Devices   DevicesModel
	Privacy   PrivacyModel
	Mic, Cam  DeviceButton
	Ringer    PickerModel
	Cleaning  CleaningModel
	Muted     bool
	CameraOff bool
	RelayOnly bool
	LowData   bool
	Rules     Rules
	AtLogin   AtLoginModel
	Recording string // why calls cannot be recorded; "": they can
	Theme     PickerModel
	TextSize  PickerModel
	Language  PickerModel
	Shortcuts []ShortcutModel
	About     AboutModel
	Problem   string // a choice that could not be kept
}

// AccountModel is name and service.
type AccountModel struct {
	Name, Service string
	Automatic     bool
	Where         PickerModel // how the service is chosen
	Status        string
	Error         string
	Busy, Changed bool
	Leave         LeaveModel
	SignOut       SignOutModel
}

// ShortcutModel is a line of the list of keys.
type ShortcutModel struct{ Keys, Does string }

// AboutModel is the last page.
type AboutModel struct {
	Version string
	Copied  bool
	Updates bool // newer versions can be shown
	Notices bool // and are
	Fixed   bool // it is not the person's choice
}

// SettingsScreen changes what a person can choose.
type SettingsScreen struct {
	p         *Program
	open      bool
	page      Page
	preview   preview
	name      string
	service   string
	automatic bool
	edited    bool
	busy      bool
	problem   ServiceProblem
	asked     string
	keep      string         // why a choice was not kept
	denied    ServiceProblem // why the service did not take one of privacy
	copied    bool
	loginErr  error // start at sign-in could not be changed
	leaving   leaving

	signingOut signingOut
}

// Open shows a page.
func (s *SettingsScreen) Open(page Page) {
	s.p.goTo(ScreenSettings)
	c := s.p.deps.Settings.Get()
	s.open, s.edited, s.problem, s.keep, s.copied = true, false, ProblemNone, "", false
	s.denied, s.loginErr = ProblemNone, nil
	s.name, s.service, s.automatic = c.Name, c.Service, c.Service == ""
	s.leaving, s.signingOut = leaving{}, signingOut{}
	s.show(page)
}

// Show changes the page.
func (s *SettingsScreen) Show(page Page) {
	if s.open && page != s.page {
		s.show(page)
	}
}

func (s *SettingsScreen) show(page Page) {
	if s.page = page; page == PageOwn {
		s.p.Own.start()
	} else {
		s.p.Own.leave()
	}
	if page == PageDevices {
		// The picture stays off until asked for: opening the settings must not
		// light the camera.
		s.p.deps.Media.SetCamera(false)
		s.p.deps.Media.SetMicrophone(true)
		s.preview.begin(s.p.deps.Media)
	} else {
		s.stopPreview()
	}
	s.p.Refresh()
}

func (s *SettingsScreen) stopPreview() {
	if s.preview.release != nil {
		s.p.deps.Media.SetCamera(false)
		s.preview.end()
	}
}

func (s *SettingsScreen) leave() {
	if !s.open {
		return
	}
	s.open = false
	s.stopPreview()
	s.p.Own.leave()
	if s.p.page == ScreenSettings {
		s.p.page = ScreenHome
	}
}

// Close goes back to Home.
func (s *SettingsScreen) Close() {
	s.p.goTo(ScreenHome)
	s.p.Refresh()
}

func (s *SettingsScreen) model() (*SettingsModel, time.Duration) {
	l, c := s.p.lang, s.p.deps.Settings.Get()
	m := &SettingsModel{
		Page: s.page, Muted: c.StartMuted, CameraOff: c.StartCameraOff, RelayOnly: c.RelayOnly, LowData: c.LowData, Problem: s.keep,
		Rules: s.p.deps.Rules,
		About: AboutModel{Version: s.version(), Copied: s.copied, Updates: updateNotices,
			Notices: c.UpdateNotices && !s.p.deps.Rules.NoUpdates, Fixed: s.p.deps.Rules.NoUpdates},
	}
	for _, p := range Pages() {
		m.Pages = append(m.Pages, OptionModel{string(p), s.pageName(p)})
	}
	var due time.Duration
	switch s.page {
	case PageAccount:
		m.Account = s.account()
	case PageOwn:
		m.Own = s.p.Own.model()
	case PageDevices:
		st := s.p.deps.Media.State()
		m.Devices, due = devicesModel(s.p, &s.preview, s.p.now()), meterEvery
		m.Mic, m.Cam = microphoneButton(l, st.Microphone), cameraButton(l, st.Camera)
		m.Cleaning = cleaningModel(l, c, st, s.p.deps.Rules)
		m.Ringer = devicePicker(l, device.Speaker, local.Use{Selector: c.Ringer}, st.Speakers)
		m.Ringer.Label = l.T("settings.ringer")
		m.Ringer.Options[0].Text = l.T("settings.ringer_same")
		m.Ringer.Options = m.Ringer.Options[:len(m.Ringer.Options)-1] // a silent ringer is a muted speaker
	case PageCalls:
		m.AtLogin = s.atLogin()
		if m.Rules.NoRecording {
			m.Recording = l.T("policy.no_recording")
		}
	case PagePrivacy:
		m.Privacy = s.privacy(c)
	case PageAppearance:
		m.Theme, m.TextSize, m.Language = s.appearance(c)
	case PageShortcuts:
		m.Shortcuts = s.shortcuts()
	}
	return m, due
}

func (s *SettingsScreen) pageName(p Page) string {
	l := s.p.lang
	switch p {
	case PageAccount:
		return l.T("settings.account")
	case PageOwn:
		return l.T("own.page")
	case PageDevices:
		return l.T("settings.devices")
	case PageCalls:
		return l.T("settings.calls")
	case PagePrivacy:
		return l.T("settings.privacy")
	case PageAppearance:
		return l.T("settings.appearance")
	case PageShortcuts:
		return l.T("settings.shortcuts")
	}
	return l.T("settings.about")
}

func (s *SettingsScreen) account() AccountModel {
	l, st := s.p.lang, s.p.deps.Directory.State()
	a := AccountModel{Where: s.p.servicePicker(s.automatic), Name: s.name, Service: s.service, Automatic: s.automatic, Busy: s.busy, Changed: s.edited && !s.busy && s.complete()}
	switch st.Service.Phase {
	case ServiceOnline:
		a.Status = l.T("account.online", "name", st.Me.Name, "address", serviceNote(l, st.Service))
	case ServiceFailed, ServiceReconnecting:
		a.Status = ProblemSentence(l, st.Service.Problem, st.Service.Address, st.Me.Name)
	default:
		a.Status = serviceNote(l, st.Service)
	}
	a.Leave, a.SignOut = s.leaveModel(), s.signOutModel()
	if s.problem != ProblemNone {
		a.Error = ProblemSentence(l, s.problem, strings.TrimSpace(s.service), s.asked)
	}
	return a
}

func (s *SettingsScreen) complete() bool {
	return strings.TrimSpace(s.name) != "" && (s.automatic || strings.TrimSpace(s.service) != "")
}

// SetName is called as the person types.
func (s *SettingsScreen) SetName(v string) { s.edit(func() { s.name = v }) }

// SetService is called as the person types.
func (s *SettingsScreen) SetService(v string) { s.edit(func() { s.service = v }) }

// SetAutomatic chooses between looking for a service and an address.
func (s *SettingsScreen) SetAutomatic(v bool) { s.edit(func() { s.automatic = v }) }

func (s *SettingsScreen) edit(f func()) {
	f()
	s.edited, s.problem = true, ProblemNone
	s.p.Refresh()
}

// SaveAccount signs in with the name and service that were typed.
func (s *SettingsScreen) SaveAccount() {
	if s.busy || !s.complete() {
		return
	}
	name, service := strings.Join(strings.Fields(s.name), " "), strings.TrimSpace(s.service)
	if s.automatic {
		service = ""
	}
	s.busy, s.asked, s.problem = true, name, ProblemNone
	s.p.async(func(ctx context.Context) func() {
		err := s.p.deps.Directory.SignIn(ctx, name, service)
		return func() {
			s.busy = false
			if err != nil {
				s.problem = problemOf(err)
				return
			}
			s.edited = false
			s.set(func(c *Choices) { c.Name, c.Service = name, service })
		}
	})
	s.p.Refresh()
}

func (s *SettingsScreen) set(f func(*Choices)) {
	s.keep = ""
	if err := s.p.deps.Settings.Update(f); err != nil {
		s.p.log.Warn("settings not kept", "error", err)
		s.keep = s.p.lang.T("settings.not_kept")
	}
	s.p.Refresh()
}

func (s *SettingsScreen) appearance(c Choices) (theme, size, language PickerModel) {
	l := s.p.lang
	theme = PickerModel{Label: l.T("settings.theme"), Value: c.Theme, Options: []OptionModel{
		{"system", l.T("theme.system")}, {"light", l.T("theme.light")}, {"dark", l.T("theme.dark")},
	}}
	size = PickerModel{Label: l.T("settings.text_size"), Value: strconv.Itoa(c.TextSize)}
	for _, p := range []int{100, 115, 130, 150} {
		text := l.T("size.percent", "p", strconv.Itoa(p))
		if p == 100 {
			text = l.T("size.normal")
		}
		size.Options = append(size.Options, OptionModel{strconv.Itoa(p), text})
	}
	language = PickerModel{Label: l.T("settings.language"), Value: c.Language, Options: []OptionModel{{"system", l.T("language.system")}}}
	for _, code := range s.p.catalog.Languages() {
		// A language is named in itself, so that somebody lost can find the way back.
		language.Options = append(language.Options, OptionModel{code, s.p.catalog.Pick(code).T("language.name")})
	}
	return theme, size, language
}

// SetTheme picks system, light or dark.
func (s *SettingsScreen) SetTheme(v string) { s.set(func(c *Choices) { c.Theme = v }) }

// SetTextSize picks a percentage.
func (s *SettingsScreen) SetTextSize(v string) {
	if n, err := strconv.Atoi(v); err == nil {
		s.set(func(c *Choices) { c.TextSize = n })
	}
}

// SetLanguage picks a language or "system".
func (s *SettingsScreen) SetLanguage(v string) { s.set(func(c *Choices) { c.Language = v }) }

// SetStartMuted chooses how calls begin.
func (s *SettingsScreen) SetStartMuted(v bool) { s.set(func(c *Choices) { c.StartMuted = v }) }

// SetStartCameraOff chooses how calls begin.
func (s *SettingsScreen) SetStartCameraOff(v bool) { s.set(func(c *Choices) { c.StartCameraOff = v }) }

// SetRelayOnly hides the own address from the other side.
func (s *SettingsScreen) SetRelayOnly(v bool) { s.set(func(c *Choices) { c.RelayOnly = v }) }

// SetLowData caps calls.
func (s *SettingsScreen) SetLowData(v bool) {
	s.p.deps.Media.SetLowData(v)
	s.set(func(c *Choices) { c.LowData = v })
}

// SetUpdateNotices has newer versions shown.
func (s *SettingsScreen) SetUpdateNotices(v bool) {
	if !s.p.deps.Rules.NoUpdates {
		s.set(func(c *Choices) { c.UpdateNotices = v })
	}
}

// UseRinger picks the speaker that rings.
func (s *SettingsScreen) UseRinger(selector string) {
	s.p.deps.Media.UseRinger(selector)
	s.set(func(c *Choices) { c.Ringer = selector })
}

// Own is the page with this person's devices.
func (s *SettingsScreen) Own() *OwnScreen { return s.p.Own }

// Cleaning are the switches of the microphone's sound.
func (s *SettingsScreen) Cleaning() Cleaning { return Cleaning{s.p} }

// UseCamera picks a camera.
func (s *SettingsScreen) UseCamera(selector string) { useDevice(s.p, device.Camera, selector) }

// UseMicrophone picks a microphone.
func (s *SettingsScreen) UseMicrophone(selector string) { useDevice(s.p, device.Microphone, selector) }

// UseSpeaker picks a speaker.
func (s *SettingsScreen) UseSpeaker(selector string) { useDevice(s.p, device.Speaker, selector) }

// ToggleMicrophone mutes the test.
func (s *SettingsScreen) ToggleMicrophone() { toggleMicrophone(s.p) }

// ToggleCamera shows the own picture.
func (s *SettingsScreen) ToggleCamera() { toggleCamera(s.p) }

// PlaySound plays a test sound on the speaker.
func (s *SettingsScreen) PlaySound() { s.p.sound.once(soundTest) }

// TestCall opens the echo test.
func (s *SettingsScreen) TestCall() { s.p.Echo.Open() }

func (s *SettingsScreen) version() string {
	a := s.p.deps.About
	return s.p.lang.T("about.version", "version", a.Version, "commit", a.Commit, "date", a.Date)
}

// CopyDiagnostics puts what support needs on the clipboard.
func (s *SettingsScreen) CopyDiagnostics() {
	if s.p.deps.About.Diagnose == nil {
		return
	}
	// It asks devices and the network: not on the UI goroutine.
	s.p.async(func(context.Context) func() {
		text := s.p.deps.About.Diagnose()
		return func() {
			s.p.screen.Copy(text)
			s.copied = true
		}
	})
}

func (s *SettingsScreen) shortcuts() []ShortcutModel {
	l := s.p.lang
	ctrl, shift := l.T("key.ctrl"), l.T("key.shift")
	return []ShortcutModel{
		{ctrl + "+K", l.T("shortcut.find")},
		{ctrl + "+D", l.T("shortcut.microphone")},
		{ctrl + "+E", l.T("shortcut.camera")},
		{l.T("key.space"), l.T("shortcut.talk")},
		{ctrl + "+" + shift + "+C", l.T("shortcut.chat")},
		{ctrl + "+" + shift + "+H", l.T("shortcut.hangup")},
		{"F11", l.T("shortcut.full_screen")},
		{"Esc", l.T("shortcut.escape")},
		{ctrl + "+Q", l.T("shortcut.quit")},
	}
}
