// Package native opens cameras, screens and microphones through the driver
// registry of mediadevices, and is its only importer. Screen drivers and, on
// Windows and macOS, camera drivers are mediadevices' own; cameras on Linux
// (device/v4l2), the microphone on malgo (device/sound) and everything in
// device/virtual are registered beside them as adapters, so that choosing a
// device and its mode is one mechanism for all.
//
//	hardware:  driver ──Frame or Read, convert──> latest.Slot ──Next──> reader     one goroutine per open device
//	our own:   the reader that the adapter returns is the source itself            no goroutine, no copy
//
// A camera of v4l2 delivers frames with the time at which they were taken, and
// never waits long; of mediadevices' drivers come images, which are converted
// and get the time of reading.
//
// What was read in mediadevices 0.9.4 and is dealt with here:
//   - Initialize of the camera package drops every registered video recorder,
//     screens and ours too: a scan registers them again.
//   - A camera's Read holds a lock for up to five seconds while no picture
//     comes, and Close waits for it; a screen's Close frees what Read uses. So
//     one goroutine does everything with a driver, from Open to Close, and
//     nobody waits for it longer than a second or his context.
//   - Importing the camera and screen packages looks at the cameras and the X
//     display once, at start; on Linux only the screen package is imported. The
//     microphone package, which opens the sound system at import and can panic
//     there, is not.
//   - Raw pictures have the limited range of BT.601, JPEG ones the full range:
//     frames have the limited one.
//   - Its camera driver on Linux decodes JPEG in Go, keeps only the text of
//     some errors, takes a mode for agreed to that the driver has changed, and
//     leaves a picture without its time: hence device/v4l2.
package native
