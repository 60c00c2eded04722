package view

import (
	"strings"

	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// connectionPanel says how the connection is, in words and in numbers.
type connectionPanel struct {
	root    *fyne.Container
	words   *w.Paragraph
	help    *w.Paragraph
	safe    *w.Line
	emoji   *w.Line
	digits  []*w.Line
	numbers *fyne.Container // with digits
	note    *w.Paragraph
	sure    *w.Toggle
	lowData *w.Toggle
	head    *w.Line
	copy    *w.IconButton
	none    *w.Paragraph
	list    *fyne.Container
	rows    []numberRow
}

type numberRow struct {
	box         *fyne.Container
	name, value *w.Line
}

func newConnectionPanel(p *present.Call) *connectionPanel {
	c := &connectionPanel{
		words: w.NewParagraph(w.Style{Bold: true}, ""), help: w.NewParagraph(dim, ""), head: w.NewLine(w.Style{Bold: true}, ""),
		none: w.NewParagraph(small, ""), list: w.Column(look.S4),
	}
	c.words.SetID("connection.words")
	c.help.SetID("connection.help")
	c.lowData = w.NewToggle(p.SetLowData)
	c.lowData.SetID("connection.low_data")
	c.safe, c.emoji, c.note = w.NewLine(w.Style{Bold: true}, ""), w.NewLine(w.Style{Size: look.SizeTitle}, ""), w.NewParagraph(small, "")
	c.emoji.SetID("connection.emoji")
	c.numbers = w.Column(look.S4)
	for range 3 {
		d := w.NewLine(w.Style{}, "")
		c.digits = append(c.digits, d)
		c.numbers.Add(d)
	}
	c.sure = w.NewToggle(p.SetVerified)
	c.sure.SetID("connection.verified")
	c.copy = w.NewIconButton(assets.IconCopy, p.CopyNumbers)
	c.copy.SetID("connection.copy")
	c.root, _ = w.Scroll(80, w.Inset(look.S16, w.Column(look.S12, w.Column(look.S4, c.words, c.help), w.Rule(),
		c.safe, c.emoji, c.numbers, c.note, c.sure, w.Rule(), c.lowData, w.Rule(),
		w.Row(look.S8, w.Grow(c.head), c.copy), c.none, c.list)))
	return c
}

func (c *connectionPanel) render(m present.ConnectionModel, l *i18n.Lang, tips *w.Tips) {
	c.words.Set(m.Words)
	c.help.Set(m.Help)
	setVisible(c.help, m.Help != "")
	c.safe.Set(l.T("safety.title"))
	c.emoji.Set(m.Safety.Emoji)
	setVisible(c.emoji, m.Safety.Emoji != "")
	lines := strings.Split(m.Safety.Number, "\n")
	for i, d := range c.digits {
		if i < len(lines) {
			d.Set(lines[i])
		}
		setVisible(d, i < len(lines) && lines[i] != "")
	}
	setVisible(c.numbers, m.Safety.Number != "")
	c.note.Set(m.Safety.Note)
	c.sure.Set(m.Safety.Verified, l.T("safety.compared"), l.T("safety.compared_note"))
	setVisible(c.sure, m.Safety.Number != "")
	c.lowData.Set(m.LowData, l.T("settings.low_data"), l.T("settings.low_data_note"))
	c.head.Set(l.T("connection.numbers"))
	c.none.Set(l.T("connection.none"))
	setVisible(c.none, len(m.Numbers) == 0)
	c.copy.SetTip(tips, l.T("button.copy"))
	if m.Copied {
		c.copy.SetTip(tips, l.T("about.copied"))
	}
	c.copy.SetDisabled(len(m.Numbers) == 0)
	for len(c.rows) < len(m.Numbers) {
		r := numberRow{name: w.NewName(small, ""), value: w.NewLine(w.Style{Size: look.SizeSmall}, "")}
		r.box = w.Row(look.S8, w.Grow(r.name), r.value)
		c.rows = append(c.rows, r)
		c.list.Add(r.box)
	}
	for i, r := range c.rows {
		if !setVisible(r.box, i < len(m.Numbers)) && i >= len(m.Numbers) {
			continue
		}
		if i >= len(m.Numbers) {
			continue
		}
		n := m.Numbers[i]
		style := small
		if n.Value == "" {
			style = w.Style{Size: look.SizeSmall, Bold: true}
		}
		r.name.SetStyle(style)
		r.name.Set(n.Name)
		r.value.Set(n.Value)
	}
	w.Relayout(c.root)
}
