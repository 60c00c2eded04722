package look

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"

	"parley/assets"
)

// Icon returns an icon of the program's family drawn in colour c. The name is
// that of a file in assets/icons without its ending.
func Icon(name assets.IconName, c color.Color) fyne.Resource {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	hex := fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
	return &fyne.StaticResource{
		StaticName:    fmt.Sprintf("%s-%s.svg", name, hex[1:]),
		StaticContent: bytes.ReplaceAll(assets.Icon(name), []byte("currentColor"), []byte(hex)),
	}
}
