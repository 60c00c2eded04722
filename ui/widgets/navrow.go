package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"parley/assets"
	"parley/ui/look"
)

// NavRow is one page in a list of pages.
type NavRow struct {
	control
	icon     assets.IconName
	text     string
	selected bool
}

// NewNavRow returns a row.
func NewNavRow(icon assets.IconName, tap func()) *NavRow {
	r := &NavRow{icon: icon}
	r.extend(r, tap)
	return r
}

// Set changes the words and whether it is the open page.
func (r *NavRow) Set(text string, selected bool) {
	if r.text != text || r.selected != selected {
		r.text, r.selected = text, selected
		r.Refresh()
	}
}

// Words implements Worded.
func (r *NavRow) Words() string { return r.text }

// Condition implements Conditioned.
func (r *NavRow) Condition() string {
	if r.selected {
		return "selected"
	}
	return ""
}

// TypedKey adds the arrow keys, which walk along the list.
func (r *NavRow) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyUp:
		r.moveFocus(true)
	case fyne.KeyDown:
		r.moveFocus(false)
	default:
		r.control.TypedKey(e)
	}
}

// CreateRenderer implements fyne.Widget.
func (r *NavRow) CreateRenderer() fyne.WidgetRenderer {
	back, ring, icon, text := box(look.Radius), box(look.Radius), newGlyph(), canvas.NewText("", nil)
	ring.StrokeWidth = look.FocusWidth
	style := func() Style { return Style{Bold: r.selected} }
	d := &drawing{owner: r, objects: []fyne.CanvasObject{back, icon.Image, text, ring}}
	d.min = func() fyne.Size {
		m := Style{Bold: true}.measure(r.text)
		return fyne.NewSize(m.Width+scaled(look.IconSize)+3*look.S12, max(look.ControlHigh, m.Height+look.S16))
	}
	d.layout = func(s fyne.Size) {
		back.Resize(s)
		ring.Resize(s)
		side := scaled(look.IconSize)
		icon.place(look.S12, 0, side, s.Height, side)
		m := style().measure(r.text)
		text.Resize(m)
		text.Move(fyne.NewPos(2*look.S12+side, (s.Height-m.Height)/2))
	}
	d.paint = func() {
		fill := look.Clear
		switch {
		case r.selected:
			fill = look.AccentSoft
		case r.hovered:
			fill = look.Hover
		}
		back.FillColor = shade(fill)
		ring.FillColor, ring.StrokeColor = shade(look.Clear), shade(look.Accent)
		showIf(ring, r.focused)
		applyText(text, style())
		text.Text = r.text
		icon.set(r.icon, shade(look.Text))
	}
	return draw(d)
}

// KeyRow is a line of the list of shortcuts: what it does, and the keys in a
// box.
type KeyRow struct {
	widget.BaseWidget
	keys, does string
}

// NewKeyRow returns an empty line.
func NewKeyRow() *KeyRow {
	r := &KeyRow{}
	r.ExtendBaseWidget(r)
	return r
}

// Set changes the line.
func (r *KeyRow) Set(keys, does string) {
	if r.keys != keys || r.does != does {
		r.keys, r.does = keys, does
		r.Refresh()
	}
}

func keyStyle() Style { return Style{Size: look.SizeSmall, Bold: true} }

func (r *KeyRow) room(width float32) float32 {
	return width - keyStyle().measure(r.keys).Width - 2*look.S8 - look.S16
}

// HeightFor implements flow.
func (r *KeyRow) HeightFor(width float32) float32 {
	lines := wrapText(r.does, Style{}, r.room(width))
	return max(keyStyle().measure("M").Height+look.S8, float32(len(lines))*Style{}.measure("M").Height)
}

// CreateRenderer implements fyne.Widget.
func (r *KeyRow) CreateRenderer() fyne.WidgetRenderer {
	cap, keys, does := box(6), canvas.NewText("", nil), NewParagraph(Style{}, "")
	d := &drawing{owner: r, objects: []fyne.CanvasObject{does, cap, keys}}
	d.min = func() fyne.Size {
		w := scaled(200)
		return fyne.NewSize(w, r.HeightFor(max(w, r.Size().Width)))
	}
	d.layout = func(s fyne.Size) {
		m := keyStyle().measure(r.keys)
		h := m.Height + look.S8
		cap.Resize(fyne.NewSize(m.Width+2*look.S8, h))
		cap.Move(fyne.NewPos(s.Width-m.Width-2*look.S8, (s.Height-h)/2))
		keys.Resize(m)
		keys.Move(cap.Position().AddXY(look.S8, look.S4))
		room := r.room(s.Width)
		dh := does.HeightFor(room)
		does.Resize(fyne.NewSize(room, dh))
		does.Move(fyne.NewPos(0, (s.Height-dh)/2))
	}
	d.paint = func() {
		cap.FillColor, cap.StrokeColor, cap.StrokeWidth = shade(look.Background), shade(look.Line), 1
		applyText(keys, keyStyle())
		keys.Text = r.keys
		does.Set(r.does)
	}
	return draw(d)
}
