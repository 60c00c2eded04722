package peer

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

func TestMenderDecides(t *testing.T) {
	d := DefaultTiming()
	t0 := time.Unix(1000, 0)
	at := func(s float64) time.Time { return t0.Add(time.Duration(s * float64(time.Second))) }
	for _, c := range []struct {
		name    string
		m       mender
		v       view
		now     float64
		restart bool
		wait    time.Duration
	}{
		{name: "good path", v: view{conn: ConnConnected, since: t0}, now: 9},
		{name: "asked", m: mender{asked: true}, v: view{conn: ConnConnected, since: t0}, now: 9, restart: true},
		{name: "network changed, path works", m: mender{changed: at(9)}, v: view{conn: ConnConnected, since: t0}, now: 9},
		{name: "an outage", v: view{conn: ConnDisconnected, since: t0}, now: 6},
		{name: "just disconnected", v: view{conn: ConnDisconnected, since: t0, relayed: true}, now: 0, wait: d.Mend},
		{name: "disconnected for long", v: view{conn: ConnDisconnected, since: t0, relayed: true}, now: 1, restart: true},
		{name: "the polite side waits", m: mender{polite: true}, v: view{conn: ConnDisconnected, since: t0, relayed: true}, now: 1, wait: d.Polite},
		{name: "but not forever", m: mender{polite: true}, v: view{conn: ConnDisconnected, since: t0, relayed: true}, now: 2.5, restart: true},
		{name: "nor when asked", m: mender{polite: true, asked: true}, v: view{conn: ConnDisconnected, since: t0}, now: 0, restart: true},
		{name: "disconnected after a change", m: mender{changed: at(-1)}, v: view{conn: ConnDisconnected, since: t0}, now: 0, restart: true},
		{name: "change long ago", m: mender{changed: at(-6)}, v: view{conn: ConnDisconnected, since: t0, relayed: true}, now: 0, wait: d.Mend},
		{name: "connecting", v: view{conn: ConnConnecting, since: t0}, now: 5},
		{name: "connecting, network changed", m: mender{changed: at(5)}, v: view{conn: ConnConnecting, since: t0}, now: 5, restart: true},
		{name: "failed", v: view{conn: ConnFailed, since: t0}, now: 0, restart: true},
		{name: "failed, second try", m: mender{last: at(-1), tries: 1}, v: view{conn: ConnFailed, since: t0}, now: 0, wait: time.Second},
		{name: "failed, many tries", m: mender{last: t0, tries: 60}, v: view{conn: ConnFailed, since: t0}, now: 0, wait: mendBackTo},
		{name: "offer on its way", m: mender{last: t0, tries: 1}, v: view{conn: ConnFailed, since: t0, pending: t0}, now: 3, wait: 7 * time.Second},
		{name: "offer lost", m: mender{last: t0, tries: 1}, v: view{conn: ConnFailed, since: t0, pending: t0}, now: 10, restart: true},
		{name: "offer on its way, network changed", m: mender{last: t0, tries: 1, changed: at(3)}, v: view{conn: ConnConnecting, since: t0, pending: t0}, now: 3, restart: true},
		{name: "twice at once", m: mender{last: t0, asked: true}, v: view{conn: ConnConnected, since: t0}, now: 0, wait: mendGap},
		{name: "refused for good", m: mender{asked: true}, v: view{conn: ConnFailed, since: t0, dead: true}, now: 9},
		{name: "still ringing", m: mender{asked: true}, v: view{conn: ConnNew, since: t0}, now: 9},
		{name: "closed", m: mender{asked: true}, v: view{conn: ConnClosed, since: t0}, now: 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := c.m
			m.timing = d
			c.v.first = true
			restart, wait := m.next(c.v, at(c.now))
			if restart != c.restart || wait != c.wait {
				t.Errorf("restart %v after %v, want %v after %v", restart, wait, c.restart, c.wait)
			}
			if restart && (m.asked || !m.changed.IsZero() || m.last != at(c.now)) {
				t.Errorf("the restart is not noted: %+v", m)
			}
		})
	}
}

func TestMenderWaitsForTheFirstExchange(t *testing.T) {
	m := mender{timing: DefaultTiming(), asked: true}
	if restart, _ := m.next(view{conn: ConnConnecting}, time.Unix(1, 0)); restart || !m.asked {
		t.Errorf("restart %v, asked %v: want it kept for later", restart, m.asked)
	}
}

func TestDerive(t *testing.T) {
	d := DefaultTiming()
	t0 := time.Unix(1000, 0)
	after := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	for _, c := range []struct {
		name string
		o    observed
		now  int
		want Conn
		wait time.Duration
	}{
		{"rings", observed{raw: webrtc.PeerConnectionStateConnecting, since: t0}, 40, ConnNew, 0},
		{"answered after a minute", observed{raw: webrtc.PeerConnectionStateConnecting, since: t0, live: after(60)}, 61, ConnConnecting, 9 * time.Second},
		{"no path", observed{raw: webrtc.PeerConnectionStateConnecting, since: t0, live: t0}, 10, ConnFailed, 0},
		{"connected", observed{raw: webrtc.PeerConnectionStateConnected, since: t0, live: t0}, 100, ConnConnected, 0},
		{"disconnected", observed{raw: webrtc.PeerConnectionStateDisconnected, since: t0, live: t0}, 4, ConnDisconnected, 6 * time.Second},
		{"gone", observed{raw: webrtc.PeerConnectionStateDisconnected, since: t0, live: t0}, 10, ConnFailed, 0},
		{"handshake refused", observed{raw: webrtc.PeerConnectionStateFailed, since: t0, live: t0, handshake: true}, 0, ConnFailed, 0},
		{"handshake refused, closed by pion", observed{raw: webrtc.PeerConnectionStateClosed, since: t0, live: t0, handshake: true}, 0, ConnFailed, 0},
		{"closed", observed{raw: webrtc.PeerConnectionStateClosed, since: t0}, 0, ConnClosed, 0},
	} {
		if got, wait := derive(c.o, d, after(c.now)); got != c.want || wait != c.wait {
			t.Errorf("%s: %v, again after %v; want %v after %v", c.name, got, wait, c.want, c.wait)
		}
	}
}
