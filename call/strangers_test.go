package call_test

import (
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest"
	"parley/signaling/wire"
)

// What a caller learns of the callee's choices; the callee learns of none.
func TestWhoMayCall(t *testing.T) {
	s := calltest.NewService(t)
	a, b := join(t, s, "Ada"), join(t, s, "Ben")
	for _, c := range []struct {
		how  calltest.Treatment
		want call.EndReason
	}{
		{calltest.Asks, call.EndRequested}, {calltest.Refused, call.EndKnownOnly},
		{calltest.Blocks, call.EndBlocked}, {calltest.Blocked, call.EndAway},
	} {
		s.Treat("Ada", "Ben", c.how)
		if st := over(t, a.dial("Ben", true), c.want); st.Peer.Name != "Ben" {
			t.Errorf("%s: with %q", c.want, st.Peer.Name)
		}
		await(t, "Ada is free", a.phone.Subscribe, func() bool { return len(a.phone.Sessions()) == 0 })
	}
	if n := len(b.phone.Sessions()); n != 0 {
		t.Errorf("Ben has %d calls", n)
	}
	s.Treat("Ada", "Ben", calltest.Rings)
	sa := a.dial("Ben", true)
	if p := b.rings().State().Peer; p.Stranger {
		t.Error("who is known rings as a stranger")
	}
	sa.Hangup()
	over(t, sa, call.EndedByMe)
}

// addresses are the candidates that a person has told, in descriptions and
// beside them.
func addresses(p *person) (relayed, other int) {
	count := func(line string) {
		switch {
		case !strings.Contains(line, "candidate:"):
		case strings.Contains(line, " typ relay"):
			relayed++
		default:
			other++
		}
	}
	for _, e := range p.party.Sent() {
		switch e.Kind {
		case wire.KindAnswer:
			a, _ := wire.Body[wire.Answer](e)
			for line := range strings.Lines(a.Answer.SDP) {
				count(line)
			}
		case wire.KindCandidates:
			c, _ := wire.Body[wire.Candidates](e)
			for _, k := range c.Candidates {
				count(k.Candidate)
			}
		}
	}
	return relayed, other
}

// A stranger who calls learns the address of the relay only, if there is one
// and the person wishes it.
func TestHiddenFromStrangers(t *testing.T) {
	for _, c := range []struct {
		name   string
		how    calltest.Treatment
		relay  bool
		spent  bool
		hides  bool
		hidden bool
	}{
		{"a stranger", calltest.Stranger, true, false, true, true},
		{"somebody known", calltest.Rings, true, false, true, false},
		{"a stranger, without a relay", calltest.Stranger, false, false, true, false},
		{"a stranger, with the share of the relay used up", calltest.Stranger, true, true, true, false},
		{"a stranger, when nothing is to be hidden", calltest.Stranger, true, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := calltest.NewNetwork(t, calltest.Options{Delay: time.Millisecond})
			ha, hb := net.Host(calltest.Direct), net.Host(calltest.Direct)
			ice := net.Relay()
			net.Start()
			s := calltest.NewService(t)
			a := join(t, s, "Ada", onHost(ha))
			b := join(t, s, "Ben", onHost(hb), func(cfg *call.Config) { cfg.HideFromStrangers = func() bool { return c.hides } })
			if c.relay {
				a.party.SetICE(ice, nil)
				ice.RelaySpent = c.spent
				b.party.SetICE(ice, nil)
			}
			s.Treat("Ada", "Ben", c.how)
			sa, sb := connected(t, a, b)
			if got := sb.State().Peer.Stranger; got != (c.how == calltest.Stranger) {
				t.Errorf("stranger: %v", got)
			}
			sees(t, sa, 120)
			sees(t, sb, 120)
			relayed, other := addresses(b)
			if c.hidden && (relayed == 0 || other > 0) || !c.hidden && other == 0 {
				t.Errorf("%d addresses of the relay and %d others were told", relayed, other)
			}
		})
	}
}
