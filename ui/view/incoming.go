package view

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// Incoming is the window of a call that rings.
type Incoming struct {
	p       *present.Incoming
	root    *fyne.Container
	scroll  *fyne.Container
	body    *fyne.Container
	avatar  *w.Avatar
	name    *w.Line
	words   *w.Paragraph
	lock    *w.Symbol
	verif   *w.Line
	others  *w.Paragraph
	warning *w.Paragraph
	first   *w.Button
	second  *w.Button
	decline *w.Button
	more    *w.Button
	block   *w.Button
	replies [3]*w.Button
	own     *w.Entry
	message *fyne.Container
	video   bool
	open    bool
	ends    bool // accepting ends the call that is up
	resize  func(open bool)
}

// NewIncoming returns the window's content. resize is called when the replies
// open or close, so that the window can make room.
func NewIncoming(p *present.Incoming, resize func(open bool)) *Incoming {
	v := &Incoming{
		p: p, avatar: w.NewAvatar("", 72), name: w.NewName(w.Style{Size: look.SizeHead, Bold: true, Align: w.Middle}, ""),
		words: w.NewParagraph(mid, ""), verif: w.NewLine(dim, ""),
		others: w.NewParagraph(w.Style{Color: look.Dim, Size: look.SizeSmall, Align: w.Middle}, ""), warning: w.NewParagraph(w.Style{Color: look.Warning, Size: look.SizeSmall, Align: w.Middle}, ""),
		resize: resize,
	}
	v.name.SetID("incoming.name")
	v.words.SetID("incoming.words")
	v.verif.SetID("incoming.verified")
	v.lock = w.NewSymbol(look.IconSmall).Set(assets.IconLock, look.Dim)
	verified := w.Place(w.Middle, w.Start, 0, w.Row(look.S8, v.lock, v.verif))
	v.first = w.NewButton(w.Primary, assets.IconCam, "", func() { p.Accept(v.video) })
	v.first.SetID("incoming.accept")
	v.second = w.NewButton(w.Plain, assets.IconPhone, "", func() { p.Accept(!v.video) })
	v.second.SetID("incoming.accept_other")
	v.decline = w.NewButton(w.Danger, assets.IconEnd, "", func() { p.Decline("") })
	v.decline.SetID("incoming.decline")
	v.more = w.NewButton(w.Link, "", "", func() { v.setOpen(!v.open) })
	v.more.SetID("incoming.message")
	v.block = w.NewButton(w.Link, "", "", p.Block)
	v.block.SetID("incoming.block")
	replies := w.Column(look.S8)
	for i := range v.replies {
		v.replies[i] = w.NewButton(w.Plain, "", "", nil)
		v.replies[i].SetID("incoming.reply." + string(rune('1'+i)))
		replies.Add(v.replies[i])
	}
	v.own = w.NewEntry(200, nil, func(s string) { p.Decline(s) })
	v.own.SetID("incoming.own_message")
	replies.Add(w.Framed(v.own))
	v.message = replies
	v.message.Hide()
	v.body = w.Column(look.S12,
		w.Place(w.Middle, w.Start, 0, v.avatar),
		w.Column(look.S4, v.name, v.words, verified, v.others, v.warning),
		w.Wrap(look.S12, w.Middle, v.first, v.second, v.decline),
		w.Wrap(look.S12, w.Middle, v.more, v.block), v.message)
	v.scroll, _ = w.Scroll(120, w.Place(w.Middle, w.Middle, w.Scaled(480), w.Inset(look.S16, v.body)))
	v.root = w.Stack(w.NewGround(look.Background, "", 0), v.scroll)
	return v
}

// RingWidth is how wide the window is.
func RingWidth() float32 { return w.Scaled(440) }

// Height is how high the window has to be for its content.
func (v *Incoming) Height(width float32) float32 {
	return w.HeightFor(v.body, width-2*look.S16) + 2*look.S16
}

func (v *Incoming) setOpen(open bool) {
	v.open = open
	setVisible(v.message, open)
	w.Relayout(v.scroll)
	v.resize(open)
}

// Object returns what to put into the window.
func (v *Incoming) Object() fyne.CanvasObject { return v.root }

// Render shows m.
func (v *Incoming) Render(m *present.IncomingModel, l *i18n.Lang) {
	v.video, v.ends = m.Video, m.Warning != ""
	v.avatar.Set(m.Name, w.NoDot, look.Background)
	v.name.Set(m.Name)
	v.words.Set(m.Words)
	v.verif.Set(m.Verified)
	setVisible(v.lock, m.Sure)
	v.others.Set(m.Others)
	setVisible(v.others, m.Others != "")
	v.warning.Set(m.Warning)
	setVisible(v.warning, m.Warning != "")
	if m.Video {
		v.first.Set(l.T("incoming.accept"))
		v.first.SetIcon(assets.IconCam)
		v.second.Set(l.T("incoming.accept_voice"))
		v.second.SetIcon(assets.IconPhone)
	} else {
		v.first.Set(l.T("incoming.accept"))
		v.first.SetIcon(assets.IconPhone)
		v.second.Set(l.T("incoming.accept_video"))
		v.second.SetIcon(assets.IconCam)
	}
	v.decline.Set(l.T("incoming.decline"))
	v.more.Set(l.T("incoming.decline_saying"))
	for i, b := range v.replies {
		if i < len(m.Replies) {
			text := m.Replies[i]
			b.Set(text)
			b.OnPress(func() { v.p.Decline(text) })
		}
	}
	v.block.Set(l.T("incoming.block"))
	setVisible(v.block, m.CanBlock)
	v.own.Hint(l.T("incoming.own_message"))
	w.Relayout(v.scroll)
}

// Key is a key that no control took. Enter takes the call as it came, but never
// at the cost of one that is up: whoever writes in its chat may press Enter as
// this window comes to the front.
func (v *Incoming) Key(name fyne.KeyName) {
	switch name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if !v.ends {
			v.p.Accept(v.video)
		}
	case fyne.KeyEscape:
		v.Reset()
	}
}

// Reset closes the replies: another call rings.
func (v *Incoming) Reset() {
	v.own.Put("")
	if v.open {
		v.setOpen(false)
	}
}
