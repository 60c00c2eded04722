package sounds

import (
	"math"
	"testing"
)

func TestSounds(t *testing.T) {
	for name, c := range map[string]struct {
		samples  []int16
		min, max float64 // seconds
	}{
		"ring": {Ring(), 3, 4}, "ringback": {Ringback(), 5, 5}, "hang up": {HangUp(), 0.3, 1},
		"connected": {Connected(), 0.3, 1}, "lost": {Lost(), 0.5, 1}, "message": {Message(), 0.2, 0.5}, "test": {Test(), 1.5, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if s := float64(len(c.samples)) / Rate; s < c.min || s > c.max {
				t.Errorf("lasts %.2f s, want %g to %g", s, c.min, c.max)
			}
			peak, sum, step := 0.0, 0.0, 0.0
			last := 0.0
			for _, v := range c.samples {
				x := float64(v) / 32768
				peak, sum, step = math.Max(peak, math.Abs(x)), sum+x*x, math.Max(step, math.Abs(x-last))
				last = x
			}
			if peak > 0.36 || peak < 0.05 {
				t.Errorf("peak %.3f of full scale: too loud or not audible", peak)
			}
			if math.Sqrt(sum/float64(len(c.samples))) < 0.008 {
				t.Error("nearly silent")
			}
			if step > 0.12 {
				t.Errorf("jumps by %.3f between two samples: a click", step)
			}
			if first, end := c.samples[0], c.samples[len(c.samples)-1]; first != 0 || math.Abs(float64(end)) > 200 {
				t.Errorf("begins at %d and ends at %d: clicks when looped", first, end)
			}
		})
	}
}
