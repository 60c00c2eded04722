package gallery

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"parley/ui/view"
	"parley/ui/widgets"
)

// texts walks everything that shows and reports each text with the part that
// it belongs to.
func texts(o fyne.CanvasObject, owner fyne.CanvasObject, at fyne.Position, seen func(t *canvas.Text, owner fyne.CanvasObject, at, ownerAt fyne.Position), ownerAt fyne.Position) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	switch v := o.(type) {
	case *canvas.Text:
		seen(v, owner, at, ownerAt)
	case *fyne.Container:
		for _, c := range v.Objects {
			texts(c, owner, at, seen, ownerAt)
		}
	case *container.Scroll:
		texts(v.Content, owner, at, seen, ownerAt)
	case fyne.Widget:
		if _, tip := v.(*widgets.Tips); tip {
			return
		}
		for _, c := range test.WidgetRenderer(v).Objects() {
			texts(c, v, at, seen, at)
		}
	}
}

// Nothing that a person has to read ends in an ellipsis of ours or sticks out
// of its part, in any language, in a small window, a large one, and with large
// text.
func TestNothingIsCutOff(t *testing.T) {
	type window struct {
		w, h float32
		text int
	}
	studio, err := NewStudio()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []window{{480, 360, 100}, {1120, 700, 100}, {900, 640, 150}} {
		for _, lang := range []string{"en", "de", "fr", "es"} {
			t.Run(fmt.Sprintf("%s %gx%g %d%%", lang, size.w, size.h, size.text), func(t *testing.T) {
				for _, scene := range Scenes() {
					b := studio.Stage(scene, Options{Lang: lang, Width: size.w, Height: size.h, TextSize: size.text})
					width := b.Canvas.Size().Width
					if scene.Ring && width > view.RingWidth()+1 {
						t.Errorf("%s: the window has to be %g wide", scene.Name, width)
					}
					texts(b.Canvas.Content(), nil, fyne.Position{}, func(txt *canvas.Text, owner fyne.CanvasObject, at, ownerAt fyne.Position) {
						if txt.Text == "" || owner == nil {
							return
						}
						words := ""
						if o, ok := owner.(widgets.Worded); ok {
							words = o.Words()
						}
						if strings.HasSuffix(txt.Text, "…") && words != "" && !strings.Contains(words, txt.Text) {
							t.Errorf("%s: %T shows %q of %q", scene.Name, owner, txt.Text, words)
						}
						m := fyne.MeasureText(txt.Text, txt.TextSize, txt.TextStyle)
						if at.X < -1 || at.X+m.Width > width+1 {
							t.Errorf("%s: %q sticks out of the window: %g to %g of %g", scene.Name, txt.Text, at.X, at.X+m.Width, width)
						}
						if right := ownerAt.X + owner.Size().Width; at.X+m.Width > right+1.5 {
							t.Errorf("%s: %q sticks out of its %T by %g", scene.Name, txt.Text, owner, at.X+m.Width-right)
						}
					}, fyne.Position{})
					b.Program.Close()
				}
			})
		}
	}
}

// Every scene draws something: not one colour.
func TestScenesDraw(t *testing.T) {
	studio, err := NewStudio()
	if err != nil {
		t.Fatal(err)
	}
	for _, scene := range Scenes() {
		t.Run(scene.Name, func(t *testing.T) {
			light := studio.Shoot(scene, Options{Lang: "en", Width: 480, Height: 360})
			colours := map[string]bool{}
			b := light.Bounds()
			for y := b.Min.Y; y < b.Max.Y; y += 7 {
				for x := b.Min.X; x < b.Max.X; x += 7 {
					r, g, bl, _ := light.At(x, y).RGBA()
					colours[fmt.Sprint(r, g, bl)] = true
				}
			}
			if len(colours) < 4 {
				t.Errorf("only %d colours", len(colours))
			}
		})
	}
}
