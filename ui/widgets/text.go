package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// Style is how a text is set; the zero value is body text.
type Style struct {
	Color fyne.ThemeColorName // "": look.Text
	Size  fyne.ThemeSizeName  // "": look.SizeText
	Bold  bool
	Align Align
}

func (s Style) color() fyne.ThemeColorName {
	if s.Color == "" {
		return look.Text
	}
	return s.Color
}

func (s Style) size() float32 {
	if s.Size == "" {
		return theme.Size(look.SizeText)
	}
	return theme.Size(s.Size)
}

func (s Style) style() fyne.TextStyle { return fyne.TextStyle{Bold: s.Bold} }

func (s Style) measure(text string) fyne.Size { return fyne.MeasureText(text, s.size(), s.style()) }

func newText(s Style) *canvas.Text {
	t := canvas.NewText("", nil)
	applyText(t, s)
	return t
}

func applyText(t *canvas.Text, s Style) {
	t.Color, t.TextSize, t.TextStyle = shade(s.color()), s.size(), s.style()
}

// shorten cuts text at the end with an ellipsis so that it fits width.
func shorten(text string, s Style, width float32) string {
	if text == "" || s.measure(text).Width <= width+0.5 {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if s.measure(strings.TrimRight(string(runes[:mid]), " ")+"…").Width <= width+0.5 {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// Line is one line of text. What does not fit ends in an ellipsis: only for
// names and addresses, whose length nobody knows; sentences are Paragraphs.
type Line struct {
	widget.BaseWidget
	ident
	style  Style
	text   string
	shrink bool
}

// NewLine returns a line that needs its full width.
func NewLine(s Style, text string) *Line {
	l := &Line{style: s, text: text}
	l.ExtendBaseWidget(l)
	return l
}

// NewName returns a line that may be cut short.
func NewName(s Style, text string) *Line {
	l := NewLine(s, text)
	l.shrink = true
	return l
}

// Set changes the text.
func (l *Line) Set(text string) {
	if l.text == text {
		return
	}
	l.text = text
	l.Refresh()
}

// SetStyle changes how it is set.
func (l *Line) SetStyle(s Style) {
	if l.style == s {
		return
	}
	l.style = s
	l.Refresh()
}

// Words implements Worded.
func (l *Line) Words() string { return l.text }

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	t := newText(l.style)
	layout := func(s fyne.Size) {
		t.Text = shorten(l.text, l.style, s.Width)
		m := l.style.measure(t.Text)
		t.Resize(m)
		t.Move(fyne.NewPos(l.style.Align.of(max(0, s.Width-m.Width)), (s.Height-m.Height)/2))
	}
	return draw(&drawing{
		owner: l, objects: []fyne.CanvasObject{t}, layout: layout,
		min: func() fyne.Size {
			m := l.style.measure(l.text)
			if l.shrink {
				m.Width = min(m.Width, scaled(48))
			}
			return m
		},
		paint: func() { applyText(t, l.style); layout(l.Size()) },
	})
}

// Paragraph is text that wraps at words.
type Paragraph struct {
	widget.BaseWidget
	ident
	style Style
	text  string
	width float32 // of the last layout
}

// NewParagraph returns text that wraps.
func NewParagraph(s Style, text string) *Paragraph {
	p := &Paragraph{style: s, text: text}
	p.ExtendBaseWidget(p)
	return p
}

// Set changes the text.
func (p *Paragraph) Set(text string) {
	if p.text == text {
		return
	}
	p.text = text
	p.Refresh()
}

// SetStyle changes how it is set.
func (p *Paragraph) SetStyle(s Style) {
	if p.style == s {
		return
	}
	p.style = s
	p.Refresh()
}

// Words implements Worded.
func (p *Paragraph) Words() string { return p.text }

// HeightFor implements flow.
func (p *Paragraph) HeightFor(width float32) float32 {
	if p.text == "" {
		return 0
	}
	return float32(len(wrapText(p.text, p.style, width))) * p.style.measure("M").Height
}

// Widest returns the width of the longest line when at most width is there.
func (p *Paragraph) Widest(width float32) (w float32) {
	for _, l := range wrapText(p.text, p.style, width) {
		w = max(w, p.style.measure(l).Width)
	}
	return w
}

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	d := &drawing{owner: p}
	d.layout = func(s fyne.Size) {
		p.width = s.Width
		lines := wrapText(p.text, p.style, s.Width)
		high := p.style.measure("M").Height
		for len(d.objects) < len(lines) {
			d.objects = append(d.objects, newText(p.style))
		}
		d.objects = d.objects[:len(lines)]
		for i, l := range lines {
			t := d.objects[i].(*canvas.Text)
			applyText(t, p.style)
			t.Text = l
			m := p.style.measure(l)
			t.Resize(m)
			t.Move(fyne.NewPos(p.style.Align.of(max(0, s.Width-m.Width)), float32(i)*high))
		}
	}
	d.paint = func() { d.layout(p.Size()) }
	d.min = func() fyne.Size {
		least := p.style.measure("Mindestens").Width
		if full := p.style.measure(p.text).Width; full < least {
			least = full
		}
		return fyne.NewSize(least, p.HeightFor(max(p.width, least)))
	}
	return draw(d)
}

// wrapText breaks text at spaces, and inside a word that is wider than a line.
func wrapText(text string, s Style, width float32) (lines []string) {
	if text == "" {
		return nil
	}
	width = max(width, s.measure("W").Width) // before the first layout there is none
	for _, para := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(para) {
			next := word
			if line != "" {
				next = line + " " + word
			}
			if s.measure(next).Width <= width+0.5 {
				line = next
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for len(word) > 0 && s.measure(word).Width > width+0.5 {
				head := breakWord(word, s, width)
				lines = append(lines, head)
				word = word[len(head):]
			}
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// breakWord returns the longest beginning of word that fits, at least a rune.
func breakWord(word string, s Style, width float32) string {
	runes := []rune(word)
	low, high := 1, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if s.measure(string(runes[:mid])).Width <= width+0.5 {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low])
}
