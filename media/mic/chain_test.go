package mic

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parley/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func kit(t testing.TB) *Kit {
	t.Helper()
	if m := Missing(); m != "" {
		t.Skipf("built without %s: run .ci/wasm", m)
	}
	k := NewKit(nil)
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

// ready returns a chain whose stages are made.
func ready(t testing.TB, k *Kit, ref reference) *Chain {
	t.Helper()
	c := k.NewChain(ref)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.Process(pcm(make([]int16, block)), All())
	c.wg.Wait()
	c.Process(pcm(make([]int16, block)), All())
	if s := c.State(); s != (State{Working, Working, Working}) {
		t.Fatalf("%+v", s)
	}
	return c
}

func pcm(s []int16) media.PCM {
	return media.PCM{Samples: s, Rate: rate, Channels: 1, PTS: time.Second}
}

// speaker is a reference that plays a list of samples.
type speaker struct {
	samples []int16
	at      int
}

func (s *speaker) Read(dst []int16) bool {
	clear(dst)
	s.at += copy(dst, s.samples[min(s.at, len(s.samples)):])
	return true
}

func (s *speaker) Moved() int { return 0 }

// talk is something like a voice: a buzz of 120 Hz whose formants and loudness
// change four times a second, with pauses.
func talk(seed uint64, seconds float64, amplitude float64) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]int16, int(seconds*rate))
	var phase, y1, y2, z1, z2, loud, want, hz float64
	var f1, f2 float64 = 500, 1500
	for i := range out {
		if i%(rate/4) == 0 {
			f1, f2, hz = 300+500*r.Float64(), 900+1500*r.Float64(), 100+60*r.Float64()
			want = 0.4 + 0.6*r.Float64()
			if r.IntN(5) == 0 {
				want = 0
			}
		}
		loud += (want - loud) / 1000
		x := 0.02 * r.NormFloat64()
		if phase += hz / rate; phase >= 1 {
			phase--
			x++
		}
		const d = 0.985
		a := 2 * d * math.Cos(2*math.Pi*f1/rate)
		y := x + a*y1 - d*d*y2
		y1, y2 = y, y1
		b := 2 * d * math.Cos(2*math.Pi*f2/rate)
		z := y + b*z1 - d*d*z2
		z1, z2 = z, z1
		out[i] = int16(min(max(amplitude*loud*z/60, -32768), 32767))
	}
	return out
}

func power(s []int16) (sum float64) {
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return sum
}

func run(c *Chain, in []int16, o Options) []int16 {
	var out []int16
	for i := 0; i+block <= len(in); i += block {
		p := c.Process(pcm(in[i:i+block]), o)
		out = append(out, p.Samples...)
	}
	return out
}

// With all switched off the samples are untouched, also right after all were on.
func TestOffIsUntouched(t *testing.T) {
	k := kit(t)
	far := &speaker{samples: talk(1, 4, 20000)}
	c := ready(t, k, far)
	in := talk(2, 1, 30000)
	for round := range 3 {
		for i := 0; i+block <= len(in); i += block {
			p := pcm(in[i : i+block])
			got := c.Process(p, Options{})
			if &got.Samples[0] != &p.Samples[0] || got.PTS != p.PTS || !slices.Equal(got.Samples, in[i:i+block]) {
				t.Fatalf("round %d: block %d is not what came in", round, i/block)
			}
			if c.State() != (State{}) {
				t.Fatalf("%+v", c.State())
			}
		}
		run(c, in[:20*block], All())
	}
}

// Each stage alone does what it is for and nothing of the others.
func TestEachStage(t *testing.T) {
	k := kit(t)
	silent := make([]int16, 3*rate)
	for _, o := range []Options{{Echo: true}, {Noise: true}, {Gain: true}, {Echo: true, Noise: true}, All()} {
		c := ready(t, k, nil)
		p := c.Process(pcm(silent[:block]), o)
		want := State{stageOf(o.Echo, true, nil), stageOf(o.Noise, true, nil), stageOf(o.Gain, true, nil)}
		if c.State() != want {
			t.Errorf("%+v: %+v", o, c.State())
		}
		late := 0
		if o.Echo {
			late += 432
		}
		if o.Noise {
			late += 480
		}
		if o.Gain {
			late += 240
		}
		if got := time.Second - p.PTS; got != time.Duration(late)*time.Second/rate {
			t.Errorf("%+v: the time stamp is put back by %v", o, got)
		}
		if _, ok := c.Voice(); ok != (o.Noise || o.Gain) {
			t.Errorf("%+v: listens for a voice: %v", o, ok)
		}
	}
}

// The time stamp tells when what comes out was captured: that is when what went
// in is found again.
func TestTimeStamp(t *testing.T) {
	k := kit(t)
	for _, o := range []Options{{Echo: true}, {Noise: true}, {Gain: true}, All()} {
		c := ready(t, k, nil)
		in := talk(7, 4, 20000)
		out := run(c, in, o)
		best, at := 0.0, 0
		for lag := range 1800 {
			sum := 0.0
			for i := 2 * rate; i < 4*rate-block; i += 3 {
				sum += float64(out[i]) * float64(in[i-lag])
			}
			if sum > best {
				best, at = sum, lag
			}
		}
		want := c.does.delay()
		if at < want-60 || at > want+60 {
			t.Errorf("%+v: found again after %d samples, the time stamp says %d", o, at, want)
		}
	}
}

