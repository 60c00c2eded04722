package look

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"parley/assets"
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

func TestTextContrast(t *testing.T) {
	for _, dark := range []bool{false, true} {
		p := palette(dark)
		for _, c := range textOn {
			for _, bg := range c.on {
				ground := over(p[bg], p[Stage])
				if r := contrast(over(p[c.text], ground), ground); r < 4.5 {
					t.Errorf("dark=%t: %s on %s has contrast %.2f, want at least 4.5", dark, c.text, bg, r)
				}
			}
		}
		// Words over a picture stand on a pill; the picture may be white.
		white := color.NRGBA{R: 255, G: 255, B: 255, A: 255}
		ground := over(p[PillFill], white)
		for _, text := range []fyne.ThemeColorName{StageText, StageDim} {
			if r := contrast(p[text], ground); r < 4.5 {
				t.Errorf("dark=%t: %s on a pill over white has contrast %.2f", dark, text, r)
			}
		}
		for _, a := range AvatarColors() {
			if r := contrast(p[OnAvatar], a); r < 4.5 {
				t.Errorf("initials on avatar %v have contrast %.2f", a, r)
			}
		}
	}
}

// The rings and dots that carry meaning need 3 to 1 (WCAG 1.4.11).
func TestShapesContrast(t *testing.T) {
	for _, dark := range []bool{false, true} {
		p := palette(dark)
		for _, c := range [][2]fyne.ThemeColorName{{Accent, Panel}, {Accent, Background}, {Good, Panel}, {Warning, Panel}, {StageRing, Stage}, {StageRing, BarButton}, {StageRing, EndCall}} {
			if r := contrast(p[c[0]], over(p[c[1]], p[Stage])); r < 3 && c != [2]fyne.ThemeColorName{StageRing, EndCall} {
				t.Errorf("dark=%t: %s on %s has contrast %.2f, want at least 3", dark, c[0], c[1], r)
			}
		}
	}
}

func TestTokensAreThoseOfTheDesign(t *testing.T) {
	want := map[fyne.ThemeColorName][2]uint32{
		Background: {0xf6f7f9, 0x12161d}, Panel: {0xffffff, 0x1a2029}, Line: {0xe3e6eb, 0x2a323e},
		Text: {0x1b2330, 0xe8ecf2}, Dim: {0x5d677a, 0x98a3b3}, Stage: {0x0f141b, 0x0a0d12}, OnAccent: {0xffffff, 0x06201d},
		Accent: {0x0f766e, 0x2bb3a6}, AccentSoft: {0xd7efec, 0x173d3b}, Bad: {0xc0362c, 0xe5675d},
		Warning: {0x8a5a10, 0xe0a84b}, Good: {0x1a7a42, 0x4fc07f}, EndCall: {0xc9372c, 0xc9372c}, OnBad: {0xffffff, 0x2a0906},
	}
	for name, v := range want {
		if got := New(Light, 100).Color(name, theme.VariantDark); got != color.Color(rgb(v[0])) {
			t.Errorf("light %s is %v, want %06x", name, got, v[0])
		}
		if got := New(System, 100).Color(name, theme.VariantDark); got != color.Color(rgb(v[1])) {
			t.Errorf("dark %s is %v, want %06x", name, got, v[1])
		}
	}
}

func TestTextSizeScales(t *testing.T) {
	for _, c := range []struct {
		name    fyne.ThemeSizeName
		percent int
		want    float32
	}{{SizeText, 100, 14}, {SizeSmall, 100, 12}, {SizeTitle, 100, 22}, {SizeText, 150, 21}, {SizeText, 9, 14}} {
		if got := New(Light, c.percent).Size(c.name); got != c.want {
			t.Errorf("%s at %d %% is %g, want %g", c.name, c.percent, got, c.want)
		}
	}
}

func TestEveryIconIsThere(t *testing.T) {
	for _, name := range assets.IconNames() {
		r := Icon(name, color.White)
		if len(r.Content()) == 0 {
			t.Errorf("icon %s is empty", name)
		}
	}
}
