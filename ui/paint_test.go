package ui

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"parley/media"
	"parley/media/latest"
	"parley/media/picture"
	"parley/ui/look"
	"parley/ui/view"
	"parley/ui/widgets"
)

func TestTileSize(t *testing.T) {
	for _, c := range []struct {
		name         string
		fw, fh, w, h int
		wantW, wantH int
		fit          picture.Fit
	}{
		{"same shape, smaller tile", 1280, 720, 640, 360, 640, 360, picture.Cover},
		{"a little off: fills", 1280, 720, 1120, 700, 1120, 700, picture.Cover},
		{"portrait in a wide tile: all of it", 720, 1280, 1120, 700, 1120, 700, picture.Contain},
		{"small picture, large tile: enlarged on the card", 320, 180, 1920, 1080, 320, 180, picture.Cover},
		{"a quarter off: fills", 640, 480, 960, 540, 640, 360, picture.Cover},
		{"small picture with bars", 240, 240, 1920, 1080, 427, 240, picture.Contain},
		{"tile not on screen", 320, 240, 0, 0, 0, 0, picture.Contain},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, h, fit := tileSize(media.NewFrame(c.fw, c.fh), c.w, c.h)
			if w != c.wantW || h != c.wantH || fit != c.fit {
				t.Errorf("%dx%d fit %d, want %dx%d fit %d", w, h, fit, c.wantW, c.wantH, c.fit)
			}
		})
	}
}

// queue is a UI goroutine that runs when told.
type queue struct{ waiting chan func() }

func newQueue() *queue { return &queue{make(chan func(), 100)} }

func (q *queue) post(f func()) { q.waiting <- f }

func (q *queue) run() (n int) {
	for {
		select {
		case f := <-q.waiting:
			f()
			n++
		default:
			return n
		}
	}
}

func showTile(t *testing.T) *widgets.VideoTile {
	t.Helper()
	app := test.NewApp()
	t.Cleanup(app.Quit)
	app.Settings().SetTheme(look.New(look.Light, 100))
	tile := widgets.NewVideoTile(0)
	win := app.NewWindow("t")
	win.SetPadded(false)
	win.SetContent(tile)
	win.Resize(fyne.NewSize(320, 180))
	return tile
}

// A screen that stalls gets one swap when it is back, with the newest picture,
// not one for each that came in the meantime.
func TestPainterKeepsOneSwapInFlight(t *testing.T) {
	tile := showTile(t)
	synctest.Test(t, func(t *testing.T) {
		slot, q := latest.New[*media.Frame](), newQueue()
		p := newPainter(q.post)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.run(ctx) }()
		p.set([]view.Feed{{Tile: tile, Frames: slot}})
		released := 0
		for range 20 {
			if old, dropped := slot.Put(media.NewFrame(320, 180)); dropped {
				old.Release()
				released++
			}
			synctest.Wait()
		}
		if n := len(q.waiting); n != 1 {
			t.Errorf("%d swaps are waiting while the screen stalls, want 1", n)
		}
		if released < 17 {
			t.Errorf("%d pictures were overwritten, the rest was gathered", released)
		}
		q.run()
		synctest.Wait()
		if !tile.HasPicture() {
			t.Error("no picture is shown")
		}
		if n := q.run(); n != 1 {
			t.Errorf("%d swaps follow, want the one with the newest picture", n)
		}
		// What is no longer wanted is not shown any more, even if it was on its way.
		slot.Put(media.NewFrame(320, 180))
		synctest.Wait()
		p.set(nil)
		tile.Clear()
		q.run()
		if tile.HasPicture() {
			t.Error("a picture of a feed that ended is shown")
		}
		cancel()
		<-done
	})
}

// Each swap draws the whole window: two pictures that come at different moments
// cost one swap, as long as the larger one goes on.
func TestPainterSwapsTogether(t *testing.T) {
	large, small := showTile(t), widgets.NewVideoTile(0)
	win := fyne.CurrentApp().NewWindow("small")
	win.SetPadded(false)
	win.SetContent(small)
	win.Resize(fyne.NewSize(160, 90))
	synctest.Test(t, func(t *testing.T) {
		slots, q := [2]*latest.Slot[*media.Frame]{latest.New[*media.Frame](), latest.New[*media.Frame]()}, newQueue()
		p := newPainter(q.post)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.run(ctx) }()
		p.set([]view.Feed{{Tile: small, Frames: slots[1]}, {Tile: large, Frames: slots[0]}})
		synctest.Wait()
		put := func(i int, after time.Duration) (swaps int) {
			if old, dropped := slots[i].Put(media.NewFrame(64, 36)); dropped {
				old.Release()
			}
			synctest.Wait()
			n := q.run()
			time.Sleep(after)
			synctest.Wait()
			return n + q.run()
		}
		swaps := 0
		for range 30 {
			swaps += put(0, 17*time.Millisecond) + put(1, 16*time.Millisecond)
		}
		if swaps != 30 {
			t.Errorf("%d swaps for 30 pictures of each, want 30", swaps)
		}
		time.Sleep(leadPause)
		synctest.Wait()
		q.run()
		swaps = 0
		for range 30 { // the larger one stands still
			swaps += put(1, 33*time.Millisecond)
		}
		if swaps < 29 {
			t.Errorf("alone, 30 pictures are shown in %d swaps", swaps)
		}
		cancel()
		<-done
	})
}

func TestPainterEnds(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	p := newPainter(func(func()) {}) // a UI goroutine that never runs anything
	done := make(chan struct{})
	go func() { defer close(done); p.run(ctx) }()
	tile := showTile(t)
	slot := latest.New[*media.Frame]()
	p.set([]view.Feed{{Tile: tile, Frames: slot}})
	slot.Put(media.NewFrame(64, 48))
	slot.Put(media.NewFrame(64, 48))
	cancel()
	<-done
	goleak.VerifyNone(t, ignore)
}
