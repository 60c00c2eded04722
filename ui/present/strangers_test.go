package present_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/ui/present"
	"parley/ui/present/presenttest"
)

// strangers makes the service one that knows of requests and block lists.
func (w *world) strangers(requests ...string) {
	w.directory.Set(func(p *present.People) {
		p.Strangers = present.StrangersAsk
		for i, name := range requests {
			p.Requests = append(p.Requests, present.Request{Name: name, At: w.now.Add(-time.Duration(i+1) * time.Hour)})
		}
	})
}

func (w *world) did(what string) func() bool {
	return func() bool { return slices.Contains(w.directory.Calls(), what) }
}

func TestRequestsAreListedAndAnswered(t *testing.T) {
	w := newWorld(t)
	w.strangers("Freya", "Gus", "Hal", "Ida")
	s := w.model().Home.Sections[0]
	if s.ID != "requests" || names(s) != "Freya, Gus, Hal" || !strings.Contains(s.Title, "4") {
		t.Fatalf("requests: %q %q %s", s.ID, s.Title, names(s))
	}
	if r := w.row("requests", "Freya"); !strings.Contains(r.Note, "09:42") {
		t.Errorf("note %q", r.Note)
	}
	if w.screen.Notified != nil {
		t.Error("a request is not quiet")
	}

	w.row("requests", "Freya").Open()
	d := w.model().Home.Detail
	if !d.Request || !d.CanBlock || d.Contact || !strings.Contains(d.Note, "only if you know") {
		t.Errorf("the request of Freya: %+v", d)
	}
	w.Home.AcceptRequest()
	w.await("accepting", w.did("accept Freya"))
	w.await("the new contact", func() bool { d := w.model().Home.Detail; return d.Contact && !d.Request && d.CanCall })

	w.row("requests", "Gus").Open()
	w.Home.DeclineRequest()
	w.await("declining", w.did("decline Gus"))
	w.await("nobody is chosen", func() bool { return w.model().Home.Detail == nil })

	w.row("requests", "Hal").Open()
	w.Home.ToggleBlock()
	w.await("blocking", w.did("block Hal"))
	if w.row("requests", "Hal") != nil || w.row("requests", "Ida") == nil {
		t.Error("who is blocked still asks, or the next does not")
	}
	w.directory.Error = &present.ServiceError{Problem: present.ProblemTooMany}
	w.row("requests", "Ida").Open()
	w.Home.AcceptRequest()
	w.await("the sentence", func() bool { return w.model().Home.Notice.Text == w.Lang().T("service.too_many") })
}

func TestBlockAndUnblock(t *testing.T) {
	w := newWorld(t)
	w.Home.Select("Zoe")
	if w.model().Home.Detail.CanBlock {
		t.Error("a service that knows of no block list offers one")
	}
	w.strangers()
	if d := w.model().Home.Detail; !d.CanBlock || d.Blocked {
		t.Fatalf("%+v", d)
	}
	w.Home.Select("Never heard of")
	if w.model().Home.Detail.CanBlock {
		t.Error("somebody who is only a name can be blocked")
	}
	w.Home.Select("Zoe")
	w.Home.ToggleBlock()
	w.await("blocking", w.did("block Zoe"))
	w.await("the notice", func() bool { return len(w.model().Home.Notice.Actions) == 1 })
	d, r := w.model().Home.Detail, w.row("people", "Zoe")
	if !d.Blocked || d.CanCall || d.ShowDot || r.Call != nil || r.ShowDot || r.Note != w.Lang().T("presence.blocked") {
		t.Errorf("blocked: %+v, %+v", d, r)
	}
	w.model().Home.Notice.Actions[0].Do()
	w.await("unblocking", func() bool { return !w.model().Home.Detail.Blocked })
	if w.model().Home.Notice.Text != "" {
		t.Error("the notice stays")
	}
}

