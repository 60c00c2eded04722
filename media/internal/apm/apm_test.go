package apm

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func open(t testing.TB) *Engine {
	t.Helper()
	if !HasCanceller() || !HasSuppressor() {
		t.Skip("built without the WebAssembly files: run .ci/wasm")
	}
	e, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func canceller(t testing.TB, e *Engine) *Canceller {
	t.Helper()
	c, err := e.NewCanceller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func suppressor(t testing.TB, e *Engine) *Suppressor {
	t.Helper()
	s, err := e.NewSuppressor()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func noise(r *rand.Rand, block []float32, amplitude float64) {
	for i := range block {
		block[i] = float32(amplitude * r.NormFloat64())
	}
}

// fan makes white noise dull, as all is that moves air.
func fan(block []float32, last float32) float32 {
	for i, v := range block {
		last += (v - last) * 0.1
		block[i] = last
	}
	return last
}

func power(block []float32) (sum float64) {
	for _, v := range block {
		sum += float64(v) * float64(v)
	}
	return sum
}

// What the speaker plays comes back 60 ms later and 6 dB down, and is gone
// after two seconds; a second canceller beside it hears nothing of that.
func TestCancellerTakesOutTheEcho(t *testing.T) {
	e := open(t)
	c, other := canceller(t, e), canceller(t, e)
	r := rand.New(rand.NewPCG(1, 2))
	played := make([]float32, 500*Samples)
	noise(r, played, 2000)
	for i := range played { // two words a pause: a hiss without an end is no talker
		if i/(Samples*50)%3 == 2 {
			played[i] = 0
		}
	}
	block, silent := make([]float32, Samples), make([]float32, Samples)
	var in, out float64
	for k := 6; k < 500; k++ {
		for i := range block {
			block[i] = played[(k-6)*Samples+i] / 2
		}
		before := power(block)
		if err := c.Process(played[k*Samples:(k+1)*Samples], block); err != nil {
			t.Fatal(err)
		}
		if k >= 300 {
			in, out = in+before, out+power(block)
		}
		if err := other.Process(silent, silent); err != nil {
			t.Fatal(err)
		}
	}
	if loss := 10 * math.Log10(in/out); loss < 25 {
		t.Errorf("the echo is %.1f dB lower, want 25", loss)
	}
	if p := power(silent); p > 1 {
		t.Errorf("silence became %v", p)
	}
}

// With a silent speaker the microphone passes, CancellerDelay later.
func TestCancellerLetsTheNearEndPass(t *testing.T) {
	c := canceller(t, open(t))
	r := rand.New(rand.NewPCG(3, 4))
	var in, out []float32
	silent := make([]float32, Samples)
	for range 200 {
		block := make([]float32, Samples)
		noise(r, block, 1000)
		in = append(in, block...)
		if err := c.Process(silent, block); err != nil {
			t.Fatal(err)
		}
		out = append(out, block...)
	}
	best, at := 0.0, 0
	for lag := range 1000 {
		sum := 0.0
		for i := 40000; i < 80000; i++ {
			sum += float64(out[i]) * float64(in[i-lag])
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	if at < CancellerDelay-48 || at > CancellerDelay+48 {
		t.Errorf("delay of %d samples, want about %d", at, CancellerDelay)
	}
	if gain := best / power(in[40000:80000]); gain < 0.8 {
		t.Errorf("%.2f of the near end is left", gain)
	}
}

func TestSuppressorQuietsNoise(t *testing.T) {
	s := suppressor(t, open(t))
	r := rand.New(rand.NewPCG(5, 6))
	block := make([]float32, Samples)
	var in, out, voices float64
	last := float32(0)
	for k := range 300 {
		noise(r, block, 1000)
		last = fan(block, last)
		before := power(block)
		voice, err := s.Process(block)
		if err != nil {
			t.Fatal(err)
		}
		if k >= 100 {
			in, out, voices = in+before, out+power(block), voices+float64(voice)
		}
	}
	if voices > 200*0.3 {
		t.Errorf("noise is a voice with %.2f", voices/200)
	}
	if loss := 10 * math.Log10(in/out); loss < 20 {
		t.Errorf("noise is %.1f dB lower, want 20", loss)
	}
}

// A call that fails is an error, of this call and those after it, in both; the
// next one that is made works.
func TestTrapIsAnError(t *testing.T) {
	e := open(t)
	c, s := canceller(t, e), suppressor(t, e)
	block := make([]float32, Samples)
	// An address that is not in the memory, where the code will follow it.
	c.self, s.self = 1<<32-64, 1<<32-64
	for range 2 {
		if err := c.Process(block, block); err == nil {
			t.Error("the canceller noticed nothing")
		}
		if _, err := s.Process(block); err == nil {
			t.Error("the suppressor noticed nothing")
		}
	}
	again := canceller(t, e)
	if err := again.Process(block, block); err != nil {
		t.Error(err)
	}
}

func TestMissing(t *testing.T) {
	if _, err := load("nothing.wasm"); !errors.Is(err, ErrMissing) {
		t.Errorf("%v, want missing", err)
	}
	e := &Engine{cancellerErr: ErrMissing, suppressorErr: ErrMissing}
	if _, err := e.NewCanceller(); !errors.Is(err, ErrMissing) {
		t.Errorf("canceller: %v", err)
	}
	if _, err := e.NewSuppressor(); !errors.Is(err, ErrMissing) {
		t.Errorf("suppressor: %v", err)
	}
}

func TestNoAllocation(t *testing.T) {
	e := open(t)
	c, s := canceller(t, e), suppressor(t, e)
	a, b := make([]float32, Samples), make([]float32, Samples)
	noise(rand.New(rand.NewPCG(7, 8)), a, 1000)
	if n := testing.AllocsPerRun(50, func() {
		copy(b, a)
		if err := c.Process(a, b); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Process(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per block", n)
	}
}

func BenchmarkCanceller(b *testing.B) {
	c := canceller(b, open(b))
	x, y := make([]float32, Samples), make([]float32, Samples)
	r := rand.New(rand.NewPCG(7, 8))
	b.ReportAllocs()
	for b.Loop() {
		noise(r, x, 1000)
		copy(y, x)
		if err := c.Process(x, y); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSuppressor(b *testing.B) {
	s := suppressor(b, open(b))
	x := make([]float32, Samples)
	r := rand.New(rand.NewPCG(7, 8))
	b.ReportAllocs()
	for b.Loop() {
		noise(r, x, 1000)
		if _, err := s.Process(x); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		e, err := Open()
		if err != nil {
			b.Skip(err)
		}
		e.Close()
	}
}

func BenchmarkNew(b *testing.B) {
	e := open(b)
	for b.Loop() {
		c, err := e.NewCanceller()
		if err != nil {
			b.Fatal(err)
		}
		s, err := e.NewSuppressor()
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
		s.Close()
	}
}
