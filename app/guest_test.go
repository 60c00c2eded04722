package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parley/app/internal/settings"
	"parley/call"
	"parley/call/calltest/chrome"
	"parley/media/device/virtual"
	"parley/signaling/service"
	"parley/signaling/wire"
)

const (
	ownerTone = 440.0 // Hz, of the desktop
	guestTone = 700.0
)

// ycc is a colour as a y4m file has it.
type ycc struct{ y, u, v byte }

func paintY4M(t *testing.T, path string, c ycc) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const w, h = 320, 180
	b := bufio.NewWriter(f)
	fmt.Fprintf(b, "YUV4MPEG2 W%d H%d F15:1 Ip A1:1 C420jpeg\n", w, h)
	for range 15 {
		fmt.Fprint(b, "FRAME\n")
		for _, p := range []struct {
			v byte
			n int
		}{{c.y, w * h}, {c.u, w * h / 4}, {c.v, w * h / 4}} {
			b.Write([]byte(strings.Repeat(string([]byte{p.v}), p.n)))
		}
	}
	if err := errors.Join(b.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// writeTone writes a second of a sine as a wav file, for Chromium's microphone.
func writeTone(t *testing.T, path string, hz float64) {
	t.Helper()
	const rate = 48000
	data := make([]byte, 0, 2*rate)
	for i := range rate {
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(8000*math.Sin(2*math.Pi*hz*float64(i)/rate))))
	}
	head := []byte("RIFF")
	head = binary.LittleEndian.AppendUint32(head, uint32(36+len(data)))
	head = append(head, "WAVEfmt "...)
	head = binary.LittleEndian.AppendUint32(head, 16)
	for _, v := range []uint16{1, 1} {
		head = binary.LittleEndian.AppendUint16(head, v)
	}
	head = binary.LittleEndian.AppendUint32(head, rate)
	head = binary.LittleEndian.AppendUint32(head, 2*rate)
	for _, v := range []uint16{2, 16} {
		head = binary.LittleEndian.AppendUint16(head, v)
	}
	head = append(head, "data"...)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(data)))
	if err := os.WriteFile(path, append(head, data...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// guestRig is a service, the desktop program of Ada without a window, and a
// browser with her link.
type guestRig struct {
	t       *testing.T
	service *service.Service
	ada     *program
	stop    func() // ends Ada's program
	heard   string // what her speaker plays
	link    string
	visit   *chrome.Visit
	session *call.Session
}

// watched keeps what the page makes where a test finds it.
const watched = `{
  const Peer = window.RTCPeerConnection, Socket = window.WebSocket;
  window.RTCPeerConnection = class extends Peer { constructor(c) { super(c); window.peer = this; } };
  window.WebSocket = class extends Socket { constructor(...a) { super(...a); window.socket = this; window.sockets = (window.sockets ?? 0) + 1; } };
}`

// newGuestRig opens the link; before runs ahead of the page's own scripts.
func newGuestRig(t *testing.T, fragment, before string) *guestRig {
	t.Helper()
	r := &guestRig{t: t}
	cfg := service.Embedded()
	cfg.Listen, cfg.DrainFor = "127.0.0.1:0", 0
	var err error
	if r.service, err = service.Start(context.Background(), cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.service.Close() })
	dir := t.TempDir()
	blue, orange, tone := filepath.Join(dir, "blue.y4m"), filepath.Join(dir, "orange.y4m"), filepath.Join(dir, "tone.wav")
	paintY4M(t, blue, ycc{60, 200, 100})
	paintY4M(t, orange, ycc{150, 60, 190})
	writeTone(t, tone, guestTone)
	b, err := chrome.Start(context.Background(), chrome.Options{Video: orange, Audio: tone})
	if errors.Is(err, chrome.ErrAbsent) && os.Getenv("CI") == "" {
		t.Skip("Chromium is not installed: guests are not tested here (make deps-test installs it)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("chromium: %v", err)
		}
	})

	store, err := settings.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.heard = filepath.Join(dir, "heard.wav")
	r.ada, err = assemble(&flags{
		Service: r.service.LocalURL(), Name: "Ada", Camera: "file:" + blue, Microphone: fmt.Sprintf("tone:%g", ownerTone), Speaker: "file:" + r.heard,
		width: 320, height: 180, Rate: 15, Bitrate: 500,
	}, dir, store, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.ada.run(ctx) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
	if err := r.ada.signedIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.link, err = r.ada.line.CreateLink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.visit, err = b.Visit(r.link+fragment, watched+before); err != nil {
		t.Fatal(err)
	}
	return r
}

// must fails the test.
func (r *guestRig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// page waits until an expression is true there.
func (r *guestRig) page(expression string) {
	r.t.Helper()
	r.must(r.visit.Until(expression))
}

// says waits until an element of the page is shown and says something.
func (r *guestRig) says(element, text string) {
	r.t.Helper()
	r.page(fmt.Sprintf("(() => { const e = document.querySelector(%q); return e && e.checkVisibility() && e.textContent.includes(%q) })()", element, text))
}

// rings waits until the page's call is shown to Ada.
func (r *guestRig) rings() {
	r.t.Helper()
	changed, end := r.ada.phone.Subscribe()
	defer end()
	limit := time.After(20 * time.Second)
	for {
		if list := r.ada.phone.Ringing(); len(list) > 0 {
			r.session = list[0]
			return
		}
		select {
		case <-changed:
		case <-limit:
			var text string
			_ = r.visit.Eval(&text, "document.body.innerText")
			r.t.Fatalf("it does not ring; the page says %q", text)
		}
	}
}

// state waits for something in the state of Ada's call.
func (r *guestRig) state(what string, ok func(call.State) bool) {
	r.t.Helper()
	changed, end := r.session.Subscribe()
	defer end()
	limit := time.After(20 * time.Second)
	for !ok(r.session.State()) {
		select {
		case <-changed:
		case <-limit:
			r.t.Fatalf("waited in vain: %s; %+v", what, r.session.State())
		}
	}
}

// enter types the name and calls.
func (r *guestRig) enter(name string) {
	r.t.Helper()
	r.says("#join h1", "Call Ada")
	r.page("document.querySelector('#self-before').videoWidth > 0 && document.querySelector('#camera').options.length > 0")
	r.must(r.visit.Type("#name", name+"\r"))
	r.rings()
	if p := r.session.State().Peer; !p.Guest || p.Name != name || p.Verified || p.Signed {
		r.t.Errorf("who calls is %+v", p)
	}
	r.says("#status", "It is ringing")
}

// flows checks both pictures and both voices.
func (r *guestRig) flows() {
	r.t.Helper()
	r.state("connected", func(s call.State) bool { return s.Phase == call.Connected && s.Remote.HasVideo })
	r.page("document.querySelector('#theirs').videoWidth > 0")
	colour, err := r.visit.Colour("#theirs")
	r.must(err)
	if colour[2] < colour[0]+60 {
		r.t.Errorf("Ada's picture is blue, and shown as %v", colour)
	}
	tone, err := r.visit.Tone("#sound", ownerTone)
	r.must(err)
	other, err := r.visit.Tone("#sound", guestTone)
	r.must(err)
	if tone < 0.05 || other > tone/4 {
		r.t.Errorf("Ada's voice of %g Hz is heard with %.3f, and %g Hz with %.3f", ownerTone, tone, guestTone, other)
	}
	frames := r.session.Video(r.session.State().Peer.ID, call.CameraSource)
	select {
	case <-frames.Wake():
	case <-time.After(20 * time.Second):
		r.t.Fatal("no picture of the guest")
	}
	f, ok := frames.Take()
	if !ok {
		r.t.Fatal("no picture of the guest")
	}
	defer f.Release()
	u, v := f.U[f.UVStride*f.Height/4+f.Width/4], f.V[f.UVStride*f.Height/4+f.Width/4]
	if u > 90 || v < 160 {
		r.t.Errorf("the guest's picture is orange, and has U %d, V %d", u, v)
	}
}

// heardLast is the amplitude of a tone in the last quarter second before the
// end of what Ada's speaker has played.
func (r *guestRig) heardLast(hz float64) float64 {
	r.t.Helper()
	b, err := os.ReadFile(r.heard)
	r.must(err)
	best := 0.0
	const n = 12000
	samples := make([]int16, n)
	for at := 44; at+2*n <= len(b); at += 2 * n {
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(b[at+2*i:]))
		}
		best = max(best, virtual.Goertzel(samples, 48000, hz))
	}
	return best
}

