package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/ui/look"
)

// Toggle is a switch with words before it.
type Toggle struct {
	control
	on   bool
	text string
	note string
}

// NewToggle returns a switch; changed gets what it was turned to.
func NewToggle(changed func(on bool)) *Toggle {
	t := &Toggle{}
	t.extend(t, func() { changed(!t.on) })
	return t
}

// Set changes state and words; note is a dim line below, or "".
func (t *Toggle) Set(on bool, text, note string) {
	if t.on == on && t.text == text && t.note == note {
		return
	}
	t.on, t.text, t.note = on, text, note
	t.Refresh()
}

// Words implements Worded.
func (t *Toggle) Words() string { return t.text }

// Condition implements Conditioned.
func (t *Toggle) Condition() string {
	if t.on {
		return "on"
	}
	return "off"
}

const (
	toggleWide = 40
	toggleHigh = 24
)

// toggleNote is never changed.
var toggleNote = Style{Color: look.Dim, Size: look.SizeSmall}

// HeightFor implements flow.
func (t *Toggle) HeightFor(width float32) float32 {
	room := width - toggleWide - look.S16
	h := float32(len(wrapText(t.text, Style{}, room))) * Style{}.measure("M").Height
	if t.note != "" {
		h += look.S4 + float32(len(wrapText(t.note, toggleNote, room)))*toggleNote.measure("M").Height
	}
	return max(h, toggleHigh) + look.S8
}

// CreateRenderer implements fyne.Widget.
func (t *Toggle) CreateRenderer() fyne.WidgetRenderer {
	track, knob, ring := box(toggleHigh/2), canvas.NewCircle(nil), newRing(toggleHigh/2)
	text, note := NewParagraph(Style{}, ""), NewParagraph(toggleNote, "")
	d := &drawing{owner: t, objects: []fyne.CanvasObject{text, note, track, knob, ring}}
	d.min = func() fyne.Size {
		w := scaled(200)
		return fyne.NewSize(w, t.HeightFor(max(w, t.Size().Width)))
	}
	d.layout = func(s fyne.Size) {
		room := s.Width - toggleWide - look.S16
		th, nh := text.HeightFor(room), note.HeightFor(room)
		gap := float32(0)
		if nh > 0 {
			gap = look.S4
		}
		y := (s.Height - th - nh - gap) / 2
		text.Resize(fyne.NewSize(room, th))
		text.Move(fyne.NewPos(0, y))
		note.Resize(fyne.NewSize(room, nh))
		note.Move(fyne.NewPos(0, y+th+gap))
		at := fyne.NewPos(s.Width-toggleWide, (s.Height-toggleHigh)/2)
		track.Resize(fyne.NewSize(toggleWide, toggleHigh))
		track.Move(at)
		placeRing(ring, at, track.Size())
		knob.Resize(fyne.NewSquareSize(toggleHigh - 6))
		x := float32(3)
		if t.on {
			x = toggleWide - toggleHigh + 3
		}
		knob.Move(at.AddXY(x, 3))
	}
	d.paint = func() {
		text.Set(t.text)
		note.Set(t.note)
		track.FillColor, knob.FillColor = shade(look.Dim), shade(look.Panel)
		text.SetStyle(Style{})
		switch {
		case t.disabled:
			track.FillColor = shade(look.Line)
			text.SetStyle(Style{Color: look.Dim})
		case t.on:
			track.FillColor, knob.FillColor = shade(look.Accent), shade(look.OnAccent)
		}
		ring.StrokeColor = shade(look.Accent)
		showIf(ring, t.focused)
	}
	return draw(d)
}
