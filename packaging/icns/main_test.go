package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// spread undoes squeeze, as a reader of the format does.
func spread(t *testing.T, b []byte) []byte {
	t.Helper()
	var out []byte
	for len(b) > 0 {
		n := int(b[0])
		switch {
		case n < 128 && len(b) >= n+2:
			out, b = append(out, b[1:n+2]...), b[n+2:]
		case n >= 128 && len(b) >= 2:
			out, b = append(out, bytes.Repeat(b[1:2], n-125)...), b[2:]
		default:
			t.Fatalf("%x is cut off", b)
		}
	}
	return out
}

func TestSqueeze(t *testing.T) {
	long := bytes.Repeat([]byte{7}, 300)
	for name, c := range map[string]struct{ plain, packed []byte }{
		"nothing":           {nil, nil},
		"one":               {[]byte{9}, []byte{0, 9}},
		"that of the books": {[]byte{1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5}, []byte{2, 1, 2, 2, 0x80, 3, 0x81, 4, 0x82, 5}},
		"a long run":        {long, []byte{255, 7, 255, 7, 165, 7}},
	} {
		if got := squeeze(c.plain); !bytes.Equal(got, c.packed) {
			t.Errorf("%s: %x, want %x", name, got, c.packed)
		}
	}
}

func FuzzSqueeze(f *testing.F) {
	f.Add([]byte("aaabbc"))
	f.Add(bytes.Repeat([]byte("ab"), 200))
	f.Fuzz(func(t *testing.T, plain []byte) {
		if got := spread(t, squeeze(plain)); !bytes.Equal(got, plain) {
			t.Errorf("%x comes back as %x", plain, got)
		}
	})
}

// parse takes a file apart: what is in it by type.
func parse(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	if len(b) < 8 || string(b[:4]) != "icns" || int(binary.BigEndian.Uint32(b[4:])) != len(b) {
		t.Fatalf("the head is %q of %d bytes", b[:min(8, len(b))], len(b))
	}
	out := map[string][]byte{}
	for b = b[8:]; len(b) > 0; {
		n := int(binary.BigEndian.Uint32(b[4:]))
		if n < 8 || n > len(b) {
			t.Fatalf("%q has %d of %d bytes", b[:4], n, len(b))
		}
		out[string(b[:4])], b = b[8:n], b[n:]
	}
	return out
}

func TestFile(t *testing.T) {
	for _, from := range []string{"../../assets/icon.svg", "../../assets/icon.png"} {
		out := filepath.Join(t.TempDir(), "Parley.icns")
		if err := run(from, out); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got := parse(t, b)
		if len(got) != len(elements) {
			t.Errorf("%s: %d pictures, want %d", from, len(got), len(elements))
		}
		for _, e := range elements {
			var img image.Image
			if e.argb {
				data, n := got[e.kind], e.size*e.size
				if string(data[:4]) != "ARGB" {
					t.Fatalf("%s %s begins with %q", from, e.kind, data[:4])
				}
				p := spread(t, data[4:])
				if len(p) != 4*n {
					t.Fatalf("%s %s has %d bytes, want %d", from, e.kind, len(p), 4*n)
				}
				m := image.NewNRGBA(image.Rect(0, 0, e.size, e.size))
				for i := range n {
					copy(m.Pix[4*i:], []byte{p[n+i], p[2*n+i], p[3*n+i], p[i]})
				}
				img = m
			} else if img, err = png.Decode(bytes.NewReader(got[e.kind])); err != nil {
				t.Fatalf("%s %s: %v", from, e.kind, err)
			}
			if img.Bounds().Dx() != e.size || img.Bounds().Dy() != e.size {
				t.Errorf("%s %s is %v, want %d", from, e.kind, img.Bounds(), e.size)
			}
			// The corners are clear, the edge is the teal of the icon, its left half has
			// the white of the bubble.
			at := func(x, y float64) string {
				r, g, b, a := img.At(int(x*float64(e.size)), int(y*float64(e.size))).RGBA()
				switch {
				case a < 0x4000:
					return "clear"
				case r > 0xd000 && g > 0xd000 && b > 0xd000:
					return "white"
				case r < 0x5000 && g > 0x5000 && b > 0x4000:
					return "teal"
				}
				return "other"
			}
			if c, edge, bubble := at(0, 0), at(0.5, 0.14), at(0.3, 0.33); c != "clear" || edge != "teal" || bubble != "white" {
				t.Errorf("%s %s: corner %s, edge %s, bubble %s", from, e.kind, c, edge, bubble)
			}
		}
	}
}

func TestWhatIsNoIcon(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var wide bytes.Buffer
	if err := png.Encode(&wide, image.NewNRGBA(image.Rect(0, 0, 4, 2))); err != nil {
		t.Fatal(err)
	}
	for from, says := range map[string]string{
		write("wide.png", wide.Bytes()): "square", write("no.png", []byte("no")): "png", filepath.Join(dir, "gone.svg"): "no such file",
		write("wide.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 2"/>`)): "not square",
	} {
		if err := run(from, filepath.Join(dir, "out")); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", from, err, says)
		}
	}
	if err := run("x", ""); err == nil || !strings.Contains(err.Error(), "-out") {
		t.Errorf("no -out: %v", err)
	}
}
