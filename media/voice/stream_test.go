package voice

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

const ms = time.Millisecond

var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// fakeDecoder plays what the packets say: a packet holds its number, and its
// sound is a wave that runs on from packet to packet, so that a click would
// show as a step. Concealment goes on with the wave.
type fakeDecoder struct {
	out        [maxPacket]int16
	sound      func(n int64) int16 // of sample n of the stream
	at         int64
	expected   int64
	decodes    int
	conceals   int
	fecs       int
	lastWasDTX bool
	refuse     bool
}

// pack makes a 20 ms packet (CELT, so that no repair data is seen in it) of
// which the sound begins at sample ts of the stream. fec makes it a SILK packet
// with the LBRR flag.
func pack(ts uint32, fec bool) []byte {
	head := []byte{31 << 3, 0}
	if fec {
		head = []byte{1 << 3, 0x40}
	}
	return append(head, byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts))
}

func packTS(data []byte) int64 {
	return int64(data[2])<<24 | int64(data[3])<<16 | int64(data[4])<<8 | int64(data[5])
}

// run continues the wave. Like CELT it overlaps what it would have gone on
// with, by 2.5 ms, where the wave jumps to another place.
func (d *fakeDecoder) run(n int) []int16 {
	if d.sound == nil {
		return d.out[:n] // quick silence
	}
	for i := range n {
		v := float64(d.sound(d.at))
		if i < 120 {
			w := float64(i) / 120
			v = w*v + (1-w)*float64(d.sound(d.expected))
		}
		d.out[i] = int16(v)
		d.at++
		d.expected++
	}
	d.expected = d.at
	return d.out[:n]
}

func (d *fakeDecoder) Decode(data []byte) ([]int16, error) {
	d.decodes++
	if d.refuse {
		return nil, errors.New("refused")
	}
	if d.lastWasDTX = len(data) <= 2; d.lastWasDTX {
		clear(d.out[:960])
		return d.out[:960], nil
	}
	d.at = packTS(data)
	return d.run(960), nil
}

func (d *fakeDecoder) DecodeFEC(data []byte) ([]int16, error) {
	d.fecs++
	d.at = packTS(data) - 960
	return d.run(960), nil
}

func (d *fakeDecoder) Conceal(n int) ([]int16, error) {
	d.conceals++
	if d.lastWasDTX {
		clear(d.out[:n])
		return d.out[:n], nil
	}
	return d.run(n), nil
}

func sine(hz, amplitude float64) func(int64) int16 {
	return func(n int64) int16 {
		return int16(amplitude * math.Sin(2*math.Pi*hz*float64(n)/48000))
	}
}

// talk is a talker, a path and a listener in virtual time.
type talk struct {
	s       *Stream
	dec     *fakeDecoder
	seq0    uint16
	ts0     uint32
	fec     bool
	repeats int // lost packets that the next one brings
	path    func(i int) (lost bool, delay time.Duration)
	silence func(i int) bool // not transmitted
	heard   func(at time.Duration, block []int16)
	pulls   func(at time.Duration) bool // false: the device stands still

	sent  int
	seqs  uint16
	dtx   bool
	lost  []*rtp.Packet // since the last that arrived
	queue []flight
	clock time.Duration
}

type flight struct {
	at     time.Duration
	p      *rtp.Packet
	before []*rtp.Packet // that it repeats
}

func newTalk() *talk {
	d := &fakeDecoder{sound: sine(200, 8000)}
	return &talk{dec: d, s: NewStream(d, Default()), seq0: 65500, ts0: 0xfffff000,
		path:    func(int) (bool, time.Duration) { return false, 0 },
		silence: func(int) bool { return false },
		heard:   func(time.Duration, []int16) {},
		pulls:   func(time.Duration) bool { return true },
	}
}

