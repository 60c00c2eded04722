package peer

import (
	"context"
	"errors"
	"math"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"parley/call/calltest/chrome"
	"parley/call/recv"
	"parley/media"
	"parley/media/codec"
	"parley/media/device"
	"parley/media/device/virtual"
	"parley/media/latest"
	"parley/media/voice"
	"parley/signaling/wire"
)

// browserEnd is a page that a Peer has a call with; it stands in for the
// signaler. Its candidates and the Peer's are the link's.
type browserEnd struct {
	t    *testing.T
	page *chrome.Page
	link *chrome.Link
	out  chan wire.Candidates
	once sync.Once
}

func (b *browserEnd) Negotiate(wire.Negotiate) error { return nil }

func (b *browserEnd) Candidates(c wire.Candidates) error {
	for _, x := range c.Candidates {
		if line, ok := b.link.Candidate(chrome.A, x.Candidate); ok {
			x.Candidate = line
			b.once.Do(func() { b.out <- wire.Candidates{Candidates: []wire.Candidate{x}} })
		}
	}
	return nil
}

// withBrowser connects a Peer, prepared by change, with Chromium.
func withBrowser(t *testing.T, change func(*Peer)) (*Peer, *browserEnd) {
	t.Helper()
	b, err := chrome.Start(context.Background(), chrome.Options{})
	if errors.Is(err, chrome.ErrAbsent) && os.Getenv("CI") == "" {
		t.Skip("Chromium is not installed: calls with a browser are not tested here (make deps-test installs it)")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	page, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	link, err := chrome.NewLink(chrome.Conditions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = link.Close() })
	end := &browserEnd{t: t, page: page, link: link, out: make(chan wire.Candidates, 1)}
	p, err := New(Config{Signaler: end})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	change(p)

	err = page.Start(chrome.Want{Audio: true, Tone: 660, Video: true, Width: 640, Height: 360, Rate: 30})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	offer, err := p.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.Trickle()
	answer, err := page.Answer(chrome.Description{Type: offer.Type, SDP: offer.SDP})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Answered(ctx, wire.Description{Type: answer.Type, SDP: answer.SDP}); err != nil {
		t.Fatal(err)
	}
	c := <-end.out
	x := c.Candidates[0]
	if err := page.Candidates([]chrome.Candidate{{Candidate: x.Candidate, Mid: x.SDPMid, Line: x.SDPMLineIndex, Ufrag: x.Ufrag}}); err != nil {
		t.Fatal(err)
	}
	for given := false; !given; { // one of Chromium's is enough
		e := <-page.Events()
		if e.What != "candidate" || e.Candidate == nil {
			continue
		}
		line, ok := link.Candidate(chrome.B, e.Candidate.Candidate)
		if !ok {
			continue
		}
		given = true
		p.HandleCandidates(wire.Candidates{Candidates: []wire.Candidate{{
			Candidate: line, SDPMid: e.Candidate.Mid, SDPMLineIndex: e.Candidate.Line, Ufrag: e.Candidate.Ufrag,
		}}})
	}
	await(t, p, "connection with Chromium", func(s State) bool { return s.Conn == ConnConnected })
	return p, end
}

// shifted is a Remote whose numbers and times begin elsewhere: Chromium draws
// its first ones by lot, far from where they wrap.
type shifted struct {
	*Remote
	toSeq uint16 // of the first packet
	toTS  uint32

	mu    sync.Mutex
	seq   uint16 // added
	ts    uint32
	begun bool
	last  uint16
	wraps int // guarded by mu: sequence numbers went through 0
	ends  int // guarded by mu: timestamps did
	lastT uint32
}

func (s *shifted) ReadRTP() (*rtp.Packet, interceptor.Attributes, error) {
	p, a, err := s.Remote.ReadRTP()
	if err != nil {
		return p, a, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		s.begun, s.seq, s.ts = true, s.toSeq-p.SequenceNumber, s.toTS-p.Timestamp
		s.last, s.lastT = s.toSeq, s.toTS
	}
	p.SequenceNumber += s.seq
	p.Timestamp += s.ts
	if p.SequenceNumber < 1000 && s.last > math.MaxUint16-1000 {
		s.wraps++
	}
	if p.Timestamp < 1<<20 && s.lastT > math.MaxUint32-1<<20 {
		s.ends++
	}
	s.last, s.lastT = p.SequenceNumber, p.Timestamp
	return p, a, nil
}

// SendNack asks in Chromium's numbers.
func (s *shifted) SendNack(seqs []uint16) error {
	s.mu.Lock()
	by := s.seq
	s.mu.Unlock()
	theirs := make([]uint16, len(seqs))
	for i, v := range seqs {
		theirs[i] = v - by
	}
	return s.SendNACK(theirs)
}

func (s *shifted) wrapped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wraps > 0 && s.ends > 0
}

