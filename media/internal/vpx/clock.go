package vpx

import "time"

// clock turns capture times into the strictly increasing 90 kHz ticks that
// libvpx wants, and keeps its rate control honest while doing so.
//
// libvpx gives a frame bits for the time between the end of the previous frame
// and its own end, and compares that with how long the previous one lasted: if
// they differ, it takes the new frame rate at once, else it averages over a
// second. So each frame lasts from the end of the previous one exactly as long
// as between the two captures: with the nominal duration instead, a gap halved
// the frame rate for a second after it, and one lost picture of five made
// 1.58 times the bits. Two kinds of step are not real time and are replaced:
//
//   - backwards or not at all (another camera, a source that repeats a stamp):
//     one nominal frame;
//   - a long pause (muted camera, suspended machine, still screen): maxGap, or
//     the first picture after ten seconds would get ten seconds of bits.
type clock struct {
	started bool
	last    int64 // capture time of the previous frame, in ticks
	end     int64 // end of the previous frame as libvpx saw it
}

// maxGap is the longest time between two frames that earns bits: 4 frames/s.
const maxGap = clockRate / 4

// next returns start and duration, in ticks, of a frame captured at pts while
// frames of the nominal duration are expected. duration is at least 1.
func (c *clock) next(pts time.Duration, nominal int64) (start, duration int64) {
	t := ticks(pts)
	if !c.started {
		c.started = true
		c.end = nominal
		c.last = t
		return 0, nominal
	}
	d := t - c.last
	c.last = t
	switch {
	case d <= 0:
		d = nominal
	case d > max(maxGap, 2*nominal):
		d = max(maxGap, 2*nominal)
	}
	start = c.end
	c.end += d
	return start, d
}

// ticks converts to the 90 kHz clock, rounding down.
func ticks(d time.Duration) int64 {
	us := d.Microseconds()
	return us/1_000_000*clockRate + us%1_000_000*clockRate/1_000_000
}
