package picture_test

import (
	"fmt"
	"image"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/codec/codectest"
	"parley/media/picture"
)

func BenchmarkPaint(b *testing.B) {
	for _, c := range []struct{ sw, sh, w, h int }{
		{1280, 720, 1280, 720}, {1280, 720, 640, 360}, {1280, 720, 853, 480}, {1920, 1080, 1280, 720}, {640, 360, 1280, 720}, {320, 180, 1920, 1080},
	} {
		f := codectest.NewClip(c.sw, c.sh).At(0, nil)
		for _, mirror := range []bool{false, true} {
			b.Run(fmt.Sprintf("%dp to %dp mirror %v", c.sh, c.h, mirror), func(b *testing.B) {
				var p picture.Painter
				b.ReportAllocs()
				for b.Loop() {
					if p.Paint(f, c.w, c.h, picture.Cover, mirror) == nil {
						b.Fatal("no image")
					}
				}
			})
		}
	}
}

// BenchmarkDecodePaint is what one remote picture costs from packet to pixels.
func BenchmarkDecodePaint(b *testing.B) {
	const w, h = 1280, 720
	clip := codectest.NewClip(w, h)
	e, err := codec.NewVideoEncoder(codec.VideoConfig{Width: w, Height: h, FPS: 30, BitrateKbps: 1500})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	var units []media.Unit
	for i := range 60 {
		u, err := e.Encode(clip.At(time.Duration(i)*time.Second/30, nil), false)
		if err != nil {
			b.Fatal(err)
		}
		u.Data = append([]byte(nil), u.Data...)
		units = append(units, u)
	}
	d := codec.NewVideoDecoder(nil)
	defer d.Close()
	var p picture.Painter
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		f, err := d.Decode(units[i%len(units)])
		if err != nil {
			b.Fatal(err)
		}
		p.Paint(f, w, h, picture.Cover, false)
		f.Release()
		i++
	}
}

func BenchmarkFromImage720p(b *testing.B) {
	r := image.Rect(0, 0, 1280, 720)
	for name, img := range map[string]image.Image{
		"RGBA": image.NewRGBA(r), "4:2:0": image.NewYCbCr(r, image.YCbCrSubsampleRatio420), "4:2:2": image.NewYCbCr(r, image.YCbCrSubsampleRatio422),
	} {
		b.Run(name, func(b *testing.B) {
			var pool media.FramePool
			b.ReportAllocs()
			for b.Loop() {
				picture.FromImagePool(img, &pool).Release()
			}
		})
	}
}
