package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"parley/assets"
)

// Variant says whether the program is light or dark.
type Variant uint8

// The variants.
const (
	System Variant = iota // as the desktop is
	Light
	Dark
)

// Theme is the program's theme. It is immutable: another choice is another
// Theme.
type Theme struct {
	variant     Variant
	scale       float32
	light, dark map[fyne.ThemeColorName]color.NRGBA
	fonts       fyne.Theme
}

// New returns the theme with texts at percent of their size (80 to 200).
func New(v Variant, percent int) *Theme {
	if percent < 80 || percent > 200 {
		percent = 100
	}
	a := Accents{assets.Branding().AccentLight, assets.Branding().AccentDark}
	return &Theme{
		variant: v, scale: float32(percent) / 100,
		light: withFyne(palette(false, a)), dark: withFyne(palette(true, a)),
		fonts: theme.DefaultTheme(),
	}
}

// withFyne fills in the names that Fyne's own widgets (entries, menus, scroll
// bars) look up.
func withFyne(p map[fyne.ThemeColorName]color.NRGBA) map[fyne.ThemeColorName]color.NRGBA {
	for name, from := range map[fyne.ThemeColorName]fyne.ThemeColorName{
		theme.ColorNameButton: Panel, theme.ColorNameDisabledButton: Background,
		theme.ColorNameInputBackground: Panel, theme.ColorNameInputBorder: Clear,
		theme.ColorNameMenuBackground: Panel, theme.ColorNameOverlayBackground: Panel,
		theme.ColorNameHeaderBackground: Panel, theme.ColorNameSeparator: Line,
		theme.ColorNameHyperlink: Accent, theme.ColorNameDisabled: Dim,
		theme.ColorNameForegroundOnSuccess: OnAccent, theme.ColorNameForegroundOnWarning: OnAccent,
		theme.ColorNameHover: Hover, theme.ColorNamePressed: AccentSoft, theme.ColorNameFocus: AccentSoft,
		theme.ColorNameScrollBar: Away,
	} {
		p[name] = p[from]
	}
	shade := p[Accent]
	shade.A = 0x50
	p[theme.ColorNameSelection] = shade
	p[theme.ColorNameShadow] = color.NRGBA{A: 0x38}
	p[theme.ColorNameScrollBarBackground] = color.NRGBA{}
	return p
}

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	p := t.light
	if t.variant == Dark || t.variant == System && v == theme.VariantDark {
		p = t.dark
	}
	if c, ok := p[name]; ok {
		return c
	}
	return t.fonts.Color(name, v)
}

// Font implements fyne.Theme: Noto Sans, which Fyne brings along, covers every
// language of the program.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource { return t.fonts.Font(s) }

// Icon implements fyne.Theme.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return t.fonts.Icon(name) }

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case SizeTiny:
		return 11 * t.scale
	case SizeSmall:
		return 12 * t.scale
	case SizeText:
		return 14 * t.scale
	case SizeHead, theme.SizeNameSubHeadingText:
		return 18 * t.scale
	case SizeTitle:
		return 22 * t.scale
	case theme.SizeNamePadding:
		return S4
	case theme.SizeNameInnerPadding:
		return 10
	case theme.SizeNameLineSpacing:
		return S4
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return Radius
	case theme.SizeNameInputBorder, theme.SizeNameSeparatorThickness:
		return 1
	case theme.SizeNameScrollBar:
		return 10
	case theme.SizeNameScrollBarSmall:
		return 4
	case theme.SizeNameScrollBarRadius:
		return 3
	case theme.SizeNameInlineIcon:
		return IconSize
	}
	return t.fonts.Size(name)
}
