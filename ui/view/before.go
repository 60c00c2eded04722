package view

import (
	"fyne.io/fyne/v2"

	"parley/assets"
	"parley/ui/i18n"
	"parley/ui/look"
	"parley/ui/present"
	w "parley/ui/widgets"
)

// devices are the parts that Before and the settings share: preview with two
// buttons on it, level, pickers, a sound to play.
type devices struct {
	tips    *w.Tips
	prefix  string
	tile    *w.VideoTile
	mic     *w.CallButton
	cam     *w.CallButton
	stage   *fyne.Container // tile with buttons, 16:9
	meter   *w.LevelMeter
	words   *w.Paragraph
	level   *fyne.Container
	camera  *picker
	microph *picker
	speaker *picker
	sound   *w.Button
}

// devicesDo is what they do.
type devicesDo struct {
	mic, cam, sound             func()
	camera, microphone, speaker func(string)
}

func newDevices(prefix string, tips *w.Tips, do devicesDo) *devices {
	d := &devices{tips: tips, prefix: prefix, tile: w.NewVideoTile(look.RadiusCard)}
	d.tile.SetID(prefix + ".preview")
	d.tile.SetFoot(look.CallButton + look.S32)
	d.mic = w.NewCallButton(assets.IconMic, w.CallOn, do.mic)
	d.mic.SetID(prefix + ".microphone.button")
	d.cam = w.NewCallButton(assets.IconCam, w.CallOn, do.cam)
	d.cam.SetID(prefix + ".camera.button")
	d.stage = w.Ratio(16.0/9, 400, d.tile, w.Pad(0, 0, 0, look.S12, w.Place(w.Middle, w.End, 0, w.Bar(d.mic, d.cam))))
	d.meter = w.NewLevelMeter()
	d.meter.SetID(prefix + ".level")
	d.words = w.NewParagraph(dim, "")
	d.words.SetID(prefix + ".level.note")
	d.level = w.Row(look.S12, w.NewSymbol(look.IconSize).Set(assets.IconMic, look.Dim), d.meter, w.Grow(d.words))
	d.camera = newPicker(prefix+".camera", do.camera)
	d.microph = newPicker(prefix+".microphone", do.microphone)
	d.speaker = newPicker(prefix+".speaker", do.speaker)
	d.sound = w.NewButton(w.Link, assets.IconSpeaker, "", do.sound)
	d.sound.SetID(prefix + ".play_sound")
	return d
}

func (d *devices) render(m present.DevicesModel, mic, cam present.DeviceButton, l *i18n.Lang) {
	showTile(d.tile, m.Preview)
	d.mic.Set(micIcon(mic), stateOf(mic, w.CallOn))
	d.mic.SetTip(d.tips, mic.Tip)
	d.cam.Set(camIcon(cam), stateOf(cam, w.CallOn))
	d.cam.SetTip(d.tips, cam.Tip)
	d.meter.Set(m.Level)
	d.words.Set(m.LevelNote)
	d.camera.show(m.Camera)
	d.microph.show(m.Microphone)
	d.speaker.show(m.Speaker)
	d.sound.Set(l.T("devices.play_sound"))
}

// Before is the screen before a call: how one looks, is heard and hears.
type Before struct {
	p       *present.Before
	root    *fyne.Container
	body    *fyne.Container
	scroll  *fyne.Container
	devices *devices
	left    *fyne.Container
	right   *fyne.Container
	title   *w.Paragraph
	problem *w.Paragraph
	call    [2]*w.Button // in the column, and at the foot of a narrow window
	cancel  [2]*w.Button
	inline  *fyne.Container
	foot    *fyne.Container
	feeds   []Feed
}

