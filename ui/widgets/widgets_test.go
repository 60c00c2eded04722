package widgets

import (
	"flag"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"parley/assets"
	"parley/ui/look"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stage shows o in a window of the given size, in the light theme.
func stage(t *testing.T, o fyne.CanvasObject, w, h float32) fyne.Window {
	t.Helper()
	app := test.NewApp()
	t.Cleanup(app.Quit)
	app.Settings().SetTheme(look.New(look.Light, 100))
	win := app.NewWindow("test")
	win.SetPadded(false)
	win.SetContent(o)
	win.Resize(fyne.NewSize(w, h))
	return win
}

// golden compares how o is drawn with testdata/name.xml.
func golden(t *testing.T, name string, win fyne.Window) {
	t.Helper()
	got := test.RenderToMarkup(win.Canvas())
	file := filepath.Join("testdata", name+".xml")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s is drawn differently:\n%s\nwant:\n%s", name, got, want)
	}
}

func TestGoldens(t *testing.T) {
	nothing := func() {}
	picker := func() *Picker {
		p := NewPicker(func(string) {})
		p.Set("Camera", []Option{{"a", "Front"}, {"b", "Back"}}, "b", "")
		return p
	}
	tile := func() *VideoTile {
		v := NewVideoTile(look.RadiusCard)
		v.SetPerson("Maya Brandt", "The camera is off")
		return v
	}
	pictured := func() *VideoTile {
		v := tile()
		v.SetPicture(image.NewRGBA(image.Rect(0, 0, 4, 4)))
		v.SetDimmed(true)
		v.SetEdge(look.Accent, 3)
		return v
	}
	row := func(s PersonRowState) *PersonRow {
		r := NewPersonRow(nothing, NewIconButton(assets.IconCam, nothing))
		r.Set(s)
		return r
	}
	toggle := func(on bool) *Toggle {
		g := NewToggle(func(bool) {})
		g.Set(on, "Start muted", "Calls begin muted.")
		return g
	}
	pill := func(s PillState) *Pill {
		p := NewPill()
		p.Set(s)
		return p
	}
	meter := func() *LevelMeter {
		m := NewLevelMeter()
		m.Set(0.5)
		return m
	}
	banner := func() fyne.CanvasObject {
		b := NewBanner("b")
		b.Set(BannerBad, "The service does not answer.", NewTips(), "Close", nothing, BannerAction{"x", "Try now", nothing})
		return b.Object()
	}
	chat := func() fyne.CanvasObject {
		l := NewChatList()
		l.Set([]BubbleState{{ID: "1", Text: "Hello", Note: "10:41"}, {ID: "2", Text: "Hi there", Note: "10:42 · sent", Mine: true, Bad: true}}, "", "Copy")
		return l.Object()
	}
	nav := func() *NavRow {
		r := NewNavRow(assets.IconPhone, nothing)
		r.Set("Calls", true)
		return r
	}
	progress := func() *ProgressBar {
		p := NewProgressBar()
		p.Set(0.25)
		return p
	}
	keys := func() *KeyRow {
		k := NewKeyRow()
		k.Set("Ctrl+K", "Find a person")
		return k
	}
	for _, c := range []struct {
		name string
		make func() fyne.CanvasObject
		w, h float32
	}{
		{"button-plain", func() fyne.CanvasObject { return NewButton(Plain, "", "Cancel", nothing) }, 120, 40},
		{"button-primary", func() fyne.CanvasObject { return NewButton(Primary, assets.IconCam, "Video call", nothing) }, 160, 40},
		{"button-danger", func() fyne.CanvasObject { return NewButton(Danger, assets.IconEnd, "Decline", nothing) }, 160, 40},
		{"button-link", func() fyne.CanvasObject { return NewButton(Link, "", "Play a sound", nothing) }, 160, 28},
		{"button-disabled", func() fyne.CanvasObject {
			b := NewButton(Primary, "", "Call", nothing)
			b.Disable()
			return b
		}, 120, 40},
		{"icon-button", func() fyne.CanvasObject { return NewIconButton(assets.IconClose, nothing) }, 32, 32},
		{"call-button", func() fyne.CanvasObject { return NewCallButton(assets.IconMic, CallPlain, nothing) }, 48, 48},
		{"call-button-off", func() fyne.CanvasObject { return NewCallButton(assets.IconMicOff, CallOff, nothing) }, 48, 48},
		{"call-button-on", func() fyne.CanvasObject { return NewCallButton(assets.IconChat, CallOn, nothing) }, 48, 48},
		{"call-button-opening", func() fyne.CanvasObject { return NewCallButton(assets.IconCam, CallOpening, nothing) }, 48, 48},
		{"call-button-end", func() fyne.CanvasObject { return NewCallButton(assets.IconEnd, CallEnd, nothing) }, 64, 48},
		{"bar", func() fyne.CanvasObject {
			return Bar(NewCallButton(assets.IconMic, CallPlain, nothing), NewCallButton(assets.IconEnd, CallEnd, nothing))
		}, 144, 68},
		{"avatar", func() fyne.CanvasObject {
			a := NewAvatar("Maya Brandt", 40)
			a.Set("Maya Brandt", DotOn, look.Panel)
			return a
		}, 40, 40},
		{"person-row", func() fyne.CanvasObject {
			return row(PersonRowState{Name: "Maya Brandt", Note: "Available", Dot: DotOn})
		}, 288, 56},
		{"person-row-missed", func() fyne.CanvasObject {
			return row(PersonRowState{Name: "A name that is far too long for a row of this width", Note: "Missed", Alarm: true, Selected: true, Mark: assets.IconIncoming})
		}, 288, 56},
		{"pill", func() fyne.CanvasObject { return pill(PillState{Strong: "Maya Brandt", Text: "12:46"}) }, 170, 32},
		{"pill-dot", func() fyne.CanvasObject { return pill(PillState{Text: "Good connection", Dot: look.StageGood}) }, 170, 32},
		{"picker", func() fyne.CanvasObject { return picker() }, 240, 60},
		{"entry", func() fyne.CanvasObject {
			e := NewEntry(0, nil, nil)
			e.Hint("Search")
			return Framed(e)
		}, 240, 40},
		{"toggle-on", func() fyne.CanvasObject { return toggle(true) }, 320, 56},
		{"toggle-off", func() fyne.CanvasObject { return toggle(false) }, 320, 56},
		{"toggle-disabled", func() fyne.CanvasObject { t := toggle(false); t.SetDisabled(true); return t }, 320, 56},
		{"meter", func() fyne.CanvasObject { return meter() }, 140, 14},
		{"tile", func() fyne.CanvasObject { return tile() }, 320, 180},
		{"tile-picture", func() fyne.CanvasObject { return pictured() }, 320, 180},
		{"banner", banner, 400, 90},
		{"chat", chat, 320, 200},
		{"nav-row", func() fyne.CanvasObject { return nav() }, 200, 40},
		{"key-row", func() fyne.CanvasObject { return keys() }, 260, 28},
		{"progress", func() fyne.CanvasObject { return progress() }, 200, 4},
		{"paragraph", func() fyne.CanvasObject { return NewParagraph(Style{}, "Two lines of text in a narrow place") }, 140, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			app := test.NewApp()
			app.Settings().SetTheme(look.New(look.Light, 100))
			golden(t, c.name, stage(t, c.make(), c.w, c.h))
		})
	}
}

