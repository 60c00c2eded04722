package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"parley/app/internal/line"
	"parley/call"
	"parley/call/calltest/chrome"
	"parley/call/local"
	"parley/call/trust"
	"parley/media"
	"parley/media/device"
	"parley/media/device/virtual"
	"parley/signaling/discover"
)

// timedCard is a test card that remembers when each of its pictures was taken.
type timedCard struct {
	*virtual.Card
	times *times
}

// times are those of pictures, by number.
type times struct {
	mu    sync.Mutex
	taken []time.Time // guarded by mu
}

func (c timedCard) Next(ctx context.Context) (*media.Frame, error) {
	f, err := c.Card.Next(ctx)
	if err != nil {
		return nil, err
	}
	code, err := virtual.ReadFrame(f)
	if err != nil {
		return f, nil //nolint:nilerr // a picture that cannot be told counts for nothing
	}
	// Its time is that of the camera, not of the reading above.
	c.times.set(code.Frame, time.Now().Add(f.PTS-clock.Now()))
	return f, nil
}

func (c *times) set(n uint32, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.taken) <= int(n) {
		c.taken = append(c.taken, time.Time{})
	}
	c.taken[n] = at
}

func (c *times) at(n uint32) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int(n) >= len(c.taken) {
		return time.Time{}
	}
	return c.taken[n]
}

// clock is the capture clock of the person in this process.
var clock = device.NewClock() //nolint:gochecknoglobals // one per process, as in the program

// cardDevices are a computer with nothing but a test card and a tone.
type cardDevices struct{ times *times }

func (cardDevices) List(device.Kind) []device.Info { return nil }
func (cardDevices) Changed() <-chan struct{}       { return nil }
func (d cardDevices) OpenCamera(context.Context, string, device.VideoFormat) (device.VideoSource, error) {
	return timedCard{Card: virtual.NewCard(virtual.CardConfig{
		Format: device.VideoFormat{Width: 1280, Height: 720, FPS: 30},
		Person: func() string { return cardName }, Clock: clock,
	}), times: d.times}, nil
}

func (cardDevices) OpenMicrophone(context.Context, string) (device.AudioSource, error) {
	return virtual.NewTone(440, clock), nil
}

func (cardDevices) OpenSpeaker(ctx context.Context, _ string, pull device.Pull) (device.SpeakerOut, error) {
	return virtual.NewSpeakers(clock).OpenSpeaker(ctx, device.Selector{Choice: device.ByDevice, Value: "null"}, pull)
}

// lateRows measures how long after its capture a picture is on screen: ours
// from the camera of a caller in this process to the window of a real program,
// by looking at the screen; theirs from the drawing of a canvas to the moment
// at which the other browser hands the picture to its compositor.
func lateRows(ctx context.Context, bin string) ([]row, error) {
	t, err := newTown(ctx, bin)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var p50, p95 pairs
	for n := range lateRuns {
		ours, err := ourLateness(ctx, t, n)
		if err != nil {
			return nil, err
		}
		theirs, err := chromiumLateness(ctx)
		if err != nil {
			return nil, err
		}
		p50.ours, p50.theirs = append(p50.ours, quantile(ours, 0.5)), append(p50.theirs, quantile(theirs, 0.5))
		p95.ours, p95.theirs = append(p95.ours, quantile(ours, 0.95)), append(p95.theirs, quantile(theirs, 0.95))
	}
	a, b := median(p50.ours), median(p50.theirs)
	return []row{
		atMost("720p30, capture to screen, p50; theirs Chromium", "ms", a, b, 60).with(p50.spread()),
		against("the same as a multiple of Chromium's", "ms", a, b, 2),
		against("the same, p95", "ms", median(p95.ours), median(p95.theirs), 2).with(p95.spread()),
	}, nil
}

const lateRuns = 5

// lateFor is how long pictures are followed.
const lateFor = 4 * time.Second

