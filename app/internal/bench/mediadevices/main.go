// Command mediadevices encodes a clip with mediadevices' VP8 encoder, for the
// bench. It is a module of its own, so that Parley's knows nothing of that
// codec.
//
//	mediadevices rate CLIP.y4m KBPS FPS    in real time, as its clock is the wall clock
//	mediadevices sizes N                   N changes of size
//
// It prints the sizes of the pictures in bytes, or by how much the process
// grew in bytes.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pion/mediadevices/pkg/codec"
	"github.com/pion/mediadevices/pkg/codec/vpx"
	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mediadevices:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 4 && args[0] == "rate":
		kbps, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		fps, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return rate(args[1], kbps, fps)
	case len(args) == 2 && args[0] == "sizes":
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return sizes(n)
	}
	return errors.New("rate CLIP.y4m KBPS FPS, or sizes N")
}

func encoder(r video.Reader, w, h, fps, kbps int) (codec.ReadCloser, error) {
	p, err := vpx.NewVP8Params()
	if err != nil {
		return nil, err
	}
	p.BitRate = kbps * 1000
	p.KeyFrameInterval = 100000
	p.RateControlEndUsage = vpx.RateControlCBR
	return p.BuildVideoEncoder(r, prop.Media{Video: prop.Video{
		Width: w, Height: h, FrameRate: float32(fps), FrameFormat: frame.FormatI420,
	}})
}

// rate encodes a clip of 30 pictures a second at fps.
func rate(path string, kbps, fps int) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(b, []byte("\n"))
	if !ok {
		return errors.New("not a y4m file")
	}
	var w, h int
	for _, f := range strings.Fields(string(head)) {
		switch f[0] {
		case 'W':
			w, _ = strconv.Atoi(f[1:])
		case 'H':
			h, _ = strconv.Atoi(f[1:])
		}
	}
	cw, ch := (w+1)/2, (h+1)/2
	size := w*h + 2*cw*ch
	next := 0
	tick := time.NewTicker(time.Second / time.Duration(fps))
	defer tick.Stop()
	e, err := encoder(video.ReaderFunc(func() (image.Image, func(), error) {
		<-tick.C
		at := next * (6 + size)
		if at+6+size > len(rest) {
			return nil, func() {}, io.EOF
		}
		next += 30 / fps
		p := rest[at+6 : at+6+size]
		return &image.YCbCr{
			Y: p[:w*h], Cb: p[w*h : w*h+cw*ch], Cr: p[w*h+cw*ch:], YStride: w, CStride: cw,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, w, h),
		}, func() {}, nil
	}), w, h, fps, kbps)
	if err != nil {
		return err
	}
	defer e.Close()
	for {
		unit, release, err := e.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Print(len(unit), " ")
		release()
	}
}

func sizes(n int) error {
	i := 0
	pictures := []*image.YCbCr{
		image.NewYCbCr(image.Rect(0, 0, 640, 360), image.YCbCrSubsampleRatio420),
		image.NewYCbCr(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio420),
	}
	e, err := encoder(video.ReaderFunc(func() (image.Image, func(), error) {
		i++
		return pictures[i%2], func() {}, nil
	}), 640, 360, 30, 1000)
	if err != nil {
		return err
	}
	defer e.Close()
	before := 0
	for k := range n + 4 {
		if k == 4 { // both sizes were there
			before = resident()
		}
		if _, release, err := e.Read(); err != nil {
			return err
		} else {
			release()
		}
	}
	fmt.Println(resident() - before)
	return nil
}

func resident() int {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(b))[1])
	return pages * os.Getpagesize()
}
