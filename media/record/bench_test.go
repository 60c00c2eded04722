package record

import (
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
)

// discard is a disk that takes everything.
type discard struct{}

func (discard) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (discard) Sync() error                            { return nil }
func (discard) Close() error                           { return nil }

// BenchmarkSecond is one second of a call: on each side 30 pictures of 10 kB
// (2.4 Mbit/s) and 50 packets of speech-like sound.
func BenchmarkSecond(b *testing.B) {
	enc, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		b.Fatal(err)
	}
	defer enc.Close()
	var pcm [mixSamples]int16
	for i := range pcm {
		pcm[i] = int16(3000 * (i%37 - 18) / 18)
	}
	voice, err := enc.Encode(pcm[:])
	if err != nil {
		b.Fatal(err)
	}
	voice = append([]byte(nil), voice...)
	r, err := newRecorder(config("x"), discard{}, t0)
	if err != nil {
		b.Fatal(err)
	}
	picture := make([]byte, 10_000)
	copy(picture, seen(0, true, 'x').Data)
	b.ReportAllocs()
	now := time.Duration(0)
	for b.Loop() {
		for range 100 {
			for s := range sides {
				if now%(20*time.Millisecond) == 0 {
					r.put(s, media.Unit{Codec: media.Opus, Data: voice, PTS: now, Key: true}, t0.Add(now+20*time.Millisecond))
				}
				if now%(30*time.Millisecond) == 0 {
					r.put(s, media.Unit{Codec: media.VP8, Data: picture, PTS: now, Key: true}, t0.Add(now))
				}
			}
			if now%writeEvery == 0 {
				if err := r.write(now, false); err != nil {
					b.Fatal(err)
				}
			}
			now += 10 * time.Millisecond
		}
	}
	r.finish(r.write(now, true))
}
