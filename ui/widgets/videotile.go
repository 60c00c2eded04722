package widgets

import (
	"image"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"parley/ui/look"
)

// VideoTile shows a person's picture, or their initials while there is none.
//
// The picture is an *image.RGBA of the size that Pixels says, made elsewhere
// and handed over on the UI goroutine: it is drawn as it is, because Fyne's own
// scaling runs on the UI goroutine and takes longer than a frame. While the
// tile changes its shape the picture on screen still has the old one: the
// graphics card crops it, so that nobody is stretched.
//
// Where there is no graphics card each pixel of each layer counts: a picture of
// the tile's own size is not filtered, and what cannot be seen is not drawn.
type VideoTile struct {
	widget.BaseWidget
	ident
	name     string
	note     string
	radius   float32
	edge     fyne.ThemeColorName
	edgeWide float32
	dimmed   bool
	picture  *canvas.Image
	pixels   atomic.Uint64 // width << 32 | height
	foot     float32       // kept free of words at the lower edge
	opaque   bool          // the picture leaves nothing of the stage to see
}

// NewVideoTile returns a tile with rounded corners.
func NewVideoTile(radius float32) *VideoTile {
	t := &VideoTile{radius: radius, picture: &canvas.Image{
		FillMode: canvas.ImageFillCover, ScaleMode: canvas.ImageScaleFastest, CornerRadius: radius,
	}}
	t.picture.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// SetPerson says whose tile it is and what stands below the initials.
func (t *VideoTile) SetPerson(name, note string) {
	if t.name == name && t.note == note {
		return
	}
	t.name, t.note = name, note
	t.Refresh()
}

// SetEdge draws a frame round the tile: "" for none.
func (t *VideoTile) SetEdge(c fyne.ThemeColorName, width float32) {
	if t.edge == c && t.edgeWide == width {
		return
	}
	t.edge, t.edgeWide = c, width
	t.Refresh()
}

// SetFoot keeps words away from the lower edge, where something else stands.
func (t *VideoTile) SetFoot(high float32) { t.foot = high }

// SetDimmed darkens the picture: it stands still.
func (t *VideoTile) SetDimmed(v bool) {
	if t.dimmed != v {
		t.dimmed = v
		t.Refresh()
	}
}

// SetPicture shows img until the next call. Nobody may write to img until the
// picture after it was set.
func (t *VideoTile) SetPicture(img *image.RGBA) {
	t.picture.Image = img
	t.measure(t.Size())
	t.picture.ScaleMode = t.scaling()
	opaque := len(img.Pix) >= 4 && img.Pix[3] == 0xff
	if !t.picture.Visible() || opaque != t.opaque {
		t.opaque = opaque
		t.picture.Show()
		t.Refresh()
		return
	}
	t.picture.Refresh()
}

// scaling is how the picture gets to the size of the tile.
func (t *VideoTile) scaling() canvas.ImageScale {
	if img := t.picture.Image; img != nil {
		if w, h := t.Pixels(); img.Bounds().Size() == image.Pt(w, h) {
			return canvas.ImageScalePixels // pixel for pixel
		}
	}
	return canvas.ImageScaleFastest
}

// Clear takes the picture away.
func (t *VideoTile) Clear() {
	if t.picture.Visible() {
		t.picture.Hide()
		t.picture.Image = nil
		t.Refresh()
	}
}

// HasPicture reports whether a picture shows.
func (t *VideoTile) HasPicture() bool { return t.picture.Visible() }

// Pixels is the size in pixels that a picture should have; zero before the
// tile was shown. Safe for use from any goroutine.
func (t *VideoTile) Pixels() (w, h int) {
	v := t.pixels.Load()
	return int(v >> 32), int(v & 0xffffffff)
}

// Words implements Worded.
func (t *VideoTile) Words() string {
	if t.note != "" {
		return t.name + "\n" + t.note
	}
	return t.name
}

// Condition implements Conditioned: "picture" or "initials".
func (t *VideoTile) Condition() string {
	if t.HasPicture() {
		return "picture"
	}
	return "initials"
}

func (t *VideoTile) measure(s fyne.Size) {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(t); cv != nil {
		w, h := cv.PixelCoordinateForPosition(fyne.NewPos(s.Width, s.Height))
		t.pixels.Store(uint64(max(0, w))<<32 | uint64(max(0, h)))
	}
}

// CreateRenderer implements fyne.Widget.
func (t *VideoTile) CreateRenderer() fyne.WidgetRenderer {
	stage, scrim, edge := box(t.radius), box(t.radius), newFrame(t.radius)
	avatar := NewAvatar("", 96)
	note := NewParagraph(Style{Color: look.StageDim, Align: Middle}, "")
	d := &drawing{owner: t, objects: []fyne.CanvasObject{stage, avatar, note, t.picture, scrim}}
	d.objects = append(d.objects, edge.objects()...)
	d.min = func() fyne.Size { return fyne.NewSize(64, 36) }
	d.layout = func(s fyne.Size) {
		t.measure(s)
		stage.Resize(s)
		scrim.Resize(s)
		if mode := t.scaling(); mode != t.picture.ScaleMode {
			t.picture.ScaleMode = mode
			t.picture.Refresh()
		}
		t.picture.Resize(s)
		edge.resize(s)
		free := s.Height - t.foot
		side := max(24, min(scaled(112), free*0.38, s.Width*0.38))
		high, words := side, float32(0)
		room := s.Width - 2*look.S16
		if t.note != "" && s.Width > scaled(180) {
			words = note.HeightFor(room)
			// Words matter more than the circle.
			side = max(24, min(side, free-words-3*look.S12))
			high = side + look.S12 + words
		}
		y := max(look.S8, (free-high)/2)
		avatar.SetSide(side)
		avatar.Resize(fyne.NewSquareSize(side))
		avatar.Move(fyne.NewPos((s.Width-side)/2, y))
		note.Resize(fyne.NewSize(room, words))
		note.Move(fyne.NewPos(look.S16, y+side+look.S12))
		showIf(note, words > 0 && !t.picture.Visible())
	}
	d.paint = func() {
		stage.FillColor, scrim.FillColor = shade(look.Stage), shade(look.Scrim)
		avatar.Set(t.name, NoDot, look.Stage)
		note.Set(t.note)
		showIf(avatar, t.name != "" && !t.picture.Visible())
		edge.set(t.edge, t.edgeWide)
		d.layout(t.Size())
		// Under rounded corners the stage would show as a dark edge.
		showIf(stage, !t.picture.Visible() || !t.opaque)
		showIf(scrim, t.dimmed)
	}
	return draw(d)
}
