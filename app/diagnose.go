package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"parley/app/internal/settings"
	"parley/media/device"
	"parley/media/device/native"
	"parley/media/device/sound"
	"parley/media/device/virtual"
	"parley/media/mic"
	"parley/signaling/client"
	"parley/signaling/discover"
	"parley/signaling/region"
	"parley/signaling/wire"
)

// diagnose prints what support needs, without names of people and keys, and
// returns 1 with a sentence when a call could not work.
func diagnose(ctx context.Context, f *flags, out io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	fmt.Fprintln(out, versionLine())
	fmt.Fprintf(out, "processors: %d\n", runtime.NumCPU())
	if runtime.GOOS == "linux" {
		display := first(os.Getenv("DISPLAY"), os.Getenv("WAYLAND_DISPLAY"))
		if displayThere() != nil {
			display = "none (--headless works without one)"
		}
		fmt.Fprintf(out, "display: %s\n", display)
	}
	fmt.Fprintf(out, "microphone: %s\n", microphoneLine())
	var wrong []string
	for i, line := range f.rules.Lines() {
		if i == 0 {
			fmt.Fprintf(out, "policy: %s\n", line)
		} else {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	dir, err := f.profileDir()
	if err != nil {
		wrong = append(wrong, err.Error())
	}
	fmt.Fprintf(out, "profile: %s\n", first(dir, "none"))
	service := f.Service
	if dir != "" {
		store, err := settings.Open(dir)
		if err != nil {
			wrong = append(wrong, err.Error())
		}
		service = first(service, governed{store, f.rules}.Get().Service)
	}
	wrong = append(wrong, reportDevices(ctx, out, f.Speaker)...)
	if f.rules.Permit(service) != nil {
		fmt.Fprintln(out, "service: none is used")
		wrong = append(wrong, "the policy of this computer has a mistake and names no service: "+f.rules.Problem())
	} else {
		wrong = append(wrong, reportService(ctx, out, service, !f.rules.NoOwnService)...)
	}
	if len(wrong) > 0 {
		fmt.Fprintf(out, "A call could not work: %s\n", strings.Join(wrong, "; "))
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

// reportDevices lists what there is. A call works without a camera and without
// a microphone, but not without anything to hear it with, be it one that
// --speaker makes.
func reportDevices(ctx context.Context, out io.Writer, speaker string) (wrong []string) {
	quiet := slog.New(slog.DiscardHandler)
	clock := device.NewClock()
	speakers := sound.New(sound.Config{Clock: clock}, quiet)
	catalog := device.New(device.Config{
		Clock: clock, Capture: native.New(native.Config{Clock: clock, Sound: speakers}, quiet),
		Sound: speakers, Virtual: virtual.NewSpeakers(clock),
	}, quiet)
	defer catalog.Close()
	if err := catalog.Ready(ctx); err != nil {
		return []string{fmt.Sprintf("the devices do not answer: %v", err)}
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
			fmt.Fprintf(out, "%s: %s%s\n", k, d.Name, mark)
		}
		if n == 0 {
			fmt.Fprintf(out, "%s: none\n", k)
			if made, err := device.ParseSelector(speaker); k == device.Speaker && (err != nil || !made.Virtual()) {
				wrong = append(wrong, "there is no speaker: plug one in, or start with --speaker null")
			}
		}
	}
	return wrong
}

// reportService asks the service that would be used whether it is ready.
func reportService(ctx context.Context, out io.Writer, service string, own bool) (wrong []string) {
	if service == "" {
		found := discover.Find(ctx, discover.Config{}, findFor)
		if len(found) == 0 && !own {
			fmt.Fprintln(out, "service: none on this network, and the policy does not let Parley bring its own")
			return []string{"there is no service on this network"}
		}
		if len(found) == 0 {
			fmt.Fprintln(out, "service: none on this network; Parley brings its own")
			return nil
		}
		service = found[0].URL
	}
	u, err := client.ParseURL(service)
	if err != nil {
		return []string{err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String()+"/readyz", nil)
	if err != nil {
		return []string{err.Error()}
	}
	began := time.Now()
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		fmt.Fprintf(out, "service: %s does not answer\n", u)
		return []string{fmt.Sprintf("the service cannot be reached: %v", err)}
	}
	defer resp.Body.Close()
	fmt.Fprintf(out, "service: %s, %s after %d ms\n", u, resp.Status, time.Since(began).Milliseconds())
	if resp.StatusCode != http.StatusOK {
		return []string{"the service is not ready: " + resp.Status}
	}
	reportRegions(ctx, out, u.String())
	return nil
}

// reportRegions measures how far the service's relays are, as a client does. A
// service that has them in one place says nothing.
func reportRegions(ctx context.Context, out io.Writer, service string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, service+wire.RegionsPath, nil)
	if err != nil {
		return
	}
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	var list wire.Regions
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, wire.MaxMessage)).Decode(&list) != nil || len(list.Regions) == 0 {
		return // an older service
	}
	trips := region.Measure(ctx, list.Regions, nil)
	use := region.Choose(list.Regions, trips)
	for _, r := range list.Regions {
		line := "no answer over UDP"
		if trip, ok := trips[r.Name]; ok {
			line = fmt.Sprintf("%.1f ms", trip.Seconds()*1000)
		}
		if slices.Contains(use, r.Name) {
			line += ", used"
		}
		fmt.Fprintf(out, "relay region %.32q: %s\n", r.Name, line)
	}
}
