package yuv

import "testing"

func BenchmarkConvert720p(b *testing.B) {
	const w, h = 1280, 720
	src, dst := noise(plain, w, h, 1), picture(plain, w, h)
	half := picture(plain, w/2, h/2)
	odd := picture(plain, 854, 480)
	tall := picture(plain, h, w)
	rgba := make([]byte, 4*w*h)
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"to RGBA", func() error { return I420ToRGBA(rgba, 4*w, src) }},
		{"from RGBA", func() error { return RGBAToI420(dst, rgba, 4*w) }},
		{"from YUY2", func() error { return YUY2ToI420(dst, rgba, 2*w) }},
		{"from NV12", func() error { return NV12ToI420(dst, rgba, w, rgba, w) }},
		{"limit", func() error { return FullToLimited(dst) }},
		{"scale to 360p", func() error { return I420Scale(half, src, Box) }},
		{"scale to 480p", func() error { return I420Scale(odd, src, Box) }},
		{"scale to 480p bilinear", func() error { return I420Scale(odd, src, Bilinear) }},
		{"mirror", func() error { return I420Mirror(dst, src) }},
		{"rotate", func() error { return I420Rotate(tall, src, 90) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
