package present

import (
	"strconv"
	"time"

	"parley/call/local"
)

// EchoModel is the test call.
type EchoModel struct {
	Words    string // what is happening
	Tip      string // what to do
	Tile     TileModel
	Level    float64
	Progress float64 // 0 to 1; below 0: none
	Problem  string
	CanAgain bool
}

// EchoScreen records this person and plays it back.
type EchoScreen struct {
	p       *Program
	open    bool
	run     Echo
	unwatch func()
	preview preview
	failed  bool // could not even begin
}

// Open shows the screen and begins.
func (e *EchoScreen) Open() {
	e.p.goTo(ScreenEcho)
	e.open = true
	e.p.deps.Media.SetMicrophone(true)
	e.p.deps.Media.SetCamera(!e.p.deps.Settings.Get().StartCameraOff)
	e.preview.begin(e.p.deps.Media)
	e.begin()
	e.p.Refresh()
}

func (e *EchoScreen) begin() {
	e.end()
	run, err := e.p.deps.Echo.Start()
	if err != nil {
		e.p.log.Warn("test call not begun", "error", err)
		e.failed = true
		return
	}
	e.failed, e.run, e.unwatch = false, run, e.p.hub.watch(run)
}

func (e *EchoScreen) end() {
	if e.run != nil {
		e.unwatch()
		e.run.Close()
		e.run, e.unwatch = nil, nil
	}
}

func (e *EchoScreen) leave() {
	if !e.open {
		return
	}
	e.open = false
	e.end()
	e.preview.end()
	e.p.deps.Media.SetCamera(false)
	if e.p.page == ScreenEcho {
		e.p.page = ScreenHome
	}
}

// Again records once more.
func (e *EchoScreen) Again() {
	if e.open {
		e.begin()
		e.p.Refresh()
	}
}

// Cancel goes back to Home.
func (e *EchoScreen) Cancel() {
	e.p.goTo(ScreenHome)
	e.p.Refresh()
}

func (e *EchoScreen) model() (*EchoModel, time.Duration) {
	l, dev := e.p.lang, e.p.deps.Media.State()
	m := &EchoModel{Progress: -1, Tile: selfTile(e.p, dev.Camera, e.preview.frames)}
	if e.run == nil {
		m.Words, m.CanAgain = l.T("echo.failed"), true
		return m, 0
	}
	st := e.run.State()
	m.Level = loudness(e.run.Level())
	if st.Length > 0 {
		m.Progress = max(0, min(1, 1-float64(st.Left)/float64(st.Length)))
	}
	seconds := strconv.Itoa(int((st.Left + time.Second - 1) / time.Second))
	due := meterEvery
	switch st.Phase {
	case EchoOpening:
		m.Words, m.Progress = l.T("echo.opening"), -1
	case EchoRecording:
		m.Words, m.Tip = l.T("echo.recording", "s", seconds), l.T("echo.recording_tip")
	case EchoPlaying:
		m.Words, m.Tip = l.T("echo.playing"), l.T("echo.playing_tip")
		m.Tile.Mirror = false
		if st.Seen {
			m.Tile.Frames = e.run.Video()
		}
	case EchoDone:
		m.Words, m.CanAgain, m.Progress, due = l.T("echo.done"), true, -1, 0
		m.Tip = e.verdict(st, dev)
	case EchoFailed:
		m.Words, m.CanAgain, m.Progress, due = l.T("echo.failed"), true, -1, 0
	}
	m.Problem = DeviceSentence(l, st.Problem)
	return m, due
}

// verdict says what the test showed.
func (e *EchoScreen) verdict(st EchoState, dev local.State) string {
	switch {
	case !st.Heard:
		return e.p.lang.T("echo.not_heard")
	case !st.Seen && dev.Camera.On:
		return e.p.lang.T("echo.not_seen")
	}
	return e.p.lang.T("echo.fine")
}
