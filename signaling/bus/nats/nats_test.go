package nats

import (
	"fmt"
	"testing"
	"time"

	"parley/signaling/bus/hop"
)

type sink struct {
	got  chan string
	view chan int
}

func (s *sink) View(n []hop.Node)             { s.view <- len(n) }
func (s *sink) Message(_ string, b []byte)    { s.got <- string(b) }
func (s *sink) Reset(node string, _ [][]byte) {}

func three(t *testing.T) [3]*Bus {
	t.Helper()
	var bs [3]*Bus
	var routes []string
	for i := range bs {
		b, err := Open(Config{Listen: "127.0.0.1:0", Routes: routes, Secret: "of the nodes"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		bs[i] = b
		routes = append(routes, b.Addr())
	}
	return bs
}

// An unpaced burst between two of three nodes arrives whole.
func TestBurst(t *testing.T) {
	bs := three(t)
	sinks := [3]*sink{}
	meshes := [3]*hop.Mesh{}
	for i, b := range bs {
		sinks[i] = &sink{got: make(chan string, 64), view: make(chan int, 64)}
		m, err := hop.Start(hop.Default(fmt.Sprint("n", i)), b, sinks[i])
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		meshes[i] = m
	}
	for n := 0; n < 3; {
		select {
		case n = <-sinks[0].view:
		case <-time.After(20 * time.Second):
			t.Fatal("the nodes do not find each other")
		}
	}
	const n = 10000
	go func() {
		for i := range n {
			if err := meshes[0].Send("n2", fmt.Append(nil, i)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for i := range n {
		select {
		case g := <-sinks[2].got:
			if g != fmt.Sprint(i) {
				t.Fatalf("%s in place of %d", g, i)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("number %d does not come: %+v", i, meshes[0].Counts())
		}
	}
	t.Logf("%+v", meshes[0].Counts())
}

// Without the secret no server joins.
func TestSecret(t *testing.T) {
	bs := three(t)
	stranger, err := Open(Config{Listen: "127.0.0.1:0", Routes: []string{bs[0].Addr()}, Secret: "guessed"})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	heard := make(chan []byte, 1)
	if _, err := stranger.Subscribe("beat", func(b []byte) { heard <- b }); err != nil {
		t.Fatal(err)
	}
	own := make(chan []byte, 1)
	if _, err := bs[1].Subscribe("beat", func(b []byte) { own <- b }); err != nil {
		t.Fatal(err)
	}
	for i := 0; len(own) == 0; i++ { // the nodes take a moment to find each other
		bs[0].Publish("beat", []byte("x"))
		bs[0].conn.Flush()
		if i > 1000 {
			t.Fatal("the others hear nothing either")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(heard) > 0 {
		t.Error("a server with another secret hears the nodes")
	}
}

// The operator's own server, and Ready when it is gone.
func TestOperators(t *testing.T) {
	own, err := Open(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	b, err := Open(Config{URL: own.server.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	heard := make(chan string, 1)
	cancel, err := b.Subscribe("x", func(m []byte) { heard <- string(m) })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	if err := b.Publish("x", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if <-heard != "hello" || b.Ready() != nil || b.Addr() != "" {
		t.Errorf("ready %v, address %q", b.Ready(), b.Addr())
	}
	gone := b.conn.StatusChanged()
	own.server.Shutdown()
	for b.Ready() == nil {
		<-gone
	}
}
