// Both detectors keep memory of their own for every allocation, which this
// would count as lost.

//go:build linux && !race && !asan

package vpx_test

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec/codectest"
	"parley/media/internal/vpx"
)

// resident is the memory of this process in bytes, Go's and C's.
func resident(tb testing.TB) int {
	tb.Helper()
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Skip("no /proc/self/statm: ", err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		tb.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// changeSizes runs a stream through n changes of size, decoded at the other
// end.
func changeSizes(tb testing.TB, e *vpx.Encoder, d *vpx.Decoder, clips []*codectest.Clip, pool *media.FramePool, n int) {
	tb.Helper()
	for i := range n {
		c := clips[i%len(clips)]
		cfg := e.Config()
		cfg.Width, cfg.Height = c.Width, c.Height
		if err := e.Configure(cfg); err != nil {
			tb.Fatal(err)
		}
		f := c.At(time.Duration(i)*time.Second/30, pool)
		u, err := e.Encode(f, false)
		f.Release()
		if err != nil {
			tb.Fatal(err)
		}
		g, err := d.Decode(u)
		if err != nil || g.Width != c.Width {
			tb.Fatal(g, err)
		}
		g.Release()
	}
}

func sizeChanger(tb testing.TB, sizes [][2]int) func(n int) {
	var clips []*codectest.Clip
	for _, s := range sizes {
		clips = append(clips, codectest.NewClip(s[0], s[1]))
	}
	pool := &media.FramePool{}
	e := encoder(tb, vpx.Config{Width: sizes[0][0], Height: sizes[0][1], FPS: 30, BitrateKbps: 1000})
	d := decoder(tb, pool)
	return func(n int) { changeSizes(tb, e, d, clips, pool, n) }
}

// A call changes its size whenever the network does. What one change leaves
// behind adds up over a day: 5 MB after 1,000 is the bound, so 1.5 after 300.
func TestSizeChangesLeakNothing(t *testing.T) {
	change := sizeChanger(t, [][2]int{{640, 360}, {480, 270}, {320, 180}})
	change(51) // whatever the allocators keep
	before := resident(t)
	change(300)
	grown := resident(t) - before
	t.Logf("300 changes of size left %d kB behind", grown>>10)
	if grown > 1500<<10 {
		t.Error("more than 1.5 MB")
	}
}

// BenchmarkSizeChange is the same over the whole ladder; -benchtime 1000x gives
// the figure for 1,000.
func BenchmarkSizeChange(b *testing.B) {
	change := sizeChanger(b, [][2]int{{1280, 720}, {640, 360}, {960, 540}, {320, 180}})
	change(20)
	before := resident(b)
	b.ResetTimer()
	change(b.N)
	b.StopTimer()
	b.ReportMetric(float64(resident(b)-before)/1e6, "MB-grown")
}