// run lets d pass.
func (k *talk) run(d time.Duration) {
	var out [block]int16
	for end := k.clock + d; k.clock < end; k.clock += ms {
		for time.Duration(k.sent)*20*ms <= k.clock {
			i := k.sent
			k.sent++
			data := pack(uint32(i*960), k.fec)
			if k.silence(i) {
				if k.dtx {
					continue
				}
				k.dtx, data = true, []byte{31 << 3}
			} else {
				k.dtx = false
			}
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: k.seq0 + k.seqs, Timestamp: k.ts0 + uint32(i*960), SSRC: 9}, Payload: data}
			k.seqs++
			lost, delay := k.path(i)
			if lost {
				k.lost = append(k.lost, p)
				continue
			}
			k.queue = append(k.queue, flight{k.clock + delay, p, k.lost[max(0, len(k.lost)-k.repeats):]})
			k.lost = nil
		}
		now := start.Add(k.clock)
		k.queue = slices.DeleteFunc(k.queue, func(f flight) bool {
			if f.at <= k.clock {
				for _, p := range f.before {
					k.s.PushRepeated(p, now)
				}
				k.s.Push(f.p, now)
				return true
			}
			return false
		})
		// The speaker pulls 3 ms out of step with the sender.
		if k.clock%(10*ms) == 3*ms && k.pulls(k.clock) {
			k.s.Pull(out[:])
			k.heard(k.clock, out[:])
		}
	}
}

func TestCleanPathIsShortAndUntouched(t *testing.T) {
	k := newTalk()
	k.run(10 * time.Second)
	before := k.s.Stats()
	k.run(10 * time.Second)
	st := k.s.Stats()
	if st.ConcealedSamples != 0 || st.PacketsLost != 0 || st.PacketsDiscarded != 0 {
		t.Errorf("concealed %d, lost %d, discarded %d on a clean path", st.ConcealedSamples, st.PacketsLost, st.PacketsDiscarded)
	}
	if st.Delay > 45*ms {
		t.Errorf("delay %v on a clean path, want at most 45 ms", st.Delay)
	}
	if n := st.RemovedSamplesForAcceleration + st.InsertedSamplesForDeceleration; n != before.RemovedSamplesForAcceleration+before.InsertedSamplesForDeceleration {
		t.Errorf("still stretching (%d samples) after ten seconds of a clean path", n)
	}
	// Sine of amplitude 8000: rms 0.1726, its square times 20 s.
	if want := 0.5 * (8000.0 / 32768) * (8000.0 / 32768) * st.TotalSamplesDuration.Seconds(); math.Abs(st.TotalAudioEnergy-want) > 0.02*want {
		t.Errorf("energy %.4f, want %.4f", st.TotalAudioEnergy, want)
	}
	if db := k.s.Level().DBov(); db < -16 || db > -14 {
		t.Errorf("level %.1f dBov, want -15.3", db)
	}
}

// TestStretchingDoesNotClick compares every step from sample to sample with
// what the wave itself can do, while the delay goes up and down.
func TestStretchingDoesNotClick(t *testing.T) {
	for _, hz := range []float64{90, 217, 440} {
		k := newTalk()
		k.dec.sound = sine(hz, 8000)
		rng := rand.New(rand.NewPCG(1, 2))
		jitter := 0
		k.path = func(int) (bool, time.Duration) {
			return false, time.Duration(rng.IntN(1+jitter)) * ms
		}
		most := 2 * math.Pi * hz / 48000 * 8000 * 1.6
		last, worst := 0.0, 0.0
		k.heard = func(at time.Duration, b []int16) {
			for _, v := range b {
				if at > time.Second {
					worst = max(worst, math.Abs(float64(v)-last))
				}
				last = float64(v)
			}
		}
		k.run(5 * time.Second)
		jitter = 90
		k.run(10 * time.Second)
		k.s.SetExtraDelay(150 * ms)
		k.run(10 * time.Second)
		k.s.SetExtraDelay(0)
		jitter = 0
		k.run(35 * time.Second)
		st := k.s.Stats()
		if worst > most {
			t.Errorf("%v Hz: a step of %.0f, the wave itself makes %.0f", hz, worst, most/1.6)
		}
		if st.InsertedSamplesForDeceleration < 480*3 || st.RemovedSamplesForAcceleration < 480*3 {
			t.Errorf("%v Hz: inserted %d, removed %d: the delay did not follow", hz, st.InsertedSamplesForDeceleration, st.RemovedSamplesForAcceleration)
		}
		if st.Delay > 50*ms {
			t.Errorf("%v Hz: delay %v long after the jitter ended", hz, st.Delay)
		}
	}
}

