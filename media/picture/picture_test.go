package picture_test

import (
	"image"
	"image/color"
	"testing"
	"time"

	"parley/media"
	"parley/media/picture"
)

func TestFit(t *testing.T) {
	for _, c := range []struct {
		sw, sh, w, h   int
		cover, contain image.Rectangle
	}{
		{1280, 720, 640, 360, image.Rect(0, 0, 1280, 720), image.Rect(0, 0, 640, 360)},
		{640, 480, 640, 360, image.Rect(0, 60, 640, 420), image.Rect(80, 0, 560, 360)},
		{1280, 720, 400, 400, image.Rect(280, 0, 1000, 720), image.Rect(0, 87, 400, 312)},
		{360, 640, 640, 360, image.Rect(0, 218, 360, 421), image.Rect(218, 0, 421, 360)},
		{1, 1, 300, 200, image.Rect(0, 0, 1, 1), image.Rect(50, 0, 250, 200)},
		{4000, 1, 10, 10, image.Rect(1998, 0, 1999, 1), image.Rect(0, 4, 10, 5)},
		{0, 5, 10, 10, image.Rectangle{}, image.Rectangle{}},
		{5, 5, 10, 0, image.Rectangle{}, image.Rectangle{}},
	} {
		if got := picture.CoverCrop(c.sw, c.sh, c.w, c.h); got != c.cover {
			t.Errorf("%dx%d covers %dx%d with %v, want %v", c.sw, c.sh, c.w, c.h, got, c.cover)
		}
		if got := picture.ContainRect(c.sw, c.sh, c.w, c.h); got != c.contain {
			t.Errorf("%dx%d is contained in %dx%d at %v, want %v", c.sw, c.sh, c.w, c.h, got, c.contain)
		}
	}
}

func TestFitStaysInside(t *testing.T) {
	for _, sw := range []int{1, 2, 3, 7, 160, 641, 1920} {
		for _, sh := range []int{1, 2, 5, 91, 480, 1080} {
			for _, w := range []int{1, 2, 9, 100, 777} {
				for _, h := range []int{1, 3, 56, 555} {
					if r := picture.CoverCrop(sw, sh, w, h); r.Empty() || !r.In(image.Rect(0, 0, sw, sh)) || r.Min.X%2 != 0 || r.Min.Y%2 != 0 {
						t.Fatalf("cover %dx%d by %dx%d: %v", w, h, sw, sh, r)
					}
					if r := picture.ContainRect(sw, sh, w, h); r.Empty() || !r.In(image.Rect(0, 0, w, h)) {
						t.Fatalf("contain %dx%d in %dx%d: %v", sw, sh, w, h, r)
					}
					if fw, fh := picture.FitSize(sw, sh, w, h); fw < 1 || fh < 1 || fw > max(sw, 2) || fh > max(sh, 2) {
						t.Fatalf("fit %dx%d into %dx%d: %dx%d", sw, sh, w, h, fw, fh)
					}
				}
			}
		}
	}
}

func TestFitSize(t *testing.T) {
	for _, c := range [][6]int{
		{1280, 720, 640, 360, 640, 360},
		{1280, 720, 1920, 1080, 1280, 720},
		{640, 480, 480, 270, 360, 270},
		{720, 1280, 640, 360, 360, 640},
		{321, 181, 640, 360, 321, 181},
		{1920, 1080, 321, 181, 320, 180},
	} {
		if w, h := picture.FitSize(c[0], c[1], c[2], c[3]); w != c[4] || h != c[5] {
			t.Errorf("%dx%d in %dx%d: %dx%d, want %dx%d", c[0], c[1], c[2], c[3], w, h, c[4], c[5])
		}
	}
}

var (
	red   = color.RGBA{255, 0, 0, 255}
	green = color.RGBA{0, 255, 0, 255}
	blue  = color.RGBA{0, 0, 255, 255}
	white = color.RGBA{255, 255, 255, 255}
	none  = color.RGBA{}
)

// quarters is a picture of four colours: red and green above blue and white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [2][2]color.RGBA{{red, green}, {blue, white}}[y*2/h][x*2/w]
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func wantColour(t *testing.T, img image.Image, x, y int, want color.RGBA) {
	t.Helper()
	c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
	d := func(a, b byte) bool { return int(a)-int(b) > 10 || int(b)-int(a) > 10 }
	if d(c.R, want.R) || d(c.G, want.G) || d(c.B, want.B) || c.A != want.A {
		t.Errorf("pixel %d,%d is %v, want %v", x, y, c, want)
	}
}