func ourLateness(ctx context.Context, t *town, n int) (late []float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	w, err := watch(t.stage.Display)
	if err != nil {
		return nil, err
	}
	defer w.close()
	callee := fmt.Sprintf("Late%d", n)
	cmd := exec.Command(t.bin, append([]string{
		"--name", callee, "--service", t.url, "--profile", filepath.Join(t.dir, callee), "--answer",
	}, silent...)...)
	cmd.Env = append(os.Environ(), "DISPLAY="+t.stage.Display, "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer end(cmd)

	card := &times{}
	hangUp, err := dial(ctx, t.url, fmt.Sprintf("%s%d", cardName, n), callee, cardDevices{card})
	if err != nil {
		return nil, err
	}
	defer hangUp()
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	place, err := w.code(ctx, image.Rect(0, 0, 2600, 1200), cardName)
	if err != nil {
		return nil, err
	}
	seen, _, err := w.follow(ctx, place, lateFor)
	if err != nil {
		return nil, err
	}
	for _, s := range seen {
		if taken := card.at(s.frame); !taken.IsZero() {
			late = append(late, s.at.Sub(taken).Seconds()*1000)
		}
	}
	if len(late) < 30 {
		return nil, fmt.Errorf("only %d pictures were seen", len(late))
	}
	return late, nil
}

// dial makes a call from this process and returns what ends it.
func dial(ctx context.Context, url, name, to string, devices cardDevices) (hangUp func(), err error) {
	id, err := trust.NewIdentity()
	if err != nil {
		return nil, err
	}
	pins, err := trust.LoadPins("")
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	l := line.New(line.Config{
		Identity: id, Name: name, Service: url, Version: "bench",
		Keep:   func(string, string) error { return nil },
		Find:   func(context.Context) []discover.Service { return nil },
		Own:    func(context.Context) (line.Own, error) { return nil, errors.New("there is a service") },
		InCall: func() bool { return false }, Log: log,
	})
	m := local.New(local.Config{Devices: devices, Format: device.VideoFormat{Width: 1280, Height: 720, FPS: 30}})
	phone := call.NewPhone(call.Config{Signal: l, Local: m, Trust: &trust.Book{Identity: id, Pins: pins}})
	below, cancel := context.WithCancel(context.Background())
	phoning, stop := context.WithCancel(below)
	var wg, talk sync.WaitGroup
	wg.Go(func() { _ = l.Run(below) })
	wg.Go(func() { _ = m.Run(below) })
	talk.Go(func() { _ = phone.Run(phoning) })
	hangUp = func() {
		stop()
		talk.Wait()
		cancel()
		wg.Wait()
	}
	for {
		s, err := phone.Dial(to, "", true)
		if err != nil {
			hangUp()
			return nil, err
		}
		for s.State().Phase < call.Connected {
			if err := sleep(ctx, 20*time.Millisecond); err != nil {
				hangUp()
				return nil, err
			}
		}
		if s.State().Phase == call.Connected {
			return hangUp, nil
		}
		// The other one has not signed in yet.
		if err := sleep(ctx, 300*time.Millisecond); err != nil {
			hangUp()
			return nil, fmt.Errorf("%w: %s %w", err, s.State().End.Reason, s.State().End.Err)
		}
	}
}

func chromiumLateness(ctx context.Context) (late []float64, err error) {
	d, err := newDuet(ctx, [2]chrome.Options{})
	if err != nil {
		return nil, err
	}
	defer d.close()
	want := chrome.Want{Audio: true, Tone: 440, Video: true, Canvas: true, Width: 1280, Height: 720, Rate: 30, Bitrate: burdenKbps * 1000}
	if err := d.call([2]chrome.Want{want, {}}, nil); err != nil {
		return nil, err
	}
	if err := sleep(ctx, settle); err != nil {
		return nil, err
	}
	if err := d.pages[1].Eval(&late, "call.lateness", lateFor.Milliseconds()); err != nil {
		return nil, err
	}
	if len(late) < 30 {
		return nil, fmt.Errorf("only %d of Chromium's pictures were seen", len(late))
	}
	return late, nil
}
