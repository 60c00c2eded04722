package virtual

import (
	"image"
	"math"
	"slices"

	"parley/media"
)

// Found is one code in a picture.
type Found struct {
	Code     Code
	Rect     image.Rectangle // of the code without its margin
	Mirrored bool            // left and right were swapped, as in one's own preview
}

// ReadCode finds the largest code in a screenshot, mirrored or not, at any
// place and from about 4 pixels per cell on. The error is ErrNoCode.
func ReadCode(img image.Image) (Code, error) {
	all := ReadCodes(img)
	if len(all) == 0 {
		return Code{}, ErrNoCode
	}
	return all[0].Code, nil
}

// ReadCodes finds all codes in a screenshot, the largest first.
func ReadCodes(img image.Image) []Found {
	l := lumaOf(img)
	found := l.find()
	for i := range found {
		found[i].Rect = found[i].Rect.Add(img.Bounds().Min)
	}
	return found
}

// ReadFrame finds the code in a captured or decoded picture.
func ReadFrame(f *media.Frame) (Code, error) {
	l := luma{pix: f.Y, stride: f.YStride, w: f.Width, h: f.Height}
	all := l.find()
	if len(all) == 0 {
		return Code{}, ErrNoCode
	}
	return all[0].Code, nil
}

// luma is the brightness of a picture.
type luma struct {
	pix          []byte
	stride, w, h int
}

func lumaOf(img image.Image) luma {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.Gray:
		return luma{pix: m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], stride: m.Stride, w: b.Dx(), h: b.Dy()}
	case *image.YCbCr:
		return luma{pix: m.Y[m.YOffset(b.Min.X, b.Min.Y):], stride: m.YStride, w: b.Dx(), h: b.Dy()}
	}
	l := luma{pix: make([]byte, b.Dx()*b.Dy()), stride: b.Dx(), w: b.Dx(), h: b.Dy()}
	rgba := func(pix []byte, stride, off int) {
		for y := range l.h {
			row := pix[off+y*stride:]
			out := l.pix[y*l.stride : (y+1)*l.stride]
			for x := range out {
				p := row[x*4 : x*4+3]
				out[x] = byte((uint(p[0])*77 + uint(p[1])*150 + uint(p[2])*29) >> 8)
			}
		}
	}
	switch m := img.(type) {
	case *image.RGBA:
		rgba(m.Pix, m.Stride, m.PixOffset(b.Min.X, b.Min.Y))
	case *image.NRGBA:
		rgba(m.Pix, m.Stride, m.PixOffset(b.Min.X, b.Min.Y))
	default:
		for y := range l.h {
			for x := range l.w {
				r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
				l.pix[y*l.stride+x] = byte((r*77 + g*150 + bl*29) >> 16)
			}
		}
	}
	return l
}

// hit is a sync pattern on one line of pixels: its outer edges.
type hit struct {
	x0, x1   float64
	y        int
	mirrored bool
}

// stripe is a sync pattern: hits on neighbouring lines put together.
type stripe struct {
	x0, x1   float64
	y0, y1   int // first and last line
	n        int
	mirrored bool
}

func (s stripe) width() float64 { return (s.x1 - s.x0) / codeCols }
func (s stripe) mid() float64   { return float64(s.y0+s.y1) / 2 }

