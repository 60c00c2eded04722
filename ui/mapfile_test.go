package ui

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"parley/assets"
	"parley/ui/look"
	w "parley/ui/widgets"
)

func TestMapWindow(t *testing.T) {
	app := test.NewApp()
	t.Cleanup(app.Quit)
	app.Settings().SetTheme(look.New(look.Light, 100))
	button := w.NewButton(w.Primary, "", "Call", nil)
	button.SetID("before.call")
	hidden := w.NewButton(w.Plain, "", "Hidden", nil)
	hidden.SetID("hidden")
	hidden.Hide()
	mic := w.NewCallButton(assets.IconMicOff, w.CallOff, nil)
	mic.SetID("call.microphone")
	mic.SetTip(w.NewTips(), "Unmute")
	below := w.NewButton(w.Plain, "", "Below", nil)
	below.SetID("below")
	scroll := container.NewVScroll(w.Column(0, w.Fixed(10, 500), below))
	c := test.NewApp().NewWindow("Parley")
	c.SetPadded(false)
	c.SetContent(w.Column(10, button, hidden, w.Row(0, mic), w.Fixed(100, 100, scroll)))
	c.Resize(fyne.NewSize(200, 240))
	c.Canvas().Focus(button)
	m := mapWindow("Parley", c.Canvas())
	if got := m.Controls["before.call"]; got.X != 0 || got.Y != 0 || got.W != 200 || got.H != 40 || got.Text != "Call" || !got.Focused {
		t.Errorf("button: %+v", got)
	}
	if got := m.Controls["call.microphone"]; got.Y != 50 || got.State != "off" || got.Text != "Unmute" {
		t.Errorf("microphone: %+v", got)
	}
	for _, name := range []string{"hidden", "below"} {
		if _, there := m.Controls[name]; there {
			t.Errorf("%s cannot be seen but is in the map", name)
		}
	}
}

func TestMapFileIsReplacedWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.json")
	out := &mapWriter{path: path}
	for _, screen := range []string{"home", "home", "call"} {
		if err := out.write(MapContent{Screen: screen}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got MapContent
		if err := json.Unmarshal(b, &got); err != nil || got.Screen != screen {
			t.Fatalf("read %q, %v", got.Screen, err)
		}
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files are left, want the map alone", len(files))
	}
	out.path = filepath.Join(t.TempDir(), "gone", "map.json")
	if err := out.write(MapContent{Screen: "x"}); err == nil {
		t.Error("no error although the folder is missing")
	}
}
