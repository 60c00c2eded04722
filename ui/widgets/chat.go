package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// BubbleState is one line of chat.
type BubbleState struct {
	ID   string
	Text string
	Note string // time and how far it got
	Mine bool
	Bad  bool // could not be delivered
}

// bubble draws one line of chat.
type bubble struct {
	widget.BaseWidget
	ident
	s    BubbleState
	copy string // words of the menu entry
}

func newBubble() *bubble {
	b := &bubble{}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bubble) set(s BubbleState, copyWords string) {
	b.copy = copyWords
	if b.s == s {
		return
	}
	b.s = s
	b.Refresh()
}

// Words implements Worded.
func (b *bubble) Words() string { return b.s.Text + "\n" + b.s.Note }

// TappedSecondary offers to copy the text.
func (b *bubble) TappedSecondary(e *fyne.PointEvent) {
	cv := fyne.CurrentApp().Driver().CanvasForObject(b)
	if cv == nil {
		return
	}
	menu := fyne.NewMenu("", fyne.NewMenuItem(b.copy, func() { fyne.CurrentApp().Clipboard().SetContent(b.s.Text) }))
	widget.ShowPopUpMenuAtPosition(menu, cv, e.AbsolutePosition)
}

func (b *bubble) styles() (text, note Style) {
	text, note = Style{}, Style{Color: look.Dim, Size: look.SizeTiny}
	if b.s.Mine {
		text.Color, note.Color = look.OnAccent, look.OnAccent
	}
	return text, note
}

// inner returns the size of the bubble when at most width is there.
func (b *bubble) inner(width float32) (lines []string, s fyne.Size) {
	text, note := b.styles()
	room := min(width, max(scaled(236), width*0.74)) - 2*look.S12
	lines = wrapText(b.s.Text, text, room)
	for _, l := range lines {
		s.Width = max(s.Width, text.measure(l).Width)
	}
	nm := note.measure(b.s.Note)
	s.Width = max(s.Width, min(nm.Width, room)) + 2*look.S12
	s.Height = float32(len(lines))*text.measure("M").Height + nm.Height + look.S16
	return lines, s
}

// HeightFor implements flow.
func (b *bubble) HeightFor(width float32) float32 {
	_, s := b.inner(width)
	return s.Height
}

// CreateRenderer implements fyne.Widget.
func (b *bubble) CreateRenderer() fyne.WidgetRenderer {
	back, note := box(look.RadiusCard), canvas.NewText("", nil)
	d := &drawing{owner: b}
	d.min = func() fyne.Size {
		w := max(scaled(120), b.Size().Width)
		return fyne.NewSize(scaled(120), b.HeightFor(w))
	}
	d.layout = func(s fyne.Size) {
		text, noteStyle := b.styles()
		lines, in := b.inner(s.Width)
		x := float32(0)
		if b.s.Mine {
			x = s.Width - in.Width
		}
		back.Resize(in)
		back.Move(fyne.NewPos(x, 0))
		d.objects = append(d.objects[:0], back, note)
		high := text.measure("M").Height
		for i, l := range lines {
			t := newText(text)
			t.Text = l
			t.Resize(text.measure(l))
			t.Move(fyne.NewPos(x+look.S12, look.S8+float32(i)*high))
			d.objects = append(d.objects, t)
		}
		note.Text = shorten(b.s.Note, noteStyle, in.Width-2*look.S12)
		note.Resize(noteStyle.measure(note.Text))
		note.Move(fyne.NewPos(x+look.S12, look.S8+float32(len(lines))*high))
	}
	d.paint = func() {
		_, noteStyle := b.styles()
		applyText(note, noteStyle)
		back.FillColor, back.StrokeWidth = shade(look.Background), 0
		if b.s.Mine {
			back.FillColor = shade(look.Accent)
		}
		if b.s.Bad {
			back.StrokeColor, back.StrokeWidth = shade(look.Bad), 2
		}
	}
	d.objects = []fyne.CanvasObject{back, note}
	return draw(d)
}

// ChatList shows lines of chat, the newest at the bottom, and stays there
// unless the person has scrolled away.
type ChatList struct {
	root    *fyne.Container
	scroll  *container.Scroll
	column  *fyne.Container
	empty   *Paragraph
	bubbles []*bubble
}

// NewChatList returns an empty list.
func NewChatList() *ChatList {
	l := &ChatList{column: Column(10), empty: NewParagraph(Style{Color: look.Dim, Align: Middle}, "")}
	l.column.Add(l.empty)
	l.root, l.scroll = Scroll(80, Inset(look.S16, l.column))
	return l
}

// Object returns what to put into the window.
func (l *ChatList) Object() fyne.CanvasObject { return l.root }

// Set shows the lines. empty stands there while there is none.
func (l *ChatList) Set(lines []BubbleState, empty, copyWords string) {
	bottom := l.scroll.Offset.Y >= l.scroll.Content.MinSize().Height-l.scroll.Size().Height-look.S32
	changed := len(lines) != len(l.bubbles)
	for len(l.bubbles) < len(lines) {
		b := newBubble()
		l.bubbles = append(l.bubbles, b)
		l.column.Objects = append(l.column.Objects, b)
	}
	if len(l.bubbles) > len(lines) {
		l.bubbles = l.bubbles[:len(lines)]
		l.column.Objects = l.column.Objects[:len(lines)+1]
	}
	for i, s := range lines {
		changed = changed || l.bubbles[i].s.Text != s.Text
		l.bubbles[i].SetID("chat.line." + s.ID)
		l.bubbles[i].set(s, copyWords)
	}
	l.empty.Set(empty)
	showIf(l.empty, len(lines) == 0)
	if !changed {
		return
	}
	l.column.Refresh()
	l.root.Layout.Layout(l.root.Objects, l.root.Size())
	if bottom {
		l.scroll.ScrollToBottom()
	}
}
