package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"parley/assets"
	"parley/ui/look"
)

// BannerKind is how serious a banner is.
type BannerKind uint8

// The kinds.
const (
	BannerInfo BannerKind = iota
	BannerWarning
	BannerBad
)

// Banner says what is wrong and what to do, with up to two buttons.
type Banner struct {
	root    *fyne.Container
	ground  *Ground
	icon    *Symbol
	text    *Paragraph
	buttons [2]*Button
	actions [2]func()
	row     *fyne.Container
	dismiss *IconButton
	onClose func()
}

// BannerAction is a button of a banner.
type BannerAction struct {
	ID, Text string
	Do       func()
}

// everything is a width that no window has: all there is.
const everything = 1 << 20

// NewBanner returns a hidden banner whose parts are named after id.
func NewBanner(id string) *Banner {
	b := &Banner{
		ground: NewGround(look.AccentSoft, "", look.Radius),
		icon:   NewSymbol(look.IconSize),
		text:   NewParagraph(Style{}, ""),
	}
	b.text.SetID(id)
	for i := range b.buttons {
		b.buttons[i] = NewButton(Plain, "", "", func() {
			if f := b.actions[i]; f != nil {
				f()
			}
		})
	}
	b.dismiss = NewIconButton(assets.IconClose, func() {
		if b.onClose != nil {
			b.onClose()
		}
	})
	b.dismiss.SetID(id + ".close")
	b.row = Wrap(look.S8, Start, b.buttons[0], b.buttons[1])
	b.root = Stack(b.ground, Pad(look.S12, look.S12, look.S12, look.S12,
		Row(look.S12, b.icon, Grow(Place(Start, Middle, everything, Column(look.S8, b.text, b.row))), b.dismiss)))
	b.root.Hide()
	return b
}

// Object returns what to put into the window.
func (b *Banner) Object() fyne.CanvasObject { return b.root }

// Set shows a sentence, or hides the banner if it is "". closed, if not nil,
// adds a button that puts it away, with words as its tip.
func (b *Banner) Set(kind BannerKind, text string, tips *Tips, closeWords string, closed func(), actions ...BannerAction) {
	if text == "" {
		if b.root.Visible() {
			b.root.Hide()
		}
		return
	}
	fill, ink, icon := look.AccentSoft, look.Text, assets.IconInfo
	switch kind {
	case BannerWarning:
		fill, ink, icon = look.WarnSoft, look.Warning, assets.IconWarning
	case BannerBad:
		fill, ink, icon = look.BadSoft, look.Bad, assets.IconWarning
	case BannerInfo:
	}
	b.ground.SetColors(fill, "", 0)
	b.icon.Set(icon, ink)
	b.text.Set(text)
	for i, button := range b.buttons {
		if i >= len(actions) {
			showIf(button, false)
			b.actions[i] = nil
			continue
		}
		button.SetID(actions[i].ID)
		button.Set(actions[i].Text)
		b.actions[i] = actions[i].Do
		showIf(button, true)
	}
	showIf(b.row, len(actions) > 0)
	b.onClose = closed
	b.dismiss.SetTip(tips, closeWords)
	showIf(b.dismiss, closed != nil)
	b.root.Show()
}

// Symbol is an icon on its own.
type Symbol struct {
	widget.BaseWidget
	side  float32
	name  assets.IconName
	color fyne.ThemeColorName
}

// NewSymbol returns an empty icon of the given side at normal text size.
func NewSymbol(side float32) *Symbol {
	s := &Symbol{side: side, color: look.Text}
	s.ExtendBaseWidget(s)
	return s
}

// Set changes icon and colour.
func (s *Symbol) Set(name assets.IconName, c fyne.ThemeColorName) *Symbol {
	if s.name != name || s.color != c {
		s.name, s.color = name, c
		s.Refresh()
	}
	return s
}

// CreateRenderer implements fyne.Widget.
func (s *Symbol) CreateRenderer() fyne.WidgetRenderer {
	g := newGlyph()
	return draw(&drawing{
		owner: s, objects: []fyne.CanvasObject{g.Image},
		min:    func() fyne.Size { return fyne.NewSquareSize(scaled(s.side)) },
		layout: func(z fyne.Size) { g.place(0, 0, z.Width, z.Height, min(z.Width, z.Height)) },
		paint:  func() { g.set(s.name, shade(s.color)) },
	})
}
