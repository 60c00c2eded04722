package v4l2

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"parley/media"
)

// rows lays rows of bytes out with a stride.
func rows(row []byte, stride, n int) []byte {
	return bytes.Repeat(append(bytes.Clone(row), make([]byte, stride-len(row))...), n)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestFill(t *testing.T) {
	const w, h = 34, 18 // neither a multiple of what is worked on at a time
	luma := bytes.Repeat([]byte{90}, w)
	for _, c := range []struct {
		name    string
		l       layout
		data    []byte
		y, u, v byte
	}{
		{"YUYV", layout{YUYV, w, h, 2 * w, false}, rows(bytes.Repeat([]byte{90, 100, 90, 180}, w/2), 2*w, h), 90, 100, 180},
		{"YUYV, padded rows", layout{YUYV, w, h, 96, false}, rows(bytes.Repeat([]byte{90, 100, 90, 180}, w/2), 96, h), 90, 100, 180},
		{"UYVY", layout{UYVY, w, h, 2 * w, false}, rows(bytes.Repeat([]byte{100, 90, 180, 90}, w/2), 2*w, h), 90, 100, 180},
		{"NV12", layout{NV12, w, h, w, false}, join(rows(luma, w, h), rows(bytes.Repeat([]byte{100, 180}, w/2), w, h/2)), 90, 100, 180},
		{"NV12, padded rows", layout{NV12, w, h, 48, false}, join(rows(luma, 48, h), rows(bytes.Repeat([]byte{100, 180}, w/2), 48, h/2)), 90, 100, 180},
		{"NV21", layout{NV21, w, h, w, false}, join(rows(luma, w, h), rows(bytes.Repeat([]byte{180, 100}, w/2), w, h/2)), 90, 100, 180},
		{"YU12", layout{YU12, w, h, w, false}, join(rows(luma, w, h), bytes.Repeat([]byte{100}, w/2*h/2), bytes.Repeat([]byte{180}, w/2*h/2)), 90, 100, 180},
		{"YU12, padded rows", layout{YU12, w, h, 48, false}, join(rows(luma, 48, h), bytes.Repeat([]byte{100}, 24*h/2), bytes.Repeat([]byte{180}, 24*h/2)), 90, 100, 180},
		{"YUYV of full range", layout{YUYV, w, h, 2 * w, true}, rows(bytes.Repeat([]byte{255, 128, 255, 128}, w/2), 2*w, h), 235, 128, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			var pool media.FramePool
			f := pool.Get(w, h)
			if err := c.l.fill(f, c.data); err != nil {
				t.Fatal(err)
			}
			for y := range h {
				for x := range w {
					if got := f.Y[y*f.YStride+x]; got != c.y {
						t.Fatalf("luma at %d,%d is %d, want %d", x, y, got, c.y)
					}
					if u, v := f.U[y/2*f.UVStride+x/2], f.V[y/2*f.UVStride+x/2]; u != c.u || v != c.v {
						t.Fatalf("chroma at %d,%d is %d %d, want %d %d", x/2, y/2, u, v, c.u, c.v)
					}
				}
			}
			for _, n := range []int{0, 1, len(c.data) / 2, len(c.data) - c.l.stride} {
				if err := c.l.fill(f, c.data[:n]); !errors.Is(err, media.ErrCorrupt) {
					t.Errorf("%d of %d bytes: %v", n, len(c.data), err)
				}
			}
		})
	}
	f := media.NewFrame(w, h)
	for _, l := range []layout{{MJPEG, w, h, 0, false}, {YUYV, w, h, 0, false}, {YU12, w, h, w - 2, false}} {
		if err := l.fill(f, make([]byte, 4*w*h)); !errors.Is(err, media.ErrCorrupt) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func TestTimesOfPictures(t *testing.T) {
	const ms = time.Millisecond
	var s stamper
	for _, c := range []struct{ now, age, want time.Duration }{
		{1000 * ms, 40 * ms, 960 * ms},
		{1033 * ms, 35 * ms, 998 * ms},
		{1070 * ms, -1, 1070 * ms},            // no age is known
		{1100 * ms, 60 * ms, 1071 * ms},       // began before the one that was there
		{1140 * ms, 3 * time.Hour, 1140 * ms}, // another clock
		{1170 * ms, -20 * ms, 1170 * ms},      // from the future
		{1203 * ms, 40 * ms, 1171 * ms},
		{1240 * ms, 40 * ms, 1200 * ms},
	} {
		if got := s.at(c.now, c.age); got != c.want {
			t.Errorf("read at %v, %v old: %v, want %v", c.now, c.age, got, c.want)
		}
	}
}

func TestFormatsInLetters(t *testing.T) {
	if got := MJPEG.String() + " " + YUYV.String(); got != "MJPG YUYV" {
		t.Error(got)
	}
}
