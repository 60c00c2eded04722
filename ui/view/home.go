package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// Home lists people on the left and shows the chosen one on the right. A
// narrow window shows one of the two.
type Home struct {
	p        *present.Home
	settings func()
	tips     *w.Tips

	root    *fyne.Container
	side    *fyne.Container
	main    *fyne.Container
	banners *fyne.Container
	rules   *w.Banner
	service *w.Banner
	update  *w.Banner
	notice  *w.Banner

	search *w.Entry
	list   *fyne.Container
	scroll *fyne.Container
	empty  *w.Paragraph
	heads  map[string]*w.Line
	rows   map[string]*homeRow
	order  []fyne.CanvasObject

	me       *w.Avatar
	meName   *w.Line
	meNote   *w.Line
	gear     *w.IconButton
	sideBtns *fyne.Container
	edge     *w.Ground // between the two sides

	detail   *fyne.Container
	circle   *fyne.Container
	hint     *fyne.Container
	hintText *w.Paragraph
	back     *w.IconButton
	avatar   *w.Avatar
	name     *w.Line
	lock     *fyne.Container
	verified *w.Line
	about    *w.Paragraph
	video    *w.Button
	voice    *w.Button
	contact  *w.Button
	block    *w.Button
	accept   *w.Button
	decline  *w.Button
	calls    *fyne.Container // the buttons that call
	answers  *fyne.Container // those of a request
	mainBtns *fyne.Container
	links    [2]*w.Button // of the wide window, of the narrow one
	tests    [2]*w.Button
	selves   [2]*w.Button

	self  *w.VideoTile // the own picture, at the foot
	hide  *w.Button    // beside it
	feeds []Feed

	chosen bool
	person string
}

type homeRow struct {
	row        *w.PersonRow
	action     *w.IconButton
	open, call func()
}

// NewHome returns the screen; settings opens the settings.
func NewHome(p *present.Home, settings func(), tips *w.Tips) *Home {
	v := &Home{p: p, settings: settings, tips: tips, heads: map[string]*w.Line{}, rows: map[string]*homeRow{}}
	v.rules, v.service, v.notice = w.NewBanner("home.rules"), w.NewBanner("home.service"), w.NewBanner("home.notice")
	v.update = w.NewBanner("home.update")
	v.banners = w.Column(look.S8, v.rules.Object(), v.service.Object(), v.update.Object(), v.notice.Object())
	for i := range v.links {
		v.links[i] = w.NewButton(w.Plain, assets.IconLink, "", p.NewLink)
		v.links[i].SetID("home.new_link")
		v.tests[i] = w.NewButton(w.Plain, "", "", p.TestCall)
		v.tests[i].SetID("home.test_call")
		v.selves[i] = w.NewButton(w.Quiet, assets.IconCam, "", p.ToggleSelf)
		v.selves[i].SetID("home.self")
	}
	v.self = w.NewVideoTile(look.RadiusCard)
	v.self.SetID("home.self.picture")
	v.hide = w.NewButton(w.Quiet, assets.IconCamOff, "", p.ToggleSelf)
	v.hide.SetID("home.self")
	v.self.Hide()
	v.hide.Hide()
	v.side, v.main = v.newSide(), v.newMain()
	v.root = w.Free(fyne.NewSize(320, 240), v.layout, w.NewGround(look.Background, "", 0), v.side, v.main, v.banners, v.self, v.hide)
	return v
}

func (v *Home) newSide() *fyne.Container {
	v.search = w.NewEntry(512, v.p.SetQuery, func(string) { v.submit() })
	v.search.SetID("home.search")
	v.search.OnEscape = func() {
		v.p.SetQuery("")
		if cv := fyne.CurrentApp().Driver().CanvasForObject(v.search); cv != nil {
			cv.Unfocus()
		}
	}
	v.search.OnArrow = func(down bool) {
		if down {
			v.focusFirstRow()
		}
	}
	v.empty = w.NewParagraph(dim, "")
	v.empty.SetID("home.empty")
	v.list = w.Column(look.S4)
	v.scroll, _ = w.Scroll(64, v.list)

	v.me = w.NewAvatar("", look.S32)
	v.meName, v.meNote = w.NewName(w.Style{Bold: true}, ""), w.NewName(small, "")
	v.meName.SetID("home.me")
	v.meNote.SetID("home.me.note")
	v.gear = w.NewIconButton(assets.IconSettings, v.settings)
	v.gear.SetID("home.settings")
	me := w.Pad(look.S8, look.S12, look.S4, 0, w.Row(look.S12, v.me, w.Grow(w.Column(0, v.meName, v.meNote)), v.gear))
	v.sideBtns = w.Wrap(look.S8, w.Start, v.links[1], v.tests[1], v.selves[1])
	body := w.Column(look.S8, w.Framed(v.search), w.Grow(v.scroll), v.sideBtns, w.Column(0, w.Rule(), me))
	v.edge = w.NewGround(look.Line, "", 0)
	return w.Stack(w.NewGround(look.Panel, "", 0), w.Inset(look.S16, body), w.Place(w.End, w.Start, 1, w.Fixed(1, 4000, v.edge)))
}

