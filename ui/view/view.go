// Package view has the screens: which parts they are made of and where those
// stand. A screen shows a model of package present and hands clicks to its
// presenter; it decides nothing but where things go in the space there is.
//
// Every control has a name (SetID) that stays the same in every language, for
// tests that work the windows from outside.
package view

import (
	"parley/assets"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"

	"fyne.io/fyne/v2"
)

func setVisible(o fyne.CanvasObject, v bool) bool {
	if o.Visible() == v {
		return false
	}
	if v {
		o.Show()
	} else {
		o.Hide()
	}
	return true
}

// Styles that many screens set texts in; never changed.
var (
	small = w.Style{Color: look.Dim, Size: look.SizeSmall}
	dim   = w.Style{Color: look.Dim}
	title = w.Style{Size: look.SizeTitle, Bold: true}
	head  = w.Style{Size: look.SizeHead, Bold: true}
	wrong = w.Style{Color: look.Bad}
	note  = w.Style{Color: look.Warning, Size: look.SizeSmall}
	mid   = w.Style{Color: look.Dim, Align: w.Middle}
	midTi = w.Style{Size: look.SizeTitle, Bold: true, Align: w.Middle}
)

func dotOf(p present.Presence, show bool) w.Dot {
	if !show {
		return w.NoDot
	}
	switch p {
	case present.PresenceAvailable:
		return w.DotOn
	case present.PresenceBusy, present.PresenceInCall:
		return w.DotBusy
	}
	return w.DotOff
}

func options(in []present.OptionModel) []w.Option {
	out := make([]w.Option, len(in))
	for i, o := range in {
		out[i] = w.Option{Value: o.Value, Text: o.Text}
	}
	return out
}

// field is a label above an entry.
type field struct {
	label *w.Line
	box   *fyne.Container
}

func newField(o fyne.CanvasObject) *field {
	f := &field{label: w.NewLine(small, "")}
	f.box = w.Column(look.S4, f.label, w.Framed(o))
	return f
}

// picker is a Picker with the sentence below it that says what is wrong.
type picker struct {
	*w.Picker
	note *w.Paragraph
	box  *fyne.Container
}

func newPicker(id string, chosen func(string)) *picker {
	p := &picker{Picker: w.NewPicker(chosen), note: w.NewParagraph(note, "")}
	p.SetID(id)
	p.note.SetID(id + ".note")
	p.box = w.Column(look.S4, p.Picker, p.note)
	p.note.Hide()
	return p
}

func (p *picker) show(m present.PickerModel) {
	p.Set(m.Label, options(m.Options), m.Value, m.Shown)
	p.SetDisabled(m.Fixed)
	style := note
	if m.Fixed {
		style = small
	}
	p.note.SetStyle(style)
	p.note.Set(m.Note)
	setVisible(p.note, m.Note != "")
}

func micIcon(b present.DeviceButton) assets.IconName {
	if b.On && !b.Missing {
		return assets.IconMic
	}
	return assets.IconMicOff
}

func camIcon(b present.DeviceButton) assets.IconName {
	if b.On && !b.Missing {
		return assets.IconCam
	}
	return assets.IconCamOff
}

// stateOf is how a device's button stands in a bar. In a call plain is the
// normal state; before it, what is on is shown in the accent colour.
func stateOf(b present.DeviceButton, normal w.CallState) w.CallState {
	switch {
	case b.Opening:
		return w.CallOpening
	case !b.On || b.Missing:
		return w.CallOff
	}
	return normal
}

// showTile puts a tile model into a tile; the pictures come from the painter.
func showTile(t *w.VideoTile, m present.TileModel) {
	t.SetPerson(m.Name, m.Note)
	t.SetDimmed(m.Dimmed)
	if m.Frames == nil {
		t.Clear()
	}
}

// Feed says which pictures go into which tile.
type Feed struct {
	Tile   *w.VideoTile
	Frames present.Frames
	Mirror bool
}

// feed returns the feed of a tile, if it has pictures.
func feed(t *w.VideoTile, m present.TileModel) []Feed {
	if m.Frames == nil {
		return nil
	}
	return []Feed{{Tile: t, Frames: m.Frames, Mirror: m.Mirror}}
}
