package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"parley/media"
	"parley/media/codec"
	"parley/media/picture"
)

// decoderRows compares decoding and painting at full size with libvpx and
// libyuv, called from C, on the same stream.
func decoderRows(ctx context.Context) ([]row, error) {
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ref, err := reference(ctx, dir)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, f := range formats {
		units, fps, err := stream(ctx, f)
		if err != nil {
			return nil, err
		}
		ivf := filepath.Join(dir, "clip.ivf")
		if err := writeIVF(ivf, units, f.w, f.h, fps); err != nil {
			return nil, err
		}
		p, err := turns(codecTurns, func() (float64, error) { return decode(units, f) }, func() (float64, error) {
			v, err := numbers(ctx, ref, "decode", ivf)
			if err != nil {
				return 0, err
			}
			return v[0] * 1000 / v[1], nil
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, p.against(f.String()+" decode and convert, CPU per picture; theirs libvpx and libyuv from C", "ms", 1.15))
	}
	return rows, nil
}

// stream encodes the clip.
func stream(ctx context.Context, f format) (units []media.Unit, fps int, err error) {
	path, err := clip(ctx, f.w, f.h, 30)
	if err != nil {
		return nil, 0, err
	}
	frames, fps, err := load(path)
	if err != nil {
		return nil, 0, err
	}
	enc, err := codec.NewVideoEncoder(codec.VideoConfig{Width: f.w, Height: f.h, FPS: fps, BitrateKbps: f.kbps})
	if err != nil {
		return nil, 0, err
	}
	defer enc.Close()
	for i, f := range frames {
		u, err := enc.Encode(f, i == 0)
		if err != nil {
			return nil, 0, err
		}
		if len(u.Data) == 0 {
			continue
		}
		u.Data = append([]byte(nil), u.Data...)
		units = append(units, u)
	}
	return units, fps, nil
}

func decode(units []media.Unit, f format) (perFrame float64, err error) {
	dec := codec.NewVideoDecoder(&media.FramePool{})
	defer dec.Close()
	var painter picture.Painter
	runtime.GC()
	before := cpu()
	for _, u := range units {
		g, err := dec.Decode(u)
		if err != nil {
			return 0, err
		}
		if g == nil {
			continue
		}
		if painter.Paint(g, f.w, f.h, picture.Cover, false) == nil {
			return 0, errors.New("nothing was painted")
		}
		g.Release()
	}
	return (cpu() - before).Seconds() * 1000 / float64(len(units)), nil
}
