package chrome_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parley/call"
	"parley/call/calltest/chrome"
	"parley/signaling/wire"
)

func TestBothCanCall(t *testing.T) {
	for name, begin := range map[string]func(*rig){"Parley calls": (*rig).weCall, "Chromium calls": (*rig).theyCall} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			begin(r)
			r.flows()
			codecs(t, r.stats())
			chat(t, r)
			mute(t, r)
		})
	}
}

// codecs checks what was agreed upon.
func codecs(t *testing.T, s chrome.Stats) {
	t.Helper()
	byID := map[string]string{}
	for _, m := range s {
		if m["type"] == "codec" {
			byID[m["id"].(string)] = m["mimeType"].(string)
		}
	}
	for _, typ := range []string{"inbound-rtp", "outbound-rtp"} {
		for kind, want := range map[string]string{"video": "video/VP8", "audio": "audio/opus"} {
			m := s.One(typ, kind)
			id, _ := m["codecId"].(string)
			if byID[id] != want {
				t.Errorf("%s %s is %q, want %s", typ, kind, byID[id], want)
			}
			if rid := m["rid"]; rid != nil {
				t.Errorf("%s %s is a layer %v of a simulcast", typ, kind, rid)
			}
		}
	}
	n := 0
	for _, m := range s {
		if m["type"] == "outbound-rtp" && m["kind"] == "video" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("Chromium sends %d pictures, want one", n)
	}
}

func chat(t *testing.T, r *rig) {
	t.Helper()
	if err := r.session.SendChat("Grüße <b>&"); err != nil {
		t.Fatal(err)
	}
	r.until("our line and its mark", func() bool {
		c := r.session.State().Chat
		return len(c) == 1 && c[0].Status == call.Delivered
	})
	if err := r.page.Eval(nil, "call.say", "zurück 🙂"); err != nil {
		t.Fatal(err)
	}
	r.until("Chromium's line and its mark", func() bool {
		return slices.ContainsFunc(r.state().Lines, func(l chrome.Line) bool { return l.Mine && l.Delivered })
	})
	want := []chrome.Line{{Text: "Grüße <b>&"}, {Mine: true, Text: "zurück 🙂", Delivered: true}}
	if got := r.state().Lines; !slices.Equal(got, want) {
		t.Errorf("Chromium has %+v", got)
	}
	if c := r.session.State().Chat; len(c) != 2 || c[1].Mine || c[1].Text != "zurück 🙂" {
		t.Errorf("here is %+v", c)
	}
}

func mute(t *testing.T, r *rig) {
	t.Helper()
	r.media.SetMicrophone(false)
	r.until("our muting is known and heard", func() bool {
		s := r.state()
		return s.Theirs != nil && !s.Theirs.Mic && s.Theirs.Camera && !r.hears(ourTone)
	})
	r.media.SetMicrophone(true)
	r.until("our voice is back", func() bool { return r.state().Theirs.Mic && r.hears(ourTone) })

	r.media.SetCamera(false)
	r.until("our camera is off", func() bool { return !r.state().Theirs.Camera })
	r.media.SetCamera(true)
	before := r.inbound("framesDecoded")
	r.until("our picture is back", func() bool { return r.state().Theirs.Camera && r.inbound("framesDecoded") > before })

	if err := r.page.Eval(nil, "call.mute", "audio", true); err != nil {
		t.Fatal(err)
	}
	r.until("Chromium's muting is known and heard", func() bool {
		return !r.session.State().Remote.MicOn && !loud(r.devices.last(), theirTone)
	})
	if err := r.page.Eval(nil, "call.mute", "audio", false); err != nil {
		t.Fatal(err)
	}
	r.until("Chromium's voice is back", func() bool {
		return r.session.State().Remote.MicOn && loud(r.devices.last(), theirTone)
	})
}

// TestFeedbackLiftsTheEstimate: with transport-wide feedback Chromium's first
// probes show within a second that there is more than the 300 kbit/s that it
// starts with; with receiver reports alone the estimate grows by 8 % a second.
func TestFeedbackLiftsTheEstimate(t *testing.T) {
	const enough, frames = 1e6, 90 // 90 pictures are 6 s: times 1.08^6
	for range 3 {                  // a probe fails where the processor is busy
		var got float64
		t.Run("call", func(t *testing.T) {
			r := newRig(t)
			r.theyCall()
			r.until("the estimate, or too many pictures", func() bool {
				s := r.stats()
				got = chrome.Number(s.Pair(), "availableOutgoingBitrate")
				return got > enough || chrome.Number(s.One("outbound-rtp", "video"), "framesSent") > frames
			})
		})
		if got > enough {
			return
		}
		t.Logf("the estimate is %.0f bit/s", got)
	}
	t.Error("Chromium's estimate does not grow: our feedback does not reach it, or says nothing")
}

func TestLossIsRepairedByRetransmission(t *testing.T) {
	r := newRig(t)
	r.weCall()
	r.flows()
	r.link.Set(chrome.Conditions{Loss: 0.05, Delay: 15 * time.Millisecond})
	// Chromium's stream is repaired by ours, and ours by Chromium's.
	r.until("Chromium repeats what we ask for", func() bool {
		return r.outbound("nackCount") > 5 && r.outbound("retransmittedPacketsSent") > 5
	})
	r.until("Chromium gets what it asks for by RTX", func() bool {
		return r.inbound("nackCount") > 5 && r.inbound("retransmittedPacketsReceived") > 5
	})
	r.flows()
	if freezes := r.session.Stats().VideoIn.FreezeCount; freezes == nil {
		t.Error("freezes are not counted")
	}
}

