package ui

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"parley/ui/widgets"
)

// MapControl is one named control in the map file. Places are pixels of the
// window's content.
type MapControl struct {
	X       int    `json:"x"`
	Y       int    `json:"y"`
	W       int    `json:"w"`
	H       int    `json:"h"`
	Text    string `json:"text,omitempty"`  // what stands in it, or its tip
	State   string `json:"state,omitempty"` // on, off, opening, disabled, selected, picture, initials; a picker's options
	Focused bool   `json:"focused,omitempty"`
}

// MapWindow is one window in the map file.
type MapWindow struct {
	Title    string                `json:"title"`
	Scale    float32               `json:"scale"`
	Width    int                   `json:"width"`
	Height   int                   `json:"height"`
	Controls map[string]MapControl `json:"controls"`
}

// MapContent is the map file: what the windows show, for tests from outside.
type MapContent struct {
	Screen  string               `json:"screen"`
	Windows map[string]MapWindow `json:"windows"` // main, incoming
}

// mapWindow walks what shows in a window. UI goroutine.
func mapWindow(title string, c fyne.Canvas) MapWindow {
	scale := c.Scale()
	s := c.Size()
	px := func(v float32) int { return int(v*scale + 0.5) }
	w := MapWindow{Title: title, Scale: scale, Width: px(s.Width), Height: px(s.Height), Controls: map[string]MapControl{}}
	var walk func(o fyne.CanvasObject, at fyne.Position, clip [4]float32)
	walk = func(o fyne.CanvasObject, at fyne.Position, clip [4]float32) {
		if o == nil || !o.Visible() {
			return
		}
		at = at.Add(o.Position())
		size := o.Size()
		if n, ok := o.(widgets.Named); ok && n.ID() != "" {
			x0, y0 := max(at.X, clip[0]), max(at.Y, clip[1])
			x1, y1 := min(at.X+size.Width, clip[2]), min(at.Y+size.Height, clip[3])
			if x1 > x0 && y1 > y0 {
				m := MapControl{X: px(x0), Y: px(y0), W: px(x1 - x0), H: px(y1 - y0)}
				if t, ok := o.(widgets.Worded); ok {
					m.Text = t.Words()
				}
				if t, ok := o.(widgets.Conditioned); ok {
					m.State = t.Condition()
				}
				if f, ok := o.(fyne.Focusable); ok {
					m.Focused = c.Focused() == f
				}
				w.Controls[n.ID()] = m
			}
		}
		switch v := o.(type) {
		case *fyne.Container:
			for _, child := range v.Objects {
				walk(child, at, clip)
			}
		case *container.Scroll:
			inner := [4]float32{max(at.X, clip[0]), max(at.Y, clip[1]), min(at.X+size.Width, clip[2]), min(at.Y+size.Height, clip[3])}
			walk(v.Content, at, inner)
		case widgets.Parted:
			for _, child := range v.Parts() {
				walk(child, at, clip)
			}
		}
	}
	all := [4]float32{0, 0, s.Width, s.Height}
	walk(c.Content(), fyne.Position{}, all)
	return w
}

// mapWriter replaces the map file when its content changed.
type mapWriter struct {
	path string
	last []byte
}

func (m *mapWriter) write(c MapContent) error {
	b, err := json.MarshalIndent(c, "", " ")
	if err != nil || bytes.Equal(b, m.last) {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(m.path), ".map-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(b)
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), m.path)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return err
	}
	m.last = b
	return nil
}
