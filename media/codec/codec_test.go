package codec_test

import (
	"testing"

	"parley/media/codec"
	"parley/media/codec/codectest"
)

func TestVideo(t *testing.T) {
	for _, k := range codec.VideoKinds() {
		t.Run(k.Codec.String(), func(t *testing.T) { codectest.Video(t, k) })
	}
}

func TestAudio(t *testing.T) {
	for _, k := range codec.AudioKinds() {
		t.Run(k.Codec.String(), func(t *testing.T) { codectest.Audio(t, k) })
	}
}
