// Package v4l2 reads cameras on Linux through the kernel's Video4Linux2
// (videodev2.h; docs.kernel.org/userspace-api/media/v4l). Pure Go but for the
// decoding of motion JPEG. It decides nothing: device/native lists what Find
// returns, chooses a Mode and runs a Camera on a goroutine of its own.
//
//	Open ──> Modes ──> Start: format, rate, four buffers, on ──> Next, Next … ──> Close
//
//	driver ──mmap, dequeue──> newest buffer ──convert or decode──> media.Frame, limited range
//	   ^──────────queue───────────┘
//
// Next waits a twentieth of a second at most, so that Close is never far away.
// Of pictures that have piled up it takes the newest and counts the others in
// Skipped. A picture carries the time at which the driver saw it begin, where
// the driver says so on the monotonic clock, as nearly all do; otherwise the
// time at which it was read.
//
// All calls into the kernel go through the interface kernel: tests put a camera
// of their own behind it, made of the same structs.
package v4l2
