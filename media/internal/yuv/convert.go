package yuv

/*
#include <libyuv.h>
*/
import "C"

// I420ToRGBA converts src to bytes R, G, B, A (alpha 255), as in Go's
// image.RGBA, in rows of stride bytes.
func I420ToRGBA(dst []byte, stride int, src I420) error {
	const what = "I420 to RGBA"
	if err := into(what, src, dst, stride, 4*src.Width, src.Height); err != nil {
		return err
	}
	return result(what, C.I420ToABGR(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst), C.int(stride), C.int(src.Width), C.int(src.Height)))
}

// RGBAToI420 converts bytes R, G, B, A, ignoring alpha.
func RGBAToI420(dst I420, src []byte, stride int) error {
	const what = "RGBA to I420"
	if err := into(what, dst, src, stride, 4*dst.Width, dst.Height); err != nil {
		return err
	}
	return result(what, C.ABGRToI420(ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// BGRAToI420 converts bytes B, G, R, A, as X11 and Windows capture them,
// ignoring alpha.
func BGRAToI420(dst I420, src []byte, stride int) error {
	const what = "BGRA to I420"
	if err := into(what, dst, src, stride, 4*dst.Width, dst.Height); err != nil {
		return err
	}
	return result(what, C.ARGBToI420(ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// YUY2ToI420 converts bytes Y0, U, Y1, V (V4L2's YUYV).
func YUY2ToI420(dst I420, src []byte, stride int) error {
	const what = "YUY2 to I420"
	if err := into(what, dst, src, stride, (dst.Width+1)/2*4, dst.Height); err != nil {
		return err
	}
	return result(what, C.YUY2ToI420(ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// UYVYToI420 converts bytes U, Y0, V, Y1.
func UYVYToI420(dst I420, src []byte, stride int) error {
	const what = "UYVY to I420"
	if err := into(what, dst, src, stride, (dst.Width+1)/2*4, dst.Height); err != nil {
		return err
	}
	return result(what, C.UYVYToI420(ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// NV12ToI420 converts a Y plane and a plane of U, V pairs.
func NV12ToI420(dst I420, y []byte, yStride int, uv []byte, uvStride int) error {
	const what = "NV12 to I420"
	if err := into(what, dst, y, yStride, dst.Width, dst.Height); err != nil {
		return err
	}
	if err := checkPlane(what, uv, uvStride, (dst.Width+1)/2*2, (dst.Height+1)/2); err != nil {
		return err
	}
	return result(what, C.NV12ToI420(ptr(y), C.int(yStride), ptr(uv), C.int(uvStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// Planar is a view of a picture whose U and V have a size of their own.
type Planar struct {
	Y, U, V           []byte
	YStride, UVStride int
}

func (p Planar) check(what string, width, height, cw, ch int) error {
	if err := checkPlane(what, p.Y, p.YStride, width, height); err != nil {
		return err
	}
	if err := checkPlane(what, p.U, p.UVStride, cw, ch); err != nil {
		return err
	}
	return checkPlane(what, p.V, p.UVStride, cw, ch)
}

// I422ToI420 converts planes with U and V at half width and full height.
func I422ToI420(dst I420, src Planar) error {
	const what = "I422 to I420"
	if err := dst.check(what); err != nil {
		return err
	}
	if err := src.check(what, dst.Width, dst.Height, (dst.Width+1)/2, dst.Height); err != nil {
		return err
	}
	return result(what, C.I422ToI420(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// I444ToI420 converts planes with U and V at full size.
func I444ToI420(dst I420, src Planar) error {
	const what = "I444 to I420"
	if err := dst.check(what); err != nil {
		return err
	}
	if err := src.check(what, dst.Width, dst.Height, dst.Width, dst.Height); err != nil {
		return err
	}
	return result(what, C.I444ToI420(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}

// GreyToI420 converts one plane of luma.
func GreyToI420(dst I420, src []byte, stride int) error {
	const what = "grey to I420"
	if err := into(what, dst, src, stride, dst.Width, dst.Height); err != nil {
		return err
	}
	return result(what, C.I400ToI420(ptr(src), C.int(stride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(dst.Width), C.int(dst.Height)))
}
