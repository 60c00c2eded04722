package peer

import (
	"errors"
	"os"
	"testing"
	"time"

	"parley/signaling/turn"
	"parley/signaling/turn/coturntest"
)

// A call that may take no other way goes through a coturn with credentials of
// the service's making, over UDP and over TCP.
func TestThroughCoturn(t *testing.T) {
	co, err := coturntest.Start()
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer co.Close()
	for transport, want := range map[string]Path{"udp": PathRelayUDP, "tcp": PathRelayTCP} {
		t.Run(transport, func(t *testing.T) {
			external := turn.External{URLs: []string{"turn:" + co.Addr + "?transport=" + transport}, Secret: []byte(coturntest.Secret), TTL: 5 * time.Minute}
			p := newPair(t, nil, nil, servers(external.Credentials("ann", time.Now())), relayOnly)
			p.connect()
			if st := await(t, p.caller, "path", func(s State) bool { return s.Path != PathNone }); st.Path != want {
				t.Errorf("the path is %q, want %q", st.Path, want)
			}
			there, back := listen(p.callee.RemoteAudio()), listen(p.caller.RemoteAudio())
			stop := talk(p.caller)
			there.more(t, 10)
			stop()
			stop = talk(p.callee)
			back.more(t, 10)
			stop()
		})
	}
}
