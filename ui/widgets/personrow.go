package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/assets"
	"parley/ui/look"
)

// PersonRowState is what a row shows.
type PersonRowState struct {
	Name, Note string
	Dot        Dot
	Selected   bool
	Alarm      bool            // a missed call: the name in red
	Mark       assets.IconName // before the note: direction of a past call
	Symbol     assets.IconName // instead of the initials
}

// PersonRow is one person or past call in a list: a circle, a name, a line
// below, and on the right a button that calls at once.
type PersonRow struct {
	control
	s      PersonRowState
	action *IconButton
}

// NewPersonRow returns a row. action, which may be nil, is the button on its
// right; it shows under the mouse, with the focus and when selected.
func NewPersonRow(tap func(), action *IconButton) *PersonRow {
	r := &PersonRow{action: action}
	r.extend(r, tap)
	return r
}

// Set changes what the row shows.
func (r *PersonRow) Set(s PersonRowState) {
	if r.s == s {
		return
	}
	r.s = s
	r.Refresh()
}

// Words implements Worded.
func (r *PersonRow) Words() string { return r.s.Name + "\n" + r.s.Note }

// Condition implements Conditioned.
func (r *PersonRow) Condition() string {
	if r.s.Selected {
		return "selected"
	}
	return ""
}

// Parts implements Parted.
func (r *PersonRow) Parts() []fyne.CanvasObject {
	if r.action == nil {
		return nil
	}
	return []fyne.CanvasObject{r.action}
}

// TypedKey adds the arrow keys, which walk along the list.
func (r *PersonRow) TypedKey(e *fyne.KeyEvent) {
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
func (r *PersonRow) CreateRenderer() fyne.WidgetRenderer {
	back, ring := box(look.Radius), box(look.Radius)
	ring.StrokeWidth = look.FocusWidth
	avatar := NewAvatar("", look.RowAvatar)
	name, note := canvas.NewText("", nil), canvas.NewText("", nil)
	mark, symbol, plate := newGlyph(), newGlyph(), box(look.RowAvatar/2)
	nameStyle, noteStyle := Style{Bold: true}, Style{Color: look.Dim, Size: look.SizeSmall}
	objects := []fyne.CanvasObject{back, avatar, plate, symbol.Image, name, mark.Image, note}
	if r.action != nil {
		objects = append(objects, r.action)
	}
	d := &drawing{owner: r, objects: append(objects, ring)}
	d.min = func() fyne.Size {
		words := nameStyle.measure("M").Height + noteStyle.measure("M").Height
		return fyne.NewSize(scaled(160), max(look.RowAvatar, words)+look.S16)
	}
	d.layout = func(s fyne.Size) {
		back.Resize(s)
		ring.Resize(s)
		avatar.Resize(fyne.NewSquareSize(look.RowAvatar))
		avatar.Move(fyne.NewPos(look.S8, (s.Height-look.RowAvatar)/2))
		plate.Resize(avatar.Size())
		plate.Move(avatar.Position())
		symbol.place(look.S8, 0, look.RowAvatar, s.Height, look.IconSize)
		x := look.S8 + look.RowAvatar + look.S12
		right := s.Width - look.S8
		if r.action != nil {
			m := r.action.MinSize()
			r.action.Resize(m)
			r.action.Move(fyne.NewPos(s.Width-m.Width-look.S4, (s.Height-m.Height)/2))
			right -= m.Width
		}
		name.Text = shorten(r.s.Name, nameStyle, right-x)
		nm, side := nameStyle.measure(name.Text), float32(0)
		if r.s.Mark != "" {
			side = scaled(look.IconSmall) + look.S4
		}
		note.Text = shorten(r.s.Note, noteStyle, right-x-side)
		om := noteStyle.measure(note.Text)
		y := (s.Height - nm.Height - om.Height) / 2
		name.Resize(nm)
		name.Move(fyne.NewPos(x, y))
		if side > 0 {
			mark.place(x, y+nm.Height, side-look.S4, om.Height, side-look.S4)
		}
		note.Resize(om)
		note.Move(fyne.NewPos(x+side, y+nm.Height))
	}
	d.paint = func() {
		ground := look.Panel
		switch {
		case r.s.Selected:
			ground = look.AccentSoft
		case r.hovered:
			ground = look.Hover
		}
		back.FillColor = shade(ground)
		ring.StrokeColor = shade(look.Accent)
		ring.FillColor = shade(look.Clear)
		showIf(ring, r.focused)
		avatar.Set(r.s.Name, r.s.Dot, ground)
		plate.FillColor = shade(look.AccentSoft)
		symbol.set(r.s.Symbol, shade(look.Accent))
		showIf(plate, r.s.Symbol != "")
		showIf(avatar, r.s.Symbol == "")
		nameStyle.Color = look.Text
		if r.s.Alarm {
			nameStyle.Color = look.Bad
		}
		applyText(name, nameStyle)
		applyText(note, noteStyle)
		mark.set(r.s.Mark, shade(noteStyle.Color))
		if r.action != nil {
			r.action.SetQuiet(!r.s.Selected && !r.hovered && !r.focused)
			r.action.SetInk(look.Text)
		}
		d.layout(r.Size())
	}
	return draw(d)
}
