package codectest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// Audio runs the suite for one audio codec of the table.
func Audio(t *testing.T, kind codec.AudioKind) {
	a := audio{kind}
	t.Run("round trip", a.roundTrip)
	t.Run("frame lengths", a.frameLengths)
	t.Run("blocks", a.blocks)
	t.Run("rate", a.rate)
	t.Run("silence", a.silence)
	t.Run("repair", a.repair)
	t.Run("conceal", a.conceal)
	t.Run("corrupt", a.corrupt)
	t.Run("bad use", a.badUse)
	t.Run("close", a.close)
}

type audio struct{ kind codec.AudioKind }

const packet = 2 * media.BlockSamples // 20 ms, per channel

func (a audio) encoder(t *testing.T, spoil func(*codec.AudioConfig)) *codec.AudioEncoder {
	t.Helper()
	cfg := codec.DefaultAudio()
	cfg.Codec = a.kind.Codec
	if spoil != nil {
		spoil(&cfg)
	}
	e, err := codec.NewAudioEncoder(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func (a audio) decoder(t *testing.T, channels int) *codec.AudioDecoder {
	t.Helper()
	d, err := codec.NewAudioDecoder(channels)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func mustEncode(t *testing.T, e *codec.AudioEncoder, pcm []int16) []byte {
	t.Helper()
	data, err := e.Encode(pcm)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(data)
}

func mustDecode(t *testing.T, d *codec.AudioDecoder, data []byte) []int16 {
	t.Helper()
	pcm, err := d.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(pcm)
}

func (a audio) roundTrip(t *testing.T) {
	for _, channels := range []int{1, 2} {
		e := a.encoder(t, func(c *codec.AudioConfig) { c.Channels, c.BitrateBps = channels, 64000*channels })
		d := a.decoder(t, channels)
		in := Voice(1, channels)
		var out []int16
		for i := 0; i < len(in); i += packet * channels {
			out = append(out, mustDecode(t, d, mustEncode(t, e, in[i:i+packet*channels]))...)
		}
		if len(out) != len(in) {
			t.Fatalf("%d channels: %d samples came out as %d", channels, len(in), len(out))
		}
		left := func(s []int16) (l []int16) {
			for i := 0; i < len(s); i += channels {
				l = append(l, s[i])
			}
			return l
		}
		if q := snr(left(in), left(out), 480); q < 10 {
			t.Errorf("%d channels: SNR %.1f dB", channels, q)
		}
		// A mono player hears a stereo sender.
		mono := a.decoder(t, 3-channels)
		if got := mustDecode(t, mono, mustEncode(t, e, in[:packet*channels])); len(got) != packet*(3-channels) {
			t.Errorf("%d channels into %d: %d samples", channels, 3-channels, len(got))
		}
	}
}

func (a audio) frameLengths(t *testing.T) {
	e, d := a.encoder(t, nil), a.decoder(t, 1)
	in := Voice(0.1, 1)
	for _, n := range []int{120, 240, 480, 960, 1920, 2880} {
		data := mustEncode(t, e, in[:n])
		if got, err := codec.PacketSamples(data); err != nil || got != n {
			t.Errorf("packet of %d samples says %d, %v", n, got, err)
		}
		if got := mustDecode(t, d, data); len(got) != n {
			t.Errorf("%d samples came out as %d", n, len(got))
		}
	}
	for _, n := range []int{0, 1, 100, 961, 5000} {
		if _, err := e.Encode(make([]int16, n)); err == nil {
			t.Errorf("%d samples: no error", n)
		}
	}
}

// blocks: two blocks of 10 ms make a unit with the time of the first; a gap
// never joins sounds that are not neighbours.
func (a audio) blocks(t *testing.T) {
	e := a.encoder(t, nil)
	in := Voice(0.2, 1)
	block := func(i int, pts time.Duration) media.Unit {
		t.Helper()
		u, err := e.EncodeBlock(media.PCM{Samples: in[i*480 : (i+1)*480], Rate: media.SampleRate, Channels: 1, PTS: pts})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	const ms = time.Millisecond
	for i, c := range []struct {
		pts, want time.Duration // want -1: nothing comes out
	}{
		{0, -1}, {10 * ms, 0}, {20 * ms, -1}, {31 * ms, 20 * ms}, // a jitter of the clock
		{40 * ms, -1}, {500 * ms, -1}, {510 * ms, 500 * ms}, // a gap
		{520 * ms, -1}, {3 * ms, -1}, {13 * ms, 3 * ms}, // another clock
	} {
		u := block(i, c.pts)
		switch {
		case c.want < 0 && len(u.Data) > 0:
			t.Errorf("block %d: a unit of one block", i)
		case c.want >= 0 && (len(u.Data) == 0 || u.PTS != c.want || u.Dur != 20*ms || !u.Key || u.Codec != a.kind.Codec):
			t.Errorf("block %d: %d bytes, pts %v, dur %v", i, len(u.Data), u.PTS, u.Dur)
		}
	}
	for name, b := range map[string]media.PCM{
		"rate":     {Samples: in[:480], Rate: 44100, Channels: 1},
		"channels": {Samples: in[:960], Rate: 48000, Channels: 2},
		"length":   {Samples: in[:479], Rate: 48000, Channels: 1},
	} {
		if _, err := e.EncodeBlock(b); err == nil {
			t.Errorf("wrong %s: no error", name)
		}
	}
}

func (a audio) rate(t *testing.T) {
	in := Voice(4, 1)
	for _, bps := range []int{16000, 32000, 64000} {
		e := a.encoder(t, nil)
		if err := e.SetBitrate(bps); err != nil {
			t.Fatal(err)
		}
		bits := 0
		for i := 0; i < len(in); i += packet {
			bits += 8 * len(mustEncode(t, e, in[i:i+packet]))
		}
		if got := float64(bits) / 4; got > 1.15*float64(bps) || got < 0.4*float64(bps) {
			t.Errorf("%d bit/s came out as %.0f", bps, got)
		}
	}
}

// silence: with DTX a quiet minute costs next to nothing, without it packets
// go on; speech comes back at once.
func (a audio) silence(t *testing.T) {
	count := func(dtx bool) (sent int, back bool) {
		e := a.encoder(t, func(c *codec.AudioConfig) { c.DTX = dtx })
		quiet := make([]int16, packet)
		for range 200 {
			if len(mustEncode(t, e, quiet)) > 0 {
				sent++
			}
		}
		voice := Voice(0.2, 1)
		for i := 0; i < len(voice); i += packet {
			if len(mustEncode(t, e, voice[i:i+packet])) == 0 {
				return sent, false
			}
		}
		return sent, true
	}
	if sent, back := count(true); sent > 60 || !back {
		t.Errorf("with DTX: %d of 200 silent packets sent, speech back %v", sent, back)
	}
	if sent, _ := count(false); sent != 200 {
		t.Errorf("without DTX: %d of 200 silent packets sent", sent)
	}
}

// repair: what FEC brings back is closer to what was said than concealment.
func (a audio) repair(t *testing.T) {
	in := Voice(2, 1)
	listen := func(loss int, fec bool) (q float64, repairable int) {
		e, d := a.encoder(t, nil), a.decoder(t, 1)
		if err := e.SetPacketLoss(loss); err != nil {
			t.Fatal(err)
		}
		var packets [][]byte
		for i := 0; i < len(in); i += packet {
			packets = append(packets, mustEncode(t, e, in[i:i+packet]))
		}
		var out []int16
		for i := 0; i < len(packets); i++ {
			if i%5 != 3 || i+1 >= len(packets) {
				out = append(out, mustDecode(t, d, packets[i])...)
				continue
			}
			next := packets[i+1]
			var pcm []int16
			var err error
			if fec && codec.PacketHasFEC(next) {
				repairable++
				pcm, err = d.DecodeFEC(next)
			} else {
				pcm, err = d.Conceal(packet)
			}
			if err != nil || len(pcm) != packet {
				t.Fatalf("packet %d: %d samples, %v", i, len(pcm), err)
			}
			out = append(out, pcm...)
		}
		return snr(in, out, 480), repairable
	}
	concealed, _ := listen(20, false)
	repaired, n := listen(20, true)
	if n < 10 {
		t.Errorf("%d of 20 packets after a loss carry repair data", n)
	}
	if repaired < concealed+1 {
		t.Errorf("repaired %.1f dB, concealed %.1f dB", repaired, concealed)
	}
	if _, n := listen(0, true); n != 0 {
		t.Errorf("without loss %d packets carry repair data", n)
	}
}

// conceal: a gap is filled with sound that fades, not with a click.
func (a audio) conceal(t *testing.T) {
	e, d := a.encoder(t, nil), a.decoder(t, 1)
	in := Voice(1.7, 1)
	for i := 0; i < len(in); i += packet {
		mustDecode(t, d, mustEncode(t, e, in[i:i+packet]))
	}
	first, err := d.Conceal(480)
	if err != nil || len(first) != 480 {
		t.Fatalf("%d samples, %v", len(first), err)
	}
	loud := power(first)
	if loud < -60 {
		t.Errorf("the first 10 ms: %.0f dBFS", loud)
	}
	var last []int16
	for range 50 {
		if last, err = d.Conceal(packet); err != nil {
			t.Fatal(err)
		}
	}
	if p := power(last); p > loud-15 {
		t.Errorf("after a second of loss still %.0f dBFS, from %.0f", p, loud)
	}
	for _, n := range []int{-1, 0, 100, 5880} {
		if _, err := d.Conceal(n); err == nil {
			t.Errorf("conceal %d: no error", n)
		}
	}
}

func (a audio) corrupt(t *testing.T) {
	e, d := a.encoder(t, nil), a.decoder(t, 1)
	in := Voice(0.1, 1)
	r := rand.New(rand.NewPCG(8, 9))
	good := mustEncode(t, e, in[:packet])
	for round := range 500 {
		bad := slices.Clone(good)
		switch round % 3 {
		case 0:
			bad = bad[:r.IntN(len(bad))]
		case 1:
			bad[r.IntN(len(bad))] ^= byte(1 << r.IntN(8))
		case 2:
			for i := range bad {
				bad[i] = byte(r.Uint32())
			}
		}
		for _, decode := range []func([]byte) ([]int16, error){d.Decode, d.DecodeFEC} {
			if pcm, err := decode(bad); err != nil && !errors.Is(err, media.ErrCorrupt) || err != nil && pcm != nil {
				t.Fatalf("round %d: %d samples, %v", round, len(pcm), err)
			}
		}
		codec.PacketHasFEC(bad)
		if n, err := codec.PacketSamples(bad); err == nil && (n < 1 || n > 5760) {
			t.Fatalf("round %d: a packet of %d samples", round, n)
		}
		if got := mustDecode(t, d, good); len(got) != packet {
			t.Fatalf("round %d: then %d samples", round, len(got))
		}
	}
	if _, err := d.Decode(nil); !errors.Is(err, media.ErrCorrupt) {
		t.Errorf("no packet: %v", err)
	}
}

func (a audio) badUse(t *testing.T) {
	for name, spoil := range map[string]func(*codec.AudioConfig){
		"channels":   func(c *codec.AudioConfig) { c.Channels = 3 },
		"bitrate":    func(c *codec.AudioConfig) { c.BitrateBps = 1 },
		"complexity": func(c *codec.AudioConfig) { c.Complexity = 11 },
		"medium":     func(c *codec.AudioConfig) { c.Codec = media.VP8 },
	} {
		cfg := codec.DefaultAudio()
		spoil(&cfg)
		if e, err := codec.NewAudioEncoder(cfg); err == nil {
			e.Close()
			t.Errorf("wrong %s: no error", name)
		}
	}
	for _, n := range []int{0, 3} {
		if d, err := codec.NewAudioDecoder(n); err == nil {
			d.Close()
			t.Errorf("%d channels: no error", n)
		}
	}
}

func (a audio) close(t *testing.T) {
	e, d := a.encoder(t, nil), a.decoder(t, 1)
	in := Voice(0.02, 1)
	data := mustEncode(t, e, in)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			if _, err := e.Encode(in); err != nil {
				return
			}
		}
	})
	wg.Go(func() {
		for {
			if _, err := d.Decode(data); err != nil {
				return
			}
		}
	})
	for range 2 {
		if err := errors.Join(e.Close(), d.Close()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	for name, err := range map[string]error{
		"encode":  second(e.Encode(in)),
		"bitrate": e.SetBitrate(20000),
		"reset":   errors.Join(e.Reset(), d.Reset()),
		"decode":  second(d.Decode(data)),
		"conceal": second(d.Conceal(480)),
	} {
		if !errors.Is(err, media.ErrClosed) {
			t.Errorf("%s after close: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
