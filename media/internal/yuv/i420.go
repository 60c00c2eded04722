package yuv

import (
	"errors"
	"fmt"
)

// ErrSize: a picture without pixels, sides that do not fit each other, or a
// slice shorter than its size and stride say.
var ErrSize = errors.New("wrong picture size")

// maxSide bounds both sides of every picture here, far from where products of
// strides and heights leave a C int.
const maxSide = 16384

// I420 is a view of a picture: Y at full size, U and V at half width and
// height rounded up. It owns nothing.
type I420 struct {
	Y, U, V           []byte
	YStride, UVStride int // bytes from row to row
	Width, Height     int // pixels
}

// Crop is the part of p that starts at (x, y), both even, with the given size.
// The result shares p's memory. A part outside of p is an error.
func (p I420) Crop(x, y, width, height int) (I420, error) {
	if x < 0 || y < 0 || x%2 != 0 || y%2 != 0 || width < 1 || height < 1 || x+width > p.Width || y+height > p.Height {
		return I420{}, fmt.Errorf("yuv: crop %dx%d at %d,%d of %dx%d: %w", width, height, x, y, p.Width, p.Height, ErrSize)
	}
	if err := p.check("crop"); err != nil {
		return I420{}, err
	}
	c := p
	c.Y = p.Y[y*p.YStride+x:]
	c.U = p.U[y/2*p.UVStride+x/2:]
	c.V = p.V[y/2*p.UVStride+x/2:]
	c.Width, c.Height = width, height
	return c, nil
}

func (p I420) check(what string) error {
	cw, ch := (p.Width+1)/2, (p.Height+1)/2
	if err := checkPlane(what, p.Y, p.YStride, p.Width, p.Height); err != nil {
		return err
	}
	if err := checkPlane(what, p.U, p.UVStride, cw, ch); err != nil {
		return err
	}
	return checkPlane(what, p.V, p.UVStride, cw, ch)
}

// checkPlane checks height rows of rowBytes bytes; rowBytes may be a multiple
// of the width for packed formats.
func checkPlane(what string, b []byte, stride, rowBytes, height int) error {
	if rowBytes < 1 || height < 1 || rowBytes > 4*maxSide || height > maxSide || stride < rowBytes || stride > 1<<20 ||
		len(b) < stride*(height-1)+rowBytes {
		return fmt.Errorf("yuv: %s: %d bytes for %d rows of %d bytes with stride %d: %w", what, len(b), height, rowBytes, stride, ErrSize)
	}
	return nil
}

// pair checks two pictures, of the same size if same is set.
func pair(what string, dst, src I420, same bool) error {
	if same && (dst.Width != src.Width || dst.Height != src.Height) {
		return fmt.Errorf("yuv: %s %dx%d into %dx%d: %w", what, src.Width, src.Height, dst.Width, dst.Height, ErrSize)
	}
	if dst.Width > maxSide || src.Width > maxSide {
		return fmt.Errorf("yuv: %s: more than %d pixels wide: %w", what, maxSide, ErrSize)
	}
	if err := dst.check(what); err != nil {
		return err
	}
	return src.check(what)
}

// into checks a destination and one packed source plane of its size.
func into(what string, dst I420, src []byte, stride, rowBytes, height int) error {
	if dst.Width > maxSide {
		return fmt.Errorf("yuv: %s: more than %d pixels wide: %w", what, maxSide, ErrSize)
	}
	if err := dst.check(what); err != nil {
		return err
	}
	return checkPlane(what, src, stride, rowBytes, height)
}
