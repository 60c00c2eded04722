package widgets

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"parley/assets"
	"parley/ui/look"
)

// PillState is what a pill shows: a dot or an icon, strong words, words.
type PillState struct {
	Strong, Text string
	Icon         assets.IconName
	Dot          fyne.ThemeColorName // "": none
	Fill         fyne.ThemeColorName // "": dark
}

// Pill is a few words on a dark rounded ground over a picture.
type Pill struct {
	widget.BaseWidget
	ident
	s      PillState
	tap    func()
	strong Style
	plain  Style
}

// NewPill returns a pill.
func NewPill() *Pill {
	p := &Pill{
		strong: Style{Color: look.StageText, Bold: true, Size: look.SizeText},
		plain:  Style{Color: look.StageText, Size: look.SizeText},
	}
	p.ExtendBaseWidget(p)
	return p
}

// OnTap makes the pill something to click.
func (p *Pill) OnTap(f func()) { p.tap = f }

// Tapped implements fyne.Tappable.
func (p *Pill) Tapped(*fyne.PointEvent) {
	if p.tap != nil {
		p.tap()
	}
}

// Cursor implements desktop.Cursorable.
func (p *Pill) Cursor() desktop.Cursor {
	if p.tap != nil {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// Set changes what it shows.
func (p *Pill) Set(s PillState) {
	if p.s == s {
		return
	}
	p.s = s
	p.Refresh()
}

// Words implements Worded.
func (p *Pill) Words() string {
	if p.s.Strong != "" && p.s.Text != "" {
		return p.s.Strong + " " + p.s.Text
	}
	return p.s.Strong + p.s.Text
}

// CreateRenderer implements fyne.Widget.
func (p *Pill) CreateRenderer() fyne.WidgetRenderer {
	back, strong, text := box(0), canvas.NewText("", nil), canvas.NewText("", nil)
	dot, icon := canvas.NewCircle(nil), newGlyph()
	lead := func() float32 {
		switch {
		case p.s.Icon != "":
			return scaled(look.IconSmall) + look.S8
		case p.s.Dot != "":
			return look.S8 + look.S8
		}
		return 0
	}
	d := &drawing{owner: p, objects: []fyne.CanvasObject{back, dot, icon.Image, strong, text}}
	d.min = func() fyne.Size {
		w := lead() + 2*look.S12
		if p.s.Strong != "" {
			// A name may be cut short, the words beside it not.
			w += min(p.strong.measure(p.s.Strong).Width, scaled(200))
		}
		if p.s.Text != "" {
			w += p.plain.measure(p.s.Text).Width
		}
		if p.s.Strong != "" && p.s.Text != "" {
			w += look.S8
		}
		return fyne.NewSize(w, max(look.S32, p.plain.measure("M").Height+look.S12))
	}
	d.layout = func(s fyne.Size) {
		back.CornerRadius = s.Height / 2
		back.Resize(s)
		x := look.S12
		if p.s.Icon != "" {
			side := scaled(look.IconSmall)
			icon.place(x, 0, side, s.Height, side)
		}
		dot.Resize(fyne.NewSquareSize(look.S8))
		dot.Move(fyne.NewPos(x, (s.Height-look.S8)/2))
		x += lead()
		tm := p.plain.measure(p.s.Text)
		if p.s.Text == "" {
			tm.Width = 0
		}
		room := s.Width - x - look.S12
		if p.s.Strong != "" {
			if tm.Width > 0 {
				room -= tm.Width + look.S8
			}
			strong.Text = shorten(p.s.Strong, p.strong, room)
			m := p.strong.measure(strong.Text)
			strong.Resize(m)
			strong.Move(fyne.NewPos(x, (s.Height-m.Height)/2))
			x += m.Width + look.S8
			room = tm.Width
		}
		text.Text = shorten(p.s.Text, p.plain, room)
		text.Resize(tm)
		text.Move(fyne.NewPos(x, (s.Height-tm.Height)/2))
	}
	d.paint = func() {
		back.FillColor = shade(cmp.Or(p.s.Fill, look.PillFill))
		applyText(strong, p.strong)
		applyText(text, p.plain)
		strong.Text, text.Text = p.s.Strong, p.s.Text
		icon.set(p.s.Icon, shade(look.StageText))
		showIf(dot, p.s.Dot != "" && p.s.Icon == "")
		if p.s.Dot != "" {
			dot.FillColor = shade(p.s.Dot)
		}
	}
	return draw(d)
}
