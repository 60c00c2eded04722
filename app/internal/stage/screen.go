package stage

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Screenshot takes a picture of the whole screen and keeps it as Dir/name.png.
func (s *Stage) Screenshot(ctx context.Context, name string) (image.Image, error) {
	path := filepath.Join(s.Dir, name+".png")
	if _, err := s.tool(ctx, "import", "-silent", "-window", "root", "png:"+path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

// click presses the left button at a place of the screen.
func (s *Stage) click(ctx context.Context, x, y int, times int) error {
	_, err := s.tool(ctx, "xdotool", "mousemove", "--sync", strconv.Itoa(x), strconv.Itoa(y),
		"click", "--repeat", strconv.Itoa(times), "--delay", "60", "1")
	return err
}

// geometry is where a window's inside lies on the screen. (xdotool's own answer
// counts the frame of a window twice.)
func (s *Stage) geometry(ctx context.Context, window string) (image.Rectangle, error) {
	out, err := s.tool(ctx, "xwininfo", "-id", window)
	if err != nil {
		return image.Rectangle{}, err
	}
	v := map[string]int{}
	for line := range strings.Lines(out) {
		if k, n, ok := strings.Cut(line, ":"); ok {
			if v[strings.TrimSpace(k)], err = strconv.Atoi(strings.TrimSpace(n)); err != nil {
				delete(v, strings.TrimSpace(k))
			}
		}
	}
	x, y := v["Absolute upper-left X"], v["Absolute upper-left Y"]
	return image.Rect(x, y, x+v["Width"], y+v["Height"]), nil
}

// window finds a program's visible window by its title. (xdotool's own search
// by name misses titles that are not ASCII.)
func (s *Stage) window(ctx context.Context, pid int, title string) (string, error) {
	out, err := s.tool(ctx, "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(pid))
	if err != nil {
		return "", fmt.Errorf("no window %q: %w", title, err)
	}
	for id := range strings.Lines(out) {
		id = strings.TrimSpace(id)
		name, err := s.tool(ctx, "xprop", "-id", id, "-notype", "_NET_WM_NAME")
		if err == nil && strings.Contains(name, `= "`+title+`"`) {
			return id, nil
		}
	}
	return "", fmt.Errorf("no window %q", title)
}
