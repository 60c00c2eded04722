package peer

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

var flatCalls = flag.Int("flat.calls", 50, "calls of TestFlatOverCalls")

// footprint is what this process has: memory in bytes, Go's and C's, and
// goroutines.
func footprint(tb testing.TB) (resident, goroutines int) {
	tb.Helper()
	runtime.GC() // finalizers of the one before
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Skip("no /proc/self/statm: ", err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		tb.Fatal(err)
	}
	return pages * os.Getpagesize(), runtime.NumGoroutine()
}

// A call that is over leaves nothing behind: neither a goroutine nor memory.
// 1,000 calls: go test -run FlatOverCalls ./call/peer -flat.calls 1000.
func TestFlatOverCalls(t *testing.T) {
	call := func(n int) {
		for range n {
			p := openPair(t, &loNet{}, &loNet{})
			p.connect()
			if err := p.caller.AudioTrack().WriteUnit(audioUnit()); err != nil {
				t.Fatal(err)
			}
			if _, _, err := p.callee.RemoteAudio().ReadRTP(); err != nil {
				t.Fatal(err)
			}
			p.close()
		}
	}
	call(10) // what pools and allocators keep
	before, routines := footprint(t)
	call(*flatCalls)
	after, left := footprint(t)
	t.Logf("%d calls left %d kB and %d goroutines behind", *flatCalls, (after-before)>>10, left-routines)
	// A twentieth of what one call takes while it is there, and what the
	// allocators do as they like.
	if most := *flatCalls*20<<10 + 4<<20; !raced && after-before > most {
		t.Errorf("memory grew by %d kB", (after-before)>>10)
	}
	if left > routines {
		t.Errorf("%d goroutines, %d before", left, routines)
	}
}
