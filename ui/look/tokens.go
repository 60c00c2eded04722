// Package look is how the program looks: the colours, sizes and icons that
// every widget takes its own from, as one Fyne theme in light and dark.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours by what they are for. Those that Fyne's own widgets know have
// Fyne's names, so that an entry or a menu looks like everything else.
const (
	Background = theme.ColorNameBackground
	Text       = theme.ColorNameForeground
	Dim        = theme.ColorNamePlaceHolder
	Accent     = theme.ColorNamePrimary
	OnAccent   = theme.ColorNameForegroundOnPrimary
	Bad        = theme.ColorNameError
	OnBad      = theme.ColorNameForegroundOnError
	Warning    = theme.ColorNameWarning
	Good       = theme.ColorNameSuccess

	Panel      fyne.ThemeColorName = "panel"
	Line       fyne.ThemeColorName = "line"
	AccentSoft fyne.ThemeColorName = "accentSoft"
	BadSoft    fyne.ThemeColorName = "badSoft"
	WarnSoft   fyne.ThemeColorName = "warningSoft"
	Hover      fyne.ThemeColorName = "hoverRow"
	Away       fyne.ThemeColorName = "presenceOff" // the dot of who is not there

	// The stage is dark in both themes: pictures look best on it.
	Stage      fyne.ThemeColorName = "stage"
	StageText  fyne.ThemeColorName = "stageText"
	StageDim   fyne.ThemeColorName = "stageDim"
	StageBad   fyne.ThemeColorName = "stageBad"
	StageWarn  fyne.ThemeColorName = "stageWarning"
	StageGood  fyne.ThemeColorName = "stageGood"
	StageRing  fyne.ThemeColorName = "stageFocus" // focus ring over pictures
	StageLine  fyne.ThemeColorName = "stageLine"  // edge of the own picture
	Bar        fyne.ThemeColorName = "bar"        // behind the call's buttons
	BarButton  fyne.ThemeColorName = "barButton"
	BarHover   fyne.ThemeColorName = "barButtonHover"
	BarOff     fyne.ThemeColorName = "barButtonOff" // a device that is off
	OnBarOff   fyne.ThemeColorName = "onBarButtonOff"
	BarOn      fyne.ThemeColorName = "barButtonOn"
	OnBar      fyne.ThemeColorName = "onBar"
	PillFill   fyne.ThemeColorName = "pill" // behind words over a picture
	EndCall    fyne.ThemeColorName = "endCall"
	EndHover   fyne.ThemeColorName = "endCallHover"
	OnEndCall  fyne.ThemeColorName = "onEndCall"
	Scrim      fyne.ThemeColorName = "scrim" // over a picture that stands still
	Clear      fyne.ThemeColorName = "clear"
	OnAvatar   fyne.ThemeColorName = "onAvatar"
	AccentOver fyne.ThemeColorName = "accentHover"
	BadOver    fyne.ThemeColorName = "badHover"
)

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, a uint8) color.NRGBA {
	c := rgb(v)
	c.A = a
	return c
}

