package gallery

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"parley/call"
	"parley/ui/present/presenttest"
	"parley/ui/widgets"
)

// find returns the visible part of a name; nil: none.
func find(o fyne.CanvasObject, id string) fyne.CanvasObject {
	if o == nil || !o.Visible() {
		return nil
	}
	if n, ok := o.(widgets.Named); ok && n.ID() == id {
		return o
	}
	var parts []fyne.CanvasObject
	switch v := o.(type) {
	case *fyne.Container:
		parts = v.Objects
	case *container.Scroll:
		parts = []fyne.CanvasObject{v.Content}
	case widgets.Parted:
		parts = v.Parts()
	}
	for _, p := range parts {
		if hit := find(p, id); hit != nil {
			return hit
		}
	}
	return nil
}

func stage(t *testing.T, name string, o Options) *Bench {
	t.Helper()
	studio, err := NewStudio()
	if err != nil {
		t.Fatal(err)
	}
	o.Lang = "en"
	for _, s := range Scenes() {
		if s.Name == name {
			b := studio.Stage(s, o)
			t.Cleanup(b.Program.Close)
			return b
		}
	}
	t.Fatalf("no scene %q", name)
	return nil
}

func (b *Bench) find(id string) fyne.CanvasObject { return find(b.Canvas.Content(), id) }

func (b *Bench) pass(d time.Duration) {
	b.Now = b.Now.Add(d)
	b.Program.Refresh()
}

var large = Options{Width: 1120, Height: 700}

func TestBarHidesWithoutTheMouseNeverFromTheKeyboard(t *testing.T) {
	b := stage(t, "call-video", large)
	if b.find("call.microphone") == nil {
		t.Fatal("no bar at first")
	}
	b.pass(3100 * time.Millisecond)
	if b.find("call.microphone") != nil || b.find("call.name") != nil {
		t.Error("the bar stays although the mouse rests")
	}
	b.Main.Call.Wake()
	if b.find("call.microphone") == nil {
		t.Error("the bar does not come back with the mouse")
	}
	b.Canvas.Focus(b.find("call.microphone").(fyne.Focusable))
	b.pass(time.Minute)
	if b.find("call.microphone") == nil {
		t.Error("the bar hides from the keyboard")
	}
}

func TestBarAndTroubleStayInSight(t *testing.T) {
	b := stage(t, "call-reconnecting", large)
	b.pass(10 * time.Second)
	if b.find("call.hangup") == nil || b.find("call.overlay").(widgets.Worded).Words() != "Reconnecting… 14 s" {
		t.Error("one cannot hang up, or is not told, while reconnecting")
	}
	b = stage(t, "call-poor", large)
	b.pass(10 * time.Second)
	if b.find("call.microphone") != nil || b.find("call.quality") == nil {
		t.Error("what is wrong with the connection hides with the bar")
	}
}

func TestCameraOffShowsTheAvatar(t *testing.T) {
	b := stage(t, "call-video", large)
	remote := func() string { return b.find("call.remote").(widgets.Conditioned).Condition() }
	if remote() != "picture" || b.find("call.self") == nil {
		t.Fatalf("remote shows %s", remote())
	}
	s := b.Phone.Current().(interface{ Set(func(*call.State)) })
	s.Set(func(st *call.State) { st.Remote.CameraOn = false })
	b.Media.SetCamera(false)
	b.Program.Refresh()
	if remote() != "initials" || b.find("call.self") != nil {
		t.Errorf("camera off: remote shows %s, own picture shows %t", remote(), b.find("call.self") != nil)
	}
}

func TestEnterSendsAndTheLineIsEmpty(t *testing.T) {
	b := stage(t, "call-chat", large)
	entry := b.find("chat.entry").(*widgets.Entry)
	test.Type(entry, "Hello")
	entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	calls := b.Phone.Current().(interface{ Calls() []string }).Calls()
	if len(calls) != 1 || calls[0] != "chat Hello" || entry.Text != "" {
		t.Errorf("sent %v, the entry has %q", calls, entry.Text)
	}
}

func TestNarrowHomeShowsOneSide(t *testing.T) {
	b := stage(t, "home-list", Options{Width: 480, Height: 360})
	if b.find("home.search") == nil || b.find("person.video_call") != nil {
		t.Fatal("a narrow window should begin with the list")
	}
	test.Tap(b.find("home.person.Maya Brandt").(fyne.Tappable))
	if b.find("home.search") != nil || b.find("person.video_call") == nil {
		t.Fatal("a tap should show the person")
	}
	if !b.Main.Home.Back() || b.find("home.search") == nil || b.Main.Home.Back() {
		t.Error("back should show the list, once")
	}
}

