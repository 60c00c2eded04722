package virtual

import (
	"bytes"
	"fmt"
	"image"
	"os/exec"
	"testing"

	"parley/media"
)

// The code must live through what a bad link makes of a picture: VP8 at little
// more than the least that a call is held at.
func TestCodeSurvivesVP8(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no VP8 to test with: ffmpeg is not installed")
	}
	for _, c := range []struct {
		w, h, fps int
		rate      string
	}{
		{320, 180, 10, "60k"},
		{640, 360, 30, "250k"},
	} {
		const n = 15
		var y4m bytes.Buffer
		fmt.Fprintf(&y4m, "YUV4MPEG2 W%d H%d F%d:1 C420jpeg\n", c.w, c.h, c.fps)
		a := drawArt(c.w, c.h, "Grace Hopper")
		f := media.NewFrame(c.w, c.h)
		for i := range n {
			a.paint(f, uint32(1000+i), float64(i)/float64(c.fps))
			y4m.WriteString("FRAME\n")
			for y := range c.h {
				y4m.Write(f.Y[y*f.YStride : y*f.YStride+c.w])
			}
			for _, p := range [][]byte{f.U, f.V} {
				for y := range c.h / 2 {
					y4m.Write(p[y*f.UVStride : y*f.UVStride+c.w/2])
				}
			}
		}
		enc := exec.Command("ffmpeg", "-v", "error", "-f", "yuv4mpegpipe", "-i", "-", "-c:v", "libvpx", "-b:v", c.rate,
			"-minrate", c.rate, "-maxrate", c.rate, "-bufsize", c.rate, "-deadline", "realtime", "-cpu-used", "8", "-g", "999", "-f", "webm", "-")
		enc.Stdin = &y4m
		webm, err := enc.Output()
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		dec := exec.Command("ffmpeg", "-v", "error", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
		dec.Stdin = bytes.NewReader(webm)
		raw, err := dec.Output()
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		size := c.w * c.h * 3 / 2
		read, last := 0, uint32(0)
		for ; len(raw) >= size; raw = raw[size:] {
			img := &image.Gray{Pix: raw[:c.w*c.h], Stride: c.w, Rect: image.Rect(0, 0, c.w, c.h)}
			code, err := ReadCode(img)
			if err != nil {
				continue
			}
			if code.Name != "Grace Hopper" || code.Frame < 1000 || code.Frame >= 1000+n || code.Frame < last {
				t.Errorf("%+v: read %+v after %d", c, code, last)
			}
			read, last = read+1, code.Frame
		}
		t.Logf("%dx%d at %s: %d of %d pictures, webm of %d bytes", c.w, c.h, c.rate, read, n, len(webm))
		if read < n/2 {
			t.Errorf("%dx%d at %s: only %d of %d pictures could be read", c.w, c.h, c.rate, read, n)
		}
	}
}