func (v *Home) newMain() *fyne.Container {
	v.back = w.NewIconButton(assets.IconBack, func() { v.p.Select("") })
	v.back.SetID("person.back")
	v.avatar = w.NewAvatar("", 96)
	v.name = w.NewName(midTi, "")
	v.name.SetID("person.name")
	v.verified = w.NewLine(dim, "")
	v.lock = w.Place(w.Middle, w.Start, 0, w.Row(look.S8, w.NewSymbol(look.IconSmall).Set(assets.IconLock, look.Dim), v.verified))
	v.about = w.NewParagraph(mid, "")
	v.about.SetID("person.note")
	v.video = w.NewButton(w.Primary, assets.IconCam, "", v.p.VideoCall)
	v.video.SetID("person.video_call")
	v.voice = w.NewButton(w.Plain, assets.IconPhone, "", v.p.VoiceCall)
	v.voice.SetID("person.voice_call")
	v.contact = w.NewButton(w.Link, "", "", v.p.ToggleContact)
	v.contact.SetID("person.contact")
	v.block = w.NewButton(w.Quiet, assets.IconBlock, "", v.p.ToggleBlock)
	v.block.SetID("person.block")
	v.accept = w.NewButton(w.Primary, assets.IconUserPlus, "", v.p.AcceptRequest)
	v.accept.SetID("person.accept")
	v.decline = w.NewButton(w.Plain, assets.IconClose, "", v.p.DeclineRequest)
	v.decline.SetID("person.decline")
	v.calls, v.answers = w.Wrap(look.S12, w.Middle, v.video, v.voice), w.Wrap(look.S12, w.Middle, v.accept, v.decline)
	v.circle = w.Place(w.Middle, w.Start, 0, v.avatar)
	v.detail = w.Column(look.S16,
		v.circle,
		w.Column(look.S4, v.name, v.lock, v.about),
		v.calls, v.answers,
		w.Wrap(look.S8, w.Middle, v.contact, v.block))
	v.hintText = w.NewParagraph(mid, "")
	v.hint = w.Column(look.S16,
		w.Place(w.Middle, w.Start, 0, w.NewSymbol(48).Set(assets.IconCam, look.Away)),
		v.hintText)
	v.mainBtns = w.Wrap(look.S12, w.End, v.selves[0], v.links[0], v.tests[0])
	middle, _ := w.Scroll(80, w.Place(w.Middle, w.Middle, w.Scaled(440), v.detail, v.hint))
	return w.Stack(
		w.Pad(look.S16, look.S16, look.S24, look.S24, w.Column(look.S16, w.Grow(middle), v.mainBtns)),
		w.Pad(look.S12, look.S12, 0, 0, w.Place(w.Start, w.Start, 0, v.back)))
}

// layout shows both sides if there is room.
func (v *Home) layout(s fyne.Size) {
	v.root.Objects[0].Resize(s)
	narrow := s.Width < w.Scaled(look.Narrow)
	setVisible(v.side, !narrow || !v.chosen)
	setVisible(v.main, !narrow || v.chosen)
	setVisible(v.back, narrow)
	setVisible(v.sideBtns, narrow)
	setVisible(v.mainBtns, !narrow)
	setVisible(v.edge, !narrow)
	left := float32(0)
	if !narrow {
		left = w.Scaled(look.SidePanel)
		v.side.Move(fyne.Position{})
		v.side.Resize(fyne.NewSize(left, s.Height))
	}
	high := float32(0)
	showing := v.rules.Object().Visible() || v.service.Object().Visible() || v.update.Object().Visible() || v.notice.Object().Visible()
	setVisible(v.banners, showing)
	if showing {
		wide := s.Width - left - 2*look.S12
		high = w.HeightFor(v.banners, wide)
		v.banners.Move(fyne.NewPos(left+look.S12, look.S12))
		v.banners.Resize(fyne.NewSize(wide, high))
		high += look.S12
	}
	foot := v.layoutSelf(s, narrow)
	// The buttons stay in sight: the circle gives way.
	if left := s.Height - high - foot; left >= 400 {
		v.avatar.SetSide(96)
	} else {
		v.avatar.SetSide(56)
	}
	setVisible(v.circle, s.Height-high-foot >= 300)
	v.main.Move(fyne.NewPos(left, high))
	v.main.Resize(fyne.NewSize(s.Width-left, s.Height-high-foot))
	if narrow {
		v.side.Move(fyne.NewPos(0, high))
		v.side.Resize(fyne.NewSize(s.Width, s.Height-high-foot))
	}
}

