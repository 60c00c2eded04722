package view

import (
	"time"

	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// barStays is how long the bar shows after the mouse moved.
const barStays = 3 * time.Second

// Call is the screen of a call: the other's picture with everything else over
// it, and a panel beside it.
type Call struct {
	p    *present.Call
	tips *w.Tips
	now  func() time.Time

	root   *fyne.Container
	stage  *fyne.Container
	mouse  *w.MouseArea
	remote *w.VideoTile
	self   *w.VideoTile
	float  *w.Floater

	top     *fyne.Container // name, lock, muted
	name    *w.Pill
	lock    *w.Pill
	muted   *w.Pill
	quality *w.Pill
	notice  *w.Pill
	rec     *w.Pill // stays in sight as long as it is true
	card    *w.Banner
	big     *fyne.Container // reconnecting
	bigText *w.Paragraph
	bigTip  *w.Paragraph

	bar   *fyne.Container
	mic   *w.CallButton
	cam   *w.CallButton
	chat  *w.CallButton
	more  *w.CallButton
	full  *w.CallButton
	end   *w.CallButton
	panel *callPanel

	moved     time.Time
	alwaysBar bool
	feeds     []Feed
}

// NewCall returns the screen; fullScreen turns the whole screen on and off.
func NewCall(p *present.Call, fullScreen func(), tips *w.Tips, now func() time.Time) *Call {
	v := &Call{p: p, tips: tips, now: now, remote: w.NewVideoTile(0), self: w.NewVideoTile(10), moved: now(), alwaysBar: true}
	v.remote.SetID("call.remote")
	v.remote.SetFoot(look.CallButton + look.S32)
	v.self.SetID("call.self")
	v.self.SetEdge(look.StageLine, 2)
	v.float = w.NewFloater(v.self)
	v.float.SetID("call.self.frame")
	v.float.OnMove = func() { v.layoutStage(v.stage.Size()) }
	v.mouse = w.NewMouseArea(v.Wake, fullScreen)
	v.name, v.lock, v.muted, v.quality, v.notice, v.rec = w.NewPill(), w.NewPill(), w.NewPill(), w.NewPill(), w.NewPill(), w.NewPill()
	v.card = w.NewBanner("call.card")
	v.quality.OnTap(func() {
		v.Wake()
		p.ToggleConnection()
	})
	for id, pill := range map[string]*w.Pill{"call.recording": v.rec, "call.name": v.name, "call.security": v.lock, "call.muted": v.muted, "call.quality": v.quality, "call.notice": v.notice} {
		pill.SetID(id)
	}
	v.top = w.Row(look.S8, v.name, v.lock, v.muted)
	v.bigText = w.NewParagraph(w.Style{Color: look.StageText, Size: look.SizeTitle, Bold: true, Align: w.Middle}, "")
	v.bigText.SetID("call.overlay")
	v.bigTip = w.NewParagraph(w.Style{Color: look.StageText, Align: w.Middle}, "")
	v.big = w.Column(look.S8, v.bigText, v.bigTip)
	v.big.Hide()

	v.mic = v.button("call.microphone", assets.IconMic, w.CallPlain, p.ToggleMicrophone)
	v.cam = v.button("call.camera", assets.IconCam, w.CallPlain, p.ToggleCamera)
	v.chat = v.button("call.chat", assets.IconChat, w.CallPlain, p.ToggleChat)
	v.more = v.button("call.more", assets.IconMore, w.CallPlain, p.ToggleMore)
	v.full = v.button("call.full_screen", assets.IconExpand, w.CallPlain, fullScreen)
	v.end = v.button("call.hangup", assets.IconEnd, w.CallEnd, p.Hangup)
	v.bar = w.Bar(v.mic, v.cam, v.chat, v.full, v.more, v.end)

	v.stage = w.Free(fyne.NewSize(240, 180), v.layoutStage, v.remote, v.mouse, v.big, v.top, v.quality, v.notice, v.bar, v.float)
	v.panel = newCallPanel(p, tips)
	v.root = w.Free(fyne.NewSize(320, 240), v.layout, v.stage, v.panel.root, v.rec, v.card.Object())
	return v
}

func (v *Call) button(id string, icon assets.IconName, s w.CallState, tap func()) *w.CallButton {
	b := w.NewCallButton(icon, s, func() {
		v.Wake()
		tap()
	})
	b.SetID(id)
	return b
}

// Object returns what to put into the window.
func (v *Call) Object() fyne.CanvasObject { return v.root }

// Entry is where chat is written.
func (v *Call) Entry() fyne.Focusable { return v.panel.entry }

// Feeds says which pictures go where.
func (v *Call) Feeds() []Feed { return v.feeds }

// Wake shows the bar: the mouse moved, or a key was pressed.
func (v *Call) Wake() {
	v.moved = v.now()
	v.showBar(true)
}

// Reset is called when another call begins.
func (v *Call) Reset() {
	v.remote.Clear()
	v.self.Clear()
	v.panel.entry.Put("")
	v.Wake()
}

func (v *Call) showBar(show bool) {
	changed := setVisible(v.bar, show)
	setVisible(v.top, show)
	if changed {
		if !show {
			v.tips.HideFor(nil)
		}
		v.layoutStage(v.stage.Size())
	}
}

// keepBar says whether the bar must stay: something is not settled yet, the
// mouse is on it, or the keyboard is in use.
func (v *Call) keepBar() bool {
	if v.alwaysBar || v.now().Sub(v.moved) < barStays {
		return true
	}
	for _, b := range []*w.CallButton{v.mic, v.cam, v.chat, v.full, v.more, v.end} {
		if b.Hovered() || b.HasFocus() {
			return true
		}
	}
	cv := fyne.CurrentApp().Driver().CanvasForObject(v.root)
	return cv != nil && cv.Focused() != nil
}

func (v *Call) layout(s fyne.Size) {
	open := v.panel.root.Visible()
	wide := float32(0)
	if open {
		wide = min(s.Width, w.Scaled(look.SidePanel))
		if s.Width < w.Scaled(look.Narrow) {
			wide = s.Width
		}
	}
	v.panel.root.Move(fyne.NewPos(s.Width-wide, 0))
	v.panel.root.Resize(fyne.NewSize(wide, s.Height))
	setVisible(v.stage, !open || wide < s.Width)
	v.stage.Resize(fyne.NewSize(max(0, s.Width-wide), s.Height))
	v.stage.Move(fyne.Position{})
	if v.stage.Visible() {
		return
	}
	// What must be seen is seen over the panel as well.
	rm := v.rec.MinSize()
	rw := min(rm.Width, s.Width/2)
	v.rec.Resize(fyne.NewSize(rw, rm.Height))
	v.rec.Move(fyne.NewPos(s.Width-rw-look.S32-look.S24, look.S8))
	v.placeCard(s, look.S8, look.S8)
}

// placeCard puts the card above foot, and returns its height.
func (v *Call) placeCard(s fyne.Size, margin, foot float32) float32 {
	card := v.card.Object()
	wide := min(w.Scaled(480), s.Width-2*margin)
	high := w.HeightFor(card, wide)
	card.Resize(fyne.NewSize(wide, high))
	card.Move(fyne.NewPos((s.Width-wide)/2, max(margin, s.Height-foot-high)))
	return high
}

func (v *Call) layoutStage(s fyne.Size) {
	if !v.stage.Visible() {
		return
	}
	for _, o := range v.stage.Objects[:2] {
		o.Resize(s)
	}
	margin := look.S16
	if s.Width < 560 {
		margin = look.S8
	}
	bm := v.bar.MinSize()
	v.bar.Resize(bm)
	v.bar.Move(fyne.NewPos((s.Width-bm.Width)/2, s.Height-bm.Height-margin))
	foot := margin
	if v.bar.Visible() {
		foot = bm.Height + 2*margin - look.S4
	}
	// What is wrong is said in its own place; if the names leave no room beside
	// them it goes below.
	qm, tm := v.quality.MinSize(), v.top.MinSize()
	topWide := min(tm.Width, s.Width-2*margin)
	v.top.Resize(fyne.NewSize(topWide, tm.Height))
	v.top.Move(fyne.NewPos(margin, margin))
	y := margin
	if v.top.Visible() && topWide+qm.Width+look.S8 > s.Width-2*margin {
		y += tm.Height + look.S8
	}
	qw := min(qm.Width, s.Width-2*margin)
	v.quality.Resize(fyne.NewSize(qw, qm.Height))
	v.quality.Move(fyne.NewPos(s.Width-qw-margin, y))
	// The sign of a recording is never hidden: beside the names, or below them.
	rows := y
	if v.rec.Visible() {
		rm := v.rec.MinSize()
		x, ry := margin, margin
		if v.top.Visible() {
			x += topWide + look.S8
		}
		right := s.Width - margin
		if v.quality.Visible() && y == margin {
			right -= qw + look.S8
		}
		if x+rm.Width > right {
			x, ry = margin, margin+tm.Height+look.S8
			if v.quality.Visible() && y > margin && rm.Width+qw+look.S8 > s.Width-2*margin {
				ry = y + tm.Height + look.S8
			}
		}
		rows = max(rows, ry)
		v.rec.Resize(fyne.NewSize(min(rm.Width, s.Width-2*margin), rm.Height))
		v.rec.Move(fyne.NewPos(x, ry))
	}
	nm := v.notice.MinSize()
	nw := min(nm.Width, s.Width-2*margin)
	v.notice.Resize(fyne.NewSize(nw, nm.Height))
	v.notice.Move(fyne.NewPos((s.Width-nw)/2, s.Height-nm.Height-foot))
	bigWide := min(480, s.Width-2*look.S24)
	bh := w.HeightFor(v.big, bigWide)
	v.big.Resize(fyne.NewSize(bigWide, bh))
	v.big.Move(fyne.NewPos((s.Width-bigWide)/2, (s.Height-foot-bh)/2))
	if ch := v.placeCard(s, margin, foot); v.card.Object().Visible() {
		v.notice.Move(fyne.NewPos((s.Width-nw)/2, max(margin, s.Height-foot-ch-nm.Height-look.S8)))
		if s.Width < w.Scaled(look.Narrow) {
			foot += ch + look.S8
		}
	}
	selfWide := max(128, min(216, s.Width*0.27))
	if v.notice.Visible() && s.Width < w.Scaled(look.Narrow) {
		foot += nm.Height + look.S8
	}
	topGap := margin
	if v.top.Visible() || v.quality.Visible() || v.rec.Visible() {
		topGap = rows + tm.Height + look.S8
	}
	v.float.Place(s, fyne.NewSize(selfWide, selfWide*9/16), margin, topGap, foot)
}

// Render shows m; full says whether the window fills the screen.
func (v *Call) Render(m *present.CallModel, l *i18n.Lang, full bool) {
	showTile(v.remote, m.Remote)
	if m.Status != "" {
		v.remote.SetPerson(m.Name, m.Status)
	}
	if m.Overlay != "" && v.remote.HasPicture() {
		v.remote.SetPerson(m.Name, "")
	}
	var edge fyne.ThemeColorName
	if m.Remote.Speaking {
		edge = look.Accent
	}
	v.remote.SetEdge(edge, 3)
	showTile(v.self, m.Self)
	if m.Self.Speaking {
		v.self.SetEdge(look.Accent, 3)
	} else {
		v.self.SetEdge(look.StageLine, 2)
	}
	setVisible(v.float, m.ShowSelf)

	// In a small window there is room for one pill: that a guest is one matters
	// more than how long it has been.
	wide, beside := v.root.Size().Width > 560, m.Timer
	if !wide && m.Guest {
		beside = m.Security
	}
	v.name.Set(w.PillState{Strong: m.Name, Text: beside})
	icon := assets.IconLock
	v.lock.Set(w.PillState{Text: m.Security, Icon: icon})
	setVisible(v.lock, m.Security != "" && wide)
	v.muted.Set(w.PillState{Text: m.Muted, Icon: assets.IconMicOff})
	setVisible(v.muted, m.Muted != "")
	dot := map[present.QualityDot]fyne.ThemeColorName{present.DotGood: look.StageGood, present.DotFair: look.StageWarn, present.DotBad: look.StageBad}[m.QualityDot]
	v.quality.Set(w.PillState{Text: m.Quality, Dot: dot})
	v.notice.Set(w.PillState{Text: m.Notice})
	setVisible(v.notice, m.Notice != "")
	v.bigText.Set(m.Overlay)
	v.bigTip.Set(m.OverlayTip)
	setVisible(v.big, m.Overlay != "")

	v.mic.Set(micIcon(m.Microphone), stateOf(m.Microphone, w.CallPlain))
	v.mic.SetTip(v.tips, m.Microphone.Tip)
	v.cam.Set(camIcon(m.Camera), stateOf(m.Camera, w.CallPlain))
	v.cam.SetTip(v.tips, m.Camera.Tip)
	v.panelButton(v.chat, assets.IconChat, m.Panel == present.ChatPanel)
	v.chat.SetTip(v.tips, l.T("button.chat"))
	v.chat.SetBadge(m.Unread > 0 && m.Panel != present.ChatPanel)
	v.panelButton(v.more, assets.IconMore, m.Panel == present.MorePanel)
	v.more.SetTip(v.tips, l.T("button.more"))
	if full {
		v.full.Set(assets.IconShrink, w.CallPlain)
		v.full.SetTip(v.tips, l.T("button.leave_full_screen"))
	} else {
		v.full.Set(assets.IconExpand, w.CallPlain)
		v.full.SetTip(v.tips, l.T("button.full_screen"))
	}
	v.end.SetTip(v.tips, l.T("button.hangup"))

	v.rec.Set(w.PillState{Text: m.Recording, Icon: assets.IconRecord, Fill: look.EndCall})
	setVisible(v.rec, m.Recording != "")
	showBanner(v.card, m.Card, v.tips, l)

	v.alwaysBar = m.Status != "" || m.Overlay != ""
	v.showBar(v.keepBar())
	// What is wrong stays in sight; that all is well does not.
	setVisible(v.quality, m.Quality != "" && (v.bar.Visible() || m.QualityDot != present.DotGood))
	v.panel.render(m, l, v.tips)
	w.Relayout(v.root)
	v.layoutStage(v.stage.Size())
	v.feeds = append(feed(v.remote, m.Remote), selfFeed(v.self, m)...)
}

func selfFeed(t *w.VideoTile, m *present.CallModel) []Feed {
	if !m.ShowSelf {
		return nil
	}
	return feed(t, m.Self)
}

func (v *Call) panelButton(b *w.CallButton, icon assets.IconName, open bool) {
	state := w.CallPlain
	if open {
		state = w.CallOn
	}
	b.Set(icon, state)
}

// ChatOpen reports whether the chat shows.
func (v *Call) ChatOpen() bool { return v.panel.root.Visible() && v.panel.chat.Visible() }
