package chrome_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/call"
	"parley/call/calltest"
	"parley/call/calltest/chrome"
	"parley/call/local"
	"parley/call/peer"
	"parley/media"
	"parley/media/device"
	"parley/media/device/virtual"
	"parley/signaling/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ourTone   = 440.0
	theirTone = 660.0
)

// browser starts a Chromium whose camera sees a test card of "Chromium".
func browser(t *testing.T) *chrome.Browser {
	t.Helper()
	card := filepath.Join(t.TempDir(), "card.y4m")
	if err := chrome.WriteCard(card, "Chromium", device.VideoFormat{Width: 640, Height: 360, FPS: 15}, 30); err != nil {
		t.Fatal(err)
	}
	b, err := chrome.Start(context.Background(), chrome.Options{Video: card})
	if errors.Is(err, chrome.ErrAbsent) && os.Getenv("CI") == "" {
		t.Skip("Chromium is not installed: calls with a browser are not tested here (make deps-test installs it)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("chromium: %v", err)
		}
	})
	return b
}

// devices are those of a computer with a test card, a tone and a speaker that
// remembers its last half second.
type devices struct {
	clock device.Clock

	mu    sync.Mutex
	heard []int16
}

const hearing = media.SampleRate / 2

func (d *devices) List(device.Kind) []device.Info { return nil }
func (d *devices) Changed() <-chan struct{}       { return nil }

func (d *devices) OpenCamera(_ context.Context, _ string, want device.VideoFormat) (device.VideoSource, error) {
	return virtual.NewCard(virtual.CardConfig{
		Format: want, Person: func() string { return "Parley" }, Clock: d.clock,
	}), nil
}

func (d *devices) OpenMicrophone(context.Context, string) (device.AudioSource, error) {
	return virtual.NewTone(ourTone, d.clock), nil
}

func (d *devices) OpenSpeaker(ctx context.Context, _ string, pull device.Pull) (device.SpeakerOut, error) {
	return virtual.NewSpeakers(d.clock).OpenSpeaker(ctx, device.Selector{Choice: device.ByDevice, Value: "null"}, func(out []int16) {
		pull(out)
		d.mu.Lock()
		defer d.mu.Unlock()
		d.heard = append(d.heard, out...)
		if n := len(d.heard) - hearing; n > 0 {
			d.heard = append(d.heard[:0], d.heard[n:]...)
		}
	})
}

// last returns what was heard last.
func (d *devices) last() []int16 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]int16(nil), d.heard...)
}

// rig is Parley and Chromium, each a person of one service.
type rig struct {
	t       *testing.T
	service *calltest.Service
	devices *devices
	media   *local.Media
	phone   *call.Phone
	page    *chrome.Page
	party   *calltest.Party // Chromium's
	link    *chrome.Link    // end A is Parley

	session *call.Session

	mu      sync.Mutex
	id      string            // guarded by mu: of the call
	gen     int               // guarded by mu: ICE generation
	said    bool              // guarded by mu: our candidate of this generation was passed on
	waiting []*wire.Candidate // guarded by mu: of Chromium, before the answer was sent
	open    bool              // guarded by mu: Chromium's candidates may be sent
	done    chan struct{}
	wg      sync.WaitGroup
}

