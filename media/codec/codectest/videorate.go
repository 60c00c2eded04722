package codectest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// send encodes seconds of the clip from start on at fps and returns the bits.
func (v video) send(t *testing.T, e *codec.VideoEncoder, fps int, start, seconds time.Duration, pool *media.FramePool) (bits int) {
	t.Helper()
	for i := range int(seconds.Seconds() * float64(fps)) {
		f := v.clip.At(start+time.Duration(i)*time.Second/time.Duration(fps), pool)
		u, err := e.Encode(f, false)
		if err != nil {
			t.Fatal(err)
		}
		bits += 8 * len(u.Data)
		f.Release()
	}
	return bits
}

func offBy(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if r := got/want - 1; r < -tolerance || r > tolerance {
		t.Errorf("%s: %.0f kbit/s, %+.1f %% off %.0f", what, got/1000, 100*r, want/1000)
	}
}

// rate: the bitrate is what was asked for at every frame rate, also when the
// source is slower than announced (a camera in the dark).
func (v video) rate(t *testing.T) {
	var pool media.FramePool
	for _, c := range []struct{ announced, fps int }{{10, 10}, {15, 15}, {30, 30}, {30, 10}, {30, 15}} {
		e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: c.announced, BitrateKbps: 200})
		v.send(t, e, c.fps, 0, time.Second, &pool) // the start is deliberately soft
		bits := v.send(t, e, c.fps, time.Second, 9*time.Second, &pool)
		offBy(t, fmt.Sprintf("%d frames/s announced, %d sent", c.announced, c.fps), float64(bits)/9, 200_000, 0.05)
	}
}

// unevenRate: the bitrate holds when one picture of five is left out, as by a
// machine that is short of time. (libvpx takes a frame rate from two pictures
// after each gap, unless their times meet: a half more was sent, measured.)
func (v video) unevenRate(t *testing.T) {
	var pool media.FramePool
	rng := rand.New(rand.NewPCG(1, 1))
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 200})
	bits := 0
	for i := range 300 {
		if rng.Float64() < 0.2 {
			continue
		}
		at := time.Duration(i) * time.Second / 30
		f := v.clip.At(at, &pool)
		u, err := e.Encode(f, false)
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
		if at >= time.Second {
			bits += 8 * len(u.Data)
		}
	}
	offBy(t, "one picture of five left out", float64(bits)/9, 200_000, 0.05)
}

// rateChange: a new bitrate holds without a key frame.
func (v video) rateChange(t *testing.T) {
	var pool media.FramePool
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 15, BitrateKbps: 300})
	v.send(t, e, 15, 0, 3*time.Second, &pool)
	for i, kbps := range []int{100, 400} {
		if err := e.SetTarget(codec.Target{BitrateBps: kbps * 1000, Width: 320, Height: 180, FPS: 15}); err != nil {
			t.Fatal(err)
		}
		at := time.Duration(3+6*i) * time.Second
		v.send(t, e, 15, at, 2*time.Second, &pool)
		bits := v.send(t, e, 15, at+2*time.Second, 4*time.Second, &pool)
		offBy(t, fmt.Sprintf("changed to %d kbit/s", kbps), float64(bits)/4, float64(kbps*1000), 0.08)
	}
}

// frameRate: frames above the target's rate are left out evenly.
func (v video) frameRate(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 160, Height: 90, FPS: 30, BitrateKbps: 300})
	for i, fps := range []int{30, 20, 15, 10, 25} {
		if err := e.SetTarget(codec.Target{BitrateBps: 300_000, Width: 160, Height: 90, FPS: fps}); err != nil {
			t.Fatal(err)
		}
		sent, run, longest := 0, 0, 0
		for k := range 60 {
			u := encode(t, e, v.clip, time.Duration(60*i+k)*time.Second/30, false)
			if len(u.Data) > 0 {
				sent++
				run = 0
				continue
			}
			run++
			longest = max(longest, run)
		}
		if sent < 2*fps-2 || sent > 2*fps+2 {
			t.Errorf("target %d: %d frames in 2 s", fps, sent)
		}
		if longest > 30/fps {
			t.Errorf("target %d: %d frames in a row left out", fps, longest)
		}
	}
}

// drop: what does not fit is left out without an error, and what follows can
// be decoded.
func (v video) drop(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 10})
	d := v.decoder(t)
	dropped := 0
	for i := range 60 {
		u := encode(t, e, v.clip, time.Duration(i)*time.Second/30, false)
		if len(u.Data) == 0 {
			dropped++
			continue
		}
		g, err := d.Decode(u)
		if err != nil {
			t.Fatalf("after %d dropped: %v", dropped, err)
		}
		g.Release()
	}
	if dropped == 0 {
		t.Error("10 kbit/s held 60 frames of 320x180")
	}
}

func (v video) keyOnRequest(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	for i := range 200 {
		want := i == 0 || i == 77 || i == 78 || i == 150
		pts := time.Duration(i) * time.Second / 30
		if i >= 100 {
			pts += 40 * time.Second // a cut: still no key frame that nobody asked for
		}
		if u := encode(t, e, v.clip, pts, want); u.Key != want && len(u.Data) > 0 || want && len(u.Data) == 0 {
			t.Errorf("frame %d: key %v (%d bytes), want %v", i, u.Key, len(u.Data), want)
		}
	}
}

// keySurvives: a request is fulfilled even if it falls on a frame that would
// be left out.
func (v video) keySurvives(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 10, BitrateKbps: 10})
	for i := range 40 {
		encode(t, e, v.clip, time.Duration(i)*time.Second/30, false)
	}
	for i := range 30 {
		if u := encode(t, e, v.clip, time.Duration(40+i)*time.Second/30, i == 0); u.Key {
			return
		}
	}
	t.Error("no key frame within a second of the request")
}
