package view

import (
	"fyne.io/fyne/v2"

	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// signOut is where a person ends the use of the account on this computer.
type signOut struct {
	box     *fyne.Container
	head    *w.Line
	words   *w.Paragraph
	problem *w.Paragraph
	begin   *w.Button
	sure    *fyne.Container
	do      *w.Button
	phrase  *w.Button
	stay    *w.Button
}

func newSignOut(p *present.SettingsScreen) *signOut {
	v := &signOut{head: w.NewLine(w.Style{Bold: true}, ""), words: w.NewParagraph(dim, ""), problem: w.NewParagraph(wrong, "")}
	v.problem.SetID("signout.problem")
	v.begin = w.NewButton(w.Plain, "", "", p.AskToSignOut)
	v.begin.SetID("signout.begin")
	v.do = w.NewButton(w.Danger, "", "", p.SignOut)
	v.do.SetID("signout.do")
	v.phrase = w.NewButton(w.Plain, "", "", func() { p.Show(present.PageOwn) })
	v.phrase.SetID("signout.phrase")
	v.stay = w.NewButton(w.Plain, "", "", p.StaySignedIn)
	v.stay.SetID("signout.stay")
	v.sure = w.Wrap(look.S8, w.Start, v.do, v.phrase, v.stay)
	v.box = w.Card(look.S16, w.Column(look.S12, v.head, v.words, v.problem, w.Place(w.Start, w.Start, 0, v.begin), v.sure))
	return v
}

func (v *signOut) render(m present.SignOutModel, l *i18n.Lang) {
	setVisible(v.box, m.Can)
	v.head.Set(l.T("signout.title"))
	v.words.Set(m.Words)
	v.problem.Set(m.Error)
	setVisible(v.problem, m.Error != "")
	v.begin.Set(l.T("signout.begin"))
	setVisible(v.begin, !m.Open)
	setVisible(v.sure, m.Open)
	v.do.Set(l.T("signout.do"))
	v.do.SetDisabled(m.Busy)
	v.phrase.Set(l.T("signout.phrase"))
	setVisible(v.phrase, m.HasPhrase)
	v.stay.Set(l.T("button.cancel"))
	v.stay.SetDisabled(m.Busy)
}
