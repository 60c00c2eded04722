// Package record writes a call into one WebM file: the pictures and the sound
// of both sides, encoded as they are, plus one track with both voices mixed,
// because a browser plays one picture and one sound track only: the first, which
// are the other's picture and both voices. ffmpeg and video editors have all five.
//
//	call (any goroutine) ──Put, bounded──> Recorder.run ──> timeline ──blocks in order──> muxer ──> file
//	                                                           └──both voices──> mixer ──┘
//
// Everything is placed by when it was captured (align.go): a person's picture
// and sound by the capture clock that both carry, so they are in step as they
// were in front of the camera, and each person relative to the other as this
// side met them. Sound that was not sent (muted, DTX, lost) becomes silence of
// the same length, so that a program that counts samples instead of reading
// time stamps stays in step too. A picture begins with a key frame; while a
// camera is off, its track is black.
//
// The file grows by one whole cluster about every 400 ms, with one write: after
// a crash it plays up to the last of them. Closing it adds the index and the
// sizes; the duration is brought up to date with every cluster.
//
// A VP8 picture may change its size in mid-track: it begins with a key frame
// that says the size. Tried with Chromium 156 and ffmpeg 5.1 over
// 320x180, 1280x720, 360x640 and back (TestSizeChanges decodes it): both go on
// without a hitch, so a call stays one file, however often the sender changes
// its mind.
//
// timeline, muxer, mixer and align are pure: time is an argument. Recorder is
// the shell with the goroutine, the clock and the disk. Put never blocks; what
// a slow disk cannot take is dropped and counted.
package record