// TestChromiumHearsWhatIsRepeated: Chromium takes sound in the form of RFC 2198,
// and plays from it what was lost. Of a steady tone there is no other repair.
func TestChromiumHearsWhatIsRepeated(t *testing.T) {
	r := newRig(t)
	r.weCall()
	r.flows()
	r.link.Set(chrome.Conditions{Loss: 0.15, Delay: 15 * time.Millisecond})
	audio := func(name string) float64 { return chrome.Number(r.stats().One("inbound-rtp", "audio"), name) }
	r.until("the loss is known", func() bool { return audio("packetsLost") > 10 })
	const second = 48000
	all, made := audio("totalSamplesReceived"), audio("concealedSamples")
	r.until("four seconds of it", func() bool { return audio("totalSamplesReceived") > all+4*second })
	all, made = audio("totalSamplesReceived")-all, audio("concealedSamples")-made
	t.Logf("%.1f %% made up", 100*made/all)
	if made/all > 0.10 {
		t.Errorf("Chromium makes %.1f %% of the sound up where 15 %% are lost", 100*made/all)
	}
}

func TestKeyFramesAreAskedFor(t *testing.T) {
	r := newRig(t)
	r.theyCall()
	r.flows()
	keysOut, keysIn := r.outbound("keyFramesEncoded"), r.inbound("keyFramesDecoded")
	plisOut, plisIn := r.outbound("pliCount"), r.inbound("pliCount")
	// Of a stream that loses more than retransmission can carry only a key
	// frame is left. Connectivity checks get through sometimes, which is
	// enough.
	r.link.Set(chrome.Conditions{Loss: 0.7})
	r.until("a picture is asked for by both", func() bool {
		return r.outbound("pliCount") > plisOut && r.inbound("pliCount") > plisIn
	})
	r.link.Set(chrome.Conditions{})
	r.flows()
	if got := r.outbound("keyFramesEncoded"); got <= keysOut {
		t.Errorf("Chromium made %v key frames, %v before it was asked", got, keysOut)
	}
	if got := r.inbound("keyFramesDecoded"); got <= keysIn {
		t.Errorf("Chromium got %v key frames, %v before it asked", got, keysIn)
	}
}

func TestChromiumAddsASecondPicture(t *testing.T) {
	r := newRig(t)
	r.weCall()
	r.flows()
	const second = 320
	if err := r.page.Eval(nil, "call.another", map[string]int{"width": second, "height": 180, "frameRate": 5}); err != nil {
		t.Fatal(err)
	}
	offer, err := r.page.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(offer.SDP, "m=video"); n != 2 {
		t.Fatalf("%d pictures in Chromium's offer", n)
	}
	if err := r.party.Send(wire.KindNegotiate, r.call(), wire.Negotiate{Description: wire.Description{Type: offer.Type, SDP: offer.SDP}}); err != nil {
		t.Fatal(err)
	}
	r.until("the offer is answered", func() bool { return r.state().Signaling == "stable" })
	before := r.outbound("framesSent")
	r.flows() // the first picture goes on, and is still the one that is shown
	r.until("the camera's picture goes on", func() bool { return r.outbound("framesSent") > before+15 })
	slot := r.session.Video(r.session.State().Peer.ID, call.CameraSource)
	for n := 0; n < 10; {
		f, ok := slot.Take()
		if !ok {
			<-slot.Wake()
			continue
		}
		if n++; f.Width == second {
			t.Error("the second picture is shown in place of the camera's")
		}
		f.Release()
	}
	if p := r.session.State().Phase; p != call.Connected {
		t.Errorf("phase %d", p)
	}
}

func TestICERestart(t *testing.T) {
	r := newRig(t)
	r.theyCall()
	r.flows()
	first := r.stats().Pair()["id"]

	// Chromium's.
	offer, err := r.page.Offer(true)
	if err != nil {
		t.Fatal(err)
	}
	r.fresh(1)
	n := wire.Negotiate{Description: wire.Description{Type: offer.Type, SDP: offer.SDP}, Generation: 1, Restart: true}
	if err := r.party.Send(wire.KindNegotiate, r.call(), n); err != nil {
		t.Fatal(err)
	}
	if err := r.release(); err != nil {
		t.Fatal(err)
	}
	r.until("another path", func() bool { p := r.stats().Pair(); return p != nil && p["id"] != first })
	r.connected()
	r.flows()

	// Ours: nothing arrives for longer than the path is waited for.
	second := r.stats().Pair()["id"]
	r.link.Set(chrome.Conditions{Down: true})
	r.until("our offer of a restart", func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.gen >= 2 })
	r.link.Set(chrome.Conditions{})
	r.until("a third path", func() bool { p := r.stats().Pair(); return p != nil && p["id"] != second })
	r.connected()
	r.flows()
	if err := r.session.SendChat("still here"); err != nil {
		t.Fatal(err)
	}
	r.until("chat goes on", func() bool { c := r.session.State().Chat; return len(c) == 1 && c[0].Status == call.Delivered })
}
