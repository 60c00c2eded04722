package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// fixed gives its children a size that does not depend on them.
type fixed struct{ size fyne.Size }

// Fixed gives o this least size.
func Fixed(w, h float32, o ...fyne.CanvasObject) *fyne.Container {
	return container.New(fixed{fyne.NewSize(w, h)}, o...)
}

func (f fixed) MinSize([]fyne.CanvasObject) fyne.Size              { return f.size }
func (f fixed) Layout(objects []fyne.CanvasObject, s fyne.Size)    { grow{}.Layout(objects, s) }
func (f fixed) heightFor(_ []fyne.CanvasObject, _ float32) float32 { return f.size.Height }

// scrolling gives its content the width there is and scrolls its height.
type scrolling struct {
	scroll *container.Scroll
	least  float32
}

// Scroll shows content in the full width and scrolls what does not fit in
// height; it needs no more than least itself.
func Scroll(least float32, content fyne.CanvasObject) (*fyne.Container, *container.Scroll) {
	s := container.NewVScroll(content)
	return container.New(&scrolling{s, least}, s), s
}

// Reveal scrolls as far as it takes to show o, which is within s; of what is
// higher than s it shows the upper part.
func Reveal(s *container.Scroll, o fyne.CanvasObject) {
	d := fyne.CurrentApp().Driver()
	top := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(s.Content).Y
	to := max(s.Offset.Y, top+o.Size().Height-s.Size().Height)
	s.ScrollToOffset(fyne.NewPos(0, min(to, top)))
}

func (l *scrolling) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(l.scroll.Content.MinSize().Width, l.least)
}

func (l *scrolling) heightFor([]fyne.CanvasObject, float32) float32 { return l.least }

func (l *scrolling) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	c := l.scroll.Content
	c.Resize(fyne.NewSize(s.Width, max(s.Height, HeightFor(c, s.Width))))
	l.scroll.Resize(s)
	l.scroll.Move(fyne.Position{})
	l.scroll.Refresh()
}

// Free lays its children out by a function.
type free struct {
	min    fyne.Size
	layout func(fyne.Size)
}

// Free is a container whose children are placed by layout.
func Free(least fyne.Size, layout func(fyne.Size), objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&free{least, layout}, objects...)
}

func (f *free) MinSize([]fyne.CanvasObject) fyne.Size              { return f.min }
func (f *free) Layout(_ []fyne.CanvasObject, s fyne.Size)          { f.layout(s) }
func (f *free) heightFor(_ []fyne.CanvasObject, _ float32) float32 { return f.min.Height }

// flowFree is Free with a height that depends on the width.
type flowFree struct {
	height func(width float32) float32
	layout func(fyne.Size)
	width  float32
}

// FlowFree is a container whose children are placed by layout and need height.
func FlowFree(height func(width float32) float32, layout func(fyne.Size), objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flowFree{height: height, layout: layout}, objects...)
}

func (f *flowFree) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(120, f.height(max(f.width, 120)))
}

func (f *flowFree) Layout(_ []fyne.CanvasObject, s fyne.Size) {
	f.width = s.Width
	f.layout(s)
}

func (f *flowFree) heightFor(_ []fyne.CanvasObject, width float32) float32 { return f.height(width) }

// ratio is as high as its shape asks of its width, up to a limit.
type ratio struct {
	shape, limit float32
}

// Ratio stacks objects in an area of the given shape (width by height), not
// higher than limit.
func Ratio(shape, limit float32, o ...fyne.CanvasObject) *fyne.Container {
	return container.New(ratio{shape, limit}, o...)
}

func (r ratio) MinSize([]fyne.CanvasObject) fyne.Size           { return fyne.NewSize(90*r.shape, 90) }
func (r ratio) Layout(objects []fyne.CanvasObject, s fyne.Size) { grow{}.Layout(objects, s) }
func (r ratio) heightFor(_ []fyne.CanvasObject, width float32) float32 {
	return min(r.limit, width/r.shape)
}
