// Command screenshots draws every screen of the program, light and dark, in
// every language, in a small and a large window, into PNG files, and one
// overview picture.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/draw"

	"parley/ui/gallery"
)

type size struct {
	name string
	w, h float32
}

func main() {
	out := flag.String("out", "screenshots", "folder for the pictures")
	only := flag.String("only", "", "draw only scenes whose names begin with one of these, with commas between")
	langs := flag.String("langs", "en,de,fr,es", "languages")
	themes := flag.String("themes", "light,dark", "themes")
	flag.Parse()
	if err := run(*out, *only, strings.Split(*langs, ","), strings.Split(*themes, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(out, only string, langs, themes []string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	studio, err := gallery.NewStudio()
	if err != nil {
		return err
	}
	var thumbs []image.Image
	count := 0
	for _, scene := range gallery.Scenes() {
		if !wanted(scene.Name, only) {
			continue
		}
		sizes := []size{{"large", 1120, 700}, {"small", 480, 360}}
		if scene.Ring {
			sizes = []size{{"window", 440, 260}}
		}
		for _, lang := range langs {
			for _, theme := range themes {
				for _, s := range sizes {
					img := studio.Shoot(scene, gallery.Options{Lang: lang, Dark: theme == "dark", Width: s.w, Height: s.h})
					name := fmt.Sprintf("%s-%s-%s-%s.png", scene.Name, lang, theme, s.name)
					if err := save(filepath.Join(out, name), img); err != nil {
						return err
					}
					count++
					if lang == langs[0] || s.name == "small" && theme == themes[0] {
						thumbs = append(thumbs, img)
					}
				}
			}
		}
	}
	if count == 0 {
		return errors.New("no scene has such a name")
	}
	sheet := filepath.Join(out, "overview.png")
	if err := save(sheet, contact(thumbs)); err != nil {
		return err
	}
	fmt.Printf("%d pictures in %s, all at a glance in %s\n", count, out, sheet)
	return nil
}

func wanted(name, only string) bool {
	if only == "" {
		return true
	}
	for _, o := range strings.Split(only, ",") {
		if strings.HasPrefix(name, o) {
			return true
		}
	}
	return false
}

// contact puts small versions onto one sheet.
func contact(all []image.Image) image.Image {
	const cols, w, h, gap = 8, 280, 175, 10
	rows := (len(all) + cols - 1) / cols
	sheet := image.NewRGBA(image.Rect(0, 0, cols*(w+gap)+gap, rows*(h+gap)+gap))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(color.Gray{Y: 0x70}), image.Point{}, draw.Src)
	for i, img := range all {
		b := img.Bounds()
		scale := min(float64(w)/float64(b.Dx()), float64(h)/float64(b.Dy()))
		tw, th := int(float64(b.Dx())*scale), int(float64(b.Dy())*scale)
		x, y := gap+i%cols*(w+gap)+(w-tw)/2, gap+i/cols*(h+gap)+(h-th)/2
		draw.ApproxBiLinear.Scale(sheet, image.Rect(x, y, x+tw, y+th), img, b, draw.Src, nil)
	}
	return sheet
}

func save(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	err = e.Encode(w, img)
	return errors.Join(err, w.Flush(), f.Close())
}
