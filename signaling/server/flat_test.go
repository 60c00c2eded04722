package server_test

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"parley/signaling/wire"
)

var flatConnects = flag.Int("flat.connects", 1000, "how often TestFlatOverConnects signs in and out")

// Signing in and out leaves nothing: no goroutine, no memory that grows with
// how often it was done. `go test -run FlatOverConnects ./signaling/server
// -flat.connects 10000` does it as often as the service sees in a day.
func TestFlatOverConnects(t *testing.T) {
	r := newRig(struct{ testing.TB }{t}) // not a *testing.T, which would keep the log
	const people = 20
	round := func(n int) {
		var wg sync.WaitGroup
		for i := range people {
			wg.Go(func() {
				d := r.dialer
				d.Subprotocols = []string{wire.Subprotocol}
				for range n / people {
					ws, _, err := d.Dial("ws://"+r.addr+wire.Path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					p := &peer{t: t, r: r, ws: ws}
					p.welcome = body[wire.Welcome](p, p.want(wire.KindWelcome))
					p.hello(keyOf(fmt.Sprint("flat", i)), fmt.Sprint("Flat ", i))
					p.want(wire.KindReady)
					if i%2 == 0 { // the others are cut, and their sessions wait for them
						p.send(wire.Envelope{Kind: wire.KindBye}, nil)
						p.closed()
					}
					ws.Close()
				}
			})
		}
		wg.Wait()
	}
	used := func() (bytes uint64, goroutines int) {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse, runtime.NumGoroutine()
	}
	round(people * 10) // what is made once
	before, was := used()
	round(*flatConnects)
	after, now := used()
	t.Logf("%d connects: %+d kB, %+d goroutines", *flatConnects, (int64(after)-int64(before))/1000, now-was)
	if grown := int64(after) - int64(before); grown > 2<<20 {
		t.Errorf("%d connects left %d bytes", *flatConnects, grown)
	}
	if now > was+2*people {
		t.Errorf("%d goroutines, %d before", now, was)
	}
}
