package voice

import (
	"math"
	"sync/atomic"
)

// LevelMeter measures how loud a sound is, for a meter on the screen and the
// frame around who speaks. One goroutine writes (the device's callback), any
// number read, without a lock. The zero value is ready.
type LevelMeter struct {
	rms  atomic.Uint64 // bits of a float64, linear, full scale 1
	peak atomic.Uint64
}

const (
	// Per 10 ms: the meter rises at once and falls so fast that the eye can
	// follow, 20 dB a second for the peak and a little faster for the mean.
	peakFall = 0.977
	rmsFall  = 0.93
)

// Write measures a block of samples, usually 10 ms.
func (m *LevelMeter) Write(samples []int16) {
	if len(samples) == 0 {
		return
	}
	var sum, top float64
	for _, s := range samples {
		v := float64(s) / 32768
		sum += v * v
		top = max(top, math.Abs(v))
	}
	now := math.Sqrt(sum / float64(len(samples)))
	n := float64(len(samples)) / 480
	store := func(a *atomic.Uint64, v, fall float64) {
		old := math.Float64frombits(a.Load()) * math.Pow(fall, n)
		if old < 1e-6 {
			old = 0
		}
		a.Store(math.Float64bits(max(v, old)))
	}
	store(&m.rms, now, rmsFall)
	store(&m.peak, top, peakFall)
}

// RMS returns the level, 0 to 1 of full scale.
func (m *LevelMeter) RMS() float64 { return math.Float64frombits(m.rms.Load()) }

// Peak returns the highest sample of late, 0 to 1 of full scale.
func (m *LevelMeter) Peak() float64 { return math.Float64frombits(m.peak.Load()) }

// DBov returns the level in decibels below overload as RFC 6464 counts it: 0
// is as loud as can be, -127 is silence.
func (m *LevelMeter) DBov() float64 { return DBov(m.RMS()) }

// DBov converts a linear level of 0 to 1 to decibels, -127 to 0 (RFC 6464,
// section 3).
func DBov(level float64) float64 {
	if level <= 0 {
		return -127
	}
	return min(max(20*math.Log10(level), -127), 0)
}
