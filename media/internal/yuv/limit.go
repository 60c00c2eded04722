package yuv

/*
// gcc makes vectors of the loop from -O3 on, clang from -O2.
#cgo CFLAGS: -O3
#include "limit.h"
*/
import "C"

// FullToLimited brings a picture from full range (JFIF: 0 to 255) to limited
// range (BT.601: luma 16 to 235, chroma 16 to 240), in place. The factors
// 220/256 and 225/256 are within 0.15 of a step of 219/255 and 224/255.
func FullToLimited(p I420) error {
	if err := p.check("limit range"); err != nil {
		return err
	}
	cw, ch := C.int((p.Width+1)/2), C.int((p.Height+1)/2)
	const (
		luma, lumaAdd     = 220, 16*256 + 128
		chroma, chromaAdd = 225, 128*(256-225) + 128
	)
	C.parley_limit_plane(ptr(p.Y), C.int(p.YStride), C.int(p.Width), C.int(p.Height), luma, lumaAdd)
	C.parley_limit_plane(ptr(p.U), C.int(p.UVStride), cw, ch, chroma, chromaAdd)
	C.parley_limit_plane(ptr(p.V), C.int(p.UVStride), cw, ch, chroma, chromaAdd)
	return nil
}
