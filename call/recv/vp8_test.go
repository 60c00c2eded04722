package recv

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"parley/media"
	"parley/media/codec"
)

// paint draws picture n: a bar whose place tells the number.
func paint(f *media.Frame, n int) {
	for y := range f.Height {
		row := f.Y[y*f.YStride : y*f.YStride+f.Width]
		for x := range row {
			row[x] = byte(60 + x/4 + y/4)
		}
		for x := range 16 {
			row[(n*8+x)%f.Width] = 235
		}
	}
	for i := range f.U {
		f.U[i], f.V[i] = 128, 128
	}
	f.PTS = time.Duration(n) * time.Second / 30
}

// read finds the bar.
func read(f *media.Frame) (n int) {
	best := -1
	row := f.Y[f.Height/2*f.YStride:][:f.Width]
	for at := 0; at < f.Width; at += 8 {
		sum := 0
		for x := range 16 {
			sum += int(row[(at+x)%f.Width])
		}
		if sum > best {
			best, n = sum, at/8
		}
	}
	return n
}

// TestPictureThroughLossyPath sends real VP8 with pion's packetiser over a
// path that loses a tenth, with a sender that answers.
func TestPictureThroughLossyPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		enc, err := codec.NewVideoEncoder(codec.VideoConfig{BitrateKbps: 800, Width: 320, Height: 180, FPS: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer enc.Close()
		rng := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex // guards rng, key and sent
		key := false
		sent := map[uint16]*rtp.Packet{}
		s := newScene(t, func(s *scene, c *VideoConfig) {
			c.Decoder = codec.NewVideoDecoder(nil)
			s.fb.onKey = func() {
				mu.Lock()
				defer mu.Unlock()
				key = true
			}
			s.fb.onNak = func(seq uint16) {
				mu.Lock()
				defer mu.Unlock()
				if p := sent[seq]; p != nil && rng.IntN(10) > 0 {
					time.AfterFunc(30*ms, func() { s.track.rtx <- p })
				}
			}
		})
		s.video.SetRTT(30 * ms)
		payloader := &codecs.VP8Payloader{EnablePictureID: true}
		var seq uint16
		last, shown := -1, 0
		const frames, places = 300, 320 / 8
		for i := range frames {
			f := media.NewFrame(320, 180)
			paint(f, i)
			mu.Lock()
			u, err := enc.Encode(f, key)
			if err != nil {
				t.Fatal(err)
			}
			if key = key && len(u.Data) == 0; len(u.Data) > 0 {
				parts := payloader.Payload(500, u.Data)
				for j, part := range parts {
					p := &rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(i * 3000), SSRC: 7, Marker: j == len(parts)-1}, Payload: part}
					sent[seq] = p
					seq++
					if rng.IntN(10) > 0 {
						s.track.in <- p
					}
				}
			}
			mu.Unlock()
			time.Sleep(time.Second / 30)
			if g, ok := s.slot.Take(); ok {
				n := int(math.Round(float64(g.PTS) * 30 / float64(time.Second)))
				if g.Width != 320 || g.Height != 180 || read(g) != n%places {
					t.Errorf("frame %d of %dx%d shows %d: the picture is damaged", n, g.Width, g.Height, read(g))
				}
				if n <= last {
					t.Errorf("frame %d shown after %d", n, last)
				}
				last = n
				shown++
				g.Release()
			}
		}
		st := s.video.Stats(time.Now())
		t.Logf("%d of %d shown, %d decoded, delay %v, %d NACK, %d PLI, %d freezes", shown, frames, st.FramesDecoded, st.JitterBufferTargetDelay, st.NACKCount, st.PLICount, st.FreezeCount)
		if shown < frames*8/10 || last < frames-15 || st.DecodeErrors != 0 {
			t.Errorf("%d of %d shown, the last %d, %d refused by the decoder", shown, frames, last, st.DecodeErrors)
		}
		s.stop()
	})
}