func TestAGuestInABrowser(t *testing.T) {
	r := newGuestRig(t, "", "")
	r.enter("Grace <i>")
	r.session.Accept(true)
	r.flows()

	// Chat, both ways.
	r.must(r.session.SendChat("hello <b>there</b>"))
	r.page("!document.querySelector('#unread').hidden")
	r.must(r.visit.Click("#chat-open"))
	r.says("#lines", "hello <b>there</b>")
	r.state("our line has arrived", func(s call.State) bool { return len(s.Chat) == 1 && s.Chat[0].Status == call.Delivered })
	r.must(r.visit.Type("#text", "good day\r"))
	r.state("the guest's line", func(s call.State) bool { return len(s.Chat) == 2 && s.Chat[1].Text == "good day" && !s.Chat[1].Mine })
	r.says("#lines .mine", "delivered")
	r.must(r.visit.Click("#chat-close"))

	// Mute, both ways.
	r.must(r.visit.Click("#mic"))
	r.state("the guest is muted", func(s call.State) bool { return !s.Remote.MicOn && s.Remote.CameraOn })
	r.must(r.visit.Click("#cam"))
	r.state("the guest's camera is off", func(s call.State) bool { return !s.Remote.CameraOn })
	r.must(r.visit.Click("#mic"))
	r.must(r.visit.Click("#cam"))
	r.state("both are on again", func(s call.State) bool { return s.Remote.MicOn && s.Remote.CameraOn })
	r.ada.media.SetMicrophone(false)
	r.says("#muted", "Ada is muted")
	r.ada.media.SetCamera(false)
	r.says("#muted", "Ada’s camera is off")
	r.ada.media.SetMicrophone(true)
	r.ada.media.SetCamera(true)
	r.page("document.querySelector('#muted').hidden")

	// A recording is asked for, refused, allowed, and ended by the guest.
	file := filepath.Join(t.TempDir(), "call.webm")
	r.session.Record(file, "Ada")
	r.says("#ask", "Ada would like to record")
	r.must(r.visit.Click("#ask-no"))
	r.state("refused", func(s call.State) bool { return s.Recording.Outcome == call.RecordRefused })
	r.session.Record(file, "Ada")
	r.says("#ask", "Ada would like to record")
	r.must(r.visit.Click("#ask-yes"))
	r.state("recording", func(s call.State) bool { return s.Recording.Mine == call.RecordOn })
	r.says("#recorded", "being recorded")
	r.must(r.visit.Click("#stop-record"))
	r.state("stopped", func(s call.State) bool { return s.Recording.Outcome == call.RecordStopped })

	r.must(r.visit.Click("#leave"))
	r.state("over", func(s call.State) bool { return s.Phase == call.Ended })
	r.says("#notice", "You have left the call.")
	r.stop()
	if a := r.heardLast(guestTone); a < 0.02 {
		t.Errorf("the guest's voice of %g Hz was heard with %.3f", guestTone, a)
	}
}

