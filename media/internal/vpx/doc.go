// Package vpx encodes and decodes VP8 (RFC 6386) through libvpx. It is a thin
// layer: it owns the C memory, checks what crosses the border and translates
// errors. It has no goroutine, no log and no policy beyond the fixed settings
// of settings.go; scaling, frame-rate thinning and key-frame decisions are
// media/codec's and call/send's.
//
// Pixels are borrowed from Go for the length of one call only. The encoder's
// output is copied into a buffer of its own that the next call reuses, the
// decoder's into a media.Frame from the caller's pool, because libvpx frees or
// rewrites its own memory whenever it likes. One encode or decode allocates
// nothing on the Go side.
//
// Two facts about libvpx decide how it is driven here:
//
//   - Its rate control divides the bitrate by the frame rate that it derives
//     from the time stamps. Give it capture times on the 90 kHz clock of RTP
//     and it hits the target at every frame rate; give it a frame counter or a
//     coarse clock and it misses by half (see clock.go).
//   - A changed picture size in a running encoder reallocates only part of
//     what it holds. The encoder is therefore opened again for a new size, at
//     16 ms of CPU for 720p (fresh pages) and 1.5 for 180p, and nothing is
//     left behind (heap.h). Bitrate and frame rate change in place, and only
//     when they differ: 0.2 microseconds.
package vpx

/*
#cgo pkg-config: vpx
*/
import "C"
