package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// flow is an object or a layout whose height depends on its width, as text
// that wraps does. Fyne asks for one size only; the layouts here ask further.
type flow interface{ HeightFor(width float32) float32 }

type flowLayout interface {
	heightFor(objects []fyne.CanvasObject, width float32) float32
}

// HeightFor returns the height that o needs at a width.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	switch v := o.(type) {
	case flow:
		return v.HeightFor(width)
	case *fyne.Container:
		if l, ok := v.Layout.(flowLayout); ok {
			return l.heightFor(v.Objects, width)
		}
	}
	return o.MinSize().Height
}

// Relayout places everything inside o again, to the bottom. Fyne lays out only
// what changes its size; words that changed inside need this.
func Relayout(o fyne.CanvasObject) {
	switch v := o.(type) {
	case *fyne.Container:
		if !v.Visible() {
			return
		}
		if v.Layout != nil {
			v.Layout.Layout(v.Objects, v.Size())
		}
		for _, child := range v.Objects {
			Relayout(child)
		}
	case *container.Scroll:
		Relayout(v.Content)
	}
}

func visible(objects []fyne.CanvasObject) []fyne.CanvasObject {
	shown := make([]fyne.CanvasObject, 0, len(objects))
	for _, o := range objects {
		if o.Visible() {
			shown = append(shown, o)
		}
	}
	return shown
}

// grow marks a child that takes the space that is left.
type grow struct{}

func (grow) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objects {
		o.Resize(s)
		o.Move(fyne.Position{})
	}
}

func (grow) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range visible(objects) {
		s = s.Max(o.MinSize())
	}
	return s
}

func (grow) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	for _, o := range visible(objects) {
		h = max(h, HeightFor(o, width))
	}
	return h
}

// Grow lets o take the space that a Column or Row has left. Without o it is a
// spring.
func Grow(o ...fyne.CanvasObject) *fyne.Container { return container.New(grow{}, o...) }

func grows(o fyne.CanvasObject) bool {
	c, ok := o.(*fyne.Container)
	if !ok {
		return false
	}
	_, ok = c.Layout.(grow)
	return ok
}

// stack puts its children onto each other.
type stack struct{ grow }

// Stack puts objects onto each other, each in the whole space.
func Stack(o ...fyne.CanvasObject) *fyne.Container { return container.New(stack{}, o...) }

// column puts its children below each other in full width.
type column struct {
	gap   float32
	width float32 // of the last layout
}

// Column puts objects below each other with a gap.
func Column(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&column{gap: gap}, objects...)
}

func (c *column) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	shown := visible(objects)
	for _, o := range shown {
		h += HeightFor(o, width)
	}
	return h + c.gap*float32(max(0, len(shown)-1))
}

func (c *column) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range visible(objects) {
		s.Width = max(s.Width, o.MinSize().Width)
	}
	s.Height = c.heightFor(objects, max(c.width, s.Width))
	return s
}

func (c *column) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	c.width = s.Width
	shown := visible(objects)
	springs := 0
	for _, o := range shown {
		if grows(o) {
			springs++
		}
	}
	left := max(0, s.Height-c.heightFor(objects, s.Width))
	if over := c.heightFor(objects, s.Width) - s.Height; over > 0 && springs > 0 {
		left = -over // what grows can also give way
	}
	y := float32(0)
	for _, o := range shown {
		h := HeightFor(o, s.Width)
		if grows(o) {
			h = max(0, h+left/float32(springs))
		}
		o.Resize(fyne.NewSize(s.Width, h))
		o.Move(fyne.NewPos(0, y))
		y += h + c.gap
	}
}

// row puts its children beside each other, centred in height.
type row struct{ gap float32 }

// Row puts objects beside each other with a gap.
func Row(gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(row{gap}, objects...)
}

func (r row) widths(shown []fyne.CanvasObject, width float32) []float32 {
	w := make([]float32, len(shown))
	left, springs := width-r.gap*float32(max(0, len(shown)-1)), 0
	for i, o := range shown {
		w[i] = o.MinSize().Width
		left -= w[i]
		if grows(o) {
			springs++
		}
	}
	for i, o := range shown {
		if grows(o) && left > 0 {
			w[i] += left / float32(springs)
		}
	}
	return w
}

func (r row) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	shown := visible(objects)
	for i, w := range r.widths(shown, width) {
		h = max(h, HeightFor(shown[i], w))
	}
	return h
}

func (r row) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	shown := visible(objects)
	for _, o := range shown {
		m := o.MinSize()
		s.Width += m.Width
		s.Height = max(s.Height, m.Height)
	}
	s.Width += r.gap * float32(max(0, len(shown)-1))
	return s
}

