package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/ui/look"
)

// frame is the edge of a tile. Fyne draws an edge as a rectangle with nothing
// inside and goes through all its pixels; without round corners four lines do.
type frame struct {
	round *canvas.Rectangle    // nil: there are no round corners
	lines [4]*canvas.Rectangle // top, bottom, left, right
	wide  float32
}

func newFrame(radius float32) *frame {
	f := &frame{}
	if radius > 0 {
		f.round = box(radius)
		return f
	}
	for i := range f.lines {
		f.lines[i] = box(0)
	}
	return f
}

func (f *frame) objects() []fyne.CanvasObject {
	if f.round != nil {
		return []fyne.CanvasObject{f.round}
	}
	all := make([]fyne.CanvasObject, len(f.lines))
	for i, l := range f.lines {
		all[i] = l
	}
	return all
}

// set colours it: "" hides it. A resize has to follow.
func (f *frame) set(c fyne.ThemeColorName, wide float32) {
	f.wide = wide
	if f.round != nil {
		f.round.FillColor, f.round.StrokeWidth = shade(look.Clear), wide
		showIf(f.round, c != "")
		if c != "" {
			f.round.StrokeColor = shade(c)
		}
		return
	}
	for _, l := range f.lines {
		showIf(l, c != "")
		if c != "" {
			l.FillColor = shade(c)
		}
	}
}

func (f *frame) resize(s fyne.Size) {
	if f.round != nil {
		f.round.Resize(s)
		return
	}
	across, down := fyne.NewSize(s.Width, f.wide), fyne.NewSize(f.wide, max(0, s.Height-2*f.wide))
	for i, place := range []struct {
		at   fyne.Position
		size fyne.Size
	}{
		{fyne.Position{}, across},
		{fyne.NewPos(0, s.Height-f.wide), across},
		{fyne.NewPos(0, f.wide), down},
		{fyne.NewPos(s.Width-f.wide, f.wide), down},
	} {
		f.lines[i].Move(place.at)
		f.lines[i].Resize(place.size)
	}
}
