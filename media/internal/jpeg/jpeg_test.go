package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"parley/media"
)

func newDecoder(tb testing.TB) *Decoder {
	tb.Helper()
	d, err := NewDecoder()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(d.Close)
	return d
}

// encode makes a picture as a camera would: 4:2:0, full range.
func encode(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, img, &stdjpeg.Options{Quality: 95}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func plain(w, h int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	return img
}

// gradient has something to see in every block.
func gradient(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{byte(x * 3), byte(y * 5), byte(x*y/16 + 40), 255})
		}
	}
	return img
}

// pictures are those of testdata, made by
//
//	ffmpeg -f lavfi -i testsrc2=size=162x122:rate=1 -frames:v 1 -c:v mjpeg -huffman default -pix_fmt yuvj422p -q:v 6 -bitexact 422-162x122.jpg
//
// and some of Go's encoder.
func pictures(tb testing.TB) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{
		"Go 4:2:0":     encode(tb, gradient(96, 64)),
		"Go 4:2:0 odd": encode(tb, gradient(33, 17)),
	}
	grey := image.NewGray(image.Rect(0, 0, 51, 35))
	for i := range grey.Pix {
		grey.Pix[i] = byte(i)
	}
	all["Go grey"] = encode(tb, grey)
	files, err := filepath.Glob("testdata/*.jpg")
	if err != nil || len(files) != 6 {
		tb.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".jpg")] = b
	}
	return all
}

func limited(v, scale int) int { return (v*scale + 127) / 255 }

// compare holds a frame against the picture that Go's decoder makes: each
// sample of a plane against the mean of those that it stands for.
func compare(t *testing.T, f *media.Frame, img image.Image) {
	t.Helper()
	b := img.Bounds()
	if f.Width != b.Dx() || f.Height != b.Dy() {
		t.Fatalf("%dx%d, want %v", f.Width, f.Height, b)
	}
	at := func(x, y int) (int, int, int) {
		x, y = min(x, b.Max.X-1), min(y, b.Max.Y-1)
		if m, ok := img.(*image.YCbCr); ok {
			c := m.YCbCrAt(x, y)
			return int(c.Y), int(c.Cb), int(c.Cr)
		}
		return int(img.(*image.Gray).GrayAt(x, y).Y), 128, 128
	}
	// Within the rounding of two inverse transforms, the mean and the range.
	near := func(a byte, b int) bool { return int(a)-b <= 4 && b-int(a) <= 4 }
	for y := range f.Height {
		for x := range f.Width {
			l, _, _ := at(x, y)
			if got := f.Y[y*f.YStride+x]; !near(got, 16+limited(l, 219)) {
				t.Fatalf("luma at %d,%d is %d, want about %d", x, y, got, 16+limited(l, 219))
			}
		}
	}
	for y := range (f.Height + 1) / 2 {
		for x := range (f.Width + 1) / 2 {
			var u, v int
			for i := range 4 {
				_, cb, cr := at(2*x+i%2, 2*y+i/2)
				u, v = u+cb, v+cr
			}
			u, v = 16+limited(u/4, 224), 16+limited(v/4, 224)
			if gu, gv := f.U[y*f.UVStride+x], f.V[y*f.UVStride+x]; !near(gu, u) || !near(gv, v) {
				t.Fatalf("chroma at %d,%d is %d %d, want about %d %d", x, y, gu, gv, u, v)
			}
		}
	}
}

func TestEveryLayoutHasThePictureOfGosDecoder(t *testing.T) {
	d := newDecoder(t)
	var pool media.FramePool
	for name, data := range pictures(t) {
		t.Run(name, func(t *testing.T) {
			want, err := stdjpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			f, err := d.Decode(data, &pool)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Release()
			compare(t, f, want)
		})
	}
}

