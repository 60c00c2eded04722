// Package ui is the desktop program's windows: navigation, shortcuts, the
// window of an incoming call, pictures on screen. What the windows say is
// decided in present, how the screens are built is in view, their parts are in
// widgets, colours and sizes in look, languages in i18n.
//
//	snapshots ──> present.Program ──Model──> UI.Render ──> view.Main, view.Incoming
//	latest.Slot ──Frame──> painter ──RGBA, one swap at a time──> widgets.VideoTile
//
// Goroutines: Program.Run, one painter, and with a map file one that writes it;
// Run waits for all of them. Everything else runs on Fyne's goroutine.
package ui

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	"parley/ui/view"
)

// AppID names the program to the desktop.
const AppID = "org.parley.Parley"

// UI is the windows of the program.
type UI struct {
	deps    Deps
	log     *slog.Logger
	app     fyne.App
	program *present.Program
	painter *painter
	now     func() time.Time

	// Owned by the UI goroutine.
	win      fyne.Window
	main     *view.Main
	rings    fyne.Window // of an incoming call; nil: none
	ring     *view.Incoming
	ringing  string // name that the window shows
	theme    string
	textSize int
	awake    bool
	closing  bool
	shown    bool // the main window is
	screen   present.ScreenID

	stop context.CancelFunc              // ends the goroutines; set by Run
	over atomic.Pointer[context.Context] // ends when the windows do; set by Run
}

// New makes the main window. Call it on the main goroutine.
func New(d Deps) (*UI, error) {
	catalog, err := i18n.Load(assets.Translations())
	if err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	icon := fyne.NewStaticResource("parley.png", assets.AppIcon())
	app.SetMetadata(fyne.AppMetadata{ID: AppID, Name: assets.Branding().Name, Version: d.About.Version, Icon: icon})
	u := &UI{deps: d, log: d.Log, now: d.Now, app: app.NewWithID(AppID)}
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	if u.now == nil {
		u.now = time.Now
	}
	u.painter = newPainter(u.post)
	u.app.SetIcon(icon)
	u.program = present.New(d.Deps, catalog, u.post, u)
	u.dress(d.Settings.Get())
	u.win = u.app.NewWindow(assets.Branding().Name)
	u.win.SetMaster()
	u.win.SetPadded(false)
	u.main = view.NewMain(u.program, u.toggleFullScreen, u.now)
	u.win.SetContent(u.main.Object())
	u.win.Resize(fyne.NewSize(1120, 700))
	u.win.SetCloseIntercept(u.close)
	u.tray()
	u.shortcuts()
	return u, nil
}

// dress puts on the theme of the settings.
func (u *UI) dress(c present.Choices) {
	if u.theme == c.Theme && u.textSize == c.TextSize {
		return
	}
	u.theme, u.textSize = c.Theme, c.TextSize
	variant := map[string]look.Variant{"light": look.Light, "dark": look.Dark}[c.Theme]
	u.app.Settings().SetTheme(look.New(variant, c.TextSize))
}

// Run shows the window and returns when it was closed or ctx ended. Call it on
// the main goroutine. When it returns nothing of the windows runs any more and
// no device is held by them.
func (u *UI) Run(ctx context.Context) error {
	ctx, u.stop = context.WithCancel(ctx)
	defer u.stop()
	u.over.Store(&ctx)
	var wg sync.WaitGroup
	ended := make(chan struct{})
	u.app.Lifecycle().SetOnStarted(func() {
		u.program.Refresh()
		wg.Go(func() { _ = u.program.Run(ctx) })
		wg.Go(func() { u.painter.run(ctx) })
		if u.deps.MapFile != "" {
			wg.Go(func() { u.writeMap(ctx) })
		}
		go func() {
			defer close(ended)
			<-ctx.Done()
			// Everything that posts to the UI goroutine ends before the UI does.
			// The driver's Quit, not the app's: a signal may have ended Fyne's loop
			// already, and then there are no windows left to close.
			wg.Wait()
			fyne.Do(u.app.Driver().Quit)
		}()
	})
	if !u.deps.Background {
		u.show()
	}
	u.app.Run()
	u.closing = true
	u.stop()
	<-ended
	u.program.Close()
	return nil
}

// post runs f on the UI goroutine. When the program ends f is forgotten: Fyne,
// which catches SIGTERM itself, would run it on the caller's goroutine then.
func (u *UI) post(f func()) {
	fyne.Do(func() {
		if ctx := u.over.Load(); ctx == nil || (*ctx).Err() == nil {
			f()
		}
	})
}

// show brings the main window to the front.
func (u *UI) show() {
	u.shown = true
	u.win.Show()
	u.win.RequestFocus()
}

// close puts the window away, and ends the program unless it waits for calls in
// the background.
func (u *UI) close() {
	if u.deps.Background && !u.closing {
		u.shown = false
		u.win.Hide()
		u.program.Withdraw()
		return
	}
	u.quit()
}

