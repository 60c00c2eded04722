package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"parley/app/internal/diag"
	"parley/app/internal/settings"
	"parley/media/device"
	"parley/media/device/native"
	"parley/media/device/sound"
	"parley/media/device/virtual"
	"parley/media/mic"
	"parley/signaling/client"
	"parley/signaling/discover"
	"parley/signaling/wire"
)

// diagnose prints what support needs, without names of people and keys, and
// returns 1 with a sentence when a call could not work. It needs no display.
func diagnose(ctx context.Context, f *flags, out io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	fmt.Fprintln(out, versionLine())
	var chosen governed
	dir, profileErr := f.profileDir()
	var settingsErr error
	if dir != "" {
		chosen.Store, settingsErr = settings.Open(dir)
		chosen.rules = f.rules
	}
	var name, service string
	relayOnly := f.RelayOnly || f.rules.RelayOnly
	if chosen.Store != nil {
		s := chosen.Get()
		name, service, relayOnly = s.Name, s.Service, relayOnly || s.RelayOnly
	}
	r := &report{out: out, veil: diag.OfThisComputer(name, f.Name)}
	r.system()
	r.say("processors", "%d", runtime.NumCPU())
	r.display(ctx)
	for i, line := range f.rules.Lines() {
		r.say([]string{"policy", "  sets"}[min(i, 1)], "%s", line)
	}
	r.profile(dir, f.Profile)
	for _, err := range []error{profileErr, settingsErr} {
		if err != nil {
			r.fails("%v", err)
		}
	}
	r.say("microphone processing", "%s", microphoneLine())
	r.devices(ctx, f.Speaker)
	if service = first(f.Service, service); f.rules.Permit(service) != nil {
		r.say("service", "none is used")
		r.fails("the policy of this computer has a mistake and names no service: %s", f.rules.Problem())
	} else {
		r.service(ctx, service, relayOnly, bringsService && !f.rules.NoOwnService)
	}
	if len(r.wrong) > 0 {
		fmt.Fprintf(out, "A call could not work: %s\n", strings.Join(r.wrong, "; "))
		return 1
	}
	fmt.Fprintln(out, "A call can work.")
	return 0
}

// microphoneLine says what this build can do to a microphone's sound.
func microphoneLine() string {
	if missing := mic.Missing(); missing != "" {
		return "this build lacks: " + missing
	}
	return "echo canceller, noise suppression, gain"
}

// devices lists what there is. A call works without a camera and without a
// microphone, but not without anything to hear it with, be it one that
// --speaker makes.
func (r *report) devices(ctx context.Context, speaker string) {
	quiet := slog.New(slog.DiscardHandler)
	clock := device.NewClock()
	speakers := sound.New(sound.Config{Clock: clock}, quiet)
	catalog := device.New(device.Config{
		Clock: clock, Capture: native.New(native.Config{Clock: clock, Sound: speakers}, quiet),
		Sound: speakers, Virtual: virtual.NewSpeakers(clock),
	}, quiet)
	defer catalog.Close()
	if err := catalog.Ready(ctx); err != nil {
		r.fails("the devices do not answer: %v", err)
		return
	}
	for _, k := range []device.Kind{device.Camera, device.Microphone, device.Speaker, device.Screen} {
		n := 0
		for _, d := range catalog.List(k) {
			if d.Virtual {
				continue
			}
			n++
			mark := ""
			if d.Default {
				mark = " (default)"
			}
			r.say(k.String(), "%s%s", d.Name, mark)
		}
		if n == 0 {
			r.say(k.String(), "none")
			if made, err := device.ParseSelector(speaker); k == device.Speaker && (err != nil || !made.Virtual()) {
				r.fails("there is no speaker: plug one in, or start with --speaker null")
			}
		}
	}
	r.libraries() // while those of the sound server are open
}

// service asks the service that would be used whether it is ready; own: without
// one the program brings its own.
func (r *report) service(ctx context.Context, service string, relayOnly, own bool) {
	if service == "" {
		found := discover.Find(ctx, discover.Config{}, findFor)
		switch {
		case len(found) > 0:
			service = found[0].URL
		case own:
			r.say("service", "none on this network; Parley brings its own")
			return
		default:
			why := "the policy does not let Parley bring its own"
			if !bringsService {
				why = "this build brings none of its own"
			}
			r.say("service", "none on this network, and %s", why)
			r.fails("there is no service on this network: ask whoever looks after this computer for its address")
			return
		}
	}
	u, err := client.ParseURL(service)
	if err != nil {
		r.fails("%v", err)
		return
	}
	began := time.Now()
	resp, err := get(ctx, u.String()+"/readyz")
	if err != nil {
		r.say("service", "%s does not answer", u)
		r.fails("the service cannot be reached: %v", err)
		return
	}
	defer resp.Body.Close()
	r.say("service", "%s, %s after %d ms", u, resp.Status, time.Since(began).Milliseconds())
	if resp.StatusCode != http.StatusOK {
		r.fails("the service is not ready: %s", resp.Status)
		return
	}
	r.relays(ctx, regions(ctx, u.String()), u.Hostname(), relayOnly)
}

func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return (&http.Client{Timeout: 10 * time.Second}).Do(req)
}

// regions asks a service where its relays are; none: it has them in one place,
// or is an older one.
func regions(ctx context.Context, service string) []wire.ICERegion {
	resp, err := get(ctx, service+wire.RegionsPath)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var list wire.Regions
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, wire.MaxMessage)).Decode(&list) != nil {
		return nil
	}
	return list.Regions
}
