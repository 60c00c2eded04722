// Command icns makes the icon file of a macOS program from an SVG, or from a
// PNG, which is scaled.
//
//	icns -from assets/icon.svg -out Parley.icns
//
// The file is a container: "icns", its length, and pictures, each with a type
// and a length (big endian, headers included). The two smallest are compressed
// pixels, because macOS takes no PNG of them in a program's bundle; the others
// are PNG.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/draw"
)

// element is a picture of the file.
type element struct {
	kind string
	size int // pixels of a side
	argb bool
}

// elements are all of them: each size for plain and for fine screens, of which
// the latter take the next larger picture under a type of its own.
var elements = []element{
	{"ic04", 16, true}, {"ic11", 32, false}, // 16 points
	{"ic05", 32, true}, {"ic12", 64, false}, // 32
	{"ic07", 128, false}, {"ic13", 256, false}, // 128
	{"ic08", 256, false}, {"ic14", 512, false}, // 256
	{"ic09", 512, false}, {"ic10", 1024, false}, // 512
}

func main() {
	from := flag.String("from", "assets/icon.svg", "SVG or PNG, square")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := run(*from, *out); err != nil {
		fmt.Fprintln(os.Stderr, "icns:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	if out == "" {
		return errors.New("name a file with -out")
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	paint, err := painter(text, strings.HasSuffix(from, ".svg"))
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	b, err := encode(paint)
	if err != nil {
		return err
	}
	return os.WriteFile(out, b, 0o644)
}

// painter returns what draws an icon in a size.
func painter(text []byte, isSVG bool) (func(size int) *image.NRGBA, error) {
	if !isSVG {
		src, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		if b := src.Bounds(); b.Dx() != b.Dy() {
			return nil, fmt.Errorf("it has %d x %d pixels: an icon is square", b.Dx(), b.Dy())
		}
		return func(size int) *image.NRGBA {
			img := image.NewNRGBA(image.Rect(0, 0, size, size))
			draw.CatmullRom.Scale(img, img.Rect, src, src.Bounds(), draw.Src, nil)
			return img
		}, nil
	}
	icon, err := oksvg.ReadIconStream(bytes.NewReader(text), oksvg.StrictErrorMode)
	if err != nil {
		return nil, err
	}
	if icon.ViewBox.W != icon.ViewBox.H || icon.ViewBox.W <= 0 {
		return nil, errors.New("its viewBox is not square")
	}
	return func(size int) *image.NRGBA {
		img := image.NewRGBA(image.Rect(0, 0, size, size))
		icon.SetTarget(0, 0, float64(size), float64(size))
		icon.Draw(rasterx.NewDasher(size, size, rasterx.NewScannerGV(size, size, img, img.Rect)), 1)
		plain := image.NewNRGBA(img.Rect)
		draw.Draw(plain, plain.Rect, img, image.Point{}, draw.Src)
		return plain
	}, nil
}

// encode makes the file.
func encode(paint func(size int) *image.NRGBA) ([]byte, error) {
	var all bytes.Buffer
	for _, e := range elements {
		img := paint(e.size)
		var data []byte
		if e.argb {
			data = argb(img)
		} else {
			var b bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
				return nil, err
			}
			data = b.Bytes()
		}
		all.WriteString(e.kind)
		all.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data)+8)))
		all.Write(data)
	}
	head := binary.BigEndian.AppendUint32([]byte("icns"), uint32(all.Len()+8))
	return append(head, all.Bytes()...), nil
}

// argb is "ARGB" and the four channels one after the other, each compressed.
func argb(img *image.NRGBA) []byte {
	out := []byte("ARGB")
	for _, channel := range []func(c color.NRGBA) byte{
		func(c color.NRGBA) byte { return c.A }, func(c color.NRGBA) byte { return c.R },
		func(c color.NRGBA) byte { return c.G }, func(c color.NRGBA) byte { return c.B },
	} {
		var plane []byte
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				plane = append(plane, channel(img.NRGBAAt(x, y)))
			}
		}
		out = append(out, squeeze(plane)...)
	}
	return out
}

// squeeze compresses by runs: n below 128 is followed by n+1 bytes as they are,
// n from 128 on by one byte that stands n-125 times.
func squeeze(plane []byte) []byte {
	var out, literal []byte
	flush := func() {
		for len(literal) > 0 {
			n := min(len(literal), 128)
			out = append(append(out, byte(n-1)), literal[:n]...)
			literal = literal[n:]
		}
	}
	for len(plane) > 0 {
		n := 1
		for n < len(plane) && n < 130 && plane[n] == plane[0] {
			n++
		}
		if n >= 3 {
			flush()
			out = append(out, byte(n+125), plane[0])
		} else {
			literal = append(literal, plane[:n]...)
		}
		plane = plane[n:]
	}
	flush()
	return out
}
