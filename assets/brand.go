package assets

import _ "embed"

// Brand is whose program this is, as its windows say it.
type Brand struct {
	Name string
	// Accent is the one colour of buttons and marks, 0xRRGGBB, in the light and
	// the dark theme; 0: the program's own.
	AccentLight, AccentDark uint32
}

// Branding is that of this build. A build with BRAND=DIR replaces this file and
// icon.png (docs/branding.md).
func Branding() Brand { return Brand{Name: Name} }

// Name is what the program is called in the translations, where the brand's
// name takes its place.
const Name = "Parley"

//go:embed icon.png
var appIcon []byte

// AppIcon is the program's icon, 256 x 256, PNG.
func AppIcon() []byte { return appIcon }