func newRig(t *testing.T) *rig {
	t.Helper()
	page, err := browser(t).Page()
	if err != nil {
		t.Fatal(err)
	}
	link, err := chrome.NewLink(chrome.Conditions{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, service: calltest.NewService(t), devices: &devices{clock: device.NewClock()},
		page: page, link: link, done: make(chan struct{}),
	}
	r.party = r.service.Join("Chromium")
	r.media = local.New(local.Config{Devices: r.devices, Format: device.VideoFormat{Width: 640, Height: 360, FPS: 15}})
	r.phone = call.NewPhone(call.Config{Signal: r.service.Join("Parley"), Local: r.media, AutoAnswer: true, Peer: func(c *peer.Config) {
		// As in a call, but an outage is noticed sooner.
		c.Timing = peer.DefaultTiming()
		c.Timing.Keepalive, c.Timing.Disconnected, c.Timing.Failed = 100*time.Millisecond, 500*time.Millisecond, time.Second
	}})
	ctx, cancel := context.WithCancel(context.Background())
	phoneDone := make(chan error, 1)
	go func() { phoneDone <- r.phone.Run(ctx) }()
	r.wg.Go(func() { _ = r.media.Run(ctx) })
	r.wg.Go(r.bridge)
	t.Cleanup(func() {
		cancel()
		<-phoneDone
		close(r.done)
		r.wg.Wait()
		if err := link.Close(); err != nil {
			t.Errorf("link: %v", err)
		}
	})
	err = page.Start(chrome.Want{Audio: true, Tone: theirTone, Video: true, Width: 640, Height: 360, Rate: 15})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bridge is Chromium's line to the service.
func (r *rig) bridge() {
	for {
		var err error
		select {
		case <-r.done:
			return
		case e := <-r.party.Incoming():
			err = r.fromService(e)
		case e := <-r.page.Events():
			if e.What == "candidate" && e.Candidate != nil {
				err = r.fromPage(e.Candidate)
			}
		}
		if err != nil {
			r.t.Errorf("bridge: %v", err)
		}
	}
}

func (r *rig) fromService(e wire.Envelope) error {
	switch e.Kind {
	case wire.KindInvite:
		inv, err := wire.Body[wire.Invite](e)
		if err != nil {
			return err
		}
		r.begin(e.Call)
		answer, err := r.page.Answer(chrome.Description{Type: inv.Offer.Type, SDP: inv.Offer.SDP})
		if err != nil {
			return err
		}
		body := wire.Answer{Media: wire.Media{Audio: true, Video: true}, Answer: wire.Description{Type: answer.Type, SDP: answer.SDP}}
		if _, err := r.party.Request(context.Background(), wire.KindAnswer, e.Call, body); err != nil {
			return err
		}
		return r.release()
	case wire.KindAnswer:
		a, err := wire.Body[wire.Answer](e)
		if err != nil {
			return err
		}
		return r.page.Answered(chrome.Description{Type: a.Answer.Type, SDP: a.Answer.SDP})
	case wire.KindNegotiate:
		n, err := wire.Body[wire.Negotiate](e)
		if err != nil {
			return err
		}
		return r.negotiate(n)
	case wire.KindCandidates:
		c, err := wire.Body[wire.Candidates](e)
		if err != nil {
			return err
		}
		return r.candidates(c)
	}
	return nil
}

func (r *rig) negotiate(n wire.Negotiate) error {
	if n.Description.Type == "answer" {
		return r.page.Answered(chrome.Description{Type: n.Description.Type, SDP: n.Description.SDP})
	}
	r.fresh(n.Generation)
	answer, err := r.page.Answer(chrome.Description{Type: n.Description.Type, SDP: n.Description.SDP})
	if err != nil {
		return err
	}
	n.Description = wire.Description{Type: answer.Type, SDP: answer.SDP}
	if err := r.party.Send(wire.KindNegotiate, r.call(), n); err != nil {
		return err
	}
	return r.release()
}

func (r *rig) begin(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.id = id
}

func (r *rig) call() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.id
}

// fresh begins a new ICE generation.
func (r *rig) fresh(gen int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if gen != r.gen {
		r.gen, r.said, r.open, r.waiting = gen, false, false, nil
	}
}

// release sends the candidates that waited for their description.
func (r *rig) release() error {
	r.mu.Lock()
	r.open = true
	list := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	return r.send(list)
}

// candidates passes our first address on, as the link's.
func (r *rig) candidates(c wire.Candidates) error {
	var list []chrome.Candidate
	r.mu.Lock()
	for _, x := range c.Candidates {
		line, ok := r.link.Candidate(chrome.A, x.Candidate)
		if c.Generation == r.gen && !r.said && ok {
			r.said = true
			list = append(list, chrome.Candidate{Candidate: line, Mid: x.SDPMid, Line: x.SDPMLineIndex, Ufrag: x.Ufrag})
		}
	}
	r.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	return r.page.Candidates(list)
}

// fromPage passes Chromium's addresses on; of one kind, as the link has one
// socket for all.
func (r *rig) fromPage(c *chrome.Candidate) error {
	line, ok := r.link.Candidate(chrome.B, c.Candidate)
	if !ok {
		return nil
	}
	x := &wire.Candidate{Candidate: line, SDPMid: c.Mid, SDPMLineIndex: c.Line, Ufrag: c.Ufrag}
	r.mu.Lock()
	if !r.open {
		r.waiting = append(r.waiting, x)
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	return r.send([]*wire.Candidate{x})
}

func (r *rig) send(list []*wire.Candidate) error {
	if len(list) == 0 {
		return nil
	}
	r.mu.Lock()
	c := wire.Candidates{Generation: r.gen}
	id := r.id
	r.mu.Unlock()
	c.Candidates = append(c.Candidates, *list[0])
	return r.party.Send(wire.KindCandidates, id, c)
}

// patience bounds every wait; it is only reached when a test fails.
const patience = 30 * time.Second

// until asks again and again until ok.
func (r *rig) until(what string, ok func() bool) {
	r.t.Helper()
	limit := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(limit) {
			st, err := r.page.State()
			r.t.Fatalf("waited in vain: %s; Chromium: %+v %v", what, st, err)
		}
		time.Sleep(50 * time.Millisecond) // between two looks at the browser
	}
}

// weCall rings at Chromium's.
func (r *rig) weCall() {
	r.t.Helper()
	s, err := r.phone.Dial("Chromium", "", true)
	if err != nil {
		r.t.Fatal(err)
	}
	r.session = s
	r.connected()
}

// theyCall rings at ours.
func (r *rig) theyCall() {
	r.t.Helper()
	offer, err := r.page.Offer(false)
	if err != nil {
		r.t.Fatal(err)
	}
	r.begin("chromiumcalls")
	inv := wire.Invite{To: "Parley", Media: wire.Media{Audio: true, Video: true}, Offer: wire.Description{Type: offer.Type, SDP: offer.SDP}}
	if _, err := r.party.Request(context.Background(), wire.KindInvite, r.call(), inv); err != nil {
		r.t.Fatal(err)
	}
	if err := r.release(); err != nil {
		r.t.Fatal(err)
	}
	r.until("it rings here", func() bool { return r.phone.Current() != nil })
	r.session = r.phone.Current()
	r.connected()
}

func (r *rig) connected() {
	r.t.Helper()
	r.until("connected", func() bool { return r.session.State().Phase == call.Connected })
	r.until("Chromium is connected", func() bool { return r.state().Connection == "connected" })
}

func (r *rig) state() chrome.State {
	r.t.Helper()
	st, err := r.page.State()
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

func (r *rig) stats() chrome.Stats {
	r.t.Helper()
	st, err := r.page.Stats()
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

// outbound and inbound read a counter of Chromium's picture.
func (r *rig) outbound(name string) float64 {
	return chrome.Number(r.stats().One("outbound-rtp", "video"), name)
}

func (r *rig) inbound(name string) float64 {
	return chrome.Number(r.stats().One("inbound-rtp", "video"), name)
}

// shown is the code of the picture that is shown here now.
func (r *rig) shown() (virtual.Code, bool) {
	f, ok := r.session.Video(r.session.State().Peer.ID, call.CameraSource).Take()
	if !ok {
		return virtual.Code{}, false
	}
	defer f.Release()
	c, err := virtual.ReadFrame(f)
	return c, err == nil
}

// painted is the code of the nth picture that Chromium shows now.
func (r *rig) painted(n int) (virtual.Code, bool) {
	img, err := r.page.Picture(n)
	if err != nil {
		r.t.Fatal(err)
	}
	if img == nil {
		return virtual.Code{}, false
	}
	c, err := virtual.ReadCode(img)
	return c, err == nil
}

// flows waits until new pictures and the tone arrive both ways.
func (r *rig) flows() {
	r.t.Helper()
	seen := map[uint32]bool{}
	r.until("Chromium's pictures here", func() bool {
		if c, ok := r.shown(); ok && c.Name == "Chromium" {
			seen[c.Frame] = true
		}
		return len(seen) >= 3
	})
	clear(seen)
	r.until("our pictures in Chromium", func() bool {
		if c, ok := r.painted(0); ok && c.Name == "Parley" {
			seen[c.Frame] = true
		}
		return len(seen) >= 3
	})
	r.until("Chromium's tone here", func() bool { return loud(r.devices.last(), theirTone) })
	r.until("our tone in Chromium", func() bool { return r.hears(ourTone) })
}

func (r *rig) hears(hz float64) bool {
	samples, err := r.page.Heard()
	if err != nil {
		r.t.Fatal(err)
	}
	return loud(samples, hz)
}

// loud reports whether a tone of a quarter of full scale is there: half of it
// is what a codec and a stretched block leave at least.
func loud(samples []int16, hz float64) bool {
	return len(samples) >= 4096 && virtual.Goertzel(samples, media.SampleRate, hz) > 0.125
}
