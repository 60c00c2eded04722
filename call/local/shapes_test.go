package local

import (
	"context"
	"image"
	"image/color"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"parley/call/send"
	"parley/media"
	"parley/media/codec"
	"parley/media/latest"
	"parley/media/picture"
)

// quarters is a picture of four colours, so that what is turned, mirrored,
// sheared or cut is seen: red and green above blue and white.
func quarters(w, h int) *media.Frame {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, quarterColours[y*2/h*2+x*2/w])
		}
	}
	return picture.FromImage(img)
}

var quarterColours = [4]color.RGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}

// receiver decodes what it is sent and keeps the last picture.
type receiver struct {
	t    *testing.T
	dec  *codec.VideoDecoder
	last *media.Frame
	keys int
}

func (r *receiver) Backlog() time.Duration { return 0 }

func (r *receiver) WriteUnit(u media.Unit) error {
	if u.Key {
		r.keys++
	}
	f, err := r.dec.Decode(u)
	if err != nil {
		r.t.Error(err)
		return nil
	}
	if r.last != nil {
		r.last.Release()
	}
	r.last = f
	return nil
}

// TestEveryShapeArrives sends what cameras deliver that stand on their side,
// have odd sizes and change in mid-call, through the real codec to pixels.
func TestEveryShapeArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slot := latest.New[*media.Frame]()
		v := send.NewVideo(send.VideoConfig{Source: slot, NewEncoder: newVP8})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- v.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		dec := codec.NewVideoDecoder(&media.FramePool{})
		defer dec.Close()
		got := &receiver{t: t, dec: dec}
		leg := v.Attach(got)
		defer leg.Close()

		var painter picture.Painter
		start := time.Now()
		for _, c := range []struct{ w, h, rate int }{
			{1280, 720, 2_000_000},
			{720, 1280, 2_000_000}, // turned upright
			{720, 1280, 300_000},   // and on a narrow link
			{641, 479, 600_000},
			{641, 479, 200_000},
			{479, 641, 600_000},
			{1, 1, 600_000},
			{37, 801, 600_000},
			{160, 120, 600_000},
			{1920, 1080, 1_000_000},
		} {
			leg.SetRate(c.rate)
			keys := got.keys
			for range 4 {
				time.Sleep(time.Second / 5) // no ladder's frame rate is below
				f := quarters(c.w, c.h)
				f.PTS = time.Since(start)
				if old, dropped := slot.Put(f); dropped {
					old.Release()
				}
				synctest.Wait()
			}
			f := got.last
			if f == nil {
				t.Fatalf("%dx%d: no picture arrived", c.w, c.h)
			}
			if got.keys == keys {
				t.Errorf("%dx%d: no key frame, though the size changed", c.w, c.h)
			}
			checkShape(t, f, c.w, c.h)
			for _, tile := range [][2]int{{320, 180}, {201, 333}} {
				checkPainted(t, &painter, f, tile[0], tile[1])
			}
		}
	})
}

// checkShape: the picture has the proportions of the camera's, to the rounding
// of its sides to even ones.
func checkShape(t *testing.T, f *media.Frame, w, h int) {
	t.Helper()
	if f.Width > w || f.Height > h {
		t.Errorf("%dx%d was enlarged to %dx%d", w, h, f.Width, f.Height)
	}
	if want := float64(f.Width) * float64(h) / float64(w); math.Abs(want-float64(f.Height)) > 1+float64(h)/float64(w) {
		t.Errorf("%dx%d became %dx%d", w, h, f.Width, f.Height)
	}
}

// checkPainted looks for the four colours where they belong in a tile.
func checkPainted(t *testing.T, p *picture.Painter, f *media.Frame, w, h int) {
	t.Helper()
	img := p.Paint(f, w, h, picture.Contain, false)
	if img == nil {
		t.Fatalf("%dx%d was not painted", f.Width, f.Height)
	}
	if f.Width < 8 || f.Height < 8 {
		return // chroma is of one colour
	}
	area := picture.ContainRect(f.Width, f.Height, w, h)
	for i, want := range quarterColours {
		x, y := area.Min.X+area.Dx()*(1+2*(i%2))/4, area.Min.Y+area.Dy()*(1+2*(i/2))/4
		c := img.RGBAAt(x, y)
		far := func(a, b byte) bool { return int(a)-int(b) > 40 || int(b)-int(a) > 40 }
		if far(c.R, want.R) || far(c.G, want.G) || far(c.B, want.B) {
			t.Errorf("%dx%d in %dx%d: %v at %d,%d, want %v", f.Width, f.Height, w, h, c, x, y, want)
		}
	}
}
