package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"parley/media/device/virtual"
)

// watcher looks at a screen.
type watcher struct {
	conn *xgb.Conn
	root xproto.Window
}

func watch(display string) (*watcher, error) {
	c, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, err
	}
	return &watcher{conn: c, root: xproto.Setup(c).DefaultScreen(c).Root}, nil
}

func (w *watcher) close() { w.conn.Close() }

// windows are the places of those that can be seen, frames included.
func (w *watcher) windows() (map[xproto.Window]image.Rectangle, error) {
	tree, err := xproto.QueryTree(w.conn, w.root).Reply()
	if err != nil {
		return nil, err
	}
	all := map[xproto.Window]image.Rectangle{}
	for _, id := range tree.Children {
		a, err := xproto.GetWindowAttributes(w.conn, id).Reply()
		if err != nil || a.MapState != xproto.MapStateViewable {
			continue
		}
		g, err := xproto.GetGeometry(w.conn, xproto.Drawable(id)).Reply()
		if err != nil || g.Width < 100 || g.Height < 100 {
			continue // openbox has small ones of its own
		}
		all[id] = image.Rect(int(g.X), int(g.Y), int(g.X)+int(g.Width), int(g.Y)+int(g.Height))
	}
	return all, nil
}

// grab takes a picture of a part of the screen.
func (w *watcher) grab(r image.Rectangle) (*image.RGBA, error) {
	reply, err := xproto.GetImage(w.conn, xproto.ImageFormatZPixmap, xproto.Drawable(w.root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	if len(reply.Data) < len(img.Pix) {
		return nil, errors.New("the screen has not 32 bits a pixel")
	}
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = reply.Data[i+2], reply.Data[i+1], reply.Data[i], 255
	}
	return img, nil
}

// drawn reports whether a window shows more than one colour in its middle.
func (w *watcher) drawn(r image.Rectangle) bool {
	img, err := w.grab(r.Inset(40))
	if err != nil {
		return false
	}
	first := img.RGBAAt(0, 0)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if c := img.RGBAAt(x, y); c != first && c != (color.RGBA{A: 255}) {
				return true
			}
		}
	}
	return false
}

// code waits for the test card of who and says where its code is.
func (w *watcher) code(ctx context.Context, in image.Rectangle, who string) (image.Rectangle, error) {
	for {
		img, err := w.grab(in)
		if err != nil {
			return image.Rectangle{}, err
		}
		for _, f := range virtual.ReadCodes(img) {
			if f.Code.Name == who && !f.Mirrored {
				margin := f.Rect.Dx() / 8
				return f.Rect.Add(in.Min).Inset(-margin).Intersect(in), nil
			}
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return image.Rectangle{}, fmt.Errorf("the picture of %q does not show: %w", who, err)
		}
	}
}

// sighting is a picture of the test card and when it was first seen on screen.
type sighting struct {
	frame uint32
	at    time.Time
}

// follow looks at the code for d, as often as it can.
func (w *watcher) follow(ctx context.Context, r image.Rectangle, d time.Duration) (seen []sighting, looks int, err error) {
	last := uint32(1<<32 - 1)
	for end := time.Now().Add(d); time.Now().Before(end) && ctx.Err() == nil; looks++ {
		img, err := w.grab(r)
		if err != nil {
			return nil, looks, err
		}
		at := time.Now()
		if c, err := virtual.ReadCode(img); err == nil && c.Frame != last {
			last = c.Frame
			seen = append(seen, sighting{c.Frame, at})
		}
		time.Sleep(time.Millisecond) // leaves the processor to what is measured
	}
	return seen, looks, ctx.Err()
}

const homeRuns = 5

// homeRows measures the program when nothing happens: how soon it is there and
// what it costs on Home.
func homeRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	w, err := watch(t.stage.Display)
	if err != nil {
		return nil, err
	}
	defer w.close()
	var starts, idle []float64
	for i := range homeRuns {
		before, err := w.windows()
		if err != nil {
			return nil, err
		}
		cmd := t.window(i)
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		err = func() error {
			defer end(cmd)
			for {
				now, err := w.windows()
				if err != nil {
					return err
				}
				shown := false
				for id, r := range now {
					if _, old := before[id]; !old && w.drawn(r) {
						shown = true
					}
				}
				if shown {
					break
				}
				if time.Since(began) > 20*time.Second {
					return errors.New("the window does not show")
				}
				time.Sleep(2 * time.Millisecond)
			}
			starts = append(starts, time.Since(began).Seconds()*1000)
			if i > 1 { // idling takes long
				return nil
			}
			if err := sleep(ctx, 5*time.Second); err != nil {
				return err
			}
			l := startEffort([]int{cmd.Process.Pid})
			if err := sleep(ctx, 15*time.Second); err != nil {
				return err
			}
			idle = append(idle, 100*l.cores())
			return nil
		}()
		if err != nil {
			return nil, err
		}
	}
	return []row{
		alone("start of the built program to its window, drawn", "ms", median(starts), 300).with(span(starts)),
		alone("processor while idle on Home", "% of a core", median(idle), 0.5).with(span(idle)),
	}, nil
}

// window is the program with its window, signed in.
func (t *town) window(n int) *exec.Cmd {
	dir := t.dir + "/home" + strconv.Itoa(n)
	cmd := exec.Command(t.bin, "--name", fmt.Sprintf("Home%d", n), "--service", t.url, "--profile", dir)
	cmd.Env = append(os.Environ(), "DISPLAY="+t.stage.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// shownFor is how long pictures on screen are counted.
const shownFor = 10 * time.Second

// shownRows counts the pictures that reach a screen, in the program's real
// window, by looking at that screen, and asks the window's goroutine how long
// it is kept busy.
func shownRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	w, err := watch(t.stage.Display)
	if err != nil {
		return nil, err
	}
	defer w.close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, size := range []image.Point{{1280, 720}, {1920, 1080}} {
		fps, looks, blocked, err := showOnce(ctx, t, w, self, size)
		if err != nil {
			return rows, err
		}
		what := fmt.Sprintf("%dp of 30 a second in a window of %dx%d", size.Y, size.X, size.Y)
		shown := alone(what+", seen on screen", "1/s", fps, 0).with(fmt.Sprintf("the screen was looked at %d times", looks))
		goal, met := 29.5, fps >= 29.5
		shown.Goal, shown.Met = &goal, &met
		rows = append(rows, shown, alone(what+", UI blocked p99", "ms", blocked, 16))
	}
	return rows, nil
}

func showOnce(ctx context.Context, t *town, w *watcher, self string, size image.Point) (fps float64, looks int, blocked float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.Command(self, "-window", fmt.Sprintf("%dx%d", size.X, size.Y))
	cmd.Env = append(os.Environ(), "DISPLAY="+t.stage.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Start(); err != nil {
		return 0, 0, 0, err
	}
	var seen []sighting
	var place image.Rectangle
	err = sleep(ctx, 6*time.Second) // it gets its size after 2 s
	if err == nil {
		place, err = w.code(ctx, image.Rect(0, 0, 2600, 1200), cardName)
	}
	if err == nil {
		seen, looks, err = w.follow(ctx, place, shownFor)
	}
	end(cmd)
	if err != nil {
		return 0, looks, 0, fmt.Errorf("%w: %s", err, problems.String())
	}
	blocked, err = strconv.ParseFloat(strings.TrimSpace(out.String()), 64)
	return float64(len(seen)) / shownFor.Seconds(), looks, blocked, err
}
