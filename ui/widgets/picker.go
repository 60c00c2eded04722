package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"parley/assets"
	"parley/ui/look"
)

// Option is one choice of a Picker.
type Option struct{ Value, Text string }

// Picker shows the chosen one of a few options and opens a menu of all.
type Picker struct {
	control
	label   string
	options []Option
	value   string
	shown   string
	popup   *widget.PopUpMenu
	chosen  func(value string)
}

// NewPicker returns a picker; chosen gets the value of what was picked.
func NewPicker(chosen func(value string)) *Picker {
	p := &Picker{chosen: chosen}
	p.extend(p, p.open)
	return p
}

// Set changes the label above it, the options and which one is chosen. shown
// is what stands in the box; "": the option's text.
func (p *Picker) Set(label string, options []Option, value, shown string) {
	if shown == "" {
		for _, o := range options {
			if o.Value == value {
				shown = o.Text
			}
		}
	}
	same := len(options) == len(p.options) && p.label == label && p.value == value && p.shown == shown
	for i := 0; same && i < len(options); i++ {
		same = options[i] == p.options[i]
	}
	if same {
		return
	}
	p.label, p.options, p.value, p.shown = label, options, value, shown
	p.Refresh()
}

// Words implements Worded.
func (p *Picker) Words() string { return p.shown }

// Condition implements Conditioned: the texts of all options, one per line.
func (p *Picker) Condition() string {
	texts := make([]string, len(p.options))
	for i, o := range p.options {
		texts[i] = o.Text
	}
	return strings.Join(texts, "\n")
}

// TypedKey adds down, which opens the menu.
func (p *Picker) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyDown {
		p.open()
		return
	}
	p.control.TypedKey(e)
}

func (p *Picker) open() {
	cv := fyne.CurrentApp().Driver().CanvasForObject(p)
	if cv == nil || len(p.options) == 0 {
		return
	}
	items := make([]*fyne.MenuItem, len(p.options))
	for i, o := range p.options {
		items[i] = fyne.NewMenuItem(o.Text, func() {
			if o.Value != p.value {
				p.chosen(o.Value)
			}
		})
		items[i].Checked = o.Value == p.value
	}
	p.popup = widget.NewPopUpMenu(fyne.NewMenu("", items...), cv)
	p.popup.ShowAtRelativePosition(fyne.NewPos(0, p.Size().Height+look.S4), p)
	if m := p.popup.MinSize(); m.Width < p.Size().Width {
		p.popup.Resize(fyne.NewSize(p.Size().Width, m.Height))
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Picker) CreateRenderer() fyne.WidgetRenderer {
	labelStyle := Style{Color: look.Dim, Size: look.SizeSmall}
	back, ring, label, text, icon := box(look.Radius), newRing(look.Radius), canvas.NewText("", nil), canvas.NewText("", nil), newGlyph()
	top := func() float32 {
		if p.label == "" {
			return 0
		}
		return labelStyle.measure(p.label).Height + look.S4
	}
	d := &drawing{owner: p, objects: []fyne.CanvasObject{label, back, text, icon.Image, ring}}
	d.min = func() fyne.Size {
		w := max(scaled(160), labelStyle.measure(p.label).Width)
		return fyne.NewSize(w, top()+max(look.ControlHigh, Style{}.measure("M").Height+look.S16))
	}
	d.layout = func(s fyne.Size) {
		y := top()
		label.Resize(labelStyle.measure(p.label))
		h := s.Height - y
		back.Move(fyne.NewPos(0, y))
		back.Resize(fyne.NewSize(s.Width, h))
		placeRing(ring, back.Position(), back.Size())
		side := scaled(look.IconSize)
		icon.place(s.Width-look.S12-side, y, side, h, side)
		text.Text = shorten(p.shown, Style{}, s.Width-2*look.S12-side-look.S8)
		m := Style{}.measure(text.Text)
		text.Resize(m)
		text.Move(fyne.NewPos(look.S12, y+(h-m.Height)/2))
	}
	d.paint = func() {
		applyText(label, labelStyle)
		label.Text = p.label
		ink := look.Text
		if p.disabled || p.value == "" && p.shown == "" {
			ink = look.Dim
		}
		applyText(text, Style{Color: ink})
		text.Text = p.shown
		back.FillColor, back.StrokeColor, back.StrokeWidth = shade(look.Panel), shade(look.Line), 1
		if p.hovered && !p.disabled {
			back.FillColor = shade(look.Hover)
		}
		ring.StrokeColor = shade(look.Accent)
		showIf(ring, p.focused)
		if p.disabled {
			icon.set(assets.IconLock, shade(ink))
		} else {
			icon.set(assets.IconDown, shade(ink))
		}
	}
	return draw(d)
}