func TestRepairDataReplacesLostPacket(t *testing.T) {
	for _, fec := range []bool{true, false} {
		k := newTalk()
		k.fec = fec
		k.path = func(i int) (bool, time.Duration) { return i%25 == 20, time.Duration(i%3) * 15 * ms }
		worst, last := 0.0, 0.0
		k.heard = func(at time.Duration, b []int16) {
			for _, v := range b {
				if at > time.Second {
					worst = max(worst, math.Abs(float64(v)-last))
				}
				last = float64(v)
			}
		}
		k.run(20 * time.Second)
		st := k.s.Stats()
		if lost := st.PacketsLost; lost < 39 || lost > 40 {
			t.Errorf("fec %v: %d packets lost, want 40", fec, lost)
		}
		if fec && (st.FECPacketsReceived < 36 || st.ConcealedRatio() > 0.006) {
			t.Errorf("with repair data: %d restored, %.2f %% concealed", st.FECPacketsReceived, 100*st.ConcealedRatio())
		}
		if !fec && (st.FECPacketsReceived != 0 || st.ConcealedRatio() < 0.03 || st.ConcealedRatio() > 0.05) {
			t.Errorf("without repair data: %d restored, %.2f %% concealed, want 4 %%", st.FECPacketsReceived, 100*st.ConcealedRatio())
		}
		if worst > 400 {
			t.Errorf("fec %v: a step of %.0f: loss clicks", fec, worst)
		}
	}
}

// TestWhatLaterPacketsBringIsWaitedFor: of what is lost nothing is made up if a
// later packet brings it, and the sound is no later than that asks for; long
// after the last loss it is as early as ever.
func TestWhatLaterPacketsBringIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		fec     bool
		repeats int
		lost    func(i int) bool
		delay   time.Duration // at most, while packets are lost
	}{
		"repair data":           {true, 0, func(i int) bool { return i%12 == 5 }, 60 * ms},
		"repeated once":         {false, 1, func(i int) bool { return i%12 == 5 }, 60 * ms},
		"repeated twice":        {false, 2, func(i int) bool { return i%12 == 5 || i%12 == 6 }, 80 * ms},
		"more lost than helped": {false, 1, func(i int) bool { return i%12 == 5 || i%24 == 6 }, 60 * ms},
	} {
		k := newTalk()
		k.fec, k.repeats = c.fec, c.repeats
		lossy := true
		k.path = func(i int) (bool, time.Duration) { return lossy && c.lost(i), time.Duration(i%3) * 3 * ms }
		k.run(5 * time.Second) // it takes one to learn
		before := k.s.Stats()
		k.run(20 * time.Second)
		st := k.s.Stats()
		made := float64(st.ConcealedSamples-before.ConcealedSamples) / float64(st.TotalSamplesReceived-before.TotalSamplesReceived)
		want := 0.002
		if name == "more lost than helped" {
			want += 1.0 / 24
		}
		if made > want {
			t.Errorf("%s: %.1f %% made up, want %.1f", name, 100*made, 100*want)
		}
		if restored := st.FECPacketsReceived - before.FECPacketsReceived; restored < 1000/12-2 {
			t.Errorf("%s: %d restored", name, restored)
		}
		if st.Delay > c.delay {
			t.Errorf("%s: delay %v, want at most %v", name, st.Delay, c.delay)
		}
		lossy = false
		k.run(30 * time.Second)
		if st := k.s.Stats(); st.Delay > 45*ms {
			t.Errorf("%s: delay %v long after the last loss", name, st.Delay)
		}
	}
}