func TestPaint(t *testing.T) {
	f := picture.FromImage(quarters(64, 64))
	for _, c := range []struct {
		name   string
		w, h   int
		fit    picture.Fit
		mirror bool
		points map[image.Point]color.RGBA
	}{
		{"as it is", 64, 64, picture.Cover, false, map[image.Point]color.RGBA{{5, 5}: red, {60, 5}: green, {5, 60}: blue, {60, 60}: white}},
		{"mirrored", 64, 64, picture.Cover, true, map[image.Point]color.RGBA{{5, 5}: green, {60, 5}: red, {5, 60}: white, {60, 60}: blue}},
		{"smaller", 21, 21, picture.Cover, false, map[image.Point]color.RGBA{{2, 2}: red, {18, 2}: green, {2, 18}: blue, {18, 18}: white}},
		{"larger, mirrored", 301, 301, picture.Contain, true, map[image.Point]color.RGBA{{0, 0}: green, {300, 0}: red, {0, 300}: white, {300, 300}: blue}},
		{"wide tile covered", 64, 32, picture.Cover, false, map[image.Point]color.RGBA{{2, 2}: red, {61, 2}: green, {2, 29}: blue, {61, 29}: white}},
		{"wide tile containing", 100, 64, picture.Contain, false, map[image.Point]color.RGBA{{2, 2}: none, {17, 60}: none, {20, 2}: red, {79, 2}: green, {20, 61}: blue, {79, 61}: white, {83, 5}: none}},
		{"tall tile containing", 32, 65, picture.Contain, true, map[image.Point]color.RGBA{{2, 2}: none, {2, 18}: green, {30, 18}: red, {2, 46}: white, {2, 60}: none}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p picture.Painter
			img := p.Paint(f, c.w, c.h, c.fit, c.mirror)
			if img.Rect != image.Rect(0, 0, c.w, c.h) || img.Stride != 4*c.w || len(img.Pix) != 4*c.w*c.h {
				t.Fatalf("image %v, stride %d, %d bytes", img.Rect, img.Stride, len(img.Pix))
			}
			for p, want := range c.points {
				wantColour(t, img, p.X, p.Y, want)
			}
		})
	}
}

// The picture on screen and the one on its way there stay as they are.
func TestPaintLeavesTheLastTwoAlone(t *testing.T) {
	var p picture.Painter
	var shown []*image.RGBA
	var copies [][]byte
	for i := range 12 {
		img := image.NewGray(image.Rect(0, 0, 16, 16))
		for k := range img.Pix {
			img.Pix[k] = byte(20 * i)
		}
		w := 16
		if i >= 6 { // the window is made larger and smaller
			w = 16 + i%3*7
		}
		out := p.Paint(picture.FromImage(img), w, 16, picture.Cover, i%2 == 0)
		shown = append(shown, out)
		copies = append(copies, append([]byte(nil), out.Pix...))
		for k := max(0, i-2); k <= i; k++ {
			if string(shown[k].Pix) != string(copies[k]) {
				t.Fatalf("painting %d changed %d", i, k)
			}
		}
	}
}

// Bars stay clear when the shape of the picture changes under one tile.
func TestPaintClearsOldPixels(t *testing.T) {
	var p picture.Painter
	wide, tall := picture.FromImage(quarters(64, 16)), picture.FromImage(quarters(16, 64))
	for range 6 {
		p.Paint(wide, 64, 64, picture.Contain, false)
	}
	for range 3 {
		img := p.Paint(tall, 64, 64, picture.Contain, false)
		wantColour(t, img, 2, 32, none)
		wantColour(t, img, 62, 32, none)
		wantColour(t, img, 26, 2, red)
	}
	img := p.Paint(wide, 64, 64, picture.Cover, false)
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 255 {
			t.Fatal("a covered tile has a hole")
		}
	}
}

func TestPaintOfNothing(t *testing.T) {
	var p picture.Painter
	f := media.NewFrame(16, 16)
	short := media.NewFrame(16, 16)
	short.U = nil
	for name, img := range map[string]*image.RGBA{
		"no frame":     p.Paint(nil, 10, 10, picture.Cover, false),
		"no width":     p.Paint(f, 0, 10, picture.Cover, false),
		"no height":    p.Paint(f, 10, -1, picture.Contain, false),
		"a huge tile":  p.Paint(f, media.MaxDim+1, 10, picture.Contain, false),
		"short planes": p.Paint(short, 10, 10, picture.Contain, false),
		"and cropped":  p.Paint(short, 10, 4, picture.Cover, false),
	} {
		if img != nil {
			t.Errorf("%s: an image", name)
		}
	}
}

func TestPaintAllocatesNothing(t *testing.T) {
	var p picture.Painter
	f := picture.FromImage(quarters(320, 180))
	for range 3 {
		p.Paint(f, 200, 200, picture.Contain, true)
	}
	if n := testing.AllocsPerRun(20, func() { p.Paint(f, 200, 200, picture.Contain, true) }); n != 0 {
		t.Errorf("%v allocations a picture", n)
	}
}

// shown paints a frame at its own size.
func shown(f *media.Frame) *image.RGBA {
	var p picture.Painter
	return p.Paint(f, f.Width, f.Height, picture.Cover, false)
}

