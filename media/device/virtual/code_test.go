package virtual

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"

	xdraw "golang.org/x/image/draw"

	"parley/media"
)

// cardImage draws picture number n of a card.
func cardImage(w, h int, name string, n uint32) *image.RGBA {
	f := media.NewFrame(w, h)
	drawArt(w, h, name).paint(f, n, float64(n)/30)
	return toRGBA(f)
}

func toRGBA(f *media.Frame) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	clip := func(v int) byte { return byte(min(max(v>>8, 0), 255)) }
	for y := range f.Height {
		for x := range f.Width {
			c := 298 * (int(f.Y[y*f.YStride+x]) - 16)
			i := y/2*f.UVStride + x/2
			u, v := int(f.U[i])-128, int(f.V[i])-128
			m.SetRGBA(x, y, color.RGBA{R: clip(c + 409*v), G: clip(c - 100*u - 208*v), B: clip(c + 516*u), A: 255})
		}
	}
	return m
}

func mirror(m *image.RGBA) *image.RGBA {
	out := image.NewRGBA(m.Rect)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			out.SetRGBA(m.Rect.Dx()-1-x, y, m.RGBAAt(x, y))
		}
	}
	return out
}

// cover scales src to fill r of dst and crops what sticks out, as a call window does.
func cover(dst *image.RGBA, r image.Rectangle, src *image.RGBA) {
	sw, sh := src.Rect.Dx(), src.Rect.Dy()
	if sw*r.Dy() > sh*r.Dx() {
		w := sh * r.Dx() / r.Dy()
		xdraw.BiLinear.Scale(dst, r, src, image.Rect((sw-w)/2, 0, (sw+w)/2, sh), xdraw.Src, nil)
	} else {
		h := sw * r.Dy() / r.Dx()
		xdraw.BiLinear.Scale(dst, r, src, image.Rect(0, (sh-h)/2, sw, (sh+h)/2), xdraw.Src, nil)
	}
}

func TestCodeSurvivesItsOwnBytes(t *testing.T) {
	for _, c := range []Code{{}, {1, "Ada"}, {1<<32 - 1, "sixteen-bytes-ab"}, {77, "Zoë Ωmega"}} {
		got, ok := unmarshal(c.marshal())
		if !ok || got != c {
			t.Errorf("%+v came back as %+v, %v", c, got, ok)
		}
		b := c.marshal()
		b[7] ^= 0x10
		if _, ok := unmarshal(b); ok {
			t.Errorf("%+v was read from a damaged code", c)
		}
	}
}

func TestNameIsCutBetweenCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"Ada":                  "Ada",
		"":                     "",
		"0123456789abcdefghij": "0123456789abcdef",
		"0123456789abcdeé":     "0123456789abcde", // é would be half in
		"日本語日本語":               "日本語日本",
		"a\x00b":               "ab",
		"\xff":                 "?",
	} {
		if got := shortName(in); got != want {
			t.Errorf("%q was cut to %q, want %q", in, got, want)
		}
	}
}

func TestReadFrameOfEverySize(t *testing.T) {
	for _, s := range []image.Point{{320, 180}, {480, 270}, {640, 360}, {640, 480}, {960, 540}, {1280, 720}, {1920, 1080}, {360, 640}, {321, 181}, {176, 144}} {
		f := media.NewFrame(s.X, s.Y)
		drawArt(s.X, s.Y, "Grace").paint(f, 4711, 157)
		got, err := ReadFrame(f)
		if err != nil || got != (Code{4711, "Grace"}) {
			t.Errorf("%v: %+v, %v", s, got, err)
		}
		a := drawArt(s.X, s.Y, "Grace")
		middle := image.Rect(s.X/4-1, s.Y/4-s.Y/32-1, s.X-s.X/4+1, s.Y-s.Y/4+s.Y/32+1)
		if !a.code.In(middle) {
			t.Errorf("%v: the code %v is not in the middle half %v", s, a.code, middle)
		}
	}
}

