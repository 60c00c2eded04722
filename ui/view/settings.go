package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"parley/assets"
	"parley/signaling/wire"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// Settings has the pages on the left, or above in a narrow window.
type Settings struct {
	p      *present.SettingsScreen
	tips   *w.Tips
	root   *fyne.Container
	side   *fyne.Container
	bar    *fyne.Container
	scroll *fyne.Container
	inside *container.Scroll
	shown  present.Page      // that was rendered last
	asked  fyne.CanvasObject // the card whose question was open then; nil: none
	back   [2]*w.IconButton
	title  *w.Line
	nav    map[present.Page]*w.NavRow
	choose *w.Picker
	head   *w.Line
	keep   *w.Paragraph
	pages  map[present.Page]*fyne.Container
	feeds  []Feed

	name     *w.Entry
	nameF    *field
	service  *picker
	address  *w.Entry
	addressF *field
	status   *w.Paragraph
	problem  *w.Paragraph
	save     *w.Button
	leave    *leave
	signOut  *signOut

	own     *ownPage
	devices *devices
	ringer  *picker
	clean   *cleaning
	test    *w.Button

	muted, cameraOff, relay, lowData *w.Toggle
	recording                        *w.Paragraph
	atLogin                          *w.Toggle
	atLoginNo                        *w.Paragraph
	atLoginBox                       *fyne.Container

	privacy *privacy

	theme, size, language *w.Picker

	keys *fyne.Container

	about *w.Paragraph
	words *w.Paragraph
	copy  *w.Button

	updates    *w.Toggle
	updatesBox *fyne.Container
}

func navIcon(p present.Page) assets.IconName {
	return map[present.Page]assets.IconName{
		present.PageAccount: assets.IconUser, present.PageOwn: assets.IconLink, present.PageDevices: assets.IconSliders,
		present.PageCalls: assets.IconPhone, present.PagePrivacy: assets.IconLock,
		present.PageAppearance: assets.IconPalette, present.PageShortcuts: assets.IconKeyboard, present.PageAbout: assets.IconInfo,
	}[p]
}

// NewSettings returns the screen.
func NewSettings(p *present.SettingsScreen, tips *w.Tips) *Settings {
	v := &Settings{p: p, tips: tips, nav: map[present.Page]*w.NavRow{}, title: w.NewLine(head, ""), head: w.NewLine(title, ""), keep: w.NewParagraph(wrong, "")}
	for i := range v.back {
		v.back[i] = w.NewIconButton(assets.IconBack, p.Close)
		v.back[i].SetID("settings.back")
	}
	rows := w.Column(look.S4)
	for _, page := range present.Pages() {
		r := w.NewNavRow(navIcon(page), func() { p.Show(page) })
		r.SetID("settings.page." + string(page))
		v.nav[page] = r
		rows.Add(r)
	}
	v.choose = w.NewPicker(func(s string) { p.Show(present.Page(s)) })
	v.choose.SetID("settings.page")
	v.side = w.Stack(w.NewGround(look.Panel, "", 0), w.Inset(look.S16, w.Column(look.S16, w.Row(look.S8, v.back[0], v.title), rows, w.Grow())),
		w.Place(w.End, w.Start, 1, w.Fixed(1, 4000, w.NewGround(look.Line, "", 0))))
	v.bar = w.Stack(w.NewGround(look.Panel, "", 0), w.Column(0, w.Pad(look.S12, look.S12, look.S12, look.S12, w.Row(look.S8, v.back[1], w.Grow(v.choose))), w.Rule()))
	v.privacy = newPrivacy(p)
	v.pages = map[present.Page]*fyne.Container{
		present.PageAccount: v.newAccount(), present.PageOwn: v.newOwn(), present.PageDevices: v.newDevices(), present.PageCalls: v.newCalls(),
		present.PagePrivacy:    v.privacy.box,
		present.PageAppearance: v.newAppearance(), present.PageShortcuts: v.newShortcuts(), present.PageAbout: v.newAbout(),
	}
	all := w.Column(look.S16, v.head, v.keep)
	for _, page := range present.Pages() {
		all.Add(v.pages[page])
	}
	v.scroll, v.inside = w.Scroll(120, w.Place(w.Start, w.Start, w.Scaled(580), w.Pad(bleed, look.S24, look.S16, look.S24, all)))
	v.root = w.Free(fyne.NewSize(320, 240), v.layout, w.NewGround(look.Background, "", 0), v.side, v.bar, v.scroll)
	return v
}