// NewBefore returns the screen.
func NewBefore(p *present.Before, tips *w.Tips) *Before {
	v := &Before{p: p, title: w.NewParagraph(title, ""), problem: w.NewParagraph(wrong, "")}
	v.title.SetID("before.title")
	v.problem.SetID("before.problem")
	v.devices = newDevices("before", tips, devicesDo{
		mic: p.ToggleMicrophone, cam: p.ToggleCamera, sound: p.PlaySound,
		camera: p.UseCamera, microphone: p.UseMicrophone, speaker: p.UseSpeaker,
	})
	for i := range v.call {
		v.call[i] = w.NewButton(w.Primary, "", "", p.Call)
		v.call[i].SetID("before.call")
		v.cancel[i] = w.NewButton(w.Plain, "", "", p.Cancel)
		v.cancel[i].SetID("before.cancel")
	}
	d := v.devices
	v.inline = w.Row(look.S12, w.Grow(v.call[0]), v.cancel[0])
	v.left = w.Column(look.S12, d.stage, d.level)
	v.right = w.Column(look.S12, d.camera.box, d.microph.box, d.speaker.box, d.sound, v.problem, v.inline)
	v.body = w.FlowFree(v.height, v.place, v.title, v.left, v.right)
	v.scroll, _ = w.Scroll(80, v.body)
	v.foot = w.Stack(w.NewGround(look.Panel, "", 0), w.Column(0, w.Rule(),
		w.Pad(look.S16, look.S12, look.S16, look.S12, w.Row(look.S12, w.Grow(v.call[1]), v.cancel[1]))))
	v.root = w.Free(fyne.NewSize(320, 240), v.layout, w.NewGround(look.Background, "", 0), v.scroll, v.foot)
	return v
}

// rightColumn is the width of the column with the pickers.
func rightColumn() float32 { return w.Scaled(336) }

func (v *Before) layout(s fyne.Size) {
	v.root.Objects[0].Resize(s)
	narrow := s.Width < w.Scaled(look.Narrow)
	setVisible(v.inline, !narrow)
	setVisible(v.foot, narrow)
	high := float32(0)
	if narrow {
		high = w.HeightFor(v.foot, s.Width)
		v.foot.Move(fyne.NewPos(0, s.Height-high))
		v.foot.Resize(fyne.NewSize(s.Width, high))
	}
	v.scroll.Resize(fyne.NewSize(s.Width, s.Height-high))
}

// columns returns the width of the preview in a wide window.
func (v *Before) columns(width float32) float32 {
	return min(600, width-rightColumn()-3*look.S32)
}

func (v *Before) height(width float32) float32 {
	if width < w.Scaled(look.Narrow) {
		in := width - 2*look.S16
		return w.HeightFor(v.title, in) + w.HeightFor(v.left, in) + w.HeightFor(v.right, in) + 4*look.S16
	}
	right := w.HeightFor(v.title, rightColumn()) + look.S12 + w.HeightFor(v.right, rightColumn())
	return max(w.HeightFor(v.left, v.columns(width)), right) + 2*look.S32
}

func (v *Before) place(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, wide float32) float32 {
		h := w.HeightFor(o, wide)
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(wide, h))
		return y + h
	}
	if s.Width < w.Scaled(look.Narrow) {
		in := s.Width - 2*look.S16
		y := put(v.title, look.S16, look.S16, in) + look.S16
		y = put(v.left, look.S16, y, in) + look.S16
		put(v.right, look.S16, y, in)
		return
	}
	wide := v.columns(s.Width)
	lh := w.HeightFor(v.left, wide)
	th := w.HeightFor(v.title, rightColumn())
	rh := th + look.S12 + w.HeightFor(v.right, rightColumn())
	x := (s.Width - wide - look.S32 - rightColumn()) / 2
	put(v.left, x, (s.Height-lh)/2, wide)
	y := put(v.title, x+wide+look.S32, (s.Height-rh)/2, rightColumn()) + look.S12
	put(v.right, x+wide+look.S32, y, rightColumn())
}

// Object returns what to put into the window.
func (v *Before) Object() fyne.CanvasObject { return v.root }

// Feeds says which pictures go where.
func (v *Before) Feeds() []Feed { return v.feeds }

// Render shows m.
func (v *Before) Render(m *present.BeforeModel, l *i18n.Lang) {
	v.title.Set(m.Title)
	v.devices.render(m.Devices, m.Microphone, m.Camera, l)
	v.problem.Set(m.Problem)
	setVisible(v.problem, m.Problem != "")
	for i := range v.call {
		v.call[i].Set(l.T("before.call"))
		v.call[i].SetDisabled(!m.CanCall)
		v.cancel[i].Set(l.T("button.cancel"))
	}
	v.feeds = feed(v.devices.tile, m.Devices.Preview)
	w.Relayout(v.root)
}