// A desktop with two call windows, each covering its area with the other's
// picture, controls drawn over it, and the own preview mirrored in a corner.
func TestReadCodesOnADesktop(t *testing.T) {
	for _, src := range []image.Point{{320, 180}, {640, 360}, {1280, 720}} {
		desk := image.NewRGBA(image.Rect(0, 0, 1600, 1000))
		draw.Draw(desk, desk.Rect, image.NewUniform(color.RGBA{R: 40, G: 44, B: 52, A: 255}), image.Point{}, draw.Src)
		a := image.Rect(30, 40, 30+1120, 40+700)
		cover(desk, a, cardImage(src.X, src.Y, "Anna", 100))
		cover(desk, image.Rect(1160, 60, 1160+430, 60+480), cardImage(src.X, src.Y, "Bertram", 205))
		cover(desk, image.Rect(a.Max.X-250, a.Max.Y-150, a.Max.X-10, a.Max.Y-15), mirror(cardImage(src.X, src.Y, "Me", 99)))
		bar := image.Rect(a.Min.X+300, a.Max.Y-90, a.Max.X-300, a.Max.Y-20)
		draw.Draw(desk, bar, image.NewUniform(color.RGBA{R: 20, G: 20, B: 20, A: 255}), image.Point{}, draw.Src)
		draw.Draw(desk, image.Rect(a.Min.X+10, a.Min.Y+10, a.Min.X+200, a.Min.Y+50), image.Black, image.Point{}, draw.Src)

		found := ReadCodes(desk)
		want := []Found{{Code: Code{100, "Anna"}}, {Code: Code{205, "Bertram"}}, {Code: Code{99, "Me"}, Mirrored: true}}
		if len(found) != len(want) {
			t.Errorf("%v: found %d codes: %+v", src, len(found), found)
			continue
		}
		for i, f := range found {
			if f.Code != want[i].Code || f.Mirrored != want[i].Mirrored {
				t.Errorf("%v: code %d is %+v, want %+v", src, i, f, want[i])
			}
			if i == 0 && !f.Rect.In(a) {
				t.Errorf("%v: %v is outside the window %v", src, f.Rect, a)
			}
		}
	}
}

func TestReadCodeDimmedBlurredAndNoisy(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	change := map[string]func(c color.RGBA) color.RGBA{
		"dimmed to a third": func(c color.RGBA) color.RGBA { return color.RGBA{c.R / 3, c.G / 3, c.B / 3, 255} },
		"washed out":        func(c color.RGBA) color.RGBA { return color.RGBA{130 + c.R/3, 130 + c.G/3, 130 + c.B/3, 255} },
		"noisy": func(c color.RGBA) color.RGBA {
			d := rng.IntN(60) - 30
			return color.RGBA{byte(min(max(int(c.R)+d, 0), 255)), byte(min(max(int(c.G)+d, 0), 255)), byte(min(max(int(c.B)+d, 0), 255)), 255}
		},
	}
	for name, fn := range change {
		m := cardImage(640, 360, "Ada", 31337)
		small := image.NewRGBA(image.Rect(0, 0, 256, 144)) // and through a small picture
		xdraw.BiLinear.Scale(small, small.Rect, m, m.Rect, xdraw.Src, nil)
		big := image.NewRGBA(image.Rect(0, 0, 900, 506))
		xdraw.BiLinear.Scale(big, big.Rect, small, small.Rect, xdraw.Src, nil)
		for y := range big.Rect.Dy() {
			for x := range big.Rect.Dx() {
				big.SetRGBA(x, y, fn(big.RGBAAt(x, y)))
			}
		}
		if got, err := ReadCode(big); err != nil || got != (Code{31337, "Ada"}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestReadCodeFindsNothingWhereNothingIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	noise := image.NewGray(image.Rect(0, 0, 1120, 700))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rng.Uint32())
	}
	stripes := image.NewGray(noise.Rect)
	for i := range stripes.Pix {
		stripes.Pix[i] = byte(i%stripes.Stride/7%2) * 255
	}
	for name, m := range map[string]image.Image{"noise": noise, "stripes": stripes, "empty": image.NewGray(image.Rectangle{})} {
		if got, err := ReadCode(m); !errors.Is(err, ErrNoCode) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func BenchmarkCardPaint720p(b *testing.B) {
	a := drawArt(1280, 720, "Grace Hopper")
	f := media.NewFrame(1280, 720)
	for n := range b.N {
		a.paint(f, uint32(n), float64(n)/30)
	}
}

func BenchmarkReadCodes1120x700(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 1120, 700))
	cover(m, m.Rect, cardImage(1280, 720, "Grace", 5))
	for b.Loop() {
		if len(ReadCodes(m)) != 1 {
			b.Fatal("not found")
		}
	}
}
