package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"

	"parley/app/internal/stage"
	"parley/media/device"
	"parley/media/device/native"
)

// shareFor is how long a screen is captured.
const shareFor = 10 * time.Second

// shareRows measures what capturing a screen of 1080p costs before anything is
// encoded: from the X server's pixels to an I420 picture. Theirs is XShm alone,
// which only copies the pixels into shared memory.
func shareRows(ctx context.Context) ([]row, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := stage.Open(ctx, dir, stage.Options{Width: 1920, Height: 1080})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := os.Setenv("DISPLAY", s.Display); err != nil { // the driver knows no other way
		return nil, err
	}
	defer os.Unsetenv("DISPLAY")
	theirs, err := bareShm(s.Display)
	if err != nil {
		return nil, err
	}
	clock := device.NewClock()
	reg := native.New(native.Config{Clock: clock}, slog.New(slog.DiscardHandler))
	defer reg.Close()
	list, err := reg.List(ctx, device.Screen)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("the driver sees no screen")
	}
	src, err := reg.OpenVideo(ctx, device.Screen, device.Selector{Choice: device.ByDevice, Value: list[0].ID}, device.VideoFormat{Width: 1920, Height: 1080, FPS: 30})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	frames := 0
	before := cpu()
	for end := time.Now().Add(shareFor); time.Now().Before(end); frames++ {
		f, err := src.Next(ctx)
		if err != nil {
			return nil, err
		}
		if f.Height != 1080 {
			return nil, fmt.Errorf("a picture of %dx%d", f.Width, f.Height)
		}
		f.Release()
	}
	ours := (cpu() - before).Seconds() * 1000 / float64(frames)
	return []row{
		atMost("1080p30 of an X11 screen, CPU per picture before it is encoded; theirs XShm alone", "ms", ours, theirs, 5),
		alone("pictures a second of 30", "1/s", float64(frames)/shareFor.Seconds(), 0),
	}, nil
}

// bareShm is how long the X server takes to copy its screen into shared
// memory, in ms.
func bareShm(display string) (float64, error) {
	w, err := watch(display)
	if err != nil {
		return 0, err
	}
	defer w.close()
	if err := shm.Init(w.conn); err != nil {
		return 0, err
	}
	g, err := xproto.GetGeometry(w.conn, xproto.Drawable(w.root)).Reply()
	if err != nil {
		return 0, err
	}
	seg, err := newSegment(w.conn, 4*int(g.Width)*int(g.Height))
	if err != nil {
		return 0, err
	}
	defer seg.close()
	const n = 60
	began := time.Now()
	for range n {
		_, err := shm.GetImage(w.conn, xproto.Drawable(w.root), 0, 0, g.Width, g.Height, ^uint32(0), xproto.ImageFormatZPixmap, seg.id, 0).Reply()
		if err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds() * 1000 / n, nil
}
