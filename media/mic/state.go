package mic

import "errors"

// Options say what is done to the microphone's sound. The zero value leaves it
// as it is.
type Options struct {
	Echo  bool // cancel the echo of the speaker
	Noise bool // suppress what is not a voice
	Gain  bool // bring the voice to the usual loudness, and limit peaks
}

// All is what suits headset and speaker alike.
func All() Options { return Options{Echo: true, Noise: true, Gain: true} }

// Stage is how a stage is.
type Stage uint8

// The conditions of a stage.
const (
	Off      Stage = iota // not wanted
	Starting              // not compiled yet
	Working
	Lacking // not in this build
	Failed
)

// String returns the condition in lower case, for logs.
func (s Stage) String() string {
	return [...]string{"off", "starting", "on", "not in this build", "failed"}[s]
}

// State is what is done now.
type State struct {
	Echo, Noise, Gain Stage
}

func stageOf(wanted, there bool, err error) Stage {
	switch {
	case !wanted:
		return Off
	case errors.Is(err, ErrMissing):
		return Lacking
	case err != nil:
		return Failed
	case !there:
		return Starting
	}
	return Working
}
