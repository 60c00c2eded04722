package jitter

import "time"

// Arrivals measures how much later than the fastest one of the last seconds
// each packet (or frame) arrives: its relative arrival delay. Because the
// fastest is taken from a sliding window, a drift between the two clocks and a
// lasting change of the path are forgotten with it.
type Arrivals struct {
	window time.Duration
	epoch  time.Time
	begun  bool
	// A queue of candidates for the minimum: transit rises from head to tail.
	queue []arrival
	head  int
	size  int
}

type arrival struct {
	at      time.Duration // since epoch
	transit time.Duration // at minus media time
}

// NewArrivals returns a measure over the given window that remembers at most
// capacity packets; when more would be needed, the window shrinks.
func NewArrivals(window time.Duration, capacity int) *Arrivals {
	return &Arrivals{window: window, queue: make([]arrival, max(capacity, 2))}
}

// Add takes the arrival at now of something with the given media time (RTP
// timestamp as a duration) and returns its relative delay, never negative.
func (a *Arrivals) Add(now time.Time, mediaTime time.Duration) (late time.Duration) {
	if !a.begun {
		a.begun, a.epoch = true, now
	}
	at := now.Sub(a.epoch)
	transit := at - mediaTime
	for a.size > 0 && a.queue[a.head].at < at-a.window {
		a.head, a.size = (a.head+1)%len(a.queue), a.size-1
	}
	for a.size > 0 && a.queue[(a.head+a.size-1)%len(a.queue)].transit >= transit {
		a.size--
	}
	if a.size == len(a.queue) {
		a.head, a.size = (a.head+1)%len(a.queue), a.size-1
	}
	a.queue[(a.head+a.size)%len(a.queue)] = arrival{at, transit}
	a.size++
	return transit - a.queue[a.head].transit
}

// Fastest returns when something with the given media time would have arrived
// had it been as fast as the fastest of the window.
func (a *Arrivals) Fastest(mediaTime time.Duration) time.Time {
	if a.size == 0 {
		return a.epoch.Add(mediaTime)
	}
	return a.epoch.Add(a.queue[a.head].transit + mediaTime)
}

// Reset forgets everything.
func (a *Arrivals) Reset() { a.begun, a.head, a.size = false, 0, 0 }

// Histogram is a distribution of delays that forgets exponentially: each
// Add weighs all earlier ones down by the forget factor. The first ones weigh
// more, so that the start is an average and not a memory of nothing.
type Histogram struct {
	width   time.Duration
	forget  float64
	weights []float64
	n       int
}

// NewHistogram returns an empty histogram of so many buckets of one width;
// what is longer counts in the last. forget is in (0, 1): 0.983 remembers
// about 60 samples.
func NewHistogram(width time.Duration, buckets int, forget float64) *Histogram {
	return &Histogram{width: width, forget: forget, weights: make([]float64, buckets)}
}

// Add counts one delay; a negative one as zero.
func (h *Histogram) Add(d time.Duration) {
	h.n++
	// 1-2/(n+1) gives the first sample all the weight and then, until it meets
	// the forget factor, recent samples about twice that of a plain average.
	f := min(h.forget, 1-2/float64(h.n+1))
	for i := range h.weights {
		h.weights[i] *= f
	}
	i := min(max(int(d/h.width), 0), len(h.weights)-1)
	h.weights[i] += 1 - f
}

// Count returns how many delays were added.
func (h *Histogram) Count() int { return h.n }

// Quantile returns the delay that the share q of all samples does not exceed,
// rounded up to the bucket's upper edge; 0 when the histogram is empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	// Summed from the top: with the tail small, rounding errors stay small too.
	tail := 0.0
	for i := len(h.weights) - 1; i > 0; i-- {
		tail += h.weights[i]
		if tail > 1-q+1e-9 {
			return time.Duration(i+1) * h.width
		}
	}
	return h.width
}

// Interarrival is the jitter estimate of RFC 3550, section 6.4.1.
type Interarrival struct {
	transit time.Duration
	jitter  float64 // seconds
	begun   bool
}

// Add takes a packet's arrival, given against any fixed point, and its media time.
func (j *Interarrival) Add(arrived, mediaTime time.Duration) {
	t := arrived - mediaTime
	if j.begun {
		d := (t - j.transit).Abs()
		// A new timeline (sender restarted) is not jitter.
		if d < 5*time.Second {
			j.jitter += (d.Seconds() - j.jitter) / 16
		}
	}
	j.begun, j.transit = true, t
}

// Seconds returns the estimate in seconds.
func (j *Interarrival) Seconds() float64 { return j.jitter }
