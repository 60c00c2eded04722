package picture

import (
	"fmt"

	"parley/media"
	"parley/media/internal/yuv"
)

// view shows a frame to libyuv.
func view(f *media.Frame) yuv.I420 {
	return yuv.I420{Y: f.Y, U: f.U, V: f.V, YStride: f.YStride, UVStride: f.UVStride, Width: f.Width, Height: f.Height}
}

// get takes a frame from the pool, or makes one if there is no pool, and gives
// it the times of f.
func get(pool *media.FramePool, width, height int, f *media.Frame) *media.Frame {
	var g *media.Frame
	if pool != nil {
		g = pool.Get(width, height)
	} else {
		g = media.NewFrame(width, height)
	}
	if f != nil {
		g.PTS, g.NTP = f.PTS, f.NTP
	}
	return g
}

// Scale returns f at another size, with the times of f and one reference.
// pool may be nil.
func Scale(f *media.Frame, width, height int, pool *media.FramePool) (*media.Frame, error) {
	if width < 1 || height < 1 || width > media.MaxDim || height > media.MaxDim {
		return nil, fmt.Errorf("picture: scale to %dx%d, want 1 to %d", width, height, media.MaxDim)
	}
	g := get(pool, width, height, f)
	if err := scale(view(g), view(f)); err != nil {
		g.Release()
		return nil, err
	}
	return g, nil
}

// scale picks the filter: averaging all pixels when the picture gets smaller,
// so that fine patterns do not flicker, four when it gets larger.
func scale(dst, src yuv.I420) error {
	filter := yuv.Bilinear
	if dst.Width < src.Width || dst.Height < src.Height {
		filter = yuv.Box
	}
	if err := yuv.I420Scale(dst, src, filter); err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	return nil
}

// Mirror returns f with left and right exchanged, with the times of f and one
// reference. pool may be nil.
func Mirror(f *media.Frame, pool *media.FramePool) (*media.Frame, error) {
	g := get(pool, f.Width, f.Height, f)
	if err := yuv.I420Mirror(view(g), view(f)); err != nil {
		g.Release()
		return nil, fmt.Errorf("picture: %w", err)
	}
	return g, nil
}

// Rotate returns f turned clockwise by 0, 90, 180 or 270 degrees (the
// orientation of RTP's urn:3gpp:video-orientation), with the times of f and
// one reference. For 0 that is f itself, retained. pool may be nil.
func Rotate(f *media.Frame, degrees int, pool *media.FramePool) (*media.Frame, error) {
	if degrees == 0 {
		return f.Retain(), nil
	}
	w, h := f.Width, f.Height
	if degrees == 90 || degrees == 270 {
		w, h = h, w
	}
	g := get(pool, w, h, f)
	if err := yuv.I420Rotate(view(g), view(f), degrees); err != nil {
		g.Release()
		return nil, fmt.Errorf("picture: %w", err)
	}
	return g, nil
}
