package vpx

import (
	"testing"
	"time"
)

func TestParams(t *testing.T) {
	cam := func(w, h, fps int) Config { return Config{Width: w, Height: h, FPS: fps, BitrateKbps: 500} }
	screen := cam(1920, 1080, 5)
	screen.Screen = true
	for _, c := range []struct {
		name string
		cfg  Config
		arch string
		cpus int
		want params
	}{
		{"small", cam(320, 180, 15), "amd64", 8, params{cpuUsed: -4, threads: 1, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 450}},
		{"360p", cam(640, 360, 30), "amd64", 8, params{cpuUsed: -6, threads: 1, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 900}},
		{"720p on two processors", cam(1280, 720, 30), "amd64", 2, params{cpuUsed: -6, threads: 1, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 900}},
		{"720p on four", cam(1280, 720, 30), "amd64", 4, params{cpuUsed: -6, threads: 2, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 900}},
		{"1080p on six", cam(1920, 1080, 30), "amd64", 6, params{cpuUsed: -6, threads: 3, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 900}},
		{"slow", cam(640, 360, 5), "amd64", 8, params{cpuUsed: -6, threads: 1, minQ: 2, noiseSensitivity: 4, staticThreshold: 1, maxIntraPct: 300}},
		{"ARM", cam(640, 360, 30), "arm64", 8, params{cpuUsed: -10, threads: 1, minQ: 2, noiseSensitivity: 1, staticThreshold: 1, maxIntraPct: 900}},
		{"small ARM machine", cam(320, 180, 30), "arm64", 2, params{cpuUsed: -12, threads: 1, minQ: 2, noiseSensitivity: 1, staticThreshold: 1, maxIntraPct: 900}},
		{"screen", screen, "amd64", 12, params{cpuUsed: -6, threads: 8, minQ: 12, staticThreshold: 100, screenMode: 2, maxIntraPct: 300}},
	} {
		if got := paramsFor(c.cfg, c.arch, c.cpus); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestValidate(t *testing.T) {
	good := Config{Width: 640, Height: 360, FPS: 30, BitrateKbps: 500}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Config){
		"width":   func(c *Config) { c.Width = 0 },
		"side":    func(c *Config) { c.Height = MaxSide + 1 },
		"area":    func(c *Config) { c.Width, c.Height = 16000, 16000 },
		"fps":     func(c *Config) { c.FPS = 0 },
		"bitrate": func(c *Config) { c.BitrateKbps = -1 },
		"threads": func(c *Config) { c.Threads = 99 },
	} {
		c := good
		spoil(&c)
		if c.Validate() == nil {
			t.Errorf("wrong %s: no error", name)
		}
	}
}

// The ends of frames, which libvpx counts by, advance by the time between two
// captures; starts only ever increase.
func TestClock(t *testing.T) {
	const n = clockRate / 30
	ms := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	for _, c := range []struct {
		name    string
		nominal int64
		pts     []time.Duration
		want    []int64 // steps of the end, in ticks
	}{
		{"steady", n, []time.Duration{ms(5000), ms(5033.333334), ms(5066.666667), ms(5100)}, []int64{n, n - 1, n, n + 1}},
		{"slower than announced", n, []time.Duration{0, ms(100), ms(200)}, []int64{n, 9000, 9000}},
		{"repeated", n, []time.Duration{0, ms(40), ms(40)}, []int64{n, 3600, n}},
		{"back", n, []time.Duration{ms(900), ms(100), ms(140)}, []int64{n, n, 3600}},
		{"pause", n, []time.Duration{0, time.Hour, time.Hour + ms(40)}, []int64{n, maxGap, 3600}},
		{"one a second", clockRate, []time.Duration{0, ms(1000), ms(9000)}, []int64{clockRate, clockRate, 2 * clockRate}},
		{"burst", n, []time.Duration{0, ms(0.02), ms(0.04)}, []int64{n, 1, 2}},
	} {
		var k clock
		var end, start int64 = 0, -1
		for i, pts := range c.pts {
			s, d := k.next(pts, c.nominal)
			if s <= start || d < 1 {
				t.Errorf("%s, frame %d: starts at %d after %d, lasts %d", c.name, i, s, start, d)
			}
			if step := s + d - end; step != c.want[i] {
				t.Errorf("%s, frame %d: %d ticks, want %d", c.name, i, step, c.want[i])
			}
			start, end = s, s+d
		}
	}
}

func TestClockFollowsAChangeOfFrameRate(t *testing.T) {
	var k clock
	start, end := int64(-1), int64(0)
	pts := time.Duration(0)
	for i := range 40 {
		fps := []int{10, 30, 5, 60}[i/10]
		s, d := k.next(pts, int64(clockRate/fps))
		if s <= start || s+d <= end {
			t.Fatalf("frame %d: %d+%d after %d, %d", i, s, d, start, end)
		}
		start, end = s, s+d
		pts += time.Second / time.Duration(fps)
	}
}
