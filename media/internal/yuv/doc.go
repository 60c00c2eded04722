// Package yuv converts, scales and turns pictures through libyuv. It is a thin
// layer over slices with strides: every call checks sizes and lengths before C
// sees a pointer and answers a wrong one with an error wrapping ErrSize;
// nothing here panics, allocates or keeps a pointer. media/picture builds on
// it what the rest of the program uses.
//
// Everything that Parley sends, receives and shows is BT.601 with limited
// range (luma 16 to 235), as VP8 defines it (RFC 6386 section 9.2) and as
// every WebRTC program assumes. Motion JPEG and Go's image.YCbCr have full
// range (JFIF); FullToLimited brings them over.
//
// libyuv names packed pixels by their order in a little-endian word: what Go
// calls RGBA (bytes R, G, B, A) is its ABGR, and what X11 and Windows hand out
// (bytes B, G, R, A) is its ARGB. The names here are those of the bytes.
//
// libyuv installs no pkg-config file, hence the plain -lyuv.
package yuv

/*
#cgo LDFLAGS: -lyuv
*/
import "C"