// find looks with several thresholds: a picture may be dimmed, washed out or
// coded coarsely.
func (l luma) find() []Found {
	var out []Found
	for _, level := range []float64{128, 96, 160, 64, 40} {
		tops, bottoms := l.stripes(level)
		for _, t := range tops {
			for _, b := range bottoms {
				f, ok := l.pair(t, b)
				if ok && !slices.ContainsFunc(out, func(o Found) bool { return o.Rect.Overlaps(f.Rect) }) {
					out = append(out, f)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int {
		return b.Rect.Dx()*b.Rect.Dy() - a.Rect.Dx()*a.Rect.Dy()
	})
	return out
}

// stripes reads every line as a bar code.
func (l luma) stripes(level float64) (tops, bottoms []stripe) {
	top, bottom := newBars(syncTop()), newBars(syncBottom())
	edges := make([]float64, 0, 256)
	for y := range l.h {
		var firstFalls bool
		edges, firstFalls = l.edges(edges[:0], y, level)
		// A pattern starts where white turns black: every second edge.
		start := 0
		if !firstFalls {
			start = 1
		}
		for i := start; i+top.runs < len(edges); i += 2 {
			e := edges[i : i+top.runs+1]
			for _, p := range []struct {
				bars bars
				list *[]stripe
			}{{top, &tops}, {bottom, &bottoms}} {
				if yes, mirrored := p.bars.match(e); yes {
					*p.list = join(*p.list, hit{x0: e[0], x1: e[top.runs], y: y, mirrored: mirrored})
				}
			}
		}
	}
	return tops, bottoms
}

// edges appends the places along line y where the brightness crosses level, to
// a fraction of a pixel. falling says that the first goes from light to dark.
func (l luma) edges(dst []float64, y int, level float64) (_ []float64, falling bool) {
	row := l.pix[y*l.stride : y*l.stride+l.w]
	if len(row) == 0 {
		return dst, false
	}
	lim := byte(level)
	light := row[0] >= lim
	falling = light
	for x := 1; x < len(row); x++ {
		if row[x] >= lim == light {
			continue
		}
		a, b := float64(row[x-1]), float64(row[x])
		dst = append(dst, float64(x)-0.5+(level-a)/(b-a)) // pixel centres are at x+0.5
		light = !light
	}
	return dst, falling
}

// bars is a sync pattern as the positions of its edges in cells.
type bars struct {
	runs    int
	forward []float64
	back    []float64
}

func newBars(runs []int) bars {
	b := bars{runs: len(runs), forward: []float64{0}, back: []float64{0}}
	f, r := 0, 0
	for i := range runs {
		f += runs[i]
		r += runs[len(runs)-1-i]
		b.forward = append(b.forward, float64(f))
		b.back = append(b.back, float64(r))
	}
	return b
}

// match says whether the edges stand as in the pattern, within 0.4 cells.
func (b bars) match(e []float64) (yes, mirrored bool) {
	unit := (e[b.runs] - e[0]) / codeCols
	if unit < 2 {
		return false, false
	}
	fits := func(want []float64) bool {
		for i, w := range want {
			if math.Abs((e[i]-e[0])/unit-w) > 0.4 {
				return false
			}
		}
		return true
	}
	if fits(b.forward) {
		return true, false
	}
	return fits(b.back), true
}

// join adds a hit to the stripe that it continues, or starts one.
func join(list []stripe, h hit) []stripe {
	for i := len(list) - 1; i >= 0; i-- {
		s := &list[i]
		tol := s.width() * 0.5
		if s.mirrored == h.mirrored && h.y-s.y1 <= 1+int(s.width()*0.6) &&
			math.Abs(s.x0-h.x0) < tol && math.Abs(s.x1-h.x1) < tol {
			s.n++
			s.x0 += (h.x0 - s.x0) / float64(s.n)
			s.x1 += (h.x1 - s.x1) / float64(s.n)
			s.y1 = h.y
			return list
		}
	}
	return append(list, stripe{x0: h.x0, x1: h.x1, y0: h.y, y1: h.y, n: 1, mirrored: h.mirrored})
}

// pair reads the grid between a top and a bottom stripe.
func (l luma) pair(t, b stripe) (Found, bool) {
	w := (t.width() + b.width()) / 2
	h := (b.mid() - t.mid()) / (codeRows - 1)
	if t.mirrored != b.mirrored || math.Abs(t.x0-b.x0) > w || math.Abs(t.x1-b.x1) > w || h < w/2 || h > w*2 {
		return Found{}, false
	}
	top, bottom := syncTop(), syncBottom()
	// The height of a cell comes from two stripes, each known to within half a
	// cell when it is blurred: try small shifts around the estimate.
	for _, dt := range []float64{0, -0.15, 0.15, -0.3, 0.3} {
		for _, db := range []float64{0, -0.15, 0.15, -0.3, 0.3} {
			g := grid{luma: l, t: t, b: b, y0: t.mid() + 0.5 + dt*h, y1: b.mid() + 0.5 + db*h}
			g.w, g.h = w, (g.y1-g.y0)/(codeRows-1)
			g.measure(top, bottom)
			if code, ok := g.read(); ok {
				return Found{
					Code: code, Mirrored: t.mirrored,
					Rect: image.Rect(int(min(t.x0, b.x0)), int(g.y0-h/2), int(math.Ceil(max(t.x1, b.x1))), int(math.Ceil(g.y1+h/2))),
				}, true
			}
		}
	}
	return Found{}, false
}

// grid samples cells between two stripes.
type grid struct {
	luma
	t, b   stripe
	y0, y1 float64 // centres of the sync rows
	w, h   float64 // of a cell

	dark, light [2]float64 // as measured in the sync rows, top and bottom
}

// at returns the mean brightness of the middle of a cell.
func (g *grid) at(col, row int) float64 {
	if g.t.mirrored {
		col = codeCols - 1 - col
	}
	k := float64(row) / (codeRows - 1)
	x0 := g.t.x0 + (g.b.x0-g.t.x0)*k
	x1 := g.t.x1 + (g.b.x1-g.t.x1)*k
	cx := x0 + (x1-x0)*(float64(col)+0.5)/codeCols
	cy := g.y0 + (g.y1-g.y0)*k
	rx, ry := g.w*0.25, g.h*0.25
	sum, n := 0, 0
	for y := int(math.Round(cy - ry - 0.5)); y <= int(math.Round(cy+ry-0.5)); y++ {
		for x := int(math.Round(cx - rx - 0.5)); x <= int(math.Round(cx+rx-0.5)); x++ {
			if x >= 0 && y >= 0 && x < g.luma.w && y < g.luma.h {
				sum += int(g.pix[y*g.stride+x])
				n++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

// measure learns what black and white look like here.
func (g *grid) measure(patterns ...[]int) {
	for i, runs := range patterns {
		row := i * (codeRows - 1)
		var sum [2]float64
		var n [2]float64
		x := 0
		for k, w := range runs {
			for range w {
				sum[k%2] += g.at(x, row)
				n[k%2]++
				x++
			}
		}
		g.dark[i], g.light[i] = sum[0]/n[0], sum[1]/n[1]
	}
}

func (g *grid) read() (Code, bool) {
	if g.light[0]-g.dark[0] < 12 || g.light[1]-g.dark[1] < 12 {
		return Code{}, false
	}
	var b [payload]byte
	for i := range payload * 8 {
		row := 1 + i/codeCols
		k := float64(row) / (codeRows - 1)
		mid := (g.dark[0]+g.light[0])/2*(1-k) + (g.dark[1]+g.light[1])/2*k
		if g.at(i%codeCols, row) < mid {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return unmarshal(b)
}