func TestAGuestThroughTheRelayAlone(t *testing.T) {
	r := newGuestRig(t, "#relay", "")
	r.enter("Grace")
	r.session.Accept(true)
	r.flows()
	var kind string
	r.must(r.visit.Eval(&kind, `(async () => {
  const all = [...(await peer.getStats()).values()];
  const pair = all.find((s) => s.id === all.find((t) => t.type === 'transport').selectedCandidatePairId);
  return all.find((s) => s.id === pair.localCandidateId).candidateType;
})()`))
	if kind != "relay" {
		t.Errorf("the path begins at a candidate of type %q", kind)
	}
	r.session.Hangup()
	r.says("#notice", "Ada has left the call.")
}

func TestAGuestWhoIsDeclined(t *testing.T) {
	r := newGuestRig(t, "", "")
	r.enter("Grace")
	r.session.Decline(wire.RejectDeclined, "Back at six.")
	r.says("#notice", "Back at six.")
	// And again: the link is good for more than one call. This time she is away.
	r.stop()
	r.must(r.visit.Click("#again"))
	r.page("document.querySelector('#self-before').videoWidth > 0")
	r.must(r.visit.Type("#name", "\r"))
	r.says("#notice", "Ada is not there")
}

// The service is out of reach for a moment, then the network is: the session is
// taken up again, and the call gets another path.
func TestAGuestWhoseNetworkFails(t *testing.T) {
	r := newGuestRig(t, "", "")
	r.enter("Grace")
	r.must(r.visit.Eval(nil, "socket.close()"))
	r.page("sockets === 2 && socket.readyState === WebSocket.OPEN")
	r.session.Accept(true)
	r.flows()
	r.must(r.visit.Eval(nil, "socket.close()"))
	r.page("sockets === 3 && socket.readyState === WebSocket.OPEN")

	// A restart is asked for by the page's own means: a path that has failed.
	var before, after string
	const ufrag = `/a=ice-ufrag:(\S+)/.exec(peer.remoteDescription.sdp)[1]`
	r.must(r.visit.Eval(&before, ufrag))
	r.must(r.visit.Eval(nil, `(() => {
  Object.defineProperty(peer, 'connectionState', { get: () => 'failed', configurable: true });
  peer.onsignalingstatechange = () => { delete peer.connectionState; };
  peer.onconnectionstatechange();
})()`))
	r.says("#status", "Reconnecting")
	r.page(fmt.Sprintf("%s !== %q && peer.connectionState === 'connected'", ufrag, before))
	r.must(r.visit.Eval(&after, ufrag))
	if after == before {
		t.Error("the path is the old one")
	}
	r.page("document.querySelector('#status').textContent === ''")
	r.flows()
	r.session.Hangup() // arrives on the third connection
	r.says("#notice", "Ada has left the call.")
}

