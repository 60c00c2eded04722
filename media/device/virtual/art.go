package virtual

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"parley/media"
)

// art is a test card with everything that stands still drawn once.
type art struct {
	back   *media.Frame
	name   string
	code   image.Rectangle // of the cells, without the margin
	cell   int
	digits [10]*image.Alpha
	number image.Point // centre of the frame number's line
	body   *image.Alpha
}

// luma levels of the code: not the extremes, so that coding noise is not
// clipped on one side only.
const (
	blackY = 24
	whiteY = 228
)

// drawArt draws the background for a size and a name.
func drawArt(w, h int, name string) *art {
	a := &art{name: name, back: media.NewFrame(w, h)}
	// The code lies in the middle half of the picture, where neither cropping
	// to a window of another shape nor a control bar reaches it.
	a.cell = max(min(w/2/(codeCols+2*codeMargin), (h/2+h/16)/(codeRows+2*codeMargin)), 1)
	cw, ch := codeCols*a.cell, codeRows*a.cell
	a.code = image.Rect((w-cw)/2, (h-ch)/2, (w-cw)/2+cw, (h-ch)/2+ch)

	img := image.NewRGBA(image.Rect(0, 0, w, h))
	background(img)
	m := a.cell * codeMargin
	draw.Draw(img, a.code.Inset(-m), image.NewUniform(color.Gray{Y: 0xF6}), image.Point{}, draw.Src)

	space := a.code.Min.Y - m
	if face := newFace(float64(space) * 0.42); face != nil {
		drawCentred(img, face, name, image.Pt(w/2, space/2), w*6/10, color.White)
		face.Close()
	}
	a.number = image.Pt(w/2, a.code.Max.Y+m+space*2/5)
	if face := newFace(float64(space) * 0.36); face != nil {
		for d := range a.digits {
			a.digits[d] = glyph(face, rune('0'+d))
		}
		face.Close()
	}
	a.body = disc(max(min(w, h)/16, 2))
	toI420(img, a.back)
	// The margin of the code in its own white, exactly.
	a.rect(a.back, a.code.Inset(-m), whiteY)
	return a
}

// paint draws picture number frame, seconds after the first.
func (a *art) paint(f *media.Frame, frame uint32, seconds float64) {
	copy(f.Y, a.back.Y)
	copy(f.U, a.back.U)
	copy(f.V, a.back.V)

	// Two bodies, each on an orbit of its own beside the code.
	w, h := float64(f.Width), float64(f.Height)
	for _, o := range []struct{ x, turn float64 }{{0.125, 4}, {0.875, -6}} {
		at := 2 * math.Pi * seconds / o.turn
		a.blend(f, a.body, image.Pt(int(w*(o.x+0.05*math.Cos(at))), int(h*(0.5+0.36*math.Sin(at)))), 210, 100, 165)
	}

	text := frameText(frame)
	width := 0
	for _, r := range text {
		if g := a.digits[r-'0']; g != nil {
			width += g.Rect.Dx()
		}
	}
	x := a.number.X - width/2
	for _, r := range text {
		if g := a.digits[r-'0']; g != nil {
			a.blend(f, g, image.Pt(x+g.Rect.Dx()/2, a.number.Y), 235, 128, 128)
			x += g.Rect.Dx()
		}
	}

	cells := Code{Frame: frame, Name: a.name}.cells()
	for row := range cells {
		for col, black := range cells[row] {
			if black {
				p := a.code.Min.Add(image.Pt(col*a.cell, row*a.cell))
				a.rect(f, image.Rectangle{Min: p, Max: p.Add(image.Pt(a.cell, a.cell))}, blackY)
			}
		}
	}
}

// rect fills a rectangle of the luma plane and, where it covers whole chroma
// samples, makes it grey.
func (a *art) rect(f *media.Frame, r image.Rectangle, y byte) {
	r = r.Intersect(image.Rect(0, 0, f.Width, f.Height))
	for v := r.Min.Y; v < r.Max.Y; v++ {
		fill(f.Y[v*f.YStride+r.Min.X:v*f.YStride+r.Max.X], y)
	}
	if f != a.back {
		return // the margin was made grey with the background
	}
	for v := r.Min.Y / 2; v < (r.Max.Y+1)/2; v++ {
		fill(f.U[v*f.UVStride+r.Min.X/2:v*f.UVStride+(r.Max.X+1)/2], 128)
		fill(f.V[v*f.UVStride+r.Min.X/2:v*f.UVStride+(r.Max.X+1)/2], 128)
	}
}

