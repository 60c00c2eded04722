package stage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Actor is one Parley on the stage.
type Actor struct {
	Name  string
	stage *Stage
	proc  *proc
	where string // the file with the places of its controls
	stats string
}

// Control is a named control as the program tells of it: its place in its
// window, and what it says.
type Control struct {
	X, Y, W, H int
	Text       string
	State      string
	Focused    bool
	Window     string // title of the window it is in
}

// view is the map file, see ui.MapContent.
type view struct {
	Screen  string
	Windows map[string]struct {
		Title    string
		Controls map[string]Control
	}
}

// Start runs the program bin as the person name, with a profile of its own on
// this stage. With --headless among args it has no window, and so no controls.
func (s *Stage) Start(bin, name string, args ...string) (*Actor, error) {
	a := &Actor{
		Name: name, stage: s,
		where: filepath.Join(s.Dir, name+"-map.json"),
		stats: filepath.Join(s.Dir, name+"-stats.json"),
	}
	profile := filepath.Join(s.Dir, name+"-profile")
	if !s.speech {
		if err := leaveMicrophone(profile); err != nil {
			return nil, err
		}
	}
	if !slices.Contains(args, "--headless") {
		args = append([]string{"--map", a.where}, args...)
	}
	args = append([]string{"--profile", profile, "--stats", a.stats}, args...)
	if s.service != "" {
		args = append(args, "--service", s.service)
	}
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Env = append(cmd.Env, "LANG=en_US.UTF-8", "LC_ALL=", "XDG_VIDEOS_DIR="+s.videos(), "XDG_CONFIG_HOME="+filepath.Join(s.Dir, "config"))
	var err error
	a.proc, err = s.launch(name, cmd)
	return a, err
}

// leaveMicrophone makes a new profile leave the microphone's sound as it is:
// a tone is noise.
func leaveMicrophone(profile string) error {
	file := filepath.Join(profile, "settings.json")
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	if err := os.MkdirAll(profile, 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(`{"leave_microphone": true}`+"\n"), 0o600)
}

// Log returns where the program's output is.
func (a *Actor) Log() string { return filepath.Join(a.stage.Dir, a.Name+".log") }

// Stats returns what --stats wrote about the last call.
func (a *Actor) Stats() (map[string]any, error) {
	b, err := os.ReadFile(a.stats)
	if err != nil {
		return nil, err
	}
	var v map[string]any
	return v, json.Unmarshal(b, &v)
}

// look reads the map file.
func (a *Actor) look() (view, error) {
	select {
	case <-a.proc.done:
		return view{}, fmt.Errorf("%s has ended (%w):\n%s", a.Name, errors.Join(a.proc.err), tail(a.Log()))
	default:
	}
	b, err := os.ReadFile(a.where)
	if err != nil {
		return view{}, err
	}
	var v view
	return v, json.Unmarshal(b, &v)
}

// Screen returns the name of the screen that shows.
func (a *Actor) Screen() string {
	v, err := a.look()
	if err != nil {
		return ""
	}
	return v.Screen
}

// Find returns a control by name.
func (a *Actor) Find(name string) (Control, bool) {
	v, err := a.look()
	if err != nil {
		return Control{}, false
	}
	for _, w := range v.Windows {
		if c, ok := w.Controls[name]; ok {
			c.Window = w.Title
			return c, true
		}
	}
	return Control{}, false
}

