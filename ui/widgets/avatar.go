package widgets

import (
	"hash/fnv"
	"image/color"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// Dot is the little circle on an avatar that says whether a person is there.
type Dot uint8

// The dots.
const (
	NoDot Dot = iota
	DotOn
	DotBusy
	DotOff
)

// Avatar is a circle with a name's initials in a colour of its own.
type Avatar struct {
	widget.BaseWidget
	name   string
	side   float32
	dot    Dot
	ground fyne.ThemeColorName // round the dot
}

// NewAvatar returns the circle of a name.
func NewAvatar(name string, side float32) *Avatar {
	a := &Avatar{name: name, side: side, ground: look.Panel}
	a.ExtendBaseWidget(a)
	return a
}

// Set changes whose it is and the dot.
func (a *Avatar) Set(name string, dot Dot, ground fyne.ThemeColorName) {
	if a.name == name && a.dot == dot && a.ground == ground {
		return
	}
	a.name, a.dot, a.ground = name, dot, ground
	a.Refresh()
}

// SetSide changes the size.
func (a *Avatar) SetSide(side float32) {
	if a.side != side {
		a.side = side
		a.Refresh()
	}
}

// Initials returns the first letters of the first and the last word of a name.
func Initials(name string) string {
	first := func(word string) string {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return string(unicode.ToUpper(r))
			}
		}
		return ""
	}
	var words []string
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '_' || r == '.' }) {
		if first(w) != "" {
			words = append(words, w)
		}
	}
	switch len(words) {
	case 0:
		return "?"
	case 1:
		return first(words[0])
	}
	return first(words[0]) + first(words[len(words)-1])
}

// AvatarColor returns the colour that a name always gets.
func AvatarColor(name string) color.Color {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(name)))
	all := look.AvatarColors()
	return all[h.Sum32()%uint32(len(all))]
}

// CreateRenderer implements fyne.Widget.
func (a *Avatar) CreateRenderer() fyne.WidgetRenderer {
	circle, text := canvas.NewCircle(nil), canvas.NewText("", nil)
	edge, dot := canvas.NewCircle(nil), canvas.NewCircle(nil)
	d := &drawing{owner: a, objects: []fyne.CanvasObject{circle, text, edge, dot}}
	d.min = func() fyne.Size { return fyne.NewSquareSize(a.side) }
	d.layout = func(s fyne.Size) {
		side := min(s.Width, s.Height)
		circle.Resize(fyne.NewSquareSize(side))
		circle.Move(fyne.NewPos((s.Width-side)/2, (s.Height-side)/2))
		text.TextSize = side * 0.35
		m := fyne.MeasureText(text.Text, text.TextSize, text.TextStyle)
		text.Resize(m)
		text.Move(fyne.NewPos((s.Width-m.Width)/2, (s.Height-m.Height)/2))
		const outer, inner = 13, 9
		edge.Resize(fyne.NewSquareSize(outer))
		edge.Move(fyne.NewPos(s.Width-outer+2, s.Height-outer+2))
		dot.Resize(fyne.NewSquareSize(inner))
		dot.Move(edge.Position().AddXY((outer-inner)/2, (outer-inner)/2))
	}
	d.paint = func() {
		circle.FillColor = AvatarColor(a.name)
		text.Text, text.Color = Initials(a.name), shade(look.OnAvatar)
		text.TextStyle = fyne.TextStyle{Bold: true}
		edge.FillColor = shade(a.ground)
		switch a.dot {
		case DotOn:
			dot.FillColor = shade(look.Good)
		case DotBusy:
			dot.FillColor = shade(look.Warning)
		case DotOff, NoDot:
			dot.FillColor = shade(look.Away)
		}
		showIf(edge, a.dot != NoDot)
		showIf(dot, a.dot != NoDot)
	}
	return draw(d)
}
