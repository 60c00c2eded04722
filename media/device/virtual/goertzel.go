package virtual

import "math"

// Goertzel returns the amplitude of the sine of hz in samples at rate, in
// parts of full scale: 1 for a sine that just does not clip, 0.25 for one at
// -12 dBFS. Its resolution is rate/len(samples) Hz. A Hann window keeps a tone
// that does not fill the block a whole number of times from leaking.
func Goertzel(samples []int16, rate int, hz float64) float64 {
	n := len(samples)
	if n < 2 || rate <= 0 {
		return 0
	}
	w := 2 * math.Pi * hz / float64(rate)
	coeff := 2 * math.Cos(w)
	var s1, s2, gain float64
	for i, v := range samples {
		win := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n-1))
		gain += win
		s1, s2 = float64(v)*win+coeff*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coeff*s1*s2
	return 2 * math.Sqrt(max(power, 0)) / gain / 32768
}
