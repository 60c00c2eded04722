package main

import (
	"context"
	"fmt"
	"io"

	"parley/call/local"
	"parley/media/device"
	"parley/ui/i18n"
	"parley/ui/present"
)

// sayDevices prints what is the matter with a device, once each time, where
// there is no window to show it, until ctx ends.
func (p *program) sayDevices(ctx context.Context, out io.Writer) {
	changed, unsubscribe := p.media.Subscribe()
	defer unsubscribe()
	words := english()
	var said [3]string
	for {
		st := p.media.State()
		for i, u := range [...]local.Use{st.Camera, st.Microphone, st.Speaker} {
			s := deviceProblem(words, u)
			if s != "" && s != said[i] {
				fmt.Fprintln(out, "parley:", s)
			}
			said[i] = s
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// deviceProblem is a sentence about a device that is wanted, and the reason as
// the system or the file gives it.
func deviceProblem(words *i18n.Lang, u local.Use) string {
	if u.Problem == nil || u.Opening {
		return ""
	}
	s := present.DeviceSentence(words, u.Problem)
	if u.Problem.Reason == device.Missing && u.Selector != "" {
		s = fmt.Sprintf("The %v %q was not found: parley --diagnose lists what there is.", u.Problem.Kind, u.Selector)
	}
	if u.Open && u.Info.Name != u.Problem.Name {
		s = words.T("device.instead", "problem", s, "name", u.Info.Name)
	}
	if u.Problem.Err != nil {
		s += fmt.Sprintf(" (%v)", u.Problem.Err)
	}
	return s
}
