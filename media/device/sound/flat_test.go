package sound

import (
	"bytes"
	"context"
	"flag"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"parley/media/device"
	"parley/media/device/internal/pulsetest"
)

var flatSwitches = flag.Int("flat.switches", 10, "changes of devices of TestFlatOverSwitches")

// Real devices that are opened and closed leave neither goroutines nor memory
// behind, Go's or C's.
func TestFlatOverSwitches(t *testing.T) {
	pa := pulsetest.Start(t, []string{"desk", "headset"}, []string{"table_mic", "boom"})
	pa.Ctl(t, "set-default-source", "table_mic")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(*flatSwitches)*time.Second)
	defer cancel()
	s := New(Config{Clock: device.NewClock()}, testLog(t))
	change := func(n int) {
		for i := range n {
			mic, spk := "table_mic", "desk"
			if i%2 == 0 {
				mic, spk = "boom", "headset"
			}
			in, err := s.OpenMicrophone(ctx, device.Selector{Choice: device.ByDevice, Value: mic})
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.OpenSpeaker(ctx, device.Selector{Choice: device.ByDevice, Value: spk}, func([]int16) {})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := in.Next(ctx); err != nil {
				t.Fatal(err)
			}
			if err := in.Close(); err != nil {
				t.Fatal(err)
			}
			if err := out.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	footprint := func() (resident, goroutines int) {
		runtime.GC()
		debug.FreeOSMemory()
		b, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Skip("no /proc/self/statm: ", err)
		}
		pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
		if err != nil {
			t.Fatal(err)
		}
		return pages * os.Getpagesize(), runtime.NumGoroutine()
	}
	change(4)
	before, routines := footprint()
	change(*flatSwitches)
	after, left := footprint()
	t.Logf("%d changes left %d kB and %d goroutines behind", *flatSwitches, (after-before)>>10, left-routines)
	if after-before > 5<<20 {
		t.Errorf("memory grew by %d kB", (after-before)>>10)
	}
	if left > routines {
		t.Errorf("%d goroutines, %d before", left, routines)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
