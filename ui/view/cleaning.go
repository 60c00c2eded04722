package view

import (
	"fyne.io/fyne/v2"

	"parley/ui/i18n"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// cleaning are the switches of the microphone's sound.
type cleaning struct {
	box                      *fyne.Container
	echo, noise, gain, alone *w.Toggle
	problem                  *w.Paragraph
}

func newCleaning(prefix string, do present.Cleaning, gap float32) *cleaning {
	c := &cleaning{
		echo: w.NewToggle(do.SetEcho), noise: w.NewToggle(do.SetNoise), gain: w.NewToggle(do.SetGain), alone: w.NewToggle(do.SetAlone),
		problem: w.NewParagraph(note, ""),
	}
	c.echo.SetID(prefix + ".cancel_echo")
	c.noise.SetID(prefix + ".suppress_noise")
	c.gain.SetID(prefix + ".level_voice")
	c.alone.SetID(prefix + ".leave_microphone")
	c.problem.SetID(prefix + ".cleaning.note")
	c.box = w.Column(gap, c.problem, c.echo, c.noise, c.gain, w.Rule(), c.alone)
	return c
}

// setToggle shows a switch, and that it is not the person's if an organisation
// has set it.
func setToggle(t *w.Toggle, on bool, text, note string, set bool, l *i18n.Lang) {
	if set {
		note = l.T("policy.set")
	}
	t.Set(on, text, note)
	t.SetDisabled(set)
}

// render shows m, with a line under each switch if explain.
func (c *cleaning) render(m present.CleaningModel, explain bool, l *i18n.Lang) {
	c.problem.Set(m.Problem)
	setVisible(c.problem, m.Problem != "")
	for _, t := range []struct {
		toggle     *w.Toggle
		on         bool
		text, note string
		set        bool
	}{
		{c.echo, m.Echo && !m.Alone, l.T("cleaning.echo"), l.T("cleaning.echo_note"), m.EchoSet},
		{c.noise, m.Noise && !m.Alone, l.T("cleaning.noise"), l.T("cleaning.noise_note"), m.NoiseSet},
		{c.gain, m.Gain && !m.Alone, l.T("cleaning.gain"), l.T("cleaning.gain_note"), m.GainSet},
		{c.alone, m.Alone, l.T("cleaning.alone"), l.T("cleaning.alone_note"), m.EchoSet || m.NoiseSet || m.GainSet},
	} {
		if !explain {
			t.note = ""
		}
		setToggle(t.toggle, t.on, t.text, t.note, t.set, l)
		if m.Alone && t.toggle != c.alone {
			t.toggle.SetDisabled(true)
		}
	}
}
