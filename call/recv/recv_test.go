package recv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"parley/media"
	"parley/media/latest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

// fakeTrack behaves as peer.Remote.
type fakeTrack struct {
	in, rtx chan *rtp.Packet
	fail    chan error
	ended   chan struct{}
	end     func() // as Close of the connection
}

func newTrack() *fakeTrack {
	t := &fakeTrack{
		in: make(chan *rtp.Packet, 4096), rtx: make(chan *rtp.Packet, 4096),
		fail: make(chan error, 1000), ended: make(chan struct{}),
	}
	t.end = sync.OnceFunc(func() { close(t.ended) })
	return t
}

func (t *fakeTrack) ReadRTP() (*rtp.Packet, interceptor.Attributes, error) {
	select {
	case p := <-t.in:
		return p, nil, nil
	case p := <-t.rtx:
		return p, interceptor.Attributes{"rtx_ssrc": uint32(8)}, nil
	case err := <-t.fail:
		return nil, nil, err
	case <-t.ended:
		return nil, nil, io.EOF
	}
}

// fakeFeedback notes what is asked for.
type fakeFeedback struct {
	mu    sync.Mutex
	keys  int
	nacks []uint16
	onKey func()
	onNak func(seq uint16)
}

func (f *fakeFeedback) RequestKey() error {
	f.mu.Lock()
	f.keys++
	f.mu.Unlock()
	if f.onKey != nil {
		f.onKey()
	}
	return nil
}

func (f *fakeFeedback) SendNack(seqs []uint16) error {
	f.mu.Lock()
	f.nacks = append(f.nacks, seqs...)
	f.mu.Unlock()
	if f.onNak != nil {
		for _, s := range seqs {
			f.onNak(s)
		}
	}
	return nil
}

// fakeDecoder gives pictures of the size in the key frame; the PTS of each
// tells which it is.
type fakeDecoder struct {
	pool   media.FramePool
	w, h   int
	bad    func(n int) bool
	seen   []int
	lost   bool
	closed bool
	slow   time.Duration
}

func (d *fakeDecoder) Decode(u media.Unit) (*media.Frame, error) {
	n := int(binary.BigEndian.Uint32(u.Data[10:]))
	time.Sleep(d.slow)
	if d.bad != nil && d.bad(n) {
		d.lost = true
		return nil, media.ErrCorrupt
	}
	if u.Key {
		d.w, d.h, d.lost = int(u.Data[6]), int(u.Data[8]), false
	}
	if d.lost {
		return nil, media.ErrCorrupt
	}
	d.seen = append(d.seen, n)
	return d.pool.Get(d.w, d.h), nil
}

func (d *fakeDecoder) Close() error { d.closed = true; return nil }

// camera sends 30 frames/s of three packets each into a track.
type camera struct {
	seq   uint16
	frame int
	key   bool
	drop  func(seq uint16) bool
	sent  map[uint16]*rtp.Packet
	mu    sync.Mutex
}

func (c *camera) send(t *fakeTrack) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key || c.frame == 0
	c.key = false
	for i := range 3 {
		head := byte(0x80)
		if i == 0 {
			head = 0x90
		}
		b := []byte{head, 0x80, 0x80 | byte(c.frame>>8), byte(c.frame)}
		if i == 0 {
			first := byte(1)
			if key {
				first = 0
			}
			b = append(b, first, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0)
			b = binary.BigEndian.AppendUint32(b, uint32(c.frame))
		} else {
			b = append(b, bytes.Repeat([]byte{byte(i)}, 500)...)
		}
		p := &rtp.Packet{Header: rtp.Header{SequenceNumber: c.seq, Timestamp: uint32(c.frame * 3000), SSRC: 7, Marker: i == 2}, Payload: b}
		if c.sent == nil {
			c.sent = map[uint16]*rtp.Packet{}
		}
		c.sent[c.seq] = p
		if c.drop == nil || !c.drop(c.seq) {
			t.in <- p
		}
		c.seq++
	}
	c.frame++
}

func (c *camera) askKey() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key = true
}

// scene is a Video that runs.
type scene struct {
	track *fakeTrack
	dec   *fakeDecoder
	slot  *latest.Slot[*media.Frame]
	fb    *fakeFeedback
	cam   *camera
	video *Video
	stop  func() error
}

func newScene(t *testing.T, change func(*scene, *VideoConfig)) *scene {
	s := &scene{track: newTrack(), dec: &fakeDecoder{}, slot: latest.New[*media.Frame](), fb: &fakeFeedback{}, cam: &camera{}}
	cfg := VideoConfig{Reader: s.track, Decoder: s.dec, Sink: s.slot, Keys: s.fb, Nacks: s.fb}
	if change != nil {
		change(s, &cfg)
	}
	s.video = NewVideo(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.video.Run(ctx) }()
	s.stop = func() error {
		cancel()
		s.track.end()
		return <-done
	}
	return s
}

