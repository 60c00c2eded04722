package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Entry is a line to write in. Beyond Fyne's it hands shortcuts of the window
// on, answers Esc, and counts what it accepts in bytes.
type Entry struct {
	widget.Entry
	ident
	// OnEscape is called for Esc; without it the window gets it.
	OnEscape func()
	// OnArrow is called for up and down in a single line.
	OnArrow func(down bool)
	max     int
}

// NewEntry returns an entry that takes at most maxBytes bytes (0: any number)
// and tells every change.
func NewEntry(maxBytes int, changed func(string), submitted func(string)) *Entry {
	e := &Entry{max: maxBytes}
	e.ExtendBaseWidget(e)
	e.Wrapping = fyne.TextWrapOff
	e.Scroll = fyne.ScrollHorizontalOnly
	e.OnChanged = func(s string) {
		if e.max > 0 && len(s) > e.max {
			e.SetText(clip(s, e.max))
			return
		}
		if changed != nil {
			changed(s)
		}
	}
	e.OnSubmitted = submitted
	return e
}

// clip cuts s to at most n bytes at a rune's edge.
func clip(s string, n int) string {
	for i := range s {
		if i > n {
			break
		}
		if next := i + len(string([]rune(s[i:])[0])); next > n {
			return s[:i]
		}
	}
	if len(s) > n {
		return s[:n]
	}
	return s
}

// Hint changes the words that show while it is empty.
func (e *Entry) Hint(text string) {
	if e.PlaceHolder != text {
		e.SetPlaceHolder(text)
	}
}

// Put changes the text without telling.
func (e *Entry) Put(text string) {
	if e.Text == text {
		return
	}
	tell := e.OnChanged
	e.OnChanged = nil
	e.SetText(text)
	e.OnChanged = tell
}

// Words implements Worded.
func (e *Entry) Words() string { return e.Text }

// Condition implements Conditioned.
func (e *Entry) Condition() string {
	if e.Disabled() {
		return "disabled"
	}
	return ""
}

// TypedKey implements fyne.Focusable.
func (e *Entry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyEscape && e.OnEscape != nil:
		e.OnEscape()
	case k.Name == fyne.KeyEscape || k.Name == fyne.KeyF11:
		toWindow(e, k)
	case (k.Name == fyne.KeyUp || k.Name == fyne.KeyDown) && e.OnArrow != nil:
		e.OnArrow(k.Name == fyne.KeyDown)
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut implements fyne.Shortcutable: what is not for text goes to the
// window.
func (e *Entry) TypedShortcut(s fyne.Shortcut) {
	if c, custom := s.(*desktop.CustomShortcut); custom && !editing(c.KeyName) {
		cv := fyne.CurrentApp().Driver().CanvasForObject(e)
		if h, ok := cv.(interface{ TypedShortcut(fyne.Shortcut) }); ok {
			h.TypedShortcut(s)
			return
		}
	}
	e.Entry.TypedShortcut(s)
}

// editing says whether a key with a modifier moves or deletes in a text.
func editing(k fyne.KeyName) bool {
	switch k {
	case fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyBackspace, fyne.KeyDelete:
		return true
	}
	return false
}