func (r row) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	shown := visible(objects)
	x := float32(0)
	for i, w := range r.widths(shown, s.Width) {
		h := HeightFor(shown[i], w)
		if grows(shown[i]) {
			h = s.Height
		}
		shown[i].Resize(fyne.NewSize(w, h))
		shown[i].Move(fyne.NewPos(x, (s.Height-h)/2))
		x += w + r.gap
	}
}

// Align says where children stand in the space that is left.
type Align uint8

// The alignments.
const (
	Start Align = iota
	Middle
	End
)

func (a Align) of(left float32) float32 {
	switch a {
	case Middle:
		return left / 2
	case End:
		return left
	}
	return 0
}

// wrap puts children beside each other and begins a new line when they do not
// fit: buttons stay whole in every language.
type wrap struct {
	gap   float32
	align Align
	width float32
}

// Wrap puts objects beside each other, in as many lines as they need.
func Wrap(gap float32, align Align, objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(&wrap{gap: gap, align: align}, objects...)
}

func (w *wrap) lines(objects []fyne.CanvasObject, width float32) (lines [][]fyne.CanvasObject) {
	var line []fyne.CanvasObject
	used := float32(0)
	for _, o := range visible(objects) {
		need := o.MinSize().Width
		if len(line) > 0 && used+w.gap+need > width+0.5 {
			lines, line, used = append(lines, line), nil, 0
		}
		if len(line) > 0 {
			used += w.gap
		}
		used += need
		line = append(line, o)
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

func lineHeight(line []fyne.CanvasObject) (h float32) {
	for _, o := range line {
		h = max(h, o.MinSize().Height)
	}
	return h
}

func (w *wrap) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	lines := w.lines(objects, width)
	for _, l := range lines {
		h += lineHeight(l)
	}
	return h + w.gap*float32(max(0, len(lines)-1))
}

func (w *wrap) MinSize(objects []fyne.CanvasObject) (s fyne.Size) {
	for _, o := range visible(objects) {
		s.Width = max(s.Width, o.MinSize().Width)
	}
	s.Height = w.heightFor(objects, max(w.width, s.Width))
	return s
}

func (w *wrap) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	w.width = s.Width
	y := float32(0)
	for _, line := range w.lines(objects, s.Width) {
		total := w.gap * float32(len(line)-1)
		for _, o := range line {
			total += o.MinSize().Width
		}
		x, h := w.align.of(max(0, s.Width-total)), lineHeight(line)
		for _, o := range line {
			m := o.MinSize()
			width := min(m.Width, s.Width)
			o.Resize(fyne.NewSize(width, m.Height))
			o.Move(fyne.NewPos(x, y+(h-m.Height)/2))
			x += width + w.gap
		}
		y += h + w.gap
	}
}

// pad leaves space round its children.
type pad struct{ left, top, right, bottom float32 }

// Pad leaves space round o.
func Pad(left, top, right, bottom float32, o ...fyne.CanvasObject) *fyne.Container {
	return container.New(pad{left, top, right, bottom}, o...)
}

// Inset leaves the same space on every side of o.
func Inset(space float32, o ...fyne.CanvasObject) *fyne.Container {
	return Pad(space, space, space, space, o...)
}

func (p pad) heightFor(objects []fyne.CanvasObject, width float32) float32 {
	return grow{}.heightFor(objects, width-p.left-p.right) + p.top + p.bottom
}

func (p pad) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return grow{}.MinSize(objects).AddWidthHeight(p.left+p.right, p.top+p.bottom)
}

func (p pad) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objects {
		o.Resize(fyne.NewSize(max(0, s.Width-p.left-p.right), max(0, s.Height-p.top-p.bottom)))
		o.Move(fyne.NewPos(p.left, p.top))
	}
}

// place puts its children at their own size, at most as wide as width.
type place struct {
	x, y  Align
	width float32 // 0: as wide as its minimum
}

// Place puts o into the middle, at the start or the end of the space there is.
// With width above 0 it is that wide if there is room.
func Place(x, y Align, width float32, o ...fyne.CanvasObject) *fyne.Container {
	return container.New(place{x, y, width}, o...)
}

func (p place) wide(o fyne.CanvasObject, width float32) float32 {
	if p.width > 0 {
		return min(p.width, width)
	}
	return min(o.MinSize().Width, width)
}

func (p place) heightFor(objects []fyne.CanvasObject, width float32) (h float32) {
	for _, o := range visible(objects) {
		h = max(h, HeightFor(o, p.wide(o, width)))
	}
	return h
}

func (p place) MinSize(objects []fyne.CanvasObject) fyne.Size { return grow{}.MinSize(objects) }

func (p place) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	for _, o := range visible(objects) {
		w := p.wide(o, s.Width)
		h := min(HeightFor(o, w), s.Height)
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(p.x.of(s.Width-w), p.y.of(s.Height-h)))
	}
}