func TestSearchEnterEnterCalls(t *testing.T) {
	b := stage(t, "home-list", large)
	search := b.find("home.search").(*widgets.Entry)
	win := test.NewWindow(b.Canvas.Content()) // focus needs a canvas that the driver knows
	defer win.Close()
	win.Resize(fyne.NewSize(1120, 700))
	win.Canvas().Focus(search)
	test.Type(search, "maya")
	search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	call, ok := win.Canvas().Focused().(*widgets.Button)
	if !ok || call.ID() != "person.video_call" {
		t.Fatalf("enter leads to %T", win.Canvas().Focused())
	}
	call.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if find(win.Canvas().Content(), "before.call") == nil {
		t.Error("enter again does not lead to the call")
	}
}

func TestEnterTakesTheCallThatIsShown(t *testing.T) {
	calls := func(b *Bench, i int) []string { return b.Phone.Ringing()[i].(interface{ Calls() []string }).Calls() }
	b := stage(t, "incoming-video", large)
	b.Phone.SetRinging(b.Phone.Ringing()[0], presenttest.NewSession(call.State{ID: "2", Phase: call.Incoming, Peer: call.Peer{Name: "Zoe"}}))
	b.Program.Refresh()
	b.Phone.SetRinging(b.Phone.Ringing()[1]) // the first gave up; the second wants no picture
	b.Program.Refresh()
	b.Ring.Key(fyne.KeyReturn)
	if got := calls(b, 0); len(got) != 1 || got[0] != "accept voice" {
		t.Errorf("a voice call after a video call: %v", got)
	}
	b = stage(t, "incoming-in-call", large)
	b.Ring.Key(fyne.KeyReturn)
	if got := calls(b, 0); len(got) != 0 {
		t.Errorf("enter ends the call that is up: %v", got)
	}
}

// Everything on a screen can be reached by Tab alone.
func TestTabReachesEverything(t *testing.T) {
	for _, c := range []struct {
		scene string
		want  []string
	}{
		{"home", []string{"home.search", "home.person.Maya Brandt", "home.settings", "person.video_call", "person.voice_call", "person.contact", "home.new_link", "home.test_call"}},
		{"home-request", []string{"home.requests.Freya Nakamura", "person.accept", "person.decline", "person.block"}},
		{"home-blocked", []string{"home.person.Théo Lefèvre", "person.block"}},
		{"incoming-stranger", []string{"incoming.accept", "incoming.decline", "incoming.message", "incoming.block"}},
		{"settings-privacy", []string{"settings.page.privacy", "settings.strangers", "settings.hide_from_strangers", "settings.unblock.Théo Lefèvre"}},
		{"before", []string{"before.microphone.button", "before.camera.button", "before.camera", "before.microphone", "before.speaker", "before.play_sound", "before.call", "before.cancel"}},
		{"call-chat", []string{"call.microphone", "call.camera", "call.chat", "call.full_screen", "call.more", "call.hangup", "call.self.frame", "chat.entry", "chat.send", "panel.close"}},
		{"welcome-taken", []string{"welcome.name", "welcome.service", "welcome.address", "welcome.start"}},
		{"incoming-video", []string{"incoming.accept", "incoming.accept_other", "incoming.decline", "incoming.message"}},
		{"call-more", []string{"call.hangup", "panel.record", "panel.connection", "panel.camera", "panel.microphone", "panel.speaker", "panel.close"}},
		{"echo-done", []string{"echo.again", "echo.close"}},
		{"settings-account", []string{"settings.page.devices", "settings.name", "settings.service"}},
		{"settings-devices", []string{"settings.microphone.button", "settings.camera.button", "settings.camera", "settings.microphone", "settings.speaker", "settings.play_sound", "settings.ringer", "settings.test_call"}},
		{"settings-appearance", []string{"settings.theme", "settings.text_size", "settings.language"}},
		{"settings-calls", []string{"settings.page.account", "settings.page.about", "settings.start_muted", "settings.start_camera_off", "settings.relay_only", "settings.back"}},
	} {
		t.Run(c.scene, func(t *testing.T) {
			b := stage(t, c.scene, large)
			reached := map[string]bool{}
			for range 60 {
				test.FocusNext(b.Canvas)
				if n, ok := b.Canvas.Focused().(widgets.Named); ok {
					reached[n.ID()] = true
				}
			}
			for _, id := range c.want {
				if !reached[id] {
					t.Errorf("Tab does not reach %s", id)
				}
			}
		})
	}
}
