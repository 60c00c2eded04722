// Package local owns this person's camera, microphone and speaker for as long
// as the program runs: calls, the preview before a call and the settings' live
// tests all borrow from it, so that one device is opened once and a device
// that is pulled out is replaced in one place.
//
//	camera ──Frame──> Slot (self view)
//	   └──Frame──> send.Video ──Unit──> every attached peer track
//	microphone ──PCM──> mic.Chain ──PCM──> level meter ──> send.Audio ──Unit──> every attached peer track
//	voice.Mixer ──10 ms──> speaker
package local

import (
	"parley/media/device"
	"parley/media/mic"
)

// Use is one device as it is now.
type Use struct {
	Selector string      // what the person or a flag asked for; "" the system's choice
	On       bool        // wanted on; a muted microphone stays open, a camera that is off is closed
	Opening  bool        // being opened
	Open     bool        // delivering
	Info     device.Info // what is open, or was last
	// Problem says why the wanted device is not the one in use, or none is;
	// nil when all is well.
	Problem *device.Error
}

// State is an immutable snapshot of the devices.
type State struct {
	Camera, Microphone, Speaker    Use
	Cameras, Microphones, Speakers []device.Info

	LowData bool // see Media.SetLowData

	Cleaning mic.Options // wanted of the microphone's sound
	Cleaned  mic.State   // done to it now; all off while no microphone is open
}
