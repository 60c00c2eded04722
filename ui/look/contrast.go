package look

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
)

// luminance is WCAG 2.2's relative luminance.
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

// over is c drawn on an opaque background.
func over(c, bg color.NRGBA) color.NRGBA {
	mix := func(a, b uint8) uint8 {
		return uint8((int(a)*int(c.A) + int(b)*(255-int(c.A)) + 127) / 255)
	}
	return color.NRGBA{R: mix(c.R, bg.R), G: mix(c.G, bg.G), B: mix(c.B, bg.B), A: 255}
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	if x < y {
		x, y = y, x
	}
	return (x + 0.05) / (y + 0.05)
}

// The combinations in which text is set anywhere in the program.
var textOn = []struct {
	text fyne.ThemeColorName
	on   []fyne.ThemeColorName
}{
	{Text, []fyne.ThemeColorName{Background, Panel, AccentSoft, Hover, BadSoft, WarnSoft}},
	{Dim, []fyne.ThemeColorName{Background, Panel, AccentSoft, Hover}},
	{Accent, []fyne.ThemeColorName{Background, Panel}},
	{Bad, []fyne.ThemeColorName{Background, Panel, BadSoft}},
	{Warning, []fyne.ThemeColorName{Background, Panel, WarnSoft}},
	{Good, []fyne.ThemeColorName{Background, Panel}},
	{OnAccent, []fyne.ThemeColorName{Accent, AccentOver}},
	{OnBad, []fyne.ThemeColorName{Bad, BadOver}},
	{OnEndCall, []fyne.ThemeColorName{EndCall, EndHover}},
	{StageText, []fyne.ThemeColorName{Stage, Bar}},
	{StageDim, []fyne.ThemeColorName{Stage, Bar}},
	{StageBad, []fyne.ThemeColorName{Stage}},
	{StageWarn, []fyne.ThemeColorName{Stage}},
	{StageGood, []fyne.ThemeColorName{Stage}},
	{OnBar, []fyne.ThemeColorName{BarButton, BarHover, BarOn, Bar}},
	{OnBarOff, []fyne.ThemeColorName{BarOff}},
}
