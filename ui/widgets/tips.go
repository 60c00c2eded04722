package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// Tips is the layer above a screen in which the words of the control under the
// mouse or the focus appear. It takes no clicks.
type Tips struct {
	widget.BaseWidget
	of   fyne.CanvasObject
	text string
	at   fyne.Position // middle of the control's upper edge, within the layer
	high float32       // of the control
}

// NewTips returns an empty layer; put it on top of the screen.
func NewTips() *Tips {
	t := &Tips{}
	t.ExtendBaseWidget(t)
	return t
}

// ShowFor shows the words of o.
func (t *Tips) ShowFor(o fyne.CanvasObject, text string) {
	d := fyne.CurrentApp().Driver()
	at := d.AbsolutePositionForObject(o).Subtract(d.AbsolutePositionForObject(t))
	s := o.Size()
	t.of, t.text, t.at, t.high = o, text, at.AddXY(s.Width/2, 0), s.Height
	t.Refresh()
}

// HideFor takes away the words of o, if they are the ones that show; without o,
// whatever shows.
func (t *Tips) HideFor(o fyne.CanvasObject) {
	if t.text == "" || o != nil && o != t.of {
		return
	}
	t.of, t.text = nil, ""
	t.Refresh()
}

// Follow takes the words away when their control does not show any more, as in
// a banner that was closed, and moves them when it moved. Call it after what is
// on the screen changed.
func (t *Tips) Follow() {
	if t.of == nil {
		return
	}
	d := fyne.CurrentApp().Driver()
	at := d.AbsolutePositionForObject(t.of)
	switch {
	case at.X <= 0 && at.Y <= 0: // so says the driver of what is not there; no control is in the very corner
		t.HideFor(nil)
	case at.Subtract(d.AbsolutePositionForObject(t)).AddXY(t.of.Size().Width/2, 0) != t.at:
		t.ShowFor(t.of, t.text)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *Tips) CreateRenderer() fyne.WidgetRenderer {
	style := Style{Color: look.StageText, Size: look.SizeSmall}
	back, text := box(6), newText(style)
	d := &drawing{owner: t, objects: []fyne.CanvasObject{back, text}}
	d.min = func() fyne.Size { return fyne.Size{} }
	d.layout = func(s fyne.Size) {
		m := style.measure(t.text)
		w, h := m.Width+look.S16, m.Height+look.S8
		x := min(max(look.S4, t.at.X-w/2), max(look.S4, s.Width-w-look.S4))
		y := t.at.Y - h - look.S8
		if y < look.S4 {
			y = t.at.Y + t.high + look.S8
		}
		back.Resize(fyne.NewSize(w, h))
		back.Move(fyne.NewPos(x, y))
		text.Resize(m)
		text.Move(fyne.NewPos(x+look.S8, y+look.S4))
	}
	d.paint = func() {
		back.FillColor = shade(look.PillFill)
		applyText(text, style)
		text.Text = t.text
		showIf(back, t.text != "")
		showIf(text, t.text != "")
	}
	return draw(d)
}
