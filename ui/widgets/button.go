package widgets

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/look"
)

// ButtonKind says how much a button matters.
type ButtonKind uint8

// The kinds.
const (
	Plain ButtonKind = iota
	Primary
	Danger
	Link  // words in the accent colour, no box
	Quiet // the same in a dim colour
)

// Button has words and may have an icon.
type Button struct {
	control
	kind ButtonKind
	text string
	icon assets.IconName
}

// NewButton returns a button.
func NewButton(kind ButtonKind, icon assets.IconName, text string, tap func()) *Button {
	b := &Button{kind: kind, icon: icon, text: text}
	b.extend(b, tap)
	return b
}

// Set changes the words.
func (b *Button) Set(text string) {
	if b.text == text {
		return
	}
	b.text = text
	b.Refresh()
}

// SetIcon changes the icon.
func (b *Button) SetIcon(icon assets.IconName) {
	if b.icon == icon {
		return
	}
	b.icon = icon
	b.Refresh()
}

// SetKind changes how much it matters.
func (b *Button) SetKind(k ButtonKind) {
	if b.kind == k {
		return
	}
	b.kind = k
	b.Refresh()
}

func (b *Button) wordsOnly() bool { return b.kind == Link || b.kind == Quiet }

// Words implements Worded.
func (b *Button) Words() string { return b.text }

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	back, ring, icon, text := box(look.Radius), newRing(look.Radius), newGlyph(), newText(Style{Bold: true})
	pad := func() float32 {
		if b.wordsOnly() {
			return 0
		}
		return look.S16
	}
	content := func() (w, side float32, words fyne.Size) {
		words = Style{Bold: true}.measure(b.text)
		w = words.Width
		if b.icon != "" {
			side = scaled(look.IconSize)
			w += side + look.S8
		}
		return w, side, words
	}
	d := &drawing{owner: b, objects: []fyne.CanvasObject{back, icon.Image, text, ring}}
	d.min = func() fyne.Size {
		w, _, words := content()
		h := max(look.ControlHigh, words.Height+look.S16)
		if b.wordsOnly() {
			h = max(look.S24+look.S4, words.Height+look.S8)
		}
		return fyne.NewSize(w+2*pad(), h)
	}
	d.layout = func(s fyne.Size) {
		back.Resize(s)
		placeRing(ring, fyne.Position{}, s)
		w, side, words := content()
		x := (s.Width - w) / 2
		if b.wordsOnly() {
			x = 0
		}
		if side > 0 {
			icon.place(x, 0, side, s.Height, side)
			x += side + look.S8
		}
		text.Resize(words)
		text.Move(fyne.NewPos(x, (s.Height-words.Height)/2))
	}
	d.paint = func() {
		fill, line, ink := look.Panel, look.Line, look.Text
		switch b.kind {
		case Primary:
			fill, ink = look.Accent, look.OnAccent
			if b.hovered {
				fill = look.AccentOver
			}
			line = fill
		case Danger:
			fill, ink = look.Bad, look.OnBad
			if b.hovered {
				fill = look.BadOver
			}
			line = fill
		case Link:
			fill, line, ink = look.Clear, look.Clear, look.Accent
		case Quiet:
			fill, line, ink = look.Clear, look.Clear, look.Dim
			if b.hovered {
				ink = look.Text
			}
		case Plain:
			if b.hovered {
				fill = look.Hover
			}
		}
		if b.disabled {
			fill, line, ink = look.Background, look.Line, look.Dim
			if b.wordsOnly() {
				fill, line = look.Clear, look.Clear
			}
		}
		back.FillColor, back.StrokeColor, back.StrokeWidth = shade(fill), shade(line), 1
		ring.StrokeColor = shade(look.Accent)
		showIf(ring, b.focused)
		applyText(text, Style{Color: ink, Bold: true})
		text.Text = b.text
		icon.set(b.icon, shade(ink))
	}
	return draw(d)
}

// IconButton is a small button that is only an icon; it always has a tip.
type IconButton struct {
	control
	icon assets.IconName
	ink  fyne.ThemeColorName
	// quiet: nothing shows unless the mouse or the focus is on it. It stays
	// where it is, so that Tab finds it.
	quiet bool
}

// NewIconButton returns a button that is only an icon.
func NewIconButton(icon assets.IconName, tap func()) *IconButton {
	b := &IconButton{icon: icon, ink: look.Dim}
	b.extend(b, tap)
	return b
}

// SetIcon changes the icon.
func (b *IconButton) SetIcon(icon assets.IconName) {
	if b.icon != icon {
		b.icon = icon
		b.Refresh()
	}
}

// SetQuiet lets it show only under the mouse and with the focus.
func (b *IconButton) SetQuiet(v bool) {
	if b.quiet != v {
		b.quiet = v
		b.Refresh()
	}
}

// SetInk changes the colour of the icon.
func (b *IconButton) SetInk(c fyne.ThemeColorName) {
	if b.ink != c {
		b.ink = c
		b.Refresh()
	}
}

// Words implements Worded.
func (b *IconButton) Words() string { return b.tip }

// CreateRenderer implements fyne.Widget.
func (b *IconButton) CreateRenderer() fyne.WidgetRenderer {
	back, ring, icon := box(look.Radius), newRing(look.Radius), newGlyph()
	d := &drawing{owner: b, objects: []fyne.CanvasObject{back, icon.Image, ring}}
	d.min = func() fyne.Size { return fyne.NewSquareSize(max(look.S32, scaled(look.S32))) }
	d.layout = func(s fyne.Size) {
		back.Resize(s)
		placeRing(ring, fyne.Position{}, s)
		icon.place(0, 0, s.Width, s.Height, scaled(look.IconSize))
	}
	d.paint = func() {
		back.FillColor = shade(look.Clear)
		ink := b.ink
		if b.hovered && !b.disabled {
			back.FillColor, ink = shade(look.Hover), look.Text
		}
		ring.StrokeColor = shade(look.Accent)
		showIf(ring, b.focused)
		icon.set(b.icon, shade(ink))
		showIf(icon.Image, !b.quiet || b.hovered || b.focused)
	}
	return draw(d)
}
