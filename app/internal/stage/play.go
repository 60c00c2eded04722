package stage

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"strings"
	"time"

	"parley/media/device/virtual"
)

// Play is a call between two people on a stage, step by step: the end-to-end
// tests assert each step, the showcase shows them.
type Play struct {
	Stage          *Stage
	Caller, Callee *Actor
}

// The windows side by side, as Play places them.
const (
	ScreenWidth, ScreenHeight = 1960, 760
	windowWidth, windowHeight = 960, 700
)

// Open starts both programs and signs them in by the welcome screen. caller
// and callee hold further flags.
func OpenPlay(ctx context.Context, s *Stage, bin, caller, callee string, callerArgs, calleeArgs []string) (*Play, error) {
	p := &Play{Stage: s}
	enter := func(who string, x int, args []string) (*Actor, error) {
		args = append([]string{"--microphone", strings.ToLower(who) + "_microphone", "--speaker", strings.ToLower(who) + "_speaker"}, args...)
		a, err := s.Start(bin, strings.ToLower(who), args...)
		if err != nil {
			return nil, err
		}
		if err := a.UntilScreen(ctx, "welcome"); err != nil {
			return a, err
		}
		if err := a.Place(ctx, x, 24, windowWidth, windowHeight); err != nil {
			return a, err
		}
		if err := a.Click(ctx, "welcome.name"); err != nil {
			return a, err
		}
		if err := a.Type(ctx, who); err != nil {
			return a, err
		}
		if err := a.Click(ctx, "welcome.start"); err != nil {
			return a, err
		}
		return a, a.UntilScreen(ctx, "home")
	}
	var err error
	if p.Caller, err = enter(caller, 4, callerArgs); err != nil {
		return p, err
	}
	p.Callee, err = enter(callee, ScreenWidth-windowWidth-4, calleeArgs)
	return p, err
}

// Dial makes the caller type the callee's name and call, once the callee is
// there: programs that start together take some seconds to agree on a service.
func (p *Play) Dial(ctx context.Context, callee string) error {
	if err := p.Caller.Click(ctx, "home.search"); err != nil {
		return err
	}
	if err := p.Caller.Type(ctx, callee); err != nil {
		return err
	}
	if _, err := p.Caller.Until(ctx, "home.call."+callee, nil); err != nil {
		return err
	}
	if err := p.Caller.Click(ctx, "home.person."+callee); err != nil {
		return err
	}
	if err := p.Caller.Click(ctx, "person.video_call"); err != nil {
		return err
	}
	return p.Caller.Click(ctx, "before.call")
}

// Accept makes the callee click Accept.
func (p *Play) Accept(ctx context.Context) error {
	if err := p.Callee.Click(ctx, "incoming.accept"); err != nil {
		return err
	}
	if err := p.Callee.UntilScreen(ctx, "call"); err != nil {
		return err
	}
	return p.Caller.UntilScreen(ctx, "call")
}

// Sees waits until the code of who's test card is read from the big picture in
// a's window, and goes on counting.
func (p *Play) Sees(ctx context.Context, a *Actor, who, shot string) (virtual.Code, error) {
	var was, code virtual.Code
	seen := false
	err := Await(ctx, fmt.Sprintf("%s's picture in %s's window", who, a.Name), func() error {
		img, err := p.Stage.Screenshot(ctx, shot)
		if err != nil {
			return err
		}
		r, err := a.Area(ctx, "call.remote")
		if err != nil {
			return err
		}
		code = virtual.Code{}
		for _, f := range virtual.ReadCodes(crop(img, r)) {
			if !f.Mirrored && f.Code.Name == who {
				code = f.Code
			}
		}
		switch {
		case code.Name == "":
			return fmt.Errorf("no code of %s in it", who)
		case !seen:
			was, seen = code, true
			return fmt.Errorf("one picture was seen, number %d", was.Frame)
		case code.Frame == was.Frame:
			return fmt.Errorf("it stands still at number %d", was.Frame)
		}
		return nil
	})
	return code, err
}

func crop(img image.Image, r image.Rectangle) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Bounds(), img, r.Min, draw.Src)
	return out
}

