package present

import (
	"math"
	"time"

	"parley/call/local"
	"parley/media/device"
	"parley/ui/i18n"
)

// meterEvery is how often level meters move.
const meterEvery = 66 * time.Millisecond

// BeforeModel is the screen before a call.
type BeforeModel struct {
	Title      string
	Devices    DevicesModel
	Microphone DeviceButton
	Camera     DeviceButton
	CanCall    bool
	Problem    string // why it cannot be called now
}

// DevicesModel is what Before and Settings show of the devices.
type DevicesModel struct {
	Preview                     TileModel
	Level                       float64
	LevelNote                   string
	Camera, Microphone, Speaker PickerModel
}

// Before lets a person look at themselves before they are seen.
type Before struct {
	p       *Program
	open    bool
	name    string
	link    string
	preview preview
}

// preview holds the devices while a screen shows them.
type preview struct {
	release func()
	stop    func()
	frames  Frames
	heard   time.Time // when the microphone last picked something up
}

func (v *preview) begin(m Media) { v.beginWith(m, m.Hold) }

func (v *preview) beginWith(m Media, hold func() (release func())) {
	if v.release != nil {
		return
	}
	v.release = hold()
	v.frames, v.stop = m.Watch()
}

func (v *preview) end() {
	if v.release == nil {
		return
	}
	v.stop()
	v.release()
	*v = preview{}
}

// Open shows the screen for calling a person, or whoever made a link.
func (b *Before) Open(name, link string) {
	b.p.goTo(ScreenBefore)
	choices := b.p.deps.Settings.Get()
	b.name, b.link, b.open = name, link, true
	b.p.deps.Media.SetMicrophone(!choices.StartMuted)
	b.p.deps.Media.SetCamera(!choices.StartCameraOff)
	b.preview.begin(b.p.deps.Media)
	b.p.Refresh()
}

func (b *Before) leave() {
	if !b.open {
		return
	}
	b.open = false
	b.preview.end()
	if b.p.page == ScreenBefore {
		b.p.page = ScreenHome
	}
}

// Cancel goes back to Home.
func (b *Before) Cancel() {
	b.p.goTo(ScreenHome)
	b.p.deps.Media.SetCamera(false)
	b.p.Refresh()
}

// Call rings. The devices stay open: the call holds them before the preview
// lets go.
func (b *Before) Call() {
	if !b.open || b.p.deps.Directory.State().Service.Phase != ServiceOnline {
		return
	}
	b.p.Home.notice = BannerModel{}
	b.p.dial(b.name, b.link, b.p.deps.Media.State().Camera.On)
}

// ToggleMicrophone mutes and unmutes.
func (b *Before) ToggleMicrophone() { toggleMicrophone(b.p) }

// ToggleCamera opens and closes the camera.
func (b *Before) ToggleCamera() { toggleCamera(b.p) }

// PlaySound plays a test sound on the speaker.
func (b *Before) PlaySound() { b.p.sound.once(soundTest) }

func toggleMicrophone(p *Program) {
	p.deps.Media.SetMicrophone(!p.deps.Media.State().Microphone.On)
	p.Refresh()
}

func toggleCamera(p *Program) {
	p.deps.Media.SetCamera(!p.deps.Media.State().Camera.On)
	p.Refresh()
}

func (b *Before) model() (*BeforeModel, time.Duration) {
	l, st := b.p.lang, b.p.deps.Media.State()
	m := &BeforeModel{
		Title:      l.T("before.title", "name", b.name),
		Devices:    devicesModel(b.p, &b.preview, b.p.now()),
		Microphone: microphoneButton(l, st.Microphone),
		Camera:     cameraButton(l, st.Camera),
		CanCall:    b.p.deps.Directory.State().Service.Phase == ServiceOnline,
	}
	if b.link != "" {
		m.Title = l.T("before.title_link")
	}
	if !m.CanCall {
		m.Problem = l.T("before.offline")
	}
	return m, meterEvery
}

func devicesModel(p *Program, v *preview, now time.Time) DevicesModel {
	l, st := p.lang, p.deps.Media.State()
	m := DevicesModel{
		Preview:    selfTile(p, st.Camera, v.frames),
		Level:      loudness(p.deps.Media.MicLevel()),
		Camera:     devicePicker(l, device.Camera, st.Camera, st.Cameras),
		Microphone: devicePicker(l, device.Microphone, st.Microphone, st.Microphones),
		Speaker:    devicePicker(l, device.Speaker, st.Speaker, st.Speakers),
	}
	if p.deps.Media.MicLevel() >= speaking {
		v.heard = now
	}
	switch {
	case st.Microphone.Problem != nil && !st.Microphone.Open:
		m.LevelNote = l.T("meter.no_microphone")
	case st.Microphone.Opening:
		m.LevelNote = l.T("meter.opening")
	case !st.Microphone.On:
		m.LevelNote = l.T("meter.muted")
	case now.Sub(v.heard) < 3*time.Second:
		m.LevelNote = l.T("meter.heard")
	default:
		m.LevelNote = l.T("meter.silent")
	}
	return m
}

