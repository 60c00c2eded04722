package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// login is the first screen while a person signs in with the browser.
type login struct {
	icon   *fyne.Container
	scroll *fyne.Container
	title  *w.Paragraph
	words  *w.Paragraph
	card   *fyne.Container
	label  *w.Paragraph
	code   *w.Paragraph
	check  *w.Paragraph
	wait   *w.Paragraph
	wrong  *w.Paragraph
	open   *w.Button
	copy   *w.Button
	cancel *w.Button
}

func newLogin(p *present.Welcome) *login {
	v := &login{
		title: w.NewParagraph(midTi, ""), words: w.NewParagraph(mid, ""),
		label: w.NewParagraph(w.Style{Color: look.Dim, Size: look.SizeSmall, Align: w.Middle}, ""),
		code:  w.NewParagraph(w.Style{Size: look.SizeTitle, Bold: true, Align: w.Middle}, ""),
		check: w.NewParagraph(w.Style{Align: w.Middle}, ""),
		wait:  w.NewParagraph(w.Style{Color: look.Dim, Size: look.SizeSmall, Align: w.Middle}, ""),
		wrong: w.NewParagraph(w.Style{Color: look.Bad, Align: w.Middle}, ""),
	}
	v.code.SetID("login.code")
	v.wrong.SetID("login.problem")
	v.open = w.NewButton(w.Primary, "", "", p.OpenBrowser)
	v.open.SetID("login.open")
	v.copy = w.NewButton(w.Plain, assets.IconCopy, "", p.CopyLogin)
	v.copy.SetID("login.copy")
	v.cancel = w.NewButton(w.Link, "", "", p.CancelLogin)
	v.cancel.SetID("login.cancel")
	v.card = w.Card(look.S16, w.Column(look.S4, v.label, v.code, v.check))
	icon := &canvas.Image{Resource: fyne.NewStaticResource("parley.png", assets.AppIcon()), FillMode: canvas.ImageFillContain}
	v.icon = w.Place(w.Middle, w.Start, 0, w.Fixed(64, 64, icon))
	form := w.Column(look.S16, v.icon, w.Column(look.S8, v.title, v.words), v.card, v.wrong, v.open, v.copy, v.wait,
		w.Place(w.Middle, w.Start, 0, v.cancel))
	v.scroll, _ = w.Scroll(120, w.Place(w.Middle, w.Middle, w.Scaled(400), w.Pad(0, look.S16, 0, look.S16, form)))
	return v
}

func (v *login) render(m *present.LoginModel, l *i18n.Lang) {
	v.title.Set(l.T("login.title"))
	v.words.Set(m.Words)
	v.label.Set(l.T("login.code"))
	v.code.Set(m.Code)
	v.check.Set(l.T("login.check"))
	setVisible(v.card, m.Code != "")
	v.wrong.Set(m.Error)
	setVisible(v.wrong, m.Error != "")
	switch {
	case m.Code == "":
		v.open.Set(l.T("login.again"))
	case m.Opened:
		v.open.Set(l.T("login.open_again"))
	default:
		v.open.Set(l.T("login.open"))
	}
	if m.Opened {
		v.open.SetKind(w.Plain)
	} else {
		v.open.SetKind(w.Primary)
	}
	v.copy.Set(l.T("login.copy"))
	if m.Copied {
		v.copy.Set(l.T("login.copied"))
	}
	setVisible(v.copy, m.Code != "")
	v.wait.Set(l.T("login.waiting"))
	setVisible(v.wait, m.Code != "" && (m.Opened || m.Copied))
	v.cancel.Set(l.T("button.cancel"))
}
