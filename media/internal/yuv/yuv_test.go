package yuv

import (
	"bytes"
	"errors"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

// alloc is where tests get planes from; see guard_linux_test.go.
type alloc func(n int) []byte

func plain(n int) []byte { return make([]byte, n) }

func picture(a alloc, w, h int) I420 {
	cw, ch := (w+1)/2, (h+1)/2
	// Strides as tight as they may be, planes as short as they may be.
	return I420{Y: a(w * h), U: a(cw * ch), V: a(cw * ch), YStride: w, UVStride: cw, Width: w, Height: h}
}

func random(b []byte, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func noise(a alloc, w, h int, seed uint64) I420 {
	p := picture(a, w, h)
	random(p.Y, seed)
	random(p.U, seed+1)
	random(p.V, seed+2)
	return p
}

func plain420(w, h int, y, u, v byte) I420 {
	p := picture(plain, w, h)
	for i := range p.Y {
		p.Y[i] = y
	}
	for i := range p.U {
		p.U[i], p.V[i] = u, v
	}
	return p
}

// bt601 is the definition: limited range, ITU-R BT.601.
func bt601(y, u, v byte) (r, g, b byte) {
	fy := 255.0 / 219 * (float64(y) - 16)
	fu, fv := 255.0/224*(float64(u)-128), 255.0/224*(float64(v)-128)
	round := func(x float64) byte { return byte(math.Round(min(max(x, 0), 255))) }
	return round(fy + 1.402*fv), round(fy - 0.344136*fu - 0.714136*fv), round(fy + 1.772*fu)
}

func toYUV(r, g, b byte) (y, u, v byte) {
	fr, fg, fb := float64(r), float64(g), float64(b)
	fy := 0.299*fr + 0.587*fg + 0.114*fb
	round := func(x float64) byte { return byte(math.Round(min(max(x, 0), 255))) }
	return round(16 + fy*219/255), round(128 + (fb-fy)/1.772*224/255), round(128 + (fr-fy)/1.402*224/255)
}

func near(a, b byte, tolerance int) bool {
	d := int(a) - int(b)
	return d <= tolerance && d >= -tolerance
}

var colours = []color.RGBA{
	{0, 0, 0, 255}, {255, 255, 255, 255}, {255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255},
	{128, 128, 128, 255}, {255, 255, 0, 255}, {200, 120, 80, 255},
}

func TestColoursSurvive(t *testing.T) {
	for _, c := range colours {
		y, u, v := toYUV(c.R, c.G, c.B)
		rgba := make([]byte, 4*6*4)
		if err := I420ToRGBA(rgba, 6*4, plain420(6, 4, y, u, v)); err != nil {
			t.Fatal(err)
		}
		wr, wg, wb := bt601(y, u, v)
		for i := 0; i < len(rgba); i += 4 {
			if !near(rgba[i], wr, 2) || !near(rgba[i+1], wg, 2) || !near(rgba[i+2], wb, 2) || rgba[i+3] != 255 {
				t.Fatalf("%v shown as %v", c, rgba[i:i+4])
			}
		}
		for name, convert := range map[string]func(I420, []byte, int) error{"RGBA": RGBAToI420, "BGRA": BGRAToI420} {
			src := make([]byte, 6*4*4)
			for i := 0; i < len(src); i += 4 {
				src[i], src[i+1], src[i+2], src[i+3] = c.R, c.G, c.B, 255
				if name == "BGRA" {
					src[i], src[i+2] = c.B, c.R
				}
			}
			p := picture(plain, 6, 4)
			if err := convert(p, src, 6*4); err != nil {
				t.Fatal(err)
			}
			if !near(p.Y[9], y, 2) || !near(p.U[3], u, 2) || !near(p.V[3], v, 2) {
				t.Errorf("%s %v became %d %d %d, want %d %d %d", name, c, p.Y[9], p.U[3], p.V[3], y, u, v)
			}
		}
	}
}

func TestPackedFormats(t *testing.T) {
	const w, h = 6, 2
	yuy2, uyvy := make([]byte, w*2*h), make([]byte, w*2*h)
	nvY, nvUV := make([]byte, w*h), make([]byte, w*h/2)
	for y := range h {
		for x := range w / 2 {
			y0, y1, u, v := byte(20+x*10+y), byte(25+x*10+y), byte(90+x), byte(160+x)
			copy(yuy2[y*w*2+x*4:], []byte{y0, u, y1, v})
			copy(uyvy[y*w*2+x*4:], []byte{u, y0, v, y1})
			nvY[y*w+2*x], nvY[y*w+2*x+1] = y0, y1
			nvUV[2*x], nvUV[2*x+1] = u, v
		}
	}
	for name, convert := range map[string]func(I420) error{
		"YUY2": func(p I420) error { return YUY2ToI420(p, yuy2, w*2) },
		"UYVY": func(p I420) error { return UYVYToI420(p, uyvy, w*2) },
		"NV12": func(p I420) error { return NV12ToI420(p, nvY, w, nvUV, w) },
	} {
		p := picture(plain, w, h)
		if err := convert(p); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p.Y, nvY) || p.U[2] != 92 || p.V[0] != 160 {
			t.Errorf("%s: %v %v %v", name, p.Y, p.U, p.V)
		}
	}
}

func TestFullToLimited(t *testing.T) {
	p := picture(plain, 256, 2)
	for i := range p.Y {
		p.Y[i] = byte(i)
	}
	for i := range p.U {
		p.U[i], p.V[i] = byte(2*i), byte(2*i+1)
	}
	if err := FullToLimited(p); err != nil {
		t.Fatal(err)
	}
	for i := range 256 {
		if want := 16 + float64(i)*219/255; math.Abs(float64(p.Y[i])-want) > 0.7 {
			t.Errorf("luma %d became %d, want %.1f", i, p.Y[i], want)
		}
		got := p.U[i/2]
		if i%2 == 1 {
			got = p.V[i/2]
		}
		if want := 128 + (float64(i)-128)*224/255; math.Abs(float64(got)-want) > 0.7 {
			t.Errorf("chroma %d became %d, want %.1f", i, got, want)
		}
	}
}

func TestMirrorAndRotate(t *testing.T) {
	src := noise(plain, 7, 5, 1)
	at := func(p I420, x, y int) byte { return p.Y[y*p.YStride+x] }
	m := picture(plain, 7, 5)
	if err := I420Mirror(m, src); err != nil {
		t.Fatal(err)
	}
	for y := range 5 {
		for x := range 7 {
			if at(m, 6-x, y) != at(src, x, y) {
				t.Fatalf("mirror: pixel %d,%d", x, y)
			}
		}
	}
	if m.U[0] != src.U[3] {
		t.Error("mirror: chroma")
	}
	for _, c := range []struct {
		degrees, w, h int
		to            func(x, y int) (int, int)
	}{
		{0, 7, 5, func(x, y int) (int, int) { return x, y }},
		{90, 5, 7, func(x, y int) (int, int) { return 4 - y, x }},
		{180, 7, 5, func(x, y int) (int, int) { return 6 - x, 4 - y }},
		{270, 5, 7, func(x, y int) (int, int) { return y, 6 - x }},
	} {
		d := picture(plain, c.w, c.h)
		if err := I420Rotate(d, src, c.degrees); err != nil {
			t.Fatal(err)
		}
		for y := range 5 {
			for x := range 7 {
				if tx, ty := c.to(x, y); at(d, tx, ty) != at(src, x, y) {
					t.Fatalf("%d degrees: pixel %d,%d", c.degrees, x, y)
				}
			}
		}
	}
}

func TestScaleKeepsBrightness(t *testing.T) {
	src := picture(plain, 64, 48)
	for i := range src.Y {
		src.Y[i] = byte(50 + 100*((i%64+i/64)%2)) // a pattern finer than the result
	}
	dst := picture(plain, 16, 12)
	if err := I420Scale(dst, src, Box); err != nil {
		t.Fatal(err)
	}
	for _, v := range dst.Y {
		if !near(v, 100, 3) {
			t.Fatalf("a fine pattern of 50 and 150 became %d", v)
		}
	}
}

func TestCrop(t *testing.T) {
	src := noise(plain, 9, 7, 4)
	c, err := src.Crop(4, 2, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	if c.Y[0] != src.Y[2*9+4] || c.U[0] != src.U[1*5+2] {
		t.Error("the wrong part")
	}
	if err := I420Copy(picture(plain, 5, 5), c); err != nil {
		t.Error(err)
	}
	for _, r := range [][4]int{{1, 0, 2, 2}, {0, 0, 10, 7}, {8, 0, 2, 2}, {-2, 0, 2, 2}, {0, 0, 0, 2}} {
		if _, err := src.Crop(r[0], r[1], r[2], r[3]); !errors.Is(err, ErrSize) {
			t.Errorf("%v: %v", r, err)
		}
	}
}
