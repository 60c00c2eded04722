// Command storefront takes the pictures that software centres show of the
// program: real windows in a virtual display, at work, each as NAME.png of
// Width x Height. packaging/screenshots calls it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"parley/app/internal/stage"
)

// The size of the pictures, which is that of the window's inside: 16:9, as
// AppStream wants it.
const (
	Width  = 1248
	Height = 702
)

// Where the windows are: side by side, so that none covers the other.
const (
	margin       = 40 // room for a title bar
	screenWidth  = 2*Width + 3*margin
	screenHeight = Height + 2*margin
)

func main() {
	bin := flag.String("bin", "bin/parley", "the program; parleyd is beside it")
	out := flag.String("out", "dist/screenshots", "folder for the pictures")
	work := flag.String("work", "", "folder for profiles and logs, emptied first; a temporary one if empty")
	mine := flag.String("camera", "testcard", "what Anna's camera sees: as --camera of the program")
	theirs := flag.String("other", "testcard", "what the other's camera sees")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *bin, *out, *work, *mine, *theirs); err != nil {
		fmt.Fprintln(os.Stderr, "storefront:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, out, work, mine, theirs string) error {
	if work == "" {
		var err error
		if work, err = os.MkdirTemp("", "parley-storefront-"); err != nil {
			return err
		}
		defer os.RemoveAll(work)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, theme := range []string{"light", "dark"} {
		dir := filepath.Join(work, theme)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		s := &shoot{bin: bin, out: out, theme: theme, mine: mine, theirs: theirs}
		if err := s.play(ctx, dir); err != nil {
			return fmt.Errorf("%s: %w (the logs are in %s if -work names a folder)", theme, err, dir)
		}
	}
	return nil
}

// shoot takes the pictures of one theme.
type shoot struct {
	bin, out, theme string
	mine, theirs    string

	stage *stage.Stage
	anna  *stage.Actor
}

// person is somebody with a window.
func (s *shoot) person(ctx context.Context, id, name string, x int, args ...string) (*stage.Actor, error) {
	profile := filepath.Join(s.stage.Dir, id+"-profile")
	if err := os.MkdirAll(profile, 0o700); err != nil {
		return nil, err
	}
	settings := fmt.Sprintf(`{"name": %q, "welcome": true, "theme": %q, "language": "en"}`+"\n", name, s.theme)
	if err := os.WriteFile(filepath.Join(profile, "settings.json"), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	args = append([]string{"--microphone", id + "_microphone", "--speaker", id + "_speaker"}, args...)
	a, err := s.stage.Start(s.bin, id, args...)
	if err != nil {
		return nil, err
	}
	if err := a.UntilScreen(ctx, "home"); err != nil {
		return nil, err
	}
	w, h := Width, Height
	if id != "anna" {
		w, h = 640, 480 // less to draw
	}
	return a, a.Place(ctx, x, margin, w, h)
}

// play is an afternoon: people are there, one is called, there is talk.
func (s *shoot) play(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	var err error
	s.stage, err = stage.Open(ctx, dir, stage.Options{
		Width: screenWidth, Height: screenHeight, People: []string{"anna", "maya"}, Speech: true,
		Service: filepath.Join(filepath.Dir(s.bin), "parleyd"),
	})
	if err != nil {
		return err
	}
	defer s.stage.Close()
	maya, err := s.person(ctx, "maya", "Maya Brandt", Width+2*margin, "--camera", s.theirs, "--answer")
	if err != nil {
		return err
	}
	// The others are there, or were.
	others := map[string]*stage.Actor{}
	for _, name := range []string{"Jonas Okafor", "Lucía Romero", "Théo Lefèvre"} {
		id := strings.ToLower(strings.Fields(name)[0])
		others[name], err = s.stage.Start(s.bin, id, "--headless", "--answer", "--name", name, "--camera", "none", "--microphone", "null", "--speaker", "null")
		if err != nil {
			return err
		}
	}
	if s.anna, err = s.person(ctx, "anna", "Anna Keller", margin, "--camera", s.mine); err != nil {
		return err
	}
	if _, err := s.anna.Until(ctx, "home.person.Théo Lefèvre", nil); err != nil {
		return err
	}
	for _, name := range []string{"Maya Brandt", "Lucía Romero"} {
		if err := s.open(ctx, name); err != nil {
			return err
		}
		before, err := s.anna.Until(ctx, "person.contact", nil)
		if err != nil {
			return err
		}
		if err := s.anna.Click(ctx, "person.contact"); err != nil {
			return err
		}
		if _, err := s.anna.Until(ctx, "person.contact", func(c stage.Control) bool { return c.Text != before.Text }); err != nil {
			return err
		}
	}
	if err := others["Lucía Romero"].Stop(); err != nil {
		return err
	}
	// The list is in another order then.
	if _, err := s.anna.Until(ctx, "home.person.Lucía Romero", func(c stage.Control) bool { return strings.Contains(c.Text, "Last seen") }); err != nil {
		return err
	}
	if err := s.call(ctx, maya); err != nil {
		return err
	}
	if err := s.open(ctx, "Maya Brandt"); err != nil {
		return err
	}
	if _, err := s.anna.Until(ctx, "person.video_call", nil); err != nil {
		return err
	}
	if err := s.take(ctx, "home"); err != nil {
		return err
	}
	if err := s.anna.Click(ctx, "home.settings"); err != nil {
		return err
	}
	if err := s.anna.Click(ctx, "settings.page.privacy"); err != nil {
		return err
	}
	if _, err := s.anna.Until(ctx, "settings.strangers.note", nil); err != nil {
		return err
	}
	return s.take(ctx, "settings")
}

// call takes the pictures of a call.
func (s *shoot) call(ctx context.Context, maya *stage.Actor) error {
	p := &stage.Play{Stage: s.stage, Caller: s.anna, Callee: maya}
	if err := s.open(ctx, "Maya Brandt"); err != nil {
		return err
	}
	if err := s.anna.Click(ctx, "person.video_call"); err != nil {
		return err
	}
	if err := s.anna.Click(ctx, "before.call"); err != nil {
		return err
	}
	if err := s.anna.UntilScreen(ctx, "call"); err != nil {
		return err
	}
	if err := p.Moves(ctx, s.anna, "moves"); err != nil {
		return err
	}
	if err := s.bar(ctx); err != nil {
		return err
	}
	if err := s.take(ctx, "call"); err != nil {
		return err
	}
	if err := p.Chat(ctx, "Shall we go through the plan once more?"); err != nil {
		return err
	}
	back := &stage.Play{Stage: s.stage, Caller: maya, Callee: s.anna}
	if err := back.Chat(ctx, "Yes, I have it open."); err != nil {
		return err
	}
	if err := p.Chat(ctx, "Great, page two."); err != nil {
		return err
	}
	if err := s.bar(ctx); err != nil {
		return err
	}
	if err := s.take(ctx, "chat"); err != nil {
		return err
	}
	return p.Hangup(ctx)
}

// bar has the bar of the call show, once the connection is called good: a
// program that has just begun, on a busy machine, says other things.
func (s *shoot) bar(ctx context.Context) error {
	err := s.anna.BarUntil(ctx, "call.quality", func(c stage.Control) bool { return c.Text == "Good connection" })
	if err != nil {
		return err
	}
	// What the program tells of is drawn by the time the clock goes on.
	clock, _ := s.anna.Find("call.name")
	return s.anna.BarUntil(ctx, "call.name", func(c stage.Control) bool { return c.Text != clock.Text })
}

// open has a person's page show.
func (s *shoot) open(ctx context.Context, name string) error {
	if err := s.anna.Click(ctx, "home.person."+name); err != nil {
		return err
	}
	_, err := s.anna.Until(ctx, "person.name", func(c stage.Control) bool { return c.Text == name })
	return err
}

// take keeps the inside of Anna's window as NAME-THEME.png.
func (s *shoot) take(ctx context.Context, name string) error {
	name += "-" + s.theme
	all, err := s.stage.Screenshot(ctx, name)
	if err != nil {
		return err
	}
	at, err := s.anna.Inside(ctx)
	if err != nil {
		return err
	}
	if at.Dx() != Width || at.Dy() != Height || !at.In(all.Bounds()) {
		return fmt.Errorf("%s: the window's inside is %v, not %d x %d on the screen", name, at, Width, Height)
	}
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	draw.Draw(img, img.Bounds(), all, at.Min, draw.Src)
	f, err := os.Create(filepath.Join(s.out, name+".png"))
	if err != nil {
		return err
	}
	e := png.Encoder{CompressionLevel: png.BestCompression}
	return errors.Join(e.Encode(f, img), f.Close())
}
