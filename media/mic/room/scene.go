package room

import (
	"math"
	"math/rand/v2"
)

const rate = 48000

// Scene is a minute's worth of sound at one end of a call.
type Scene struct {
	Name string
	Far  []float64 // what the speaker is given, in the speaker's clock, ±1
	Near []float64 // what the person says, as the microphone hears it
	Mic  []float64 // all that the microphone hears
	PPM  float64   // the speaker's clock is so much faster than the microphone's
}

// Times of a scene in seconds.
const (
	BothFrom, BothTo = 20, 35
	MovedAt          = 38
	Length           = 50
)

// Rooms returns the four rooms of the echo test, made of two voices of at least
// Length seconds each (±1, 48 kHz).
func Rooms(far, near []float64) []Scene {
	far, near = loud(far[:Length*rate], -20), loud(near[:Length*rate], -24)
	for i := range near {
		if i < BothFrom*rate || i >= BothTo*rate {
			near[i] = 0
		}
	}
	bend := func(v float64) float64 { return math.Tanh(4*v) / 4 }
	straight := func(v float64) float64 { return v }
	return []Scene{
		build("60 ms", far, near, 60, 0.25, straight, false, 0),
		build("160 ms, distorted, moved", far, near, 160, 0.35, bend, true, 0),
		build("60 ms, clocks 100 ppm apart", far, near, 60, 0.25, straight, false, 100),
		build("350 ms", far, near, 350, 0.25, straight, false, 0),
	}
}

func build(name string, far, near []float64, delay int, rt60 float64, speaker func(float64) float64, moves bool, ppm float64) Scene {
	s := Scene{Name: name, Far: far, Near: near, PPM: ppm}
	played := make([]float64, len(far))
	for i, v := range far {
		played[i] = speaker(v)
	}
	at := delay * rate / 1000
	echo := convolve(played, walls(1, rt60), at)
	if moves {
		other := convolve(played, walls(2, rt60), at+rate/200)
		copy(echo[MovedAt*rate:], other[MovedAt*rate:])
	}
	if ppm != 0 {
		echo = stretch(echo, 1+ppm*1e-6)
	}
	r := rand.New(rand.NewPCG(3, 3))
	s.Mic = make([]float64, len(far))
	hiss := math.Pow(10, -75.0/20) // of the microphone itself
	for i := range s.Mic {
		s.Mic[i] = 0.5*echo[i] + near[i] + hiss*r.NormFloat64()
	}
	return s
}

// loud scales a voice so that its mean power, where it speaks, is db.
func loud(v []float64, db float64) []float64 {
	var sum float64
	n := 0
	for _, on := range spoken(v) {
		for i := on[0]; i < on[1]; i++ {
			sum += v[i] * v[i]
			n++
		}
	}
	g := math.Pow(10, db/20) / math.Sqrt(sum/float64(max(n, 1))+1e-20)
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = g * x
	}
	return out
}

// walls is the answer of a room to a click: the direct sound, and noise that
// falls by 60 dB in rt60 seconds, together some 5 dB below it, as with a speaker
// and a microphone on one desk.
func walls(seed uint64, rt60 float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	h := make([]float64, int(rt60*rate))
	for i := range h {
		h[i] = 0.012 * r.NormFloat64() * math.Pow(10, -3*float64(i)/(rt60*rate))
	}
	h[0] = 0.6
	return h
}

// stretch reads v faster by a factor close to 1, with a cubic between samples.
func stretch(v []float64, factor float64) []float64 {
	out := make([]float64, len(v))
	at := func(i int) float64 {
		if i < 0 || i >= len(v) {
			return 0
		}
		return v[i]
	}
	for i := range out {
		pos := float64(i) * factor
		k := int(pos)
		x := pos - float64(k)
		a, b, c, d := at(k-1), at(k), at(k+1), at(k+2)
		out[i] = b + 0.5*x*(c-a+x*(2*a-5*b+4*c-d+x*(3*(b-c)+d-a)))
	}
	return out
}

// Noisy is a voice beside a fan: noise that falls with frequency, and hum.
func Noisy(voice []float64) Scene {
	near := loud(voice, -20)
	s := Scene{Name: "a fan", Far: make([]float64, len(near)), Near: near, Mic: make([]float64, len(near))}
	r := rand.New(rand.NewPCG(4, 4))
	var slow float64
	for i := range s.Mic {
		slow += (r.NormFloat64() - slow) * 0.15
		hum := 0.3 * math.Sin(2*math.Pi*120*float64(i)/rate)
		s.Mic[i] = near[i] + math.Pow(10, -28.0/20)*(3*slow+hum)
	}
	return s
}

// spoken returns the stretches, from and to, in which there is a voice: 20 ms
// that are less than 35 dB under the loudest, with what lies less than 0.2 s between.
func spoken(v []float64) (out [][2]int) {
	const step = rate / 50
	var p []float64
	top := 0.0
	for i := 0; i+step <= len(v); i += step {
		sum := 0.0
		for _, x := range v[i : i+step] {
			sum += x * x
		}
		p = append(p, sum)
		top = max(top, sum)
	}
	for k, x := range p {
		if x < top*math.Pow(10, -3.5) || x == 0 {
			continue
		}
		if n := len(out); n > 0 && k*step-out[n-1][1] < rate/5 {
			out[n-1][1] = (k + 1) * step
		} else {
			out = append(out, [2]int{k * step, (k + 1) * step})
		}
	}
	return out
}

// Voice is something like a voice, where no recording is there: a buzz whose
// pitch, formants and loudness change four times a second, with pauses, at
// first of 0.7 s.
func Voice(seed uint64, seconds int) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float64, seconds*rate)
	var phase, y1, y2, z1, z2, level float64
	f1, f2, hz, want := 500.0, 1500.0, 110.0, 0.0
	pause := 3
	for i := range out {
		if i%(rate/4) == 0 {
			f1, f2, hz = 300+500*r.Float64(), 900+1500*r.Float64(), 100+60*r.Float64()
			want = 0.4 + 0.6*r.Float64()
			if pause--; pause < 0 {
				want = 0
				if pause < -1-r.IntN(2) {
					pause = 4 + r.IntN(5)
				}
			}
		}
		level += (want - level) / 1000
		x := 0.02 * r.NormFloat64()
		if phase += hz / rate; phase >= 1 {
			phase--
			x++
		}
		const d = 0.985
		y := x + 2*d*math.Cos(2*math.Pi*f1/rate)*y1 - d*d*y2
		y1, y2 = y, y1
		z := y + 2*d*math.Cos(2*math.Pi*f2/rate)*z1 - d*d*z2
		z1, z2 = z, z1
		out[i] = level * z / 400
	}
	return out
}
