package present

import (
	"strconv"
	"strings"
	"time"

	"parley/call"
	"parley/media/device"
)

// Panel is what stands beside the picture in a call.
type Panel uint8

// The panels.
const (
	NoPanel Panel = iota
	ChatPanel
	MorePanel
	ConnectionPanel
)

// QualityDot is the colour beside the words about the connection.
type QualityDot uint8

// The dots.
const (
	DotNone QualityDot = iota
	DotGood
	DotFair
	DotBad
)

// CallModel is the screen of a call.
type CallModel struct {
	Name       string
	Timer      string // "" before it is connected
	Security   string // beside the lock
	Guest      bool   // Security says that nobody knows who this is
	Verified   bool
	Muted      string // the other's microphone is off, in words; "": it is on
	Quality    string
	QualityDot QualityDot
	Status     string // big words in the middle: calling, ringing, connecting
	Overlay    string // over the dimmed picture: reconnecting
	OverlayTip string // what it means
	Notice     string // one line that goes by itself
	Remote     TileModel
	Self       TileModel
	ShowSelf   bool
	Microphone DeviceButton
	Camera     DeviceButton
	Panel      Panel
	Unread     int
	CanChat    bool
	Chat       []ChatLine
	ChatEmpty  string
	Connection ConnectionModel
	Recording  string // the sign that the call is being recorded
	Record     RecordModel
	Card       BannerModel    // a question, or where a recording is
	Pickers    [3]PickerModel // camera, microphone, speaker: in the panel "More"
	Cleaning   CleaningModel  // in the panel "More", too
}

// ChatLine is one line of chat.
type ChatLine struct {
	ID, Text, Note string
	Mine, Bad      bool
}

// noticeFor is how long a line about a device stays.
const noticeFor = 6 * time.Second

// Call is the screen of the call that is up.
type Call struct {
	p         *Program
	self      Frames
	stopSelf  func()
	panel     Panel
	seen      int // lines of chat that were on screen
	known     int // lines of the other's that were heard of
	phase     call.Phase
	talking   bool // push to talk is held
	loudSince time.Time
	hintUntil time.Time
	unsent    time.Time // until when to say that a line was not sent
	linkWaits time.Time // until then it is said that a link waits
	record    recording
	iSpoke    time.Time
	theySpoke time.Time
	copied    time.Time // until when to say that the numbers were copied
}

func (c *Call) enter(s Session) {
	p := c.p
	*c = Call{p: p}
	c.self, c.stopSelf = p.deps.Media.Watch()
	c.phase = s.State().Phase
}

func (c *Call) leave() {
	if c.stopSelf == nil {
		return
	}
	if c.talking {
		c.p.deps.Media.SetMicrophone(false)
	}
	c.stopSelf()
	*c = Call{p: c.p}
}

// follow plays what happens.
func (c *Call) follow(s call.State) {
	if s.Phase != c.phase {
		switch {
		case s.Phase == call.Connected && c.phase != call.Reconnecting:
			c.p.sound.once(soundConnected)
		case s.Phase == call.Reconnecting:
			c.p.sound.once(soundLost)
		}
		c.phase = s.Phase
	}
	if asked := s.Recording.Theirs == call.RecordAsking; asked != c.record.asked {
		c.record.asked = asked
		if asked {
			c.p.sound.once(soundMessage)
		}
	}
	theirs := 0
	for _, m := range s.Chat {
		if !m.Mine {
			theirs++
		}
	}
	if theirs > c.known {
		if c.panel != ChatPanel {
			c.p.sound.once(soundMessage)
		}
		c.known = theirs
	}
	if c.panel == ChatPanel {
		c.seen = theirs
	}
}

