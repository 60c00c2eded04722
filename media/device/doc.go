// Package device knows the cameras, microphones, speakers and screens of this
// computer: their names, which one to open, what went wrong in words a person
// can act on, and which one to take when the chosen one is gone. It opens
// nothing itself: the Catalog asks the packages beside it.
//
//	device/native   cameras, microphones and screens, through the driver registry of mediadevices
//	device/v4l2     cameras on Linux
//	device/sound    microphones and speakers, on malgo
//	device/virtual  test card, tone, y4m and wav files, null devices; pure Go
//
// The program wires them in one place:
//
//	clock := device.NewClock()
//	snd := sound.New(sound.Config{Clock: clock}, log)
//	reg := native.New(native.Config{Clock: clock, Sound: snd, Person: name}, log)
//	cat := device.New(device.Config{Clock: clock, Capture: reg, Sound: snd, Virtual: virtual.NewSpeakers(clock)}, log)
//
// Goroutines of a Catalog:
//
//	watch ── /dev changed (inotify, Linux), every two seconds for sound ──> enumerate ──> snapshot ──> Changed()
//
// List never blocks: it reads the snapshot. Nothing is opened or enumerated
// before New, so a program that only prints its version touches no device.
package device