// blend paints one colour through a mask centred at c.
func (a *art) blend(f *media.Frame, m *image.Alpha, c image.Point, y, u, v int) {
	off := c.Sub(image.Pt(m.Rect.Dx()/2, m.Rect.Dy()/2))
	r := m.Rect.Add(off).Intersect(image.Rect(0, 0, f.Width, f.Height))
	for py := r.Min.Y; py < r.Max.Y; py++ {
		for px := r.Min.X; px < r.Max.X; px++ {
			k := int(m.Pix[(py-off.Y)*m.Stride+px-off.X])
			if k == 0 {
				continue
			}
			p := &f.Y[py*f.YStride+px]
			*p = byte(int(*p) + (y-int(*p))*k/255)
			if px%2 == 0 && py%2 == 0 {
				q := py/2*f.UVStride + px/2
				f.U[q] = byte(int(f.U[q]) + (u-int(f.U[q]))*k/255)
				f.V[q] = byte(int(f.V[q]) + (v-int(f.V[q]))*k/255)
			}
		}
	}
}

// background is a diagonal from petrol to plum with two wide rings.
func background(img *image.RGBA) {
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			fx, fy := float64(x)/w, float64(y)/h
			k := (fx + fy) / 2
			c := [3]float64{18 + 76*k, 92 - 44*k, 112 + 6*k}
			d := math.Hypot((fx-0.5)*w, (fy-0.5)*h) / h
			for _, r := range []float64{0.46, 0.72} {
				if near := 1 - math.Abs(d-r)/0.02; near > 0 {
					for i := range c {
						c[i] += 22 * near
					}
				}
			}
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(c[0]), byte(c[1]), byte(c[2]), 255
		}
	}
}

// newFace returns the bold Go font at a height in pixels, nil where letters
// would be too small to be any.
func newFace(px float64) font.Face {
	if px < 5 {
		return nil
	}
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: px, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil
	}
	return face
}

// drawCentred writes one line, cut to a width.
func drawCentred(img draw.Image, face font.Face, s string, c image.Point, width int, col color.Color) {
	r := []rune(s)
	for len(r) > 0 && font.MeasureString(face, string(r)).Ceil() > width {
		r = r[:len(r)-1]
	}
	s = string(r)
	m := face.Metrics()
	d := font.Drawer{Dst: img, Src: image.NewUniform(col), Face: face}
	d.Dot = fixed.Point26_6{
		X: fixed.I(c.X) - font.MeasureString(face, s)/2,
		Y: fixed.I(c.Y) + (m.Ascent-m.Descent)/2,
	}
	d.DrawString(s)
}

// glyph is one character in a box of its advance and the font's height.
func glyph(face font.Face, r rune) *image.Alpha {
	m := face.Metrics()
	adv, _ := face.GlyphAdvance(r)
	a := image.NewAlpha(image.Rect(0, 0, adv.Ceil(), (m.Ascent + m.Descent).Ceil()))
	d := font.Drawer{Dst: a, Src: image.Opaque, Face: face, Dot: fixed.Point26_6{Y: m.Ascent}}
	d.DrawString(string(r))
	return a
}

// disc is a soft-edged circle.
func disc(r int) *image.Alpha {
	a := image.NewAlpha(image.Rect(0, 0, 2*r+2, 2*r+2))
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			d := float64(r) - math.Hypot(float64(x)-float64(r)-0.5, float64(y)-float64(r)-0.5)
			a.Pix[y*a.Stride+x] = byte(255 * min(max(d+0.5, 0), 1))
		}
	}
	return a
}

// toI420 converts to BT.601 in limited range.
func toI420(img *image.RGBA, f *media.Frame) {
	for y := range f.Height {
		for x := range f.Width {
			p := img.Pix[img.PixOffset(x, y):]
			r, g, b := int(p[0]), int(p[1]), int(p[2])
			f.Y[y*f.YStride+x] = byte((66*r+129*g+25*b+128)>>8 + 16)
			if x%2 == 0 && y%2 == 0 {
				i := y/2*f.UVStride + x/2
				f.U[i] = byte((-38*r-74*g+112*b+128)>>8 + 128)
				f.V[i] = byte((112*r-94*g-18*b+128)>>8 + 128)
			}
		}
	}
}
