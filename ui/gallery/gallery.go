// Package gallery draws every screen in every state that a person can meet,
// with made-up people and a drawn picture, through Fyne's software renderer:
// for looking at, and for tests that nothing is cut off. It goes through the
// real presenters and views; only what they ask is a stand-in.
package gallery

import (
	"fmt"
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	"parley/ui/present/presenttest"
	"parley/ui/view"
	"parley/ui/widgets"
)

// Scene is one state of one screen.
type Scene struct {
	Name  string
	Rules present.Rules
	Ring  bool // the window of an incoming call
	Setup func(b *Bench)
}

// Bench is what a scene sets up.
type Bench struct {
	Now       time.Time
	Phone     *presenttest.Phone
	Media     *presenttest.Media
	Directory *presenttest.Directory
	Account   *presenttest.Account
	Settings  *presenttest.Settings
	Echo      *presenttest.EchoTest
	AtLogin   *presenttest.AtLogin
	Program   *present.Program
	Main      *view.Main
	Ring      *view.Incoming
	Canvas    fyne.Canvas
	NoPicture bool // nothing has arrived yet

	posted chan func() // what the presenters want to do on the UI goroutine
	model  present.Model
}

// Settle waits for what a presenter does off the UI goroutine, until ready.
func (b *Bench) Settle(ready func(m present.Model) bool) {
	b.Program.Refresh()
	for !ready(b.model) {
		(<-b.posted)()
		b.Program.Refresh()
	}
}

// Notify implements present.Screen.
func (b *Bench) Notify(string, string) {}

// Copy implements present.Screen.
func (b *Bench) Copy(string) {}

// Browse implements present.Screen.
func (b *Bench) Browse(string) error { return nil }

// Render implements present.Screen.
func (b *Bench) Render(m present.Model) {
	b.model = m
	b.Main.Render(m, false)
	if m.Incoming != nil {
		b.Ring.Render(m.Incoming, m.Lang)
	}
	if b.NoPicture {
		return
	}
	for _, f := range b.Main.Feeds() {
		if !f.Tile.HasPicture() { // Shoot paints a better one
			f.Tile.SetPicture(Portrait(1, 1, f.Mirror))
		}
	}
}

// Options say how a scene is drawn.
type Options struct {
	Lang     string
	Dark     bool
	Width    float32
	Height   float32
	TextSize int // percent; 0: 100
}

// Studio draws scenes. There can be one at a time: Fyne has one current app.
type Studio struct {
	app      fyne.App
	catalog  *i18n.Catalog
	variant  look.Variant
	textSize int
}

// NewStudio loads the languages.
func NewStudio() (*Studio, error) {
	catalog, err := i18n.Load(assets.Translations())
	if err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	return &Studio{app: test.NewApp(), catalog: catalog}, nil
}

// dress changes the theme if it has to: Fyne reads its fonts anew each time.
func (s *Studio) dress(v look.Variant, textSize int) {
	if s.variant != v || s.textSize != textSize {
		s.variant, s.textSize = v, textSize
		s.app.Settings().SetTheme(look.New(v, textSize))
	}
}

// Shoot draws a scene.
func (s *Studio) Shoot(scene Scene, o Options) image.Image {
	b := s.Stage(scene, o)
	defer b.Program.Close()
	if !b.NoPicture {
		for _, f := range b.Main.Feeds() {
			if w, h := f.Tile.Pixels(); w > 0 {
				f.Tile.SetPicture(Portrait(w, h, f.Mirror))
			}
		}
	}
	return b.Canvas.Capture()
}

// Stage sets up a scene on a canvas without drawing it.
func (s *Studio) Stage(scene Scene, o Options) *Bench {
	if o.TextSize == 0 {
		o.TextSize = 100
	}
	variant := look.Light
	if o.Dark {
		variant = look.Dark
	}
	s.dress(variant, o.TextSize)
	b := NewBench(o)
	b.posted = make(chan func(), 64)
	b.Program = present.New(present.Deps{
		Phone: b.Phone, Media: b.Media, Directory: b.Directory, Account: b.Account, Host: "studio", Settings: b.Settings, Echo: b.Echo, Recordings: &presenttest.Recordings{},
		Rules: scene.Rules, AtLogin: b.AtLogin,
		About: present.About{Version: "1.0.0", Commit: "4f1c2ab90d3e", Date: "2026-05-14"},
		Now:   func() time.Time { return b.Now }, Language: o.Lang,
	}, s.catalog, func(f func()) { b.posted <- f }, b)
	b.Main = view.NewMain(b.Program, func() {}, func() time.Time { return b.Now })
	b.Ring = view.NewIncoming(b.Program.Incoming, func(bool) {})
	canvas := software.NewCanvas()
	canvas.SetPadded(false)
	if scene.Ring {
		canvas.SetContent(widgets.Stack(b.Ring.Object()))
	} else {
		canvas.SetContent(b.Main.Object())
	}
	canvas.Resize(fyne.NewSize(o.Width, o.Height))
	b.Canvas = canvas
	if scene.Setup != nil {
		scene.Setup(b)
	}
	// Twice: what depends on a width is right from the second time on, as in a
	// window that has been on screen for a moment.
	b.Program.Refresh()
	if scene.Ring {
		canvas.Resize(fyne.NewSize(view.RingWidth(), max(260, b.Ring.Height(view.RingWidth()))))
	}
	b.Program.Refresh()
	return b
}
