package mic

// guard holds the sound down while the far end speaks for the first time. The
// canceller is silent for its first second, and then, not having learned the
// room yet, lets a word or two come back. After learnFor of the far end's
// speech it has. An echo that has moved takes againFor.
type guard struct {
	learned int
	down    float32 // gain now is 1-down
}

const (
	learnFor = 250  // blocks in which the far end speaks
	againFor = 100  //
	held     = 0.75 // 12 dB lower
)

// again is called when the echo may have moved.
func (g *guard) again() { g.learned = min(g.learned, learnFor-againFor) }

// holds reports whether the sound is held down.
func (g *guard) holds(echoes bool) bool { return g.learned < learnFor && echoes }

// process takes whether the far end speaks now, and whether its echo may still
// be in the room.
func (g *guard) process(sound []float32, speaks, echoes bool) {
	to := float32(0)
	if g.holds(echoes) {
		to = held
	}
	if speaks && g.learned < learnFor {
		g.learned++
	}
	if g.down == 0 && to == 0 {
		return
	}
	step := (to - g.down) / float32(len(sound))
	for i := range sound {
		g.down += step
		sound[i] *= 1 - g.down
	}
	g.down = to
}
