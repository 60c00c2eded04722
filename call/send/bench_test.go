package send

import (
	"testing"
	"time"

	"parley/media"
	"parley/media/latest"
)

// instant encodes in no time and allocates nothing, sink takes all: what is
// left is what this package costs and allocates, per picture and per block.
type instant struct{ data []byte }

func (e *instant) Encode(f *media.Frame, key bool) (media.Unit, error) {
	return media.Unit{Codec: media.VP8, Data: e.data, PTS: f.PTS, Key: key}, nil
}
func (e *instant) SetTarget(Choice) error { return nil }
func (e *instant) Close() error           { return nil }

type instantOpus struct{ data []byte }

func (e *instantOpus) Encode([]int16) ([]byte, error) { return e.data, nil }
func (e *instantOpus) SetPacketLoss(int) error        { return nil }
func (e *instantOpus) Close() error                   { return nil }

type sink struct{ units int }

func (s *sink) Backlog() time.Duration       { return 0 }
func (s *sink) WriteUnit(u media.Unit) error { s.units++; return nil }

// pictures returns what sends the next picture to two peers.
func pictures(tb testing.TB) func() {
	now := time.Unix(1000, 0)
	v := NewVideo(VideoConfig{
		Source:     latest.New[*media.Frame](),
		NewEncoder: func(Choice) (VideoEncoder, error) { return &instant{make([]byte, 6000)}, nil },
		Now:        func() time.Time { return now },
	})
	s := &sink{}
	v.Attach(s)
	v.Attach(s)
	f := media.NewFrame(1280, 720)
	tb.Cleanup(func() {
		v.closeEncoder()
		if s.units == 0 {
			tb.Error("nothing was sent")
		}
	})
	return func() {
		now = now.Add(time.Second / 30)
		f.PTS += time.Second / 30
		v.picture(f)
	}
}

// blocks returns what sends the next 10 ms to two peers.
func blocks(tb testing.TB) func() {
	a := NewAudio(AudioConfig{NewEncoder: func() (AudioEncoder, error) { return &instantOpus{make([]byte, 80)}, nil }})
	s := &sink{}
	a.Attach(s)
	a.Attach(s)
	p := media.PCM{Samples: make([]int16, media.BlockSamples), Rate: media.SampleRate, Channels: 1}
	tb.Cleanup(func() {
		a.Close()
		if s.units == 0 {
			tb.Error("nothing was sent")
		}
	})
	return func() {
		p.PTS += media.BlockDur
		if err := a.Write(p); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestNothingIsAllocatedPerUnit(t *testing.T) {
	for name, next := range map[string]func(){"picture": pictures(t), "block": blocks(t)} {
		for range 400 { // past the steps up the ladder
			next()
		}
		if n := testing.AllocsPerRun(1000, next); n != 0 {
			t.Errorf("%v allocations per %s", n, name)
		}
	}
}

func BenchmarkPicture(b *testing.B) { run(b, pictures(b)) }
func BenchmarkBlock(b *testing.B)   { run(b, blocks(b)) }

func run(b *testing.B, next func()) {
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
}
