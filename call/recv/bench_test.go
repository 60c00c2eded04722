package recv

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/media"
	"parley/media/latest"
)

// still decodes everything to the same picture: what is left is what this
// package and the jitter buffers allocate.
type still struct{ f *media.Frame }

func (d still) Decode(media.Unit) (*media.Frame, error) { return d.f.Retain(), nil }
func (d still) Close() error                            { return nil }

// pictures returns what takes the seven packets of a picture and shows it.
func pictures(tb testing.TB) func() {
	shown := latest.New[*media.Frame]()
	v := NewVideo(VideoConfig{Decoder: still{media.NewFrame(16, 16)}, Sink: shown})
	const n = 7
	var seq uint16
	var ts uint32
	now := time.Now().Add(-time.Hour)
	first := append([]byte{0x90, 0x80, 0x80, 0}, 0, 0, 0, 0x9d, 1, 0x2a, 16, 0, 16, 0)
	part := append([]byte{0x80, 0x80, 0x80, 0}, make([]byte, 1100)...)
	tb.Cleanup(func() {
		if st := v.Stats(now); st.FramesDecoded == 0 || st.FramesDropped > st.FramesDecoded {
			tb.Errorf("%+v", st)
		}
	})
	packets := make([]rtp.Packet, n)
	return func() {
		now = now.Add(time.Second / 30)
		for i := range packets {
			packets[i] = rtp.Packet{Header: rtp.Header{SSRC: 5, SequenceNumber: seq, Timestamp: ts, Marker: i == n-1}, Payload: part}
			if i == 0 {
				packets[i].Payload = first
			}
			v.push(received{packet: &packets[i], at: now})
			seq++
		}
		ts += 3000
		v.work(tb.Context())
		if f, ok := shown.Take(); ok {
			f.Release()
		}
	}
}

// packets returns what takes a packet of sound and plays it.
func packets(testing.TB) func() {
	a := NewAudio(AudioConfig{Decoder: &silentOpus{}, Tap: func(media.Unit) {}})
	p := &rtp.Packet{Header: rtp.Header{SSRC: 6}, Payload: []byte{0x78, 1, 2, 3, 4, 5, 6, 7}}
	now := time.Unix(1000, 0)
	var out [2 * media.BlockSamples]int16
	return func() {
		now = now.Add(20 * time.Millisecond)
		a.push(received{packet: p, at: now})
		a.Stream().Pull(out[:])
		p.SequenceNumber++
		p.Timestamp += 960
	}
}

func TestNothingIsAllocatedPerUnit(t *testing.T) {
	for name, next := range map[string]func(){"picture": pictures(t), "packet of sound": packets(t)} {
		for range 100 {
			next()
		}
		if n := testing.AllocsPerRun(1000, next); n != 0 {
			t.Errorf("%v allocations per %s", n, name)
		}
	}
}

func BenchmarkPicture(b *testing.B) { run(b, pictures(b)) }
func BenchmarkSound(b *testing.B)   { run(b, packets(b)) }

func run(b *testing.B, next func()) {
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}
