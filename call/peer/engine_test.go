package peer

import (
	"testing"

	"parley/signaling/wire"
)

func TestHasRelay(t *testing.T) {
	for name, c := range map[string]struct {
		server wire.ICEServer
		want   bool
	}{
		"STUN alone":             {wire.ICEServer{URLs: []string{"stun:example.org:3478"}}, false},
		"a relay":                {wire.ICEServer{URLs: []string{"turn:example.org?transport=udp"}, Username: "u", Credential: "c"}, true},
		"a relay over TLS":       {wire.ICEServer{URLs: []string{"turns:example.org:443"}, Username: "u", Credential: "c"}, true},
		"one without a password": {wire.ICEServer{URLs: []string{"turn:example.org"}}, false},
		"no address":             {wire.ICEServer{URLs: []string{"turn"}, Username: "u", Credential: "c"}, false},
	} {
		if got := HasRelay(wire.ICE{Servers: []wire.ICEServer{c.server}}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if HasRelay(wire.ICE{}) {
		t.Error("no servers, and a relay among them")
	}
}
