package picture

import "image"

// Fit says how a picture goes into a tile of another shape.
type Fit uint8

const (
	// Contain shows all of the picture, with empty bars at two sides.
	Contain Fit = iota
	// Cover fills the tile and cuts two sides of the picture off.
	Cover
)

// CoverCrop is the part of a srcW x srcH picture that a w x h tile shows when
// the picture covers it: the largest centred part of the tile's shape. Its
// origin is even, so that it falls on whole chroma samples. Empty if any side
// is less than 1.
func CoverCrop(srcW, srcH, w, h int) image.Rectangle {
	if srcW < 1 || srcH < 1 || w < 1 || h < 1 {
		return image.Rectangle{}
	}
	cw, ch := srcW, srcH
	if srcW*h > srcH*w {
		cw = max(1, (srcH*w+h/2)/h)
	} else {
		ch = max(1, (srcW*h+w/2)/w)
	}
	cw, ch = min(cw, srcW), min(ch, srcH)
	x, y := (srcW-cw)/2&^1, (srcH-ch)/2&^1
	return image.Rect(x, y, x+cw, y+ch)
}

// ContainRect is the part of a w x h tile that a srcW x srcH picture fills
// when all of it is shown: centred, in the picture's shape. Empty if any side
// is less than 1. What points at the picture (a cursor, an arrow) maps tile
// positions through it.
func ContainRect(srcW, srcH, w, h int) image.Rectangle {
	if srcW < 1 || srcH < 1 || w < 1 || h < 1 {
		return image.Rectangle{}
	}
	cw, ch := w, h
	if srcW*h > srcH*w {
		ch = max(1, (srcH*w+srcW/2)/srcW)
	} else {
		cw = max(1, (srcW*h+srcH/2)/srcH)
	}
	cw, ch = min(cw, w), min(ch, h)
	x, y := (w-cw)/2, (h-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

// FitSize is the size at which a srcW x srcH picture fits into maxW x maxH
// without changing its shape: itself if it is not larger, otherwise the
// largest even size. The bounds apply to a picture lying on its side as they
// do to one that stands: 1280x720 lets 720x1280 through.
func FitSize(srcW, srcH, maxW, maxH int) (w, h int) {
	if (srcW < srcH) != (maxW < maxH) {
		maxW, maxH = maxH, maxW
	}
	if srcW <= maxW && srcH <= maxH {
		return srcW, srcH
	}
	r := ContainRect(srcW, srcH, maxW, maxH)
	return max(2, r.Dx()&^1), max(2, r.Dy()&^1)
}