func (v *Settings) newAccount() *fyne.Container {
	v.name = w.NewEntry(wire.MaxName, v.p.SetName, func(string) { v.p.SaveAccount() })
	v.name.SetID("settings.name")
	v.nameF = newField(v.name)
	v.service = newPicker("settings.service", func(s string) { v.p.SetAutomatic(s == "") })
	v.address = w.NewEntry(256, v.p.SetService, func(string) { v.p.SaveAccount() })
	v.address.SetID("settings.address")
	v.addressF = newField(v.address)
	v.status, v.problem = w.NewParagraph(dim, ""), w.NewParagraph(wrong, "")
	v.status.SetID("settings.status")
	v.problem.SetID("settings.problem")
	v.save = w.NewButton(w.Primary, "", "", v.p.SaveAccount)
	v.save.SetID("settings.save")
	v.leave, v.signOut = newLeave(v.p), newSignOut(v.p)
	return w.Column(look.S16, v.status, v.nameF.box, v.service.box, v.addressF.box, v.problem, w.Place(w.Start, w.Start, 0, v.save),
		w.Pad(0, look.S16, 0, 0, v.signOut.box), v.leave.box)
}

func (v *Settings) newOwn() *fyne.Container {
	v.own = newOwnPage(v.p.Own())
	return v.own.box
}

func (v *Settings) newDevices() *fyne.Container {
	v.devices = newDevices("settings", v.tips, devicesDo{
		mic: v.p.ToggleMicrophone, cam: v.p.ToggleCamera, sound: v.p.PlaySound,
		camera: v.p.UseCamera, microphone: v.p.UseMicrophone, speaker: v.p.UseSpeaker,
	})
	v.ringer = newPicker("settings.ringer", v.p.UseRinger)
	v.clean = newCleaning("settings", v.p.Cleaning(), look.S12)
	v.test = w.NewButton(w.Plain, "", "", v.p.TestCall)
	v.test.SetID("settings.test_call")
	d := v.devices
	return w.Column(look.S16, w.Place(w.Start, w.Start, 420, d.stage), d.level, d.camera.box, d.microph.box, d.speaker.box, d.sound, v.ringer.box,
		w.Card(look.S16, v.clean.box), w.Place(w.Start, w.Start, 0, v.test))
}

func (v *Settings) newCalls() *fyne.Container {
	v.muted = w.NewToggle(v.p.SetStartMuted)
	v.muted.SetID("settings.start_muted")
	v.cameraOff = w.NewToggle(v.p.SetStartCameraOff)
	v.cameraOff.SetID("settings.start_camera_off")
	v.relay = w.NewToggle(v.p.SetRelayOnly)
	v.relay.SetID("settings.relay_only")
	v.lowData = w.NewToggle(v.p.SetLowData)
	v.lowData.SetID("settings.low_data")
	v.atLogin, v.atLoginNo = w.NewToggle(v.p.SetAtLogin), w.NewParagraph(wrong, "")
	v.atLogin.SetID("settings.at_login")
	v.atLoginNo.SetID("settings.at_login.problem")
	v.atLoginBox = w.Card(look.S16, w.Column(look.S8, v.atLogin, v.atLoginNo))
	v.recording = w.NewParagraph(dim, "")
	v.recording.SetID("settings.recording")
	return w.Column(look.S16, w.Card(look.S16, w.Column(look.S12, v.muted, w.Rule(), v.cameraOff, w.Rule(), v.lowData, w.Rule(), v.relay)), v.atLoginBox, v.recording)
}

