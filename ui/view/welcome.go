package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/assets"
	"parley/signaling/wire"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// Welcome asks for a name and where to sign in.
type Welcome struct {
	p        *present.Welcome
	root     *fyne.Container
	scroll   *fyne.Container
	icon     *fyne.Container
	title    *w.Paragraph
	words    *w.Paragraph
	name     *w.Entry
	nameF    *field
	service  *picker
	rules    *w.Paragraph
	address  *w.Entry
	addressF *field
	invite   *w.Entry
	inviteF  *field
	problem  *w.Paragraph
	key      *w.Paragraph
	start    *w.Button
	existing *w.Button // an account that is there already
	back     *w.Button
	how      *w.Picker
	code     *w.Entry
	codeF    *field
	device   *w.Entry
	deviceF  *field
	phrase   *w.Entry
	phraseF  *field
	here     bool // an existing account is shown
	login    *login
}

// NewWelcome returns the screen.
func NewWelcome(p *present.Welcome) *Welcome {
	v := &Welcome{p: p,
		title: w.NewParagraph(midTi, ""), words: w.NewParagraph(mid, ""),
		problem: w.NewParagraph(wrong, ""), key: w.NewParagraph(w.Style{Color: look.Dim, Size: look.SizeSmall, Align: w.Middle}, ""),
	}
	v.name = w.NewEntry(wire.MaxName, p.SetName, func(string) { p.Go() })
	v.name.SetID("welcome.name")
	v.nameF = newField(v.name)
	v.service = newPicker("welcome.service", func(s string) { p.SetAutomatic(s == "") })
	v.rules = w.NewParagraph(wrong, "")
	v.rules.SetID("welcome.rules")
	v.address = w.NewEntry(256, p.SetService, func(string) { v.enter() })
	v.address.SetID("welcome.address")
	v.addressF = newField(v.address)
	v.invite = w.NewEntry(wire.MaxID, p.SetInvite, func(string) { p.Go() })
	v.invite.SetID("welcome.invite")
	v.inviteF = newField(v.invite)
	v.words.SetID("welcome.words")
	v.problem.SetID("welcome.problem")
	v.start = w.NewButton(w.Primary, "", "", func() { v.enter() })
	v.start.SetID("welcome.start")
	v.newExisting()
	icon := &canvas.Image{Resource: fyne.NewStaticResource("parley.png", assets.AppIcon()), FillMode: canvas.ImageFillContain}
	v.icon = w.Place(w.Middle, w.Start, 0, w.Fixed(64, 64, icon))
	form := w.Column(look.S16,
		v.icon,
		w.Column(look.S8, v.title, v.words),
		v.rules, v.nameF.box, v.service.box, v.addressF.box, v.inviteF.box, v.how, v.codeF.box, v.deviceF.box, v.phraseF.box,
		v.problem, v.start, v.existing, v.back, v.key)
	v.scroll, _ = w.Scroll(120, w.Place(w.Middle, w.Middle, w.Scaled(400), w.Pad(0, look.S16, 0, look.S16, form)))
	v.login = newLogin(p)
	v.root = w.Free(fyne.NewSize(320, 240), func(s fyne.Size) {
		setVisible(v.icon, s.Height >= 480) // what has to be filled in comes first
		setVisible(v.login.icon, s.Height >= 560)
		for _, o := range []fyne.CanvasObject{v.scroll, v.login.scroll} {
			o.Move(fyne.NewPos(look.S24, 0))
			o.Resize(fyne.NewSize(s.Width-2*look.S24, s.Height))
		}
	}, v.scroll, v.login.scroll)
	return v
}

func (v *Welcome) newExisting() {
	v.existing = w.NewButton(w.Link, "", "", v.p.UseExisting)
	v.existing.SetID("welcome.existing")
	v.back = w.NewButton(w.Link, "", "", v.p.Back)
	v.back.SetID("welcome.back")
	v.how = w.NewPicker(func(s string) { v.p.SetByPhrase(s == "phrase") })
	v.how.SetID("welcome.how")
	v.code = w.NewEntry(64, v.p.SetCode, func(string) { v.enter() })
	v.code.SetID("welcome.code")
	v.codeF = newField(v.code)
	v.device = w.NewEntry(wire.MaxName, v.p.SetDevice, func(string) { v.enter() })
	v.device.SetID("welcome.device")
	v.deviceF = newField(v.device)
	v.phrase = w.NewEntry(1024, v.p.SetPhrase, nil)
	v.phrase.SetID("welcome.phrase")
	v.phrase.MultiLine, v.phrase.Wrapping, v.phrase.Scroll = true, fyne.TextWrapWord, fyne.ScrollVerticalOnly
	v.phrase.SetMinRowsVisible(4)
	v.phraseF = newField(v.phrase)
}

