package view

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// Echo is the test call.
type Echo struct {
	root     *fyne.Container
	body     *fyne.Container
	title    *w.Paragraph
	tile     *w.VideoTile
	words    *w.Paragraph
	tip      *w.Paragraph
	problem  *w.Paragraph
	progress *w.ProgressBar
	meter    *w.LevelMeter
	again    *w.Button
	done     *w.Button
	feeds    []Feed
}

// NewEcho returns the screen.
func NewEcho(p *present.EchoScreen) *Echo {
	v := &Echo{
		title: w.NewParagraph(midTi, ""), tile: w.NewVideoTile(look.RadiusCard),
		words: w.NewParagraph(w.Style{Size: look.SizeHead, Bold: true, Align: w.Middle}, ""), tip: w.NewParagraph(mid, ""),
		problem:  w.NewParagraph(w.Style{Color: look.Warning, Align: w.Middle}, ""),
		progress: w.NewProgressBar(), meter: w.NewLevelMeter(),
	}
	v.tile.SetID("echo.picture")
	v.words.SetID("echo.words")
	v.tip.SetID("echo.tip")
	v.problem.SetID("echo.problem")
	v.meter.SetID("echo.level")
	v.again = w.NewButton(w.Primary, assets.IconRefresh, "", p.Again)
	v.again.SetID("echo.again")
	v.done = w.NewButton(w.Plain, "", "", p.Cancel)
	v.done.SetID("echo.close")
	body := w.Column(look.S16, v.title,
		w.Grow(w.Ratio(16.0/9, 300, v.tile)), v.progress,
		w.Place(w.Middle, w.Start, 0, w.Row(look.S12, w.NewSymbol(look.IconSize).Set(assets.IconMic, look.Dim), v.meter)),
		w.Column(look.S4, v.words, v.tip, v.problem),
		w.Wrap(look.S12, w.Middle, v.again, v.done))
	// The picture gives way when there is little room: the words matter more.
	v.body = w.Place(w.Middle, w.Middle, w.Scaled(528), w.Pad(0, look.S16, 0, look.S16, body))
	v.root = w.Stack(w.NewGround(look.Background, "", 0), w.Pad(look.S16, 0, look.S16, 0, v.body))
	return v
}

// Object returns what to put into the window.
func (v *Echo) Object() fyne.CanvasObject { return v.root }

// Feeds says which pictures go where.
func (v *Echo) Feeds() []Feed { return v.feeds }

// Render shows m.
func (v *Echo) Render(m *present.EchoModel, l *i18n.Lang) {
	v.title.Set(l.T("echo.title"))
	showTile(v.tile, m.Tile)
	v.words.Set(m.Words)
	v.tip.Set(m.Tip)
	setVisible(v.tip, m.Tip != "")
	v.problem.Set(m.Problem)
	setVisible(v.problem, m.Problem != "")
	v.progress.Set(max(0, m.Progress))
	v.meter.Set(m.Level)
	v.again.Set(l.T("echo.again"))
	setVisible(v.again, m.CanAgain)
	v.done.Set(l.T("button.close"))
	v.feeds = feed(v.tile, m.Tile)
	w.Relayout(v.body)
}