func TestAWhiteWallIsWhite(t *testing.T) {
	d := newDecoder(t)
	for _, c := range []struct {
		colour  color.RGBA
		y, u, v byte
	}{
		{color.RGBA{255, 255, 255, 255}, 235, 128, 128},
		{color.RGBA{0, 0, 0, 255}, 16, 128, 128},
		{color.RGBA{255, 0, 0, 255}, 81, 90, 240},
		{color.RGBA{0, 0, 255, 255}, 41, 240, 110},
	} {
		f, err := d.Decode(encode(t, plain(34, 18, c.colour)), &media.FramePool{})
		if err != nil {
			t.Fatal(err)
		}
		near := func(a, b byte) bool { return a-b+2 <= 4 }
		if y, u, v := f.Y[3*f.YStride+7], f.U[5*f.UVStride+7], f.V[5*f.UVStride+7]; !near(y, c.y) || !near(u, c.u) || !near(v, c.v) {
			t.Errorf("%v became %d %d %d, want %d %d %d", c.colour, y, u, v, c.y, c.u, c.v)
		}
	}
}

// without removes the segments of one kind, marker FF kind.
func without(data []byte, kind byte) []byte {
	out := append([]byte(nil), data[:2]...)
	for i := 2; ; {
		n := 2 + int(data[i+2])<<8 + int(data[i+3])
		if data[i+1] == 0xda {
			return append(out, data[i:]...)
		}
		if data[i+1] != kind {
			out = append(out, data[i:i+n]...)
		}
		i += n
	}
}

// What UVC cameras do to JPEG.
func TestCamerasLiberties(t *testing.T) {
	d := newDecoder(t)
	for name, data := range pictures(t) {
		want, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		n := len(data) - 2
		for _, c := range []struct {
			name string
			data []byte
		}{
			{"no Huffman tables", without(data, 0xc4)},
			{"no end marker", data[:n]},
			{"filled up with zeros", append(bytes.Clone(data), make([]byte, 5000)...)},
			{"bytes left over", append(bytes.Clone(data[:n]), 0, 1, 2, 3, 0xff, 0xd9)},
			{"bytes left over, no end marker", append(bytes.Clone(data[:n]), make([]byte, 60)...)},
		} {
			t.Run(name+", "+c.name, func(t *testing.T) {
				f, err := d.Decode(c.data, &media.FramePool{})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, f, want)
			})
		}
	}
}

func TestADamagedPictureIsAnErrorForItself(t *testing.T) {
	d := newDecoder(t)
	var pool media.FramePool
	for name, data := range pictures(t) {
		progressive := bytes.Clone(data)
		progressive[bytes.Index(data, []byte{0xff, 0xc0})+1] = 0xc3 // lossless
		body := bytes.Index(data, []byte{0xff, 0xda}) + 14
		for _, c := range []struct {
			name string
			data []byte
		}{
			{"nothing", nil},
			{"one byte", data[:1]},
			{"no header", data[:20]},
			{"no picture", data[:body]},
			{"half", data[:len(data)/2]},
			{"all but 5 %", data[:len(data)-len(data)/20]},
			{"of a kind that is not video", progressive},
			{"other bytes", bytes.Repeat([]byte{0x55}, 3000)},
			{"a piece lost", slices.Delete(bytes.Clone(data), body+(len(data)-body)/4, body+(len(data)-body)/2)},
			{"much left over", append(bytes.Clone(data[:len(data)-2]), make([]byte, 500)...)},
		} {
			if _, err := d.Decode(c.data, &pool); !errors.Is(err, media.ErrCorrupt) {
				t.Errorf("%s, %s: %v", name, c.name, err)
			}
			f, err := d.Decode(data, &pool)
			if err != nil {
				t.Fatalf("%s, a good picture after %s: %v", name, c.name, err)
			}
			f.Release()
		}
	}
}

// A size that the data cannot fill is not believed: it would cost memory.
func TestAnInventedSize(t *testing.T) {
	data := encode(t, gradient(96, 64))
	at := bytes.Index(data, []byte{0xff, 0xc0}) + 5
	copy(data[at:], []byte{0x3f, 0xff, 0x3f, 0xff})
	d := newDecoder(t)
	var pool media.FramePool
	if _, err := d.Decode(data, &pool); !errors.Is(err, media.ErrCorrupt) {
		t.Error(err)
	}
	if cap(d.planes) != 0 {
		t.Errorf("%d bytes were taken for it", cap(d.planes))
	}
}

