package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"parley/media"
	"parley/media/codec"
)

// sort of picture that is measured.
type format struct{ w, h, kbps int }

func (f format) String() string { return fmt.Sprintf("%dp30", f.h) }

var formats = []format{{640, 360, 800}, {1280, 720, 2000}}

const codecTurns = 5

// encode encodes every stepth frame and returns the processor time of one and
// the size of each in bytes.
func encode(frames []*media.Frame, f format, fps, step int) (perFrame float64, sizes []float64, err error) {
	enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: f.w, Height: f.h, FPS: fps / step, BitrateKbps: f.kbps})
	if err != nil {
		return 0, nil, err
	}
	defer enc.Close()
	runtime.GC()
	before := cpu()
	for i := 0; i < len(frames); i += step {
		u, err := enc.Encode(frames[i], i == 0)
		if err != nil {
			return 0, nil, err
		}
		sizes = append(sizes, float64(len(u.Data)))
	}
	return (cpu() - before).Seconds() * 1000 / float64(len(sizes)), sizes, nil
}

// encoderRows compares the processor time of our encoder with that of libvpx
// itself, called from C with the same settings, and with the time that
// Chromium takes in a call of its own.
func encoderRows(ctx context.Context) ([]row, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ref, err := reference(ctx, dir)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, f := range formats {
		path, err := clip(ctx, f.w, f.h, 30)
		if err != nil {
			return nil, err
		}
		frames, fps, err := load(path)
		if err != nil {
			return nil, err
		}
		var key, theirKey float64
		p, err := turns(codecTurns, func() (float64, error) {
			t, sizes, err := encode(frames, f, fps, 1)
			key = sizes[0]
			return t, err
		}, func() (float64, error) {
			v, err := numbers(ctx, ref, "encode", path, strconv.Itoa(f.kbps), "1")
			if err != nil {
				return 0, err
			}
			theirKey = v[2]
			return v[0] * 1000 / v[1], nil
		})
		if err != nil {
			return nil, err
		}
		ours := median(p.ours)
		rows = append(rows, p.against(f.String()+", CPU per picture; theirs libvpx from C", "ms", 1.10))
		seconds := func(bytes float64) float64 { return bytes * 8 / float64(f.kbps) / 1000 }
		rows = append(rows, atMost(fmt.Sprintf("%v, first key frame in seconds of %d kbit/s; theirs libvpx from C", f, f.kbps), "s", seconds(key), seconds(theirKey), 0.5))
		chromium, err := chromiumEncodes(ctx, path, f)
		if err != nil {
			rows = append(rows, unmeasured(f.String()+", encode per picture; theirs Chromium", "ms", err.Error()))
			continue
		}
		rows = append(rows, against(f.String()+", encode per picture; theirs Chromium's totalEncodeTime", "ms", ours, chromium, 1.0))
	}
	growth, err := growthRow(ctx, dir)
	if err != nil {
		return rows, err
	}
	return append(rows, growth), nil
}

// growthRow changes between two sizes again and again. Theirs loses memory so
// fast that 50 changes are measured and taken twenty times.
func growthRow(ctx context.Context, dir string) (row, error) {
	enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: 1280, Height: 720, FPS: 30, BitrateKbps: 1000})
	if err != nil {
		return row{}, err
	}
	defer enc.Close()
	dec := codec.NewVideoDecoder(&media.FramePool{})
	defer dec.Close()
	f := media.NewFrame(1280, 720)
	change := func(n int) error {
		for i := range n {
			t := codec.Target{BitrateBps: 1_000_000, Width: 1280, Height: 720, FPS: 30}
			if i%2 == 0 {
				t.Width, t.Height = 640, 360
			}
			if err := enc.SetTarget(t); err != nil {
				return err
			}
			u, err := enc.Encode(f, true)
			if err != nil {
				return err
			}
			g, err := dec.Decode(u)
			if err != nil {
				return err
			}
			if g != nil {
				g.Release()
			}
			f.PTS += 33_333_333
		}
		return nil
	}
	if err := change(10); err != nil {
		return row{}, err
	}
	before := resident()
	if err := change(1000); err != nil {
		return row{}, err
	}
	grew := float64(resident()-before) / (1 << 20)
	theirs, err := mediadevices(ctx, dir, "sizes", "50")
	if err != nil {
		return alone("growth over 1,000 changes of size, both ends", "MB", grew, 5).with("mediadevices: " + err.Error()), nil
	}
	return atMost("growth over 1,000 changes of size, both ends; theirs mediadevices' encoder", "MB", grew, theirs[0]*20/(1<<20), 5), nil
}

// resident is the memory of this process in bytes, Go's and C's.
func resident() int {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}

// mediadevices runs its encoder, which is built on the first call.
func mediadevices(ctx context.Context, dir string, args ...string) ([]float64, error) {
	bin := filepath.Join(dir, "mediadevices")
	if _, err := os.Stat(bin); err != nil {
		out, err := exec.CommandContext(ctx, "go", "-C", here("mediadevices"), "build", "-o", bin, ".").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("go build: %w: %s", err, out)
		}
	}
	return numbers(ctx, bin, args...)
}

// rateRows measures how far the encoder is from its target, beside
// mediadevices' on the same clip. Theirs runs in real time, all at once.
func rateRows(ctx context.Context) ([]row, error) {
	f := format{640, 360, 500}
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path, err := clip(ctx, f.w, f.h, 30)
	if err != nil {
		return nil, err
	}
	frames, have, err := load(path)
	if err != nil {
		return nil, err
	}
	rates := []int{10, 15, 30}
	if _, err := mediadevices(ctx, dir, "sizes", "1"); err != nil {
		return nil, err
	}
	theirs := make([]chan rated, len(rates))
	for i, fps := range rates {
		theirs[i] = make(chan rated, 1)
		go func() {
			v, err := mediadevices(ctx, dir, "rate", path, strconv.Itoa(f.kbps), strconv.Itoa(fps))
			theirs[i] <- rated{rate(v, f.kbps, fps), err}
		}()
	}
	var rows []row
	for i, fps := range rates {
		_, sizes, err := encode(frames, f, have, have/fps)
		if err != nil {
			return nil, err
		}
		ours, t := rate(sizes, f.kbps, fps), <-theirs[i]
		if t.err != nil {
			return nil, t.err
		}
		what := fmt.Sprintf("%dp%d at %d kbit/s, ", f.h, fps, f.kbps)
		rows = append(rows,
			atMost(what+"off target; theirs mediadevices", "%", ours.off, t.off, 5),
			atMost(what+"worst second over target; theirs mediadevices", "x", ours.worst, t.worst, 1.10),
			alone(what+"first key frame in seconds of the target", "s", ours.key, 0.5),
		)
		rows[len(rows)-1].Theirs = &t.key
	}
	return rows, nil
}

type rated struct {
	rates
	err error
}

// rates says how pictures keep to a target.
type rates struct{ off, worst, key float64 }

func rate(sizes []float64, kbps, fps int) (r rates) {
	if len(sizes) == 0 {
		return r
	}
	target := float64(kbps) * 1000 / 8 // bytes a second
	var all, second float64
	for i, s := range sizes {
		all += s
		if second += s; i%fps == fps-1 {
			r.worst = max(r.worst, second/target)
			second = 0
		}
	}
	r.off = 100 * math.Abs(all*float64(fps)/float64(len(sizes))/target-1)
	r.key = sizes[0] / target
	return r
}
