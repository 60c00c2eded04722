package codectest

import (
	"slices"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// Video runs the suite for one video codec of the table.
func Video(t *testing.T, kind codec.VideoKind) {
	v := video{kind: kind, clip: NewClip(320, 180)}
	t.Run("round trip", v.roundTrip)
	t.Run("any size", v.anySize)
	t.Run("target size", v.targetSize)
	t.Run("size change", v.sizeChange)
	t.Run("rate", v.rate)
	t.Run("uneven rate", v.unevenRate)
	t.Run("rate change", v.rateChange)
	t.Run("frame rate", v.frameRate)
	t.Run("drop", v.drop)
	t.Run("key on request", v.keyOnRequest)
	t.Run("key survives being left out", v.keySurvives)
	t.Run("clock", v.clock)
	t.Run("screen", v.screen)
	t.Run("corrupt", v.corrupt)
	t.Run("lost frame", v.lost)
	t.Run("bad use", v.badUse)
	t.Run("close", v.close)
}

type video struct {
	kind codec.VideoKind
	clip *Clip
}

func (v video) encoder(t *testing.T, cfg codec.VideoConfig) *codec.VideoEncoder {
	t.Helper()
	cfg.Codec = v.kind.Codec
	e, err := codec.NewVideoEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (v video) decoder(t *testing.T) *codec.VideoDecoder {
	d := codec.NewVideoDecoder(nil)
	t.Cleanup(func() { d.Close() })
	return d
}

// encode encodes the clip at time pts; the unit's data is its own.
func encode(t *testing.T, e *codec.VideoEncoder, c *Clip, pts time.Duration, key bool) media.Unit {
	t.Helper()
	f := c.At(pts, nil)
	defer f.Release()
	u, err := e.Encode(f, key)
	if err != nil {
		t.Fatalf("encode at %v: %v", pts, err)
	}
	u.Data = slices.Clone(u.Data)
	return u
}

func (v video) roundTrip(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 500})
	d := v.decoder(t)
	wall := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range 30 {
		f := v.clip.At(time.Duration(i)*time.Second/30, nil)
		f.NTP = wall.Add(f.PTS)
		u, err := e.Encode(f, false)
		if err != nil {
			t.Fatal(err)
		}
		if u.Codec != v.kind.Codec || u.PTS != f.PTS || !u.NTP.Equal(f.NTP) || u.Dur != time.Second/30 || u.Key != (i == 0) {
			t.Fatalf("frame %d: unit %v, pts %v, ntp %v, dur %v, key %v", i, u.Codec, u.PTS, u.NTP, u.Dur, u.Key)
		}
		g, err := d.Decode(u)
		if err != nil || g == nil {
			t.Fatalf("frame %d: decoded %v, %v", i, g, err)
		}
		if g.PTS != f.PTS || !g.NTP.Equal(f.NTP) {
			t.Fatalf("frame %d: times %v, %v came out as %v, %v", i, f.PTS, f.NTP, g.PTS, g.NTP)
		}
		if p := PSNR(f, g); p < 27 || i >= 10 && p < 33 {
			t.Errorf("frame %d: PSNR %.1f dB", i, p)
		}
		g.Release()
	}
}

// anySize: odd and tiny pictures are encoded as they are.
func (v video) anySize(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 1280, Height: 720, FPS: 30, BitrateKbps: 300})
	d := v.decoder(t)
	for i, s := range [][2]int{{1, 1}, {2, 2}, {1, 9}, {15, 17}, {33, 16}, {161, 91}, {319, 241}, {91, 161}} {
		c := NewClip(s[0], s[1])
		for k := range 3 {
			u := encode(t, e, c, time.Duration(3*i+k)*time.Second/30, false)
			if u.Key != (k == 0) {
				t.Errorf("%v, frame %d: key %v", s, k, u.Key)
			}
			g, err := d.Decode(u)
			if err != nil || g == nil {
				t.Fatalf("%v: decoded %v, %v", s, g, err)
			}
			if g.Width != s[0] || g.Height != s[1] {
				t.Errorf("%v came out as %dx%d", s, g.Width, g.Height)
			}
			g.Release()
		}
	}
}

// targetSize: a picture is scaled into the target's box without changing its
// shape, and never enlarged.
func (v video) targetSize(t *testing.T) {
	for _, c := range []struct{ w, h, boxW, boxH, wantW, wantH int }{
		{640, 360, 320, 180, 320, 180},
		{640, 360, 1280, 720, 640, 360},
		{640, 480, 640, 360, 480, 360},
		{360, 640, 640, 360, 360, 640}, // a telephone held upright
		{360, 640, 320, 180, 180, 320},
		{641, 361, 320, 180, 320, 180},
		{655, 361, 320, 180, 320, 176},
		{1000, 10, 100, 100, 100, 2},
	} {
		e := v.encoder(t, codec.VideoConfig{Width: c.boxW, Height: c.boxH, FPS: 30, BitrateKbps: 1000})
		clip := NewClip(c.w, c.h)
		f := clip.At(0, nil)
		u, err := e.Encode(f, false)
		if err != nil {
			t.Fatal(err)
		}
		g, err := v.decoder(t).Decode(u)
		if err != nil || g == nil {
			t.Fatalf("%dx%d in %dx%d: %v, %v", c.w, c.h, c.boxW, c.boxH, g, err)
		}
		if g.Width != c.wantW || g.Height != c.wantH {
			t.Errorf("%dx%d in %dx%d came out as %dx%d, want %dx%d", c.w, c.h, c.boxW, c.boxH, g.Width, g.Height, c.wantW, c.wantH)
		}
	}
}

// sizeChange: the ladder goes down and up in mid-stream.
func (v video) sizeChange(t *testing.T) {
	e := v.encoder(t, codec.VideoConfig{Width: 320, Height: 180, FPS: 30, BitrateKbps: 400})
	d := v.decoder(t)
	i := 0
	for _, s := range [][2]int{{320, 180}, {160, 90}, {240, 136}, {320, 180}} {
		if err := e.SetTarget(codec.Target{BitrateBps: 400_000, Width: s[0], Height: s[1], FPS: 30}); err != nil {
			t.Fatal(err)
		}
		for k := range 5 {
			u := encode(t, e, v.clip, time.Duration(i)*time.Second/30, false)
			i++
			if u.Key != (k == 0) {
				t.Errorf("%v, frame %d: key %v", s, k, u.Key)
			}
			g, err := d.Decode(u)
			if err != nil || g == nil {
				t.Fatalf("%v: decoded %v, %v", s, g, err)
			}
			if g.Width != s[0] && g.Height != s[1] {
				t.Errorf("target %v came out as %dx%d", s, g.Width, g.Height)
			}
			g.Release()
		}
	}
}
