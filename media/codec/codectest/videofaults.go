package codectest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// clock: time stamps that repeat, go back or jump are no error.
func (v video) clock(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 160, Height: 90, FPS: 30, BitrateKbps: 200})
	d := v.decoder(t)
	bits := 0
	for _, ms := range []int{0, 33, 33, 10, -5, 60, 100, 3600_000, 3600_033, 3600_033, 50, 83} {
		u := encode(t, e, v.clip, time.Duration(ms)*time.Millisecond, false)
		bits += 8 * len(u.Data)
		if len(u.Data) == 0 {
			continue
		}
		if g, err := d.Decode(u); err != nil {
			t.Fatalf("at %d ms: %v", ms, err)
		} else {
			g.Release()
		}
	}
	if bits > 300_000 {
		t.Errorf("%d bits: the pause of an hour was paid out", bits)
	}
}

func (v video) screen(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 10, BitrateKbps: 400, Screen: true})
	d := v.decoder(t)
	f := v.clip.At(0, nil)
	var got float64
	for i := range 20 { // a still page gets sharp
		f.PTS = time.Duration(i) * time.Second / 10
		u, err := e.Encode(f, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(u.Data) == 0 {
			continue
		}
		g, err := d.Decode(u)
		if err != nil {
			t.Fatal(err)
		}
		got = PSNR(f, g)
		g.Release()
	}
	if got < 36 {
		t.Errorf("a still screen reached %.1f dB", got)
	}
}

// corrupt: damaged units give media.ErrCorrupt or a picture, never a crash,
// and the next key frame mends the picture.
func (v video) corrupt(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	var units []media.Unit
	for i := range 8 {
		units = append(units, encode(t, e, v.clip, time.Duration(i)*time.Second/30, false))
	}
	key := encode(t, e, v.clip, time.Second, true)
	r := rand.New(rand.NewPCG(3, 4))
	d := v.decoder(t)
	for round := range 60 {
		for _, u := range units {
			bad := u
			bad.Data = slices.Clone(u.Data)
			switch round % 4 {
			case 0:
				bad.Data = bad.Data[:r.IntN(len(bad.Data))]
			case 1:
				for range 1 + r.IntN(20) {
					bad.Data[r.IntN(len(bad.Data))] ^= byte(1 << r.IntN(8))
				}
			case 2:
				bad.Data[r.IntN(min(20, len(bad.Data)))] = byte(r.Uint32())
			case 3:
				for i := range bad.Data {
					bad.Data[i] = byte(r.Uint32())
				}
			}
			g, err := d.Decode(bad)
			if err != nil && !errors.Is(err, media.ErrCorrupt) {
				t.Fatalf("round %d: %v", round, err)
			}
			if err != nil && g != nil {
				t.Fatalf("round %d: a picture and an error", round)
			}
			if g != nil {
				g.Release()
			}
		}
		g, err := d.Decode(key)
		if err != nil || g == nil {
			t.Fatalf("round %d: the key frame after it: %v, %v", round, g, err)
		}
		if p := PSNR(g, v.clip.At(time.Second, nil)); p < 25 {
			t.Fatalf("round %d: the key frame after it: PSNR %.1f dB", round, p)
		}
		g.Release()
	}
}

// lost: what is predicted from a frame that could not be decoded is not shown.
func (v video) lost(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	d := v.decoder(t)
	first := encode(t, e, v.clip, 0, false)
	second := encode(t, e, v.clip, time.Second/30, false)
	if _, err := d.Decode(second); !errors.Is(err, media.ErrCorrupt) {
		t.Errorf("a stream that starts in the middle: %v", err)
	}
	if _, err := d.Decode(first); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Decode(media.Unit{Codec: v.kind.Codec}); !errors.Is(err, media.ErrCorrupt) {
		t.Errorf("an empty unit: %v", err)
	}
	if _, err := d.Decode(second); !errors.Is(err, media.ErrCorrupt) {
		t.Errorf("a frame after a lost one: %v", err)
	}
	if g, err := d.Decode(encode(t, e, v.clip, 2*time.Second/30, true)); err != nil || g == nil {
		t.Errorf("the key frame: %v, %v", g, err)
	}
}

func (v video) badUse(t *testing.T) {
	good := codec.VideoConfig{Codec: v.kind.Codec, Width: 320, Height: 180, FPS: 30, BitrateKbps: 300}
	for name, spoil := range map[string]func(*codec.VideoConfig){
		"no width":       func(c *codec.VideoConfig) { c.Width = 0 },
		"negative":       func(c *codec.VideoConfig) { c.Height = -1 },
		"too high":       func(c *codec.VideoConfig) { c.Height = 20000 },
		"no frame rate":  func(c *codec.VideoConfig) { c.FPS = 0 },
		"no bitrate":     func(c *codec.VideoConfig) { c.BitrateKbps = 0 },
		"another medium": func(c *codec.VideoConfig) { c.Codec = media.Opus },
	} {
		c := good
		spoil(&c)
		if e, err := codec.NewVideoEncoder(c); err == nil {
			e.Close()
			t.Errorf("%s: no error", name)
		}
	}
	e := v.encoder(t, good)
	if err := e.SetTarget(codec.Target{BitrateBps: 0, Width: 320, Height: 180, FPS: 30}); err == nil {
		t.Error("a target of 0 bit/s: no error")
	}
	if _, err := e.Encode(nil, false); err == nil {
		t.Error("no frame: no error")
	}
	short := media.NewFrame(320, 180)
	short.V = short.V[:10]
	if _, err := e.Encode(short, false); err == nil {
		t.Error("a plane too short: no error")
	}
	if u := encode(t, e, v.clip, 0, false); len(u.Data) == 0 || !u.Key {
		t.Error("after the errors: no key frame")
	}
}

func (v video) close(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	d := v.decoder(t)
	f := v.clip.At(0, nil)
	u := encode(t, e, v.clip, 0, false)
	g, err := d.Decode(u)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 2 { // while calls are under way
		wg.Go(func() {
			for {
				if _, err := e.Encode(f, false); err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			for {
				h, err := d.Decode(u)
				if err != nil {
					return
				}
				h.Release()
			}
		})
	}
	for range 2 {
		if err := errors.Join(e.Close(), d.Close()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if _, err := e.Encode(f, false); !errors.Is(err, media.ErrClosed) {
		t.Errorf("encode after close: %v", err)
	}
	if err := e.SetTarget(codec.Target{BitrateBps: 1e5, Width: 320, Height: 180, FPS: 30}); !errors.Is(err, media.ErrClosed) {
		t.Errorf("set target after close: %v", err)
	}
	if _, err := d.Decode(u); !errors.Is(err, media.ErrClosed) {
		t.Errorf("decode after close: %v", err)
	}
	if PSNR(f, g) < 25 {
		t.Error("the picture went with the decoder")
	}
	g.Release()
}