func TestOutageFadesToSilenceAndComesBack(t *testing.T) {
	k := newTalk()
	k.path = func(i int) (bool, time.Duration) { return i >= 100 && i < 600, 0 } // 2 s to 12 s
	var loud, quiet int
	k.heard = func(at time.Duration, b []int16) {
		top := slices.Max(b)
		switch {
		case at > 2500*ms && at < 12*time.Second:
			if top != 0 {
				loud++
			}
		case at > 12300*ms:
			if top < 4000 {
				quiet++
			}
		}
	}
	k.run(15 * time.Second)
	st := k.s.Stats()
	if loud > 0 || quiet > 0 {
		t.Errorf("%d blocks of sound half a second into the outage, %d of silence after it", loud, quiet)
	}
	if st.ConcealmentEvents != 1 {
		t.Errorf("%d concealment events, want one", st.ConcealmentEvents)
	}
	if c := float64(st.ConcealedSamples) / 48000; c < 9.8 || c > 10.2 {
		t.Errorf("%.2f s concealed, want the 10 s of the outage", c)
	}
	if s := float64(st.SilentConcealedSamples) / 48000; s < 9.6 || s > 10 {
		t.Errorf("%.2f s of it silent", s)
	}
	if st.Delay > 60*ms {
		t.Errorf("delay %v after the outage", st.Delay)
	}
}

func TestSilenceIsNotLoss(t *testing.T) {
	k := newTalk()
	k.silence = func(i int) bool { return i%150 >= 75 } // 1.5 s of each 3 s
	k.run(30 * time.Second)
	st := k.s.Stats()
	if st.ConcealedSamples > 960 || st.PacketsLost != 0 {
		t.Errorf("%d samples concealed, %d packets lost while the talker paused", st.ConcealedSamples, st.PacketsLost)
	}
	if s := float64(st.ComfortNoiseSamples) / 48000; s < 12 || s > 16 {
		t.Errorf("%.1f s of comfort noise, want about 14", s)
	}
	if st.Delay > 60*ms {
		t.Errorf("delay %v", st.Delay)
	}
}

func TestMutedSenderIsNotLoss(t *testing.T) {
	k := newTalk()
	k.path = func(i int) (bool, time.Duration) { return false, 0 }
	k.run(2 * time.Second)
	// Nothing is sent for a minute: numbers go on, time passes.
	k.sent += 3000
	k.run(62 * time.Second)
	st := k.s.Stats()
	if c := float64(st.ConcealedSamples) / 48000; c > 0.3 {
		t.Errorf("%.1f s concealed while the talker was muted", c)
	}
	if st.PacketsLost != 0 {
		t.Errorf("%d packets lost", st.PacketsLost)
	}
}

func TestReorderedAndRepeatedPackets(t *testing.T) {
	k := newTalk()
	rng := rand.New(rand.NewPCG(3, 4))
	k.path = func(i int) (bool, time.Duration) {
		return false, time.Duration(rng.IntN(2)) * 45 * ms
	}
	for range 500 {
		k.run(20 * ms)
		if len(k.queue) > 0 {
			k.queue = append(k.queue, flight{at: k.clock + 5*ms, p: k.queue[0].p})
		}
	}
	k.run(5 * time.Second)
	st := k.s.Stats()
	if st.ConcealedRatio() > 0.01 {
		t.Errorf("%.2f %% concealed with all packets there", 100*st.ConcealedRatio())
	}
	if st.PacketsDiscarded == 0 {
		t.Error("repeated packets were not discarded")
	}
}

func TestDeviceThatStoodStillDoesNotLagBehind(t *testing.T) {
	k := newTalk()
	k.pulls = func(at time.Duration) bool { return at < 3*time.Second || at > 13*time.Second }
	k.run(13 * time.Second)
	k.run(2 * time.Second)
	if d := k.s.Stats().Delay; d > 150*ms {
		t.Fatalf("delay %v two seconds after the device came back", d)
	}
}