func TestKeyboardPressesWhatHasTheFocus(t *testing.T) {
	pressed := 0
	for name, make := range map[string]func() fyne.Focusable{
		"button":      func() fyne.Focusable { return NewButton(Plain, "", "x", func() { pressed++ }) },
		"icon button": func() fyne.Focusable { return NewIconButton(assets.IconClose, func() { pressed++ }) },
		"call button": func() fyne.Focusable { return NewCallButton(assets.IconMic, CallPlain, func() { pressed++ }) },
		"toggle":      func() fyne.Focusable { return NewToggle(func(bool) { pressed++ }) },
		"row":         func() fyne.Focusable { return NewPersonRow(func() { pressed++ }, nil) },
		"nav row":     func() fyne.Focusable { return NewNavRow(assets.IconPhone, func() { pressed++ }) },
	} {
		t.Run(name, func(t *testing.T) {
			pressed = 0
			o := make()
			win := stage(t, o.(fyne.CanvasObject), 200, 60)
			before := test.RenderToMarkup(win.Canvas())
			test.FocusNext(win.Canvas())
			if win.Canvas().Focused() != o {
				t.Fatal("Tab does not reach it")
			}
			if test.RenderToMarkup(win.Canvas()) == before {
				t.Error("the focus cannot be seen")
			}
			for _, k := range []fyne.KeyName{fyne.KeySpace, fyne.KeyReturn} {
				o.TypedKey(&fyne.KeyEvent{Name: k})
			}
			if pressed != 2 {
				t.Errorf("space and enter pressed it %d times", pressed)
			}
			if d, ok := o.(fyne.Disableable); ok {
				d.Disable()
				o.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
				if pressed != 2 {
					t.Error("a disabled one can be pressed")
				}
			}
		})
	}
}