func TestAGuestWithoutWhatACallNeeds(t *testing.T) {
	const media = "navigator.mediaDevices.getUserMedia = async (want) => { %s };"
	for _, c := range []struct{ name, before, element, says string }{
		{"old browser", "crypto.subtle.generateKey = async () => { throw new DOMException('no', 'NotSupportedError'); };", "#notice", "too old"},
		{"not over https", "Object.defineProperty(window, 'isSecureContext', { value: false });", "#notice", "begins with https"},
		{"no permission", fmt.Sprintf(media, "throw new DOMException('no', 'NotAllowedError')"), "#trouble", "may not use the microphone. Allow it in the address bar, then switch the microphone on. The browser may not use the camera"},
		{"no devices", fmt.Sprintf(media, "throw new DOMException('no', 'NotFoundError')"), "#trouble", "No camera was found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newGuestRig(t, "", c.before)
			r.says(c.element, c.says)
			if c.element == "#notice" {
				return
			}
			// A call is possible all the same.
			r.must(r.visit.Type("#name", "Grace\r"))
			r.rings()
			r.session.Accept(false)
			r.state("connected, and nothing is sent", func(s call.State) bool {
				return s.Phase == call.Connected && !s.Remote.MicOn && !s.Remote.CameraOn
			})
		})
	}
}

