package widgets

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// LevelMeter shows how loud something is in twelve steps.
type LevelMeter struct {
	widget.BaseWidget
	ident
	lit int
}

const (
	meterSteps = 12
	meterWide  = 8
	meterHigh  = 14
	meterGap   = 3
)

// NewLevelMeter returns a dark meter.
func NewLevelMeter() *LevelMeter {
	m := &LevelMeter{}
	m.ExtendBaseWidget(m)
	return m
}

// Set shows a level from 0 to 1.
func (m *LevelMeter) Set(level float64) {
	lit := int(max(0, min(1, level))*meterSteps + 0.5)
	if lit == m.lit {
		return
	}
	m.lit = lit
	m.Refresh()
}

// Words implements Worded: the number of lit steps.
func (m *LevelMeter) Words() string { return strconv.Itoa(m.lit) }

// CreateRenderer implements fyne.Widget.
func (m *LevelMeter) CreateRenderer() fyne.WidgetRenderer {
	d := &drawing{owner: m}
	for range meterSteps {
		d.objects = append(d.objects, box(2))
	}
	d.min = func() fyne.Size { return fyne.NewSize(meterSteps*(meterWide+meterGap)-meterGap, meterHigh) }
	d.layout = func(s fyne.Size) {
		for i, o := range d.objects {
			o.Resize(fyne.NewSize(meterWide, meterHigh))
			o.Move(fyne.NewPos(float32(i)*(meterWide+meterGap), (s.Height-meterHigh)/2))
		}
	}
	d.paint = func() {
		for i, o := range d.objects {
			name := look.Line
			switch {
			case i >= m.lit:
			case i >= meterSteps-1:
				name = look.Bad
			case i >= meterSteps-3:
				name = look.Warning
			default:
				name = look.Good
			}
			o.(*canvas.Rectangle).FillColor = shade(name)
		}
	}
	return draw(d)
}
