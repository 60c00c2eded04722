package present

import (
	"strings"
	"time"
)

// OpenLink shows the screen before calling whoever made the link, or says why
// that cannot be. A link that comes during a call, or before this person has a
// name, waits.
func (h *Home) OpenLink(link string) {
	p := h.p
	link = strings.TrimSpace(link)
	if p.session != nil || p.Welcome.needed() {
		p.pending = link
		if p.session != nil {
			p.Call.linkWaits = p.now().Add(noticeFor)
		}
		p.Refresh()
		return
	}
	h.query = ""
	if check := p.deps.CheckLink; check != nil {
		if err := check(link); err != nil {
			p.goTo(ScreenHome)
			h.say(ToneWarning, p.notBegun(err))
			p.Refresh()
			return
		}
	}
	p.Before.Open("", link)
}

// offerPending opens the link that waits, if it need not any more.
func (p *Program) offerPending() bool {
	if p.pending == "" || p.session != nil || p.Welcome.needed() {
		return false
	}
	link := p.pending
	p.pending = ""
	p.Home.OpenLink(link)
	return true
}

// Withdraw ends what a person does in the window that is put away: a preview, a
// test, a call.
func (p *Program) Withdraw() {
	if p.session != nil {
		p.session.Hangup()
	}
	p.goTo(ScreenHome)
	p.Refresh()
}

// linkNotice says in a call that a link waits.
func (c *Call) linkNotice(now time.Time) string {
	if now.Before(c.linkWaits) {
		return c.p.lang.T("call.link_waits")
	}
	return ""
}