func TestShapesKeepTheTimes(t *testing.T) {
	var pool media.FramePool
	f := picture.FromImage(quarters(64, 32))
	f.PTS, f.NTP = 3*time.Second, time.Unix(100, 0)
	small, err := picture.Scale(f, 33, 17, &pool)
	if err != nil {
		t.Fatal(err)
	}
	mirrored, err := picture.Mirror(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	turned, err := picture.Rotate(f, 90, &pool)
	if err != nil {
		t.Fatal(err)
	}
	same, err := picture.Rotate(f, 0, &pool)
	if err != nil || same != f {
		t.Fatalf("no turn gave another frame, %v", err)
	}
	for name, g := range map[string]*media.Frame{"scaled": small, "mirrored": mirrored, "turned": turned, "not turned": same} {
		if g.PTS != f.PTS || !g.NTP.Equal(f.NTP) {
			t.Errorf("%s: times %v, %v", name, g.PTS, g.NTP)
		}
	}
	if small.Width != 33 || small.Height != 17 || turned.Width != 32 || turned.Height != 64 {
		t.Errorf("sizes %dx%d, %dx%d", small.Width, small.Height, turned.Width, turned.Height)
	}
	wantColour(t, shown(small), 2, 2, red)
	wantColour(t, shown(mirrored), 2, 2, green)
	wantColour(t, shown(turned), 2, 2, blue) // clockwise: the lower left comes up
	wantColour(t, shown(turned), 29, 2, red)
	for _, g := range []*media.Frame{small, mirrored, turned, same, f} {
		g.Release() // once each, or it panics
	}
	for _, s := range [][2]int{{0, 5}, {5, -1}, {media.MaxDim + 1, 5}} {
		if _, err := picture.Scale(media.NewFrame(4, 4), s[0], s[1], nil); err == nil {
			t.Errorf("scale to %v: no error", s)
		}
	}
	if _, err := picture.Rotate(media.NewFrame(4, 4), 45, nil); err == nil {
		t.Error("45 degrees: no error")
	}
}

func TestFromImage(t *testing.T) {
	rgba := quarters(38, 30)
	ycc := func(ratio image.YCbCrSubsampleRatio) *image.YCbCr {
		m := image.NewYCbCr(rgba.Rect, ratio)
		for y := range 30 {
			for x := range 38 {
				c := rgba.RGBAAt(x, y)
				yy, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
				m.Y[m.YOffset(x, y)], m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = yy, cb, cr
			}
		}
		return m
	}
	nrgba := image.NewNRGBA(rgba.Rect)
	paletted := image.NewPaletted(rgba.Rect, color.Palette{red, green, blue, white})
	clear := image.NewNRGBA(rgba.Rect)
	for y := range 30 {
		for x := range 38 {
			nrgba.Set(x, y, rgba.At(x, y))
			paletted.Set(x, y, rgba.At(x, y))
			clear.Set(x, y, rgba.At(x, y))
		}
	}
	clear.SetNRGBA(36, 2, color.NRGBA{255, 255, 255, 0})
	for name, img := range map[string]image.Image{
		"RGBA": rgba, "NRGBA": nrgba, "paletted": paletted, "NRGBA with a hole": clear,
		"4:2:0": ycc(image.YCbCrSubsampleRatio420), "4:2:2": ycc(image.YCbCrSubsampleRatio422),
		"4:4:4": ycc(image.YCbCrSubsampleRatio444), "4:1:1": ycc(image.YCbCrSubsampleRatio411),
	} {
		t.Run(name, func(t *testing.T) {
			var pool media.FramePool
			f := picture.FromImagePool(img, &pool)
			out := shown(f)
			wantColour(t, out, 2, 2, red)
			wantColour(t, out, 32, 2, green)
			wantColour(t, out, 2, 27, blue)
			wantColour(t, out, 35, 27, white)
			f.Release()
			// A part of it, from an odd corner.
			part := img.(interface {
				SubImage(image.Rectangle) image.Image
			}).SubImage(image.Rect(21, 3, 38, 30))
			g := picture.FromImage(part)
			if g.Width != 17 || g.Height != 27 {
				t.Fatalf("the part is %dx%d", g.Width, g.Height)
			}
			wantColour(t, shown(g), 4, 4, green)
			wantColour(t, shown(g), 10, 24, white)
		})
	}
	grey := image.NewGray(image.Rect(5, 5, 10, 9))
	for i := range grey.Pix {
		grey.Pix[i] = 255
	}
	wantColour(t, shown(picture.FromImage(grey)), 3, 2, white)
	for name, img := range map[string]image.Image{
		"nothing": nil, "empty": image.NewRGBA(image.Rectangle{}), "endless": image.NewUniform(red),
	} {
		if picture.FromImage(img) != nil {
			t.Errorf("%s: a frame", name)
		}
	}
}
