// Command showcase shows a call between two Parleys: on the display that is
// there (-visible), where they stay until a window is closed, or in a virtual
// one, worked by mouse and keyboard, where it prints what it measured and ends
// with 0 when picture and sound arrived both ways.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"parley/app/internal/stage"
)

func main() {
	bin := flag.String("bin", "bin/parley", "the program")
	out := flag.String("out", "out/run", "folder for screenshots and logs, emptied first")
	visible := flag.Bool("visible", false, "use the display that is there, if there is one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := prepare(*out)
	if err == nil {
		if *visible && os.Getenv("DISPLAY") != "" {
			err = demo(ctx, *bin, *out)
		} else {
			err = play(ctx, *bin, *out)
		}
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "showcase:", err)
		os.Exit(1)
	}
}

// prepare empties the folder of an earlier run, and nothing else.
func prepare(out string) error {
	mark := filepath.Join(out, ".parley-showcase")
	entries, err := os.ReadDir(out)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(mark); err != nil {
			return fmt.Errorf("%s has other files in it: choose another folder with -out", out)
		}
		if err := os.RemoveAll(out); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// demo puts two windows on the person's display.
func demo(ctx context.Context, bin, out string) error {
	s, err := stage.Open(ctx, out, stage.Options{Visible: true})
	if err != nil {
		return err
	}
	defer s.Close()
	// No microphone of this room: two windows on one desk would howl.
	ben, err := s.Start(bin, "ben", "--name", "Ben", "--answer", "--camera", "testcard", "--microphone", "null", "--speaker", "null")
	if err != nil {
		return err
	}
	anna, err := s.Start(bin, "anna", "--name", "Anna", "--call", "Ben", "--camera", "testcard", "--microphone", "tone", "--speaker", "null")
	if err != nil {
		return err
	}
	fmt.Println("Two windows call each other. Close one of them to end.")
	select {
	case <-ctx.Done():
	case <-anna.Ended():
	case <-ben.Ended():
	}
	return nil
}

// play makes a call in a virtual display.
func play(ctx context.Context, bin, out string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	s, err := stage.Open(ctx, out, stage.Options{Width: stage.ScreenWidth, Height: stage.ScreenHeight, People: []string{"anna", "ben"}})
	if err != nil {
		return err
	}
	defer s.Close()
	card := []string{"--camera", "testcard"}
	p, err := stage.OpenPlay(ctx, s, bin, "Anna", "Ben", card, card)
	if err != nil {
		return err
	}
	if _, err := s.Screenshot(ctx, "1-home"); err != nil {
		return err
	}
	if err := p.Dial(ctx, "Ben"); err != nil {
		return err
	}
	if _, err := p.Callee.Until(ctx, "incoming.accept", nil); err != nil {
		return err
	}
	if _, err := s.Screenshot(ctx, "2-ringing"); err != nil {
		return err
	}
	if err := p.Accept(ctx); err != nil {
		return err
	}
	for _, w := range []struct {
		a     *stage.Actor
		other string
	}{{p.Caller, "Ben"}, {p.Callee, "Anna"}} {
		code, err := p.Sees(ctx, w.a, w.other, "3-call")
		if err != nil {
			return err
		}
		fmt.Printf("picture  %s -> %s: arrived, number %d read from the screenshot\n", w.other, w.a.Name, code.Frame)
	}
	for _, w := range []struct {
		from, to *stage.Actor
		hz       float64
	}{{p.Caller, p.Callee, 440}, {p.Callee, p.Caller, 880}} {
		tone, err := s.Tone(w.hz)
		if err != nil {
			return err
		}
		level, err := p.Hears(ctx, w.from, w.to, tone)
		if err != nil {
			return err
		}
		fmt.Printf("sound    %s -> %s: arrived, %.0f Hz at %.1f dBFS, spoken at -15.1\n", w.from.Name, w.to.Name, w.hz, level)
	}
	if err := p.Chat(ctx, "Hello Ben, can you see me?"); err != nil {
		return err
	}
	fmt.Println("chat     anna -> ben: arrived")
	if _, err := s.Screenshot(ctx, "4-chat"); err != nil {
		return err
	}
	if err := p.Hangup(ctx); err != nil {
		return err
	}
	var errs []error
	for _, a := range []*stage.Actor{p.Caller, p.Callee} {
		errs = append(errs, report(a))
	}
	where, err := filepath.Abs(out)
	fmt.Println("Screenshots and logs:", where)
	return errors.Join(append(errs, err)...)
}

// report prints what a program measured of its call.
func report(a *stage.Actor) error {
	v, err := a.Stats()
	if err != nil {
		return fmt.Errorf("%s: no statistics of the call: %w", a.Name, err)
	}
	part := func(name string) map[string]any { m, _ := v[name].(map[string]any); return m }
	in, sound := part("video_in"), part("audio_in")
	fmt.Printf("%-8s first picture after %s ms, %s, %sx%s at %s/s, %s freezes, %s kbit/s in; sound concealed %s\n", a.Name,
		number(v["first_frame_ms"]), text(v["candidate_pair"]), number(in["width"]), number(in["height"]), number(in["fps"]),
		number(in["freeze_count"]), thousands(in["bitrate_bps"]), number(sound["concealed_ratio"]))
	return nil
}

func number(v any) string {
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%.4g", f)
	}
	return "?"
}

func thousands(v any) string {
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%.0f", f/1000)
	}
	return "?"
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return "?"
}
