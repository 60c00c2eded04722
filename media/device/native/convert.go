package native

import (
	"fmt"
	"image"
	"time"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/io/video"
	"github.com/pion/mediadevices/pkg/prop"

	"parley/media"
	"parley/media/device"
	"parley/media/internal/yuv"
	"parley/media/picture"
)

// imageFramer makes frames of what a driver of mediadevices delivers. It has no
// time but that of the reading.
type imageFramer struct {
	rd   video.Reader
	mode prop.Media
	now  func() time.Duration
	pool media.FramePool
}

// Frame implements framer, but that it waits as long as the driver does.
func (i *imageFramer) Frame() (*media.Frame, error) {
	img, release, err := i.rd.Read()
	now := i.now()
	if release != nil {
		defer release()
	}
	if err != nil {
		return nil, err
	}
	f, err := toFrame(img, i.mode.FrameFormat != frame.FormatMJPEG, &i.pool)
	if err != nil {
		return nil, err
	}
	f.PTS = now
	return f, nil
}

// Format implements framer.
func (i *imageFramer) Format() device.VideoFormat {
	return device.VideoFormat{Width: i.mode.Width, Height: i.mode.Height, FPS: float64(i.mode.FrameRate)}
}

// toFrame copies what a driver delivered into a frame of the pool. raw says
// that a YCbCr picture came from the sensor's own format and has the limited
// range already, unlike a JPEG.
func toFrame(img image.Image, raw bool, pool *media.FramePool) (*media.Frame, error) {
	b := img.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > media.MaxDim || b.Dy() > media.MaxDim {
		return nil, fmt.Errorf("picture of %dx%d: %w", b.Dx(), b.Dy(), media.ErrCorrupt)
	}
	m, ok := img.(*image.YCbCr)
	if !raw || !ok {
		f := picture.FromImagePool(img, pool)
		if f == nil {
			return nil, fmt.Errorf("picture of type %T: %w", img, media.ErrCorrupt)
		}
		return f, nil
	}
	f := pool.Get(b.Dx(), b.Dy())
	dst := yuv.I420{Y: f.Y, U: f.U, V: f.V, YStride: f.YStride, UVStride: f.UVStride, Width: f.Width, Height: f.Height}
	yo, co := m.YOffset(b.Min.X, b.Min.Y), m.COffset(b.Min.X, b.Min.Y)
	var err error
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		err = yuv.I420Copy(dst, yuv.I420{
			Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride, Width: f.Width, Height: f.Height,
		})
	case image.YCbCrSubsampleRatio422:
		err = yuv.I422ToI420(dst, yuv.Planar{Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride})
	case image.YCbCrSubsampleRatio444:
		err = yuv.I444ToI420(dst, yuv.Planar{Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride})
	default:
		err = fmt.Errorf("chroma at %v: %w", m.SubsampleRatio, media.ErrCorrupt)
	}
	if err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}
