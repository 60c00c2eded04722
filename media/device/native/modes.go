package native

import (
	"cmp"
	"math"
	"slices"

	"github.com/pion/mediadevices/pkg/frame"
	"github.com/pion/mediadevices/pkg/prop"

	"parley/media/device"
)

// rank orders the modes of a device by how well they serve the wish: the size
// first, too small being worse than too large, then the frame rate, then what
// a picture costs to decode and has lost to compression (JPEG). Depth pictures
// and modes without a size are left out.
func rank(modes []prop.Media, want device.VideoFormat) []prop.Media {
	fit := make([]prop.Media, 0, len(modes))
	for _, m := range modes {
		if m.Width > 0 && m.Height > 0 && m.FrameFormat != frame.FormatZ16 {
			fit = append(fit, m)
		}
	}
	slices.SortStableFunc(fit, func(a, b prop.Media) int {
		return cmp.Or(
			cmp.Compare(cost(a, want), cost(b, want)),
			cmp.Compare(a.FrameFormat, b.FrameFormat),
			cmp.Compare(a.Width, b.Width),
			cmp.Compare(a.Height, b.Height),
			cmp.Compare(a.FrameRate, b.FrameRate),
		)
	})
	return fit
}

func cost(m prop.Media, want device.VideoFormat) float64 {
	area, wanted := float64(m.Width*m.Height), float64(want.Width*want.Height)
	var c float64
	if m.Width >= want.Width && m.Height >= want.Height {
		c = (area - wanted) / wanted
	} else {
		c = 4 * max(1-area/wanted, 0.05)
	}
	shape := float64(m.Width) / float64(m.Height) * float64(want.Height) / float64(want.Width)
	c += 0.5 * math.Abs(math.Log(shape))
	switch rate := float64(m.FrameRate) / want.FPS; {
	case m.FrameRate == 0: // the driver does not say
		c += 0.1
	case rate < 0.95:
		c += 3 * (1 - rate)
	default:
		c += 0.05 * (rate - 1)
	}
	if m.FrameFormat == frame.FormatMJPEG {
		c += 0.15
	}
	return c
}
