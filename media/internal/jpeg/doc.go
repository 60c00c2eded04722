// Package jpeg decodes the motion JPEG of cameras through libjpeg-turbo's
// TurboJPEG. It is a thin layer: it owns the C memory, checks what crosses the
// border and says which pictures are damaged. USB cameras carry 720p at 30
// frames/s in no other way, and Go's decoder takes several times as long.
//
//	4:2:0, even sides   JPEG ──> planes of the frame
//	all others          JPEG ──> planes of the decoder ──libyuv──> frame
//
// JPEG has the full range of JFIF, frames have the limited one: the last step
// brings them over.
//
// What cameras do to the format, and what becomes of it:
//   - The Huffman tables are left out, being always the same ones:
//     libjpeg-turbo puts in those of the standard's annex K.3.
//   - The end marker is missing, or zeros follow it: neither is damage.
//   - A few bytes are left over where a marker should be: every block was there,
//     the picture is taken as it is.
//   - A picture that ends early or has lost a piece is an error wrapping
//     media.ErrCorrupt; the next one is not affected. Bits that were turned
//     over within it may go unnoticed: JPEG has no checksum.
//
// Decode allocates nothing on the Go side. libjpeg takes a few hundred kB from
// malloc for each picture and gives them back; nothing is left behind.
package jpeg

/*
#cgo pkg-config: libturbojpeg
*/
import "C"
