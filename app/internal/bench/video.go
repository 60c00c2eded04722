package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/picture"
)

const clipFrames = 300

// clip is the footage of the lab if it is there, else a moving picture of
// ffmpeg's, as one y4m file.
func clip(ctx context.Context, width, height, fps int) (string, error) {
	seconds := clipFrames / fps
	if lab, err := filepath.Abs("../shared/lab/footage"); err == nil {
		if _, err := os.Stat(lab); err == nil {
			out, err := exec.CommandContext(ctx, lab, "camera", fmt.Sprintf("%dx%d", width, height), strconv.Itoa(fps), strconv.Itoa(seconds)).Output()
			if err == nil {
				return strings.TrimSpace(string(out)), nil
			}
		}
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("parley-bench-%dx%d-%d.y4m", width, height, fps))
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
		fmt.Sprintf("testsrc2=size=%dx%d:rate=%d:duration=%d", width, height, fps, seconds), "-pix_fmt", "yuv420p", path).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ffmpeg: %w: %s", err, out)
	}
	return path, nil
}

// load reads a y4m file of 4:2:0 pictures whole, so that reading costs nothing
// while something is measured.
func load(path string) (frames []*media.Frame, fps int, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	end := strings.IndexByte(string(b[:min(len(b), 256)]), '\n')
	if end < 0 {
		return nil, 0, fmt.Errorf("%s is not a y4m file", path)
	}
	var w, h int
	fps = 30
	for _, field := range strings.Fields(string(b[:end])) {
		switch field[0] {
		case 'W':
			w, _ = strconv.Atoi(field[1:])
		case 'H':
			h, _ = strconv.Atoi(field[1:])
		case 'F':
			n, d, _ := strings.Cut(field[1:], ":")
			a, _ := strconv.Atoi(n)
			c, _ := strconv.Atoi(d)
			if c > 0 {
				fps = a / c
			}
		}
	}
	cw, ch := (w+1)/2, (h+1)/2
	size := w*h + 2*cw*ch
	for at := end + 1; at+6+size <= len(b); at += 6 + size {
		f := media.NewFrame(w, h)
		p := b[at+6:]
		for y := range h {
			copy(f.Y[y*f.YStride:], p[y*w:(y+1)*w])
		}
		for y := range ch {
			copy(f.U[y*f.UVStride:], p[w*h+y*cw:w*h+(y+1)*cw])
			copy(f.V[y*f.UVStride:], p[w*h+cw*ch+y*cw:w*h+cw*ch+(y+1)*cw])
		}
		f.PTS = time.Duration(len(frames)) * time.Second / time.Duration(fps)
		frames = append(frames, f)
	}
	if len(frames) == 0 {
		return nil, 0, fmt.Errorf("%s has no pictures", path)
	}
	return frames, fps, nil
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// childCPU runs a command and returns its processor time.
func childCPU(ctx context.Context, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// encoderRows compares the processor time of our encoder with that of libvpx
// itself, driven by ffmpeg with the same speed, threads and rate; reading the
// clip, measured alone, is taken off.
func encoderRows(ctx context.Context) ([]row, error) {
	var rows []row
	for _, c := range []struct{ w, h, kbps int }{{640, 360, 800}, {1280, 720, 2000}} {
		path, err := clip(ctx, c.w, c.h, 30)
		if err != nil {
			return nil, err
		}
		frames, fps, err := load(path)
		if err != nil {
			return nil, err
		}
		enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: c.w, Height: c.h, FPS: fps, BitrateKbps: c.kbps})
		if err != nil {
			return nil, err
		}
		runtime.GC()
		before := cpu()
		for i, f := range frames {
			if _, err := enc.Encode(f, i == 0); err != nil {
				return nil, err
			}
		}
		ours := cpu() - before
		if err := enc.Close(); err != nil {
			return nil, err
		}
		rate := strconv.Itoa(c.kbps) + "k"
		both, err := childCPU(ctx, "ffmpeg", "-v", "error", "-threads", "1", "-i", path, "-c:v", "libvpx", "-threads", "1", "-deadline", "realtime",
			"-cpu-used", "6", "-noise-sensitivity", "4", "-static-thresh", "1", "-lag-in-frames", "0", "-b:v", rate, "-minrate", rate, "-maxrate", rate,
			"-qmin", "2", "-qmax", "56", "-g", "9999", "-f", "null", "-")
		if err != nil {
			return nil, err
		}
		reading, err := childCPU(ctx, "ffmpeg", "-v", "error", "-threads", "1", "-i", path, "-c:v", "wrapped_avframe", "-f", "null", "-")
		if err != nil {
			return nil, err
		}
		perFrame := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(len(frames)) }
		rows = append(rows, against(fmt.Sprintf("%dp30, CPU per picture; theirs libvpx", c.h), "ms", perFrame(ours), perFrame(both-reading), 1.10))
	}
	return rows, nil
}