func (c *Call) model(now time.Time) (*CallModel, time.Duration) {
	p, l := c.p, c.p.lang
	s, dev := p.session.State(), p.deps.Media.State()
	mine, theirs := p.session.Levels()
	m := &CallModel{
		Name: s.Peer.Name, Panel: c.panel, Unread: c.known - c.seen, CanChat: !s.ConnectedAt.IsZero(),
		Microphone: microphoneButton(l, dev.Microphone), Camera: cameraButton(l, dev.Camera),
		ChatEmpty: l.T("chat.empty"),
	}
	if m.Name == "" {
		m.Name = l.T("person.unknown")
		if s.ViaLink {
			m.Name = l.T("person.link_owner")
		}
	}
	if s.Peer.Guest {
		m.Guest, m.Security = true, l.T("person.guest")
	} else if s.Peer.Verified {
		m.Verified, m.Security = true, l.T("call.verified")
	} else if !s.ConnectedAt.IsZero() {
		m.Security = l.T("call.encrypted")
	}
	if !s.ConnectedAt.IsZero() {
		m.Timer = Timer(now.Sub(s.ConnectedAt))
	}
	m.Remote = TileModel{Name: m.Name, Frames: p.session.Video(s.Peer.ID, call.CameraSource)}
	switch s.Phase {
	case call.Preparing, call.Calling:
		m.Status = l.T("call.calling", "name", m.Name)
	case call.Ringing:
		m.Status = l.T("call.ringing", "name", m.Name)
	case call.Connecting, call.Incoming:
		m.Status = l.T("call.connecting")
	case call.Connected:
		c.connected(m, s, theirs, now)
	case call.Reconnecting:
		m.Remote.Dimmed = true
		m.Overlay = l.T("call.reconnecting", "s", strconv.Itoa(max(0, int(now.Sub(s.LostAt)/time.Second))))
		m.OverlayTip = l.T("call.reconnecting_tip")
	}
	m.Self = selfTile(p, dev.Camera, c.self)
	m.ShowSelf = dev.Camera.On
	m.Self.Speaking = dev.Microphone.On && s.Phase == call.Connected && c.speaks(&c.iSpoke, mine, now)
	if m.Notice = c.linkNotice(now); m.Notice == "" {
		m.Notice = c.notice(s, dev.Microphone.On, now)
	}
	c.recording(m, s, now)
	for _, line := range s.Chat {
		m.Chat = append(m.Chat, c.line(line))
	}
	if c.panel == ConnectionPanel {
		m.Connection = c.connection(s, m.Name)
	}
	if c.panel == MorePanel {
		m.Pickers = [3]PickerModel{
			devicePicker(l, device.Camera, dev.Camera, dev.Cameras),
			devicePicker(l, device.Microphone, dev.Microphone, dev.Microphones),
			devicePicker(l, device.Speaker, dev.Speaker, dev.Speakers),
		}
		m.Cleaning = cleaningModel(l, p.deps.Settings.Get(), dev, p.deps.Rules)
	}
	due := time.Second
	if s.Phase == call.Connected {
		due = 200 * time.Millisecond // the speaking frame
	}
	return m, due
}

// breath is how long the frame of somebody who speaks stays: through the pauses
// between words.
const breath = 600 * time.Millisecond

// speaks reports whether somebody who is as loud as level now, and last was
// above the threshold at last, counts as speaking.
func (c *Call) speaks(last *time.Time, level float64, now time.Time) bool {
	if level > speaking {
		*last = now
	}
	return now.Sub(*last) < breath
}

// connected fills in what can be said of a call that works.
func (c *Call) connected(m *CallModel, s call.State, theirs float64, now time.Time) {
	l := c.p.lang
	m.Quality = QualitySentence(l, s.Quality)
	switch s.Quality.Level {
	case call.QualityGood:
		m.QualityDot = DotGood
	case call.QualityFair:
		m.QualityDot = DotFair
	case call.QualityPoor, call.QualityLost:
		m.QualityDot = DotBad
	}
	if m.Quality != "" && m.QualityDot == DotNone {
		m.QualityDot = DotFair
	}
	if !s.Remote.MicOn {
		m.Muted = l.T("call.muted", "name", m.Name)
	}
	if !s.Remote.CameraOn {
		m.Remote.Frames, m.Remote.Note = nil, l.T("call.camera_off", "name", m.Name)
	} else if !s.Remote.HasVideo {
		m.Remote.Note = l.T("call.picture_coming")
	}
	m.Remote.Speaking = s.Remote.MicOn && c.speaks(&c.theySpoke, theirs, now)
	if s.Remote.Waiting {
		m.Remote.Dimmed = true
		m.Overlay = l.T("call.other_lost", "name", m.Name)
		m.OverlayTip = l.T("call.other_lost_tip")
	}
}

