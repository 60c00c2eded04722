package view

import (
	"fyne.io/fyne/v2"

	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// privacy is the page about who may reach this person.
type privacy struct {
	p    *present.SettingsScreen
	box  *fyne.Container
	why  *w.Paragraph
	rule *picker
	note *w.Paragraph
	who  *w.Paragraph
	hide *w.Toggle

	choice  *fyne.Container
	list    *fyne.Container
	title   *w.Line
	nobody  *w.Paragraph
	rows    *fyne.Container
	problem *w.Paragraph
	names   []string
	buttons []*w.Button
}

func newPrivacy(p *present.SettingsScreen) *privacy {
	v := &privacy{p: p, why: w.NewParagraph(dim, ""), note: w.NewParagraph(w.Style{}, ""), who: w.NewParagraph(dim, ""),
		title: w.NewLine(w.Style{Bold: true}, ""), nobody: w.NewParagraph(dim, ""), problem: w.NewParagraph(wrong, "")}
	v.why.SetID("settings.privacy.why")
	v.rule = newPicker("settings.strangers.choice", p.SetStrangers)
	v.rule.SetID("settings.strangers")
	v.note.SetID("settings.strangers.note")
	v.problem.SetID("settings.privacy.problem")
	v.hide = w.NewToggle(p.SetHideFromStrangers)
	v.hide.SetID("settings.hide_from_strangers")
	v.choice = w.Column(look.S8, v.rule.box, v.note, v.who)
	v.rows = w.Column(look.S8)
	v.list = w.Column(look.S8, v.title, v.nobody, v.rows)
	v.box = w.Column(look.S24, v.why, v.problem, v.choice, w.Card(look.S16, v.hide), v.list)
	return v
}

func (v *privacy) render(m present.PrivacyModel, l *i18n.Lang) {
	v.why.Set(m.Why)
	setVisible(v.why, m.Why != "")
	v.problem.Set(m.Problem)
	setVisible(v.problem, m.Problem != "")
	setVisible(v.choice, m.Ready)
	setVisible(v.list, m.Ready)
	v.rule.show(m.Strangers)
	v.note.Set(m.Rule)
	v.who.Set(l.T("privacy.who"))
	v.hide.Set(m.Hide, l.T("privacy.hide"), l.T("privacy.hide_note"))
	v.title.Set(l.T("privacy.blocked"))
	v.nobody.Set(l.T("privacy.nobody"))
	setVisible(v.nobody, len(m.Blocked) == 0)
	v.renderBlocked(m.Blocked, l)
}

// renderBlocked keeps the rows while the names are the same, so that the focus
// stays where it is.
func (v *privacy) renderBlocked(names []string, l *i18n.Lang) {
	same := len(names) == len(v.names)
	for i := 0; same && i < len(names); i++ {
		same = names[i] == v.names[i]
	}
	if !same {
		v.names, v.rows.Objects, v.buttons = names, nil, nil
		for _, name := range names {
			line := w.NewName(w.Style{}, "")
			line.Set(name)
			b := w.NewButton(w.Plain, "", "", func() { v.p.Unblock(name) })
			b.SetID("settings.unblock." + name)
			v.buttons = append(v.buttons, b)
			avatar := w.NewAvatar("", look.S32)
			avatar.Set(name, w.NoDot, look.Background)
			v.rows.Add(w.Row(look.S12, avatar, w.Grow(line), b))
		}
		v.rows.Refresh()
	}
	for _, b := range v.buttons {
		b.Set(l.T("person.unblock"))
	}
}
