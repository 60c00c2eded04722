package vpx_test

import (
	"fmt"
	"testing"
	"time"

	"parley/media"
	"parley/media/internal/vpx"
)

// BenchmarkEncode is the cost of one frame of a moving picture.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct{ w, h, kbps int }{{640, 360, 600}, {1280, 720, 1500}} {
		b.Run(fmt.Sprintf("%dp", c.h), func(b *testing.B) {
			e := encoder(b, vpx.Config{Width: c.w, Height: c.h, FPS: 30, BitrateKbps: c.kbps})
			fs := frames(c.w, c.h, 30, 60)
			b.ReportAllocs()
			i, bytes := 0, 0
			for b.Loop() {
				f := fs[swing(i, len(fs))]
				f.PTS = time.Duration(i) * time.Second / 30
				u, err := e.Encode(f, false)
				if err != nil {
					b.Fatal(err)
				}
				bytes += len(u.Data)
				i++
			}
			b.ReportMetric(float64(bytes)*8*30/float64(i)/1000, "kbit/s")
		})
	}
}

// swing runs through n frames to and fro, so that a clip never jumps.
func swing(i, n int) int {
	if i %= 2*n - 2; i >= n {
		i = 2*n - 2 - i
	}
	return i
}

// BenchmarkConfigure is BenchmarkEncode at 720p with a new bitrate for every
// frame: what a bandwidth estimate that never rests would cost.
func BenchmarkConfigure(b *testing.B) {
	e := encoder(b, vpx.Config{Width: 1280, Height: 720, FPS: 30, BitrateKbps: 1500})
	fs := frames(1280, 720, 30, 60)
	cfg := e.Config()
	i := 0
	for b.Loop() {
		f := fs[swing(i, len(fs))]
		f.PTS = time.Duration(i) * time.Second / 30
		cfg.BitrateKbps ^= 1
		if err := e.Configure(cfg); err != nil {
			b.Fatal(err)
		}
		if _, err := e.Encode(f, false); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ w, h, kbps int }{{640, 360, 600}, {1280, 720, 1500}} {
		b.Run(fmt.Sprintf("%dp", c.h), func(b *testing.B) {
			e := encoder(b, vpx.Config{Width: c.w, Height: c.h, FPS: 30, BitrateKbps: c.kbps})
			us := units(b, e, frames(c.w, c.h, 30, 60))
			var pool media.FramePool
			d := decoder(b, &pool)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f, err := d.Decode(us[i%len(us)])
				if err != nil {
					b.Fatal(err)
				}
				f.Release()
				i++
			}
		})
	}
}