func (v *Settings) newAppearance() *fyne.Container {
	v.theme, v.size, v.language = w.NewPicker(v.p.SetTheme), w.NewPicker(v.p.SetTextSize), w.NewPicker(v.p.SetLanguage)
	v.theme.SetID("settings.theme")
	v.size.SetID("settings.text_size")
	v.language.SetID("settings.language")
	return w.Column(look.S16, v.theme, v.size, v.language)
}

func (v *Settings) newShortcuts() *fyne.Container {
	v.keys = w.Column(look.S12)
	return w.Card(look.S16, v.keys)
}

func (v *Settings) newAbout() *fyne.Container {
	v.about, v.words = w.NewParagraph(w.Style{}, ""), w.NewParagraph(dim, "")
	v.about.SetID("settings.version")
	v.copy = w.NewButton(w.Plain, assets.IconCopy, "", v.p.CopyDiagnostics)
	v.copy.SetID("settings.copy_diagnostics")
	v.updates = w.NewToggle(v.p.SetUpdateNotices)
	v.updates.SetID("settings.update_notices")
	v.updatesBox = w.Card(look.S16, v.updates)
	return w.Column(look.S16, v.about, v.words, w.Place(w.Start, w.Start, 0, v.copy), v.updatesBox)
}

// bleed is room at the edge of a scrolled area for focus rings.
const bleed = look.S4

func (v *Settings) layout(s fyne.Size) {
	v.root.Objects[0].Resize(s)
	narrow := s.Width < w.Scaled(look.Narrow)
	setVisible(v.side, !narrow)
	setVisible(v.bar, narrow)
	setVisible(v.head, !narrow)
	if narrow {
		h := w.HeightFor(v.bar, s.Width)
		v.bar.Resize(fyne.NewSize(s.Width, h))
		v.scroll.Move(fyne.NewPos(look.S16-bleed, h))
		v.scroll.Resize(fyne.NewSize(s.Width-look.S16+bleed, s.Height-h))
		return
	}
	wide := max(w.Scaled(220), v.side.MinSize().Width)
	v.side.Resize(fyne.NewSize(wide, s.Height))
	v.scroll.Move(fyne.NewPos(wide+look.S32-bleed, 0))
	v.scroll.Resize(fyne.NewSize(s.Width-wide-look.S32+bleed, s.Height))
}

// Object returns what to put into the window.
func (v *Settings) Object() fyne.CanvasObject { return v.root }

// Feeds says which pictures go where.
func (v *Settings) Feeds() []Feed { return v.feeds }

