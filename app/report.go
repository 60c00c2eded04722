package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"parley/app/internal/diag"
	"parley/app/internal/graphics"
	"parley/signaling/region"
	"parley/signaling/turn"
	"parley/signaling/wire"
)

// report is what --diagnose prints: lines with a label, over whose text a veil
// lies, and what keeps a call from working.
type report struct {
	out   io.Writer
	veil  *diag.Veil
	wrong []string
}

func (r *report) say(label, format string, args ...any) {
	fmt.Fprintf(r.out, "%s: %s\n", label, oneline(r.veil.Over(fmt.Sprintf(format, args...))))
}

// fails notes why a call could not work.
func (r *report) fails(format string, args ...any) {
	r.wrong = append(r.wrong, oneline(r.veil.Over(fmt.Sprintf(format, args...))))
}

// oneline keeps what others have named from looking like lines of the report.
func oneline(s string) string { return strings.Join(strings.Fields(s), " ") }

// system is what the program runs on and is made of.
func (r *report) system() {
	r.say("system", "%s", diag.System())
	if info, ok := debug.ReadBuildInfo(); ok {
		var parts []string
		for _, name := range []string{"fyne.io/fyne/v2", "github.com/pion/webrtc/v4", "github.com/gen2brain/malgo"} {
			for _, d := range info.Deps {
				if d.Path == name {
					parts = append(parts, name+" "+d.Version)
				}
			}
		}
		if len(parts) > 0 {
			r.say("made with", "%s", strings.Join(parts, ", "))
		}
	}
}

// libraries are those of the system that are open now.
func (r *report) libraries() {
	paths := diag.Libraries()
	for _, p := range paths {
		r.say("library", "%s", p)
	}
	if len(paths) == 0 {
		r.say("libraries", "part of the program, or not known on this system")
	}
}

// display says where windows go, and what draws them.
func (r *report) display(ctx context.Context) {
	var kind []string
	for _, v := range []string{"XDG_SESSION_TYPE", "XDG_CURRENT_DESKTOP"} {
		if s := os.Getenv(v); s != "" {
			kind = append(kind, s)
		}
	}
	if displayThere() != nil {
		r.say("display", "none (--headless works without one)")
		return
	}
	if name := first(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY")); name != "" {
		kind = append([]string{name}, kind...)
	}
	r.say("display", "%s", first(strings.Join(kind, ", "), "there is one"))
	said, err := askGraphics(ctx)
	if err != nil {
		r.say("graphics", "%v", err)
		r.fails("no window can be opened: %v; install or repair the graphics driver, or use --headless", err)
		return
	}
	r.say("graphics", "%s", said)
}

// askGraphics starts this program once more to ask for OpenGL: a driver that
// is broken would take this one down.
func askGraphics(ctx context.Context) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "--graphics")
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		why := strings.TrimPrefix(strings.TrimSpace(said.String()), "parley: ")
		why, _, _ = strings.Cut(why, "\n")
		return "", fmt.Errorf("%s (%w)", first(why, "OpenGL ended the program that asked for it"), err)
	}
	return strings.TrimSpace(out.String()), nil
}

// sayGraphics is that program.
func sayGraphics(stdout, stderr io.Writer) int {
	renderer, version, err := graphics.Renderer()
	if err != nil {
		fmt.Fprintln(stderr, "parley:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s, OpenGL %s\n", renderer, version)
	return 0
}

// profile says where settings are, as far as it does not say whose they are.
func (r *report) profile(dir, flag string) {
	switch usual, err := os.UserConfigDir(); {
	case dir == "":
		r.say("profile", "none")
	case flag == "" && err == nil:
		r.say("profile", "the usual one, %s", filepath.Join(usual, "parley"))
	default:
		r.say("profile", "%s", dir)
	}
}

// relays says which relays answer, and which region a call would use. Without
// any, calls work that need none; relayOnly ones do not.
func (r *report) relays(ctx context.Context, list []wire.ICERegion, host string, relayOnly bool) {
	named := len(list) > 0
	if !named {
		// One place: a service tells who is signed in. Where it usually is can be
		// tried.
		_, port, _ := net.SplitHostPort(turn.Default().Listen)
		at := net.JoinHostPort(host, first(port, "3478"))
		list = []wire.ICERegion{{Servers: []wire.ICEServer{{URLs: []string{"turn:" + at + "?transport=udp", "turn:" + at + "?transport=tcp"}}}}}
	}
	trips := region.Measure(ctx, list, nil)
	use := region.Choose(list, trips)
	reached := false
	for _, g := range list {
		label := "relay"
		if named {
			label = fmt.Sprintf("relay region %.32q", g.Name)
		}
		line := "no answer over UDP"
		trip, ok := trips[g.Name]
		if ok {
			line = fmt.Sprintf("%.1f ms", trip.Seconds()*1000)
		} else if overTCP(ctx, g) {
			ok, line = true, line+", but over TCP"
		}
		reached = reached || ok
		for _, u := range use {
			if named && u == g.Name {
				line += ", used"
			}
		}
		if !named && ok {
			line += " at the usual port"
		} else if !named {
			line = "none at the usual port; the service tells another one to who is signed in"
		}
		r.say(label, "%s", line)
	}
	if relayOnly && named && !reached {
		r.fails("calls go through a relay only, and none answers: ask whoever runs the network to let UDP or TCP to it through")
	}
}

// overTCP reports whether a relay of a region takes connections, as it does
// where UDP is not let through.
func overTCP(ctx context.Context, g wire.ICERegion) bool {
	for _, s := range g.Servers {
		for _, u := range s.URLs {
			uri, err := stun.ParseURI(u)
			if err != nil || uri.Proto != stun.ProtoTypeTCP {
				continue
			}
			d := net.Dialer{Timeout: 3 * time.Second}
			c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(uri.Host, fmt.Sprint(uri.Port)))
			if err == nil {
				return c.Close() == nil
			}
			if errors.Is(err, context.Canceled) {
				return false
			}
		}
	}
	return false
}