// Hears makes from speak and waits until it is found in to's speaker; it
// returns how loud it was, in dBFS.
func (p *Play) Hears(ctx context.Context, from, to *Actor, v Voice) (float64, error) {
	stop, err := p.Stage.Speak(from.Name, v.wav)
	if err != nil {
		return 0, err
	}
	defer stop()
	var level float64
	err = Await(ctx, fmt.Sprintf("%s from %s in %s's speaker", v.what, from.Name, to.Name), func() error {
		heard, err := p.Stage.Hear(ctx, to.Name, v.listen)
		if err != nil {
			return err
		}
		if level = v.level(heard); level < v.heard {
			return fmt.Errorf("%.0f dBFS of it, %.0f dBFS in all", level, Level(heard))
		}
		return nil
	})
	return level, err
}

// silentWithin is far shorter than what is spoken: its end is no silence.
const silentWithin = 20 * time.Second

// Silent makes from speak and waits until to's speaker is silent all the same.
func (p *Play) Silent(ctx context.Context, from, to *Actor, v Voice) error {
	ctx, cancel := context.WithTimeout(ctx, silentWithin)
	defer cancel()
	stop, err := p.Stage.Speak(from.Name, v.wav)
	if err != nil {
		return err
	}
	defer stop()
	return Await(ctx, "silence in "+to.Name+"'s speaker", func() error {
		heard, err := p.Stage.Hear(ctx, to.Name, time.Second)
		if err != nil {
			return err
		}
		if level := v.level(heard); level > -55 {
			return fmt.Errorf("%.0f dBFS of %s", level, v.what)
		}
		return nil
	})
}

// Chat opens the caller's chat and sends a line that the callee must get, and
// the caller must see delivered.
func (p *Play) Chat(ctx context.Context, text string) error {
	if _, open := p.Caller.Find("chat.entry"); !open {
		if err := p.Caller.ClickBar(ctx, "call.chat"); err != nil {
			return err
		}
	}
	if err := p.Caller.Click(ctx, "chat.entry"); err != nil {
		return err
	}
	if err := p.Caller.Type(ctx, text); err != nil {
		return err
	}
	if err := p.Caller.Key(ctx, "Return"); err != nil {
		return err
	}
	if _, open := p.Callee.Find("chat.entry"); !open {
		if err := p.Callee.ClickBar(ctx, "call.chat"); err != nil {
			return err
		}
	}
	err := p.Callee.UntilAny(ctx, "chat.line.", func(c Control) bool { return strings.HasPrefix(c.Text, text+"\n") })
	if err != nil {
		return err
	}
	return p.Caller.UntilAny(ctx, "chat.line.", func(c Control) bool {
		return strings.HasPrefix(c.Text, text+"\n") && strings.Contains(c.Text, "delivered")
	})
}

// Hangup ends the call at the caller's and waits until both are back at home.
func (p *Play) Hangup(ctx context.Context) error {
	if err := p.Caller.ClickBar(ctx, "call.hangup"); err != nil {
		return err
	}
	for _, a := range []*Actor{p.Caller, p.Callee} {
		if err := a.UntilScreen(ctx, "home"); err != nil {
			return err
		}
	}
	return nil
}

// Moves waits until a picture shows in a's window and changes between two
// screenshots.
func (p *Play) Moves(ctx context.Context, a *Actor, shot string) error {
	if _, err := a.Until(ctx, "call.remote", func(c Control) bool { return c.State == "picture" }); err != nil {
		return err
	}
	var was image.Image
	return Await(ctx, "moving picture in "+a.Name+"'s window", func() error {
		img, err := p.Stage.Screenshot(ctx, shot)
		if err != nil {
			return err
		}
		r, err := a.Area(ctx, "call.remote")
		if err != nil {
			return err
		}
		// The middle, where no control and no timer is.
		now := crop(img, image.Rect(r.Min.X+r.Dx()/4, r.Min.Y+r.Dy()/4, r.Max.X-r.Dx()/4, r.Max.Y-r.Dy()/4))
		before := was
		was = now
		if before == nil || before.Bounds() != now.Bounds() {
			return errors.New("one picture was seen")
		}
		if share := differing(before, now); share < 0.01 {
			return fmt.Errorf("%.2f %% of it changed", 100*share)
		}
		return nil
	})
}

// differing is the share of sampled points that clearly differ.
func differing(a, b image.Image) float64 {
	n, changed := 0, 0
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y += 4 {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x += 4 {
			_, g0, _, _ := a.At(x, y).RGBA()
			_, g1, _, _ := b.At(x, y).RGBA()
			n++
			if d := int(g0>>8) - int(g1>>8); d > 12 || d < -12 {
				changed++
			}
		}
	}
	return float64(changed) / float64(max(n, 1))
}

var (
	errQuiet = errors.New("it is quiet")
	errStill = errors.New("it is still there")
)