func TestUnevenDeviceGetsSlack(t *testing.T) {
	// A device that asks for 40 ms at a time.
	k := newTalk()
	var out [block]int16
	k.pulls = func(at time.Duration) bool {
		if at%(40*ms) == 3*ms {
			for range 4 {
				k.s.Pull(out[:])
			}
		}
		return false
	}
	k.run(20 * time.Second)
	before := k.s.Stats()
	k.run(40 * time.Second)
	st := k.s.Stats()
	share := float64(st.ConcealedSamples-before.ConcealedSamples) / float64(st.TotalSamplesReceived-before.TotalSamplesReceived)
	if share > 0.01 {
		t.Fatalf("%.2f %% concealed with a device of 40 ms periods", 100*share)
	}
}

func TestSenderThatBeginsAnew(t *testing.T) {
	k := newTalk()
	k.run(2 * time.Second)
	k.seq0 += 20000
	k.ts0 += 1 << 31
	k.run(2 * time.Second)
	st := k.s.Stats()
	if st.Delay > 150*ms {
		t.Fatalf("delay %v", st.Delay)
	}
	if c := float64(st.ConcealedSamples) / 48000; c > 0.25 {
		t.Fatalf("%.2f s concealed at the change", c)
	}
}

func TestMalformedPayloadStopsNothing(t *testing.T) {
	k := newTalk()
	k.run(time.Second)
	for i, bad := range [][]byte{{}, {3}, {3, 0}, {0xff, 0xff, 0xff}} {
		k.s.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: k.seq0 + k.seqs + uint16(i), SSRC: 9}, Payload: bad}, start.Add(k.clock))
	}
	k.dec.refuse = true
	k.run(200 * ms)
	k.dec.refuse = false
	k.run(2 * time.Second)
	st := k.s.Stats()
	if st.PacketsMalformed < 3 {
		t.Errorf("%d malformed packets counted", st.PacketsMalformed)
	}
	if c := float64(st.ConcealedSamples) / 48000; c > 0.5 {
		t.Errorf("%.2f s concealed", c)
	}
	if k.s.Level().RMS() < 0.1 {
		t.Error("silence after malformed packets")
	}
}

func TestPlayingSaysWhatIsHeard(t *testing.T) {
	k := newTalk()
	if _, ok := k.s.Playing(start); ok {
		t.Fatal("something is heard before the first packet")
	}
	k.s.SetDeviceDelay(30 * ms)
	k.run(10 * time.Second)
	ts, ok := k.s.Playing(start.Add(k.clock))
	if !ok {
		t.Fatal("nothing is heard")
	}
	sentAt := time.Duration(int32(ts-k.ts0)) * time.Second / 48000
	if lag := k.clock - sentAt; lag < 40*ms || lag > 85*ms {
		t.Fatalf("what is heard was sent %v ago; delay %v and the device's 30 ms", lag, k.s.Stats().Delay)
	}
	k.s.SetExtraDelay(100 * ms)
	k.run(10 * time.Second)
	later, _ := k.s.Playing(start.Add(k.clock))
	moved := k.clock - time.Duration(int32(later-k.ts0))*time.Second/48000 - (10*time.Second - sentAt)
	if moved < 70*ms || moved > 130*ms {
		t.Fatalf("lip sync moved the sound by %v, want 100 ms", moved)
	}
	if _, ok := k.s.Playing(start.Add(k.clock + 5*time.Second)); ok {
		t.Fatal("something is heard although nothing has come for seconds")
	}
}

