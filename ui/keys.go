package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"parley/ui/present"
)

// shortcuts gives the main window its keys: those of the list in the settings.
func (u *UI) shortcuts() {
	c := u.win.Canvas()
	const ctrl, shift = fyne.KeyModifierShortcutDefault, fyne.KeyModifierShift
	add := func(key fyne.KeyName, mod fyne.KeyModifier, do func()) {
		c.AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: mod}, func(fyne.Shortcut) {
			u.main.Call.Wake()
			do()
		})
	}
	add(fyne.KeyD, ctrl, u.microphone)
	add(fyne.KeyE, ctrl, u.camera)
	add(fyne.KeyC, ctrl|shift, u.chat)
	add(fyne.KeyH, ctrl|shift, u.program.Call.Hangup)
	add(fyne.KeyQ, ctrl, u.quit)
	add(fyne.KeyK, ctrl, func() {
		if u.screen == present.ScreenHome {
			search := u.main.Home.Search()
			c.Focus(search)
			if s, ok := search.(fyne.Shortcutable); ok { // what is typed next takes the place of what is there
				s.TypedShortcut(&fyne.ShortcutSelectAll{})
			}
		}
	})
	c.SetOnTypedKey(u.key)
	c.SetOnTypedRune(func(r rune) {
		// Typing on Home looks for somebody.
		if u.screen == present.ScreenHome && r > ' ' {
			c.Focus(u.main.Home.Search())
			u.main.Home.Search().TypedRune(r)
		}
	})
	if d, ok := c.(desktop.Canvas); ok {
		d.SetOnKeyDown(func(e *fyne.KeyEvent) {
			// Before Tab looks for the next control, so that it finds the bar.
			u.main.Call.Wake()
			if e.Name == fyne.KeySpace {
				u.program.Call.PushToTalk(true)
			}
		})
		d.SetOnKeyUp(func(e *fyne.KeyEvent) {
			if e.Name == fyne.KeySpace {
				u.program.Call.PushToTalk(false)
			}
		})
	}
}

// key gets what no control took.
func (u *UI) key(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyF11:
		if u.screen == present.ScreenCall {
			u.toggleFullScreen()
		}
	case fyne.KeyEscape:
		u.escape()
	case fyne.KeyReturn, fyne.KeyEnter:
		if u.screen == present.ScreenBefore {
			u.program.Before.Call()
		}
	}
}

// escape closes what is on top, never the call.
func (u *UI) escape() {
	switch u.screen {
	case present.ScreenBefore:
		u.program.Before.Cancel()
	case present.ScreenEcho:
		u.program.Echo.Cancel()
	case present.ScreenSettings:
		u.program.Settings.Close()
	case present.ScreenHome:
		if !u.main.Home.Back() {
			u.program.Home.Dismiss()
		}
	case present.ScreenCall:
		switch {
		case u.program.Call.ClosePanel():
			u.win.Canvas().Unfocus()
		case u.win.Canvas().Focused() != nil:
			u.win.Canvas().Unfocus()
		case u.win.FullScreen():
			u.toggleFullScreen()
		}
	}
}

func (u *UI) microphone() {
	switch u.screen {
	case present.ScreenCall:
		u.program.Call.ToggleMicrophone()
	case present.ScreenBefore:
		u.program.Before.ToggleMicrophone()
	}
}

func (u *UI) camera() {
	switch u.screen {
	case present.ScreenCall:
		u.program.Call.ToggleCamera()
	case present.ScreenBefore:
		u.program.Before.ToggleCamera()
	}
}

// chat opens the chat and puts the keyboard into it.
func (u *UI) chat() {
	if u.screen != present.ScreenCall {
		return
	}
	u.program.Call.ToggleChat()
	if e := u.main.Call.Entry(); e.(fyne.CanvasObject).Visible() && u.main.Call.ChatOpen() {
		u.win.Canvas().Focus(e)
	} else {
		u.win.Canvas().Unfocus()
	}
}

func (u *UI) toggleFullScreen() {
	u.win.SetFullScreen(!u.win.FullScreen())
	u.program.Refresh()
}
