package mic

// limiter keeps every sample under ceiling. It looks 5 ms ahead, so that the
// gain is already down when a peak arrives, and comes back in a tenth of a
// second: no sample is cut off, a voice keeps its shape.
//
//	samples ──> delay of 5 ms ─────────────────────────────> × ──>
//	   └──> gain it needs ──> lowest of 5 ms ──> slow return ──> mean of 5 ms ──┘
//
// The mean over as long as the lowest value is held reaches that value exactly
// when the peak leaves the delay.
type limiter struct {
	delay [lookAhead]float32
	needs window
	mean  [lookAhead]float32 // of the gains
	sum   float64
	gain  float32 // after the slow return
	at    int     // in delay and mean
	busy  int     // samples until all gains are 1 again
}

const (
	lookAhead = 5 * rate / 1000
	// ceiling is -1 dBFS: what a decoder makes of the sound may be a little louder.
	ceiling = 0.8913 * 32768
	// comeBack is the share of what is missing that returns per sample: 100 ms.
	comeBack = 1.0 / (0.1 * rate)
)

func newLimiter() *limiter {
	l := &limiter{}
	l.reset()
	return l
}

func (l *limiter) reset() {
	clear(l.delay[:])
	for i := range l.mean {
		l.mean[i] = 1
	}
	l.sum, l.gain, l.at, l.busy = lookAhead, 1, 0, 0
	l.needs.reset()
}

// process limits block in place, 5 ms late, and reports whether it had to.
func (l *limiter) process(block []float32) bool {
	top := float32(0)
	for _, v := range block {
		top = max(top, v, -v)
	}
	if top > ceiling {
		l.busy = rate // longer than the return takes
	}
	if l.busy <= 0 {
		for i, v := range block {
			block[i], l.delay[l.at] = l.delay[l.at], v
			l.at = (l.at + 1) % lookAhead
		}
		return false
	}
	held := false
	for i, v := range block {
		need := float32(1)
		if a := max(v, -v); a > ceiling {
			need = ceiling / a
		}
		low := l.needs.push(need)
		l.gain = min(low, l.gain+(1-l.gain)*comeBack)
		l.sum += float64(l.gain - l.mean[l.at])
		l.mean[l.at] = l.gain
		g := float32(l.sum / lookAhead)
		held = held || g < 0.99
		out := l.delay[l.at] * min(g, 1)
		block[i], l.delay[l.at] = min(max(out, -ceiling), ceiling), v // rounding
		l.at = (l.at + 1) % lookAhead
	}
	if l.busy -= len(block); l.busy <= 0 {
		// What is left of the return is a step of less than a thousandth.
		for i := range l.mean {
			l.mean[i] = 1
		}
		l.sum, l.gain = lookAhead, 1
		l.needs.reset()
	}
	return held
}

// window is the lowest of the last lookAhead+1 values: a queue of those that
// no later one undercuts.
type window struct {
	value [lookAhead + 2]float32
	index [lookAhead + 2]int
	head  int
	n     int
	count int
}

func (w *window) reset() { w.head, w.n, w.count = 0, 0, 0 }

func (w *window) push(v float32) float32 {
	const size = lookAhead + 2
	if w.n > 0 && w.index[w.head] < w.count-lookAhead {
		w.head, w.n = (w.head+1)%size, w.n-1
	}
	for w.n > 0 && w.value[(w.head+w.n-1)%size] >= v {
		w.n--
	}
	tail := (w.head + w.n) % size
	w.value[tail], w.index[tail] = v, w.count
	w.n++
	w.count++
	return w.value[w.head]
}
