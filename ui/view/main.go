package view

import (
	"time"

	"fyne.io/fyne/v2"

	"parley/ui/present"
	w "parley/ui/widgets"
)

// Main is the content of the main window: every screen, of which one shows,
// and the layer of tips above them.
type Main struct {
	Tips     *w.Tips
	Welcome  *Welcome
	Home     *Home
	Before   *Before
	Call     *Call
	Echo     *Echo
	Settings *Settings

	root    *fyne.Container
	screens map[present.ScreenID]fyne.CanvasObject
	current present.ScreenID
}

// NewMain returns the content; fullScreen turns the whole screen on and off.
func NewMain(p *present.Program, fullScreen func(), now func() time.Time) *Main {
	tips := w.NewTips()
	m := &Main{
		Tips:     tips,
		Welcome:  NewWelcome(p.Welcome),
		Home:     NewHome(p.Home, func() { p.Settings.Open(present.PageAccount) }, tips),
		Before:   NewBefore(p.Before, tips),
		Call:     NewCall(p.Call, fullScreen, tips, now),
		Echo:     NewEcho(p.Echo),
		Settings: NewSettings(p.Settings, tips),
	}
	m.screens = map[present.ScreenID]fyne.CanvasObject{
		present.ScreenWelcome: m.Welcome.Object(), present.ScreenHome: m.Home.Object(), present.ScreenBefore: m.Before.Object(),
		present.ScreenCall: m.Call.Object(), present.ScreenEcho: m.Echo.Object(), present.ScreenSettings: m.Settings.Object(),
	}
	var all []fyne.CanvasObject // the window itself has the colour of the ground
	for id := present.ScreenWelcome; id <= present.ScreenSettings; id++ {
		m.screens[id].Hide()
		all = append(all, m.screens[id])
	}
	m.root = w.Free(fyne.NewSize(320, 240), func(s fyne.Size) {
		for _, o := range m.root.Objects {
			if o.Visible() {
				o.Resize(s)
				o.Move(fyne.Position{})
			}
		}
	}, append(all, tips)...)
	return m
}

// Object returns the content.
func (m *Main) Object() fyne.CanvasObject { return m.root }

// Current is the screen that shows.
func (m *Main) Current() present.ScreenID { return m.current }

// Render shows a model; full says whether the window fills the screen. It
// returns whether another screen shows than before.
func (m *Main) Render(model present.Model, full bool) (changed bool) {
	if model.Screen != m.current {
		changed = true
		m.Tips.HideFor(nil)
		if old := m.screens[m.current]; old != nil {
			old.Hide()
		}
		m.current = model.Screen
		if m.current == present.ScreenCall {
			m.Call.Reset()
		}
		m.screens[m.current].Show()
		w.Relayout(m.root)
	}
	switch m.current {
	case present.ScreenWelcome:
		m.Welcome.Render(model.Welcome, model.Lang)
	case present.ScreenHome:
		m.Home.Render(model.Home, model.Lang)
	case present.ScreenBefore:
		m.Before.Render(model.Before, model.Lang)
	case present.ScreenCall:
		m.Call.Render(model.Call, model.Lang, full)
	case present.ScreenEcho:
		m.Echo.Render(model.Echo, model.Lang)
	case present.ScreenSettings:
		m.Settings.Render(model.Settings, model.Lang)
	}
	m.Tips.Follow()
	return changed
}

// Feeds says which pictures go into which tiles of the screen that shows.
func (m *Main) Feeds() []Feed {
	switch m.current {
	case present.ScreenHome:
		return m.Home.Feeds()
	case present.ScreenBefore:
		return m.Before.Feeds()
	case present.ScreenCall:
		return m.Call.Feeds()
	case present.ScreenEcho:
		return m.Echo.Feeds()
	case present.ScreenSettings:
		return m.Settings.Feeds()
	}
	return nil
}