func TestClosedDecoder(t *testing.T) {
	d := newDecoder(t)
	d.Close()
	d.Close()
	if _, err := d.Decode(encode(t, gradient(8, 8)), &media.FramePool{}); !errors.Is(err, media.ErrClosed) {
		t.Error(err)
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	d := newDecoder(t)
	var pool media.FramePool
	for name, data := range pictures(t) {
		if n := testing.AllocsPerRun(50, func() {
			f, err := d.Decode(data, &pool)
			if err != nil {
				t.Fatal(err)
			}
			f.Release()
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// guarded is a frame with its planes before the end of a larger piece of
// memory each, to see what is written beyond them.
func guarded(w, h int) (f *media.Frame, broken func() bool) {
	const guard = 4096
	f = media.NewFrame(w, h)
	cw, ch := (w+1)/2, (h+1)/2
	f.YStride, f.UVStride = w, cw
	var all [][]byte
	plane := func(n int) []byte {
		b := bytes.Repeat([]byte{0xa5}, n+guard)
		all = append(all, b[n:])
		return b[:n:n]
	}
	f.Y, f.U, f.V = plane(w*h), plane(cw*ch), plane(cw*ch)
	return f, func() bool {
		for _, b := range all {
			if !bytes.Equal(b, bytes.Repeat([]byte{0xa5}, guard)) {
				return true
			}
		}
		return false
	}
}

func decodeInto(d *Decoder, f *media.Frame, data []byte) error {
	h, err := d.header(data)
	if err != nil {
		return err
	}
	return d.into(f, h.layout)
}

func TestNothingIsWrittenBeyondThePlanes(t *testing.T) {
	d := newDecoder(t)
	for _, s := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {8, 8}, {15, 2}, {16, 16}, {17, 9}, {31, 7}, {33, 33}, {63, 5}, {64, 36}, {127, 11}, {128, 90}, {161, 91}} {
		for kind, img := range map[string]image.Image{"4:2:0": gradient(s[0], s[1]), "grey": image.NewGray(image.Rect(0, 0, s[0], s[1]))} {
			f, broken := guarded(s[0], s[1])
			if err := decodeInto(d, f, encode(t, img)); err != nil {
				t.Errorf("%v, %s: %v", s, kind, err)
			}
			if broken() {
				t.Errorf("%v, %s: more was written", s, kind)
			}
		}
	}
	for name, data := range pictures(t) {
		img, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		f, broken := guarded(img.Bounds().Dx(), img.Bounds().Dy())
		if err := decodeInto(d, f, data); err != nil || broken() {
			t.Errorf("%s: %v, more was written: %v", name, err, broken())
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range pictures(f) {
		f.Add(data)
		f.Add(without(data, 0xc4))
		f.Add(data[:len(data)/2])
	}
	d := newDecoder(f)
	var pool media.FramePool
	good := encode(f, gradient(32, 32))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := d.Decode(data, &pool); err == nil {
			if p.Width < 1 || p.Height < 1 || p.Width*p.Height > maxPixelsPerByte*(len(data)+2) {
				t.Errorf("%dx%d of %d bytes", p.Width, p.Height, len(data))
			}
			p.Release()
		} else if !errors.Is(err, media.ErrCorrupt) {
			t.Error(err)
		}
		p, err := d.Decode(good, &pool)
		if err != nil {
			t.Fatal("a good picture after it: ", err)
		}
		p.Release()
	})
}

func BenchmarkDecode720p(b *testing.B) {
	data := encode(b, gradient(1280, 720))
	b.Run("ours", func(b *testing.B) {
		d := newDecoder(b)
		var pool media.FramePool
		b.ReportAllocs()
		for b.Loop() {
			f, err := d.Decode(data, &pool)
			if err != nil {
				b.Fatal(err)
			}
			f.Release()
		}
	})
	b.Run("image/jpeg", func(b *testing.B) {
		for b.Loop() {
			if _, err := stdjpeg.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
