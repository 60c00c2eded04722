//go:build !noupdate

package present_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"parley/ui/present"
)

func offer(w *world, version string) {
	w.directory.Set(func(p *present.People) {
		p.Service.Newest = present.Release{Version: version, Page: "https://calls.example.org/get"}
	})
}

// A newer version shows with a button that opens its page, until it is put
// away; the next one shows again.
func TestNewerVersionIsShown(t *testing.T) {
	w := newWorld(t)
	if b := w.model().Home.Update; b.Text != "" {
		t.Errorf("nothing is offered, but it says %q", b.Text)
	}
	offer(w, "1.4.0")
	b := w.model().Home.Update
	if !strings.Contains(b.Text, "Parley 1.4.0") || !strings.Contains(b.Text, "You have 1.0") || len(b.Actions) != 1 {
		t.Fatalf("it says %+v", b)
	}
	b.Actions[0].Do()
	if !slices.Equal(w.screen.Browsed, []string{"https://calls.example.org/get"}) {
		t.Errorf("opened %v", w.screen.Browsed)
	}
	w.screen.BrowseError = errors.New("there is none")
	b.Actions[0].Do()
	if n := w.model().Home.Notice; !strings.Contains(n.Text, "https://calls.example.org/get") {
		t.Errorf("without a browser the address is not said: %q", n.Text)
	}
	b.Close()
	if b := w.model().Home.Update; b.Text != "" {
		t.Errorf("put away, but it says %q", b.Text)
	}
	offer(w, "1.4.1")
	if b := w.model().Home.Update; !strings.Contains(b.Text, "1.4.1") {
		t.Errorf("of the next one it says %q", b.Text)
	}
	w.Settings.SetUpdateNotices(false)
	if b := w.model().Home.Update; b.Text != "" {
		t.Errorf("switched off, but it says %q", b.Text)
	}
}

// Whoever is on the network can announce a service: those do not tell people
// to install something. Nor does one with which there is no line.
func TestWhoMayOfferVersions(t *testing.T) {
	w := newWorld(t)
	offer(w, "9.0")
	for name, set := range map[string]func(s *present.Service){
		"found on the network": func(s *present.Service) { s.Found = true },
		"the program's own":    func(s *present.Service) { s.Embedded = true },
		"gone":                 func(s *present.Service) { s.Phase = present.ServiceReconnecting },
	} {
		before := w.directory.State().Service
		w.directory.Set(func(p *present.People) { set(&p.Service) })
		if b := w.model().Home.Update; b.Text != "" {
			t.Errorf("%s: it says %q", name, b.Text)
		}
		w.directory.Set(func(p *present.People) { p.Service = before })
	}
	if b := w.model().Home.Update; b.Text == "" {
		t.Error("the person's service is not heard either")
	}
}

func TestUpdateNoticesUnderPolicy(t *testing.T) {
	w := newWorldUnder(t, present.Rules{NoUpdates: true})
	offer(w, "9.0")
	if b := w.model().Home.Update; b.Text != "" {
		t.Errorf("it says %q", b.Text)
	}
	w.Settings.Open(present.PageAbout)
	w.Settings.SetUpdateNotices(false)
	if a := w.model().Settings.About; !a.Fixed || a.Notices || !w.settings.Get().UpdateNotices {
		t.Errorf("the switch: %+v", a)
	}
}

func TestNewerVersions(t *testing.T) {
	order := []string{"0.9", "v0.9.5", "1.0~20260101", "1.0~20261129.c95b821", "1.0.0", "1.0.1", "1.2~20270101", "1.2", "1.10", "2.0.0.1"}
	for i, a := range order {
		for j, b := range order {
			if got := present.NewerVersion(a, b); got != (i < j) {
				t.Errorf("%s has %s offered: shown %v", a, b, got)
			}
		}
	}
	for _, odd := range []string{"", "development", "1.x", "1.0~", "1.0~soon", "1..2", "1.2.3.4.5", "-1", "99999999999999999999"} {
		if present.NewerVersion(odd, "9.0") || present.NewerVersion("0.1", odd) {
			t.Errorf("%q is older or newer than something", odd)
		}
	}
}
