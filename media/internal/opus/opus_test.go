package opus_test

import (
	"errors"
	"testing"

	"parley/media"
	"parley/media/codec/codectest"
	"parley/media/internal/opus"
)

const frame = opus.SampleRate / 50

func pair(tb testing.TB, cfg opus.Config) (*opus.Encoder, *opus.Decoder) {
	tb.Helper()
	e, err := opus.NewEncoder(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { e.Close() })
	d, err := opus.NewDecoder(cfg.Channels)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.Close() })
	return e, d
}

// A call runs for hours at 50 packets a second each way: nothing may be left
// for the garbage collector.
func TestNothingIsAllocatedPerPacket(t *testing.T) {
	e, d := pair(t, opus.Default())
	if err := e.SetPacketLoss(10); err != nil {
		t.Fatal(err)
	}
	pcm := codectest.Voice(1, 1)
	at := 0
	if n := testing.AllocsPerRun(100, func() {
		data, err := e.Encode(pcm[at : at+frame])
		at = (at + frame) % len(pcm)
		if err == nil {
			_, err = d.DecodeFEC(data)
		}
		if err == nil {
			_, err = d.Decode(data)
		}
		if err == nil {
			_, err = d.Conceal(480)
		}
		if err != nil {
			t.Fatal(err)
		}
		opus.HasFEC(data)
	}); n != 0 {
		t.Errorf("%v allocations for a packet encoded, repaired, decoded and concealed", n)
	}
}

func TestDecoderGivesTheLengthOfTheLostPacket(t *testing.T) {
	e, d := pair(t, opus.Default())
	pcm := codectest.Voice(1, 1)
	var data []byte
	for i := range 10 {
		var err error
		if data, err = e.Encode(pcm[i*1920 : (i+1)*1920]); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Decode(data); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := d.DecodeFEC(data); err != nil || len(got) != 1920 {
		t.Errorf("after packets of 40 ms: %d samples, %v", len(got), err)
	}
	if err := d.Reset(); err != nil {
		t.Fatal(err)
	}
	if got, err := d.DecodeFEC(data); err != nil || len(got) != frame {
		t.Errorf("after a reset: %d samples, %v", len(got), err)
	}
}

func TestSettings(t *testing.T) {
	e, _ := pair(t, opus.Default())
	if n, err := e.Lookahead(); err != nil || n < 120 || n > 480 {
		t.Errorf("lookahead %d samples, %v", n, err)
	}
	for name, err := range map[string]error{
		"FEC": e.SetFEC(false), "DTX": e.SetDTX(true), "complexity": e.SetComplexity(5),
		"loss below 0": e.SetPacketLoss(-3), "loss above 100": e.SetPacketLoss(300), "reset": e.Reset(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"bitrate": e.SetBitrate(100), "complexity": e.SetComplexity(-1)} {
		if err == nil {
			t.Errorf("wrong %s: no error", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	e, _ := pair(f, opus.Default())
	e.SetPacketLoss(20)
	pcm := codectest.Voice(0.3, 1)
	for i := 0; i+2880 <= len(pcm); i += 2880 {
		for _, n := range []int{120, 480, 960, 2880} {
			data, err := e.Encode(pcm[i : i+n])
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data, true)
		}
	}
	for _, s := range []string{"", "\x00", "\xff", "\x03\x00", "\x7b\x41\x00", "\xfb\xff\xff\xff", "\x0f\x3f\x00\x00"} {
		f.Add([]byte(s), false)
	}
	f.Fuzz(func(t *testing.T, data []byte, fec bool) {
		for channels := 1; channels <= 2; channels++ {
			d, err := opus.NewDecoder(channels)
			if err != nil {
				t.Fatal(err)
			}
			decode := d.Decode
			if fec {
				decode = d.DecodeFEC
			}
			got, err := decode(data)
			if err != nil && !errors.Is(err, media.ErrCorrupt) {
				t.Errorf("%v", err)
			}
			if err == nil && (len(got) == 0 || len(got) > opus.MaxFrame*channels) {
				t.Errorf("%d samples", len(got))
			}
			if n, err2 := opus.Samples(data); err == nil && !fec && (err2 != nil || n*channels != len(got)) {
				t.Errorf("%d samples decoded, the packet says %d, %v", len(got), n, err2)
			}
			opus.HasFEC(data)
			if got, err := d.Conceal(frame); err != nil || len(got) != frame*channels {
				t.Errorf("then concealed %d samples, %v", len(got), err)
			}
			d.Close()
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	e, _ := pair(b, opus.Default())
	pcm := codectest.Voice(2, 1)
	b.ReportAllocs()
	at := 0
	for b.Loop() {
		if _, err := e.Encode(pcm[at : at+frame]); err != nil {
			b.Fatal(err)
		}
		at = (at + frame) % len(pcm)
	}
}

func BenchmarkDecode(b *testing.B) {
	e, d := pair(b, opus.Default())
	e.SetPacketLoss(10)
	pcm := codectest.Voice(2, 1)
	var packets [][]byte
	for i := 0; i < len(pcm); i += frame {
		data, err := e.Encode(pcm[i : i+frame])
		if err != nil {
			b.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), data...))
	}
	for _, c := range []struct {
		name string
		run  func(data []byte) ([]int16, error)
	}{
		{"normal", d.Decode},
		{"FEC", d.DecodeFEC},
		{"conceal", func([]byte) ([]int16, error) { return d.Conceal(frame) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, err := c.run(packets[i%len(packets)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