func TestEscapeGoesToTheWindow(t *testing.T) {
	b, e := NewButton(Plain, "", "x", nil), NewEntry(0, nil, nil)
	win := stage(t, container.NewVBox(b, e), 200, 100)
	got := 0
	win.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) {
		if k.Name == fyne.KeyEscape {
			got++
		}
	})
	for _, o := range []fyne.Focusable{b, e} {
		win.Canvas().Focus(o)
		o.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	}
	if got != 2 {
		t.Errorf("the window got Esc %d times, want 2", got)
	}
}

func TestEntryHandsShortcutsOn(t *testing.T) {
	e := NewEntry(0, nil, nil)
	win := stage(t, e, 200, 40)
	got := ""
	win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyD, Modifier: fyne.KeyModifierControl}, func(fyne.Shortcut) { got = "microphone" })
	win.Canvas().Focus(e)
	e.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyD, Modifier: fyne.KeyModifierControl})
	if got != "microphone" {
		t.Error("a shortcut of the window does not work while writing")
	}
	e.Put("two words")
	e.TypedShortcut(&fyne.ShortcutSelectAll{})
	if e.SelectedText() != "two words" {
		t.Errorf("select all selects %q", e.SelectedText())
	}
}

func TestEntryLimit(t *testing.T) {
	told := ""
	e := NewEntry(6, func(s string) { told = s }, nil)
	stage(t, e, 200, 40)
	e.SetText("ñañañaña")
	if len(e.Text) > 6 {
		t.Errorf("%q has %d bytes, want at most 6", e.Text, len(e.Text))
	}
	if !strings.HasPrefix("ñañañaña", e.Text) || told != e.Text {
		t.Errorf("text %q, told %q", e.Text, told)
	}
}

func TestPickerOpensAndPicks(t *testing.T) {
	picked := "?"
	p := NewPicker(func(v string) { picked = v })
	p.Set("Camera", []Option{{"", "System"}, {"a", "Front"}}, "", "")
	win := stage(t, container.NewVBox(p), 240, 300)
	win.Canvas().Focus(p)
	p.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	menu := win.Canvas().Focused()
	if win.Canvas().Overlays().Top() == nil || menu == nil {
		t.Fatal("no menu opened")
	}
	for _, k := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeyReturn} {
		menu.TypedKey(&fyne.KeyEvent{Name: k})
	}
	if picked != "a" {
		t.Errorf("picked %q, want a", picked)
	}
	if win.Canvas().Overlays().Top() != nil {
		t.Error("the menu stays open")
	}
	if win.Canvas().Focused() != p {
		t.Error("the keyboard does not come back to the picker")
	}
	win.Canvas().Unfocus()
	test.Tap(p)
	win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if win.Canvas().Focused() != nil {
		t.Error("a mouse click leaves the keyboard on the picker")
	}
}