// enter goes on with what is shown.
func (v *Welcome) enter() {
	if v.here {
		v.p.Continue()
		return
	}
	v.p.Go()
}

// Object returns what to put into the window.
func (v *Welcome) Object() fyne.CanvasObject { return v.root }

// First is what the keyboard starts at.
func (v *Welcome) First() fyne.Focusable { return v.name }

// Render shows m.
func (v *Welcome) Render(m *present.WelcomeModel, l *i18n.Lang) {
	setVisible(v.scroll, m.Login == nil)
	setVisible(v.login.scroll, m.Login != nil)
	if m.Login != nil {
		v.login.render(m.Login, l)
		w.Relayout(v.root)
		return
	}
	v.title.Set(l.T("welcome.title"))
	v.words.Set(l.T("welcome.words"))
	if m.Done != "" {
		v.words.Set(m.Done)
	}
	v.key.Set(l.T("welcome.key"))
	v.nameF.label.Set(l.T("welcome.name"))
	v.name.Hint(l.T("welcome.name_hint"))
	v.name.Put(m.Name)
	v.rules.Set(m.Rules)
	setVisible(v.rules, m.Rules != "")
	v.service.show(m.Where)
	v.addressF.label.Set(l.T("welcome.address"))
	v.address.Hint("https://calls.example.org")
	v.address.Put(m.Service)
	setVisible(v.addressF.box, !m.Automatic && !m.Where.Fixed)
	v.inviteF.label.Set(l.T("welcome.invite"))
	v.invite.Hint(l.T("welcome.invite_hint"))
	v.invite.Put(m.Invite)
	setVisible(v.inviteF.box, m.Invited)
	v.problem.Set(m.Error)
	setVisible(v.problem, m.Error != "")
	if m.Busy {
		v.start.Set(l.T("welcome.busy"))
	} else {
		v.start.Set(l.T("welcome.start"))
	}
	v.start.SetDisabled(!m.CanGo)
	v.renderExisting(m, l)
	w.Relayout(v.root)
}

func (v *Welcome) renderExisting(m *present.WelcomeModel, l *i18n.Lang) {
	x := m.Existing
	v.here = x != nil
	setVisible(v.nameF.box, !v.here)
	setVisible(v.key, !v.here)
	setVisible(v.existing, !v.here && !m.Busy)
	setVisible(v.back, v.here)
	setVisible(v.how, v.here)
	setVisible(v.codeF.box, v.here && !x.ByPhrase)
	setVisible(v.deviceF.box, v.here && !x.ByPhrase)
	setVisible(v.phraseF.box, v.here && x.ByPhrase)
	v.existing.Set(l.T("own.existing"))
	if !v.here {
		return
	}
	v.back.Set(l.T("button.back"))
	v.title.Set(l.T("own.existing_title"))
	v.words.Set(l.T("own.existing_words"))
	value := "code"
	if x.ByPhrase {
		value = "phrase"
	}
	v.how.Set(l.T("own.how"), []w.Option{{Value: "code", Text: l.T("own.by_code")}, {Value: "phrase", Text: l.T("own.by_phrase")}}, value, "")
	v.codeF.label.Set(l.T("own.code"))
	v.code.Hint(l.T("own.code_hint"))
	v.code.Put(x.Code)
	v.deviceF.label.Set(l.T("own.device_name"))
	v.device.Put(x.Device)
	v.phraseF.label.Set(l.T("own.phrase"))
	v.phrase.Hint(l.T("own.phrase_hint"))
	v.phrase.Put(x.Text)
	switch {
	case x.Waiting:
		v.start.Set(l.T("own.waiting"))
	case !m.Busy:
		v.start.Set(l.T("own.go"))
	}
}