// quit ends the program: a call that is up is hung up by its owner.
func (u *UI) quit() {
	if u.closing {
		return
	}
	u.closing = true
	u.win.Hide()
	if u.rings != nil {
		u.rings.Hide()
	}
	u.stop()
}

// Open shows a call link that the desktop opened, or with "" only brings the
// window to the front. Safe for use from any goroutine while Run runs.
func (u *UI) Open(link string) {
	u.post(func() {
		u.show()
		activate(u.win, u.log)
		if link != "" {
			u.program.Home.OpenLink(link)
		}
	})
}

// Render implements present.Screen.
func (u *UI) Render(m present.Model) {
	if u.closing {
		return
	}
	u.dress(present.Choices{Theme: m.Theme, TextSize: m.TextSize})
	if u.win.Title() != m.Title {
		u.win.SetTitle(m.Title)
	}
	if m.Awake != u.awake {
		u.awake = m.Awake
		u.app.Driver().SetDisableScreenBlanking(m.Awake)
	}
	if u.win.FullScreen() && m.Screen != present.ScreenCall {
		u.win.SetFullScreen(false)
	}
	if u.main.Render(m, u.win.FullScreen()) {
		u.entered(m.Screen)
	}
	u.painter.set(u.main.Feeds())
	if m.Screen == present.ScreenCall && !u.shown {
		u.show() // a call was taken, in the window that rang
	}
	u.renderIncoming(m)
}

// entered puts the keyboard where it is expected on another screen.
func (u *UI) entered(screen present.ScreenID) {
	u.screen = screen
	u.win.Canvas().Unfocus()
	if screen == present.ScreenWelcome {
		u.win.Canvas().Focus(u.main.Welcome.First())
	}
}

// Notify implements present.Screen.
func (u *UI) Notify(title, text string) {
	u.app.SendNotification(fyne.NewNotification(title, text))
}

// Copy implements present.Screen.
func (u *UI) Copy(text string) { u.app.Clipboard().SetContent(text) }

// Browse implements present.Screen.
func (u *UI) Browse(address string) error {
	to, err := url.Parse(address)
	if err != nil {
		return err
	}
	if to.Scheme != "https" && to.Scheme != "http" {
		return fmt.Errorf("%s is not a web address", address)
	}
	return u.app.OpenURL(to)
}

const (
	ringSmall = 260
	ringLarge = 640
)

// renderIncoming opens, updates and closes the window of a call that rings.
func (u *UI) renderIncoming(m present.Model) {
	if m.Incoming == nil {
		if u.rings != nil {
			u.rings.Close()
			u.rings, u.ring, u.ringing = nil, nil, ""
		}
		return
	}
	if u.rings != nil {
		if u.ringing != m.Incoming.Name {
			u.ringing = m.Incoming.Name
			u.ring.Reset()
		}
		u.ring.Render(m.Incoming, m.Lang)
		u.rings.SetTitle(m.Lang.T("incoming.notification", "name", m.Incoming.Name))
		return
	}
	w := u.app.NewWindow(m.Lang.T("incoming.notification", "name", m.Incoming.Name))
	u.rings, u.ringing = w, m.Incoming.Name
	u.ring = view.NewIncoming(u.program.Incoming, func(bool) { u.sizeRing() })
	w.SetPadded(false)
	w.SetContent(u.ring.Object())
	u.ring.Render(m.Incoming, m.Lang)
	w.SetCloseIntercept(func() { u.program.Incoming.Decline("") })
	ring := u.ring
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) { ring.Key(e.Name) })
	u.sizeRing()
	w.CenterOnScreen()
	w.Show()
	w.RequestFocus()
	onTop(w, u.log)
}

// sizeRing makes the window as high as its content.
func (u *UI) sizeRing() {
	if u.rings != nil {
		wide := view.RingWidth()
		u.rings.Resize(fyne.NewSize(wide, min(ringLarge, max(ringSmall, u.ring.Height(wide)))))
	}
}

// writeMap keeps the map file up to date until ctx ends.
func (u *UI) writeMap(ctx context.Context) {
	const every = 100 * time.Millisecond
	out := &mapWriter{path: u.deps.MapFile}
	tick := time.NewTicker(every)
	defer tick.Stop()
	content := make(chan MapContent, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		u.post(func() { content <- u.mapContent() })
		select {
		case <-ctx.Done():
			return
		case c := <-content:
			if err := out.write(c); err != nil {
				u.log.Warn("map file", "error", err)
			}
		}
	}
}

func (u *UI) mapContent() MapContent {
	c := MapContent{Screen: screenName(u.screen), Windows: map[string]MapWindow{"main": mapWindow(u.win.Title(), u.win.Canvas())}}
	if u.rings != nil {
		c.Windows["incoming"] = mapWindow(u.rings.Title(), u.rings.Canvas())
	}
	return c
}

func screenName(s present.ScreenID) string {
	return map[present.ScreenID]string{
		present.ScreenWelcome: "welcome", present.ScreenHome: "home", present.ScreenBefore: "before",
		present.ScreenCall: "call", present.ScreenEcho: "echo", present.ScreenSettings: "settings",
	}[s]
}
