package call

import "slices"

// show takes in what changes nothing but what is shown. Slices of the state
// are replaced, never changed in place, because snapshots share them.
func (m *machine) show(ev event) {
	switch ev := ev.(type) {
	case evRemote:
		m.st.Remote.MicOn, m.st.Remote.CameraOn, m.st.Remote.Waiting = ev.mic, ev.camera, ev.waiting
	case evTrust:
		p := &m.st.Peer
		p.Signed, p.Key, p.Verified, p.SafetyNumber = true, ev.key, ev.verified, ev.safetyNumber
	case evEmoji:
		m.st.Peer.Emoji = ev.emoji
	case evPicture:
		m.st.Remote.HasVideo = true
	case evChat:
		m.st.Chat = ev.chat
	case evQuality:
		m.st.Quality = ev.quality
		m.trouble()
	case evNotice:
		list := append(slices.Clone(m.st.Notices), ev.notice)
		m.st.Notices = list[max(0, len(list)-maxNotices):]
	}
}

// trouble puts what only the machine knows into the quality: a path that is
// gone, and a service that is away while the call itself is well.
func (m *machine) trouble() {
	q := &m.st.Quality
	switch {
	case m.st.Phase == Reconnecting:
		q.Level, q.Trouble, q.Whose = QualityLost, TroubleNoRoute, m.noRoute()
	case q.Trouble == TroubleNoRoute && m.st.Phase == Connected:
		q.Level, q.Trouble, q.Whose = QualityUnknown, TroubleNone, Nobodys
	}
	if m.online && q.Trouble == TroubleService {
		q.Trouble, q.Whose = TroubleNone, Nobodys
	}
	if !m.online && q.Trouble == TroubleNone && m.st.Phase.Live() {
		q.Trouble, q.Whose = TroubleService, TheService
	}
}

// noRoute says whose network is gone: with the service gone as well it is ours.
func (m *machine) noRoute() Whose {
	if !m.online {
		return Mine
	}
	return Theirs
}
