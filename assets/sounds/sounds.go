// Package sounds makes the few sounds of the program from sine tones: nothing
// to license, nothing to load. Everything is 48 kHz mono, peaks below -9 dBFS
// and begins and ends in silence, so that it can be looped without a click.
package sounds

import "math"

// Rate is the sample rate in Hz.
const Rate = 48000

// note is a tone with a bell's envelope.
type note struct {
	at, dur float64 // seconds
	hz      float64
	level   float64 // of full scale
}

func render(length float64, notes ...note) []int16 {
	sum := make([]float64, int(length*Rate))
	for _, n := range notes {
		start, count := int(n.at*Rate), int(n.dur*Rate)
		for i := range count {
			if start+i >= len(sum) {
				break
			}
			t := float64(i) / Rate
			attack := math.Min(1, t/0.008)
			release := math.Min(1, (n.dur-t)/0.03)
			ring := math.Exp(-3 * t / n.dur)
			// A second harmonic makes it a bell rather than a test tone.
			tone := math.Sin(2*math.Pi*n.hz*t) + 0.25*math.Sin(4*math.Pi*n.hz*t)*math.Exp(-8*t/n.dur)
			sum[start+i] += n.level * attack * release * ring * tone / 1.25
		}
	}
	out := make([]int16, len(sum))
	for i, v := range sum {
		out[i] = int16(math.Max(-1, math.Min(1, v)) * 32767)
	}
	return out
}

// Ring is an incoming call, to be looped: a rising figure twice, then a pause.
func Ring() []int16 {
	var notes []note
	for _, at := range []float64{0, 0.9} {
		for i, hz := range []float64{587.33, 783.99, 987.77} {
			notes = append(notes, note{at: at + 0.16*float64(i), dur: 0.5, hz: hz, level: 0.26})
		}
	}
	return render(3.2, notes...)
}

// Ringback is what a caller hears while it rings at the other's, to be looped:
// 425 Hz, one second in five, as in most of Europe's telephone networks.
func Ringback() []int16 {
	out := make([]int16, 5*Rate)
	for i := range Rate {
		t := float64(i) / Rate
		env := math.Min(1, math.Min(t, 1-t)/0.02)
		out[i] = int16(0.10 * env * math.Sin(2*math.Pi*425*t) * 32767)
	}
	return out
}

// HangUp is the end of a call: two notes down.
func HangUp() []int16 {
	return render(0.6, note{0, 0.25, 659.26, 0.2}, note{0.16, 0.4, 440, 0.2})
}

// Connected is the beginning of a call: two notes up.
func Connected() []int16 {
	return render(0.5, note{0, 0.22, 523.25, 0.16}, note{0.12, 0.36, 783.99, 0.16})
}

// Lost is the soft tone when the connection is gone.
func Lost() []int16 {
	return render(0.8, note{0, 0.4, 392, 0.12}, note{0.3, 0.45, 349.23, 0.12})
}

// Message is a line of chat that arrived while the chat is closed.
func Message() []int16 {
	return render(0.3, note{0, 0.28, 1046.5, 0.1})
}

// Test is "play a sound": long enough to turn the volume, plainly music.
func Test() []int16 {
	var notes []note
	for i, hz := range []float64{523.25, 659.26, 783.99, 1046.5, 783.99, 659.26, 523.25} {
		notes = append(notes, note{at: 0.22 * float64(i), dur: 0.6, hz: hz, level: 0.24})
	}
	return render(2.2, notes...)
}
