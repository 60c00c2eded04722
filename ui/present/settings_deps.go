package present

import "parley/media/mic"

// Choices are the settings as the windows know them. The fields are those of
// the program's settings, in the same order, so that one converts to the other.
type Choices struct {
	Name    string
	Service string // "": one on this network, or our own
	Welcome bool   // the welcome screen was gone through

	Camera     string // device id; "": the system's choice
	Microphone string
	Speaker    string
	Ringer     string

	CancelEcho      bool
	SuppressNoise   bool
	LevelVoice      bool
	LeaveMicrophone bool // none of the three, whatever they are

	StartMuted     bool
	StartCameraOff bool
	RelayOnly      bool
	// HideFromStrangers gives strangers who call the addresses of a relay only.
	HideFromStrangers bool
	LowData           bool

	UpdateNotices bool   // newer versions are shown
	VersionSeen   string // the newest one that was put away

	Theme    string // system, light, dark
	Language string // system, en, de, fr, es
	TextSize int    // percent: 100, 115, 130, 150
}

// Cleaning is what is to be done to the microphone's sound.
func (c Choices) Cleaning() mic.Options {
	if c.LeaveMicrophone {
		return mic.Options{}
	}
	return mic.Options{Echo: c.CancelEcho, Noise: c.SuppressNoise, Gain: c.LevelVoice}
}

// Settings keeps the choices.
type Settings interface {
	Subscriber
	Get() Choices
	// Update changes the choices by f. The error says why they hold for this
	// run only, or why they were refused.
	Update(f func(*Choices)) error
}