// Render shows m.
func (v *Settings) Render(m *present.SettingsModel, l *i18n.Lang) {
	v.title.Set(l.T("settings.title"))
	for i := range v.back {
		v.back[i].SetTip(v.tips, l.T("button.back"))
	}
	for _, o := range m.Pages {
		page := present.Page(o.Value)
		v.nav[page].Set(o.Text, page == m.Page)
		if page == m.Page {
			v.head.Set(o.Text)
		}
		setVisible(v.pages[page], page == m.Page)
	}
	v.choose.Set("", options(m.Pages), string(m.Page), "")
	v.keep.Set(m.Problem)
	setVisible(v.keep, m.Problem != "")
	v.feeds = nil
	switch m.Page {
	case present.PageAccount:
		v.renderAccount(m.Account, l)
	case present.PageOwn:
		v.own.render(m.Own, l)
	case present.PageDevices:
		v.devices.render(m.Devices, m.Mic, m.Cam, l)
		v.ringer.show(m.Ringer)
		v.clean.render(m.Cleaning, true, l)
		v.test.Set(l.T("home.test_call"))
		v.feeds = feed(v.devices.tile, m.Devices.Preview)
	case present.PageCalls:
		v.muted.Set(m.Muted, l.T("settings.start_muted"), l.T("settings.start_muted_note"))
		v.cameraOff.Set(m.CameraOff, l.T("settings.start_camera_off"), l.T("settings.start_camera_off_note"))
		v.lowData.Set(m.LowData, l.T("settings.low_data"), l.T("settings.low_data_note"))
		setToggle(v.relay, m.RelayOnly, l.T("settings.relay_only"), l.T("settings.relay_only_note"), m.Rules.RelayOnly, l)
		setVisible(v.atLoginBox, m.AtLogin.Can)
		setToggle(v.atLogin, m.AtLogin.On, l.T("settings.at_login"), l.T("settings.at_login_note"), m.AtLogin.Fixed, l)
		v.atLoginNo.Set(m.AtLogin.Problem)
		setVisible(v.atLoginNo, m.AtLogin.Problem != "")
		v.recording.Set(m.Recording)
		setVisible(v.recording, m.Recording != "")
	case present.PagePrivacy:
		v.privacy.render(m.Privacy, l)
	case present.PageAppearance:
		for p, c := range map[*w.Picker]present.PickerModel{v.theme: m.Theme, v.size: m.TextSize, v.language: m.Language} {
			p.Set(c.Label, options(c.Options), c.Value, c.Shown)
		}
	case present.PageShortcuts:
		v.renderShortcuts(m.Shortcuts)
	case present.PageAbout:
		v.about.Set(m.About.Version)
		v.words.Set(l.T("about.words"))
		v.copy.Set(l.T("about.copy"))
		if m.About.Copied {
			v.copy.Set(l.T("about.copied"))
		}
		setVisible(v.updatesBox, m.About.Updates)
		setToggle(v.updates, m.About.Notices, l.T("update.notices"), l.T("update.notices_note"), m.About.Fixed, l)
	}
	w.Relayout(v.root)
	v.follow(m)
}

// follow begins a page at its top, and shows a question that was just asked,
// which may be below what is in sight.
func (v *Settings) follow(m *present.SettingsModel) {
	if m.Page != v.shown {
		v.shown, v.asked = m.Page, nil
		v.inside.ScrollToTop()
	}
	var asked fyne.CanvasObject
	switch {
	case m.Account.SignOut.Open:
		asked = v.signOut.box
	case m.Account.Leave.Open:
		asked = v.leave.box
	}
	if asked != nil && asked != v.asked {
		w.Reveal(v.inside, asked)
	}
	v.asked = asked
}

func (v *Settings) renderAccount(m present.AccountModel, l *i18n.Lang) {
	v.status.Set(m.Status)
	v.nameF.label.Set(l.T("welcome.name"))
	v.name.Put(m.Name)
	v.service.show(m.Where)
	v.addressF.label.Set(l.T("welcome.address"))
	v.address.Hint("https://calls.example.org")
	v.address.Put(m.Service)
	setVisible(v.addressF.box, !m.Automatic && !m.Where.Fixed)
	v.problem.Set(m.Error)
	setVisible(v.problem, m.Error != "")
	v.save.Set(l.T("account.save"))
	if m.Busy {
		v.save.Set(l.T("welcome.busy"))
	}
	v.save.SetDisabled(!m.Changed)
	v.signOut.render(m.SignOut, l)
	v.leave.render(m.Leave, l)
}

func (v *Settings) renderShortcuts(keys []present.ShortcutModel) {
	if len(v.keys.Objects) != len(keys) {
		v.keys.Objects = nil
		for range keys {
			v.keys.Objects = append(v.keys.Objects, w.NewKeyRow())
		}
	}
	for i, k := range keys {
		v.keys.Objects[i].(*w.KeyRow).Set(k.Keys, k.Does)
	}
	v.keys.Refresh()
}