// Another picture of the other side, as for a shared screen, and its restart of
// ICE, between the page's own module and a second connection in the browser.
func TestAGuestIsShownASecondPicture(t *testing.T) {
	r := newGuestRig(t, "", "")
	var got struct {
		Tracks     []string
		Answers    int
		Generation int
		Candidates []int
	}
	r.must(r.visit.Eval(&got, `(async () => {
  const { Call } = await import('/guest/call.js');
  const other = new RTCPeerConnection();
  other.createDataChannel('parley', { negotiated: true, id: 0 });
  const got = { tracks: [], answers: 0, candidates: [] };
  let call, offer;
  const apply = [];
  const line = {
    ice: { servers: [] }, online: true,
    request: async (kind, id, body) => { offer = body.offer; return { person: { key: '' } }; },
    send: (kind, id, body) => {
      if (kind === 'candidates') {
        got.candidates.push(body.generation);
        for (const c of body.candidates) apply.push(other.addIceCandidate(c));
      }
      if (kind === 'negotiate') { got.answers++; got.generation = body.generation; apply.push(other.setRemoteDescription(body.description)); }
    },
  };
  const say = (kind, body) => call.hear({ kind, call: call.id, body });
  const state = (want) => new Promise((done) => { waiting = { want, done }; });
  let waiting;
  const on = { state: (s) => { if (s === waiting?.want) waiting.done(); }, ended() {}, track: (t, second) => got.tracks.push(t.kind + (second ? ' second' : '')) };
  call = new Call(line, { audio: null, video: null, relay: false, on });
  let generation = 0;
  other.onicecandidate = (e) => { if (e.candidate) say('candidates', { generation, candidates: [e.candidate.toJSON()] }); };
  await call.invite('code', { audio: true, video: true });
  await other.setRemoteDescription(offer);
  for (const t of other.getTransceivers()) t.direction = 'sendrecv';
  await other.setLocalDescription();
  const up = state('connected');
  say('answer', { answer: other.localDescription.toJSON() });
  await up;
  const canvas = document.createElement('canvas');
  canvas.getContext('2d').fillRect(0, 0, 9, 9);
  other.addTrack(canvas.captureStream().getTracks()[0]);
  await other.setLocalDescription();
  say('negotiate', { description: other.localDescription.toJSON(), generation });
  await call.turn;
  await Promise.all(apply);
  await other.setLocalDescription(await other.createOffer({ iceRestart: true }));
  generation = 1;
  say('negotiate', { description: other.localDescription.toJSON(), generation, restart: true });
  await call.turn;
  await Promise.all(apply);
  const gathered = new Promise((done) => { const look = () => (got.candidates.includes(1) ? done() : setTimeout(look, 20)); look(); });
  await gathered;
  call.hangup();
  other.close();
  return got;
})()`))
	if fmt.Sprint(got.Tracks) != "[audio video video second]" || got.Answers != 2 || got.Generation != 1 {
		t.Errorf("%+v", got)
	}
}

// The page as people see it, into the folder that PARLEY_SHOTS names.
func TestPicturesOfTheGuestPage(t *testing.T) {
	out := os.Getenv("PARLEY_SHOTS")
	if out == "" {
		t.Skip("PARLEY_SHOTS names no folder")
	}
	r := newGuestRig(t, "", "")
	looks := map[string]chrome.Screen{
		"desktop-light": {Width: 1120, Height: 700}, "desktop-dark": {Width: 1120, Height: 700, Dark: true},
		"phone-light": {Width: 390, Height: 844, Phone: true}, "phone-dark": {Width: 390, Height: 844, Phone: true, Dark: true},
	}
	shoot := func(name string) {
		for look, s := range looks {
			r.must(r.visit.Look(s))
			r.must(r.visit.Screenshot(filepath.Join(out, name+"-"+look+".png")))
			var wide bool
			r.must(r.visit.Eval(&wide, "document.documentElement.scrollWidth > innerWidth"))
			if wide {
				t.Errorf("%s, %s: wider than the window", name, look)
			}
		}
		r.must(r.visit.Look(looks["desktop-light"]))
	}
	r.page("document.querySelector('#self-before').videoWidth > 0 && document.querySelector('#camera').options.length > 0")
	shoot("before")
	r.enter("Grace")
	shoot("ringing")
	r.session.Accept(true)
	r.flows()
	shoot("call")
	r.must(r.session.SendChat("Here is what we spoke of: https://example.org/a/rather/long/address/that/has/to/break/somewhere"))
	r.must(r.visit.Click("#chat-open"))
	r.must(r.visit.Type("#text", "Thank you, I am reading it now\r"))
	r.says("#lines .mine", "delivered")
	shoot("chat")
	r.must(r.visit.Click("#chat-close"))
	r.session.Record(filepath.Join(t.TempDir(), "call.webm"), "Ada")
	r.says("#ask", "would like to record")
	shoot("asked")
	r.must(r.visit.Click("#leave"))
	r.says("#notice", "You have left")
	shoot("over")
}