// palette returns the colours of one variant. The first block is the table of
// the design; the rest is derived from it for states that the table leaves
// open, and measured by the same contrast test.
func palette(dark bool, a Accents) map[fyne.ThemeColorName]color.NRGBA {
	p := map[fyne.ThemeColorName]color.NRGBA{
		Background: rgb(0xf6f7f9), Panel: rgb(0xffffff), Line: rgb(0xe3e6eb),
		Text: rgb(0x1b2330), Dim: rgb(0x5d677a), Stage: rgb(0x0f141b),
		Accent: rgb(0x0f766e), AccentSoft: rgb(0xd7efec), OnAccent: rgb(0xffffff),
		Bad: rgb(0xc0362c), OnBad: rgb(0xffffff), Warning: rgb(0x8a5a10), Good: rgb(0x1a7a42),
		EndCall: rgb(0xc9372c), OnEndCall: rgb(0xffffff),

		BadSoft: rgb(0xfbe9e7), WarnSoft: rgb(0xfaf0dc), Hover: rgb(0xeff1f4), Away: rgb(0x9aa4b2),
		AccentOver: rgb(0x0c655e), BadOver: rgb(0xa82f26),
	}
	if dark {
		p = map[fyne.ThemeColorName]color.NRGBA{
			Background: rgb(0x12161d), Panel: rgb(0x1a2029), Line: rgb(0x2a323e),
			Text: rgb(0xe8ecf2), Dim: rgb(0x98a3b3), Stage: rgb(0x0a0d12),
			Accent: rgb(0x2bb3a6), AccentSoft: rgb(0x173d3b), OnAccent: rgb(0x06201d),
			Bad: rgb(0xe5675d), OnBad: rgb(0x2a0906), Warning: rgb(0xe0a84b), Good: rgb(0x4fc07f),
			EndCall: rgb(0xc9372c), OnEndCall: rgb(0xffffff),

			BadSoft: rgb(0x3a1f1f), WarnSoft: rgb(0x352a18), Hover: rgb(0x222a35), Away: rgb(0x9aa4b2),
			AccentOver: rgb(0x3dc2b5), BadOver: rgb(0xec7f76),
		}
	}
	for name, c := range map[fyne.ThemeColorName]color.NRGBA{
		StageText: rgb(0xe8ecf2), StageDim: rgb(0xa9b3c1), StageBad: rgb(0xf08a81), StageWarn: rgb(0xe0a84b),
		StageGood: rgb(0x4fc07f), StageRing: rgb(0x7fd8cf), StageLine: rgba(0xffffff, 0x40),
		Bar: rgba(0x1b222d, 0xee), BarButton: rgb(0x2c3543), BarHover: rgb(0x3a4557),
		BarOff: rgb(0xffffff), OnBarOff: rgb(0x1b2330), BarOn: rgb(0x0f766e), OnBar: rgb(0xffffff),
		PillFill: rgba(0x11161e, 0xd8), EndHover: rgb(0xb32f25), Scrim: rgba(0x0a0d12, 0xa8),
		Clear: {}, OnAvatar: rgb(0xffffff),
	} {
		p[name] = c
	}
	a.into(p, dark)
	return p
}

// The space between things: the 4 px grid.
const (
	S4  float32 = 4
	S8  float32 = 8
	S12 float32 = 12
	S16 float32 = 16
	S24 float32 = 24
	S32 float32 = 32
)

// Corners and fixed sizes.
const (
	Radius      float32 = 8
	RadiusCard  float32 = 12
	RadiusBar   float32 = 16
	CallButton  float32 = 48
	EndButton   float32 = 64 // wide
	ControlHigh float32 = 40 // buttons, entries, pickers
	IconSize    float32 = 18
	IconSmall   float32 = 14
	RowAvatar   float32 = 40
	SidePanel   float32 = 320
	FocusWidth  float32 = 2
	Narrow      float32 = 720 // below this width a window shows one column
)

// The text sizes at 100 %.
const (
	SizeTiny  fyne.ThemeSizeName = "textTiny"
	SizeSmall                    = theme.SizeNameCaptionText
	SizeText                     = theme.SizeNameText
	SizeHead  fyne.ThemeSizeName = "textHead" // the incoming call's name, pages
	SizeTitle                    = theme.SizeNameHeadingText
)

// AvatarColors are the circles behind initials; a name always gets the same.
func AvatarColors() []color.NRGBA {
	return []color.NRGBA{
		rgb(0x0f766e), rgb(0x7c5cc4), rgb(0xb4572f), rgb(0x43536b), rgb(0x2f6fb3),
		rgb(0xa3437a), rgb(0x5f7321), rgb(0x8a5a10), rgb(0x3b6f7d), rgb(0x9a4a4a),
	}
}
