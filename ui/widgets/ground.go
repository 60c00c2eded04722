package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// Ground is a rectangle behind other things, in a colour of the theme.
type Ground struct {
	widget.BaseWidget
	fill, line fyne.ThemeColorName
	radius     float32
	width      float32
}

// NewGround returns a rectangle; line "" has no edge.
func NewGround(fill, line fyne.ThemeColorName, radius float32) *Ground {
	g := &Ground{fill: fill, line: line, radius: radius, width: 1}
	g.ExtendBaseWidget(g)
	return g
}

// SetColors changes fill and edge.
func (g *Ground) SetColors(fill, line fyne.ThemeColorName, width float32) {
	if g.fill == fill && g.line == line && g.width == width {
		return
	}
	g.fill, g.line, g.width = fill, line, width
	g.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (g *Ground) CreateRenderer() fyne.WidgetRenderer {
	r := box(g.radius)
	return draw(&drawing{
		owner: g, objects: []fyne.CanvasObject{r},
		min:    func() fyne.Size { return fyne.Size{} },
		layout: func(s fyne.Size) { r.Resize(s) },
		paint: func() {
			r.FillColor = shade(g.fill)
			r.StrokeWidth, r.StrokeColor = 0, nil
			if g.line != "" {
				r.StrokeWidth, r.StrokeColor = g.width, shade(g.line)
			}
		},
	})
}

// Card is a panel with an edge round its content.
func Card(space float32, content fyne.CanvasObject) *fyne.Container {
	return Stack(NewGround(look.Panel, look.Line, look.RadiusCard), Inset(space, content))
}

// Framed puts the edge of an entry behind it: Fyne's own mixes with black on
// its way to the screen.
func Framed(o fyne.CanvasObject) *fyne.Container {
	return Stack(NewGround(look.Panel, look.Line, look.Radius), o)
}

// Rule is a thin line across.
func Rule() *fyne.Container { return Fixed(1, 1, NewGround(look.Line, "", 0)) }