// TestTraces replays paths of several kinds and bounds what a listener pays.
func TestTraces(t *testing.T) {
	t.Parallel()
	wifi := func(rng *rand.Rand) func(int) (bool, time.Duration) {
		stall := time.Duration(0)
		return func(int) (bool, time.Duration) {
			stall = max(stall-20*ms, 0)
			if rng.IntN(100) == 0 {
				stall = time.Duration(60+rng.IntN(120)) * ms
			}
			return false, max(stall, time.Duration(rng.IntN(8))*ms)
		}
	}
	burst := func(rng *rand.Rand) func(int) (bool, time.Duration) {
		bad := false
		return func(int) (bool, time.Duration) {
			if bad {
				bad = rng.IntN(3) > 0
			} else {
				bad = rng.IntN(60) == 0
			}
			return bad && rng.IntN(10) > 0, time.Duration(rng.IntN(20)) * ms
		}
	}
	tests := []struct {
		name      string
		path      func(*rand.Rand) func(int) (bool, time.Duration)
		fec       bool
		concealed float64       // at most
		delay     time.Duration // mean in the buffer, at most
	}{
		{"clean", func(*rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return false, 0 }
		}, false, 0, 50 * ms},
		{"jitter 30 ms", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return false, time.Duration(r.IntN(30)) * ms }
		}, false, 0.01, 70 * ms},
		{"jitter 100 ms", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return false, time.Duration(r.IntN(100)) * ms }
		}, false, 0.02, 120 * ms},
		{"loss 5 %", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return r.IntN(20) == 0, time.Duration(r.IntN(10)) * ms }
		}, false, 0.06, 60 * ms},
		{"loss 5 % with repair data", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return r.IntN(20) == 0, time.Duration(r.IntN(10)) * ms }
		}, true, 0.04, 60 * ms},
		{"loss 20 % with repair data", func(r *rand.Rand) func(int) (bool, time.Duration) {
			return func(int) (bool, time.Duration) { return r.IntN(5) == 0, time.Duration(r.IntN(10)) * ms }
		}, true, 0.15, 60 * ms},
		{"bursts of loss", burst, false, 0.06, 70 * ms},
		// As NetEQ does, with as much delay: `make bench ONLY=jitter`.
		{"wireless stalls", wifi, false, 0.01, 190 * ms},
		{"a single stall", func(*rand.Rand) func(int) (bool, time.Duration) {
			return func(i int) (bool, time.Duration) {
				return false, max(0, 200*ms-time.Duration(max(i-500, 500-i))*20*ms)
			}
		}, false, 0.01, 70 * ms},
		{"clock 200 ppm fast", func(*rand.Rand) func(int) (bool, time.Duration) {
			return func(i int) (bool, time.Duration) { return false, 40*ms - time.Duration(i)*4*time.Microsecond }
		}, false, 0.001, 60 * ms},
		{"clock 200 ppm slow", func(*rand.Rand) func(int) (bool, time.Duration) {
			return func(i int) (bool, time.Duration) { return false, time.Duration(i) * 4 * time.Microsecond }
		}, false, 0.005, 60 * ms},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k := newTalk()
			k.fec = tt.fec
			k.path = tt.path(rand.New(rand.NewPCG(7, 8)))
			k.run(time.Minute)
			st := k.s.Stats()
			t.Logf("concealed %.2f %% in %d events, delay %v in the buffer, %v behind the fastest (target %v), stretched +%d -%d ms, discarded %d",
				100*st.ConcealedRatio(), st.ConcealmentEvents, st.MeanDelay().Round(ms), st.Delay.Round(ms), st.Target,
				st.InsertedSamplesForDeceleration/48, st.RemovedSamplesForAcceleration/48, st.PacketsDiscarded)
			if st.ConcealedRatio() > tt.concealed {
				t.Errorf("%.2f %% concealed, want at most %.2f %%", 100*st.ConcealedRatio(), 100*tt.concealed)
			}
			if st.MeanDelay() > tt.delay {
				t.Errorf("mean delay %v, want at most %v", st.MeanDelay(), tt.delay)
			}
		})
	}
}

