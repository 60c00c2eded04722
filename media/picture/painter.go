package picture

import (
	"image"

	"parley/media"
	"parley/media/internal/yuv"
)

// Painter turns the frames of one tile into pixels for the screen. It is
// owned by one goroutine. Two Painters share nothing.
//
// Fyne reads an image when it draws, on another goroutine, without asking. A
// picture handed out is therefore left alone until two more have been painted:
// one may be on screen, one on its way there, one is being painted.
type Painter struct {
	slots [3]slot
	next  int
	pool  media.FramePool // scaled and mirrored pictures on their way to RGBA
}

type slot struct {
	img  *image.RGBA
	used image.Rectangle // where the picture is; transparent outside
}

// Paint draws f into an image of exactly w x h pixels and returns it. The
// image is opaque where the picture is; the bars of Contain are transparent,
// so that the tile's own background shows. mirror exchanges left and right, as
// people expect of themselves. It returns nil for a nil frame, or for a size
// outside 1 to media.MaxDim. The frame stays the caller's.
func (p *Painter) Paint(f *media.Frame, w, h int, fit Fit, mirror bool) *image.RGBA {
	if f == nil || w < 1 || h < 1 || w > media.MaxDim || h > media.MaxDim {
		return nil
	}
	src, area := view(f), image.Rect(0, 0, w, h)
	if fit == Cover {
		c := CoverCrop(f.Width, f.Height, w, h)
		cut, err := src.Crop(c.Min.X, c.Min.Y, c.Dx(), c.Dy())
		if err != nil {
			return nil
		}
		src = cut
	} else {
		area = ContainRect(f.Width, f.Height, w, h)
	}
	if src.Width != area.Dx() || src.Height != area.Dy() {
		g := p.pool.Get(area.Dx(), area.Dy())
		defer g.Release()
		if scale(view(g), src) != nil {
			return nil
		}
		src = view(g)
	}
	if mirror {
		g := p.pool.Get(src.Width, src.Height)
		defer g.Release()
		if yuv.I420Mirror(view(g), src) != nil {
			return nil
		}
		src = view(g)
	}
	s := &p.slots[p.next]
	s.prepare(w, h, area)
	if yuv.I420ToRGBA(s.img.Pix[s.img.PixOffset(area.Min.X, area.Min.Y):], s.img.Stride, src) != nil {
		return nil
	}
	p.next = (p.next + 1) % len(p.slots)
	return s.img
}

// prepare gives the slot an image of w x h that is clear outside area.
func (s *slot) prepare(w, h int, area image.Rectangle) {
	if s.img == nil || s.img.Rect.Dx() != w || s.img.Rect.Dy() != h {
		// A new header, because the old image may still be looked at; its memory
		// serves again where it is large enough and not far too large.
		var pix []byte
		if n := 4 * w * h; s.img != nil && cap(s.img.Pix) >= n && cap(s.img.Pix) <= 4*n {
			pix = s.img.Pix[:n]
		} else {
			pix = make([]byte, n)
		}
		s.img = &image.RGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		s.used = image.Rectangle{}
	}
	if s.used != area && area != s.img.Rect {
		clear(s.img.Pix)
	}
	s.used = area
}