// Controls lists the names of everything that shows, for messages.
func (a *Actor) Controls() []string {
	v, err := a.look()
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, w := range v.Windows {
		for n := range w.Controls {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Until waits until a control shows for which ok holds (nil: any).
func (a *Actor) Until(ctx context.Context, name string, ok func(Control) bool) (Control, error) {
	var got Control
	err := Await(ctx, a.Name+": "+name, func() error {
		if _, err := a.look(); err != nil {
			return err
		}
		c, found := a.Find(name)
		switch {
		case !found:
			return fmt.Errorf("not there; the screen %q has %s", a.Screen(), strings.Join(a.Controls(), " "))
		case ok != nil && !ok(c):
			return fmt.Errorf("it says %q, %q", c.Text, c.State)
		}
		got = c
		return nil
	})
	return got, err
}

// UntilAny waits until a control whose name begins with prefix shows for which
// ok holds.
func (a *Actor) UntilAny(ctx context.Context, prefix string, ok func(Control) bool) error {
	return Await(ctx, a.Name+": "+prefix+"*", func() error {
		v, err := a.look()
		if err != nil {
			return err
		}
		var texts []string
		for _, w := range v.Windows {
			for n, c := range w.Controls {
				if strings.HasPrefix(n, prefix) {
					if ok(c) {
						return nil
					}
					texts = append(texts, c.Text)
				}
			}
		}
		return fmt.Errorf("there are %q", texts)
	})
}

// UntilScreen waits until a screen shows.
func (a *Actor) UntilScreen(ctx context.Context, screen string) error {
	return Await(ctx, a.Name+": screen "+screen, func() error {
		v, err := a.look()
		if err != nil {
			return err
		}
		if v.Screen != screen {
			return fmt.Errorf("the screen is %q", v.Screen)
		}
		return nil
	})
}

// Place moves and sizes a window by its title; the place of its controls on
// the screen is looked up anew at each click.
func (a *Actor) Place(ctx context.Context, x, y, w, h int) error {
	var id string
	err := Await(ctx, a.Name+": window", func() error {
		v, err := a.look()
		if err != nil {
			return err
		}
		id, err = a.stage.window(ctx, a.proc.cmd.Process.Pid, v.Windows["main"].Title)
		return err
	})
	if err != nil {
		return err
	}
	_, err = a.stage.tool(ctx, "xdotool", "windowsize", "--sync", id, fmt.Sprint(w), fmt.Sprint(h), "windowmove", id, fmt.Sprint(x), fmt.Sprint(y))
	return err
}

// Raise brings the main window to the front.
func (a *Actor) Raise(ctx context.Context) error {
	v, err := a.look()
	if err != nil {
		return err
	}
	id, err := a.stage.window(ctx, a.proc.cmd.Process.Pid, v.Windows["main"].Title)
	if err != nil {
		return err
	}
	_, err = a.stage.tool(ctx, "xdotool", "windowactivate", "--sync", id)
	return err
}

// Inside is where the main window's inside lies on the screen.
func (a *Actor) Inside(ctx context.Context) (image.Rectangle, error) {
	v, err := a.look()
	if err != nil {
		return image.Rectangle{}, err
	}
	id, err := a.stage.window(ctx, a.proc.cmd.Process.Pid, v.Windows["main"].Title)
	if err != nil {
		return image.Rectangle{}, err
	}
	return a.stage.geometry(ctx, id)
}

// Area is where a control lies on the screen.
func (a *Actor) Area(ctx context.Context, name string) (image.Rectangle, error) {
	c, ok := a.Find(name)
	if !ok {
		return image.Rectangle{}, fmt.Errorf("%s: %s is not there", a.Name, name)
	}
	id, err := a.stage.window(ctx, a.proc.cmd.Process.Pid, c.Window)
	if err != nil {
		return image.Rectangle{}, err
	}
	g, err := a.stage.geometry(ctx, id)
	if err != nil {
		return image.Rectangle{}, err
	}
	return image.Rect(g.Min.X+c.X, g.Min.Y+c.Y, g.Min.X+c.X+c.W, g.Min.Y+c.Y+c.H), nil
}

// Click waits for a control that can be pressed, and presses its middle.
func (a *Actor) Click(ctx context.Context, name string) error {
	c, err := a.Until(ctx, name, func(c Control) bool { return c.State != "disabled" })
	if err != nil {
		return err
	}
	id, err := a.stage.window(ctx, a.proc.cmd.Process.Pid, c.Window)
	if err != nil {
		return err
	}
	if _, err := a.stage.tool(ctx, "xdotool", "windowactivate", "--sync", id); err != nil {
		return err
	}
	r, err := a.Area(ctx, name)
	if err != nil {
		return err
	}
	return a.stage.click(ctx, (r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2, 1)
}

// ClickBar presses a button of the call's bar, which hides while the mouse is
// still.
func (a *Actor) ClickBar(ctx context.Context, name string) error {
	if err := a.Raise(ctx); err != nil {
		return err
	}
	by := 0
	return Await(ctx, a.Name+": "+name, func() error {
		by = 10 - by
		if err := a.stir(ctx, by); err != nil {
			return err
		}
		// What shows may be what is about to hide: the program has not heard of
		// the mouse yet. Then the mouse moves once more.
		c, there := a.Find(name)
		if !there || c.State == "disabled" {
			return errors.New("the bar does not show")
		}
		r, err := a.Area(ctx, name)
		if err != nil {
			return err
		}
		return a.stage.click(ctx, (r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2, 1)
	})
}

// stir moves the mouse to beside the middle of the call's picture.
func (a *Actor) stir(ctx context.Context, by int) error {
	r, err := a.Area(ctx, "call.remote")
	if err != nil {
		return err
	}
	_, err = a.stage.tool(ctx, "xdotool", "mousemove", fmt.Sprint((r.Min.X+r.Max.X)/2+by), fmt.Sprint((r.Min.Y+r.Max.Y)/2))
	return err
}

// BarUntil has the bar of the call show, which hides while the mouse is still,
// until a control shows for which ok holds.
func (a *Actor) BarUntil(ctx context.Context, name string, ok func(Control) bool) error {
	if err := a.Raise(ctx); err != nil {
		return err
	}
	by := 0
	return Await(ctx, a.Name+": "+name, func() error {
		by = 10 - by
		if err := a.stir(ctx, by); err != nil {
			return err
		}
		c, there := a.Find(name)
		if !there || !ok(c) {
			return fmt.Errorf("it says %q, %q", c.Text, c.State)
		}
		return nil
	})
}

// Type types text into what has the focus.
func (a *Actor) Type(ctx context.Context, text string) error {
	_, err := a.stage.tool(ctx, "xdotool", "type", "--delay", "25", text)
	return err
}

// Key presses a key or a combination, as in "ctrl+d".
func (a *Actor) Key(ctx context.Context, key string) error {
	_, err := a.stage.tool(ctx, "xdotool", "key", key)
	return err
}

// Hover moves the mouse over a control.
func (a *Actor) Hover(ctx context.Context, name string) error {
	r, err := a.Area(ctx, name)
	if err != nil {
		return err
	}
	_, err = a.stage.tool(ctx, "xdotool", "mousemove", "--sync", fmt.Sprint((r.Min.X+r.Max.X)/2), fmt.Sprint((r.Min.Y+r.Max.Y)/2))
	return err
}

// Stop ends the program as the desktop would, and returns its exit error.
func (a *Actor) Stop() error {
	a.proc.stop()
	return a.proc.err
}

// Ended is closed when the program has ended.
func (a *Actor) Ended() <-chan struct{} { return a.proc.done }
