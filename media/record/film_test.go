package record

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// t0 is when the recordings of these tests begin.
var t0 = time.Date(2026, 5, 14, 10, 42, 30, 0, time.UTC)

// film drives a Recorder in made-up time, with real encoders for both sides.
type film struct {
	t    *testing.T
	r    *Recorder
	path string
	now  time.Duration
	pic  [sides]*codec.VideoEncoder
	snd  [sides]*codec.AudioEncoder
	keys [sides]int // how often one was asked for
	due  [sides]bool
	size [sides][2]int
	// What both sides see and say at a time; sound nil: nothing is sent.
	luma  func(Side, time.Duration) byte
	sound func(Side, time.Duration) bool
	mute  func(Side, time.Duration) bool
	dark  func(Side, time.Duration) bool
	// behind is how long what they send takes to get here.
	behind time.Duration
}

func newDecoder() (Decoder, error) { return codec.NewAudioDecoder(1) }

func newEncoder() (Encoder, error) { return codec.NewAudioEncoder(codec.DefaultAudio()) }

func never(Side, time.Duration) bool { return false }

func newFilm(t *testing.T) *film {
	t.Helper()
	f := &film{
		t: t, path: filepath.Join(t.TempDir(), "call.webm"), mute: never, dark: never,
		luma:  func(Side, time.Duration) byte { return 100 },
		sound: func(Side, time.Duration) bool { return true },
		size:  [sides][2]int{{320, 180}, {320, 180}},
	}
	file, err := os.Create(f.path)
	if err != nil {
		t.Fatal(err)
	}
	f.r, err = newRecorder(Config{
		Path: f.path, Theirs: "Ben", Mine: "Ada", Both: "Ben, Ada", NewDecoder: newDecoder, NewEncoder: newEncoder,
		WantKey: func(s Side) { f.keys[s]++; f.due[s] = true },
	}, file, t0)
	if err != nil {
		t.Fatal(err)
	}
	for s := range sides {
		if f.snd[s], err = codec.NewAudioEncoder(codec.DefaultAudio()); err != nil {
			t.Fatal(err)
		}
		if f.pic[s], err = codec.NewVideoEncoder(codec.VideoConfig{Width: 1280, Height: 1280, FPS: 50, BitrateKbps: 4000}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.snd[s].Close(); f.pic[s].Close() })
	}
	return f
}

// run lets the call go on for d.
func (f *film) run(d time.Duration) {
	f.t.Helper()
	for end := f.now + d; f.now < end; f.now += 10 * time.Millisecond {
		for s := range sides {
			f.moment(s)
		}
		if f.now%writeEvery == 0 {
			if err := f.r.write(f.now, false); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// skew is how their clock differs from ours, and capture ours from the time.
const skew, capture = 3 * time.Hour, 17 * time.Minute

// moment is 10 ms of one side: sound is captured for 20 ms, then sent; every
// second is a picture.
func (f *film) moment(s Side) {
	send := func(u media.Unit, at time.Duration) {
		if s == Theirs {
			u.NTP, u.PTS = t0.Add(u.PTS+skew), u.PTS+time.Hour
			at += f.behind
		} else {
			u.PTS += capture
		}
		f.r.put(s, u, t0.Add(at))
	}
	if f.now%(20*time.Millisecond) == 0 && !f.mute(s, f.now) {
		var pcm [960]int16
		for i := range pcm {
			at := f.now + time.Duration(i)*time.Second/media.SampleRate
			if f.sound(s, at) {
				pcm[i] = int16(12000 * math.Sin(2*math.Pi*tones[s]*at.Seconds()))
			}
		}
		data, err := f.snd[s].Encode(pcm[:])
		if err != nil {
			f.t.Fatal(err)
		}
		if len(data) > 0 {
			send(media.Unit{Codec: media.Opus, Data: data, PTS: f.now, Key: true}, f.now+20*time.Millisecond)
		}
	}
	if f.now%(20*time.Millisecond) == 0 && !f.dark(s, f.now) {
		p := media.NewFrame(f.size[s][0], f.size[s][1])
		for i := range p.Y {
			p.Y[i] = f.luma(s, f.now)
		}
		for i := range p.U {
			p.U[i], p.V[i] = 128, 128
		}
		p.PTS = f.now
		u, err := f.pic[s].Encode(p, f.due[s])
		if err != nil {
			f.t.Fatal(err)
		}
		if len(u.Data) > 0 {
			f.due[s] = false
			send(u, f.now+5*time.Millisecond)
		}
	}
}

var tones = [sides]float64{Theirs: 440, Mine: 880}

func (f *film) end() Result {
	f.t.Helper()
	f.r.finish(f.r.write(f.now, true))
	res := f.r.Result()
	if res.Err != nil {
		f.t.Fatal(res.Err)
	}
	return res
}
