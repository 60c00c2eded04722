package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"parley/signaling/wire"
)

func TestRing(t *testing.T) {
	var r ring
	push := func(n int) bool { return r.push(item{json: []byte(strings.Repeat("x", n))}) }
	for range 5 {
		if !push(10) {
			t.Fatal("no room in an empty ring")
		}
	}
	for _, a := range []struct {
		seq uint64
		ok  bool
	}{{2, true}, {2, true}, {6, false}} { // twice is no fault; what was never sent is
		if r.ack(a.seq) != a.ok || r.bytes != 30 {
			t.Errorf("ack %d: %v, %d bytes stored", a.seq, !a.ok, r.bytes)
		}
	}
	for _, c := range []struct{ cursor, seq uint64 }{{0, 3}, {2, 3}, {3, 4}, {4, 5}} {
		if seq, _, ok := r.next(c.cursor); !ok || seq != c.seq {
			t.Errorf("after %d comes %d, %v", c.cursor, seq, ok)
		}
	}
	if _, _, ok := r.next(5); ok {
		t.Error("something comes after the last")
	}
	for seq, want := range map[uint64]bool{0: false, 1: false, 2: true, 4: true, 5: true, 6: false} {
		if r.covers(seq) != want {
			t.Errorf("covers(%d) is %v", seq, !want)
		}
	}
	for push(10) {
	}
	if len(r.items) != wire.ReplayMessages {
		t.Errorf("%d messages fit", len(r.items))
	}
	if n := r.clear(); n != wire.ReplayMessages || r.bytes != 0 {
		t.Errorf("%d cleared, %d bytes", n, r.bytes)
	}
	r.restart(100)
	last := r.last
	for push(60 << 10) {
	}
	if r.bytes > wire.ReplayBytes || len(r.items) != 4 {
		t.Errorf("%d messages of %d bytes fit", len(r.items), r.bytes)
	}
	if r.first != last+1 {
		t.Errorf("numbers went from %d to %d", last, r.first)
	}
}

// What head writes in front of a message is part of the same JSON object.
func TestHead(t *testing.T) {
	got := head(nil, 7, stamp{2, 9}, 45000, []byte(`{"kind":"invite","call":"c"}`))
	var e wire.Envelope
	if err := json.Unmarshal(got, &e); err != nil {
		t.Fatal(err)
	}
	if e.Kind != wire.KindInvite || e.Call != "c" || e.Seq != 7 || e.Epoch != 2 || e.Ack != 9 || e.TTLms != 45000 {
		t.Errorf("%s", got)
	}
	if got := string(head(nil, 0, stamp{}, 0, []byte(`{"kind":"ping"}`))); got != `{"kind":"ping"}` {
		t.Errorf("%s", got)
	}
}

func TestBucket(t *testing.T) {
	now := time.Unix(1000, 0)
	b := newBucket(20, 3)
	for range 3 {
		if _, ok := b.take(now, 1); !ok {
			t.Fatal("the burst is not there")
		}
	}
	if wait, ok := b.take(now, 1); ok || wait != 50*time.Millisecond {
		t.Errorf("beyond the burst: wait %v, %v", wait, ok)
	}
	if _, ok := b.take(now.Add(50*time.Millisecond), 1); !ok {
		t.Error("refused after the wait")
	}
	if b.full(now.Add(time.Second)) != true || b.full(now.Add(100*time.Millisecond)) {
		t.Error("full at the wrong time")
	}
}

// Keys that are not used any more are forgotten.
func TestKeyedForgets(t *testing.T) {
	now := time.Unix(1000, 0)
	k := newKeyed(6)
	for i := range 10_000 {
		now = now.Add(time.Second)
		k.take(now, string(rune(i)))
	}
	if len(k.m) > 200 {
		t.Errorf("%d keys are kept of 10000 used once", len(k.m))
	}
}

func TestAddressKey(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:1234":                       "192.0.2.7",
		"[::ffff:192.0.2.7]:1234":              "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:1234":          "2001:db8:1:2::/64",
		"[2001:db8:1:2:ffff:ffff:0:0%eth0]:12": "2001:db8:1:2::/64",
		"pipe":                                 "pipe",
	} {
		if got := addressKey(remote); got != want {
			t.Errorf("%s is counted as %s, want %s", remote, got, want)
		}
	}
}

func TestConfig(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*Config){
		"listen":              func(c *Config) { c.Listen = "8080" },
		"name":                func(c *Config) { c.Name = "https://host" },
		"public_url":          func(c *Config) { c.PublicURL = "calls.example.org" },
		"allowed_origins":     func(c *Config) { c.AllowedOrigins = []string{"example.org"} },
		"limits.sessions":     func(c *Config) { c.Limits.Sessions = 0 },
		"limits.contacts":     func(c *Config) { c.Limits.Contacts = 1000 },
		"room.ring_for":       func(c *Config) { c.Room.RingFor = 0 },
		"drain_for":           func(c *Config) { c.DrainFor = -1 },
		"limits.hello_within": func(c *Config) { c.Limits.HelloWithin = 0 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
}
