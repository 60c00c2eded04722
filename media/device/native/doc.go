// Package native opens cameras, screens and microphones through the driver
// registry of mediadevices, and is its only importer. Camera and screen
// drivers are mediadevices' own; the microphone on malgo (device/sound) and
// everything in device/virtual are registered beside them as adapters, so that
// choosing a device and its mode is one mechanism for all.
//
//	hardware:  driver ──Read, convert──> latest.Slot ──Next──> reader     one goroutine per open device
//	our own:   the reader that the adapter returns is the source itself   no goroutine, no copy
//
// What was read in mediadevices 0.9.4 and is dealt with here:
//   - Initialize of the camera package drops every registered video recorder,
//     screens and ours too: a scan registers them again.
//   - A camera's Read holds a lock for up to five seconds while no picture
//     comes, and Close waits for it; a screen's Close frees what Read uses. So
//     one goroutine does everything with a driver, from Open to Close, and
//     nobody waits for it longer than a second or his context.
//   - The errors of V4L2's start of streaming keep only their text.
//   - Importing the camera and screen packages looks at /dev/video* and the X
//     display once, at start; the microphone package, which opens the sound
//     system at import and can panic there, is not imported.
//   - Raw pictures have the limited range of BT.601, JPEG ones the full range:
//     frames have the limited one.
package native
