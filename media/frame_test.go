package media

import "testing"

func TestFrameLayoutOddSize(t *testing.T) {
	f := NewFrame(33, 17)
	if len(f.Y) != f.YStride*17 || len(f.U) != f.UVStride*9 || len(f.V) != len(f.U) {
		t.Fatalf("planes %d %d %d for strides %d %d", len(f.Y), len(f.U), len(f.V), f.YStride, f.UVStride)
	}
	if f.YStride < 33 || f.UVStride < 17 {
		t.Fatalf("strides %d, %d are shorter than the rows", f.YStride, f.UVStride)
	}
}

func TestFramePoolReusesOnlyAfterLastRelease(t *testing.T) {
	var p FramePool
	f := p.Get(64, 48)
	f.Retain()
	f.Release()
	if g := p.Get(64, 48); g == f {
		t.Fatal("the pool handed out a frame that somebody still holds")
	}
	f.Release()
	if g := p.Get(32, 16); g != f {
		t.Fatal("the pool did not reuse a released frame")
	} else if g.Width != 32 || g.Height != 16 {
		t.Fatalf("reused frame is %dx%d, want 32x16", g.Width, g.Height)
	}
}

func TestFrameReleasedTwicePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("a second Release went unnoticed")
		}
	}()
	f := NewFrame(2, 2)
	f.Release()
	f.Release()
}

func TestCloneCopiesPixels(t *testing.T) {
	f := NewFrame(5, 3)
	for i := range f.Y {
		f.Y[i] = byte(i)
	}
	for i := range f.U {
		f.U[i], f.V[i] = 100, 200
	}
	g := f.Clone(nil)
	if g.Y[2*g.YStride+4] != f.Y[2*f.YStride+4] || g.U[0] != 100 || g.V[g.UVStride+2] != 200 {
		t.Fatal("clone differs")
	}
}
