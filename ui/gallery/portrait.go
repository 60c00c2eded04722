package gallery

import (
	"image"
	"image/color"
	"math"
)

// Portrait draws a stand-in for a person's picture: a head and shoulders
// before a wall, with soft edges.
func Portrait(w, h int, other bool) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	wall := [2][3]float64{{0x5d, 0x72, 0x87}, {0x3c, 0x4a, 0x5a}}
	skin, shirt := [3]float64{0xd8, 0xb4, 0x9a}, [3]float64{0x41, 0x50, 0x6b}
	if other {
		wall = [2][3]float64{{0xc5, 0xcd, 0xd6}, {0x9a, 0xa7, 0xb5}}
		skin, shirt = [3]float64{0xc9, 0x9f, 0x82}, [3]float64{0x7a, 0x4b, 0x52}
	}
	W, H := float64(w), float64(h)
	unit := math.Min(W*0.75, H)
	// cover is how much of a pixel lies inside an ellipse.
	cover := func(x, y, cx, cy, rx, ry float64) float64 {
		d := math.Hypot((x-cx)/rx, (y-cy)/ry)
		return math.Max(0, math.Min(1, (1-d)*math.Min(rx, ry)+0.5))
	}
	for y := range h {
		for x := range w {
			fx, fy := float64(x)+0.5, float64(y)+0.5
			var c [3]float64
			for i := range c {
				c[i] = wall[0][i] + (wall[1][i]-wall[0][i])*fy/H
			}
			mix := func(with [3]float64, a float64) {
				for i := range c {
					c[i] += (with[i] - c[i]) * a
				}
			}
			mix(shirt, cover(fx, fy, W/2, H*1.06, unit*0.36, unit*0.34))
			mix([3]float64{skin[0] * 0.9, skin[1] * 0.9, skin[2] * 0.9}, cover(fx, fy, W/2, H*0.68, unit*0.07, unit*0.13))
			hair := [3]float64{0x4a, 0x38, 0x30}
			mix(hair, cover(fx, fy, W/2, H*0.37, unit*0.165, unit*0.17))
			mix(skin, cover(fx, fy, W/2, H*0.45, unit*0.14, unit*0.185))
			mix(hair, cover(fx, fy, W/2-unit*0.03, H*0.295, unit*0.13, unit*0.055))
			img.SetRGBA(x, y, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
		}
	}
	return img
}