func TestAnHour(t *testing.T) {
	t.Parallel()
	k := newTalk()
	k.dec.sound = nil
	rng := rand.New(rand.NewPCG(9, 9))
	k.path = func(i int) (bool, time.Duration) {
		return rng.IntN(200) == 0, time.Duration(rng.IntN(15)) * ms
	}
	k.run(longCall)
	st := k.s.Stats()
	if st.Delay > 70*ms || st.ConcealedRatio() > 0.02 {
		t.Fatalf("after %v: delay %v, %.2f %% concealed", longCall, st.Delay, 100*st.ConcealedRatio())
	}
	if want := uint64(longCall.Seconds() * 48000); st.TotalSamplesReceived < want-48000 || st.TotalSamplesReceived > want {
		t.Fatalf("%d samples played, want %d", st.TotalSamplesReceived, want)
	}
}

func TestPullDoesNotAllocate(t *testing.T) {
	k := newTalk()
	k.run(time.Second)
	var out [block]int16
	p := &rtp.Packet{Header: rtp.Header{SSRC: 9, SequenceNumber: k.seq0 + k.seqs, Timestamp: k.ts0 + uint32(k.sent*960)}, Payload: pack(uint32(k.sent*960), false)}
	now := start.Add(k.clock)
	if n := testing.AllocsPerRun(1000, func() {
		k.s.Push(p, now)
		k.s.Pull(out[:])
		k.s.Pull(out[:])
		p.SequenceNumber++
		p.Timestamp += 960
		now = now.Add(20 * ms)
	}); n != 0 {
		t.Fatalf("%v allocations per packet", n)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte{1, 20, 0, 31 << 3, 2, 20, 0, 31 << 3, 5, 60, 1, 8})
	f.Add([]byte{200, 1, 255, 3, 0, 0, 0, 0, 100, 3, 7, 11})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 2048)] // long inputs find nothing more
		d := &fakeDecoder{sound: func(n int64) int16 { return int16(n % 160 * 200) }}
		s := NewStream(fuzzDecoder{d}, Default())
		now := start
		var seq uint16
		var ts uint32
		var out [block]int16
		for len(data) >= 4 {
			seq += uint16(int8(data[0]))
			ts += uint32(int32(int8(data[2])) * 480)
			now = now.Add(time.Duration(data[1]&31) * ms)
			s.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: ts}, Payload: data[3:min(len(data), 4+int(data[1]>>5))]}, now)
			for range data[1] & 7 {
				s.Pull(out[:])
			}
			data = data[4:]
		}
		st := s.Stats()
		if st.ConcealedSamples > st.TotalSamplesReceived+uint64(maxPacket) {
			t.Fatalf("%d of %d samples concealed", st.ConcealedSamples, st.TotalSamplesReceived)
		}
	})
}

// fuzzDecoder takes any length that a packet claims.
type fuzzDecoder struct{ *fakeDecoder }

func (d fuzzDecoder) Decode(data []byte) ([]int16, error) {
	n, ok := opusDuration(data)
	if !ok {
		return nil, fmt.Errorf("not opus")
	}
	return d.run(n), nil
}

func (d fuzzDecoder) DecodeFEC(data []byte) ([]int16, error) { return d.Decode(data) }

func BenchmarkPull(b *testing.B) {
	k := newTalk()
	k.run(time.Second)
	var out [block]int16
	p := &rtp.Packet{Header: rtp.Header{SSRC: 9, SequenceNumber: k.seq0 + k.seqs, Timestamp: k.ts0 + uint32(k.sent*960)}, Payload: pack(uint32(k.sent*960), false)}
	now := start.Add(k.clock)
	b.ReportAllocs()
	for b.Loop() {
		k.s.Push(p, now)
		k.s.Pull(out[:])
		k.s.Pull(out[:])
		p.SequenceNumber++
		p.Timestamp += 960
		now = now.Add(20 * ms)
	}
}

func BenchmarkPeriod(b *testing.B) {
	var x [window]int16
	for i := range x {
		x[i] = sine(123, 9000)(int64(i))
	}
	for b.Loop() {
		period(x[:])
	}
}
