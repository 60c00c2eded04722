package widgets

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/look"
)

// CallState is how a button of the call's bar stands.
type CallState uint8

// The states.
const (
	CallPlain   CallState = iota
	CallOff               // a device that is off: white, so that nobody misses it
	CallOn                // something that is open or running
	CallOpening           // asked for, not there yet
	CallEnd               // hang up
)

// CallButton is a square of 48 in the call's bar; it has an icon, and its words
// as a tip.
type CallButton struct {
	control
	icon  assets.IconName
	state CallState
	badge bool
}

// NewCallButton returns a button for a Bar.
func NewCallButton(icon assets.IconName, state CallState, tap func()) *CallButton {
	b := &CallButton{icon: icon, state: state}
	b.extend(b, tap)
	return b
}

// Set changes icon and state.
func (b *CallButton) Set(icon assets.IconName, state CallState) {
	if b.icon == icon && b.state == state {
		return
	}
	b.icon, b.state = icon, state
	b.Refresh()
}

// SetBadge shows or hides the dot that says that something is new.
func (b *CallButton) SetBadge(v bool) {
	if b.badge != v {
		b.badge = v
		b.Refresh()
	}
}

// Words implements Worded.
func (b *CallButton) Words() string { return b.tip }

// Condition implements Conditioned.
func (b *CallButton) Condition() string {
	switch {
	case b.disabled:
		return "disabled"
	case b.state == CallOff:
		return "off"
	case b.state == CallOn:
		return "on"
	case b.state == CallOpening:
		return "opening"
	}
	return ""
}

// TypedKey adds the arrow keys, which walk along the bar.
func (b *CallButton) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft:
		b.moveFocus(true)
	case fyne.KeyRight:
		b.moveFocus(false)
	default:
		b.control.TypedKey(e)
	}
}

// CreateRenderer implements fyne.Widget.
func (b *CallButton) CreateRenderer() fyne.WidgetRenderer {
	back, ring, icon, dot := box(look.RadiusCard), newRing(look.RadiusCard), newGlyph(), box(5)
	d := &drawing{owner: b, objects: []fyne.CanvasObject{back, icon.Image, dot, ring}}
	d.min = func() fyne.Size {
		if b.state == CallEnd {
			return fyne.NewSize(look.EndButton, look.CallButton)
		}
		return fyne.NewSquareSize(look.CallButton)
	}
	d.layout = func(s fyne.Size) {
		back.Resize(s)
		placeRing(ring, fyne.Position{}, s)
		icon.place(0, 0, s.Width, s.Height, 20)
		dot.Resize(fyne.NewSquareSize(10))
		dot.Move(fyne.NewPos(s.Width-14, 4))
	}
	d.paint = func() {
		fill, ink := look.BarButton, look.OnBar
		switch b.state {
		case CallOff:
			fill, ink = look.BarOff, look.OnBarOff
		case CallOn:
			fill = look.BarOn
		case CallOpening:
			ink = look.StageDim
		case CallEnd:
			fill = look.EndCall
			if b.hovered {
				fill = look.EndHover
			}
		case CallPlain:
			if b.hovered {
				fill = look.BarHover
			}
		}
		if b.disabled {
			fill, ink = look.Bar, look.StageDim
		}
		back.FillColor = shade(fill)
		ring.StrokeColor = shade(look.StageRing)
		showIf(ring, b.focused)
		dot.FillColor = shade(look.StageGood)
		showIf(dot, b.badge)
		icon.set(b.icon, shade(ink))
	}
	return draw(d)
}

// Bar is the rounded ground on which call buttons stand.
func Bar(buttons ...fyne.CanvasObject) *fyne.Container {
	return Stack(NewGround(look.Bar, "", look.RadiusBar), Pad(look.S12, 10, look.S12, 10, Row(look.S8, buttons...)))
}
