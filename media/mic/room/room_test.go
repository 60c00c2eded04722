package room

import (
	"math"
	"math/rand/v2"
	"testing"

	"parley/media/mic"
)

// The echo is gone in a room that distorts, and with clocks that differ, for
// voices that are made up: the benchmark has recorded ones.
func TestRooms(t *testing.T) {
	if m := mic.Missing(); m != "" {
		t.Skipf("built without %s: run .ci/wasm", m)
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	kit := mic.NewKit(nil)
	defer kit.Close()
	rooms := Rooms(Voice(1, Length), Voice(2, Length))
	for _, s := range rooms[1:3] {
		t.Run(s.Name, func(t *testing.T) {
			s.Mic = s.Mic[:(BothTo+1)*rate]
			r, err := Ours(kit, s, mic.All())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Working(mic.All()); err != nil {
				t.Error(err)
			}
			if loss := s.Loss(r, 1, 8); loss < 20 {
				t.Errorf("from 1 s the echo is %.1f dB lower, want 20", loss)
			}
			if loss := s.Loss(r, 8, 19); loss < 30 {
				t.Errorf("from 8 s the echo is %.1f dB lower, want 30", loss)
			}
		})
	}
}

func TestConvolve(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	x, h := make([]float64, 3000), make([]float64, 100)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	for i := range h {
		h[i] = r.NormFloat64()
	}
	got := convolve(x, h, 37)
	for i := range got {
		want := 0.0
		for k, v := range h {
			if j := i - 37 - k; j >= 0 {
				want += v * x[j]
			}
		}
		if math.Abs(got[i]-want) > 1e-9 {
			t.Fatalf("sample %d is %v, want %v", i, got[i], want)
		}
	}
}

func TestSDR(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	want := Voice(3, 8)
	got := make([]float64, len(want))
	noise := math.Sqrt(power(want[5*rate:7*rate])/(2*rate)) / 10
	for i := 700; i < len(got); i++ {
		got[i] = 0.5 * (want[i-700] + noise*r.NormFloat64())
	}
	if sdr := SDR(got, want); math.Abs(sdr-20) > 0.3 {
		t.Errorf("%.2f dB, want 20: half as loud and 700 samples late do not count", sdr)
	}
}

func TestStretch(t *testing.T) {
	x := make([]float64, rate)
	for i := range x {
		x[i] = math.Sin(2 * math.Pi * 1000 * float64(i) / rate)
	}
	for i, v := range stretch(x, 1.0001) {
		if want := math.Sin(2 * math.Pi * 1000.1 * float64(i) / rate); i > 2 && i < rate-10 && math.Abs(v-want) > 1e-3 {
			t.Fatalf("sample %d is %v, want %v", i, v, want)
		}
	}
}
