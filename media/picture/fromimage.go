package picture

import (
	"image"
	"image/draw"

	"parley/media"
	"parley/media/internal/yuv"
)

// FromImage returns img as a frame of its own memory with one reference and
// PTS zero, or nil for an image without pixels or larger than media.MaxDim.
// image.YCbCr at 4:2:0, 4:2:2 and 4:4:4, RGBA, opaque NRGBA and Gray are
// converted by libyuv, others drawn on black first. Go's YCbCr has the full
// range of JPEG; the frame has BT.601's limited range like every other.
func FromImage(img image.Image) *media.Frame { return FromImagePool(img, nil) }

// FromImagePool is FromImage with the memory of a pool.
func FromImagePool(img image.Image, pool *media.FramePool) *media.Frame {
	if img == nil {
		return nil
	}
	b := img.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > media.MaxDim || b.Dy() > media.MaxDim {
		return nil
	}
	f := get(pool, b.Dx(), b.Dy(), nil)
	if err := convert(view(f), img); err != nil {
		f.Release()
		return nil
	}
	return f
}

func convert(dst yuv.I420, img image.Image) error {
	b := img.Bounds()
	switch m := img.(type) {
	case *image.RGBA: // premultiplied: without its alpha it is the picture on black
		return yuv.RGBAToI420(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
	case *image.NRGBA:
		if m.Opaque() {
			return yuv.RGBAToI420(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride)
		}
	case *image.Gray:
		if err := yuv.GreyToI420(dst, m.Pix[m.PixOffset(b.Min.X, b.Min.Y):], m.Stride); err != nil {
			return err
		}
		return yuv.FullToLimited(dst)
	case *image.YCbCr:
		if done, err := convertYCbCr(dst, m); done || err != nil {
			return err
		}
	}
	canvas := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for i := 3; i < len(canvas.Pix); i += 4 {
		canvas.Pix[i] = 255
	}
	draw.Draw(canvas, canvas.Rect, img, b.Min, draw.Over)
	return yuv.RGBAToI420(dst, canvas.Pix, canvas.Stride)
}

// convertYCbCr says whether it knew the chroma layout.
func convertYCbCr(dst yuv.I420, m *image.YCbCr) (bool, error) {
	yo, co := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y), m.COffset(m.Rect.Min.X, m.Rect.Min.Y)
	var err error
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio420:
		err = yuv.I420Copy(dst, yuv.I420{
			Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride, Width: dst.Width, Height: dst.Height})
	case image.YCbCrSubsampleRatio422:
		err = yuv.I422ToI420(dst, yuv.Planar{Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride})
	case image.YCbCrSubsampleRatio444:
		err = yuv.I444ToI420(dst, yuv.Planar{Y: m.Y[yo:], U: m.Cb[co:], V: m.Cr[co:], YStride: m.YStride, UVStride: m.CStride})
	default:
		return false, nil
	}
	if err != nil {
		return true, err
	}
	return true, yuv.FullToLimited(dst)
}