// TestNumbersWrapWithABrowser: sequence numbers, timestamps and picture ids go
// through their ends a second or two after the first packet, both ways, on a
// path that loses packets, so that some are asked for across the end.
// An hour of it, in virtual time, is in media/jitter and media/voice.
func TestNumbersWrapWithABrowser(t *testing.T) {
	p, end := withBrowser(t, func(p *Peer) {
		for k, before := range map[Kind]uint32{Video: 90000, Audio: 48000} {
			tr := p.tracks[k]
			tr.seq, tr.picture = math.MaxUint16-30, 0x7fff-20
			tr.past.seq = math.MaxUint16 - 1
			tr.clock.offset = math.MaxUint32 - before
		}
	})
	defer func() { _ = p.Close() }()
	end.link.Set(chrome.Conditions{Loss: 0.02, Delay: 5 * time.Millisecond})
	stop := send(t, p)
	defer stop()

	video := &shifted{Remote: p.RemoteVideo(), toSeq: math.MaxUint16 - 30, toTS: math.MaxUint32 - 90000}
	audio := &shifted{Remote: p.RemoteAudio(), toSeq: math.MaxUint16 - 30, toTS: math.MaxUint32 - 48000}
	picture, sound, closeRecv := receive(t, p, video, audio)
	defer closeRecv()

	inbound := func(kind, name string) float64 {
		s, err := end.page.Stats()
		if err != nil {
			t.Fatal(err)
		}
		return chrome.Number(s.One("inbound-rtp", kind), name)
	}
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		st := picture.Stats(time.Now())
		here := video.wrapped() && audio.wrapped() && st.FramesDecoded > 120
		there := inbound("video", "framesDecoded") > 120
		if here && there {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("here: wrapped %v %v, %+v; Chromium decoded %v", video.wrapped(), audio.wrapped(), st, inbound("video", "framesDecoded"))
		}
	}
	stop()
	sent := p.Stats(time.Now()).OutboundRTP
	// What is lost for good costs a key frame and some pictures, as without a
	// wrap; a stream that begins anew at the wrap would cost more.
	if got, all := inbound("video", "framesDecoded"), float64(sent[Video].FramesSent); got < 0.8*all {
		t.Errorf("Chromium decoded %v of %v pictures", got, all)
	}
	if got, all := inbound("audio", "concealedSamples"), inbound("audio", "totalSamplesReceived"); got > 0.25*all {
		t.Errorf("Chromium made up %v of %v samples", got, all)
	}
	if st := picture.Stats(time.Now()); st.KeyFramesDecoded > 3 || st.TotalFreezesDuration > 2*time.Second {
		t.Errorf("Chromium's picture here: %+v", st)
	}
	if st := sound.Stats(time.Now()); st.ConcealedSamples > st.TotalSamplesReceived/4 {
		t.Errorf("Chromium's sound here: %+v", st)
	}
}

// send sends a test card and a tone until stop is called.
func send(t *testing.T, p *Peer) (stop func()) {
	t.Helper()
	clock := device.NewClock()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	card := virtual.NewCard(virtual.CardConfig{Format: device.VideoFormat{Width: 640, Height: 360, FPS: 30}, Clock: clock})
	tone := virtual.NewTone(440, clock)
	venc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: 640, Height: 360, FPS: 30, BitrateKbps: 500})
	if err != nil {
		t.Fatal(err)
	}
	aenc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() {
		for {
			f, err := card.Next(ctx)
			if err != nil {
				return
			}
			key := false
			select {
			case <-p.KeyRequests():
				key = true
			default:
			}
			if u, err := venc.Encode(f, key); err == nil {
				_ = p.VideoTrack().WriteUnit(u)
			}
			f.Release()
		}
	})
	wg.Go(func() {
		for {
			b, err := tone.Next(ctx)
			if err != nil {
				return
			}
			if u, err := aenc.EncodeBlock(b); err == nil && len(u.Data) > 0 {
				_ = p.AudioTrack().WriteUnit(u)
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		_ = venc.Close()
		_ = aenc.Close()
	})
}

// receive decodes what arrives, as a call does.
func receive(t *testing.T, p *Peer, video, audio *shifted) (*recv.Video, *recv.Audio, func()) {
	t.Helper()
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	slot := latest.New[*media.Frame]()
	v := recv.NewVideo(recv.VideoConfig{
		Reader: video, Decoder: codec.NewVideoDecoder(nil), Sink: slot, Keys: video, Nacks: video,
	})
	a := recv.NewAudio(recv.AudioConfig{Reader: audio, Decoder: dec})
	ctx, cancel := context.WithCancel(context.Background())
	mixer := voice.NewMixer()
	mixer.Add(a.Stream())
	speakers := virtual.NewSpeakers(device.NewClock())
	out, err := speakers.OpenSpeaker(ctx, device.Selector{Choice: device.ByDevice, Value: "null"}, mixer.Pull)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = v.Run(ctx) })
	wg.Go(func() { _ = a.Run(ctx) })
	return v, a, func() {
		cancel()
		_ = out.Close()
		_ = p.Close()
		wg.Wait()
		if f, ok := slot.Take(); ok {
			f.Release()
		}
		_ = dec.Close()
	}
}
