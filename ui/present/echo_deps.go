package present

import (
	"time"

	"parley/media/device"
)

// EchoTest starts test calls: five seconds are recorded, sent through the same
// encoder and decoder as a call, and played back.
type EchoTest interface {
	Start() (Echo, error)
}

// Echo is one test call.
type Echo interface {
	Subscriber
	State() EchoState
	// Video is what was recorded, while it is played back.
	Video() Frames
	Level() float64 // of what is recorded or played: linear RMS, 0 to 1
	Close()
}

// EchoPhase is where a test call stands.
type EchoPhase uint8

// The phases, in order.
const (
	EchoOpening EchoPhase = iota + 1
	EchoRecording
	EchoPlaying
	EchoDone
	EchoFailed
)

// EchoState is an immutable snapshot of a test call.
type EchoState struct {
	Phase   EchoPhase
	Left    time.Duration // of this phase
	Length  time.Duration // of this phase
	Heard   bool          // the microphone picked up a voice
	Seen    bool          // the camera delivered pictures
	Problem *device.Error // why it failed, or what was missing
}
