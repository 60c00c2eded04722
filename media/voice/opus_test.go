package voice_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"

	"parley/media"
	"parley/media/codec"
	"parley/media/voice"
)

// speech makes seconds of something like a vowel that moves: a pulse train of
// changing pitch through two resonances, in syllables.
func speech(seconds int) []int16 {
	out := make([]int16, seconds*media.SampleRate)
	phase := 0.0
	var a, b [2]float64
	for i := range out {
		t := float64(i) / media.SampleRate
		phase += (130 + 30*math.Sin(2*math.Pi*0.7*t)) / media.SampleRate
		x := 0.0
		if phase >= 1 {
			phase--
			x = 1
		}
		resonate := func(s *[2]float64, x, hz, r float64) float64 {
			y := x + 2*r*math.Cos(2*math.Pi*hz/media.SampleRate)*s[0] - r*r*s[1]
			s[1], s[0] = s[0], y
			return y
		}
		y := resonate(&a, x, 600+200*math.Sin(2*math.Pi*0.9*t), 0.995) + 0.4*resonate(&b, x, 1500+300*math.Sin(2*math.Pi*0.4*t), 0.993)
		y *= 0.55 + 0.45*math.Sin(2*math.Pi*3*t)
		out[i] = int16(max(min(y*700, 30000), -30000))
	}
	return out
}

// play sends sound through Opus, a path and a Stream, and returns what is heard.
func play(t *testing.T, sound []int16, cfg codec.AudioConfig, path func(i int) (bool, time.Duration)) ([]int16, voice.Stats) {
	t.Helper()
	enc, err := codec.NewAudioEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	if cfg.FEC {
		if err := enc.SetPacketLoss(20); err != nil {
			t.Fatal(err)
		}
	}
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	s := voice.NewStream(dec, voice.Default())
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	type flight struct {
		at int
		p  *rtp.Packet
	}
	var queue []flight
	var heard []int16
	var seq uint16
	for ms := range len(sound) / 48 {
		if ms%10 == 0 && (ms+10)*48 <= len(sound) {
			u, err := enc.EncodeBlock(media.PCM{Samples: sound[ms*48 : (ms+10)*48], Rate: media.SampleRate, Channels: 1, PTS: time.Duration(ms) * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if len(u.Data) > 0 {
				p := &rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(u.PTS * 48 / time.Millisecond)}, Payload: append([]byte(nil), u.Data...)}
				if lost, delay := path(int(seq)); !lost {
					queue = append(queue, flight{ms + int(delay/time.Millisecond), p})
				}
				seq++
			}
		}
		rest := queue[:0]
		for _, f := range queue {
			if f.at <= ms {
				s.Push(f.p, start.Add(time.Duration(ms)*time.Millisecond))
			} else {
				rest = append(rest, f)
			}
		}
		queue = rest
		if ms%10 == 5 {
			var out [media.BlockSamples]int16
			s.Pull(out[:])
			heard = append(heard, out[:]...)
		}
	}
	return heard, s.Stats()
}