// speaking is the level (linear RMS) above which somebody talks: -36 dBFS.
const speaking = 0.016

// loudness turns a linear RMS into a step of a meter, 0 to 1, as loud as it
// sounds: -54 dBFS is nothing, -12 dBFS is all.
func loudness(rms float64) float64 {
	if rms <= 0 {
		return 0
	}
	return max(0, min(1, (20*math.Log10(rms)+54)/42))
}

// selfTile is the own picture.
func selfTile(p *Program, u local.Use, frames Frames) TileModel {
	l := p.lang
	name := p.deps.Directory.State().Me.Name
	if name == "" {
		name = p.deps.Settings.Get().Name
	}
	t := TileModel{Name: name, Mirror: true}
	switch {
	case !u.On, u.Selector == noDevice && !u.Open:
		t.Note = l.T("tile.camera_off")
	case u.Problem != nil && !u.Open:
		t.Note = DeviceSentence(l, u.Problem)
	case u.Opening || !u.Open:
		t.Note = l.T("tile.camera_opening")
	default:
		t.Frames = frames
	}
	return t
}

func microphoneButton(l *i18n.Lang, u local.Use) DeviceButton {
	b := DeviceButton{On: u.On, Opening: u.Opening, Missing: u.Problem != nil && !u.Open}
	switch {
	case b.Missing:
		b.Tip = DeviceSentence(l, u.Problem)
	case u.On:
		b.Tip = l.T("button.mute")
	default:
		b.Tip = l.T("button.unmute")
	}
	return b
}

func cameraButton(l *i18n.Lang, u local.Use) DeviceButton {
	b := DeviceButton{On: u.On, Opening: u.On && u.Opening, Missing: u.On && u.Problem != nil && !u.Open}
	switch {
	case b.Missing:
		b.Tip = DeviceSentence(l, u.Problem)
	case b.Opening:
		b.Tip = l.T("tile.camera_opening")
	case u.On:
		b.Tip = l.T("button.camera_off")
	default:
		b.Tip = l.T("button.camera_on")
	}
	return b
}

// noDevice is the selector for "none" of package device.
const noDevice = "none"

// devicePicker lists the devices of a kind, "as the system" first.
func devicePicker(l *i18n.Lang, k device.Kind, u local.Use, all []device.Info) PickerModel {
	m := PickerModel{Value: u.Selector, Note: useSentence(l, u)}
	none := ""
	switch k {
	case device.Camera:
		m.Label, none = l.T("device.camera"), l.T("picker.no_camera")
		if !u.On && u.Problem == nil {
			m.Note = ""
		}
	case device.Microphone:
		m.Label, none = l.T("device.microphone"), l.T("picker.no_microphone")
	default:
		m.Label, none = l.T("device.speaker"), l.T("picker.no_speaker")
	}
	system := ""
	for _, d := range all {
		if d.Default {
			system = d.Name
		}
	}
	text := l.T("picker.system")
	if system != "" {
		text = l.T("picker.system_is", "name", system)
	}
	m.Options = append(m.Options, OptionModel{"", text})
	known := u.Selector == "" || u.Selector == noDevice
	for _, d := range all {
		m.Options = append(m.Options, OptionModel{d.ID, d.Name})
		if u.Selector == d.Name || u.Selector == d.Path && d.Path != "" {
			m.Value = d.ID // chosen by name on the command line
		}
		known = known || m.Value == d.ID
	}
	if !known {
		// A file, a test card, or a device that is not here now.
		name := u.Selector
		if u.Info.Name != "" && u.Problem == nil {
			name = u.Info.Name
		}
		m.Options = append(m.Options, OptionModel{u.Selector, name})
	}
	m.Options = append(m.Options, OptionModel{noDevice, none})
	// The box says what is open, not what was asked for.
	if u.Open && u.Info.Name != "" {
		m.Shown = u.Info.Name
	}
	return m
}

// UseCamera picks a camera and keeps the choice.
func (b *Before) UseCamera(selector string) { useDevice(b.p, device.Camera, selector) }

// UseMicrophone picks a microphone and keeps the choice.
func (b *Before) UseMicrophone(selector string) { useDevice(b.p, device.Microphone, selector) }

// UseSpeaker picks a speaker and keeps the choice.
func (b *Before) UseSpeaker(selector string) { useDevice(b.p, device.Speaker, selector) }

func useDevice(p *Program, k device.Kind, selector string) {
	err := p.deps.Settings.Update(func(c *Choices) {
		switch k {
		case device.Camera:
			c.Camera = selector
		case device.Microphone:
			c.Microphone = selector
		case device.Speaker:
			c.Speaker = selector
		}
	})
	if err != nil {
		p.log.Warn("choice of device not kept", "error", err)
	}
	switch k {
	case device.Camera:
		p.deps.Media.UseCamera(selector)
	case device.Microphone:
		p.deps.Media.UseMicrophone(selector)
	case device.Speaker:
		p.deps.Media.UseSpeaker(selector)
	}
	p.Refresh()
}