// layoutSelf puts the own picture into the lower right corner, with the button
// that ends it, and returns how high that is.
func (v *Home) layoutSelf(s fyne.Size, narrow bool) float32 {
	if !v.self.Visible() {
		return 0
	}
	high, edge := float32(135), float32(look.S24)
	if narrow {
		high, edge = 90, look.S16
	}
	wide := high * 16 / 9
	at := fyne.NewPos(s.Width-edge-wide, s.Height-edge-high)
	v.self.Move(at)
	v.self.Resize(fyne.NewSize(wide, high))
	b := v.hide.MinSize()
	v.hide.Move(fyne.NewPos(at.X-look.S12-b.Width, at.Y+(high-b.Height)/2))
	v.hide.Resize(b)
	return high + edge + look.S8
}

// Object returns what to put into the window.
func (v *Home) Object() fyne.CanvasObject { return v.root }

// Feeds says which pictures go where.
func (v *Home) Feeds() []Feed { return v.feeds }

// Search is the line to search in.
func (v *Home) Search() fyne.Focusable { return v.search }

// Back closes the chosen person in a narrow window; false if nothing was open.
func (v *Home) Back() bool {
	if v.chosen && v.root.Size().Width < w.Scaled(look.Narrow) {
		v.p.Select("")
		return true
	}
	return false
}

// submit is Enter in the search line: what was found opens, and the focus goes
// to the button that calls, so that Enter again calls.
func (v *Home) submit() {
	v.p.Submit()
	// The button may not have been painted yet: the canvas is that of the search.
	cv := fyne.CurrentApp().Driver().CanvasForObject(v.search)
	if cv != nil && v.chosen && v.video.Visible() && !v.video.Disabled() {
		cv.Focus(v.video)
	}
}

func (v *Home) focusFirstRow() {
	for _, o := range v.order {
		if r, ok := o.(*w.PersonRow); ok {
			if cv := fyne.CurrentApp().Driver().CanvasForObject(v.search); cv != nil {
				cv.Focus(r)
			}
			return
		}
	}
}

// Render shows m.
func (v *Home) Render(m *present.HomeModel, l *i18n.Lang) {
	v.search.Hint(l.T("home.search"))
	v.search.Put(m.Query)
	v.renderList(m, l)
	dot := w.DotOff
	if m.MeOnline {
		dot = w.DotOn
	}
	v.me.Set(m.Me, dot, look.Panel)
	v.meName.Set(m.Me)
	v.meNote.Set(m.MeNote)
	v.gear.SetTip(v.tips, l.T("settings.title"))
	v.back.SetTip(v.tips, l.T("button.back"))
	for i := range v.links {
		v.links[i].Set(l.T("home.new_link"))
		v.links[i].SetDisabled(!m.CanLink)
		v.tests[i].Set(l.T("home.test_call"))
	}
	showBanner(v.rules, m.Rules, v.tips, l)
	showBanner(v.service, m.Service, v.tips, l)
	showBanner(v.update, m.Update, v.tips, l)
	showBanner(v.notice, m.Notice, v.tips, l)
	v.renderDetail(m, l)
	v.renderSelf(m, l)
	w.Relayout(v.root)
}

// renderSelf shows the own picture, or the button that asks for it.
func (v *Home) renderSelf(m *present.HomeModel, l *i18n.Lang) {
	for _, b := range v.selves {
		b.Set(l.T("home.self_show"))
		setVisible(b, !m.SelfOn)
	}
	v.hide.Set(l.T("home.self_hide"))
	setVisible(v.hide, m.SelfOn)
	setVisible(v.self, m.SelfOn)
	showTile(v.self, m.Self)
	v.feeds = feed(v.self, m.Self)
}