func TestEchoIsGone(t *testing.T) {
	k := kit(t)
	far := &speaker{samples: talk(3, 9, 25000)}
	c := ready(t, k, far)
	in := make([]int16, len(far.samples))
	for i := range in {
		if j := i - 3000; j >= 0 {
			in[i] = far.samples[j] / 3
		}
	}
	far.at = 0
	out := run(c, in, All())
	from := 5 * rate
	if loss := 10 * math.Log10(power(in[from:len(out)])/max(power(out[from:]), 1)); loss < 30 {
		t.Errorf("the echo is %.1f dB lower, want 30", loss)
	}
	if c.gain.db != 0 {
		t.Errorf("the gain moved to %.1f dB by an echo", c.gain.db)
	}
}

// Whatever comes in, what goes out is under the ceiling, and nothing panics.
func TestAnySound(t *testing.T) {
	k := kit(t)
	r := rand.New(rand.NewPCG(9, 9))
	far := &speaker{}
	c := ready(t, k, far)
	in := make([]int16, block)
	for n := range 600 {
		if n%50 == 0 {
			far.samples, far.at = talk(uint64(n), 0.5, 40000), 0
		}
		kind := n / 40 % 5
		for i := range in {
			switch kind {
			case 0:
				in[i] = 0
			case 1:
				in[i] = []int16{-32768, 32767}[r.IntN(2)]
			case 2:
				in[i] = []int16{-32768, 32767}[i/100%2]
			case 3:
				in[i] = 0
				if r.IntN(1000) == 0 {
					in[i] = -32768
				}
			case 4:
				in[i] = far.samples[(far.at+i)%len(far.samples)]
			}
		}
		o := Options{Echo: r.IntN(9) > 0, Noise: r.IntN(9) > 0, Gain: true}
		p := c.Process(pcm(in), o)
		for i, v := range p.Samples {
			if math.Abs(float64(v)) > ceiling+1 && (i >= 96 || c.does == (path{})) {
				t.Fatalf("block %d: sample %d is %d", n, i, v)
			}
		}
	}
	if c.State().Echo != Working && c.State().Echo != Off {
		t.Errorf("%+v", c.State())
	}
}

func FuzzChain(f *testing.F) {
	f.Add([]byte{0, 0, 255, 127, 0, 128}, byte(7))
	f.Add([]byte{0, 128}, byte(5))
	f.Add([]byte{}, byte(0))
	k := kit(f)
	c := k.NewChain(nil)
	f.Cleanup(func() { c.Close() })
	c.Process(pcm(make([]int16, block)), All())
	c.wg.Wait()
	f.Fuzz(func(t *testing.T, b []byte, o byte) {
		in := make([]int16, 4*block)
		for i := range in {
			if len(b) > 1 {
				j := 2 * (i % (len(b) / 2))
				in[i] = int16(uint16(b[j]) | uint16(b[j+1])<<8)
			}
		}
		opts := Options{o&1 != 0, o&2 != 0, o&4 != 0}
		out := run(c, in, opts)
		if opts == (Options{}) && !slices.Equal(in, out) {
			t.Error("off, and not the same")
		}
		for _, s := range []Stage{c.State().Echo, c.State().Noise} {
			if s == Failed {
				t.Errorf("%+v", c.State())
			}
		}
	})
}

// A stage that fails is left out, the others go on.
func TestStageFails(t *testing.T) {
	k := kit(t)
	c := ready(t, k, &speaker{samples: talk(1, 1, 10000)})
	if err := c.have.echo.Close(); err != nil {
		t.Fatal(err)
	}
	in := talk(2, 2, 10000)
	out := run(c, in, All())
	if s := c.State(); s != (State{Failed, Working, Working}) {
		t.Errorf("%+v", s)
	}
	if power(out) == 0 {
		t.Error("nothing is heard any more")
	}
}

// A Kit that was closed makes no stages; the sound goes on.
func TestClosedKit(t *testing.T) {
	k := kit(t)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	c := k.NewChain(nil)
	c.Process(pcm(make([]int16, block)), All())
	c.wg.Wait()
	out := run(c, talk(2, 1, 10000), All())
	if s := c.State(); s != (State{Failed, Failed, Working}) || power(out) == 0 {
		t.Errorf("%+v", s)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoAllocation(t *testing.T) {
	c := ready(t, kit(t), &speaker{samples: talk(1, 3, 20000)})
	in := talk(2, 3, 60000)
	i := 0
	if n := testing.AllocsPerRun(100, func() {
		c.Process(pcm(in[i:i+block]), All())
		i += block
	}); n != 0 {
		t.Errorf("%v allocations per block", n)
	}
}

// A microphone that is opened and closed again and again leaves nothing behind.
func TestFlatOver1000Microphones(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	k := kit(t)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	open := func(n int) {
		for range n {
			c := k.NewChain(nil)
			c.Process(pcm(make([]int16, block)), All())
			c.wg.Wait()
			c.Process(pcm(make([]int16, block)), All())
			if c.State().Echo != Working {
				t.Fatalf("%+v", c.State())
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	open(20)
	routines, before := runtime.NumGoroutine(), heap()
	open(1000)
	after := heap()
	if grown := int64(after) - int64(before); grown > 1<<20 {
		t.Errorf("the heap grew by %d kB", grown>>10)
	}
	if n := runtime.NumGoroutine(); n > routines {
		t.Errorf("%d goroutines, before %d", n, routines)
	}
}

// Closing right after opening waits for what is being made.
func TestCloseWhileStarting(t *testing.T) {
	k := kit(t)
	for range 20 {
		c := k.NewChain(nil)
		c.Process(pcm(make([]int16, block)), All())
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkChain(b *testing.B) {
	c := ready(b, kit(b), &speaker{samples: talk(1, 60, 20000)})
	in := talk(2, 1, 8000)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		c.Process(pcm(in[i:i+block]), All())
		i = (i + block) % (len(in) - block)
	}
}
