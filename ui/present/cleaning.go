package present

import (
	"parley/call/local"
	"parley/media/mic"
	"parley/ui/i18n"
)

// CleaningModel are the switches of what is done to the microphone's sound.
type CleaningModel struct {
	Echo, Noise, Gain bool
	EchoSet, NoiseSet bool   // by an organisation: it is not the person's to choose
	GainSet           bool   //
	Alone             bool   // leave the microphone alone: the three do nothing
	Problem           string // what cannot be done, and what to do about it
}

func cleaningModel(l *i18n.Lang, c Choices, st local.State, r Rules) CleaningModel {
	return CleaningModel{
		EchoSet: r.Echo, NoiseSet: r.Noise, GainSet: r.Gain,
		Echo: c.CancelEcho, Noise: c.SuppressNoise, Gain: c.LevelVoice, Alone: c.LeaveMicrophone,
		Problem: cleaningProblem(l, st.Cleaned),
	}
}

// cleaningProblem is about the worst that is the matter.
func cleaningProblem(l *i18n.Lang, s mic.State) string {
	switch {
	case s.Echo == mic.Lacking && s.Noise == mic.Lacking:
		return l.T("cleaning.lacks_both")
	case s.Echo == mic.Lacking:
		return l.T("cleaning.lacks_echo")
	case s.Echo == mic.Failed:
		return l.T("cleaning.failed_echo")
	case s.Noise == mic.Lacking:
		return l.T("cleaning.lacks_noise")
	case s.Noise == mic.Failed:
		return l.T("cleaning.failed_noise")
	}
	return ""
}

// Cleaning are what the switches do, in the settings and in a call. They hold
// at once, also in a call.
type Cleaning struct{ p *Program }

// SetEcho switches echo cancellation.
func (s Cleaning) SetEcho(v bool) { s.set(func(c *Choices) { c.CancelEcho = v }) }

// SetNoise switches noise suppression.
func (s Cleaning) SetNoise(v bool) { s.set(func(c *Choices) { c.SuppressNoise = v }) }

// SetGain switches automatic gain.
func (s Cleaning) SetGain(v bool) { s.set(func(c *Choices) { c.LevelVoice = v }) }

// SetAlone leaves the microphone's sound as it is.
func (s Cleaning) SetAlone(v bool) { s.set(func(c *Choices) { c.LeaveMicrophone = v }) }

func (s Cleaning) set(f func(*Choices)) {
	s.p.Settings.set(f)
	s.p.deps.Media.SetCleaning(s.p.deps.Settings.Get().Cleaning())
}
