package mic

import "math"

// gain brings a voice to the same loudness whoever speaks into whichever
// microphone. It learns how loud the voice is from blocks in which there
// surely is one, and moves so slowly that nobody hears it move.
type gain struct {
	db    float64 // now
	loud  float64 // of the voice, mean power; 0: not heard yet
	heard float64 // blocks of it that were heard, up to steady
}

const (
	targetDB   = -18.0 // mean of a voice, dBFS
	mostDB     = 24.0
	leastDB    = -12.0
	dbPerBlock = 3.0 / 100
	// surely is the probability from which a block counts as a voice.
	surely = 0.6
	// A voice is believed after 0.3 s of it, and its mean is over 1.5 s.
	believe, steady = 30, 150
	// quietest is what no microphone can tell from nothing, dBFS.
	quietest = -60.0
)

// process raises or lowers block in place. voice is the probability that
// somebody speaks in it; frozen: do not learn or move.
func (g *gain) process(block []float32, voice float32, frozen bool) {
	from := g.db
	if voice >= surely && !frozen {
		p := meanPower(block)
		if decibels(p) > quietest {
			g.heard = min(g.heard+1, steady)
			g.loud += (p - g.loud) / g.heard
			if g.heard >= believe {
				want := min(max(targetDB-decibels(g.loud), leastDB), mostDB)
				g.db += min(max(want-g.db, -dbPerBlock), dbPerBlock)
			}
		}
	}
	if from == 0 && g.db == 0 {
		return
	}
	a := math.Pow(10, from/20)
	step := (math.Pow(10, g.db/20) - a) / float64(len(block))
	for i, v := range block {
		a += step
		block[i] = float32(float64(v) * a)
	}
}

// meanPower is relative to full scale.
func meanPower(block []float32) float64 {
	var sum float64
	for _, v := range block {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(block)) / (1 << 30)
}

func decibels(power float64) float64 { return 10 * math.Log10(max(power, 1e-13)) }
