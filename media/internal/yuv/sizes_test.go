package yuv

import (
	"errors"
	"fmt"
	"math"
	"testing"
)

// calls runs everything at one size, on planes from a.
func calls(a alloc, w, h int) map[string]error {
	cw, ch := (w+1)/2, (h+1)/2
	errs := map[string]error{
		"RGBA":    RGBAToI420(picture(a, w, h), random(a(4*w*h), 1), 4*w),
		"BGRA":    BGRAToI420(picture(a, w, h), random(a(4*w*h), 1), 4*w),
		"YUY2":    YUY2ToI420(picture(a, w, h), random(a(4*cw*h), 1), 4*cw),
		"UYVY":    UYVYToI420(picture(a, w, h), random(a(4*cw*h), 1), 4*cw),
		"NV12":    NV12ToI420(picture(a, w, h), random(a(w*h), 1), w, random(a(2*cw*ch), 1), 2*cw),
		"grey":    GreyToI420(picture(a, w, h), random(a(w*h), 1), w),
		"I422":    I422ToI420(picture(a, w, h), Planar{random(a(w*h), 1), random(a(cw*h), 1), random(a(cw*h), 1), w, cw}),
		"I444":    I444ToI420(picture(a, w, h), Planar{random(a(w*h), 1), random(a(w*h), 1), random(a(w*h), 1), w, w}),
		"to RGBA": I420ToRGBA(a(4*w*h), 4*w, noise(a, w, h, 1)),
		"copy":    I420Copy(picture(a, w, h), noise(a, w, h, 1)),
		"mirror":  I420Mirror(picture(a, w, h), noise(a, w, h, 1)),
		"limit":   FullToLimited(noise(a, w, h, 1)),
		"r180":    I420Rotate(picture(a, w, h), noise(a, w, h, 1), 180),
		"r90":     I420Rotate(picture(a, h, w), noise(a, w, h, 1), 90),
		"r270":    I420Rotate(picture(a, h, w), noise(a, w, h, 1), 270),
	}
	for _, s := range [][2]int{{1, 1}, {w / 2, h / 2}, {2 * w, 2 * h}, {w*3/4 + 1, h}, {37, 23}, {w/3 + 1, h/3 + 1}, {w/4 + 1, h/4 + 1}, {w, 2*h + 1}} {
		tw, th := max(1, s[0]), max(1, s[1])
		for _, f := range []Filter{Box, Bilinear} {
			errs[fmt.Sprintf("scale to %dx%d, filter %d", tw, th, f)] = I420Scale(picture(a, tw, th), noise(a, w, h, 1), f)
		}
	}
	return errs
}

var sizes = [][2]int{{1, 1}, {2, 1}, {1, 2}, {3, 3}, {5, 4}, {15, 2}, {16, 16}, {17, 9}, {31, 7}, {33, 33}, {63, 5}, {65, 3}, {127, 11}, {129, 6}, {160, 90}, {161, 91}}

func TestAnySize(t *testing.T) {
	for _, s := range sizes {
		for name, err := range calls(plain, s[0], s[1]) {
			if err != nil {
				t.Errorf("%dx%d: %s: %v", s[0], s[1], name, err)
			}
		}
	}
}

// Whatever is wrong with the sizes is an error before C sees it.
func TestBadSizes(t *testing.T) {
	ok := func() I420 { return noise(plain, 8, 6, 1) }
	spoilt := map[string]func(*I420){
		"no width":        func(p *I420) { p.Width = 0 },
		"negative height": func(p *I420) { p.Height = -6 },
		"huge":            func(p *I420) { p.Width, p.Height = math.MaxInt32, math.MaxInt32 },
		"short Y":         func(p *I420) { p.Y = p.Y[:47] },
		"short U":         func(p *I420) { p.U = p.U[:11] },
		"no V":            func(p *I420) { p.V = nil },
		"narrow stride":   func(p *I420) { p.YStride = 7 },
		"negative stride": func(p *I420) { p.UVStride = -4 },
		"huge stride":     func(p *I420) { p.YStride = math.MaxInt },
	}
	rgba := make([]byte, 8*6*4)
	for name, spoil := range spoilt {
		p := ok()
		spoil(&p)
		for call, err := range map[string]error{
			"scale from":  I420Scale(ok(), p, Box),
			"scale to":    I420Scale(p, ok(), Box),
			"copy":        I420Copy(p, ok()),
			"mirror":      I420Mirror(ok(), p),
			"rotate from": I420Rotate(ok(), p, 180),
			"rotate to":   I420Rotate(p, ok(), 180),
			"to RGBA":     I420ToRGBA(rgba, 32, p),
			"RGBA":        RGBAToI420(p, rgba, 32),
			"BGRA":        BGRAToI420(p, rgba, 32),
			"YUY2":        YUY2ToI420(p, rgba, 16),
			"UYVY":        UYVYToI420(p, rgba, 16),
			"NV12":        NV12ToI420(p, rgba, 8, rgba, 8),
			"grey":        GreyToI420(p, rgba, 8),
			"I422":        I422ToI420(p, Planar{rgba, rgba, rgba, 8, 4}),
			"I444":        I444ToI420(p, Planar{rgba, rgba, rgba, 8, 8}),
			"limit":       FullToLimited(p),
		} {
			if !errors.Is(err, ErrSize) {
				t.Errorf("%s, %s: %v", call, name, err)
			}
		}
	}
	for call, err := range map[string]error{
		"to RGBA":     I420ToRGBA(rgba[:191], 32, ok()),
		"RGBA":        RGBAToI420(ok(), rgba[:191], 32),
		"YUY2":        YUY2ToI420(ok(), rgba, 15),
		"NV12":        NV12ToI420(ok(), rgba, 8, rgba[:23], 8),
		"I422":        I422ToI420(ok(), Planar{rgba, rgba, rgba[:23], 8, 4}),
		"I444":        I444ToI420(ok(), Planar{rgba, nil, rgba, 8, 8}),
		"other size":  I420Copy(ok(), noise(plain, 8, 5, 1)),
		"45 degrees":  I420Rotate(ok(), ok(), 45),
		"wrong sides": I420Rotate(ok(), ok(), 90),
	} {
		if !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", call, err)
		}
	}
}