// rateRows measures how far the encoder is from its target.
func rateRows(ctx context.Context) ([]row, error) {
	const kbps = 500
	var rows []row
	for _, fps := range []int{10, 15, 30} {
		path, err := clip(ctx, 640, 360, 30)
		if err != nil {
			return nil, err
		}
		frames, have, err := load(path)
		if err != nil {
			return nil, err
		}
		enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: 640, Height: 360, FPS: fps, BitrateKbps: kbps})
		if err != nil {
			return nil, err
		}
		bytes, worst, second, sofar := 0, 0, 0, 0
		for i := 0; i < len(frames); i += have / fps {
			u, err := enc.Encode(frames[i], i == 0)
			if err != nil {
				return nil, err
			}
			bytes += len(u.Data)
			if s := int(frames[i].PTS / time.Second); s != second {
				second, worst, sofar = s, max(worst, sofar), 0
			}
			sofar += len(u.Data)
		}
		if err := enc.Close(); err != nil {
			return nil, err
		}
		took := float64(len(frames)) / float64(have)
		off := 100 * math.Abs(float64(bytes)*8/took/1000/kbps-1)
		rows = append(rows,
			alone(fmt.Sprintf("360p%d at %d kbit/s, off target", fps, kbps), "%", off, 5),
			alone(fmt.Sprintf("360p%d, worst second over target", fps), "x", float64(worst)*8/1000/kbps, 1.10))
	}
	return rows, nil
}

// decoderRows compares decoding and painting at full size with what ffmpeg
// takes to decode the same stream with libvpx.
func decoderRows(ctx context.Context) ([]row, error) {
	path, err := clip(ctx, 1280, 720, 30)
	if err != nil {
		return nil, err
	}
	frames, fps, err := load(path)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ivf := filepath.Join(dir, "clip.ivf")
	enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: 1280, Height: 720, FPS: fps, BitrateKbps: 2000})
	if err != nil {
		return nil, err
	}
	defer enc.Close()
	var units []media.Unit
	for i, f := range frames {
		u, err := enc.Encode(f, i == 0)
		if err != nil {
			return nil, err
		}
		if len(u.Data) == 0 {
			continue
		}
		u.Data = append([]byte(nil), u.Data...)
		units = append(units, u)
	}
	if err := writeIVF(ivf, units, 1280, 720, fps); err != nil {
		return nil, err
	}
	dec := codec.NewVideoDecoder(&media.FramePool{})
	defer dec.Close()
	runtime.GC()
	before := cpu()
	var painter picture.Painter
	for _, u := range units {
		f, err := dec.Decode(u)
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		if painter.Paint(f, 1280, 720, picture.Cover, false) == nil {
			return nil, errors.New("nothing was painted")
		}
		f.Release()
	}
	ours := cpu() - before
	theirs, err := childCPU(ctx, "ffmpeg", "-v", "error", "-threads", "1", "-c:v", "libvpx", "-i", ivf, "-pix_fmt", "rgba", "-threads", "1", "-f", "null", "-")
	if err != nil {
		return nil, err
	}
	n := float64(len(units))
	return []row{against("720p decode and convert, CPU per picture; theirs libvpx and swscale", "ms", ours.Seconds()*1000/n, theirs.Seconds()*1000/n, 1.15)}, nil
}