func TestFloaterGoesToTheNearestCorner(t *testing.T) {
	f := NewFloater(canvas.NewRectangle(color.Black))
	stage(t, container.NewWithoutLayout(f), 800, 600)
	place := func() { f.Place(fyne.NewSize(800, 600), fyne.NewSize(200, 112), 16, 64, 96) }
	f.OnMove = place
	place()
	if f.Position() != fyne.NewPos(584, 392) {
		t.Fatalf("begins at %v", f.Position())
	}
	f.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-500, -300)})
	f.DragEnd()
	if f.Corner() != TopLeft || f.Position() != fyne.NewPos(16, 64) {
		t.Errorf("dragged to the upper left it is in corner %d at %v", f.Corner(), f.Position())
	}
	f.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(5000, 0)})
	if x := f.Position().X; x > 600 {
		t.Errorf("it can be dragged out of the window: %g", x)
	}
	f.DragEnd()
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	if f.Corner() != BottomRight {
		t.Errorf("arrow down leads to corner %d", f.Corner())
	}
}

func TestVideoTileSwapsPictures(t *testing.T) {
	v := NewVideoTile(0)
	v.SetPerson("Maya", "")
	stage(t, v, 320, 180)
	if w, h := v.Pixels(); w != 320 || h != 180 {
		t.Errorf("wants %dx%d pixels, want 320x180", w, h)
	}
	if v.Condition() != "initials" {
		t.Error("an empty tile should show initials")
	}
	img := image.NewRGBA(image.Rect(0, 0, 320, 180))
	v.SetPicture(img)
	if v.Condition() != "picture" || v.picture.Image != img || v.picture.ScaleMode != canvas.ImageScalePixels {
		t.Error("a picture of the tile's size is not shown as it is")
	}
	v.Resize(fyne.NewSize(300, 170))
	if v.picture.ScaleMode != canvas.ImageScaleFastest {
		t.Error("the picture of the old size is not filtered")
	}
	v.SetPicture(image.NewRGBA(image.Rect(0, 0, 300, 170)))
	if v.picture.ScaleMode != canvas.ImageScalePixels {
		t.Error("the picture of the new size is filtered")
	}
	v.Clear()
	if v.Condition() != "initials" || v.picture.Image != nil {
		t.Error("the picture stays after Clear")
	}
}

func TestVideoTileEdge(t *testing.T) {
	v := NewVideoTile(0)
	stage(t, v, 320, 180)
	count := func() (n, pixels int) {
		for _, o := range test.WidgetRenderer(v).Objects() {
			if r, ok := o.(*canvas.Rectangle); ok && r.Visible() && r.FillColor == shade(look.Accent) {
				n++
				pixels += int(r.Size().Width * r.Size().Height)
			}
		}
		return n, pixels
	}
	if n, _ := count(); n != 0 {
		t.Errorf("%d lines without an edge", n)
	}
	v.SetEdge(look.Accent, 3)
	if n, pixels := count(); n != 4 || pixels != 320*180-314*174 {
		t.Errorf("%d lines of %d pixels together, want four round the tile", n, pixels)
	}
	v.SetEdge("", 3)
	if n, _ := count(); n != 0 {
		t.Errorf("%d lines stay", n)
	}
}

func TestBarButtonsWalkWithArrows(t *testing.T) {
	a, b := NewCallButton(assets.IconMic, CallPlain, nil), NewCallButton(assets.IconCam, CallPlain, nil)
	win := stage(t, Bar(a, b), 200, 68)
	win.Canvas().Focus(a)
	a.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	if win.Canvas().Focused() != b {
		t.Error("arrow right does not move on")
	}
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if win.Canvas().Focused() != a {
		t.Error("arrow left does not move back")
	}
}

func TestTipsShowUnderMouseAndFocus(t *testing.T) {
	tips := NewTips()
	b := NewCallButton(assets.IconMic, CallPlain, nil)
	b.SetTip(tips, "Mute")
	win := stage(t, container.NewStack(container.NewCenter(b), tips), 300, 200)
	b.MouseIn(&desktop.MouseEvent{})
	if tips.text != "Mute" {
		t.Fatal("no tip under the mouse")
	}
	win.Canvas().Focus(b)
	b.MouseOut()
	if tips.text != "Mute" {
		t.Error("the tip goes although the button has the focus")
	}
	b.SetTip(tips, "Unmute")
	if tips.text != "Unmute" {
		t.Error("the tip does not follow")
	}
	win.Canvas().Unfocus()
	if tips.text != "" {
		t.Error("the tip stays")
	}
}