// notice is the one line below the names.
func (c *Call) notice(s call.State, micOn bool, now time.Time) string {
	l := c.p.lang
	if n := len(s.Notices); n > 0 && now.Sub(s.Notices[n-1].At) < noticeFor {
		return NoticeSentence(l, s.Notices[n-1])
	}
	if now.Before(c.unsent) {
		return l.T("chat.not_sent")
	}
	// Somebody who talks for half a second while muted wants to be told.
	if micOn || s.Phase != call.Connected || !c.speaking() {
		c.loudSince = time.Time{}
	} else if c.loudSince.IsZero() {
		c.loudSince = now
	} else if now.Sub(c.loudSince) > 500*time.Millisecond {
		c.hintUntil = now.Add(4 * time.Second)
	}
	if !micOn && now.Before(c.hintUntil) {
		return l.T("call.you_are_muted")
	}
	return ""
}

// speaking reports whether this person says something: a voice where one is
// listened for, so that typing does not count, else something loud.
func (c *Call) speaking() bool {
	level := c.p.deps.Media.MicLevel()
	if likely, known := c.p.deps.Media.SpeakingLikely(); known {
		return likely > 0.7 && level >= speaking
	}
	return level >= 2*speaking
}

func (c *Call) line(m call.Message) ChatLine {
	l := c.p.lang
	out := ChatLine{ID: m.ID, Text: m.Text, Mine: m.Mine, Note: Clock(m.At)}
	if !m.Mine {
		return out
	}
	switch m.Status {
	case call.Sending:
		out.Note = l.T("chat.sending", "time", out.Note)
	case call.Sent:
		out.Note = l.T("chat.sent", "time", out.Note)
	case call.Delivered:
		out.Note = l.T("chat.delivered", "time", out.Note)
	case call.Undelivered:
		out.Note, out.Bad = l.T("chat.undelivered", "time", out.Note), true
	}
	return out
}

// ToggleMicrophone mutes and unmutes.
func (c *Call) ToggleMicrophone() {
	c.talking = false
	toggleMicrophone(c.p)
}

// ToggleCamera opens and closes the camera.
func (c *Call) ToggleCamera() { toggleCamera(c.p) }

// PushToTalk unmutes while the key is held, if muted.
func (c *Call) PushToTalk(down bool) {
	if c.p.session == nil || down == c.talking {
		return
	}
	if down && c.p.deps.Media.State().Microphone.On {
		return
	}
	c.talking = down
	c.p.deps.Media.SetMicrophone(down)
	c.p.Refresh()
}

// ToggleChat opens and closes the chat.
func (c *Call) ToggleChat() { c.toggle(ChatPanel) }

// Cleaning are the switches of the microphone's sound.
func (c *Call) Cleaning() Cleaning { return Cleaning{c.p} }

// ToggleMore opens and closes the recording and the pickers.
func (c *Call) ToggleMore() { c.toggle(MorePanel) }

func (c *Call) toggle(panel Panel) {
	if c.p.session == nil {
		return
	}
	if c.panel == panel {
		panel = NoPanel
	}
	c.panel = panel
	c.p.Refresh()
}

// ClosePanel closes what stands beside the picture; false if nothing does.
func (c *Call) ClosePanel() bool {
	if c.panel == NoPanel {
		return false
	}
	c.panel = NoPanel
	c.p.Refresh()
	return true
}

// Send sends a line of chat; false if it was not taken and should stay where it
// was written.
func (c *Call) Send(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || c.p.session == nil {
		return false
	}
	if err := c.p.session.SendChat(text); err != nil {
		c.p.log.Warn("chat line not sent", "error", err)
		c.unsent = c.p.now().Add(noticeFor)
		c.p.Refresh()
		return false
	}
	c.p.Refresh()
	return true
}

// Hangup ends the call.
func (c *Call) Hangup() {
	if c.p.session != nil {
		c.p.session.Hangup()
		c.p.Refresh()
	}
}

// UseCamera picks a camera in the call.
func (c *Call) UseCamera(selector string) { useDevice(c.p, device.Camera, selector) }

// UseMicrophone picks a microphone in the call.
func (c *Call) UseMicrophone(selector string) { useDevice(c.p, device.Microphone, selector) }

// UseSpeaker picks a speaker in the call.
func (c *Call) UseSpeaker(selector string) { useDevice(c.p, device.Speaker, selector) }
