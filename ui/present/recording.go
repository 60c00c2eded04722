package present

import (
	"context"
	"time"

	"parley/call"
)

// Recordings is where recordings go.
type Recordings interface {
	// NewFile makes the folder and returns the path of a file in it that is not
	// there yet, for a call with somebody.
	NewFile(with string, at time.Time) (path string, err error)
	// Show opens the folder of a file in the system's file manager.
	Show(path string)
}

// RecordModel is what can be done about recordings, in the panel "More".
type RecordModel struct {
	Text, Note string
	Running    bool // pressing ends something
	Can        bool
}

// recording is the presenter's part about recordings.
type recording struct {
	failed time.Time // when no file could be made
	closed time.Time // of the recording whose card was put away
	asked  bool      // a question was up
}

// savedBanner shows where a recording is, with a button that opens the folder.
func (p *Program) savedBanner(r call.Recording, name string, closed func()) BannerModel {
	text := SavedSentence(p.lang, r, name)
	if text == "" {
		return BannerModel{}
	}
	b := BannerModel{Text: text, Close: closed}
	if r.Outcome == call.RecordDisk || r.Outcome == call.RecordDiskFull {
		b.Tone = ToneWarning
	}
	if to := p.deps.Recordings; to != nil {
		b.Actions = []Action{{ID: "record.folder", Text: p.lang.T("record.folder"), Do: func() { to.Show(r.File) }}}
	}
	return b
}

// recording fills in what there is to say of recordings.
func (c *Call) recording(m *CallModel, s call.State, now time.Time) {
	l, r := c.p.lang, s.Recording
	switch {
	case r.Mine == call.RecordOn:
		m.Recording = l.T("record.on", "time", Timer(now.Sub(r.Since)))
	case r.Theirs == call.RecordOn:
		m.Recording = l.T("record.on_theirs")
	}
	m.Record = RecordModel{Text: l.T("record.start"), Note: l.T("record.start_note", "name", m.Name), Can: c.p.deps.Recordings != nil}
	switch {
	case r.Mine == call.RecordOn:
		m.Record = RecordModel{Text: l.T("record.stop"), Running: true, Can: true}
	case r.Mine == call.RecordAsking:
		m.Record = RecordModel{Text: l.T("record.withdraw"), Note: l.T("record.waiting", "name", m.Name), Running: true, Can: true}
	case r.Theirs == call.RecordOn:
		m.Record = RecordModel{Text: l.T("record.stop_theirs"), Running: true, Can: true}
	case r.Barred:
		m.Record.Note, m.Record.Can = l.T("policy.no_recording"), false
	case s.ConnectedAt.IsZero():
		m.Record.Can = false
	case !r.CanAsk:
		m.Record.Note, m.Record.Can = l.T("record.old", "name", m.Name), false
	}
	switch {
	case r.Theirs == call.RecordAsking:
		m.Card = BannerModel{Text: l.T("record.question", "name", m.Name), Actions: []Action{
			{ID: "record.allow", Text: l.T("record.allow"), Do: func() { c.AllowRecording(true) }},
			{ID: "record.refuse", Text: l.T("record.refuse"), Do: func() { c.AllowRecording(false) }},
		}}
	case !r.At.IsZero() && r.At != c.record.closed:
		m.Card = c.p.savedBanner(r, m.Name, func() {
			c.record.closed = r.At
			c.p.Refresh()
		})
	}
	if m.Notice != "" {
		return
	}
	switch {
	case r.Mine == call.RecordAsking:
		m.Notice = l.T("record.waiting", "name", m.Name)
	case now.Sub(r.At) < noticeFor:
		m.Notice = RecordSentence(l, r, m.Name)
	case now.Sub(c.record.failed) < noticeFor:
		m.Notice = l.T("record.disk")
	}
}

// Record asks the other side whether the call may be recorded; pressed again it
// ends that, or what the other side records.
func (c *Call) Record() {
	p, s := c.p, c.p.session
	if s == nil {
		return
	}
	st := s.State()
	switch r := st.Recording; {
	case r.Mine != call.NoRecord || r.Theirs == call.RecordOn:
		s.StopRecording()
	case r.CanAsk && !r.Barred && p.deps.Recordings != nil:
		c.ClosePanel()
		me, at := p.deps.Directory.State().Me.Name, p.now()
		p.async(func(context.Context) func() {
			file, err := p.deps.Recordings.NewFile(st.Peer.Name, at)
			return func() {
				if err != nil {
					p.log.Warn("no file for a recording", "error", err)
					c.record.failed = p.now()
					return
				}
				s.Record(file, me)
			}
		})
	}
	p.Refresh()
}

// AllowRecording answers the other side's question.
func (c *Call) AllowRecording(allow bool) {
	if c.p.session != nil {
		c.p.session.AllowRecording(allow)
		c.p.Refresh()
	}
}

// completing keeps an eye on a call that is over while the file of its
// recording is being completed.
type completing struct {
	session Session
	stop    func()
}

// complete is called when a call that may have been recorded is over.
func (p *Program) complete(s Session) {
	if r := s.State().Recording; r.File == "" {
		return
	}
	if p.file.stop != nil {
		p.file.stop()
	}
	p.file = completing{s, p.hub.watch(s)}
	p.followFile()
}

// followFile says on Home where the recording of the last call is.
func (p *Program) followFile() {
	if p.file.session == nil {
		return
	}
	st := p.file.session.State()
	if st.Recording.Outcome == call.RecordNothing {
		return
	}
	p.file.stop()
	p.file = completing{}
	if st.Recording.At.Before(st.End.At) {
		return // in the call it was said already
	}
	if b := p.savedBanner(st.Recording, st.Peer.Name, p.Home.Dismiss); b.Text != "" {
		p.Home.notice = b
	}
}
