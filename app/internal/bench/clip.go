package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parley/media"
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