// energyDB is the level of each 20 ms.
func energyDB(x []int16) (db []float64) {
	for ; len(x) >= 960; x = x[960:] {
		sum := 1.0
		for _, v := range x[:960] {
			sum += float64(v) * float64(v)
		}
		db = append(db, 10*math.Log10(sum/960))
	}
	return db
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func steepest(x []int16) (step int) {
	for i := 1; i < len(x); i++ {
		step = max(step, max(int(x[i])-int(x[i-1]), int(x[i-1])-int(x[i])))
	}
	return step
}

func TestSpeechThroughOpus(t *testing.T) {
	sound := speech(12)
	plain := codec.DefaultAudio()
	dtx := plain
	dtx.DTX = true
	rng := rand.New(rand.NewPCG(1, 1))
	tests := []struct {
		name      string
		cfg       codec.AudioConfig
		path      func(int) (bool, time.Duration)
		concealed float64
	}{
		{"clean", plain, func(int) (bool, time.Duration) { return false, 0 }, 0},
		{"loss 10 % restored", plain, func(i int) (bool, time.Duration) { return i%10 == 7, time.Duration(rng.IntN(30)) * time.Millisecond }, 0.07},
		{"jitter 60 ms", plain, func(int) (bool, time.Duration) { return false, time.Duration(rng.IntN(60)) * time.Millisecond }, 0.02},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			heard, st := play(t, sound, tt.cfg, tt.path)
			in, out := mean(energyDB(sound[media.SampleRate*2:])), mean(energyDB(heard[media.SampleRate*2:]))
			t.Logf("concealed %.2f %%, %d restored, delay %v, level %.1f -> %.1f dB, steepest step %d -> %d", 100*st.ConcealedRatio(), st.FECPacketsReceived, st.MeanDelay().Round(time.Millisecond), in, out, steepest(sound), steepest(heard))
			if st.ConcealedRatio() > tt.concealed {
				t.Errorf("%.2f %% concealed, want at most %.2f %%", 100*st.ConcealedRatio(), 100*tt.concealed)
			}
			if math.Abs(out-in) > 2 {
				t.Errorf("level %.1f dB, sent %.1f", out, in)
			}
			if st.PacketsMalformed != 0 {
				t.Errorf("%d packets refused", st.PacketsMalformed)
			}
			if steepest(heard) > 2*steepest(sound) {
				t.Errorf("a step of %d is heard, the sound itself has %d: clicks", steepest(heard), steepest(sound))
			}
		})
	}
	t.Run("repair data is found", func(t *testing.T) {
		_, st := play(t, sound, plain, func(i int) (bool, time.Duration) { return i%10 == 7, time.Duration(i%3) * 15 * time.Millisecond })
		if st.FECPacketsReceived < st.PacketsLost/2 {
			t.Errorf("%d of %d lost packets restored", st.FECPacketsReceived, st.PacketsLost)
		}
	})
	t.Run("pauses that are not sent", func(t *testing.T) {
		paused := append([]int16(nil), sound...)
		for s := 1; s < 12; s += 4 {
			clear(paused[s*media.SampleRate : (s+2)*media.SampleRate])
		}
		_, st := play(t, paused, dtx, func(int) (bool, time.Duration) { return false, 0 })
		t.Logf("%d packets, %.1f s of comfort noise, %.2f %% concealed", st.PacketsReceived, float64(st.ComfortNoiseSamples)/media.SampleRate, 100*st.ConcealedRatio())
		if st.PacketsReceived > 450 {
			t.Errorf("%d packets for 6 s of speech and 6 s of pauses: silence is sent", st.PacketsReceived)
		}
		if st.ConcealedRatio() > 0.005 {
			t.Errorf("%.2f %% concealed: pauses are taken for loss", 100*st.ConcealedRatio())
		}
	})
	t.Run("outage", func(t *testing.T) {
		heard, _ := play(t, sound, plain, func(i int) (bool, time.Duration) { return i >= 200 && i < 400, 0 })
		db := energyDB(heard)
		if quiet := mean(db[4*50+25 : 7*50+40]); quiet > 5 {
			t.Errorf("%.1f dB during the outage, want silence", quiet)
		}
		if back := mean(db[9*50:]); math.Abs(back-mean(energyDB(sound[9*media.SampleRate:]))) > 2 {
			t.Errorf("%.1f dB after the outage", back)
		}
	})
}

// TestWhatPacketsSayAgreesWithLibopus compares the parser of packet headers
// with the library's on real packets of every mode.
func TestWhatPacketsSayAgreesWithLibopus(t *testing.T) {
	sound := speech(2)
	for _, bps := range []int{8000, 16000, 24000, 40000, 96000} {
		for _, size := range []int{120, 240, 480, 960, 1920, 2880} {
			cfg := codec.DefaultAudio()
			cfg.BitrateBps = bps
			enc, err := codec.NewAudioEncoder(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := enc.SetPacketLoss(25); err != nil {
				t.Fatal(err)
			}
			for i := 0; i+size <= len(sound); i += size {
				data, err := enc.Encode(sound[i : i+size])
				if err != nil {
					t.Fatal(err)
				}
				if len(data) == 0 {
					continue // silence
				}
				want, err := codec.PacketSamples(data)
				got, ok := voice.OpusDuration(data)
				if err != nil || !ok || got != want {
					t.Fatalf("%d bit/s, %d samples: duration %d, libopus says %d (%v)", bps, size, got, want, err)
				}
				if got, want := voice.OpusHasFEC(data), codec.PacketHasFEC(data); got != want {
					t.Fatalf("%d bit/s, %d samples: repair data %v, libopus says %v", bps, size, got, want)
				}
			}
			enc.Close()
		}
	}
}

// FuzzPacketHeader compares the parser with libopus on anything.
func FuzzPacketHeader(f *testing.F) {
	for _, s := range []string{"", "\x08", "\x08\x40\x01", "\x0b\x81\x01\x02\x03", "\x1a\xfc\x01\x02", "\x4b\x42\xff\x01"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, err := codec.PacketSamples(data)
		if got, ok := voice.OpusDuration(data); ok != (err == nil && want > 0) || ok && got != want {
			t.Fatalf("%x: duration %d %v, libopus says %d %v", data, got, ok, want, err)
		}
		voice.OpusHasFEC(data)
	})
}

