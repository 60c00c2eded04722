package view

import (
	"fyne.io/fyne/v2"

	"parley/signaling/wire"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// leave is where a person deletes the account.
type leave struct {
	box     *fyne.Container
	head    *w.Line
	words   *w.Paragraph
	begin   *w.Button
	ask     *fyne.Container
	name    *w.Entry
	nameF   *field
	problem *w.Paragraph
	do      *w.Button
	stay    *w.Button
}

func newLeave(p *present.SettingsScreen) *leave {
	v := &leave{head: w.NewLine(w.Style{Bold: true}, ""), words: w.NewParagraph(dim, ""), problem: w.NewParagraph(wrong, "")}
	v.problem.SetID("leave.problem")
	v.begin = w.NewButton(w.Plain, "", "", p.AskToLeave)
	v.begin.SetID("leave.begin")
	v.name = w.NewEntry(wire.MaxName, p.SetLeaveName, nil)
	v.name.SetID("leave.name")
	v.nameF = newField(v.name)
	v.do = w.NewButton(w.Danger, "", "", p.Leave)
	v.do.SetID("leave.do")
	v.stay = w.NewButton(w.Plain, "", "", p.StayHere)
	v.stay.SetID("leave.stay")
	v.ask = w.Column(look.S12, v.nameF.box, v.problem, w.Wrap(look.S8, w.Start, v.do, v.stay))
	v.box = w.Card(look.S16, w.Column(look.S12, v.head, v.words, w.Place(w.Start, w.Start, 0, v.begin), v.ask))
	return v
}

func (v *leave) render(m present.LeaveModel, l *i18n.Lang) {
	v.head.Set(l.T("leave.title"))
	v.words.Set(m.Words)
	v.begin.Set(l.T("leave.begin"))
	v.begin.SetDisabled(!m.Can)
	setVisible(v.begin, !m.Open)
	setVisible(v.ask, m.Open)
	v.nameF.label.Set(m.Ask)
	v.name.Put(m.Typed)
	v.problem.Set(m.Error)
	setVisible(v.problem, m.Error != "")
	v.do.Set(l.T("leave.do"))
	if m.Busy {
		v.do.Set(l.T("leave.busy"))
	}
	v.do.SetDisabled(!m.CanGo)
	v.stay.Set(l.T("button.cancel"))
	v.stay.SetDisabled(m.Busy)
}
