package codec_test

import (
	"fmt"
	"testing"
	"time"

	"parley/media"
	"parley/media/codec"
	"parley/media/codec/codectest"
)

// BenchmarkEncode is what call/send pays for a frame, scaling included.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []struct{ w, h, boxW, boxH, kbps int }{
		{640, 360, 640, 360, 600}, {1280, 720, 1280, 720, 1500}, {1280, 720, 640, 360, 600}, {1280, 720, 960, 540, 1200},
	} {
		b.Run(fmt.Sprintf("%dp as %dp", c.h, c.boxH), func(b *testing.B) {
			e, err := codec.NewVideoEncoder(codec.VideoConfig{Width: c.boxW, Height: c.boxH, FPS: 30, BitrateKbps: c.kbps})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			clip := codectest.NewClip(c.w, c.h)
			var fs []*media.Frame
			for i := range 60 {
				fs = append(fs, clip.At(time.Duration(i)*time.Second/30, nil))
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				k := i % 118 // to and fro, so that the clip never jumps
				if k >= 60 {
					k = 118 - k
				}
				fs[k].PTS = time.Duration(i) * time.Second / 30
				if _, err := e.Encode(fs[k], false); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkAudio(b *testing.B) {
	e, err := codec.NewAudioEncoder(codec.DefaultAudio())
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	d, err := codec.NewAudioDecoder(1)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	pcm := codectest.Voice(2, 1)
	const block = media.BlockSamples
	b.ReportAllocs()
	i := 0
	for b.Loop() { // 20 ms there and back
		for range 2 {
			at := i * block % len(pcm)
			u, err := e.EncodeBlock(media.PCM{Samples: pcm[at : at+block], Rate: media.SampleRate, Channels: 1, PTS: time.Duration(i) * media.BlockDur})
			i++
			if err == nil && len(u.Data) > 0 {
				_, err = d.Decode(u.Data)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