func showBanner(b *w.Banner, m present.BannerModel, tips *w.Tips, l *i18n.Lang) {
	kind := map[present.Tone]w.BannerKind{present.ToneInfo: w.BannerInfo, present.ToneWarning: w.BannerWarning, present.ToneBad: w.BannerBad}[m.Tone]
	var actions []w.BannerAction
	for _, a := range m.Actions {
		actions = append(actions, w.BannerAction{ID: a.ID, Text: a.Text, Do: a.Do})
	}
	b.Set(kind, m.Text, tips, l.T("button.close"), m.Close, actions...)
}

func (v *Home) renderDetail(m *present.HomeModel, l *i18n.Lang) {
	d := m.Detail
	v.chosen = d != nil
	setVisible(v.detail, d != nil)
	setVisible(v.hint, d == nil)
	v.hintText.Set(m.Hint)
	if d == nil {
		return
	}
	v.person = d.Name
	v.avatar.Set(d.Name, w.NoDot, look.Background)
	v.name.Set(d.Name)
	v.verified.Set(d.Verified)
	setVisible(v.lock, d.Verified != "")
	v.about.Set(d.Note)
	v.video.Set(l.T("person.video_call"))
	v.voice.Set(l.T("person.voice_call"))
	v.video.SetDisabled(!d.CanCall)
	v.voice.SetDisabled(!d.CanCall)
	if d.Contact {
		v.contact.Set(l.T("person.remove"))
		v.contact.SetIcon(assets.IconUserMinus)
		v.contact.SetKind(w.Quiet)
	} else {
		v.contact.Set(l.T("person.add"))
		v.contact.SetIcon(assets.IconUserPlus)
		v.contact.SetKind(w.Link)
	}
	v.contact.SetDisabled(!d.CanSave)
	setVisible(v.contact, !d.Request && !d.Blocked)
	v.accept.Set(l.T("request.accept"))
	v.decline.Set(l.T("request.decline"))
	v.accept.SetDisabled(!d.CanSave)
	v.decline.SetDisabled(!d.CanSave)
	setVisible(v.calls, !d.Request && !d.Blocked)
	setVisible(v.answers, d.Request)
	v.block.Set(l.T("person.block"))
	if d.Blocked {
		v.block.Set(l.T("person.unblock"))
	}
	v.block.SetDisabled(!d.CanSave)
	setVisible(v.block, d.CanBlock)
}

// renderList shows the rows; a row that was there before stays the same
// object, so that focus and mouse stay with it.
func (v *Home) renderList(m *present.HomeModel, l *i18n.Lang) {
	var order []fyne.CanvasObject
	used := map[string]bool{}
	if m.Empty != "" {
		v.empty.Set(m.Empty)
		order = append(order, w.Pad(look.S4, look.S8, look.S4, look.S8, v.empty))
	}
	for _, s := range m.Sections {
		h := v.heads[s.ID]
		if h == nil {
			h = w.NewLine(small, "")
			v.heads[s.ID] = h
		}
		h.Set(s.Title)
		order = append(order, w.Pad(look.S4, look.S8, 0, 0, h))
		for _, r := range s.Rows {
			key := s.ID + "." + r.ID
			used[key] = true
			order = append(order, v.rowFor(key, s.ID, r, l))
		}
	}
	for key := range v.rows {
		if !used[key] {
			delete(v.rows, key)
		}
	}
	v.order = order
	v.list.Objects = order
	canvas.Refresh(v.list)
}

func (v *Home) rowFor(key, section string, m present.RowModel, l *i18n.Lang) *w.PersonRow {
	r := v.rows[key]
	if r == nil {
		r = &homeRow{}
		if section == "people" && m.Call != nil {
			r.action = w.NewIconButton(assets.IconCam, func() {
				if r.call != nil {
					r.call()
				}
			})
		}
		r.row = w.NewPersonRow(func() {
			if r.open != nil {
				r.open()
			}
		}, r.action)
		v.rows[key] = r
	} else if section == "people" && (r.action != nil) != (m.Call != nil) {
		delete(v.rows, key)
		return v.rowFor(key, section, m, l)
	}
	r.open, r.call = m.Open, m.Call
	id := "home.person." + m.Name
	if section != "people" {
		id = "home." + section + "." + m.ID
	}
	r.row.SetID(id)
	if r.action != nil {
		r.action.SetID("home.call." + m.Name)
		r.action.SetTip(v.tips, l.T("home.call_now", "name", m.Name))
	}
	r.row.Set(w.PersonRowState{Name: m.Name, Note: m.Note, Dot: dotOf(m.Presence, m.ShowDot), Selected: m.Selected, Alarm: m.Alarm, Mark: m.Mark, Symbol: m.Symbol})
	return r.row
}