// The words of a control go with it: in a banner that is closed under the mouse
// nobody tells the control that the mouse is gone.
func TestTipsGoWithTheirControl(t *testing.T) {
	tips := NewTips()
	b := NewCallButton(assets.IconMic, CallPlain, nil)
	b.SetTip(tips, "Close")
	box := container.NewCenter(b)
	win := stage(t, container.NewStack(box, tips), 300, 200)
	b.MouseIn(&desktop.MouseEvent{})
	tips.Follow()
	if tips.text != "Close" {
		t.Fatal("the tip goes although the button shows")
	}
	before := tips.at
	win.Resize(fyne.NewSize(500, 200))
	tips.Follow()
	if tips.at == before {
		t.Error("the button moved, the tip did not")
	}
	box.Hide()
	tips.Follow()
	if tips.text != "" {
		t.Error("the button is gone, the tip is not")
	}
}

// What is revealed is in sight, and what is in sight stays where it is.
func TestReveal(t *testing.T) {
	rows := Column(0)
	for range 20 {
		rows.Add(Fixed(1, 40, NewGround(look.Panel, "", 0)))
	}
	box, s := Scroll(50, rows)
	win := stage(t, box, 200, 100)
	win.Resize(fyne.NewSize(200, 100))
	high := s.Size().Height
	for _, i := range []int{0, 3, 19, 10, 11, 0} {
		before := s.Offset.Y
		Reveal(s, rows.Objects[i])
		top := float32(i) * 40
		if top < s.Offset.Y || top+40 > s.Offset.Y+high {
			t.Errorf("row %d at %v is not within %v to %v", i, top, s.Offset.Y, s.Offset.Y+high)
		}
		if top >= before && top+40 <= before+high && s.Offset.Y != before {
			t.Errorf("row %d was in sight, and it scrolled from %v to %v", i, before, s.Offset.Y)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Maya Brandt": "MB", "maya": "M", "Jean-Luc de la Tour": "JT", "": "?", "  ": "?", "李 雷": "李雷", "(bot) 7": "B7", "ünal öz": "ÜÖ", "a_b": "AB",
	} {
		if got := Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
	if AvatarColor("Maya") != AvatarColor("maya") {
		t.Error("a name has two colours")
	}
}

func TestWrapText(t *testing.T) {
	stage(t, canvas.NewRectangle(color.Black), 10, 10)
	s := Style{}
	wide := s.measure("the quick brown").Width
	lines := wrapText("the quick brown fox  jumps\nover", s, wide)
	if strings.Join(lines, "|") != "the quick brown|fox jumps|over" {
		t.Errorf("lines %q", lines)
	}
	for _, l := range wrapText("a-word-that-has-no-place-to-break-at-all-and-goes-on", s, 90) {
		if s.measure(l).Width > 91 {
			t.Errorf("%q is wider than the line", l)
		}
	}
	if got := wrapText("word", s, -5); strings.Join(got, "") != "word" {
		t.Errorf("without room: %q", got)
	}
	if got := shorten("Maximilian", s, s.measure("Maxim…").Width); got != "Maxim…" {
		t.Errorf("shortened to %q", got)
	}
}

func TestLayoutsFlow(t *testing.T) {
	stage(t, canvas.NewRectangle(color.Black), 10, 10)
	p := NewParagraph(Style{}, "some words that need more than one line when there is little room")
	col := Column(8, p, Fixed(10, 20))
	if narrow, wide := HeightFor(col, 100), HeightFor(col, 1000); narrow <= wide {
		t.Errorf("a column is %g high when narrow, %g when wide", narrow, wide)
	}
	a, b := Fixed(60, 20), Fixed(60, 20)
	w := Wrap(10, End, a, b)
	w.Resize(fyne.NewSize(200, 20))
	if a.Position().X != 70 || b.Position().X != 140 {
		t.Errorf("at the end: %v %v", a.Position(), b.Position())
	}
	if h := HeightFor(w, 100); h != 50 {
		t.Errorf("in two lines it is %g high, want 50", h)
	}
	g := Grow(Fixed(10, 10))
	r := Row(10, Fixed(50, 10), g)
	r.Resize(fyne.NewSize(200, 40))
	if g.Size().Width != 140 || g.Size().Height != 40 {
		t.Errorf("what grows got %v", g.Size())
	}
}