// FuzzTalker plays anything as Opus packets through the real decoder: each
// costs no more than its own sound. A talker who begins behind them is heard.
func FuzzTalker(f *testing.F) {
	enc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		f.Fatal(err)
	}
	defer enc.Close()
	var good []byte
	for sound := speech(1); len(sound) >= 960; sound = sound[960:] {
		b, err := enc.Encode(sound[:960])
		if err != nil {
			f.Fatal(err)
		}
		good = append([]byte(nil), b...)
	}
	// Each packet: its length, steps of its number and time, pulls, then data.
	whole := append([]byte{byte(len(good)), 1, 2, 2}, good...)
	f.Add(append(whole, whole...))
	f.Add(append([]byte{3, 1, 2, 2, 0x78, 1, 2, 1, 255, 128, 7, 0xfb, 4, 200, 3, 9, 0x4b, 0xff, 0xff, 0xff}, whole...))
	f.Add([]byte{2, 1, 2, 2, 0x0b, 0x81, 5, 3, 127, 0, 0x83, 0x3f, 1, 1, 1, 1, 1, 3, 0x80, 0x81, 7})
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { dec.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 2048)] // long inputs find nothing more
		if err := dec.Reset(); err != nil {
			t.Fatal(err)
		}
		s := voice.NewStream(dec, voice.Default())
		now := time.Unix(1000, 0)
		var seq uint16
		var ts uint32
		var out [media.BlockSamples]int16
		for len(data) >= 4 {
			n := min(int(data[0]), len(data)-4)
			seq += uint16(int8(data[1])) * uint16(data[3]>>4|1)
			ts += uint32(int32(int8(data[2]))*480) << (data[3] & 0xc)
			s.Push(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: ts}, Payload: data[4 : 4+n]}, now)
			for range data[3] & 3 {
				s.Pull(out[:])
				now = now.Add(media.BlockDur)
			}
			data = data[4+n:]
		}
		// Who begins anew is heard within two seconds. (The numbers of the one
		// before may have gone back: what is old is not played.)
		before := s.Stats().TotalSamplesReceived
		heard := false
		for range 100 {
			seq++
			ts += 960
			s.Push(&rtp.Packet{Header: rtp.Header{SSRC: 1, SequenceNumber: seq, Timestamp: ts}, Payload: good}, now)
			for range 2 {
				s.Pull(out[:])
				now = now.Add(media.BlockDur)
				for _, v := range out {
					heard = heard || v > 500 || v < -500
				}
			}
		}
		if !heard {
			t.Fatalf("nothing is heard any more: %+v", s.Stats())
		}
		if got := s.Stats().TotalSamplesReceived - before; got > 200*media.BlockSamples {
			t.Fatalf("%d samples of 200 blocks", got)
		}
	})
}

// BenchmarkTalker is what one remote talker costs the speaker's callback.
func BenchmarkTalker(b *testing.B) {
	enc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	dec, err := codec.NewAudioDecoder(1)
	if err != nil {
		b.Fatal(err)
	}
	defer dec.Close()
	sound := speech(4)
	var packets [][]byte
	for i := 0; i+480 <= len(sound); i += 480 {
		u, err := enc.EncodeBlock(media.PCM{Samples: sound[i : i+480], Rate: media.SampleRate, Channels: 1, PTS: time.Duration(i/48) * time.Millisecond})
		if err != nil {
			b.Fatal(err)
		}
		if len(u.Data) > 0 {
			packets = append(packets, append([]byte(nil), u.Data...))
		}
	}
	s := voice.NewStream(dec, voice.Default())
	p := &rtp.Packet{}
	now := time.Unix(0, 0)
	var out [media.BlockSamples]int16
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Payload = packets[i%len(packets)]
		s.Push(p, now)
		s.Pull(out[:])
		s.Pull(out[:])
		p.SequenceNumber++
		p.Timestamp += 960
		now = now.Add(20 * time.Millisecond)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/2, "µs/10ms")
}
