package vpx_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec/codectest"
	"parley/media/internal/vpx"
)

func encoder(tb testing.TB, cfg vpx.Config) *vpx.Encoder {
	tb.Helper()
	e, err := vpx.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { e.Close() })
	return e
}

func decoder(tb testing.TB, pool *media.FramePool) *vpx.Decoder {
	tb.Helper()
	d, err := vpx.NewDecoder(pool)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.Close() })
	return d
}

// frames draws n frames of a clip at fps.
func frames(w, h, fps, n int) []*media.Frame {
	c := codectest.NewClip(w, h)
	out := make([]*media.Frame, n)
	for i := range out {
		out[i] = c.At(time.Duration(i)*time.Second/time.Duration(fps), nil)
	}
	return out
}

// units encodes frames; the data of each is its own.
func units(tb testing.TB, e *vpx.Encoder, fs []*media.Frame) []media.Unit {
	tb.Helper()
	var out []media.Unit
	for _, f := range fs {
		u, err := e.Encode(f, false)
		if err != nil {
			tb.Fatal(err)
		}
		u.Data = slices.Clone(u.Data)
		out = append(out, u)
	}
	return out
}

func TestNothingIsAllocatedPerFrame(t *testing.T) {
	var pool media.FramePool
	e := encoder(t, vpx.Config{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	d := decoder(t, &pool)
	fs := frames(320, 180, 30, 40)
	i := 0
	step := func() {
		f := fs[i%len(fs)]
		f.PTS = time.Duration(i) * time.Second / 30
		i++
		u, err := e.Encode(f, false)
		if err != nil || len(u.Data) == 0 {
			t.Fatal(len(u.Data), err)
		}
		g, err := d.Decode(u)
		if err != nil {
			t.Fatal(err)
		}
		g.Release()
	}
	for range 40 { // the output buffer has grown, the pool has a frame
		step()
	}
	if n := testing.AllocsPerRun(60, step); n != 0 {
		t.Errorf("%v allocations for a frame encoded and decoded", n)
	}
}

func TestEncoderRefusesAnotherSize(t *testing.T) {
	e := encoder(t, vpx.Config{Width: 320, Height: 180, FPS: 30, BitrateKbps: 300})
	if _, err := e.Encode(media.NewFrame(640, 360), false); err == nil {
		t.Error("no error")
	}
}

func TestConfigureKeepsTheOldOneOnError(t *testing.T) {
	good := vpx.Config{Width: 64, Height: 48, FPS: 30, BitrateKbps: 300}
	e := encoder(t, good)
	bad := good
	bad.Width = 0
	if err := e.Configure(bad); err == nil {
		t.Error("no error")
	}
	if e.Config() != good {
		t.Errorf("now %+v", e.Config())
	}
	if u := units(t, e, frames(64, 48, 30, 1))[0]; !u.Key {
		t.Error("no key frame")
	}
}

// A header may promise anything: nothing is allocated for a picture that is
// too large, or for one whose data cannot be there.
func TestDecoderBounds(t *testing.T) {
	e := encoder(t, vpx.Config{Width: 64, Height: 48, FPS: 30, BitrateKbps: 300})
	key := units(t, e, frames(64, 48, 30, 1))[0]
	for name, spoil := range map[string]func([]byte) []byte{
		"16383x16383":     func(b []byte) []byte { b[6], b[7], b[8], b[9] = 0xff, 0x3f, 0xff, 0x3f; return b },
		"0x48":            func(b []byte) []byte { b[6], b[7] = 0, 0; return b },
		"no start code":   func(b []byte) []byte { b[3] = 0; return b },
		"version 7":       func(b []byte) []byte { b[0] |= 0x0e; return b },
		"first partition": func(b []byte) []byte { b[2] = 0xff; return b },
		"header only":     func(b []byte) []byte { return b[:10] },
		"9 bytes":         func(b []byte) []byte { return b[:9] },
		"1 byte":          func(b []byte) []byte { return b[:1] },
		"nothing":         func([]byte) []byte { return nil },
	} {
		d := decoder(t, nil)
		u := key
		u.Data = spoil(slices.Clone(key.Data))
		if f, err := d.Decode(u); !errors.Is(err, media.ErrCorrupt) || f != nil {
			t.Errorf("%s: %v, %v", name, f, err)
		}
		if f, err := d.Decode(key); err != nil || f == nil {
			t.Errorf("%s, then a good one: %v, %v", name, f, err)
		}
	}
}

// mend makes the header of a frame plausible, so that what follows it is
// looked at: start code, a picture of at most 511x511, a first partition that
// is there.
func mend(data []byte) []byte {
	data = slices.Clone(data)
	if len(data) < 3 {
		return data
	}
	data[0] &^= 0x0c // version 0 or 1
	body := len(data) - 3
	if data[0]&1 == 0 && len(data) >= 10 {
		body -= 7
		data[3], data[4], data[5] = 0x9d, 0x01, 0x2a
		data[7], data[9] = data[7]&0xc1, data[9]&0xc1
	}
	if first := int(data[0])>>5 | int(data[1])<<3 | int(data[2])<<11; first > body && body > 0 {
		first %= body + 1
		data[0] = data[0]&0x1f | byte(first<<5)
		data[1], data[2] = byte(first>>3), byte(first>>11)
	}
	return data
}

func FuzzDecode(f *testing.F) {
	for _, s := range [][2]int{{16, 16}, {33, 17}, {64, 48}} {
		e := encoder(f, vpx.Config{Width: s[0], Height: s[1], FPS: 30, BitrateKbps: 100})
		us := units(f, e, frames(s[0], s[1], 30, 3))
		f.Add(us[0].Data, us[1].Data, us[2].Data, true)
		f.Add(us[0].Data, us[2].Data[:len(us[2].Data)/2], us[0].Data, true)
	}
	f.Add([]byte{}, []byte{0}, []byte("\x10\x02\x00\x9d\x01\x2a\x10\x00\x10\x00"), false)
	f.Fuzz(func(t *testing.T, a, b, c []byte, mended bool) {
		var pool media.FramePool
		d, err := vpx.NewDecoder(&pool)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, data := range [][]byte{a, b, c} {
			if mended {
				data = mend(data)
			}
			g, err := d.Decode(media.Unit{Codec: media.VP8, Data: data})
			if err != nil && (g != nil || !errors.Is(err, media.ErrCorrupt)) {
				t.Fatalf("%v, %v", g, err)
			}
			if g != nil {
				if g.Width < 1 || g.Height < 1 || len(g.Y) < g.YStride*g.Height {
					t.Fatalf("picture of %dx%d with %d bytes", g.Width, g.Height, len(g.Y))
				}
				g.Release()
			}
		}
	})
}