func TestBlockWhoRings(t *testing.T) {
	w := newWorld(t)
	s := presenttest.NewSession(call.State{ID: "1", Phase: call.Incoming, Peer: call.Peer{Name: "Freya", Stranger: true}})
	w.phone.SetRinging(s)
	if m := w.model().Incoming; m.CanBlock || m.Verified != w.Lang().T("incoming.stranger") {
		t.Errorf("%+v", m)
	}
	w.strangers()
	if !w.model().Incoming.CanBlock {
		t.Error("who rings cannot be blocked")
	}
	w.Incoming.Block()
	w.await("blocking", w.did("block Freya"))
	if got := s.Calls(); !slices.Equal(got, []string{"decline "}) {
		t.Errorf("the call: %q", got)
	}
	guest := presenttest.NewSession(call.State{ID: "2", Phase: call.Incoming, Peer: call.Peer{Name: "Jo", Guest: true, Stranger: true}})
	w.phone.SetRinging(guest)
	if m := w.model().Incoming; m.CanBlock || m.Verified != w.Lang().T("person.guest") {
		t.Errorf("a guest: %+v", m)
	}
}

// Who accepts a request is told of once, with a way to call.
func TestAcceptedIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.directory.Set(func(p *present.People) { p.Accepted = []string{"Maya"} })
	n := w.model().Home.Notice
	if !strings.Contains(n.Text, "Maya") || len(n.Actions) != 1 || len(w.screen.Notified) != 1 {
		t.Fatalf("%+v, notified %q", n, w.screen.Notified)
	}
	w.Home.Dismiss()
	if w.model().Home.Notice.Text != "" || len(w.screen.Notified) != 1 {
		t.Error("told again")
	}
	w.directory.Set(func(p *present.People) { p.Accepted = []string{"Maya", "Zoe"} })
	if !strings.Contains(w.model().Home.Notice.Text, "Zoe") {
		t.Error("the second is not told of")
	}
	w.model().Home.Notice.Actions[0].Do()
	if w.model().Screen != present.ScreenBefore {
		t.Error("calling leads nowhere")
	}
}

// Whoever calls somebody they have blocked can unblock them from there.
func TestCallingWhomOneHasBlocked(t *testing.T) {
	w := newWorld(t)
	w.strangers()
	w.directory.Set(func(p *present.People) { p.Blocked = []string{"Zoe"} })
	s := presenttest.NewSession(call.State{ID: "1", Phase: call.Calling, Outgoing: true, Peer: call.Peer{Name: "Zoe"}})
	w.phone.SetCurrent(s)
	w.Refresh()
	w.phone.SetCurrent(nil)
	s.Set(func(st *call.State) { st.Phase, st.End = call.Ended, call.End{Reason: call.EndBlocked} })
	n := w.model().Home.Notice
	if n.Text != w.Lang().T("end.blocked", "name", "Zoe") || len(n.Actions) != 1 {
		t.Fatalf("%+v", n)
	}
	n.Actions[0].Do()
	w.await("unblocking", w.did("unblock Zoe"))
}

func TestPrivacySettings(t *testing.T) {
	w := newWorld(t)
	privacy := func() present.PrivacyModel { return w.model().Settings.Privacy }
	w.Settings.Open(present.PagePrivacy)
	if m := privacy(); m.Ready || m.Why != w.Lang().T("privacy.unsupported") || m.Hide {
		t.Errorf("an old service: %+v", m)
	}
	w.directory.Set(func(p *present.People) { p.Service.Phase = present.ServiceReconnecting })
	if m := privacy(); m.Ready || m.Why != w.Lang().T("privacy.offline") {
		t.Errorf("no service: %+v", m)
	}
	w.directory.Set(func(p *present.People) {
		p.Service.Phase, p.Strangers, p.Blocked = present.ServiceOnline, present.StrangersRing, []string{"Zoe"}
	})
	if m := privacy(); !m.Ready || m.Why != "" || m.Strangers.Value != "ring" || m.Rule != w.Lang().T("privacy.ring_note") || !slices.Equal(m.Blocked, []string{"Zoe"}) {
		t.Errorf("%+v", m)
	}
	for rule, note := range map[string]string{"ask": "privacy.ask_note", "refuse": "privacy.refuse_note"} {
		w.Settings.SetStrangers(rule)
		w.await(rule, func() bool { return privacy().Strangers.Value == rule && privacy().Rule == w.Lang().T(note) })
	}
	w.Settings.SetHideFromStrangers(true)
	if !privacy().Hide || !w.settings.Get().HideFromStrangers {
		t.Error("the switch does not switch")
	}
	w.Settings.Unblock("Zoe")
	w.await("unblocking", func() bool { return len(privacy().Blocked) == 0 })
	w.directory.Error = &present.ServiceError{Problem: present.ProblemUnreachable}
	w.Settings.SetStrangers("ring")
	w.await("the sentence", func() bool { return privacy().Problem != "" })
}
