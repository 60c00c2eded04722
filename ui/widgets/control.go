package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// control is what everything that can be pressed has in common: mouse,
// keyboard, focus, being disabled, a tip.
type control struct {
	widget.BaseWidget
	ident
	self     fyne.CanvasObject
	onTap    func()
	tips     *Tips
	tip      string
	hovered  bool
	focused  bool
	disabled bool
}

func (c *control) extend(self fyne.Widget, tap func()) {
	c.self, c.onTap = self, tap
	c.ExtendBaseWidget(self)
}

// SetTip gives the control words that show under the mouse or the focus.
func (c *control) SetTip(t *Tips, text string) {
	c.tips = t
	if c.tip == text {
		return
	}
	c.tip = text
	if c.hovered || c.focused {
		c.showTip()
	}
}

func (c *control) showTip() {
	if c.tips != nil && c.tip != "" {
		c.tips.ShowFor(c.self, c.tip)
	}
}

func (c *control) hideTip() {
	if c.tips != nil && !c.hovered && !c.focused {
		c.tips.HideFor(c.self)
	}
}

// Press does what a click does.
func (c *control) Press() {
	if !c.disabled && c.onTap != nil {
		c.onTap()
	}
}

// OnPress changes what a click does.
func (c *control) OnPress(f func()) { c.onTap = f }

// Tapped implements fyne.Tappable.
func (c *control) Tapped(*fyne.PointEvent) { c.Press() }

// SetDisabled makes the control grey and deaf.
func (c *control) SetDisabled(v bool) {
	if c.disabled == v {
		return
	}
	c.disabled = v
	c.Refresh()
}

// Enable implements fyne.Disableable.
func (c *control) Enable() { c.SetDisabled(false) }

// Disable implements fyne.Disableable.
func (c *control) Disable() { c.SetDisabled(true) }

// Disabled implements fyne.Disableable.
func (c *control) Disabled() bool { return c.disabled }

// FocusGained implements fyne.Focusable.
func (c *control) FocusGained() {
	c.focused = true
	c.Refresh()
	c.showTip()
}

// FocusLost implements fyne.Focusable.
func (c *control) FocusLost() {
	c.focused = false
	c.Refresh()
	c.hideTip()
}

// TypedRune implements fyne.Focusable.
func (c *control) TypedRune(rune) {}

// TypedKey implements fyne.Focusable: space and enter press.
func (c *control) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		c.Press()
	case fyne.KeyEscape, fyne.KeyF11:
		toWindow(c.self, e)
	}
}

// toWindow gives a key to the window: Esc belongs to what is on top, not to the
// control that has the focus.
func toWindow(o fyne.CanvasObject, e *fyne.KeyEvent) {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(o); cv != nil {
		if f := cv.OnTypedKey(); f != nil {
			f(e)
		}
	}
}

// MouseIn implements desktop.Hoverable.
func (c *control) MouseIn(*desktop.MouseEvent) {
	c.hovered = true
	c.Refresh()
	c.showTip()
}

// MouseMoved implements desktop.Hoverable.
func (c *control) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (c *control) MouseOut() {
	c.hovered = false
	c.Refresh()
	c.hideTip()
}

// Cursor implements desktop.Cursorable.
func (c *control) Cursor() desktop.Cursor {
	if c.disabled {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// Condition implements Conditioned.
func (c *control) Condition() string {
	if c.disabled {
		return "disabled"
	}
	return ""
}

// moveFocus answers the arrow keys inside lists and bars.
func (c *control) moveFocus(back bool) {
	cv := fyne.CurrentApp().Driver().CanvasForObject(c.self)
	if cv == nil {
		return
	}
	if back {
		cv.FocusPrevious()
	} else {
		cv.FocusNext()
	}
}

// Hovered reports whether the mouse is on the control.
func (c *control) Hovered() bool { return c.hovered }

// HasFocus reports whether the keyboard is on the control.
func (c *control) HasFocus() bool { return c.focused }
