// Package widgets has the parts that the screens are built of. They look as
// package look says, can be reached and used by keyboard with a visible ring,
// and hold no goroutine: whatever they show is set from outside on the UI
// goroutine.
//
// A part with a name (SetID) can be found by it from outside the program: the
// map of controls that end-to-end tests read walks the tree by Parts and asks
// each part for ID, Words and Condition.
package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"parley/assets"
	"parley/ui/look"
)

// Named is a part that can be found by name.
type Named interface{ ID() string }

// Worded is a part with text to read.
type Worded interface{ Words() string }

// Conditioned is a part whose state matters: "on", "off", "disabled" …
type Conditioned interface{ Condition() string }

// Parted is a part made of others that have names of their own.
type Parted interface{ Parts() []fyne.CanvasObject }

// ident gives a widget its name.
type ident struct{ id string }

// SetID names the part for tests.
func (i *ident) SetID(id string) { i.id = id }

// ID returns the name, "" for none.
func (i *ident) ID() string { return i.id }

// drawing is the renderer of every widget here: objects from back to front and
// three functions over them.
type drawing struct {
	owner   fyne.CanvasObject
	objects []fyne.CanvasObject
	min     func() fyne.Size
	layout  func(fyne.Size)
	paint   func() // colours, texts, visibility
}

func (d *drawing) Destroy()                     {}
func (d *drawing) Objects() []fyne.CanvasObject { return d.objects }
func (d *drawing) MinSize() fyne.Size           { return d.min() }
func (d *drawing) Layout(s fyne.Size)           { d.layout(s) }

func (d *drawing) Refresh() {
	d.paint()
	d.layout(d.owner.Size())
	canvas.Refresh(d.owner)
}

// draw paints once and returns the renderer.
func draw(d *drawing) fyne.WidgetRenderer {
	d.paint()
	return d
}

func shade(name fyne.ThemeColorName) color.Color { return theme.Color(name) }

func box(radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(color.Transparent)
	r.CornerRadius = radius
	return r
}

// ring is what shows the keyboard's focus: outside the part by two pixels.
func newRing(radius float32) *canvas.Rectangle {
	r := box(radius + 3)
	r.StrokeWidth = look.FocusWidth
	r.Hide()
	return r
}

func placeRing(r *canvas.Rectangle, pos fyne.Position, s fyne.Size) {
	r.Move(pos.SubtractXY(3, 3))
	r.Resize(s.AddWidthHeight(6, 6))
}

func showIf(o fyne.CanvasObject, visible bool) {
	if visible == o.Visible() {
		return
	}
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}

// glyph is an icon that is drawn anew only when it or its colour changes.
type glyph struct {
	*canvas.Image
	name  assets.IconName
	color color.Color
}

func newGlyph() *glyph {
	img := &canvas.Image{FillMode: canvas.ImageFillContain}
	return &glyph{Image: img}
}

func (g *glyph) set(name assets.IconName, c color.Color) {
	if g.name == name && g.color == c {
		return
	}
	g.name, g.color = name, c
	if name == "" {
		g.Image.Resource = nil
		g.Image.Hide()
		return
	}
	g.Image.Resource = look.Icon(name, c)
	g.Image.Show()
	g.Image.Refresh()
}

// place centres the icon of the given side in an area.
func (g *glyph) place(x, y, w, h, side float32) {
	g.Image.Resize(fyne.NewSquareSize(side))
	g.Image.Move(fyne.NewPos(x+(w-side)/2, y+(h-side)/2))
}

// Scaled makes a width that holds words grow with the text size.
func Scaled(v float32) float32 { return scaled(v) }

// scaled makes an icon or a circle grow with the text size.
func scaled(v float32) float32 { return v * theme.Size(look.SizeText) / 14 }
