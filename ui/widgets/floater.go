package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// Corner is one of the four places of a Floater.
type Corner uint8

// The corners.
const (
	BottomRight Corner = iota
	BottomLeft
	TopRight
	TopLeft
)

// Floater holds something that stands in a corner of its parent and can be
// dragged to another one, or moved there with the arrow keys.
type Floater struct {
	widget.BaseWidget
	ident
	content fyne.CanvasObject
	corner  Corner
	focused bool
	drag    fyne.Position // while dragged: how far
	dragged bool
	// OnMove is called after the corner or the drag changed; the parent places
	// the floater by Place.
	OnMove func()
	parent fyne.Size
}

// NewFloater returns a floater in the lower right corner.
func NewFloater(content fyne.CanvasObject) *Floater {
	f := &Floater{content: content}
	f.ExtendBaseWidget(f)
	return f
}

// Corner returns where it stands.
func (f *Floater) Corner() Corner { return f.corner }

// Parts implements Parted.
func (f *Floater) Parts() []fyne.CanvasObject { return []fyne.CanvasObject{f.content} }

// Place puts it into its corner of an area, size large, margins away from the
// edges.
func (f *Floater) Place(area fyne.Size, size fyne.Size, side, top, bottom float32) {
	f.parent = area
	at := fyne.NewPos(side, top)
	if f.corner == BottomRight || f.corner == TopRight {
		at.X = area.Width - size.Width - side
	}
	if f.corner == BottomRight || f.corner == BottomLeft {
		at.Y = area.Height - size.Height - bottom
	}
	if f.dragged {
		at = at.Add(f.drag)
		at.X = min(max(look.S8, at.X), max(look.S8, area.Width-size.Width-look.S8))
		at.Y = min(max(look.S8, at.Y), max(look.S8, area.Height-size.Height-look.S8))
	}
	f.Resize(size)
	f.Move(at)
}

func (f *Floater) moved() {
	if f.OnMove != nil {
		f.OnMove()
	}
}

// Dragged implements fyne.Draggable.
func (f *Floater) Dragged(e *fyne.DragEvent) {
	f.dragged = true
	f.drag = f.drag.Add(e.Dragged)
	f.moved()
}

// DragEnd implements fyne.Draggable: it goes to the nearest corner.
func (f *Floater) DragEnd() {
	mid := f.Position().AddXY(f.Size().Width/2, f.Size().Height/2)
	f.setCorner(mid.X >= f.parent.Width/2, mid.Y >= f.parent.Height/2)
	f.drag, f.dragged = fyne.Position{}, false
	f.moved()
}

func (f *Floater) setCorner(right, bottom bool) {
	switch {
	case right && bottom:
		f.corner = BottomRight
	case bottom:
		f.corner = BottomLeft
	case right:
		f.corner = TopRight
	default:
		f.corner = TopLeft
	}
}

// FocusGained implements fyne.Focusable.
func (f *Floater) FocusGained() { f.focused = true; f.Refresh() }

// FocusLost implements fyne.Focusable.
func (f *Floater) FocusLost() { f.focused = false; f.Refresh() }

// TypedRune implements fyne.Focusable.
func (f *Floater) TypedRune(rune) {}

// TypedKey implements fyne.Focusable: the arrow keys move it.
func (f *Floater) TypedKey(e *fyne.KeyEvent) {
	right := f.corner == BottomRight || f.corner == TopRight
	bottom := f.corner == BottomRight || f.corner == BottomLeft
	switch e.Name {
	case fyne.KeyLeft:
		right = false
	case fyne.KeyRight:
		right = true
	case fyne.KeyUp:
		bottom = false
	case fyne.KeyDown:
		bottom = true
	case fyne.KeyEscape, fyne.KeyF11:
		toWindow(f, e)
		return
	default:
		return
	}
	f.setCorner(right, bottom)
	f.moved()
}

// Cursor implements desktop.Cursorable.
func (f *Floater) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer implements fyne.Widget.
func (f *Floater) CreateRenderer() fyne.WidgetRenderer {
	ring := newRing(look.RadiusCard)
	return draw(&drawing{
		owner: f, objects: []fyne.CanvasObject{f.content, ring},
		min: func() fyne.Size { return f.content.MinSize() },
		layout: func(s fyne.Size) {
			f.content.Resize(s)
			placeRing(ring, fyne.Position{}, s)
		},
		paint: func() {
			ring.StrokeColor = shade(look.StageRing)
			showIf(ring, f.focused)
		},
	})
}

// MouseArea tells where the mouse is over what lies below it, and of double
// clicks.
type MouseArea struct {
	widget.BaseWidget
	OnMove   func()
	OnDouble func()
}

// NewMouseArea returns an area that shows nothing.
func NewMouseArea(move, double func()) *MouseArea {
	a := &MouseArea{OnMove: move, OnDouble: double}
	a.ExtendBaseWidget(a)
	return a
}

// MouseIn implements desktop.Hoverable.
func (a *MouseArea) MouseIn(*desktop.MouseEvent) { a.OnMove() }

// MouseMoved implements desktop.Hoverable.
func (a *MouseArea) MouseMoved(*desktop.MouseEvent) { a.OnMove() }

// MouseOut implements desktop.Hoverable.
func (a *MouseArea) MouseOut() {}

// Tapped implements fyne.Tappable.
func (a *MouseArea) Tapped(*fyne.PointEvent) { a.OnMove() }

// DoubleTapped implements fyne.DoubleTappable.
func (a *MouseArea) DoubleTapped(*fyne.PointEvent) { a.OnDouble() }

// CreateRenderer implements fyne.Widget.
func (a *MouseArea) CreateRenderer() fyne.WidgetRenderer {
	return draw(&drawing{owner: a, min: func() fyne.Size { return fyne.Size{} }, layout: func(fyne.Size) {}, paint: func() {}})
}

// ProgressBar is a thin line that fills.
type ProgressBar struct {
	widget.BaseWidget
	share float64
}

// NewProgressBar returns an empty line.
func NewProgressBar() *ProgressBar {
	p := &ProgressBar{}
	p.ExtendBaseWidget(p)
	return p
}

// Set fills a share from 0 to 1.
func (p *ProgressBar) Set(share float64) {
	if p.share != share {
		p.share = share
		p.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *ProgressBar) CreateRenderer() fyne.WidgetRenderer {
	track, fill := box(2), box(2)
	return draw(&drawing{
		owner: p, objects: []fyne.CanvasObject{track, fill},
		min: func() fyne.Size { return fyne.NewSize(64, 4) },
		layout: func(s fyne.Size) {
			track.Resize(fyne.NewSize(s.Width, 4))
			fill.Resize(fyne.NewSize(s.Width*float32(max(0, min(1, p.share))), 4))
		},
		paint: func() { track.FillColor, fill.FillColor = shade(look.Line), shade(look.Accent) },
	})
}
