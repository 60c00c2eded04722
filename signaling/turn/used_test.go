package turn

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// used adds up what Used says until it is what is wanted: the last packets are
// counted after they were sent.
func used(t *testing.T, s *Server, want map[string]Used) {
	t.Helper()
	got := map[string]Used{}
	eventually(t, s, func(Usage) bool {
		for _, u := range s.Used() {
			sum := got[u.Person]
			got[u.Person] = Used{u.Person, sum.Bytes + u.Bytes, sum.Relays + u.Relays}
		}
		for person, w := range want {
			if got[person] != w {
				return false
			}
		}
		return true
	})
	if len(got) != len(want) {
		t.Errorf("used is %+v, want %+v", got, want)
	}
}

// What goes through a relay counts for its person, a guest's for the owner of
// the link; it is told once.
func TestUsed(t *testing.T) {
	s := start(t, nil)
	ann, guest := allocate(t, s, "udp", "ann"), allocate(t, s, "tcp", GuestOf("g1", "ann"))
	bob := allocate(t, s, "udp", "bob")
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	for relay, n := range map[net.PacketConn]int{ann: 100, guest: 20, bob: 3} {
		if _, err := relay.WriteTo([]byte(strings.Repeat("x", n)), peer.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		_, from := receive(t, peer)
		if _, err := peer.WriteTo([]byte("1234567"), from); err != nil {
			t.Fatal(err)
		}
		receive(t, relay)
	}
	used(t, s, map[string]Used{"ann": {"ann", 134, 2}, "bob": {"bob", 10, 1}})
	if again := s.Used(); len(again) != 0 {
		t.Errorf("told twice: %+v", again)
	}
	if _, err := bob.WriteTo([]byte("later"), peer.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	receive(t, peer)
	used(t, s, map[string]Used{"bob": {"bob", 5, 0}})
	for _, r := range []net.PacketConn{ann, guest, bob} {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, s, func(u Usage) bool { return u.Allocations == 0 })
	s.Used()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.used) != 0 {
		t.Errorf("%d accounts stay of those who have left", len(s.used))
	}
}

// Who has used up their share gets no new relay, and the one that runs goes on.
func TestSpent(t *testing.T) {
	var spent atomic.Bool
	s := start(t, func(c *Config) { c.Spent = func(person string) bool { return person == "ann" && spent.Load() } })
	relay := allocate(t, s, "udp", "ann")
	spent.Store(true)
	for _, person := range []string{"ann", GuestOf("g1", "ann")} {
		server := s.Credentials(person, "", time.Now()).Servers[1]
		r, err := client(t, s, "udp", server.Username, server.Credential).Allocate()
		if err == nil {
			r.Close()
			t.Fatalf("%s has a relay", person)
		}
		if !strings.Contains(err.Error(), "486") && !strings.Contains(err.Error(), "Quota Reached") {
			t.Errorf("%s is refused with %v, want 486", person, err)
		}
	}
	allocate(t, s, "udp", "bob")
	peer, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := relay.WriteTo([]byte("still here"), peer.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if got, _ := receive(t, peer); got != "still here" {
		t.Errorf("the peer got %q", got)
	}
	if u := s.Usage(); u.RefusedSpent != 2 || u.RefusedQuota != 0 {
		t.Errorf("usage is %+v", u)
	}
}
