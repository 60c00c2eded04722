package view

import (
	"strconv"

	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// ownPage shows this person's devices.
type ownPage struct {
	p       *present.OwnScreen
	box     *fyne.Container
	words   *w.Paragraph
	empty   *w.Paragraph
	list    *fyne.Container
	card    *fyne.Container
	rows    []*ownRow
	problem *w.Paragraph
	link    *w.Button

	codeBox *fyne.Container
	code    *w.Line
	steps   *w.Paragraph
	copy    *w.Button
	cancel  *w.Button
	askBox  *fyne.Container
	asker   *w.Paragraph
	admit   *w.Button
	refuse  *w.Button

	safe    *fyne.Container
	head    *w.Line
	note    *w.Paragraph
	show    *w.Button
	copyAll *w.Button
	grid    *fyne.Container
	each    []*w.Line
}

type ownRow struct {
	key    string
	box    *fyne.Container
	name   *w.Paragraph
	note   *w.Paragraph
	remove *w.Button
	rule   *fyne.Container
}

func newOwnPage(p *present.OwnScreen) *ownPage {
	v := &ownPage{p: p,
		words: w.NewParagraph(dim, ""), empty: w.NewParagraph(dim, ""), problem: w.NewParagraph(wrong, ""),
		code:  w.NewLine(w.Style{Size: look.SizeTitle, Bold: true}, ""),
		steps: w.NewParagraph(dim, ""), asker: w.NewParagraph(w.Style{Bold: true}, ""),
		head: w.NewLine(w.Style{Bold: true}, ""), note: w.NewParagraph(dim, ""),
	}
	v.code.SetID("own.code")
	v.problem.SetID("own.problem")
	v.asker.SetID("own.asker")
	button := func(kind w.ButtonKind, icon assets.IconName, id string, tap func()) *w.Button {
		b := w.NewButton(kind, icon, "", tap)
		b.SetID(id)
		return b
	}
	v.link = button(w.Primary, assets.IconLink, "own.link", p.Link)
	v.copy = button(w.Plain, assets.IconCopy, "own.copy", p.CopyCode)
	v.cancel = button(w.Plain, "", "own.cancel", p.Refuse)
	v.admit = button(w.Primary, "", "own.admit", p.Admit)
	v.refuse = button(w.Plain, "", "own.refuse", p.Refuse)
	v.show = button(w.Plain, assets.IconLock, "own.show", p.TogglePhrase)
	v.copyAll = button(w.Plain, assets.IconCopy, "own.copy_phrase", p.CopyPhrase)
	v.list = w.Column(look.S12)
	v.card = w.Card(look.S16, v.list)
	v.codeBox = w.Card(look.S16, w.Column(look.S12, v.code, v.steps, w.Wrap(look.S8, w.Start, v.copy, v.cancel)))
	v.askBox = w.Card(look.S16, w.Column(look.S12, v.asker, w.Wrap(look.S8, w.Start, v.admit, v.refuse)))
	v.grid = w.Wrap(look.S8, w.Start)
	v.safe = w.Column(look.S12, w.Rule(), v.head, v.note, v.grid, w.Wrap(look.S8, w.Start, v.show, v.copyAll))
	v.box = w.Column(look.S16, v.words, v.empty, v.card, v.problem, w.Place(w.Start, w.Start, 0, v.link), v.codeBox, v.askBox, v.safe)
	return v
}

func (v *ownPage) newRow() *ownRow {
	r := &ownRow{name: w.NewParagraph(w.Style{}, ""), note: w.NewParagraph(small, ""), rule: w.Rule()}
	r.remove = w.NewButton(w.Plain, "", "", func() { v.p.Remove(r.key) })
	r.remove.SetID("own.remove." + strconv.Itoa(len(v.rows)))
	r.box = w.Column(look.S12, r.rule, w.Row(look.S12, w.Grow(w.Column(look.S4, r.name, r.note)), r.remove))
	return r
}

func (v *ownPage) render(m present.OwnModel, l *i18n.Lang) {
	v.words.Set(m.Words)
	v.empty.Set(m.Empty)
	setVisible(v.empty, m.Empty != "")
	for len(v.rows) < len(m.Rows) {
		r := v.newRow()
		v.rows = append(v.rows, r)
		v.list.Add(r.box)
	}
	for i, r := range v.rows {
		if setVisible(r.box, i < len(m.Rows)); i >= len(m.Rows) {
			continue
		}
		d := m.Rows[i]
		setVisible(r.rule, i > 0)
		r.key = d.Key
		r.name.Set(d.Name)
		r.note.Set(d.Note)
		r.remove.Set(d.Remove)
		setVisible(r.remove, d.CanRemove)
	}
	setVisible(v.card, len(m.Rows) > 0)
	v.problem.Set(m.Error)
	setVisible(v.problem, m.Error != "")
	v.link.Set(l.T("own.link"))
	setVisible(v.link, m.CanLink)
	v.code.Set(m.Code)
	v.steps.Set(m.Steps)
	v.copy.Set(l.T("button.copy"))
	v.cancel.Set(l.T("button.cancel"))
	setVisible(v.codeBox, m.Code != "" && m.Asker == "")
	v.asker.Set(m.Asker)
	v.admit.Set(l.T("own.admit"))
	v.admit.SetDisabled(m.Busy)
	v.refuse.Set(l.T("own.refuse"))
	setVisible(v.askBox, m.Asker != "")
	v.renderPhrase(m, l)
}

func (v *ownPage) renderPhrase(m present.OwnModel, l *i18n.Lang) {
	setVisible(v.safe, m.CanShow)
	v.head.Set(l.T("own.phrase"))
	v.note.Set(m.Note)
	for len(v.each) < len(m.Phrase) {
		line := w.NewLine(w.Style{}, "")
		v.each = append(v.each, line)
		v.grid.Add(w.Fixed(w.Scaled(124), w.Scaled(20), line))
	}
	for i, line := range v.each {
		if i < len(m.Phrase) {
			line.Set(strconv.Itoa(i+1) + "  " + m.Phrase[i])
		}
		setVisible(v.grid.Objects[i], i < len(m.Phrase))
	}
	setVisible(v.grid, len(m.Phrase) > 0)
	v.show.Set(l.T("own.show"))
	if len(m.Phrase) > 0 {
		v.show.Set(l.T("own.hide"))
	}
	v.copyAll.Set(l.T("button.copy"))
	if m.Copied {
		v.copyAll.Set(l.T("about.copied"))
	}
	setVisible(v.copyAll, len(m.Phrase) > 0)
}
