package v4l2

import (
	"fmt"

	"parley/media"
	"parley/media/internal/yuv"
)

// layout is how a driver lays a picture out.
type layout struct {
	format        Format
	width, height int
	stride        int  // bytes from row to row of the packed pixels, or of luma
	full          bool // full range, not BT.601's limited one
}

// fill makes a frame of the layout's size from raw pixels. Fewer bytes than the
// picture takes are an error wrapping media.ErrCorrupt.
func (l layout) fill(f *media.Frame, data []byte) error {
	dst := yuv.I420{Y: f.Y, U: f.U, V: f.V, YStride: f.YStride, UVStride: f.UVStride, Width: f.Width, Height: f.Height}
	luma, ch := l.stride*l.height, (l.height+1)/2
	// part is what lies from a byte on; the conversions look at its length.
	part := func(from int) []byte { return data[min(from, len(data)):] }
	var err error
	switch l.format {
	case YUYV:
		err = yuv.YUY2ToI420(dst, data, l.stride)
	case UYVY:
		err = yuv.UYVYToI420(dst, data, l.stride)
	case NV12:
		err = yuv.NV12ToI420(dst, data, l.stride, part(luma), l.stride)
	case NV21: // V before U
		dst.U, dst.V = dst.V, dst.U
		err = yuv.NV12ToI420(dst, data, l.stride, part(luma), l.stride)
	case YU12:
		half := l.stride / 2
		err = yuv.I420Copy(dst, yuv.I420{
			Y: data, U: part(luma), V: part(luma + half*ch), YStride: l.stride, UVStride: half, Width: l.width, Height: l.height,
		})
	default:
		err = fmt.Errorf("format %v", l.format)
	}
	if err != nil {
		return fmt.Errorf("v4l2: picture of %d bytes: %w: %w", len(data), media.ErrCorrupt, err)
	}
	if l.full {
		return yuv.FullToLimited(dst)
	}
	return nil
}
