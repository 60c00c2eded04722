package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"os/exec"
	"runtime"
	"slices"
	"time"

	"parley/media"
	"parley/media/picture"
)

// cameraRows compares the decoding of a camera's 720p motion JPEG with Go's
// decoder, which is what mediadevices has: the median processor time of 150
// pictures, each decoded by both, one after the other. Ours is a frame that can be encoded;
// Go's picture would still have to be brought to limited range and to 4:2:0.
func cameraRows(ctx context.Context) ([]row, error) {
	path, err := clip(ctx, 1280, 720, 30)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range []struct{ format, name string }{{"yuvj422p", "4:2:2"}, {"yuvj420p", "4:2:0"}} {
		pictures, err := motionJPEG(ctx, path, c.format)
		if err != nil {
			return nil, err
		}
		ours, theirs, err := decodeBoth(pictures)
		if err != nil {
			return nil, err
		}
		rows = append(rows, against("720p MJPEG "+c.name+", CPU per picture; theirs Go's decoder", "ms", ours, theirs, 0.25))
	}
	return rows, nil
}

// motionJPEG is a clip as a USB camera sends it, about 100 kB a picture.
func motionJPEG(ctx context.Context, path, format string) ([][]byte, error) {
	out, err := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-i", path, "-frames:v", "150", "-c:v", "mjpeg", "-huffman", "default",
		"-pix_fmt", format, "-q:v", "4", "-f", "image2pipe", "-").Output()
	if err != nil {
		return nil, fmt.Errorf("ffmpeg: %w", err)
	}
	var pictures [][]byte
	for len(out) > 0 {
		end := bytes.Index(out, []byte{0xff, 0xd9}) // which stands nowhere else in baseline JPEG without thumbnails
		if end < 0 {
			return nil, errors.New("ffmpeg wrote half a picture")
		}
		pictures = append(pictures, out[:end+2])
		out = out[end+2:]
	}
	if len(pictures) == 0 {
		return nil, errors.New("ffmpeg wrote no picture")
	}
	return pictures, nil
}

// decodeBoth returns the median milliseconds of both decoders.
func decodeBoth(pictures [][]byte) (ours, theirs float64, err error) {
	dec, err := picture.NewJPEG()
	if err != nil {
		return 0, 0, err
	}
	defer dec.Close()
	var pool media.FramePool
	var a, b []time.Duration
	runtime.GC()
	for _, p := range pictures {
		start := cpu()
		f, err := dec.Decode(p, &pool)
		if err != nil {
			return 0, 0, err
		}
		f.Release()
		middle := cpu()
		if _, err := jpeg.Decode(bytes.NewReader(p)); err != nil {
			return 0, 0, err
		}
		a, b = append(a, middle-start), append(b, cpu()-middle)
	}
	median := func(d []time.Duration) float64 { slices.Sort(d); return d[len(d)/2].Seconds() * 1000 }
	return median(a), median(b), nil
}
