package vpx

import (
	"fmt"
	"runtime"

	"parley/media"
)

// Config is what a caller may choose; the rest follows from it (see params).
type Config struct {
	Width, Height int  // pixels, 1 to MaxSide; odd sizes are fine
	FPS           int  // frames per second to expect, 1 to 240; the time stamps decide
	BitrateKbps   int  // kbit/s, 1 to MaxBitrateKbps
	Screen        bool // text and windows rather than a camera
	// Threads is the number of encoder threads, 0 for what suits the size and
	// this machine.
	Threads int
}

// Limits of VP8 and of what is sensible to ask for.
const (
	MaxSide        = 16383 // RFC 6386 section 9.1: 14 bits
	MaxBitrateKbps = 200_000
)

// Validate reports the first field that cannot be used.
func (c Config) Validate() error {
	switch {
	case c.Width < 1 || c.Width > MaxSide || c.Height < 1 || c.Height > MaxSide:
		return fmt.Errorf("vpx: picture size %dx%d, want 1 to %d on both sides", c.Width, c.Height, MaxSide)
	case c.Width*c.Height > maxPixels:
		return fmt.Errorf("vpx: picture size %dx%d has more than %d pixels", c.Width, c.Height, maxPixels)
	case c.FPS < 1 || c.FPS > 240:
		return fmt.Errorf("vpx: %d frames/s, want 1 to 240", c.FPS)
	case c.BitrateKbps < 1 || c.BitrateKbps > MaxBitrateKbps:
		return fmt.Errorf("vpx: bitrate %d kbit/s, want 1 to %d", c.BitrateKbps, MaxBitrateKbps)
	case c.Threads < 0 || c.Threads > 16:
		return fmt.Errorf("vpx: %d threads, want 0 to 16", c.Threads)
	}
	return nil
}

// Constant parts of the configuration, after libwebrtc's
// modules/video_coding/codecs/vp8/libvpx_vp8_encoder.cc.
const (
	clockRate = 90000 // ticks per second: timebase 1/90000

	minQCamera = 2
	minQScreen = 12
	maxQ       = 56

	undershootPct = 100
	overshootPct  = 15

	bufInitialMs = 500
	bufOptimalMs = 600
	bufMaxMs     = 1000

	dropFrameThresh = 30 // percent of the buffer below which frames are dropped
)

// maxPixels bounds a picture's area: 4096x4096, 25 MB a frame in I420. The 14
// bits of a key frame's header could ask for sixteen times as much.
const maxPixels = 4096 * 4096

// params are the settings that depend on the Config and on the machine.
type params struct {
	cpuUsed          int // negative: a fixed speed, higher is faster
	threads          int
	minQ             int
	noiseSensitivity int // 0 off, 1 luma only, 4 adaptive
	staticThreshold  int
	screenMode       int // 2: text, with the stricter rate control
	maxIntraPct      int // size of a key frame in percent of the mean frame
}

// paramsFor derives the settings for a processor architecture (as in
// runtime.GOARCH) and number of processors.
func paramsFor(c Config, arch string, cpus int) params {
	p := params{
		minQ:            minQCamera,
		staticThreshold: 1,
		threads:         c.Threads,
		maxIntraPct:     maxIntraPct(c.FPS),
	}
	arm := arch == "arm" || arch == "arm64"
	pixels := c.Width * c.Height
	switch {
	case arm && cpus <= 3:
		p.cpuUsed = -12
	case arm && pixels <= 352*288:
		p.cpuUsed = -8
	case arm && pixels <= 640*480:
		p.cpuUsed = -10
	case arm:
		p.cpuUsed = -12
	case pixels < 352*288:
		p.cpuUsed = -4
	default:
		p.cpuUsed = -6
	}
	switch {
	case c.Screen:
		p.minQ = minQScreen
		p.staticThreshold = 100
		p.screenMode = 2
	case arm:
		p.noiseSensitivity = 1
	default:
		p.noiseSensitivity = 4
	}
	if p.threads == 0 {
		p.threads = threadsFor(pixels, cpus)
	}
	return p
}

// threadsFor keeps to one thread on small machines: two encoder threads on two
// busy cores wait for each other (median 168 ms a frame, measured).
func threadsFor(pixels, cpus int) int {
	switch {
	case pixels >= 1920*1080 && cpus > 8:
		return 8
	case pixels > 1280*960 && cpus >= 6:
		return 3
	case pixels > 640*480 && cpus >= 3:
		return 2
	}
	return 1
}

// maxIntraPct lets a key frame take half the optimal buffer, which is 0.3 s of
// bits at any frame rate, but never less than three mean frames.
func maxIntraPct(fps int) int {
	return max(300, bufOptimalMs*fps/20)
}

func (c Config) params() params { return paramsFor(c, runtime.GOARCH, runtime.NumCPU()) }

// checkFrame refuses a frame whose planes are shorter than C would read.
func checkFrame(f *media.Frame, width, height int) error {
	if f == nil {
		return fmt.Errorf("vpx: no frame")
	}
	if f.Width != width || f.Height != height {
		return fmt.Errorf("vpx: frame of %dx%d in an encoder for %dx%d", f.Width, f.Height, width, height)
	}
	cw, ch := (width+1)/2, (height+1)/2
	if f.YStride < width || f.UVStride < cw ||
		len(f.Y) < f.YStride*(height-1)+width ||
		len(f.U) < f.UVStride*(ch-1)+cw || len(f.V) < f.UVStride*(ch-1)+cw {
		return fmt.Errorf("vpx: planes of %d, %d and %d bytes are too short for %dx%d", len(f.Y), len(f.U), len(f.V), width, height)
	}
	return nil
}
