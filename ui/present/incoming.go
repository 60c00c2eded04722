package present

import (
	"time"

	"parley/call"
	"parley/signaling/wire"
)

// IncomingModel is the window of a call that rings here.
type IncomingModel struct {
	Name     string
	Words    string // "is calling with video"
	Verified string // whether it is who it seems to be
	Sure     bool   // it is: a lock before the words
	Video    bool
	Others   string // how many more ring; "": none
	Warning  string // accepting ends the call that is up
	Replies  []string
	CanBlock bool // who calls, instead of only declining
}

// Incoming answers or declines what rings; the call that rings longest comes
// first.
type Incoming struct{ p *Program }

// first is the call to show; nil: none.
func (i *Incoming) first() Session {
	if waiting := i.p.deps.Phone.Ringing(); len(waiting) > 0 {
		return waiting[0]
	}
	return nil
}

// rang tells about a new call.
func (i *Incoming) rang(s Session) {
	st := s.State()
	if i.p.session != nil {
		i.p.sound.once(soundMessage)
	}
	i.p.screen.Notify(i.p.lang.T("incoming.notification", "name", i.name(st)), i.words(st))
}

func (i *Incoming) name(st call.State) string {
	if st.Peer.Name == "" {
		return i.p.lang.T("person.unknown")
	}
	return st.Peer.Name
}

func (i *Incoming) words(st call.State) string {
	switch {
	case st.ViaLink && st.Video:
		return i.p.lang.T("incoming.link_video")
	case st.ViaLink:
		return i.p.lang.T("incoming.link")
	case st.Video:
		return i.p.lang.T("incoming.video")
	}
	return i.p.lang.T("incoming.voice")
}

func (i *Incoming) model(time.Time) *IncomingModel {
	s := i.first()
	if s == nil {
		return nil
	}
	st, l := s.State(), i.p.lang
	m := &IncomingModel{
		Name: i.name(st), Words: i.words(st), Video: st.Video,
		Replies: []string{l.T("reply.later"), l.T("reply.call_back"), l.T("reply.meeting")},
	}
	m.Sure, m.Verified = st.Peer.Verified, l.T("incoming.unverified")
	if st.Peer.Stranger {
		m.Verified = l.T("incoming.stranger")
	}
	m.CanBlock = i.p.deps.Directory.State().Strangers != "" && !st.Peer.Guest && st.Peer.Name != ""
	if st.Peer.Guest {
		m.Verified = l.T("person.guest")
	}
	if m.Sure {
		m.Verified = l.T("detail.verified")
	}
	if n := len(i.p.deps.Phone.Ringing()) - 1; n > 0 {
		m.Others = l.N("incoming.others", n)
	}
	if i.p.session != nil {
		m.Warning = l.T("incoming.ends_current")
	}
	return m
}

// Accept takes the call with or without the own picture; a call that is up
// ends.
func (i *Incoming) Accept(video bool) {
	s := i.first()
	if s == nil {
		return
	}
	if i.p.session != nil {
		i.p.session.Hangup()
		i.p.release()
	}
	choices := i.p.deps.Settings.Get()
	i.p.deps.Media.SetMicrophone(!choices.StartMuted)
	i.p.deps.Media.SetCamera(video)
	s.Accept(video)
	i.p.adopt(s)
	i.p.Refresh()
}

// Decline refuses the call; message may be "".
func (i *Incoming) Decline(message string) {
	if s := i.first(); s != nil {
		s.Decline(wire.RejectDeclined, message)
		i.p.Refresh()
	}
}

// Block declines the call, and keeps whoever calls from calling again.
func (i *Incoming) Block() {
	if s := i.first(); s != nil {
		name := s.State().Peer.Name
		s.Decline(wire.RejectDeclined, "")
		i.p.Home.block(name, true)
		i.p.Refresh()
	}
}
