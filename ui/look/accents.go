package look

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
)

// Accents are an organisation's colours for buttons and marks, 0xRRGGBB; 0: the
// program's own.
type Accents struct{ Light, Dark uint32 }

// into puts the accent of one theme, and the colours that follow from it, into
// a palette.
func (a Accents) into(p map[fyne.ThemeColorName]color.NRGBA, dark bool) {
	if a.Light != 0 {
		p[BarOn] = rgb(a.Light)
	}
	accent, away := a.Light, rgb(0)
	if dark {
		accent, away = a.dark(), rgb(0xffffff)
	}
	if accent == 0 {
		return
	}
	c := rgb(accent)
	p[Accent], p[AccentOver] = c, mix(c, away, 0.12)
	// As much of it as texts can stand on.
	for share := 0.84; share < 1; share += 0.01 {
		if p[AccentSoft] = mix(c, p[Panel], share); contrast(p[Dim], p[AccentSoft]) >= 4.5 && contrast(p[Text], p[AccentSoft]) >= 4.5 {
			break
		}
	}
	p[OnAccent] = rgb(0xffffff)
	if ink := mix(c, rgb(0), 0.85); contrast(ink, c) > contrast(p[OnAccent], c) {
		p[OnAccent] = ink
	}
	p[StageRing] = mix(rgb(first(a.dark(), a.Light)), rgb(0xffffff), 0.4)
}

// dark is the accent of the dark theme: as given, or the light one made as much
// lighter as it needs.
func (a Accents) dark() uint32 {
	if a.Dark != 0 || a.Light == 0 {
		return a.Dark
	}
	p := palette(true, Accents{})
	c := rgb(a.Light)
	for range 20 {
		if contrast(c, p[Panel]) >= 5 {
			break
		}
		c = mix(c, rgb(0xffffff), 0.1)
	}
	return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B)
}

func first(v, or uint32) uint32 {
	if v != 0 {
		return v
	}
	return or
}

// mix goes from a to b by share, 0 to 1.
func mix(a, b color.NRGBA, share float64) color.NRGBA {
	at := func(x, y uint8) uint8 { return uint8(float64(x)*(1-share) + float64(y)*share + 0.5) }
	return color.NRGBA{R: at(a.R, b.R), G: at(a.G, b.G), B: at(a.B, b.B), A: 0xff}
}

// Check says why texts could not be read with these colours, and what to do;
// nil: all have a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
func (a Accents) Check() error {
	for _, dark := range []bool{false, true} {
		p := palette(dark, a)
		key, value, theme, way := "accent", a.Light, "light", "darker"
		if dark {
			key, value, theme, way = "accent_dark", a.dark(), "dark", "lighter"
		}
		for _, c := range textOn {
			for _, on := range c.on {
				ground := over(p[on], p[Stage])
				if r := contrast(over(p[c.text], ground), ground); r < 4.5 {
					return fmt.Errorf("%s #%06x: in the %s theme %s on %s has a contrast of %.1f to 1, and needs 4.5; choose a %s colour", key, value, theme, c.text, on, r, way)
				}
			}
		}
	}
	return nil
}
