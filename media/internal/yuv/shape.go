package yuv

/*
#include <libyuv.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

func ptr(b []byte) *C.uint8_t { return (*C.uint8_t)(unsafe.SliceData(b)) }

// result turns libyuv's 0 or -1 (1 for a bad JPEG) into an error.
func result(what string, code C.int) error {
	if code != 0 {
		return fmt.Errorf("yuv: %s: libyuv returned %d", what, int(code))
	}
	return nil
}

// Filter is how I420Scale makes one pixel of many or many of one.
type Filter int

// The filters that are of use for video.
const (
	// Box averages all source pixels: for making a picture smaller.
	Box Filter = iota
	// Bilinear averages four: for making it larger or a little smaller.
	Bilinear
)

// I420Scale scales src to the size of dst.
func I420Scale(dst, src I420, f Filter) error {
	const what = "scale"
	if err := pair(what, dst, src, false); err != nil {
		return err
	}
	mode := C.enum_FilterMode(C.kFilterBox)
	if f == Bilinear {
		mode = C.kFilterBilinear
	}
	return result(what, C.I420Scale(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride), C.int(src.Width), C.int(src.Height),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride), C.int(dst.Width), C.int(dst.Height),
		mode))
}

// I420Copy copies src to dst of the same size.
func I420Copy(dst, src I420) error {
	const what = "copy"
	if err := pair(what, dst, src, true); err != nil {
		return err
	}
	return result(what, C.I420Copy(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(src.Width), C.int(src.Height)))
}

// I420Mirror copies src to dst of the same size, left and right exchanged.
// The two may not share memory.
func I420Mirror(dst, src I420) error {
	const what = "mirror"
	if err := pair(what, dst, src, true); err != nil {
		return err
	}
	return result(what, C.I420Mirror(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(src.Width), C.int(src.Height)))
}

// I420Rotate turns src clockwise by 0, 90, 180 or 270 degrees into dst, whose
// sides are exchanged for 90 and 270. The two may not share memory.
func I420Rotate(dst, src I420, degrees int) error {
	const what = "rotate"
	var mode C.enum_RotationMode
	turned := dst
	switch degrees {
	case 0:
		mode = C.kRotate0
	case 90:
		mode = C.kRotate90
	case 180:
		mode = C.kRotate180
	case 270:
		mode = C.kRotate270
	default:
		return fmt.Errorf("yuv: rotate by %d degrees, want 0, 90, 180 or 270: %w", degrees, ErrSize)
	}
	if degrees%180 != 0 {
		turned.Width, turned.Height = dst.Height, dst.Width
	}
	if turned.Width != src.Width || turned.Height != src.Height {
		return fmt.Errorf("yuv: rotate %dx%d by %d degrees into %dx%d: %w", src.Width, src.Height, degrees, dst.Width, dst.Height, ErrSize)
	}
	if err := pair(what, dst, src, false); err != nil {
		return err
	}
	return result(what, C.I420Rotate(
		ptr(src.Y), C.int(src.YStride), ptr(src.U), C.int(src.UVStride), ptr(src.V), C.int(src.UVStride),
		ptr(dst.Y), C.int(dst.YStride), ptr(dst.U), C.int(dst.UVStride), ptr(dst.V), C.int(dst.UVStride),
		C.int(src.Width), C.int(src.Height), mode))
}
