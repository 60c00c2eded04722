package mic

// far tells when what the microphone hears is the other end's voice alone.
type far struct {
	since   int     // blocks since the speaker was last heard to play
	in, out float64 // mean power before and after the canceller
	begun   bool
}

const (
	// playsAt is how loud the speaker's signal is when somebody speaks, dBFS.
	playsAt = -50.0
	// echoAfter is how long an echo may come after the sound: 350 ms that the
	// canceller covers, and the room.
	echoAfter = 50
	// mostly is the share of the power that the canceller leaves of an echo at
	// most: a voice at this end, too, leaves more.
	mostly = 0.25
	// smooth is per block: a fifth of a second.
	smooth = 0.05
)

func (f *far) note(speaker []int16, playing bool, before, after float64) {
	if !f.begun {
		f.begun, f.since = true, echoAfter
	}
	f.since = min(f.since+1, echoAfter)
	if playing {
		var sum float64
		for _, v := range speaker {
			sum += float64(v) * float64(v)
		}
		if decibels(sum/float64(len(speaker))/(1<<30)) > playsAt {
			f.since = 0
		}
	}
	f.in += smooth * (before - f.in)
	f.out += smooth * (after - f.out)
}

// speaks reports whether the speaker plays a voice now.
func (f *far) speaks() bool { return f.since == 0 }

// echoes reports whether what it played may still be in the room.
func (f *far) echoes() bool { return f.since < echoAfter }

// alone reports whether only the far end speaks. Without a canceller at work
// nobody can tell, so it does while the speaker plays.
func (f *far) alone(cancelling bool) bool {
	if !f.echoes() {
		return false
	}
	return !cancelling || f.out < mostly*f.in
}