// run lets the camera send n frames, and the window take what is shown.
func (s *scene) run(n int) (shown int) {
	for range n {
		s.cam.send(s.track)
		time.Sleep(time.Second / 30)
		if f, ok := s.slot.Take(); ok {
			f.Release()
			shown++
		}
	}
	return shown
}

func TestVideoShowsWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tapped int
		s := newScene(t, func(_ *scene, c *VideoConfig) {
			c.Tap = func(u media.Unit) {
				if len(u.Data) == 14+1000 {
					tapped++
				}
			}
		})
		s.video.SenderReport(uint64(3900000000)<<32, 0)
		shown := s.run(90)
		st := s.video.Stats(time.Now())
		if shown != 90 || tapped != 90 {
			t.Errorf("%d shown, %d tapped of 90", shown, tapped)
		}
		if st.FrameWidth != 64 || st.FrameHeight != 48 || st.KeyFramesDecoded != 1 || st.FramesDecoded != 90 || st.FramesDropped != 0 {
			t.Errorf("stats %+v", st)
		}
		if st.FramesPerSecond < 28 || st.FramesPerSecond > 32 {
			t.Errorf("%.1f frames/s, want 30", st.FramesPerSecond)
		}
		if want := 8 * 30 * 1026.0; st.BitrateBps < 0.93*want || st.BitrateBps > 1.07*want {
			t.Errorf("%.0f bit/s, want about %.0f", st.BitrateBps, want)
		}
		if _, ok := s.video.Age(time.Now()); !ok {
			t.Error("no age in spite of a sender report")
		}
		if s.fb.keys != 0 || len(s.fb.nacks) != 0 || st.FreezeCount != 0 {
			t.Errorf("%d key frames and %v asked for, %d freezes on a clean path", s.fb.keys, s.fb.nacks, st.FreezeCount)
		}
		if err := s.stop(); err != nil || !s.dec.closed {
			t.Errorf("Run: %v; decoder closed: %v", err, s.dec.closed)
		}
	})
}

func TestVideoIsRepairedWithinTheFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, func(s *scene, _ *VideoConfig) {
			s.cam.drop = func(seq uint16) bool { return seq%31 == 10 }
			s.fb.onNak = func(seq uint16) {
				time.AfterFunc(8*ms, func() {
					s.cam.mu.Lock()
					defer s.cam.mu.Unlock()
					s.track.rtx <- s.cam.sent[seq]
				})
			}
		})
		s.video.SetRTT(8 * ms)
		shown := s.run(300)
		time.Sleep(time.Second)
		st := s.video.Stats(time.Now())
		// A lost last packet shows only when the next frame comes, which then
		// overtakes it on the way to the window: a third of the 29 losses.
		if shown < 285 || st.FramesDecoded != 300 || s.fb.keys != 0 {
			t.Errorf("%d shown, %d decoded of 300, %d key frames asked for", shown, st.FramesDecoded, s.fb.keys)
		}
		if st.RetransmittedPacketsReceived < 28 || st.PacketsLost != 0 {
			t.Errorf("%d by RTX, %d lost", st.RetransmittedPacketsReceived, st.PacketsLost)
		}
		if mean := st.JitterBufferDelay / time.Duration(st.JitterBufferEmittedCount); mean > 25*ms {
			t.Errorf("frames spend %v in the buffer", mean)
		}
		s.stop()
	})
}

func TestVideoRecoversByKeyFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, func(s *scene, _ *VideoConfig) {
			s.cam.drop = func(seq uint16) bool { return seq >= 90 && seq < 100 }
			s.fb.onKey = func() { time.AfterFunc(30*ms, s.cam.askKey) }
		})
		s.run(60)
		time.Sleep(200 * ms)
		st := s.video.Stats(time.Now())
		if s.fb.keys != 1 || st.KeyFramesDecoded != 2 {
			t.Errorf("%d key frames asked for, %d decoded", s.fb.keys, st.KeyFramesDecoded)
		}
		if !slices.Contains(s.dec.seen, 59) || slices.Contains(s.dec.seen, 30) {
			t.Errorf("decoded %v", s.dec.seen)
		}
		if st.FreezeCount != 1 || st.TotalFreezesDuration < 150*ms || st.TotalFreezesDuration > 500*ms {
			t.Errorf("%d freezes, %v", st.FreezeCount, st.TotalFreezesDuration)
		}
		s.stop()
	})
}

func TestVideoDecoderThatLosesItsFooting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, func(s *scene, _ *VideoConfig) {
			s.dec.bad = func(n int) bool { return n == 20 }
			s.fb.onKey = s.cam.askKey
		})
		s.run(60)
		st := s.video.Stats(time.Now())
		if st.DecodeErrors != 1 || s.fb.keys != 1 {
			t.Errorf("%d frames refused, %d key frames asked for; want one each", st.DecodeErrors, s.fb.keys)
		}
		if last := s.dec.seen[len(s.dec.seen)-1]; last != 59 {
			t.Errorf("last frame decoded %d, want 59", last)
		}
		s.stop()
	})
}

func TestVideoSlowDecoderAndNoWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, func(s *scene, _ *VideoConfig) { s.dec.slow = 30 * ms })
		for range 90 {
			s.cam.send(s.track)
			time.Sleep(time.Second / 30)
		}
		time.Sleep(time.Second)
		st := s.video.Stats(time.Now())
		if st.FramesDecoded != 90 || st.FramesDropped != 89 || st.FramesShown != 1 {
			t.Errorf("decoded %d, overwritten %d, shown %d", st.FramesDecoded, st.FramesDropped, st.FramesShown)
		}
		s.stop()
	})
}

func TestVideoEnds(t *testing.T) {
	t.Run("with the track", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, nil)
			s.run(3)
			s.track.end()
			synctest.Wait()
			if !s.dec.closed {
				t.Error("Run goes on after the track's end")
			}
			if err := s.stop(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	})
	t.Run("not by malformed packets", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, func(s *scene, _ *VideoConfig) { s.fb.onKey = s.cam.askKey })
			s.run(3)
			for range 50 {
				s.track.fail <- errors.New("rtp: too short")
			}
			for i := range 5 { // parsable as RTP, not as VP8
				s.track.in <- &rtp.Packet{Header: rtp.Header{SequenceNumber: s.cam.seq, Timestamp: uint32(s.cam.frame * 3000), SSRC: 7}, Payload: []byte{0xff, 0xff}[:1+i%2]}
				s.cam.seq++
			}
			shown := s.run(60)
			st := s.video.Stats(time.Now())
			if shown < 50 || st.PacketsMalformed != 55 {
				t.Errorf("%d of 60 shown, %d malformed", shown, st.PacketsMalformed)
			}
			s.stop()
		})
	})
	t.Run("by a reader that always fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, nil)
			for range maxErrors {
				s.track.fail <- errors.New("broken")
			}
			synctest.Wait()
			if err := s.stop(); err == nil {
				t.Error("Run ended without an error")
			}
		})
	})
}

type silentOpus struct{ out [5760]int16 }

func (d *silentOpus) Decode([]byte) ([]int16, error)    { return d.out[:960], nil }
func (d *silentOpus) DecodeFEC([]byte) ([]int16, error) { return d.out[:960], nil }
func (d *silentOpus) Conceal(n int) ([]int16, error)    { return d.out[:n], nil }

func TestAudioAndLipSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, nil)
		track := newTrack()
		var tapped []time.Duration
		audio := NewAudio(AudioConfig{Reader: track, Decoder: &silentOpus{}, Tap: func(u media.Unit) { tapped = append(tapped, u.PTS) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- audio.Run(ctx) }()
		lips := NewLipSync(audio, s.video)
		// The sound was captured 200 ms before the picture that travels with it.
		base := uint64(3900000000) << 32
		s.video.SenderReport(base, 0)
		audio.SenderReport(base-(1<<32)/5, 0)
		skew := func() time.Duration {
			now := time.Now()
			a, ok := audio.Age(now)
			v, ok2 := s.video.Age(now)
			if !ok || !ok2 {
				t.Fatal("age not known")
			}
			return a - v
		}
		var out [480]int16
		sound := 0
		step := func(frames int) {
			for i := range frames * 10 { // each 1/300 s
				if i%10 == 0 {
					s.cam.send(s.track)
				}
				if i%6 == 0 {
					track.in <- &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(sound), Timestamp: uint32(sound * 960), SSRC: 3}, Payload: []byte{31 << 3, 1, 2, 3}}
					sound++
				}
				if i%3 == 1 {
					audio.Stream().Pull(out[:])
				}
				if i%75 == 0 {
					lips.Update(time.Now())
				}
				time.Sleep(time.Second / 300)
			}
		}
		step(29)
		before := skew()
		step(30 * 9)
		after := skew()
		if before < 170*ms || after.Abs() > 60*ms {
			t.Errorf("sound behind picture by %v at first, %v after ten seconds", before, after)
		}
		st := audio.Stats(time.Now())
		if st.PacketsReceived < 490 || st.ConcealedSamples > 960 || st.BitrateBps < 1400 || st.BitrateBps > 1800 {
			t.Errorf("received %d, concealed %d, %.0f bit/s", st.PacketsReceived, st.ConcealedSamples, st.BitrateBps)
		}
		cancel()
		track.end()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if len(tapped) < 490 || tapped[100] != 2*time.Second {
			t.Errorf("%d tapped", len(tapped))
		}
		s.stop()
	})
}
